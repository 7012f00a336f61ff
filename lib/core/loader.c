/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loader ops over the image registry: what rproc_alloc() installs for a
 * driver without a load op of its own. Names are the kernel's
 * (remoteproc_elf_loader.c) though other formats may stand behind them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"

void rproc_install_loader(struct rproc_ops *ops)
{
	ops->load = rproc_elf_load_segments;
	ops->parse_fw = rproc_elf_load_rsc_table;
	ops->find_loaded_rsc_table = rproc_elf_find_loaded_rsc_table;
	ops->sanity_check = rproc_elf_sanity_check;
	ops->get_boot_addr = rproc_elf_get_boot_addr;
}

RPROC_API int rproc_elf_sanity_check(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct rproc_report report = { 0 };
	int ret = rproc_image_check(fw, &report);

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

RPROC_API uint64_t rproc_elf_get_boot_addr(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct rproc_image_info info;
	struct rproc_image *image;

	if (open_image(rproc, fw, &image))
		return 0;
	rproc_image_info(image, &info);
	rproc_image_close(image);
	return info.bootaddr;
}

static int load_segment(struct rproc *rproc, const struct rproc_firmware *fw,
			const struct rproc_image *image, size_t index,
			const struct rproc_image_segment *segment)
{
	struct rproc_report report = { 0 };
	char *va;
	int ret = rproc_image_segment_check(image, index, &report);

	if (ret)
		return rproc_report_findings(rproc, ret, "load", &report);
	va = rproc_da_to_va(rproc, segment->da, (size_t)segment->memsz, NULL);
	if (!va) {
		rproc_log(rproc, RPROC_LOG_ERR, "bad phdr da 0x%llx mem 0x%llx",
			  (unsigned long long)segment->da, (unsigned long long)segment->memsz);
		return rproc_story(rproc, -EINVAL, "load",
				   "segment %zu needs 0x%llx..0x%llx, which lies in no memory of %s; "
				   "compare the linker script with carveout_memories",
				   index, (unsigned long long)segment->da,
				   (unsigned long long)(segment->da + segment->memsz - 1),
				   rproc->name);
	}
	memcpy(va, (const char *)fw->data + segment->offset, (size_t)segment->filesz);
	memset(va + segment->filesz, 0, (size_t)(segment->memsz - segment->filesz));
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
		return rproc_story(rproc, -EINVAL, "image",
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
	struct rproc_image *image;
	const void *table;
	uint64_t da;
	size_t size;

	if (open_image(rproc, fw, &image))
		return NULL;
	/* After a recovery the file may be another: what will be copied must fit too. */
	if (!find_table(rproc, image, &table, &size, &da))
		loaded = rproc_da_to_va(rproc, da, size > rproc->table_size ? size : rproc->table_size,
					NULL);
	rproc_image_close(image);
	return loaded;
}
