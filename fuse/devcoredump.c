/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * class/devcoredump: the dumps that wait for a reader, one directory each, and
 * the switch that ends them for good. Must not know what a dump consists of.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rprocfs.h"

struct dump {
	struct rprocfs *fs;
	uint64_t number;
	uint64_t size;
	struct node *class_link;
	int index; /* of the processor */
};

/* ---- data --------------------------------------------------------------------------- */

/* A short read would tell the kernel's page cache that the file ends there. */
static ssize_t read_full(const struct dump *dump, char *buf, size_t size, uint64_t offset)
{
	size_t done = 0;
	ssize_t n = 1;

	while (n > 0 && done < size && dump->size > offset + done) {
		n = rproc_coredump_read(dump->fs->context, dump->number, buf + done, size - done,
					offset + done);
		if (n > 0)
			done += (size_t)n;
	}
	return n < 0 ? n : (ssize_t)done;
}

static void data_read(struct node_open *open, struct node_call *call)
{
	struct dump *dump = open->node->priv;
	ssize_t n = -ENOMEM;
	char *buf;

	/* As every binary file of sysfs; who need not be Linux reads faster. */
	if (dump->fs->options.mainline && !call->cached && call->size > NODE_PAGE)
		call->size = NODE_PAGE;
	buf = node_call_buffer(call);
	if (buf && call->cached)
		n = read_full(dump, buf, call->size, call->offset);
	else if (buf)
		n = rproc_coredump_read(dump->fs->context, dump->number, buf, call->size,
					call->offset);
	node_call_done(call, n);
}

/* Anything written says: I have read it, throw it away. */
static void data_store(struct node_open *open, struct node_call *call)
{
	struct dump *dump = open->node->priv;
	struct rprocfs *fs = dump->fs;
	int err = rproc_coredump_release(fs->context, dump->number);

	devcoredump_refresh(fs); /* dump and node are gone now */
	node_call_done(call, err ? err : (ssize_t)call->size);
}

static uint64_t data_size(struct node *node)
{
	const struct dump *dump = node->priv;

	return dump->size;
}

static const struct node_ops data_ops = { .flags = NODE_STRICT | NODE_SIZELESS | NODE_PAGED,
					  .read = data_read,
					  .store = data_store,
					  .size = data_size };

/* ---- a dump's directory ----------------------------------------------------------------- */

static void dump_removed(struct node *node)
{
	struct dump *dump = node->priv;
	struct processor *processor = fs_processor(dump->fs, dump->index);

	node_remove(dump->class_link);
	if (processor && processor->dump_number == dump->number) {
		node_remove(processor->dump_link);
		processor->dump_link = NULL;
		processor->dump_number = 0;
	}
	free(dump);
}

static const struct node_ops dump_dir_ops = { .removed = dump_removed };

static int add_links(struct dump *dump, struct node *dir, struct processor *processor)
{
	struct rprocfs *fs = dump->fs;

	dump->class_link = fs_link(fs->class_devcoredump, dir->name, 2,
				   "devices/virtual/devcoredump/%s", dir->name);
	if (!dump->class_link || !fs_link(dir, "subsystem", 4, "class/devcoredump"))
		return -ENOMEM;
	dump->class_link->vanishing = true;
	if (!processor)
		return 0;
	/* Both links stay below devices/. */
	if (!fs_link(dir, "failing_device", 3, "%s", processor->path))
		return -ENOMEM;
	processor->dump_link = fs_link(processor->sysfs, "devcoredump", processor->depth,
				       "virtual/devcoredump/%s", dir->name);
	if (!processor->dump_link)
		return -ENOMEM;
	processor->dump_link->vanishing = true;
	processor->dump_number = dump->number;
	return 0;
}

static void add_dump(struct rprocfs *fs, const struct rproc_coredump_info *info, const char *name)
{
	struct dump *dump = calloc(1, sizeof(*dump));
	struct node *dir;

	if (!dump)
		return;
	dump->fs = fs;
	dump->number = info->number;
	dump->size = info->size;
	dump->index = info->index;
	dir = node_add_dir(fs->devcoredumps, name, 0755, &dump_dir_ops, dump);
	if (!dir) {
		free(dump);
		return;
	}
	dir->vanishing = true;
	if (!node_add_file(dir, "data", 0600, &data_ops, dump) ||
	    !node_add_file(dir, "uevent", 0644, &uevent_empty_ops, NULL) ||
	    add_links(dump, dir, fs_processor(fs, info->index)) || device_add_power(dir))
		node_remove(dir);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static bool is_there(struct rprocfs *fs, uint64_t number)
{
	struct rproc_coredump_info info;

	return !rproc_coredump_next(fs->context, number - 1, &info) && info.number == number;
}

void devcoredump_refresh(struct rprocfs *fs)
{
	struct rproc_coredump_info info = { 0 };
	struct node *next;
	char name[40];

	for (struct node *node = fs->devcoredumps->first; node; node = next) {
		const struct dump *dump = node->priv;

		next = node->next;
		if (!is_there(fs, dump->number))
			node_remove(node);
	}
	while (!rproc_coredump_next(fs->context, info.number, &info)) {
		snprintf(name, sizeof(name), "devcd%llu", (unsigned long long)info.number);
		if (!node_child(fs->devcoredumps, name))
			add_dump(fs, &info, name);
	}
}

static void refresh(struct node *dir, const char *name)
{
	if (!name || !strncmp(name, "devcd", 5))
		devcoredump_refresh(dir->priv);
}

static const struct node_ops dir_ops = { .refresh = refresh };

/* ---- disabled ------------------------------------------------------------------------------ */

static void disabled_show(struct node_open *open, struct node_call *call)
{
	struct rprocfs *fs = open->node->priv;

	text_line(&open->text, rproc_coredump_disabled(fs->context) ? "1" : "0");
	node_call_done(call, 0);
}

static void disabled_store(struct node_open *open, struct node_call *call)
{
	struct rprocfs *fs = open->node->priv;

	if (input_leading_long(call->data, call->data_size) != 1) {
		node_call_done(call, fs_refuse(call, -EINVAL,
					       "it takes 1, which releases all dumps and makes no "
					       "more; only a restart undoes that"));
		return;
	}
	rproc_coredump_disable(fs->context);
	devcoredump_refresh(fs);
	node_call_done(call, (ssize_t)call->size);
}

static const struct node_ops disabled_ops = { .flags = NODE_STRICT | NODE_PAGED,
					      .show = disabled_show,
					      .store = disabled_store };

int devcoredump_add_skeleton(struct rprocfs *fs, struct node *root)
{
	struct node *class = fs_dir(root, "class");
	struct node *virtual = fs_dir(fs->devices, "virtual");

	fs->class_devcoredump = node_add_dir(class, "devcoredump", 0755, &dir_ops, fs);
	fs->devcoredumps = node_add_dir(virtual, "devcoredump", 0755, &dir_ops, fs);
	if (!fs->devcoredumps ||
	    !node_add_file(fs->class_devcoredump, "disabled", 0644, &disabled_ops, fs))
		return -ENOMEM;
	return 0;
}
