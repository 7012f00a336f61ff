/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reset lines that are bits of registers, by the compatible of their controller:
 * one bit a line that asserts it while set or while clear, or a pair of registers of
 * which one asserts the lines written as 1 and the next one releases them. Lines
 * behind firmware cannot be reached from here, and that is said.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/api.h"
#include "base/report.h"
#include "core/internal.h"
#include "hw/backend.h"

enum reset_style {
	RESET_SET_ASSERTS,   /* bit set: in reset */
	RESET_CLEAR_ASSERTS, /* bit clear: in reset */
	RESET_SET_AND_CLEAR  /* write 1: assert; write 1 to the next register: release */
};

/* A line is bit id % 32 of the register at id / 32 * 4, for all of these. */
static const struct {
	const char *compatible;
	enum reset_style style;
} controllers[] = {
	{ "snps,dw-high-reset", RESET_SET_ASSERTS },
	{ "snps,dw-low-reset", RESET_CLEAR_ASSERTS },
	{ "st,stm32mp1-rcc", RESET_SET_AND_CLEAR },
};

struct rproc_reset {
	struct rproc_hw *hw;
	struct rproc_iomem *regs;
	enum reset_style style;
	uint32_t offset, bit;
};

static int find_style(const struct rproc_device *node, uint32_t id, struct rproc_report *report,
		      enum reset_style *ret_style)
{
	size_t i;

	for (i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		if (!rproc_device_is_compatible(node, controllers[i].compatible))
			continue;
		*ret_style = controllers[i].style;
		return 0;
	}
	if (rproc_device_is_compatible(node, "st,stm32mp1-rcc-secure") ||
	    !strcmp(rproc_device_node_name(node), "protocol"))
		return report_add(report, -ENOTSUP, RPROC_LOG_ERR, "",
				  "reset %u of node %.80s is behind SCMI firmware, which only the "
				  "kernel can call: use the kernel's remoteproc, or an open board",
				  id, node->dt_path);
	return report_add(report, -ENOTSUP, RPROC_LOG_ERR, "",
			  "reset %u of node %.80s: no driver for this controller", id,
			  node->dt_path);
}

static int open_reset(struct rproc_reset *reset, const struct rproc_phandle_args *args,
		      struct rproc_report *report)
{
	struct rproc_region region;
	uint32_t ignored;
	int error;

	if (args->count != 1)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
				  "node %.80s: #reset-cells is %u, not 1", args->node->dt_path,
				  args->count);
	error = find_style(args->node, args->args[0], report, &reset->style);
	if (error)
		return error;
	reset->offset = args->args[0] / 32 * 4;
	reset->bit = UINT32_C(1) << args->args[0] % 32;
	error = rproc_device_reg(args->node, 0, &region);
	if (!error)
		error = rproc_iomem_map(args->node, &region, RPROC_IOMEM_REGISTERS, report,
					&reset->regs);
	if (!error)
		error = rproc_iomem_read32(reset->regs, reset->offset, &ignored);
	if (!error && reset->style == RESET_SET_AND_CLEAR)
		error = rproc_iomem_read32(reset->regs, reset->offset + 4, &ignored);
	if (error && (!report || !report->count))
		report_add(report, error, RPROC_LOG_ERR, "",
			   "node %.80s has no register at 0x%x for reset %u", args->node->dt_path,
			   reset->offset, args->args[0]);
	return error == -ENOENT ? -ENXIO : error;
}

RPROC_API int rproc_reset_get_by_index(const struct rproc_device *device, unsigned int index,
				       struct rproc_report *report, struct rproc_reset **ret_reset)
{
	struct rproc_phandle_args args;
	struct rproc_reset *reset;
	int error;

	error = rproc_device_parse_phandle(device, "resets", "#reset-cells", 0, index, &args);
	if (error == -ENOENT || error == -ENOMEM)
		return error;
	if (error)
		return report_add(report, error, RPROC_LOG_ERR, "",
				  "entry %u of resets names no enabled reset controller", index);
	reset = calloc(1, sizeof(*reset));
	if (!reset) {
		error = -ENOMEM;
		goto out_node;
	}
	reset->hw = device->context->hw;
	error = open_reset(reset, &args, report);
	if (error)
		rproc_reset_put(reset);
	else
		*ret_reset = reset;

out_node:
	rproc_device_put(args.node);
	return error;
}

RPROC_API int rproc_reset_get(const struct rproc_device *device, const char *name,
			      struct rproc_report *report, struct rproc_reset **ret_reset)
{
	int index = rproc_device_match_string(device, "reset-names", name);

	if (index < 0)
		return index == -EILSEQ ? -EINVAL : -ENOENT;
	return rproc_reset_get_by_index(device, (unsigned int)index, report, ret_reset);
}

RPROC_API void rproc_reset_put(struct rproc_reset *reset)
{
	if (!reset)
		return;
	rproc_iomem_unmap(reset->regs);
	free(reset);
}

static int change(struct rproc_reset *reset, bool set)
{
	uint32_t old;
	int error;

	pthread_mutex_lock(&reset->hw->registers_lock);
	error = rproc_iomem_read32(reset->regs, reset->offset, &old);
	if (!error)
		error = rproc_iomem_write32(reset->regs, reset->offset,
					    set ? old | reset->bit : old & ~reset->bit);
	pthread_mutex_unlock(&reset->hw->registers_lock);
	return error;
}

RPROC_API int rproc_reset_assert(struct rproc_reset *reset)
{
	if (reset->style == RESET_SET_AND_CLEAR)
		return rproc_iomem_write32(reset->regs, reset->offset, reset->bit);
	return change(reset, reset->style == RESET_SET_ASSERTS);
}

RPROC_API int rproc_reset_deassert(struct rproc_reset *reset)
{
	if (reset->style == RESET_SET_AND_CLEAR)
		return rproc_iomem_write32(reset->regs, (uint64_t)reset->offset + 4, reset->bit);
	return change(reset, reset->style == RESET_CLEAR_ASSERTS);
}
