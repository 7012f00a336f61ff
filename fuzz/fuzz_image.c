/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: a firmware image from anybody. Properties: no accessor leaves the
 * image or changes it; the check, the opened image and each accessor agree; a
 * refusal has exactly one error with a story, a pass has none; what was said
 * once is said again.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <librproc/firmware.h>

/* A report holds one error for a refusal, and it comes last; none for a pass. */
static void check_report(const struct rproc_report *report, int ret)
{
	unsigned int errors = 0;

	FUZZ_ASSERT(report->count <= RPROC_REPORT_MAX);
	for (unsigned int i = 0; i < report->count; i++) {
		const struct rproc_finding *finding = &report->finding[i];

		FUZZ_ASSERT(memchr(finding->log, 0, sizeof(finding->log)));
		FUZZ_ASSERT(memchr(finding->story, 0, sizeof(finding->story)));
		FUZZ_ASSERT(finding->story[0]);
		FUZZ_ASSERT(finding->level >= 3 && finding->level <= 7);
		if (finding->error) {
			errors++;
			FUZZ_ASSERT(finding->error == ret && i == report->count - 1);
		}
	}
	FUZZ_ASSERT(errors == (ret != 0));
}

/* Read every byte, so that a sanitizer sees a range that is not inside. */
static uint32_t sum(const uint8_t *bytes, uint64_t len)
{
	uint32_t total = 0;

	for (uint64_t i = 0; i < len; i++)
		total = total * 31 + bytes[i];
	return total;
}

static void check_segments(const struct rproc_firmware *fw, const struct rproc_image *image,
			   size_t count)
{
	struct rproc_image_segment segment, again;
	struct rproc_report report;
	int ret;

	FUZZ_ASSERT(count > 0);
	for (size_t i = 0; i < count; i++) {
		FUZZ_ASSERT(!rproc_image_segment(image, i, &segment));
		FUZZ_ASSERT(segment.load == (segment.type == 1 && segment.memsz));
		report = (struct rproc_report){ 0 };
		ret = rproc_image_segment_check(image, i, &report);
		check_report(&report, ret);
		FUZZ_ASSERT(ret == rproc_image_segment_check(image, i, NULL));
		FUZZ_ASSERT(!ret || segment.load);
		FUZZ_ASSERT(!rproc_image_segment(image, i, &again));
		FUZZ_ASSERT(again.offset == segment.offset && again.filesz == segment.filesz);
		if (ret || !segment.load)
			continue;
		FUZZ_ASSERT(segment.filesz <= segment.memsz);
		FUZZ_ASSERT(segment.offset <= fw->size &&
			    segment.filesz <= fw->size - segment.offset);
		/* a few bytes tell; all of 65535 overlapping segments would take minutes */
		sum((const uint8_t *)fw->data + segment.offset,
		    segment.filesz < 64 ? segment.filesz : 64);
	}
	FUZZ_ASSERT(rproc_image_segment(image, count, &segment) == -ENOENT);
	FUZZ_ASSERT(rproc_image_segment(image, SIZE_MAX, &segment) == -ENOENT);
}

static void check_table(const struct rproc_firmware *fw, const struct rproc_image *image,
			const struct rproc_image_info *info)
{
	struct rproc_report report = { 0 };
	uint64_t da, section_da, section_size;
	const void *table;
	size_t size;
	int found, ret;

	found = rproc_image_section(image, ".resource_table", &section_da, &section_size);
	ret = rproc_image_table(image, &report, &table, &size, &da);
	FUZZ_ASSERT(ret == 0 || ret == -EINVAL || ret == -ENOENT);
	FUZZ_ASSERT((ret == -ENOENT) == (found == -ENOENT));
	FUZZ_ASSERT(info->has_table == (ret == 0));
	if (ret != -ENOENT)
		check_report(&report, ret);
	if (ret)
		return;
	FUZZ_ASSERT(da == section_da && size == section_size);
	FUZZ_ASSERT(da == info->table_da && size == info->table_size);
	FUZZ_ASSERT(table == (const uint8_t *)fw->data + info->table_offset);
	FUZZ_ASSERT(info->table_offset <= fw->size && size <= fw->size - info->table_offset);
	FUZZ_ASSERT(!rproc_resource_table_check_header(table, size, NULL));
	sum(table, size);
	report = (struct rproc_report){ 0 };
	ret = rproc_resource_table_check(table, size, &report);
	check_report(&report, ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rproc_firmware fw = { .data = data, .size = size };
	struct rproc_report checked = { 0 }, opened = { 0 };
	uint32_t before = sum(data, size);
	struct rproc_image *image = NULL;
	struct rproc_image_info info;
	int ret;

	ret = rproc_image_check(&fw, &checked);
	FUZZ_ASSERT(ret == 0 || ret == -EINVAL);
	check_report(&checked, ret);
	FUZZ_ASSERT(ret == rproc_image_check(&fw, NULL));
	FUZZ_ASSERT(ret == rproc_image_open(&fw, &opened, &image));
	check_report(&opened, ret);
	FUZZ_ASSERT((ret == 0) == (image != NULL));
	if (ret) {
		FUZZ_ASSERT(!strcmp(checked.finding[0].log, opened.finding[0].log));
		return 0;
	}
	rproc_image_info(image, &info);
	FUZZ_ASSERT(!strcmp(info.format, "ELF"));
	FUZZ_ASSERT(info.elf_class == 1 || info.elf_class == 2);
	check_segments(&fw, image, info.num_segments);
	check_table(&fw, image, &info);
	rproc_image_close(image);
	FUZZ_ASSERT(before == sum(data, size));
	return 0;
}
