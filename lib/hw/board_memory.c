/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory provider of a device on a modelled board: pieces of the board's free
 * RAM, with the device address that the buses above the node give them. One that
 * the device does not reach has none, as in Linux. Knows no processor.
 */
#include <errno.h>
#include "base/api.h"
#include "core/internal.h"
#include "hw/backend.h"

static int board_alloc(void *priv, size_t len, size_t align, uint32_t da,
		       struct rproc_memory *ret_memory)
{
	struct rproc_device *device = priv;
	struct rproc_dma_pool *pool = device->context->hw->pool;
	struct rproc_memory memory = { .len = len };
	const struct rproc_hw_model *model;
	void *machine;
	int error;

	(void)da; /* Linux does not look at it either, and warns when it differs */
	error = rproc_hw_machine(device->context, &model, &machine);
	if (error || !pool)
		return -ENOMEM;
	error = rproc_dma_pool_get(pool, len, align, &memory.pa);
	if (error)
		return error;
	error = model->map(machine, memory.pa, len, &memory.va);
	if (error) {
		rproc_dma_pool_put(pool, memory.pa);
		return -ENOMEM;
	}
	if (rproc_device_pa_to_da(device, memory.pa, len, &memory.da))
		memory.da = RPROC_RSC_ADDR_ANY;
	*ret_memory = memory;
	return 0;
}

static void board_free(void *priv, const struct rproc_memory *memory)
{
	struct rproc_device *device = priv;
	const struct rproc_hw_model *model;
	void *machine;

	if (rproc_hw_machine(device->context, &model, &machine))
		return;
	model->unmap(machine, memory->va, memory->len);
	rproc_dma_pool_put(device->context->hw->pool, memory->pa);
}

RPROC_API int rproc_device_use_board_memory(struct rproc_device *device)
{
	const struct rproc_memory_provider provider = { board_alloc, board_free, device };

	if (device->context->hw->backend != RPROC_HW_MODEL)
		return -ENOTSUP;
	rproc_device_set_memory_provider(device, &provider);
	return 0;
}
