/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an image or a running core brings: segments, the vector table that the core
 * will fetch first, the resource table. The core has no boot register: after
 * reset it reads its stack pointer and entry at device address 0, whatever the
 * image's entry is.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "stm32.h"

#define VECTORS_LEN 8u	/* stack pointer and reset vector */
#define EM_ARM_ELF  40u /* e_machine */

/* ---- the first fetch -------------------------------------------------------------------- */

static uint32_t load_word(const void *bytes)
{
	const uint8_t *b = bytes;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Does a segment of this image put bytes at the vectors' place? */
static bool writes_vectors(const struct rproc_image *image)
{
	struct rproc_image_segment segment;
	size_t i;

	for (i = 0; !rproc_image_segment(image, i, &segment); i++)
		if (segment.load && segment.da == 0 && segment.filesz >= VECTORS_LEN)
			return true;
	return false;
}

static void check_vectors(struct stm32 *stm32, bool written)
{
	uint8_t bytes[VECTORS_LEN];
	uint32_t sp, pc;
	void *va;

	va = rproc_da_to_va(stm32->rproc, 0, VECTORS_LEN, NULL);
	if (!va) {
		rproc_remark(stm32->rproc, "load",
			     "the core fetches its first words at da 0x0, where no memory is: add "
			     "RETRAM to memory-region");
		return;
	}
	rproc_iomem_copy_from(bytes, va, sizeof(bytes));
	sp = load_word(bytes);
	pc = load_word(bytes + 4);
	if (!written)
		rproc_remark(stm32->rproc, "load",
			     "the core's first fetch is da 0x0..0x7, and no segment of this image "
			     "loads there; it will find what was left: stack pointer 0x%08x, entry "
			     "0x%08x. Link the vector table into RETRAM",
			     sp, pc);
	else if (!(pc & 1))
		rproc_remark(stm32->rproc, "load",
			     "the reset vector at da 0x4 is 0x%08x, an even number: the core runs "
			     "Thumb code only and will fault",
			     pc);
	else if (!rproc_da_to_va(stm32->rproc, pc & ~1u, 2, NULL))
		rproc_remark(stm32->rproc, "load",
			     "the reset vector at da 0x4 is 0x%08x, which lies in no memory of the "
			     "core: it will fault",
			     pc);
}

int stm32_load(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct stm32 *stm32 = rproc_priv(rproc);
	struct rproc_image_info info;
	struct rproc_image *image;
	int error;

	error = rproc_elf_load_segments(rproc, fw);
	if (error)
		return error;
	/* it was opened a moment ago; without memory for it again only the advice is lost */
	if (rproc_image_open(fw, NULL, &image))
		return 0;
	rproc_image_info(image, &info);
	if (info.elf_machine != EM_ARM_ELF)
		rproc_remark(stm32->rproc, "load",
			     "the image is for ELF machine %u, the core is an ARM Cortex-M4 (%u)",
			     info.elf_machine, EM_ARM_ELF);
	check_vectors(stm32, writes_vectors(image));
	rproc_image_close(image);
	return 0;
}

int stm32_parse_fw(struct rproc *rproc, const struct rproc_firmware *fw)
{
	if (rproc_elf_load_rsc_table(rproc, fw))
		rproc_log(rproc, RPROC_LOG_WARNING, "no resource table found for this firmware");
	return 0;
}

/* ---- the table of a running core ----------------------------------------------------------- */

static int map_table(struct stm32 *stm32, uint32_t da)
{
	struct rproc_region region = {
		.name = "resource table", .len = STM32_TABLE_SIZE, .da = da, .no_map = true
	};
	struct rproc_report report = { 0 };
	int error;

	error = rproc_device_da_to_pa(stm32->device, da, STM32_TABLE_SIZE, &region.pa);
	if (error) {
		rproc_device_log(stm32->device, RPROC_LOG_ERR, "can't translate da %x", da);
		return rproc_story(stm32->rproc, -EINVAL, "attach",
				   "the backup register at 0x%" PRIx64
				   " says that the resource table is at da 0x%x, and no window of "
				   "dma-ranges holds 1024 bytes there",
				   rproc_syscon_pa(stm32->rsc_table), da);
	}
	error = rproc_iomem_map(stm32->device, &region, RPROC_IOMEM_MEMORY, &report, &stm32->table);
	if (!error)
		return 0;
	rproc_device_log(stm32->device, RPROC_LOG_ERR,
			 "Unable to map memory region: 0x%08" PRIx64 "+%x", region.pa,
			 STM32_TABLE_SIZE);
	rproc_report_findings(stm32->rproc, error, "attach", &report);
	return -ENOMEM;
}

/* Linux reads on whatever it finds; so do we, but a failure will then have its cause. */
static void check_header(struct stm32 *stm32, uint32_t da)
{
	struct rproc_resource_table header;

	rproc_iomem_copy_from(&header, rproc_iomem_va(stm32->table), sizeof(header));
	if (load_word(&header.ver) == 1)
		return;
	rproc_story(
		stm32->rproc, -EINVAL, "attach",
		"the backup register at 0x%" PRIx64 " says da 0x%x, and no resource table is "
		"there: its version would be %u, not 1. The firmware has none, or wrote over it",
		rproc_syscon_pa(stm32->rsc_table), da, load_word(&header.ver));
}

int stm32_get_loaded_rsc_table(struct rproc *rproc, struct rproc_resource_table **ret_table,
			       size_t *ret_size)
{
	struct stm32 *stm32 = rproc_priv(rproc);
	uint32_t da = 0;
	int error;

	if (!stm32->rsc_table)
		return rproc_story(
			rproc, -ENOENT, "attach",
			"the tree has no st,syscfg-rsc-tbl: where the running firmware's "
			"resource table is cannot be known");
	error = rproc_syscon_read(stm32->rsc_table, &da);
	if (error) {
		rproc_device_log(stm32->device, RPROC_LOG_ERR, "failed to read rsc tbl addr");
		return -EINVAL;
	}
	if (!da)
		return rproc_story(rproc, -ENOENT, "attach",
				   "the backup register at 0x%" PRIx64
				   " is 0: who started the core left no resource table",
				   rproc_syscon_pa(stm32->rsc_table));
	rproc_iomem_unmap(stm32->table);
	stm32->table = NULL;
	error = map_table(stm32, da);
	if (error)
		return error;
	check_header(stm32, da);
	*ret_table = rproc_iomem_va(stm32->table);
	*ret_size = STM32_TABLE_SIZE;
	return 0;
}
