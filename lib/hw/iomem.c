/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ranges of addresses, mapped on whatever a context's hardware is, and what can be
 * checked about one before a driver relies on it. Knows no device tree beyond the
 * name of the node a range was read from.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/api.h"
#include "base/bytes.h"
#include "base/report.h"
#include "board/board.h"
#include "core/internal.h"
#include "hw/backend.h"
#include "hw/barrier.h"

#define SYSFS  "/sys"
#define DEV    "/dev"
#define DEVMEM "/dev/mem"

struct rproc_iomem {
	struct rproc_context *context;
	enum rproc_iomem_kind kind;
	uint64_t pa;
	size_t len;
	struct rproc_mapping mapping;	    /* va NULL: registers of a model */
	const struct rproc_hw_model *model; /* NULL: real hardware */
	void *machine;
};

/* ---- before anything is touched ----------------------------------------------------------- */

/* The kernel's driver and ours would fight over a register with a protocol behind it. */
static int check_unbound(const struct rproc_device *owner, struct rproc_report *report)
{
	struct rproc_live_driver driver;
	int error;

	error = rproc_live_find_driver(SYSFS, owner->dt_path, &driver);
	if (error) /* none, or no sysfs that could tell */
		return 0;
	return report_add(report, -EBUSY, RPROC_LOG_ERR, "",
			  "node %.80s: the kernel's driver %.40s has it: first echo %.60s > " SYSFS
			  "/bus/platform/drivers/%.40s/unbind",
			  owner->dt_path, driver.driver, driver.device, driver.driver);
}

static int check_region(const struct rproc_device *owner, const struct rproc_region *region,
			enum rproc_iomem_kind kind, struct rproc_report *report)
{
	if (!region->len || region->len > RPROC_HW_MAP_MAX ||
	    region->pa > UINT64_MAX - (region->len - 1))
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
				  "node %.80s: 0x%" PRIx64 " with 0x%" PRIx64
				  " bytes is no range that can be mapped",
				  owner->dt_path, region->pa, region->len);
	if (owner->context->hw->backend == RPROC_HW_MODEL)
		return 0;
	if (kind == RPROC_IOMEM_MEMORY && !region->no_map)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
				  "memory %s at 0x%" PRIx64
				  " is System RAM to Linux: give its node "
				  "`no-map` and reboot",
				  region->name, region->pa);
	return kind == RPROC_IOMEM_EXCLUSIVE ? check_unbound(owner, report) : 0;
}

/* ---- mapping ------------------------------------------------------------------------------- */

static int map_model(struct rproc_iomem *iomem, struct rproc_report *report)
{
	uint32_t ignored;
	int error;

	error = rproc_hw_machine(iomem->context, &iomem->model, &iomem->machine);
	if (error)
		return report_add(report, error, RPROC_LOG_ERR, "", "no machine is switched on");
	if (iomem->kind != RPROC_IOMEM_MEMORY) {
		error = iomem->model->read32(iomem->machine, iomem->pa & ~UINT64_C(3), &ignored);
	} else {
		error = iomem->model->map(iomem->machine, iomem->pa, iomem->len,
					  &iomem->mapping.va);
	}
	if (error)
		return report_add(report, error, RPROC_LOG_ERR, "",
				  "the model has nothing at 0x%" PRIx64 " with 0x%zx bytes (%s)",
				  iomem->pa, iomem->len, strerror(-error));
	return 0;
}

static int map(struct rproc_iomem *iomem, struct rproc_report *report)
{
	switch (iomem->context->hw->backend) {
	case RPROC_HW_MODEL:
		return map_model(iomem, report);
	case RPROC_HW_UIO:
		return rproc_uio_map(SYSFS, DEV, iomem->pa, iomem->len, report, &iomem->mapping);
	default:
		return rproc_devmem_map(DEVMEM, iomem->pa, iomem->len, report, &iomem->mapping);
	}
}

RPROC_API int rproc_iomem_map(const struct rproc_device *owner, const struct rproc_region *region,
			      enum rproc_iomem_kind kind, struct rproc_report *report,
			      struct rproc_iomem **ret_iomem)
{
	struct rproc_iomem *iomem;
	int error;

	error = check_region(owner, region, kind, report);
	if (error)
		return error;
	iomem = calloc(1, sizeof(*iomem));
	if (!iomem)
		return -ENOMEM;
	iomem->context = owner->context;
	iomem->kind = kind;
	iomem->pa = region->pa;
	iomem->len = (size_t)region->len;
	error = map(iomem, report);
	if (error) {
		free(iomem);
		return error;
	}
	*ret_iomem = iomem;
	return 0;
}

RPROC_API void rproc_iomem_unmap(struct rproc_iomem *iomem)
{
	if (!iomem)
		return;
	if (!iomem->model)
		rproc_mapping_unmap(&iomem->mapping);
	else if (iomem->mapping.va)
		iomem->model->unmap(iomem->machine, iomem->mapping.va, iomem->len);
	free(iomem);
}

RPROC_API uint64_t rproc_iomem_pa(const struct rproc_iomem *iomem)
{
	return iomem->pa;
}

RPROC_API size_t rproc_iomem_len(const struct rproc_iomem *iomem)
{
	return iomem->len;
}

RPROC_API void *rproc_iomem_va(const struct rproc_iomem *iomem)
{
	return iomem->kind == RPROC_IOMEM_MEMORY ? iomem->mapping.va : NULL;
}

/* ---- registers ------------------------------------------------------------------------------- */

static bool is_register(const struct rproc_iomem *iomem, uint64_t offset)
{
	return iomem->kind != RPROC_IOMEM_MEMORY && !((iomem->pa + offset) % 4) &&
	       range_ok(offset, 4, iomem->len);
}

static volatile uint32_t *register_va(const struct rproc_iomem *iomem, uint64_t offset)
{
	return (volatile uint32_t *)((char *)iomem->mapping.va + offset);
}

RPROC_API int rproc_iomem_read32(struct rproc_iomem *iomem, uint64_t offset, uint32_t *ret_value)
{
	if (!is_register(iomem, offset))
		return -EINVAL;
	if (iomem->model)
		return iomem->model->read32(iomem->machine, iomem->pa + offset, ret_value);
	*ret_value = *register_va(iomem, offset);
	rproc_io_barrier();
	return 0;
}

RPROC_API int rproc_iomem_write32(struct rproc_iomem *iomem, uint64_t offset, uint32_t value)
{
	if (!is_register(iomem, offset))
		return -EINVAL;
	rproc_io_barrier();
	if (iomem->model)
		return iomem->model->write32(iomem->machine, iomem->pa + offset, value);
	*register_va(iomem, offset) = value;
	return 0;
}

/* ---- memory -------------------------------------------------------------------------------- */

RPROC_API int rproc_iomem_check_write(struct rproc_iomem *iomem, struct rproc_report *report)
{
	uint32_t old, probe, read;
	void *va = rproc_iomem_va(iomem);

	if (!va || iomem->len < sizeof(old))
		return -EINVAL;
	rproc_iomem_copy_from(&old, va, sizeof(old));
	probe = ~old;
	rproc_iomem_copy_to(va, &probe, sizeof(probe));
	rproc_iomem_copy_from(&read, va, sizeof(read));
	rproc_iomem_copy_to(va, &old, sizeof(old));
	if (read == probe)
		return 0;
	return report_add(report, -EIO, RPROC_LOG_ERR, "",
			  "memory at 0x%" PRIx64 " does not keep what is written (wrote 0x%08x, "
			  "reads 0x%08x): its clock or power is off, or a firewall guards it",
			  iomem->pa, probe, read);
}
