/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kernel/debug/remoteproc/remoteprocN: recovery, coredump and crash with their
 * own grammar, the resource table and the carveouts in words. Traces are in
 * trace.c. Must not trust a table: what the remote wrote is checked before it
 * is printed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "rprocfs.h"

static struct processor *processor_of(const struct node_open *open)
{
	return open->node->priv;
}

static void name_show(struct node_open *open, struct node_call *call)
{
	text_printf(&open->text, "%.98s\n", rproc_name(processor_of(open)->rproc));
	node_call_done(call, 0);
}

static void debug_recovery_store(struct node_open *open, struct node_call *call)
{
	recovery_store(processor_of(open), call,
		       input_debugfs_word(call->data, call->data_size, INPUT_DEBUGFS_RECOVERY_MAX,
					  recovery_words));
}

static void debug_coredump_store(struct node_open *open, struct node_call *call)
{
	/* Linux looks at the length before it looks at the state, and logs nothing. */
	if (call->data_size < 1 || call->data_size > INPUT_DEBUGFS_COREDUMP_MAX) {
		node_call_done(call, processor_refuse(processor_of(open)->rproc, call, -EINVAL,
						      "coredump", "disabled, enabled or inline"));
		return;
	}
	coredump_store(processor_of(open), call,
		       input_debugfs_word(call->data, call->data_size, INPUT_DEBUGFS_COREDUMP_MAX,
					  coredump_words));
}

static void crash_store(struct node_open *open, struct node_call *call)
{
	unsigned int type;
	int err = input_uint(call->data, call->data_size, &type);

	if (err) {
		node_call_done(call, processor_refuse(processor_of(open)->rproc, call, err, "crash",
						      "a number from 0 to 4294967295, the type"));
		return;
	}
	rproc_report_crash(processor_of(open)->rproc, type);
	node_call_done(call, (ssize_t)call->size);
}

/* ---- pointers ------------------------------------------------------------------------ */

/* As %pK: sixteen digits that tell two pointers apart and nothing about where they point. */
static uint64_t scrambled(const struct rprocfs *fs, uintptr_t pointer)
{
	uint64_t h = (uint64_t)pointer ^ fs->pointer_key;

	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 32;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return (h ^ (h >> 29)) & UINT32_MAX;
}

/* ---- resource_table ------------------------------------------------------------------- */

/* A name of the table: 32 bytes that need not be terminated. */
static void print_name(struct text *text, const uint8_t name[32])
{
	text_printf(text, "  Name %.*s\n\n", (int)strnlen((const char *)name, 32),
		    (const char *)name);
}

static void print_memory(struct text *text, const struct rproc_rsc *rsc, const char *type)
{
	struct rproc_rsc_carveout memory; /* a devmem is laid out alike */

	memcpy(&memory, rsc->payload, sizeof(memory));
	text_printf(text,
		    "Entry %u is of type %s\n  Device Address 0x%x\n  Physical Address 0x%x\n"
		    "  Length 0x%x Bytes\n  Flags 0x%x\n  Reserved (should be zero) [%d]\n",
		    rsc->index, type, memory.da, memory.pa, memory.len, memory.flags,
		    (int)memory.reserved);
	print_name(text, memory.name);
}

static void print_trace(struct text *text, const struct rproc_rsc *rsc)
{
	struct rproc_rsc_trace trace;

	memcpy(&trace, rsc->payload, sizeof(trace));
	text_printf(text,
		    "Entry %u is of type trace\n  Device Address 0x%x\n  Length 0x%x Bytes\n"
		    "  Reserved (should be zero) [%d]\n",
		    rsc->index, trace.da, trace.len, (int)trace.reserved);
	print_name(text, trace.name);
}

static void print_vring(struct text *text, unsigned int index, const uint8_t *bytes)
{
	struct rproc_rsc_vdev_vring vring;

	memcpy(&vring, bytes, sizeof(vring));
	text_printf(text,
		    "  Vring %u\n    Device Address 0x%x\n    Alignment %d\n"
		    "    Number of buffers %d\n    Notify ID %d\n    Physical Address 0x%x\n\n",
		    index, vring.da, (int)vring.align, (int)vring.num, (int)vring.notifyid,
		    vring.pa);
}

static void print_vdev(struct text *text, const struct rproc_rsc *rsc)
{
	const uint8_t *bytes = rsc->payload;
	struct rproc_rsc_vdev vdev;
	size_t pos = sizeof(vdev);

	memcpy(&vdev, bytes, sizeof(vdev));
	text_printf(text,
		    "Entry %u is of type vdev\n  ID %d\n  Notify ID %d\n  Device features 0x%x\n"
		    "  Guest features 0x%x\n  Config length 0x%x\n  Status 0x%x\n"
		    "  Number of vrings %d\n  Reserved (should be zero) [%d][%d]\n\n",
		    rsc->index, (int)vdev.id, (int)vdev.notifyid, vdev.dfeatures, vdev.gfeatures,
		    vdev.config_len, vdev.status, vdev.num_of_vrings, vdev.reserved[0],
		    vdev.reserved[1]);
	for (unsigned int i = 0; i < vdev.num_of_vrings; i++) {
		if (rsc->avail - pos < sizeof(struct rproc_rsc_vdev_vring))
			return;
		print_vring(text, i, bytes + pos);
		pos += sizeof(struct rproc_rsc_vdev_vring);
	}
}

static void print_entry(const struct rprocfs *fs, struct text *text, const struct rproc_rsc *rsc)
{
	static const size_t need[] = {
		[RPROC_RSC_CARVEOUT] = sizeof(struct rproc_rsc_carveout),
		[RPROC_RSC_DEVMEM] = sizeof(struct rproc_rsc_devmem),
		[RPROC_RSC_TRACE] = sizeof(struct rproc_rsc_trace),
		[RPROC_RSC_VDEV] = sizeof(struct rproc_rsc_vdev),
	};

	if (rsc->type < RPROC_RSC_LAST && rsc->avail < need[rsc->type]) {
		/* Cut off since it was checked: the remote may write to its own table. */
		text_printf(text, "Entry %u is truncated\n", rsc->index);
		return;
	}
	switch (rsc->type) {
	case RPROC_RSC_CARVEOUT:
		print_memory(text, rsc, "carveout");
		break;
	case RPROC_RSC_DEVMEM:
		print_memory(text, rsc, "devmem");
		break;
	case RPROC_RSC_TRACE:
		print_trace(text, rsc);
		break;
	case RPROC_RSC_VDEV:
		print_vdev(text, rsc);
		break;
	default:
		text_printf(text, "Unknown resource type found: %d [hdr: %016llx]\n",
			    (int)rsc->type,
			    (unsigned long long)scrambled(fs, (uintptr_t)rsc->offset));
	}
}

/* As many entries as there are, and as have an offset inside the table. */
static void table_show(struct node_open *open, struct node_call *call)
{
	struct processor *processor = processor_of(open);
	struct rproc_rsc rsc;
	void *table;
	size_t size;
	int err = rproc_get_table(processor->rproc, &table, &size);

	if (err == -ENOENT)
		text_line(&open->text, "No resource table found");
	if (err) {
		node_call_done(call, err == -ENOENT ? 0 : err);
		return;
	}
	for (uint32_t i = 0; i < size / sizeof(uint32_t); i++) {
		err = rproc_resource_table_entry(table, size, i, &rsc);
		if (err == -ENOENT)
			break;
		if (!err)
			print_entry(processor->fs, &open->text, &rsc);
	}
	free(table);
	node_call_done(call, 0);
}

/* ---- carveout_memories -------------------------------------------------------------------- */

static void carveouts_show(struct node_open *open, struct node_call *call)
{
	struct processor *processor = processor_of(open);
	struct rproc_carveout_info *info;
	size_t count;
	int err = rproc_get_carveouts(processor->rproc, &info, &count);

	if (err) {
		node_call_done(call, err);
		return;
	}
	for (size_t i = 0; i < count; i++)
		text_printf(&open->text,
			    "Carveout memory entry:\n\tName: %s\n\tVirtual address: %016llx\n"
			    "\tDMA address: 0x%016llx\n\tDevice address: 0x%x\n"
			    "\tLength: 0x%zx Bytes\n\n",
			    info[i].name,
			    (unsigned long long)scrambled(processor->fs, (uintptr_t)info[i].va),
			    (unsigned long long)info[i].pa, info[i].da, info[i].len);
	free(info);
	node_call_done(call, 0);
}

/* ---- the directory --------------------------------------------------------------------------- */

/* debugfs opens anything for root; what has no handler answers EINVAL. */
#define DEBUGFS	      .gone = -EIO, .unreadable = -EINVAL, .unwritable = -EINVAL
#define DEBUGFS_FILE  .flags = NODE_SIZELESS | NODE_SIMPLE | NODE_FRESH, DEBUGFS
#define DEBUGFS_TABLE .flags = NODE_SIZELESS | NODE_SIMPLE | NODE_ENDLESS, DEBUGFS

static const struct node_ops name_ops = { DEBUGFS_FILE, .show = name_show };
static const struct node_ops recovery_ops = { DEBUGFS_FILE, .show = recovery_show,
					      .store = debug_recovery_store };
static const struct node_ops coredump_ops = { DEBUGFS_FILE, .show = coredump_show,
					      .store = debug_coredump_store };
static const struct node_ops crash_ops = { DEBUGFS_FILE, .store = crash_store };
static const struct node_ops table_ops = { DEBUGFS_TABLE, .show = table_show };
static const struct node_ops carveouts_ops = { DEBUGFS_TABLE, .show = carveouts_show };

static void refresh(struct node *dir, const char *name)
{
	if (!name || !strncmp(name, "trace", 5))
		trace_refresh(dir->priv);
}

static const struct node_ops dir_ops = { .refresh = refresh };

int debugfs_add(struct processor *processor)
{
	static const struct {
		const char *name;
		const struct node_ops *ops;
		mode_t mode;
	} files[] = {
		{ "name", &name_ops, 0400 },	     { "recovery", &recovery_ops, 0600 },
		{ "crash", &crash_ops, 0200 },	     { "resource_table", &table_ops, 0400 },
		{ "coredump", &coredump_ops, 0600 }, { "carveout_memories", &carveouts_ops, 0400 },
	};
	struct rprocfs *fs = processor->fs;
	struct node *dir = node_add_dir(fs->debug, processor->sysname, 0755, &dir_ops, processor);

	if (!dir)
		return -ENOMEM;
	processor->debug = dir;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!node_add_file(dir, files[i].name, files[i].mode, files[i].ops, processor))
			return -ENOMEM;
	return 0;
}
