/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a person learns of a write that is refused: the story names the file, what was
 * written to it and what it takes. Linux says nothing in most of these cases, and its
 * lines of the log are the files' own. Must not know any file.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "rprocfs.h"

/* Only the root knows whose tree it is. */
struct rprocfs *fs_of(const struct node *node)
{
	while (node->parent)
		node = node->parent;
	return node->priv;
}

/* What was written, for people: on one line, and not all of it. */
static const char *shown(const struct node_call *call, char buf[48])
{
	size_t len = strnlen(call->data, call->data_size < 40 ? call->data_size : 40);

	for (size_t i = 0; i < len; i++)
		buf[i] = isprint((unsigned char)call->data[i]) ? call->data[i] : '?';
	snprintf(buf + len, 48 - len, "%s", call->data_size > 40 ? "..." : "");
	return buf;
}

int processor_refuse(struct rproc *rproc, const struct node_call *call, int error, const char *file,
		     const char *wanted)
{
	char buf[48];

	return rproc_story_aside(rproc, error, file, "\"%s\" was written; it takes %s",
				 shown(call, buf), wanted);
}

int fs_refuse(const struct node_call *call, int error, const char *fmt, ...)
{
	const struct node *node = call->open->node;
	struct text path = { 0 };
	char why[256], buf[48];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	fs_put_path(&path, NULL, node);
	text_bytes(&path, "", 1);
	rproc_context_story(fs_of(node)->context, error, "%.300s: \"%s\" was written; %s (%s)",
			    path.failed ? node->name : path.data, shown(call, buf), why,
			    strerrorname_np(-error));
	text_fini(&path);
	return error;
}
