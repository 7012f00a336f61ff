/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A few bits of a register that many share ("syscon" in Linux): a property holds
 * <phandle offset mask>. A change reads, modifies and writes under one lock of the
 * context. Knows nothing of what the bits do.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/api.h"
#include "base/report.h"
#include "core/internal.h"
#include "hw/backend.h"

struct rproc_syscon {
	struct rproc_hw *hw;
	struct rproc_iomem *regs;
	uint32_t offset, mask;
};

static int map_syscon(struct rproc_syscon *syscon, const struct rproc_phandle_args *args,
		      struct rproc_report *report)
{
	struct rproc_region region;
	uint32_t ignored;
	int error;

	error = rproc_device_reg(args->node, 0, &region);
	if (error)
		return error;
	error = rproc_iomem_map(args->node, &region, RPROC_IOMEM_REGISTERS, report, &syscon->regs);
	if (error)
		return error;
	/* a register that is not one is found out now, not in the middle of a start */
	return rproc_iomem_read32(syscon->regs, syscon->offset, &ignored);
}

RPROC_API int rproc_syscon_get(const struct rproc_device *device, const char *property,
			       struct rproc_report *report, struct rproc_syscon **ret_syscon)
{
	struct rproc_phandle_args args;
	struct rproc_syscon *syscon;
	int error;

	error = rproc_device_parse_phandle(device, property, NULL, 2, 0, &args);
	if (error == -ENOENT || error == -ENOMEM)
		return error;
	if (error)
		return report_add(report, error, RPROC_LOG_ERR, "",
				  "%s is not <phandle offset mask> of an enabled node", property);
	syscon = calloc(1, sizeof(*syscon));
	if (!syscon) {
		error = -ENOMEM;
		goto out_node;
	}
	syscon->hw = device->context->hw;
	syscon->offset = args.args[0];
	syscon->mask = args.args[1];
	error = map_syscon(syscon, &args, report);
	if (error) {
		if (!report || !report->count)
			report_add(report, error, RPROC_LOG_ERR, "",
				   "%s: node %.80s has no register at 0x%x", property,
				   args.node->dt_path, syscon->offset);
		rproc_syscon_put(syscon);
		/* "there is none" is what a missing property answers, nothing else */
		error = error == -ENOENT ? -ENXIO : error;
		goto out_node;
	}
	*ret_syscon = syscon;

out_node:
	rproc_device_put(args.node);
	return error;
}

RPROC_API void rproc_syscon_put(struct rproc_syscon *syscon)
{
	if (!syscon)
		return;
	rproc_iomem_unmap(syscon->regs);
	free(syscon);
}

RPROC_API int rproc_syscon_read(struct rproc_syscon *syscon, uint32_t *ret_value)
{
	uint32_t value;
	int error;

	error = rproc_iomem_read32(syscon->regs, syscon->offset, &value);
	if (!error)
		*ret_value = value & syscon->mask;
	return error;
}

RPROC_API int rproc_syscon_write(struct rproc_syscon *syscon, uint32_t value)
{
	uint32_t old;
	int error;

	pthread_mutex_lock(&syscon->hw->registers_lock);
	error = rproc_iomem_read32(syscon->regs, syscon->offset, &old);
	if (!error)
		error = rproc_iomem_write32(syscon->regs, syscon->offset,
					    (old & ~syscon->mask) | (value & syscon->mask));
	pthread_mutex_unlock(&syscon->hw->registers_lock);
	return error;
}

RPROC_API uint64_t rproc_syscon_pa(const struct rproc_syscon *syscon)
{
	return rproc_iomem_pa(syscon->regs) + syscon->offset;
}

RPROC_API uint32_t rproc_syscon_mask(const struct rproc_syscon *syscon)
{
	return syscon->mask;
}
