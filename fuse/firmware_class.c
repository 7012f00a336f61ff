/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * module/firmware_class/parameters/path: where firmware is looked for first.
 * Must not look for any itself.
 */
#include <errno.h>
#include <string.h>
#include "rprocfs.h"

static void path_show(struct node_open *open, struct node_call *call)
{
	struct rprocfs *fs = open->node->priv;
	char path[256];

	rproc_context_firmware_path(fs->context, path, sizeof(path));
	text_line(&open->text, path);
	node_call_done(call, 0);
}

/* Kept as it was written, newline and all; the search knows what to make of it. */
static void path_store(struct node_open *open, struct node_call *call)
{
	struct rprocfs *fs = open->node->priv;
	char path[NODE_PAGE + 1];
	size_t len = input_text_len(call->data, call->data_size);
	int err;

	memcpy(path, call->data, len);
	path[len] = '\0';
	err = rproc_context_set_firmware_path(fs->context, path);
	if (err == -ENOSPC)
		fs_log(RPROC_LOG_ERR, "firmware_class.path", "string doesn't fit in 255 chars.",
		       fs);
	node_call_done(call, err ? err : (ssize_t)call->size);
}

static const struct node_ops path_ops = { .flags = NODE_STRICT | NODE_PAGED,
					  .show = path_show,
					  .store = path_store };

int firmware_class_add(struct rprocfs *fs, struct node *root)
{
	struct node *module = fs_dir(fs_dir(root, "module"), "firmware_class");

	return node_add_file(fs_dir(module, "parameters"), "path", 0644, &path_ops, fs) ? 0
											: -ENOMEM;
}
