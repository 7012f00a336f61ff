/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Carveouts: named pieces of memory the remote can reach, registered by the
 * driver or asked for by the table, and the translation of device addresses.
 * The worker alone changes the list, under the data lock.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/bytes.h"
#include "core/internal.h"

#define PAGE 4096u

static struct rproc_mem_entry *entry_new(struct rproc_device *device, const char *fmt, va_list args)
{
	struct rproc_mem_entry *mem = calloc(1, sizeof(*mem));

	if (!mem)
		return NULL;
	mem->dev = device;
	mem->rsc_offset = RPROC_RSC_ADDR_ANY;
	mem->of_resm_idx = RPROC_RSC_ADDR_ANY;
	vsnprintf(mem->name, sizeof(mem->name), fmt, args);
	return mem;
}

struct rproc_mem_entry *rproc_mem_entry_new(struct rproc_device *device, const char *fmt, ...)
{
	struct rproc_mem_entry *mem;
	va_list args;

	va_start(args, fmt);
	mem = entry_new(device, fmt, args);
	va_end(args);
	return mem;
}

RPROC_API struct rproc_mem_entry *rproc_mem_entry_init(struct rproc_device *device, void *va,
						       uint64_t pa, size_t len, uint32_t da,
						       rproc_mem_fn alloc, rproc_mem_fn release,
						       const char *name, ...)
{
	struct rproc_mem_entry *mem;
	va_list args;

	va_start(args, name);
	mem = entry_new(device, name, args);
	va_end(args);
	if (!mem)
		return NULL;
	mem->va = va;
	mem->pa = pa;
	mem->len = len;
	mem->da = da;
	mem->alloc = alloc;
	mem->release = release;
	return mem;
}

RPROC_API struct rproc_mem_entry *rproc_of_resm_mem_entry_init(struct rproc_device *device,
							       uint32_t of_resm_idx, size_t len,
							       uint32_t da, const char *name, ...)
{
	struct rproc_mem_entry *mem;
	va_list args;

	va_start(args, name);
	mem = entry_new(device, name, args);
	va_end(args);
	if (!mem)
		return NULL;
	mem->of_resm_idx = of_resm_idx;
	mem->len = len;
	mem->da = da;
	return mem;
}

RPROC_API void rproc_add_carveout(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	mem->rproc = rproc;
	pthread_mutex_lock(&rproc->data_lock);
	list_add_tail(&rproc->carveouts, &mem->link);
	pthread_mutex_unlock(&rproc->data_lock);
}

RPROC_API struct rproc_mem_entry *rproc_find_carveout_by_name(struct rproc *rproc, const char *name)
{
	struct rproc_mem_entry *found = NULL;
	struct list *item;

	pthread_mutex_lock(&rproc->data_lock);
	list_for_each(item, &rproc->carveouts) {
		found = list_entry(item, struct rproc_mem_entry, link);
		if (!strcmp(found->name, name))
			break;
		found = NULL;
	}
	pthread_mutex_unlock(&rproc->data_lock);
	return found;
}

/* ---- fields, for drivers ----------------------------------------------------------------- */

RPROC_API void *rproc_mem_va(const struct rproc_mem_entry *mem)
{
	return mem->va;
}

RPROC_API uint64_t rproc_mem_pa(const struct rproc_mem_entry *mem)
{
	return mem->pa;
}

RPROC_API uint32_t rproc_mem_da(const struct rproc_mem_entry *mem)
{
	return mem->da;
}

RPROC_API size_t rproc_mem_len(const struct rproc_mem_entry *mem)
{
	return mem->len;
}

RPROC_API const char *rproc_mem_name(const struct rproc_mem_entry *mem)
{
	return mem->name;
}

RPROC_API void rproc_mem_set(struct rproc_mem_entry *mem, void *va, uint64_t pa, bool is_iomem)
{
	if (mem->rproc)
		pthread_mutex_lock(&mem->rproc->data_lock);
	mem->va = va;
	mem->pa = pa;
	mem->is_iomem = is_iomem;
	if (mem->rproc)
		pthread_mutex_unlock(&mem->rproc->data_lock);
}

RPROC_API void rproc_mem_set_priv(struct rproc_mem_entry *mem, void *priv)
{
	mem->priv = priv;
}

RPROC_API void *rproc_mem_priv(const struct rproc_mem_entry *mem)
{
	return mem->priv;
}

/* ---- checks --------------------------------------------------------------------------------- */

int rproc_check_carveout(struct rproc *rproc, const struct rproc_mem_entry *mem, uint32_t da,
			 uint32_t len)
{
	char wanted[24] = "any address", there[24] = "any address";
	const char *wrong = NULL;

	if (len > mem->len)
		wrong = "len";
	else if (da == RPROC_RSC_ADDR_ANY)
		return 0;
	else if (mem->da == RPROC_RSC_ADDR_ANY)
		wrong = ""; /* the kernel prints nothing here */
	else if (da < mem->da)
		wrong = "da";
	else if (!range_ok(da - mem->da, len, mem->len))
		wrong = "len";
	if (!wrong)
		return 0;
	if (*wrong)
		rproc_log(rproc, RPROC_LOG_ERR, "Registered carveout doesn't fit %s request",
			  wrong);
	if (da != RPROC_RSC_ADDR_ANY)
		snprintf(wanted, sizeof(wanted), "da 0x%x", da);
	if (mem->da != RPROC_RSC_ADDR_ANY)
		snprintf(there, sizeof(there), "da 0x%x", mem->da);
	return rproc_story(rproc, -ENOMEM, "resources",
			   "'%s': the table wants 0x%x bytes at %s, the board has 0x%zx bytes at "
			   "%s; make the two agree",
			   mem->name, len, wanted, mem->len, there);
}

/* ---- the default allocator: the device's memory provider ------------------------------------ */

/* The same address again at release: kept in the entry's private word. */
struct provided {
	struct rproc_memory memory;
	struct rproc_memory_provider provider;
};

static int no_memory(struct rproc *rproc, const struct rproc_mem_entry *mem, int error)
{
	rproc_device_log(rproc->dev, RPROC_LOG_ERR, "failed to allocate dma memory: len 0x%zx",
			 mem->len);
	if (!rproc->dev->has_provider)
		return rproc_story(rproc, -ENOMEM, "resources",
				   "'%s' needs 0x%zx bytes and %s has no memory this processor can "
				   "reach: give the board a reserved-memory region",
				   mem->name, mem->len, rproc->dev->name);
	return rproc_story(rproc, -ENOMEM, "resources",
			   "'%s': no 0x%zx bytes at da 0x%x%s in the memory of %s (%d)", mem->name,
			   mem->len, mem->da, mem->da == RPROC_RSC_ADDR_ANY ? " (any)" : "",
			   rproc->dev->name, error);
}

/* What the provider gave, written into the entry that snapshots read. */
static void take_memory(struct rproc *rproc, struct rproc_mem_entry *mem,
			const struct rproc_memory *memory)
{
	if (mem->da != RPROC_RSC_ADDR_ANY && mem->da != memory->da)
		rproc_device_log(rproc->dev, RPROC_LOG_WARNING,
				 "Allocated carveout doesn't fit device address request");
	/* Memory that the processor's 32 bits cannot name. */
	if (mem->da == RPROC_RSC_ADDR_ANY && memory->da == RPROC_RSC_ADDR_ANY)
		rproc_log(rproc, RPROC_LOG_WARNING,
			  "DMA address cast in 32bit to fit resource table format");
	pthread_mutex_lock(&rproc->data_lock);
	mem->va = memory->va;
	mem->pa = memory->pa;
	if (mem->da == RPROC_RSC_ADDR_ANY)
		mem->da = memory->da;
	pthread_mutex_unlock(&rproc->data_lock);
}

int rproc_mem_default_alloc(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	const struct rproc_memory_provider *provider = &rproc->dev->provider;
	struct provided *provided;
	int ret;

	if (!rproc->dev->has_provider)
		return no_memory(rproc, mem, -ENODEV);
	provided = calloc(1, sizeof(*provided));
	if (!provided)
		return -ENOMEM;
	provided->provider = *provider;
	ret = provider->alloc(provider->priv, mem->len, PAGE, mem->da, &provided->memory);
	if (ret) {
		free(provided);
		return no_memory(rproc, mem, ret);
	}
	mem->priv = provided;
	take_memory(rproc, mem, &provided->memory);
	/* Fresh memory is zeroed, as the kernel's is; that of a running core is its own. */
	if (rproc_state(rproc) == RPROC_STATE_OFFLINE)
		memset(mem->va, 0, mem->len);
	return 0;
}

int rproc_mem_default_release(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	struct provided *provided = mem->priv;

	(void)rproc;
	provided->provider.free(provided->provider.priv, &provided->memory);
	free(provided);
	return 0;
}

void rproc_release_carveouts(struct rproc *rproc)
{
	struct list gone, *item, *next;

	/* First out of sight, then out of existence: readers hold the lock while they look. */
	list_init(&gone);
	pthread_mutex_lock(&rproc->data_lock);
	list_for_each_safe(item, next, &rproc->carveouts) {
		list_del(item);
		list_add_tail(&gone, item);
	}
	pthread_mutex_unlock(&rproc->data_lock);
	list_for_each_safe(item, next, &gone) {
		struct rproc_mem_entry *mem = list_entry(item, struct rproc_mem_entry, link);

		/* An entry with memory from the start, or one whose alloc succeeded. */
		if (mem->release && (mem->allocated || !mem->alloc))
			mem->release(rproc, mem);
		free(mem);
	}
}

/* ---- translation ---------------------------------------------------------------------------- */

RPROC_API void *rproc_da_to_va(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem)
{
	struct list *item;
	void *va = NULL;

	if (rproc->ops.da_to_va) {
		va = rproc->ops.da_to_va(rproc, da, len, ret_is_iomem);
		if (va)
			return va;
	}
	pthread_mutex_lock(&rproc->data_lock);
	list_for_each(item, &rproc->carveouts) {
		const struct rproc_mem_entry *mem = list_entry(item, struct rproc_mem_entry, link);

		if (!mem->va || da < mem->da || !range_ok(da - mem->da, len, mem->len))
			continue;
		va = (char *)mem->va + (da - mem->da);
		if (ret_is_iomem)
			*ret_is_iomem = mem->is_iomem;
		break;
	}
	pthread_mutex_unlock(&rproc->data_lock);
	return va;
}

RPROC_API int rproc_va_to_pa(struct rproc *rproc, const void *va, uint64_t *ret_pa)
{
	const uintptr_t at = (uintptr_t)va;
	struct list *item;
	int ret = -ENOENT;

	pthread_mutex_lock(&rproc->data_lock);
	list_for_each(item, &rproc->carveouts) {
		const struct rproc_mem_entry *mem = list_entry(item, struct rproc_mem_entry, link);

		if (!mem->va || at < (uintptr_t)mem->va || at - (uintptr_t)mem->va >= mem->len)
			continue;
		*ret_pa = mem->pa + (at - (uintptr_t)mem->va);
		ret = 0;
		break;
	}
	pthread_mutex_unlock(&rproc->data_lock);
	return ret;
}
