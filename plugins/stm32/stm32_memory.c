/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The processor's memories: the entries of memory-region with the device addresses
 * that dma-ranges gives them, mapped while the processor is prepared, and what of
 * them goes into a core dump.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "stm32.h"

#define MEMORIES_MAX 64

/* The pool of rpmsg's buffers: Linux registers it and maps it elsewhere. */
static bool is_buffer_pool(const struct stm32_memory *memory)
{
	return !strcmp(memory->region.name, "vdev0buffer");
}

/* ---- the list --------------------------------------------------------------------------- */

void stm32_free_memories(struct stm32 *stm32)
{
	free(stm32->memories);
	stm32->memories = NULL;
	stm32->num_memories = 0;
}

static int read_memory(struct stm32 *stm32, struct stm32_memory *memory)
{
	struct rproc_region *region = &memory->region;
	int error;

	error = rproc_device_memory_region(stm32->device, stm32->num_memories, region);
	if (error == -ENOENT)
		return error;
	if (error) {
		rproc_device_log(stm32->device, RPROC_LOG_ERR, "unable to acquire memory-region");
		return rproc_story(stm32->rproc, -EINVAL, "prepare",
				   "entry %u of memory-region is no reserved memory that can be "
				   "used (%d)",
				   stm32->num_memories, error);
	}
	if (region->da != RPROC_RSC_ADDR_ANY)
		return 0;
	rproc_device_log(stm32->device, RPROC_LOG_ERR, "memory region not valid");
	return rproc_story(stm32->rproc, -EINVAL, "prepare",
			   "memory %s at 0x%" PRIx64 "..0x%" PRIx64
			   ": no window of dma-ranges holds it, so the processor cannot reach it",
			   region->name, region->pa, region->pa + region->len - 1);
}

static int read_memories(struct stm32 *stm32)
{
	int error = 0;

	stm32->memories = calloc(MEMORIES_MAX, sizeof(*stm32->memories));
	if (!stm32->memories)
		return -ENOMEM;
	while (!error && stm32->num_memories < MEMORIES_MAX) {
		error = read_memory(stm32, &stm32->memories[stm32->num_memories]);
		stm32->num_memories += !error;
	}
	return error == -ENOENT ? 0 : error;
}

/* ---- carveouts ----------------------------------------------------------------------------- */

static int map_memory(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	struct stm32_memory *memory = rproc_mem_priv(mem);
	struct rproc_report report = { 0 };
	int error;

	error = rproc_iomem_map(rproc_device(rproc), &memory->region, RPROC_IOMEM_MEMORY, &report,
				&memory->iomem);
	if (error) {
		rproc_device_log(rproc_device(rproc), RPROC_LOG_ERR,
				 "Unable to map memory region: 0x%08" PRIx64 "+%" PRIx64,
				 memory->region.pa, memory->region.len);
		return rproc_report_findings(rproc, error, "resources", &report);
	}
	/* a running core's memory is not touched */
	if (rproc_state(rproc) == RPROC_STATE_OFFLINE)
		error = rproc_iomem_check_write(memory->iomem, &report);
	if (error) {
		rproc_iomem_unmap(memory->iomem);
		memory->iomem = NULL;
		return rproc_report_findings(rproc, error, "resources", &report);
	}
	rproc_mem_set(mem, rproc_iomem_va(memory->iomem), memory->region.pa, true);
	return 0;
}

static int unmap_memory(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	struct stm32_memory *memory = rproc_mem_priv(mem);

	(void)rproc;
	rproc_iomem_unmap(memory->iomem);
	memory->iomem = NULL;
	return 0;
}

static int add_memory(struct stm32 *stm32, unsigned int index)
{
	struct stm32_memory *memory = &stm32->memories[index];
	const struct rproc_region *region = &memory->region;
	struct rproc_mem_entry *mem;

	if (is_buffer_pool(memory)) {
		/* Linux shows its physical address where others have the device's */
		mem = rproc_of_resm_mem_entry_init(stm32->device, index, (size_t)region->len,
						   (uint32_t)region->pa, "%s", region->name);
	} else {
		mem = rproc_mem_entry_init(stm32->device, NULL, region->pa, (size_t)region->len,
					   region->da, map_memory, unmap_memory, "%s",
					   region->name);
	}
	if (!mem)
		return -ENOMEM;
	rproc_mem_set_priv(mem, memory);
	rproc_add_carveout(stm32->rproc, mem);
	if (is_buffer_pool(memory))
		return 0;
	return rproc_coredump_add_segment(stm32->rproc, region->da, (size_t)region->len);
}

static void warn_of_running_core(struct stm32 *stm32)
{
	uint32_t state = stm32_read_state(stm32);

	if (rproc_state(stm32->rproc) != RPROC_STATE_OFFLINE || state == STM32_M4_OFF ||
	    state == STM32_M4_CRASH)
		return;
	rproc_remark(
		stm32->rproc, "prepare",
		"the M4 state register says %u (0 off, 1 init, 2 run, 3 stop, 4 standby) though "
		"nobody has started the core here: stop it, or load over what it runs",
		state);
}

int stm32_prepare(struct rproc *rproc)
{
	struct stm32 *stm32 = rproc_priv(rproc);
	unsigned int i;
	int error;

	warn_of_running_core(stm32);
	stm32_free_memories(stm32);
	stm32->traces_added = false;
	/* all are checked before one is registered: a failure leaves nothing behind */
	error = read_memories(stm32);
	for (i = 0; !error && i < stm32->num_memories; i++)
		error = add_memory(stm32, i);
	return error;
}

int stm32_unprepare(struct rproc *rproc)
{
	struct stm32 *stm32 = rproc_priv(rproc);

	rproc_iomem_unmap(stm32->table);
	stm32->table = NULL;
	return 0;
}

/* ---- the core dump ------------------------------------------------------------------------- */

/* A memory is dumped whole; a trace that begins with it would come twice. */
static bool is_dumped(const struct stm32 *stm32, const struct rproc_trace_info *traces,
		      size_t index)
{
	unsigned int i;
	size_t t;

	for (i = 0; i < stm32->num_memories; i++)
		if (!is_buffer_pool(&stm32->memories[i]) &&
		    stm32->memories[i].region.da == traces[index].da)
			return true;
	for (t = 0; t < index; t++)
		if (traces[t].da == traces[index].da)
			return true;
	return false;
}

int stm32_add_traces(struct stm32 *stm32)
{
	struct rproc_trace_info *traces;
	size_t count, i;
	int error;

	if (stm32->traces_added)
		return 0;
	error = rproc_get_traces(stm32->rproc, &traces, &count);
	if (error)
		return error;
	for (i = 0; !error && i < count; i++)
		if (!is_dumped(stm32, traces, i))
			error = rproc_coredump_add_segment(stm32->rproc, traces[i].da,
							   traces[i].len);
	free(traces);
	stm32->traces_added = !error;
	return error;
}
