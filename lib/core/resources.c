/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The walk over a resource table and what each entry asks for. The bytes that
 * are read are private; addresses are written into the table that the remote
 * sees. Mirrors rproc_handle_resources() and its handlers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/bytes.h"
#include "core/internal.h"

/* A little-endian word of an entry's payload. */
#define RSC_WORD(rsc, type, field) \
	load_le32((const char *)(rsc)->payload + offsetof(struct type, field))

void rproc_table_set(struct rproc *rproc, struct rproc_resource_table *cached,
		     struct rproc_resource_table *ptr, size_t size)
{
	struct rproc_resource_table *old;

	pthread_mutex_lock(&rproc->data_lock);
	old = rproc->cached_table;
	rproc->cached_table = cached;
	rproc->table_ptr = ptr;
	rproc->table_size = size;
	pthread_mutex_unlock(&rproc->data_lock);
	if (old != cached)
		free(old);
}

void rproc_table_store(struct rproc *rproc, uint32_t offset, uint32_t value)
{
	uint8_t bytes[sizeof(value)];

	/* The table may be in device memory, and an entry anywhere in it. */
	store_le32(bytes, value);
	pthread_mutex_lock(&rproc->data_lock);
	if (rproc->table_ptr && range_ok(offset, sizeof(bytes), rproc->table_size))
		rproc_iomem_copy_to((char *)rproc->table_ptr + offset, bytes, sizeof(bytes));
	pthread_mutex_unlock(&rproc->data_lock);
}

/* Offset of an entry's payload, which is what a carveout or vdev remembers of it. */
static uint32_t payload_offset(const struct rproc_rsc *rsc)
{
	return rsc->offset + (uint32_t)sizeof(struct rproc_rsc_hdr);
}

/* A registered carveout of that name serves the entry, if it is large enough. */
static int claim_carveout(struct rproc *rproc, struct rproc_mem_entry *mem,
			  const struct rproc_rsc *rsc)
{
	uint32_t da = RSC_WORD(rsc, rproc_rsc_carveout, da);
	uint32_t len = RSC_WORD(rsc, rproc_rsc_carveout, len);
	int ret;

	if (mem->rsc_offset != RPROC_RSC_ADDR_ANY) {
		rproc_log(rproc, RPROC_LOG_ERR, "Carveout already associated to resource table");
		return rproc_story(rproc, -ENOMEM, "resources",
				   "rsc[%u] carveout '%s': an entry of that name came before; give "
				   "each carveout a name of its own",
				   rsc->index, mem->name);
	}
	ret = rproc_check_carveout(rproc, mem, da, len);
	if (ret)
		return ret;
	mem->rsc_offset = payload_offset(rsc);
	mem->flags = RSC_WORD(rsc, rproc_rsc_carveout, flags);
	return 0;
}

static int handle_carveout(struct rproc *rproc, const struct rproc_rsc *rsc)
{
	struct rproc_mem_entry *mem;
	char name[32] = "";

	memcpy(name, (const char *)rsc->payload + offsetof(struct rproc_rsc_carveout, name),
	       sizeof(name) - 1);
	mem = rproc_find_carveout_by_name(rproc, name);
	if (mem)
		return claim_carveout(rproc, mem, rsc);
	mem = rproc_mem_entry_new(rproc->dev, "%s", name);
	if (!mem) {
		rproc_log(rproc, RPROC_LOG_ERR, "Can't allocate memory entry structure");
		return -ENOMEM;
	}
	mem->len = RSC_WORD(rsc, rproc_rsc_carveout, len);
	mem->da = RSC_WORD(rsc, rproc_rsc_carveout, da);
	mem->flags = RSC_WORD(rsc, rproc_rsc_carveout, flags);
	mem->rsc_offset = payload_offset(rsc);
	mem->alloc = rproc_mem_default_alloc;
	mem->release = rproc_mem_default_release;
	rproc_add_carveout(rproc, mem);
	return 0;
}

static int refuse_devmem(struct rproc *rproc, const struct rproc_rsc *rsc)
{
	if (rsc->avail < sizeof(struct rproc_rsc_devmem))
		return rproc_story(rproc, -EINVAL, "resources",
				   "rsc[%u] devmem: %s has no IOMMU, and the entry is cut short: "
				   "remove it from the firmware's table",
				   rsc->index, rproc->name);
	return rproc_story(
		rproc, -EINVAL, "resources",
		"rsc[%u] devmem: da 0x%x len 0x%x asks for a mapping, and %s has no IOMMU; "
		"remove the entry from the firmware's table",
		rsc->index, RSC_WORD(rsc, rproc_rsc_devmem, da),
		RSC_WORD(rsc, rproc_rsc_devmem, len), rproc->name);
}

/* The driver maps it in its own MMU. */
static int handle_devmem(struct rproc *rproc, const struct rproc_rsc *rsc)
{
	(void)rproc;
	(void)rsc;
	return 0;
}

static int handle_trace(struct rproc *rproc, const struct rproc_rsc *rsc)
{
	struct rproc_rsc_trace trace = {
		.da = RSC_WORD(rsc, rproc_rsc_trace, da),
		.len = RSC_WORD(rsc, rproc_rsc_trace, len),
	};

	memcpy(trace.name, (const char *)rsc->payload + offsetof(struct rproc_rsc_trace, name),
	       sizeof(trace.name));
	return rproc_add_trace(rproc, &trace);
}

/* By type; what is not here is warned of and skipped. */
static int (*const handlers[RPROC_RSC_LAST])(struct rproc *, const struct rproc_rsc *) = {
	[RPROC_RSC_CARVEOUT] = handle_carveout,
	[RPROC_RSC_DEVMEM] = handle_devmem,
	[RPROC_RSC_TRACE] = handle_trace,
	[RPROC_RSC_VDEV] = rproc_add_vdev,
};

static int handle_vendor(struct rproc *rproc, const struct rproc_rsc *rsc)
{
	int ret = RPROC_RSC_IGNORED;

	if (rproc->ops.handle_rsc)
		ret = rproc->ops.handle_rsc(rproc, rsc->type, (void *)rsc->payload,
					    (int)payload_offset(rsc), (int)rsc->avail);
	if (ret < 0)
		return rproc_story(rproc, ret, "resources",
				   "rsc[%u] of vendor type %u: the driver refused it", rsc->index,
				   rsc->type);
	if (ret != RPROC_RSC_HANDLED)
		rproc_log(rproc, RPROC_LOG_WARNING, "unsupported vendor resource %d",
			  (int)rsc->type);
	return 0;
}

static int handle_entry(struct rproc *rproc, const struct rproc_rsc *rsc)
{
	struct rproc_report report = { 0 };
	int ret;

	if (rsc->type >= RPROC_RSC_VENDOR_START && rsc->type <= RPROC_RSC_VENDOR_END)
		return handle_vendor(rproc, rsc);
	/* The kernel looks for an IOMMU before it looks at a devmem entry's bytes. */
	if (rsc->type == RPROC_RSC_DEVMEM && !rproc->has_iommu)
		return refuse_devmem(rproc, rsc);
	ret = rproc_rsc_check(rsc, &report);
	if (ret || rsc->type >= RPROC_RSC_LAST)
		return rproc_report_findings(rproc, ret, "resources", &report);
	return handlers[rsc->type](rproc, rsc);
}

int rproc_handle_resources(struct rproc *rproc, const void *table, size_t size)
{
	uint32_t num = load_le32((const char *)table + offsetof(struct rproc_resource_table, num));
	uint32_t i;

	for (i = 0; i < num; i++) {
		struct rproc_rsc rsc;
		int ret = rproc_resource_table_entry(table, size, i, &rsc);

		if (ret) {
			rproc_log(rproc, RPROC_LOG_ERR, "rsc table is truncated");
			return rproc_story(rproc, -EINVAL, "resources",
					   "rsc[%u] of %u lies outside the table of %zu bytes", i,
					   num, size);
		}
		rproc_debug(rproc, RESOURCE, i, rsc.type, rsc.avail);
		ret = handle_entry(rproc, &rsc);
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- allocation and write-back ---------------------------------------------------------- */

static void write_back(struct rproc *rproc, const struct rproc_mem_entry *mem)
{
	if (mem->rsc_offset == RPROC_RSC_ADDR_ANY)
		return;
	if (mem->pa > UINT32_MAX)
		rproc_log(rproc, RPROC_LOG_WARNING,
			  "Physical address cast in 32bit to fit resource table format");
	rproc_table_store(rproc, mem->rsc_offset + offsetof(struct rproc_rsc_carveout, pa),
			  (uint32_t)mem->pa);
	rproc_table_store(rproc, mem->rsc_offset + offsetof(struct rproc_rsc_carveout, da),
			  mem->da);
	rproc_table_store(rproc, mem->rsc_offset + offsetof(struct rproc_rsc_carveout, len),
			  (uint32_t)mem->len);
}

int rproc_alloc_carveouts(struct rproc *rproc)
{
	struct list *item;

	/* Only this thread changes the list. */
	list_for_each(item, &rproc->carveouts) {
		struct rproc_mem_entry *mem = list_entry(item, struct rproc_mem_entry, link);
		int ret;

		/* By a recovery whose stop failed. */
		if (mem->allocated)
			continue;
		ret = mem->alloc ? mem->alloc(rproc, mem) : 0;
		if (ret) {
			rproc_log(rproc, RPROC_LOG_ERR, "Unable to allocate carveout %s: %d",
				  mem->name, ret);
			rproc_story(rproc, -ENOMEM, "resources",
				    "carveout '%s' of 0x%zx bytes could not be allocated (%d)",
				    mem->name, mem->len, ret);
			return -ENOMEM;
		}
		mem->allocated = true;
		rproc_debug(rproc, CARVEOUT, mem->name, mem->da, (unsigned long long)mem->pa,
			    mem->len);
		write_back(rproc, mem);
	}
	return 0;
}

void rproc_resource_cleanup(struct rproc *rproc)
{
	rproc_remove_traces(rproc);
	rproc_release_carveouts(rproc);
	rproc_remove_vdevs(rproc);
	rproc_coredump_cleanup(rproc);
}
