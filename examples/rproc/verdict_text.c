/* SPDX-License-Identifier: BSD-3-Clause */
/* The verdict in words, the answer first. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "trouble.h"
#include "verdict.h"

static void print_name(const uint8_t *name)
{
	putchar('"');
	trouble_print(stdout, (const char *)name, strnlen((const char *)name, 32));
	putchar('"');
}

/* "da 0x100" or "da any". */
static void print_address(const char *what, uint32_t address)
{
	if (address == RPROC_RSC_ADDR_ANY)
		printf(" %s any", what);
	else
		printf(" %s 0x%" PRIx32, what, address);
}

static void print_headline(const struct verdict *verdict, const char *file)
{
	const char *name = trouble_errno_name(-verdict->error);

	trouble_print(stdout, file, strlen(file));
	if (!verdict->error) {
		puts(": would load");
		return;
	}
	printf(": would be refused: %s (%s)\n  why       ", strerror(-verdict->error),
	       name ? name : "?");
	trouble_print(stdout, verdict->story, strlen(verdict->story));
	putchar('\n');
}

static void print_image(const struct verdict *verdict)
{
	const struct rproc_image_info *info = &verdict->info;
	const char *machine = verdict_machine_name(info->elf_machine);

	printf("  format    %s", info->format);
	if (info->elf_class)
		printf(", %d bit, machine %u%s%s", info->elf_class == 2 ? 64 : 32,
		       info->elf_machine, *machine ? " " : "", machine);
	printf("\n  entry     0x%" PRIx64 "\n", info->bootaddr);
}

static void print_segments(const struct verdict *verdict)
{
	struct rproc_image_segment segment;

	printf("  segments  %zu of %zu loaded: %" PRIu64 " bytes copied, %" PRIu64 " zeroed\n",
	       verdict->segments_loaded, verdict->info.num_segments, verdict->bytes_copied,
	       verdict->bytes_zeroed);
	for (size_t i = 0; !rproc_image_segment(verdict->image, i, &segment); i++) {
		printf("    [%zu] ", i);
		if (!segment.load) {
			printf("skipped: type 0x%" PRIx32 ", 0x%" PRIx64 " bytes\n", segment.type,
			       segment.memsz);
			continue;
		}
		printf("%c%c%c da 0x%" PRIx64 " to 0x%" PRIx64 ", file 0x%" PRIx64
		       ", memory 0x%" PRIx64 "\n",
		       segment.flags & 4 ? 'r' : '-', segment.flags & 2 ? 'w' : '-',
		       segment.flags & 1 ? 'x' : '-', segment.da, segment.da + segment.memsz - 1,
		       segment.filesz, segment.memsz);
	}
}

static void print_memory(const struct rproc_rsc *rsc)
{
	struct rproc_rsc_carveout entry;

	memcpy(&entry, rsc->payload, sizeof(entry));
	print_name(entry.name);
	print_address("da", entry.da);
	print_address("pa", entry.pa);
	printf(" len 0x%" PRIx32 " flags 0x%" PRIx32 "\n", entry.len, entry.flags);
}

static void print_trace(const struct rproc_rsc *rsc)
{
	struct rproc_rsc_trace entry;

	memcpy(&entry, rsc->payload, sizeof(entry));
	print_name(entry.name);
	print_address("da", entry.da);
	printf(" len 0x%" PRIx32 "\n", entry.len);
}

static void print_vdev(const struct rproc_rsc *rsc)
{
	const uint8_t *rings = (const uint8_t *)rsc->payload + sizeof(struct rproc_rsc_vdev);
	struct rproc_rsc_vdev entry;

	memcpy(&entry, rsc->payload, sizeof(entry));
	printf("id %" PRIu32 "%s, features 0x%" PRIx32 ", %u vrings, %" PRIu32 " config bytes\n",
	       entry.id, entry.id == 7 ? " (rpmsg)" : "", entry.dfeatures, entry.num_of_vrings,
	       entry.config_len);
	for (unsigned int i = 0; i < entry.num_of_vrings; i++) {
		struct rproc_rsc_vdev_vring ring;

		memcpy(&ring, rings + i * sizeof(ring), sizeof(ring));
		printf("          vring %u", i);
		print_address("da", ring.da);
		printf(" num %" PRIu32 " align %" PRIu32 " notifyid %" PRIu32 "\n", ring.num,
		       ring.align, ring.notifyid);
	}
}

static void print_entry(const struct rproc_rsc *rsc)
{
	printf("    [%" PRIu32 "] %s ", rsc->index, verdict_entry_name(rsc->type));
	if (rsc->type >= RPROC_RSC_LAST) {
		printf("type %" PRIu32 ", up to %zu bytes\n", rsc->type, rsc->avail);
		return;
	}
	/* An entry that fails its check may be shorter than its type says. */
	if (rproc_rsc_check(rsc, NULL)) {
		puts("is malformed");
		return;
	}
	if (rsc->type == RPROC_RSC_TRACE)
		print_trace(rsc);
	else if (rsc->type == RPROC_RSC_VDEV)
		print_vdev(rsc);
	else
		print_memory(rsc);
}

static void print_table(const struct verdict *verdict)
{
	struct rproc_resource_table table;
	struct rproc_rsc rsc;

	if (verdict->table_kind == VERDICT_NO_TABLE) {
		puts("  table     none");
		return;
	}
	if (verdict->table_kind == VERDICT_TABLE_REFUSED) {
		puts("  table     malformed");
		return;
	}
	memcpy(&table, verdict->table, sizeof(table));
	printf("  table     da 0x%" PRIx64 ", %zu bytes, %" PRIu32 " entries\n", verdict->table_da,
	       verdict->table_size, table.num);
	for (uint32_t i = 0; i < table.num; i++) {
		int err = rproc_resource_table_entry(verdict->table, verdict->table_size, i, &rsc);

		if (err)
			printf("    [%" PRIu32 "] lies outside the table\n", i);
		else
			print_entry(&rsc);
		/* A boot ends there too; and what follows may be four thousand million such. */
		if (err)
			break;
	}
}

static void print_findings(const struct verdict *verdict)
{
	const struct rproc_report *report = &verdict->report;

	for (unsigned int i = 0; i < report->count; i++) {
		const struct rproc_finding *finding = &report->finding[i];

		fputs(i ? "            " : "  findings  ", stdout);
		fputs(finding->error ? "error: " : "remark: ", stdout);
		trouble_print(stdout, finding->story, strlen(finding->story));
		putchar('\n');
		if (finding->log[0]) {
			fputs("              in the log: ", stdout);
			trouble_print(stdout, finding->log, strlen(finding->log));
			putchar('\n');
		}
	}
	if (report->dropped)
		printf("            and %u more\n", report->dropped);
}

void verdict_print_text(const struct verdict *verdict, const char *file)
{
	print_headline(verdict, file);
	if (verdict->image) {
		print_image(verdict);
		print_segments(verdict);
		print_table(verdict);
	}
	print_findings(verdict);
}
