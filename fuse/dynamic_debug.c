/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kernel/debug/dynamic_debug/control: which debug lines are let through the log
 * level. Must not know what a line is about, nor the language of queries.
 */
#include <errno.h>
#include <string.h>
#include "debug_query.h"
#include "rprocfs.h"

_Static_assert((int)DEBUG_QUERY_PRINT == (int)RPROC_DEBUG_PRINT &&
		       (int)DEBUG_QUERY_MODULE == (int)RPROC_DEBUG_MODULE &&
		       (int)DEBUG_QUERY_FUNCTION == (int)RPROC_DEBUG_FUNCTION &&
		       (int)DEBUG_QUERY_SOURCE == (int)RPROC_DEBUG_SOURCE &&
		       (int)DEBUG_QUERY_LINE == (int)RPROC_DEBUG_LINE &&
		       (int)DEBUG_QUERY_THREAD == (int)RPROC_DEBUG_THREAD,
	       "a query's flags are the library's");

/* ---- reading ---------------------------------------------------------------------------- */

static void put_flags(struct text *text, unsigned int flags)
{
	static const char letters[] = "pmfslt";
	char set[sizeof(letters)] = "";
	size_t used = 0;

	for (size_t i = 0; letters[i]; i++)
		if (flags & 1u << i)
			set[used++] = letters[i];
	text_printf(text, "=%s", used ? set : "_");
}

/* As Linux: FILE:LINE [MODULE]FUNCTION =FLAGS "FORMAT" */
static void control_show(struct node_open *open, struct node_call *call)
{
	struct rprocfs *fs = open->node->priv;
	struct rproc_debug_line line;

	text_line(&open->text, "# filename:lineno [module]function flags format");
	for (unsigned int i = 0; !rproc_context_debug_line(fs->context, i, &line); i++) {
		text_printf(&open->text, "%s:%u [%s]%s ", line.file, line.line, line.module,
			    line.function);
		put_flags(&open->text, line.flags);
		text_bytes(&open->text, " \"", 2);
		text_escaped(&open->text, line.format);
		text_line(&open->text, "\"");
	}
	node_call_done(call, 0);
}

/* ---- writing ---------------------------------------------------------------------------- */

static int carry_out(struct rprocfs *fs, const struct debug_query *query)
{
	struct rproc_debug_line line;
	int err = 0;

	for (unsigned int i = 0; !err && !rproc_context_debug_line(fs->context, i, &line); i++) {
		const struct debug_query_line place = { .file = line.file,
							.module = line.module,
							.function = line.function,
							.format = line.format,
							.line = line.line };

		if (debug_query_matches(query, &place))
			err = rproc_context_set_debug_flags(fs->context, i,
							    debug_query_apply(query, line.flags));
	}
	return err;
}

/* All queries that make sense are carried out; the last one that makes none is the answer. */
static void control_store(struct node_open *open, struct node_call *call)
{
	char buf[DEBUG_QUERY_MAX + 1];
	struct debug_query query;
	char *text = buf;
	int found, err = 0;

	if (call->data_size > DEBUG_QUERY_MAX) {
		node_call_done(call, fs_refuse(call, -E2BIG,
					       "it takes %d bytes at once; write each "
					       "query by itself",
					       DEBUG_QUERY_MAX));
		return;
	}
	memcpy(buf, call->data, call->data_size);
	buf[call->data_size] = '\0';
	while ((found = debug_query_next(&text, &query))) {
		if (found > 0)
			found = carry_out(open->node->priv, &query);
		if (found < 0)
			err = found;
	}
	if (err == -EINVAL)
		fs_refuse(call, err,
			  "one of its queries makes no sense; they are such as 'file "
			  "remoteproc_core.c +p' or 'module remoteproc =_', split by ';'");
	node_call_done(call, err ? err : (ssize_t)call->size);
}

static const struct node_ops control_ops = { .flags = NODE_SIZELESS | NODE_ENDLESS,
					     .show = control_show,
					     .store = control_store };

int dynamic_debug_add(struct rprocfs *fs, struct node *debug)
{
	struct node *dir = fs_dir(debug, "dynamic_debug");

	return node_add_file(dir, "control", 0644, &control_ops, fs) ? 0 : -ENOMEM;
}
