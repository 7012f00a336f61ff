/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the questions that this processor alone asks of an image: instruction
 * set, addresses, entry. Pure; the format itself is the library's business.
 */
#include "host_image.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"

struct verdict {
	char *story;
	size_t story_len;
};

static int refuse(const struct verdict *verdict, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(const struct verdict *verdict, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(verdict->story, verdict->story_len, fmt, args);
	va_end(args);
	return -EINVAL;
}

static int check_segment(const struct rproc_image_segment *segment, size_t index,
			 uint64_t window_len, const struct verdict *verdict)
{
	const uint64_t begin = RPROC_HOST_WINDOW_DA, end = begin + window_len;

	if (segment->memsz > UINT64_MAX - segment->da)
		return refuse(verdict, "segment %zu: 0x%llx bytes at 0x%llx do not fit an address",
			      index, (unsigned long long)segment->memsz,
			      (unsigned long long)segment->da);
	if (segment->da < begin)
		return refuse(verdict,
			      "segment %zu needs 0x%llx..0x%llx; the memory of this processor is "
			      "0x%llx..0x%llx: 0x%llx bytes below it. Link the firmware at 0x%llx",
			      index, (unsigned long long)segment->da,
			      (unsigned long long)(segment->da + segment->memsz - 1),
			      (unsigned long long)begin, (unsigned long long)end - 1,
			      (unsigned long long)(begin - segment->da), (unsigned long long)begin);
	if (segment->da + segment->memsz > end)
		return refuse(
			verdict,
			"segment %zu needs 0x%llx..0x%llx; the memory of this processor is "
			"0x%llx..0x%llx: 0x%llx bytes over. A larger memory-size in the device "
			"tree, or a smaller firmware",
			index, (unsigned long long)segment->da,
			(unsigned long long)(segment->da + segment->memsz - 1),
			(unsigned long long)begin, (unsigned long long)end - 1,
			(unsigned long long)(segment->da + segment->memsz - end));
	return 0;
}

/* More segments than there is room to remember grow the last range over all of them. */
static void add_range(struct host_layout *layout, const struct rproc_image_segment *segment)
{
	const uint32_t da = (uint32_t)segment->da, len = (uint32_t)segment->memsz;
	struct host_range *range;
	uint64_t end, begin;

	if (layout->num_ranges < HOST_MAX_RANGES) {
		range = &layout->range[layout->num_ranges++];
		range->da = da;
		range->len = len;
		return;
	}
	range = &layout->range[HOST_MAX_RANGES - 1];
	begin = da < range->da ? da : range->da;
	end = (uint64_t)range->da + range->len;
	if ((uint64_t)da + len > end)
		end = (uint64_t)da + len;
	range->da = (uint32_t)begin;
	range->len = (uint32_t)(end - begin);
}

static int check_segments(const struct rproc_image *image, uint64_t window_len, uint64_t entry,
			  struct host_layout *layout, const struct verdict *verdict)
{
	struct rproc_image_segment segment;
	bool entered = false;
	size_t i;
	int ret;

	for (i = 0; !rproc_image_segment(image, i, &segment); i++) {
		if (!segment.load)
			continue;
		ret = check_segment(&segment, i, window_len, verdict);
		if (ret)
			return ret;
		add_range(layout, &segment);
		if (entry >= segment.da && entry - segment.da < segment.memsz)
			entered = true;
	}
	if (!layout->num_ranges)
		return refuse(verdict,
			      "the image has nothing to load: no PT_LOAD segment with bytes");
	if (!entered)
		return refuse(
			verdict,
			"the entry 0x%llx lies in no segment that is loaded; check ENTRY() of "
			"the linker script",
			(unsigned long long)entry);
	return 0;
}

static void find_table(const struct rproc_image *image, uint64_t window_len,
		       struct host_layout *layout)
{
	const uint64_t begin = RPROC_HOST_WINDOW_DA;
	const void *table;
	uint64_t da;
	size_t size;

	if (rproc_image_table(image, NULL, &table, &size, &da))
		return;
	/* A table that is not loaded anywhere is the host's alone. */
	if (da < begin || size > window_len || da - begin > window_len - size)
		return;
	layout->table_da = (uint32_t)da;
	layout->table_len = (uint32_t)size;
}

int host_image_layout(const struct rproc_firmware *fw, uint64_t window_len,
		      struct host_layout *ret_layout, char *story, size_t story_len)
{
	const struct verdict verdict = { story, story_len };
	struct host_layout layout;
	struct rproc_image_info info;
	struct rproc_image *image;
	int ret;

	ret = rproc_image_open(fw, NULL, &image);
	if (ret) {
		refuse(&verdict, "the image cannot be opened: %s", strerror(-ret));
		return ret;
	}
	rproc_image_info(image, &info);
	memset(&layout, 0, sizeof(layout));
	layout.entry = info.bootaddr;
	if (info.elf_class != ELFCLASS64 || info.elf_machine != HOST_ARCH_MACHINE)
		ret = refuse(&verdict,
			     "the image is ELF%d for machine %u; this processor runs ELF64 for "
			     "machine %d (%s): build it with this machine's own compiler",
			     info.elf_class == ELFCLASS64 ? 64 : 32, info.elf_machine,
			     HOST_ARCH_MACHINE, HOST_ARCH_NAME);
	else
		ret = check_segments(image, window_len, info.bootaddr, &layout, &verdict);
	if (!ret) {
		find_table(image, window_len, &layout);
		*ret_layout = layout;
	}
	rproc_image_close(image);
	return ret;
}

bool host_image_lacks_table(const struct rproc_firmware *fw)
{
	struct rproc_image *image;
	uint64_t da, size = 0;
	bool lacks;

	if (rproc_image_open(fw, NULL, &image))
		return false;
	lacks = rproc_image_section(image, ".resource_table", &da, &size) == -ENOENT ||
		size < sizeof(struct rproc_resource_table);
	rproc_image_close(image);
	return lacks;
}
