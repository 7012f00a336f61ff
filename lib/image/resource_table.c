/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The resource table: header check, iterator, each entry's own rules. Pure:
 * bytes in, verdict out. Knows no processor, so what depends on registered
 * memory, an IOMMU or a driver is at most a remark here. The bytes may be
 * unaligned; a table that somebody else may write to is to be copied first.
 */
#include <librproc/resource_table.h>

#include <errno.h>
#include <inttypes.h>
#include <librproc/rproc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/api.h"
#include "base/bytes.h"
#include "base/report.h"

/* The layouts are wire formats: their sizes are part of the ABI. */
_Static_assert(sizeof(struct rproc_resource_table) == 16, "resource table header");
_Static_assert(sizeof(struct rproc_rsc_carveout) == 52, "carveout entry");
_Static_assert(sizeof(struct rproc_rsc_devmem) == 52, "devmem entry");
_Static_assert(sizeof(struct rproc_rsc_trace) == 44, "trace entry");
_Static_assert(sizeof(struct rproc_rsc_vdev) == 24, "vdev entry");
_Static_assert(sizeof(struct rproc_rsc_vdev_vring) == 20, "vring");

#define HEADER_LEN sizeof(struct rproc_resource_table)
#define TYPE_LEN   sizeof(struct rproc_rsc_hdr)
#define NAME_LEN   32
#define ID_RPMSG   7u
/* virtio 1.2 section 2.7: the largest queue. */
#define VIRTQ_MAX_NUM 32768u

static uint32_t word(const void *bytes, size_t offset)
{
	return load_le32((const uint8_t *)bytes + offset);
}

/* A field of a payload, by its name in the wire struct. */
#define FIELD(payload, type, field) word(payload, offsetof(struct type, field))

/* ---- header ------------------------------------------------------------------ */

RPROC_API int rproc_resource_table_check_header(const void *bytes, size_t len,
						struct rproc_report *report)
{
	uint32_t ver, num;
	char log[64];

	if (!bytes || len < HEADER_LEN)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "header-less resource table",
				  "resource table of %zu bytes: the header alone has %zu; leave "
				  "the section out if there is nothing to ask for",
				  len, HEADER_LEN);
	ver = FIELD(bytes, rproc_resource_table, ver);
	if (ver != 1) {
		snprintf(log, sizeof(log), "unsupported fw ver: %d", (int)ver);
		return report_add(report, -EINVAL, RPROC_LOG_ERR, log,
				  "resource table: ver is %" PRIu32 ", 1 is the only one there is",
				  ver);
	}
	if (word(bytes, 8) || word(bytes, 12))
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "non zero reserved bytes",
				  "resource table: reserved words are 0x%" PRIx32 " and 0x%" PRIx32
				  ", both have to be 0",
				  word(bytes, 8), word(bytes, 12));
	num = FIELD(bytes, rproc_resource_table, num);
	if (HEADER_LEN + UINT64_C(4) * num > len)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "resource table incomplete",
				  "resource table: %" PRIu32 " entries need %" PRIu64
				  " bytes of header and offsets, the table has %zu",
				  num, HEADER_LEN + UINT64_C(4) * num, len);
	return 0;
}

/* ---- iterator ------------------------------------------------------------------ */

RPROC_API int rproc_resource_table_entry(const void *bytes, size_t len, uint32_t index,
					 struct rproc_rsc *ret_rsc)
{
	uint32_t offset;

	if (!bytes || len < HEADER_LEN)
		return -EINVAL;
	if (index >= FIELD(bytes, rproc_resource_table, num))
		return -ENOENT;
	if (!range_ok(HEADER_LEN + UINT64_C(4) * index, 4, len))
		return -EINVAL;
	offset = word(bytes, HEADER_LEN + (size_t)4 * index);
	if (offset < HEADER_LEN || !range_ok(offset, TYPE_LEN, len))
		return -EINVAL;
	*ret_rsc = (struct rproc_rsc){
		.index = index,
		.type = word(bytes, offset),
		.offset = offset,
		.avail = len - offset - TYPE_LEN,
		.payload = (const uint8_t *)bytes + offset + TYPE_LEN,
	};
	return 0;
}

/* ---- entries ---------------------------------------------------------------------- */

static const char *const type_names[] = {
	[RPROC_RSC_CARVEOUT] = "carveout",
	[RPROC_RSC_DEVMEM] = "devmem",
	[RPROC_RSC_TRACE] = "trace",
	[RPROC_RSC_VDEV] = "vdev",
};

static int refuse_truncated(const struct rproc_rsc *rsc, uint64_t need, struct rproc_report *report)
{
	char log[64];

	snprintf(log, sizeof(log), "%s rsc is truncated", type_names[rsc->type]);
	return report_add(report, -EINVAL, RPROC_LOG_ERR, log,
			  "rsc[%" PRIu32 "] %s at 0x%" PRIx32 ": needs %" PRIu64
			  " bytes, the table ends after %zu",
			  rsc->index, type_names[rsc->type], rsc->offset, need, rsc->avail);
}

static int refuse_reserved(const struct rproc_rsc *rsc, uint32_t value, struct rproc_report *report)
{
	char log[64];

	snprintf(log, sizeof(log), "%s rsc has non zero reserved bytes", type_names[rsc->type]);
	return report_add(report, -EINVAL, RPROC_LOG_ERR, log,
			  "rsc[%" PRIu32 "] %s at 0x%" PRIx32 ": reserved is 0x%" PRIx32
			  ", it has to be 0",
			  rsc->index, type_names[rsc->type], rsc->offset, value);
}

static void remark(const struct rproc_rsc *rsc, struct rproc_report *report, const char *what)
{
	report_add(report, 0, RPROC_LOG_NOTICE, "", "rsc[%" PRIu32 "] %s: %s", rsc->index,
		   type_names[rsc->type], what);
}

static void remark_on_name(const struct rproc_rsc *rsc, const void *name,
			   struct rproc_report *report)
{
	if (!memchr(name, 0, NAME_LEN))
		remark(rsc, report, "the name has no terminating NUL, 31 characters are used");
}

static void remark_on_range(const struct rproc_rsc *rsc, uint32_t da, uint32_t len,
			    struct rproc_report *report)
{
	if (!len)
		remark(rsc, report, "len is 0: there is nothing to give");
	if (da != RPROC_RSC_ADDR_ANY && (uint64_t)da + len > UINT64_C(0x100000000))
		report_add(report, 0, RPROC_LOG_NOTICE, "",
			   "rsc[%" PRIu32 "] %s: da 0x%" PRIx32 " with len 0x%" PRIx32
			   " runs over the end of the 32-bit address space",
			   rsc->index, type_names[rsc->type], da, len);
}

static int check_carveout(const struct rproc_rsc *rsc, struct rproc_report *report)
{
	const uint8_t *p = rsc->payload;

	if (rsc->avail < sizeof(struct rproc_rsc_carveout))
		return refuse_truncated(rsc, sizeof(struct rproc_rsc_carveout), report);
	if (FIELD(p, rproc_rsc_carveout, reserved))
		return refuse_reserved(rsc, FIELD(p, rproc_rsc_carveout, reserved), report);
	remark_on_range(rsc, FIELD(p, rproc_rsc_carveout, da), FIELD(p, rproc_rsc_carveout, len),
			report);
	remark_on_name(rsc, p + offsetof(struct rproc_rsc_carveout, name), report);
	return 0;
}

static int check_devmem(const struct rproc_rsc *rsc, struct rproc_report *report)
{
	const uint8_t *p = rsc->payload;

	if (rsc->avail < sizeof(struct rproc_rsc_devmem))
		return refuse_truncated(rsc, sizeof(struct rproc_rsc_devmem), report);
	if (FIELD(p, rproc_rsc_devmem, reserved))
		return refuse_reserved(rsc, FIELD(p, rproc_rsc_devmem, reserved), report);
	remark(rsc, report,
	       "is a mapping request: a processor without an IOMMU refuses to boot (EINVAL)");
	remark_on_range(rsc, FIELD(p, rproc_rsc_devmem, da), FIELD(p, rproc_rsc_devmem, len),
			report);
	if (FIELD(p, rproc_rsc_devmem, da) == RPROC_RSC_ADDR_ANY)
		remark(rsc, report, "da 0xffffffff (any) is taken as an address");
	return 0;
}

static int check_trace(const struct rproc_rsc *rsc, struct rproc_report *report)
{
	const uint8_t *p = rsc->payload;

	if (rsc->avail < sizeof(struct rproc_rsc_trace))
		return refuse_truncated(rsc, sizeof(struct rproc_rsc_trace), report);
	if (FIELD(p, rproc_rsc_trace, reserved))
		return refuse_reserved(rsc, FIELD(p, rproc_rsc_trace, reserved), report);
	remark_on_range(rsc, FIELD(p, rproc_rsc_trace, da), FIELD(p, rproc_rsc_trace, len), report);
	remark_on_name(rsc, p + offsetof(struct rproc_rsc_trace, name), report);
	if (FIELD(p, rproc_rsc_trace, da) == RPROC_RSC_ADDR_ANY)
		remark(rsc, report,
		       "da 0xffffffff (any): nobody chooses an address for a trace, it cannot be "
		       "read");
	return 0;
}

/* What the kernel's vdev probe trips over, or the remote: the boot goes on without the vdev. */
static void remark_on_vring(const struct rproc_rsc *rsc, unsigned int ring, const uint8_t *p,
			    struct rproc_report *report)
{
	uint32_t da = FIELD(p, rproc_rsc_vdev_vring, da);
	uint32_t align = FIELD(p, rproc_rsc_vdev_vring, align);
	uint32_t num = FIELD(p, rproc_rsc_vdev_vring, num);
	char log[96];

	if (!num || !align) {
		snprintf(log, sizeof(log), "invalid qsz (%d) or alignment (%d)", (int)num,
			 (int)align);
		report_add(report, 0, RPROC_LOG_ERR, log,
			   "rsc[%" PRIu32 "] vdev: vring[%u].num is %" PRIu32 ", align %" PRIu32
			   ": neither may be 0; the boot goes on without this vdev",
			   rsc->index, ring, num, align);
		return;
	}
	if (num & (num - 1))
		report_add(report, 0, RPROC_LOG_NOTICE, "",
			   "rsc[%" PRIu32 "] vdev: vring[%u].num %" PRIu32 " is not a power of two",
			   rsc->index, ring, num);
	if (align & (align - 1))
		report_add(report, 0, RPROC_LOG_NOTICE, "",
			   "rsc[%" PRIu32 "] vdev: vring[%u].align %" PRIu32
			   " is not a power of two",
			   rsc->index, ring, align);
	else if (da != RPROC_RSC_ADDR_ANY && da & (align - 1))
		report_add(report, 0, RPROC_LOG_NOTICE, "",
			   "rsc[%" PRIu32 "] vdev: vring[%u].da 0x%" PRIx32
			   " is not aligned to its align %" PRIu32,
			   rsc->index, ring, da, align);
	if (num > VIRTQ_MAX_NUM)
		report_add(report, 0, RPROC_LOG_NOTICE, "",
			   "rsc[%" PRIu32 "] vdev: vring[%u].num %" PRIu32
			   " is above virtio's %u; the ring would have %" PRIu64 " bytes",
			   rsc->index, ring, num, VIRTQ_MAX_NUM, rproc_vring_size(num, align));
}

static int check_vdev(const struct rproc_rsc *rsc, struct rproc_report *report)
{
	const uint8_t *p = rsc->payload;
	const uint8_t *reserved = p + offsetof(struct rproc_rsc_vdev, reserved);
	unsigned int vrings;
	uint64_t need;
	char log[64];

	if (rsc->avail < sizeof(struct rproc_rsc_vdev))
		return refuse_truncated(rsc, sizeof(struct rproc_rsc_vdev), report);
	vrings = p[offsetof(struct rproc_rsc_vdev, num_of_vrings)];
	need = sizeof(struct rproc_rsc_vdev) + vrings * sizeof(struct rproc_rsc_vdev_vring) +
	       (uint64_t)FIELD(p, rproc_rsc_vdev, config_len);
	if (rsc->avail < need)
		return refuse_truncated(rsc, need, report);
	if (reserved[0] || reserved[1])
		return refuse_reserved(rsc, load_le16(reserved), report);
	if (vrings > RPROC_VDEV_MAX_VRINGS) {
		snprintf(log, sizeof(log), "too many vrings: %d", (int)vrings);
		return report_add(report, -EINVAL, RPROC_LOG_ERR, log,
				  "rsc[%" PRIu32 "] vdev at 0x%" PRIx32
				  ": %u vrings, at most %d are possible",
				  rsc->index, rsc->offset, vrings, RPROC_VDEV_MAX_VRINGS);
	}
	if (FIELD(p, rproc_rsc_vdev, id) == ID_RPMSG && vrings < 2)
		remark(rsc, report, "rpmsg (id 7) needs 2 vrings: there will be no channel");
	for (unsigned int i = 0; i < vrings; i++)
		remark_on_vring(rsc, i,
				p + sizeof(struct rproc_rsc_vdev) +
					i * sizeof(struct rproc_rsc_vdev_vring),
				report);
	return 0;
}

/* Types 4 and 5 are in use with three meanings that exclude each other. */
static void remark_on_unknown(const struct rproc_rsc *rsc, struct rproc_report *report)
{
	const char *guess = "an unknown type";
	char log[64];

	if (rsc->type >= RPROC_RSC_VENDOR_START && rsc->type <= RPROC_RSC_VENDOR_END) {
		report_add(report, 0, RPROC_LOG_INFO, "",
			   "rsc[%" PRIu32 "] vendor entry of type %" PRIu32 " with up to %zu "
			   "bytes: the processor's driver decides",
			   rsc->index, rsc->type, rsc->avail);
		return;
	}
	if (rsc->type == 4)
		guess = "TI's internal memory, or OpenAMP's memory entry";
	else if (rsc->type == 5)
		guess = "TI's PRU interrupt map, or OpenAMP's checksum";
	snprintf(log, sizeof(log), "unsupported resource %d", (int)rsc->type);
	report_add(report, 0, RPROC_LOG_WARNING, log,
		   "rsc[%" PRIu32 "] at 0x%" PRIx32 ": type %" PRIu32
		   " (%s) is skipped; what the firmware asks for there it will not get",
		   rsc->index, rsc->offset, rsc->type, guess);
}

RPROC_API int rproc_rsc_check(const struct rproc_rsc *rsc, struct rproc_report *report)
{
	static int (*const checks[])(const struct rproc_rsc *, struct rproc_report *) = {
		[RPROC_RSC_CARVEOUT] = check_carveout,
		[RPROC_RSC_DEVMEM] = check_devmem,
		[RPROC_RSC_TRACE] = check_trace,
		[RPROC_RSC_VDEV] = check_vdev,
	};

	if (rsc->type < RPROC_RSC_LAST)
		return checks[rsc->type](rsc, report);
	remark_on_unknown(rsc, report);
	return 0;
}

/* ---- the whole table ----------------------------------------------------------------- */

/*
 * Carveouts seen so far, hashed by name, so that a table with a million of them
 * is still checked in one pass and without allocation. Offsets of payloads; 0 is free.
 */
#define SEEN_SLOTS 1024u
#define SEEN_MAX   768u
struct seen {
	uint32_t offset[SEEN_SLOTS];
	unsigned int count;
};

static uint32_t hash_name(const uint8_t *name)
{
	uint32_t hash = UINT32_C(2166136261); /* FNV-1a */

	for (size_t i = 0; i < NAME_LEN - 1 && name[i]; i++)
		hash = (hash ^ name[i]) * UINT32_C(16777619);
	return hash ^ hash >> 16;
}

static int refuse_name(const struct rproc_rsc *rsc, const uint8_t *name,
		       struct rproc_report *report)
{
	char printable[NAME_LEN] = { 0 };

	for (size_t i = 0; i < NAME_LEN - 1 && name[i]; i++)
		printable[i] = name[i] >= ' ' && name[i] <= '~' ? (char)name[i] : '?';
	return report_add(report, -ENOMEM, RPROC_LOG_ERR,
			  "Carveout already associated to resource table",
			  "rsc[%" PRIu32 "] carveout at 0x%" PRIx32
			  ": its name \"%s\" is that of an earlier carveout; give each its own",
			  rsc->index, rsc->offset, printable);
}

/* A name is what fits in front of a NUL in 32 bytes: two that differ in the last are the same. */
static int check_name_is_new(struct seen *seen, const uint8_t *bytes, const struct rproc_rsc *rsc,
			     struct rproc_report *report)
{
	const uint8_t *name =
		(const uint8_t *)rsc->payload + offsetof(struct rproc_rsc_carveout, name);
	uint32_t slot = hash_name(name) % SEEN_SLOTS;

	if (seen->count == SEEN_MAX)
		return 0;
	for (; seen->offset[slot]; slot = (slot + 1) % SEEN_SLOTS) {
		if (strncmp((const char *)bytes + seen->offset[slot], (const char *)name,
			    NAME_LEN - 1))
			continue;
		return refuse_name(rsc, name, report);
	}
	seen->offset[slot] = (uint32_t)(name - bytes);
	if (++seen->count == SEEN_MAX)
		remark(rsc, report, "from here on names are not compared any more");
	return 0;
}

static int check_entry(struct seen *seen, const uint8_t *bytes, size_t len, uint32_t index,
		       struct rproc_report *report)
{
	struct rproc_rsc rsc;
	int ret;

	ret = rproc_resource_table_entry(bytes, len, index, &rsc);
	if (ret)
		return report_add(report, ret, RPROC_LOG_ERR, "rsc table is truncated",
				  "rsc[%" PRIu32 "]: offset 0x%" PRIx32
				  " does not lie between the header (0x10) and the table's end "
				  "(0x%zx)",
				  index, word(bytes, HEADER_LEN + (size_t)4 * index), len);
	if (rsc.offset < HEADER_LEN + UINT64_C(4) * FIELD(bytes, rproc_resource_table, num))
		report_add(report, 0, RPROC_LOG_NOTICE, "",
			   "rsc[%" PRIu32 "]: offset 0x%" PRIx32
			   " lies among the table's own offsets",
			   index, rsc.offset);
	ret = rproc_rsc_check(&rsc, report);
	if (ret || rsc.type != RPROC_RSC_CARVEOUT)
		return ret;
	return check_name_is_new(seen, bytes, &rsc, report);
}

RPROC_API int rproc_resource_table_check(const void *bytes, size_t len, struct rproc_report *report)
{
	struct seen seen = { 0 };
	uint32_t num;
	int ret;

	ret = rproc_resource_table_check_header(bytes, len, report);
	if (ret)
		return ret;
	num = FIELD(bytes, rproc_resource_table, num);
	for (uint32_t i = 0; i < num; i++) {
		ret = check_entry(&seen, bytes, len, i, report);
		if (ret)
			return ret;
	}
	return 0;
}

RPROC_API uint64_t rproc_vring_size(uint32_t num, uint32_t align)
{
	/* descriptors of 16 bytes; flags, index, a word a buffer and the used event */
	uint64_t driver = UINT64_C(16) * num + UINT64_C(2) * (UINT64_C(3) + num);
	uint64_t mask = align ? align - 1 : 0; /* 0 is forbidden, but no reason to die */
	/* Both ends round like this, also where @align is no power of two. */
	uint64_t rounded = (driver + mask) & ~mask;

	/* flags, index and event of 2 bytes, then 8 bytes a buffer */
	return rounded + 6 + UINT64_C(8) * num;
}
