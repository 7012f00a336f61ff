/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Making the verdict. The order is that of a boot: is it an image, its resource
 * table's header and entries, then the segments. The first refusal is the one a
 * boot would answer; the others are found too, so that one run shows them all.
 */
#include "verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <librproc/rproc.h>

/* Findings of the tool's own, in the same list; an error always finds room. */
static void add_finding(struct verdict *verdict, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void add_finding(struct verdict *verdict, int error, const char *fmt, ...)
{
	struct rproc_report *report = &verdict->report;
	struct rproc_finding *finding;
	va_list args;

	if (report->count == RPROC_REPORT_MAX) {
		report->dropped++;
		if (!error)
			return;
		report->count--;
	}
	finding = &report->finding[report->count++];
	memset(finding, 0, sizeof(*finding));
	finding->error = error;
	finding->level = error ? RPROC_LOG_ERR : RPROC_LOG_INFO;
	va_start(args, fmt);
	vsnprintf(finding->story, sizeof(finding->story), fmt, args);
	va_end(args);
}

/* @error came out of a step whose findings begin at @first: the first one decides. */
static void refuse(struct verdict *verdict, int error, unsigned int first)
{
	const struct rproc_report *report = &verdict->report;

	if (!error || verdict->error)
		return;
	verdict->error = error;
	if (first > report->count)
		first = 0;
	for (unsigned int i = first; i < report->count; i++) {
		if (!report->finding[i].error)
			continue;
		memcpy(verdict->story, report->finding[i].story, sizeof(verdict->story));
		return;
	}
	snprintf(verdict->story, sizeof(verdict->story), "refused with %s", strerror(-error));
}

/* ---- the table -------------------------------------------------------------- */

static void judge_entries(struct verdict *verdict)
{
	unsigned int first = verdict->report.count;
	int err;

	err = rproc_resource_table_check(verdict->table, verdict->table_size, &verdict->report);
	refuse(verdict, err, first);
}

/*
 * A section too small for a header is what many tool chains leave of a table nobody
 * wanted. Drivers boot without a table then, as if there were no section.
 */
static bool forgive_small_table(struct verdict *verdict, unsigned int first)
{
	struct rproc_report *report = &verdict->report;
	uint64_t da, size;

	if (rproc_image_section(verdict->image, ".resource_table", &da, &size) ||
	    size >= sizeof(struct rproc_resource_table))
		return false;
	for (unsigned int i = first; i < report->count; i++)
		report->finding[i].error = 0;
	verdict->table_kind = VERDICT_NO_TABLE;
	add_finding(verdict, 0,
		    "the section .resource_table has %llu bytes, too few for a table: it counts "
		    "as none, and there will be no trace, no carveout and no rpmsg",
		    (unsigned long long)size);
	return true;
}

static void judge_table(struct verdict *verdict)
{
	unsigned int first = verdict->report.count;
	int err;

	err = rproc_image_table(verdict->image, &verdict->report, &verdict->table,
				&verdict->table_size, &verdict->table_da);
	if (err == -ENOENT) {
		verdict->table_kind = VERDICT_NO_TABLE;
		add_finding(verdict, 0,
			    "no resource table: the processor gets no trace, no carveout and no "
			    "rpmsg; a driver that insists on a table answers EINVAL");
		return;
	}
	if (err) {
		verdict->table_kind = VERDICT_TABLE_REFUSED;
		if (!forgive_small_table(verdict, first))
			refuse(verdict, err, first);
		return;
	}
	verdict->table_kind = VERDICT_TABLE;
	judge_entries(verdict);
}

/* ---- the segments ------------------------------------------------------------- */

static void judge_boot_address(struct verdict *verdict)
{
	struct rproc_image_segment segment;

	for (size_t i = 0; !rproc_image_segment(verdict->image, i, &segment); i++)
		if (segment.load && verdict->info.bootaddr - segment.da < segment.memsz)
			return;
	add_finding(verdict, 0,
		    "the entry address 0x%llx lies in no loaded segment: the processor would "
		    "begin in memory nobody filled, unless its driver knows a better place",
		    (unsigned long long)verdict->info.bootaddr);
}

/*
 * A linker that aligns segments to pages lets the first one begin with the file's
 * headers, far below what was asked for: the best known reason of "bad phdr".
 */
static void judge_first_bytes(struct verdict *verdict, size_t index,
			      const struct rproc_image_segment *segment)
{
	if (segment->offset || !segment->filesz)
		return;
	add_finding(verdict, 0,
		    "segment %zu begins with the file's own headers, so it is loaded from 0x%llx "
		    "on: a board whose memory begins later refuses it; link with -n (--nmagic)",
		    index, (unsigned long long)segment->da);
}

static void judge_segments(struct verdict *verdict)
{
	struct rproc_image_segment segment;

	for (size_t i = 0; !rproc_image_segment(verdict->image, i, &segment); i++) {
		unsigned int first = verdict->report.count;
		int err = rproc_image_segment_check(verdict->image, i, &verdict->report);

		refuse(verdict, err, first);
		if (err || !segment.load)
			continue;
		verdict->segments_loaded++;
		verdict->bytes_copied += segment.filesz;
		verdict->bytes_zeroed += segment.memsz - segment.filesz;
		judge_first_bytes(verdict, i, &segment);
	}
	if (verdict->segments_loaded)
		judge_boot_address(verdict);
	else if (!verdict->error)
		add_finding(verdict, 0,
			    "no segment is loaded: the processor would be started on whatever its "
			    "memory holds");
}

int verdict_make(const struct rproc_firmware *fw, struct verdict *ret_verdict)
{
	struct verdict *verdict = ret_verdict;
	struct rproc_report ignored = { 0 };
	int err;

	memset(verdict, 0, sizeof(*verdict));
	err = rproc_image_check(fw, &verdict->report);
	if (err) {
		refuse(verdict, err, 0);
		return 0;
	}
	/* What opening says of the table is said again, and better, by judge_table(). */
	err = rproc_image_open(fw, &ignored, &verdict->image);
	if (err == -ENOMEM)
		return err;
	if (err) {
		verdict->report = ignored;
		refuse(verdict, err, 0);
		return 0;
	}
	rproc_image_info(verdict->image, &verdict->info);
	judge_table(verdict);
	judge_segments(verdict);
	return 0;
}

void verdict_unreadable(int error, const char *story, struct verdict *ret_verdict)
{
	memset(ret_verdict, 0, sizeof(*ret_verdict));
	ret_verdict->error = error;
	snprintf(ret_verdict->story, sizeof(ret_verdict->story), "%s", story);
	add_finding(ret_verdict, error, "%s", story);
}

void verdict_fini(struct verdict *verdict)
{
	rproc_image_close(verdict->image);
	verdict->image = NULL;
}

/* ---- names --------------------------------------------------------------------- */

const char *verdict_machine_name(uint16_t machine)
{
	/* Machines that remote processors are, and the hosts of this table's readers. */
	switch (machine) {
	case 3:
		return "i386";
	case 40:
		return "ARM";
	case 62:
		return "x86-64";
	case 83:
		return "AVR";
	case 94:
		return "Xtensa";
	case 113:
		return "Nios II";
	case 140:
		return "TI C6000";
	case 144:
		return "TI PRU";
	case 164:
		return "Hexagon";
	case 183:
		return "AArch64";
	case 189:
		return "MicroBlaze";
	case 195:
		return "ARCv2";
	case 243:
		return "RISC-V";
	default:
		return "";
	}
}

const char *verdict_entry_name(uint32_t type)
{
	static const char *const names[] = { "carveout", "devmem", "trace", "vdev" };

	if (type < RPROC_RSC_LAST)
		return names[type];
	if (type >= RPROC_RSC_VENDOR_START && type <= RPROC_RSC_VENDOR_END)
		return "vendor";
	return "unknown";
}
