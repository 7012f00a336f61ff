/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry of image formats and the accessors that are the same for all of
 * them. Knows no format's layout: adding one is a line in formats[].
 */
#include "base/api.h"
#include "image/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/report.h"

/* The smallest image there is: an ELF32 header. The kernel asks this before the magic. */
#define MIN_IMAGE_SIZE 52

static const struct rproc_image_format *const formats[] = {
	&rproc_image_format_elf,
};

static const struct rproc_image_format *find_format(const struct rproc_firmware *fw)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i]->probe(fw))
			return formats[i];
	return NULL;
}

static int refuse_foreign(const struct rproc_firmware *fw, struct rproc_report *report)
{
	char hint[RPROC_IMAGE_HINT_LEN];

	rproc_image_foreign_hint(fw, hint);
	if (fw->size < MIN_IMAGE_SIZE)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "Image is too small",
				  "image of %zu bytes: an ELF file has at least %d; %s", fw->size,
				  MIN_IMAGE_SIZE, hint);
	return report_add(report, -EINVAL, RPROC_LOG_ERR, "Image is corrupted (bad magic)",
			  "image of %zu bytes is not an ELF file: %s", fw->size, hint);
}

static int choose_format(const struct rproc_firmware *fw, struct rproc_report *report,
			 const struct rproc_image_format **ret_format)
{
	const struct rproc_image_format *format;

	/* The kernel's line for this case holds the processor's name: the caller's to print. */
	if (!fw || (!fw->data && fw->size))
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
				  "there is no image to look at: set a firmware first");
	format = find_format(fw);
	if (!format)
		return refuse_foreign(fw, report);
	*ret_format = format;
	return 0;
}

RPROC_API int rproc_image_check(const struct rproc_firmware *fw, struct rproc_report *report)
{
	const struct rproc_image_format *format;
	int ret;

	ret = choose_format(fw, report, &format);
	if (ret)
		return ret;
	return format->check(fw, report);
}

/* ---- the resource table ------------------------------------------------------ */

static int check_table(const struct rproc_image *image, struct rproc_report *report)
{
	if (!range_ok(image->table_offset, image->table_size, image->fw.size))
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "resource table truncated",
				  ".resource_table at file offset 0x%" PRIx64 " with 0x%" PRIx64
				  " bytes does not lie in the image of 0x%zx bytes: the file is "
				  "cut short or its section header is wrong",
				  image->table_offset, image->table_size, image->fw.size);
	return rproc_resource_table_check_header((const uint8_t *)image->fw.data +
							 image->table_offset,
						 (size_t)image->table_size, report);
}

/* A bad table does not refuse the image: what was found becomes remarks. */
static void look_at_table(struct rproc_image *image, struct rproc_report *report)
{
	struct rproc_report found = { 0 };
	int ret;

	if (!image->table_found)
		return;
	ret = check_table(image, &found);
	for (unsigned int i = 0; i < found.count; i++)
		report_add(report, 0, found.finding[i].level, found.finding[i].log, "%s",
			   found.finding[i].story);
	if (ret)
		return;
	image->info.has_table = true;
	image->info.table_offset = image->table_offset;
	image->info.table_da = image->table_da;
	image->info.table_size = (size_t)image->table_size;
}

RPROC_API int rproc_image_table(const struct rproc_image *image, struct rproc_report *report,
				const void **ret_table, size_t *ret_size, uint64_t *ret_da)
{
	int ret;

	if (!image->table_found)
		return -ENOENT;
	ret = check_table(image, report);
	if (ret)
		return ret;
	*ret_table = (const uint8_t *)image->fw.data + image->table_offset;
	*ret_size = (size_t)image->table_size;
	*ret_da = image->table_da;
	return 0;
}

/* ---- opening and asking ---------------------------------------------------------- */

RPROC_API int rproc_image_open(const struct rproc_firmware *fw, struct rproc_report *report,
			       struct rproc_image **ret_image)
{
	const struct rproc_image_format *format;
	struct rproc_image *image;
	int ret;

	ret = choose_format(fw, report, &format);
	if (ret)
		return ret;
	image = calloc(1, sizeof(*image));
	if (!image)
		return -ENOMEM;
	image->fw = *fw;
	image->format = format;
	image->info.format = format->name;
	ret = format->decode(image, report);
	if (ret)
		goto err_close_image;
	look_at_table(image, report);
	*ret_image = image;
	return 0;

err_close_image:
	rproc_image_close(image);
	return ret;
}

RPROC_API void rproc_image_close(struct rproc_image *image)
{
	if (!image)
		return;
	free(image->segments);
	free(image);
}

RPROC_API void rproc_image_info(const struct rproc_image *image, struct rproc_image_info *ret_info)
{
	*ret_info = image->info;
}

RPROC_API int rproc_image_section(const struct rproc_image *image, const char *name,
				  uint64_t *ret_da, uint64_t *ret_size)
{
	return image->format->section(image, name, ret_da, ret_size);
}

/* ---- segments ---------------------------------------------------------------------- */

RPROC_API int rproc_image_segment(const struct rproc_image *image, size_t index,
				  struct rproc_image_segment *ret_segment)
{
	if (index >= image->info.num_segments)
		return -ENOENT;
	*ret_segment = image->segments[index];
	return 0;
}

static int refuse_truncated(const struct rproc_image *image, size_t index,
			    struct rproc_report *report)
{
	const struct rproc_image_segment *segment = &image->segments[index];
	uint64_t need = add_sat(segment->offset, segment->filesz);
	char log[96];

	snprintf(log, sizeof(log), "truncated fw: need 0x%" PRIx64 " avail 0x%zx", need,
		 image->fw.size);
	return report_add(report, -EINVAL, RPROC_LOG_ERR, log,
			  "segment %zu (da 0x%" PRIx64 "): its 0x%" PRIx64
			  " file bytes at offset 0x%" PRIx64 " end 0x%" PRIx64
			  " bytes past the end of the image (0x%zx): the file was cut short, copy "
			  "it again",
			  index, segment->da, segment->filesz, segment->offset,
			  need - image->fw.size, image->fw.size);
}

RPROC_API int rproc_image_segment_check(const struct rproc_image *image, size_t index,
					struct rproc_report *report)
{
	const struct rproc_image_segment *segment;
	char log[96];

	if (index >= image->info.num_segments)
		return -ENOENT;
	segment = &image->segments[index];
	if (!segment->load)
		return 0;
	if (segment->filesz > segment->memsz) {
		snprintf(log, sizeof(log), "bad phdr filesz 0x%" PRIx64 " memsz 0x%" PRIx64,
			 segment->filesz, segment->memsz);
		return report_add(report, -EINVAL, RPROC_LOG_ERR, log,
				  "segment %zu (da 0x%" PRIx64 "): 0x%" PRIx64
				  " bytes in the file do not fit 0x%" PRIx64
				  " bytes of memory: its program header is wrong, link it again",
				  index, segment->da, segment->filesz, segment->memsz);
	}
	if (!range_ok(segment->offset, segment->filesz, image->fw.size))
		return refuse_truncated(image, index, report);
	if ((size_t)segment->memsz != segment->memsz) {
		snprintf(log, sizeof(log), "size (%" PRIx64 ") does not fit in size_t type",
			 segment->memsz);
		return report_add(report, -EOVERFLOW, RPROC_LOG_ERR, log,
				  "segment %zu (da 0x%" PRIx64 "): 0x%" PRIx64
				  " bytes of memory are more than this host can address",
				  index, segment->da, segment->memsz);
	}
	return 0;
}
