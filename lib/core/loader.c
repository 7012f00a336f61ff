/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loader ops over the image registry: what rproc_alloc() installs for a
 * driver without a load op of its own. Names are the kernel's
 * (remoteproc_elf_loader.c) though other formats may stand behind them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"

#define EI_CLASS 4 /* of an ELF file's first bytes: 1 is 32 bits, 2 is 64 */

void rproc_install_loader(struct rproc_ops *ops)
{
	ops->load = rproc_elf_load_segments;
	ops->parse_fw = rproc_elf_load_rsc_table;
	ops->find_loaded_rsc_table = rproc_elf_find_loaded_rsc_table;
	ops->sanity_check = rproc_elf_sanity_check;
	ops->get_boot_addr = rproc_elf_get_boot_addr;
}

static bool is_elf(const struct rproc_firmware *fw)
{
	return fw->size > EI_CLASS && !memcmp(fw->data, "\177ELF", EI_CLASS);
}

RPROC_API int rproc_elf_sanity_check(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct rproc_report report = { 0 };
	int ret = rproc_image_check(fw, &report);

	if (!ret && is_elf(fw))
		rproc_debug(rproc, ELF_CLASS, ((const uint8_t *)fw->data)[EI_CLASS] == 1 ? 32 : 64);
	return rproc_report_findings(rproc, ret, "image", &report);
}

static int open_image(struct rproc *rproc, const struct rproc_firmware *fw,
		      struct rproc_image **ret_image)
{
	struct rproc_report report = { 0 };
	int ret = rproc_image_open(fw, &report, ret_image);

	/* Findings about the table belong to those who look at the table. */
	return ret ? rproc_report_findings(rproc, ret, "image", &report) : 0;
}

/* For the ops whose result cannot say it: that memory is short is no property of the image. */
static void note_loader_error(struct rproc *rproc, int error)
{
	if (error == -ENOMEM)
		rproc->loader_error = error;
}

RPROC_API uint64_t rproc_elf_get_boot_addr(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct rproc_image_info info;
	struct rproc_image *image;
	int ret;

	ret = open_image(rproc, fw, &image);
	note_loader_error(rproc, ret);
	if (ret)
		return 0;
	rproc_image_info(image, &info);
	rproc_image_close(image);
	return info.bootaddr;
}

/* ---- a segment that lies in no memory: what the linker put there, and what is near ------ */

/* Sections that tell a person which part of a linker script is meant. */
static void name_sections(const struct rproc_image *image,
			  const struct rproc_image_segment *segment, char *buf, size_t len)
{
	static const char *const usual[] = { ".isr_vector", ".isr_vectors",   ".vectors",
					     ".interrupts", ".text",	      ".rodata",
					     ".data",	    ".bss",	      ".heap",
					     ".stack",	    ".resource_table" };
	uint64_t da, size;
	size_t used = 0;
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]) && used < len; i++) {
		/* sections have run addresses, which may not be where they are loaded */
		if (rproc_image_section(image, usual[i], &da, &size) || !size || da < segment->va ||
		    da - segment->va >= segment->memsz)
			continue;
		used += (size_t)snprintf(buf + used, len - used, "%s%s", used ? " " : " (",
					 usual[i]);
	}
	if (used && used < len)
		snprintf(buf + used, len - used, ")");
}

/* How far @da is from a memory: 0 inside it. */
static uint64_t distance(const struct rproc_mem_entry *mem, uint64_t da)
{
	if (da < mem->da)
		return mem->da - da;
	return da - mem->da < mem->len ? 0 : da - mem->da - mem->len + 1;
}

static void describe_nearest(struct rproc *rproc, const struct rproc_image_segment *segment,
			     char *buf, size_t len)
{
	const struct rproc_mem_entry *nearest = NULL;
	uint64_t end = segment->da + segment->memsz;
	struct list *item;

	list_for_each(item, &rproc->carveouts) {
		const struct rproc_mem_entry *mem = list_entry(item, struct rproc_mem_entry, link);

		if (mem->va && mem->len &&
		    (!nearest || distance(mem, segment->da) < distance(nearest, segment->da)))
			nearest = mem;
	}
	if (!nearest)
		snprintf(buf, len, "it has none: the board lists no memory for it");
	else if (!distance(nearest, segment->da))
		snprintf(buf, len, "%s ends at 0x%llx: %llu bytes over", nearest->name,
			 (unsigned long long)nearest->da + nearest->len - 1,
			 (unsigned long long)(end - nearest->da - nearest->len));
	else
		snprintf(buf, len, "the nearest is %s at 0x%x..0x%llx", nearest->name, nearest->da,
			 (unsigned long long)nearest->da + nearest->len - 1);
}

static int refuse_segment(struct rproc *rproc, const struct rproc_image *image, size_t index,
			  const struct rproc_image_segment *segment)
{
	const char *remedy = "compare the linker script with carveout_memories";
	char sections[160], nearest[160];

	/* a linker that aligns to pages takes the headers along */
	if (!segment->offset && segment->filesz)
		remedy = "it begins with the file's own headers: link with -n (--nmagic)";
	rproc_log(rproc, RPROC_LOG_ERR, "bad phdr da 0x%llx mem 0x%llx",
		  (unsigned long long)segment->da, (unsigned long long)segment->memsz);
	name_sections(image, segment, sections, sizeof(sections));
	describe_nearest(rproc, segment, nearest, sizeof(nearest));
	return rproc_story(rproc, -EINVAL, "load",
			   "segment %zu needs 0x%llx..0x%llx%s, which lies in no memory of %s; %s; "
			   "%s",
			   index, (unsigned long long)segment->da,
			   (unsigned long long)(segment->da + segment->memsz - 1), sections,
			   rproc->name, nearest, remedy);
}

/* ---- loading ------------------------------------------------------------------------------ */

static void copy_segment(const struct rproc_firmware *fw, const struct rproc_image_segment *segment,
			 char *va, bool is_iomem)
{
	const char *from = (const char *)fw->data + segment->offset;
	size_t filesz = (size_t)segment->filesz;
	size_t rest = (size_t)(segment->memsz - segment->filesz);

	if (is_iomem) {
		rproc_iomem_copy_to(va, from, filesz);
		rproc_iomem_fill(va + filesz, 0, rest);
	} else {
		memcpy(va, from, filesz);
		memset(va + filesz, 0, rest);
	}
}

static int load_segment(struct rproc *rproc, const struct rproc_firmware *fw,
			const struct rproc_image *image, size_t index,
			const struct rproc_image_segment *segment)
{
	struct rproc_report report = { 0 };
	bool is_iomem = false;
	char *va;
	int ret = rproc_image_segment_check(image, index, &report);

	if (ret)
		return rproc_report_findings(rproc, ret, "load", &report);
	rproc_debug(rproc, SEGMENT, index, (unsigned long long)segment->da,
		    (unsigned long long)segment->filesz, (unsigned long long)segment->memsz);
	va = rproc_da_to_va(rproc, segment->da, (size_t)segment->memsz, &is_iomem);
	if (!va)
		return refuse_segment(rproc, image, index, segment);
	copy_segment(fw, segment, va, is_iomem);
	return 0;
}

RPROC_API int rproc_elf_load_segments(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct rproc_image_segment segment;
	struct rproc_image *image;
	size_t i;
	int ret = open_image(rproc, fw, &image);

	if (ret)
		return ret;
	for (i = 0; !ret && !rproc_image_segment(image, i, &segment); i++) {
		if (segment.load)
			ret = load_segment(rproc, fw, image, i, &segment);
	}
	rproc_image_close(image);
	return ret;
}

/* The table of an image, or -EINVAL for "absent" and "malformed" alike, as the kernel has it. */
static int find_table(struct rproc *rproc, const struct rproc_image *image, const void **ret_table,
		      size_t *ret_size, uint64_t *ret_da)
{
	struct rproc_report report = { 0 };
	int ret = rproc_image_table(image, &report, ret_table, ret_size, ret_da);

	if (ret == -ENOENT)
		return rproc_story(
			rproc, -EINVAL, "image",
			"the image has no section .resource_table: link the firmware with "
			"one, or use a driver that boots without");
	if (!ret && *ret_size > RPROC_TABLE_MAX)
		return rproc_story(rproc, -EINVAL, "image",
				   "the resource table has %zu bytes, %u are possible", *ret_size,
				   RPROC_TABLE_MAX);
	return rproc_report_findings(rproc, ret, "image", &report);
}

RPROC_API int rproc_elf_load_rsc_table(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct rproc_resource_table *cached;
	struct rproc_image *image;
	const void *table;
	uint64_t da;
	size_t size;
	int ret = open_image(rproc, fw, &image);

	if (ret)
		return ret;
	ret = find_table(rproc, image, &table, &size, &da);
	if (ret)
		goto out_close;
	cached = malloc(size);
	if (!cached) {
		ret = -ENOMEM;
		goto out_close;
	}
	memcpy(cached, table, size);
	rproc_table_set(rproc, cached, cached, size);

out_close:
	rproc_image_close(image);
	return ret;
}

RPROC_API struct rproc_resource_table *
rproc_elf_find_loaded_rsc_table(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct rproc_resource_table *loaded = NULL;
	struct rproc_report report = { 0 };
	struct rproc_image *image;
	const void *table;
	uint64_t da;
	size_t size;
	int ret;

	/* Nowhere is an answer and no failure: it leaves the story of a crash alone. */
	ret = rproc_image_open(fw, &report, &image);
	if (ret)
		goto out_log;
	report = (struct rproc_report){ 0 };
	/* After a recovery the file may be another: what will be copied must fit too. */
	if (!rproc_image_table(image, &report, &table, &size, &da))
		loaded = rproc_da_to_va(rproc, da,
					size > rproc->table_size ? size : rproc->table_size, NULL);
	rproc_image_close(image);

out_log:
	note_loader_error(rproc, ret);
	rproc_log_findings(rproc, &report);
	return loaded;
}
