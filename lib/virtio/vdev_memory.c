/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for the buffers of a vdev, from where Linux takes it: the carveout
 * "vdev%dbuffer", if it is a memory-region then that, else the first memory-region
 * of the processor, else whatever its device provides. Knows nothing of what the
 * driver puts there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "virtio/vdev.h"

#define PAGE 4096u

/* ---- assigned when it starts ------------------------------------------------------------ */

static struct rproc_mem_entry *find_carveout(const struct rproc_vdev *vdev)
{
	char name[32];

	snprintf(name, sizeof(name), "vdev%dbuffer", vdev->index);
	return rproc_find_carveout_by_name(vdev->rproc, name);
}

/* Only a pool can be assigned; other reserved memory is of another kind. */
static int find_pool(const struct rproc_vdev *vdev, unsigned int index, char *name, size_t size,
		     struct rproc_region *ret_region)
{
	const struct rproc_device *dev = vdev->rproc->dev;
	struct rproc_phandle_args args;
	bool is_pool;
	int ret;

	if (!dev->board)
		return -ENODEV;
	ret = rproc_device_parse_phandle(dev, "memory-region", NULL, 0, index, &args);
	if (ret)
		return ret;
	is_pool = rproc_device_is_compatible(args.node, "shared-dma-pool");
	snprintf(name, size, "%s", strrchr(args.node->dt_path, '/') + 1);
	rproc_device_put(args.node);
	return is_pool ? rproc_device_memory_region(dev, index, ret_region) : -ENODEV;
}

static int assign(struct rproc_vdev *vdev, unsigned int index, struct rproc_report *report)
{
	struct rproc *rproc = vdev->rproc;
	struct rproc_region region;
	char name[RPROC_NAME_MAX + 1];
	int ret = find_pool(vdev, index, name, sizeof(name), &region);

	if (ret)
		return ret;
	ret = rproc_iomem_map(rproc->dev, &region, RPROC_IOMEM_MEMORY, report, &vdev->reserved);
	if (ret)
		return ret;
	vdev->reserved_da = region.da;
	rproc_context_log(rproc->context, RPROC_LOG_INFO, vdev->log_name,
			  "assigned reserved memory node %s", name);
	return 0;
}

int rproc_vdev_assign_memory(struct rproc_vdev *vdev)
{
	const struct rproc_mem_entry *mem = find_carveout(vdev);
	struct rproc *rproc = vdev->rproc;
	struct rproc_report report = { 0 };
	int ret;

	if (mem && mem->of_resm_idx == RPROC_RSC_ADDR_ANY) {
		if (mem->va)
			rproc_context_log(rproc->context, RPROC_LOG_WARNING, vdev->log_name,
					  "vdev %d buffer already mapped", vdev->index);
		return 0;
	}
	ret = assign(vdev, mem ? mem->of_resm_idx : 0, &report);
	/* Without a carveout of its own it takes what there is. */
	if (!mem || !ret)
		return 0;
	rproc_context_log(rproc->context, RPROC_LOG_ERR, vdev->log_name,
			  "Can't associate reserved memory");
	if (report.count)
		return rproc_report_findings(rproc, ret, "start", &report);
	return rproc_story(rproc, ret, "start",
			   "memory-region %u of %s, for the buffers of vdev %d, is no enabled node "
			   "that is compatible with shared-dma-pool",
			   mem->of_resm_idx, rproc->dev->name, vdev->index);
}

void rproc_vdev_release_memory(struct rproc_vdev *vdev)
{
	rproc_iomem_unmap(vdev->reserved);
	vdev->reserved = NULL;
}

/* ---- given to its driver ---------------------------------------------------------------- */

/* The board's own carveout for them, if it has memory already. */
static int use_carveout(const struct rproc_vdev *vdev, const struct rproc_mem_entry *mem,
			size_t len, struct rproc_memory *ret_memory)
{
	if (len > mem->len)
		return rproc_story(vdev->rproc, -ENOMEM, "start",
				   "virtio%d needs %zu bytes for its buffers, '%s' has %zu",
				   vdev->virtio, len, mem->name, mem->len);
	*ret_memory = (struct rproc_memory){
		.va = mem->va, .pa = mem->pa, .da = mem->da, .len = mem->len
	};
	return 0;
}

/*
 * As Linux gives pieces of such memory: whole pages, their number a power of two. There
 * is one piece, at the beginning.
 */
static int use_reserved(const struct rproc_vdev *vdev, size_t len, struct rproc_memory *ret_memory)
{
	size_t have = rproc_iomem_len(vdev->reserved);
	size_t size = PAGE;

	while (size < len && size <= have)
		size *= 2;
	if (size > have)
		return rproc_story(vdev->rproc, -ENOMEM, "start",
				   "virtio%d needs %zu bytes for its buffers, the reserved memory "
				   "at 0x%" PRIx64 " has %zu",
				   vdev->virtio, len, rproc_iomem_pa(vdev->reserved), have);
	*ret_memory = (struct rproc_memory){ .va = rproc_iomem_va(vdev->reserved),
					     .pa = rproc_iomem_pa(vdev->reserved),
					     .da = vdev->reserved_da,
					     .len = size };
	rproc_iomem_fill(ret_memory->va, 0, size);
	return 0;
}

static int no_buffers(const struct rproc_vdev *vdev, size_t len, int error)
{
	struct rproc *rproc = vdev->rproc;

	return rproc_story(rproc, -ENOMEM, "start",
			   "virtio%d needs %zu bytes for its buffers and %s has none that the "
			   "processor reaches (%d)",
			   vdev->virtio, len, rproc->dev->name, error);
}

RPROC_API int rproc_vdev_buffers(struct rproc_vdev *vdev, size_t len,
				 struct rproc_memory *ret_memory, bool *ret_is_iomem)
{
	const struct rproc_device *dev = vdev->rproc->dev;
	const struct rproc_mem_entry *mem;
	struct rproc_memory memory;
	int ret;

	*ret_is_iomem = false;
	if (vdev->reserved) {
		*ret_is_iomem = true;
		return use_reserved(vdev, len, ret_memory);
	}
	mem = find_carveout(vdev);
	if (mem && mem->va) {
		*ret_is_iomem = mem->is_iomem;
		return use_carveout(vdev, mem, len, ret_memory);
	}
	if (vdev->buffers.len && vdev->buffers.len < len)
		rproc_vdev_free_buffers(vdev);
	if (!vdev->buffers.len) {
		if (!dev->has_provider)
			return no_buffers(vdev, len, -ENODEV);
		len = (len + PAGE - 1) / PAGE * PAGE;
		ret = dev->provider.alloc(dev->provider.priv, len, PAGE, RPROC_RSC_ADDR_ANY,
					  &memory);
		if (ret)
			return no_buffers(vdev, len, ret);
		memset(memory.va, 0, memory.len);
		vdev->provider = dev->provider;
		vdev->buffers = memory;
	}
	*ret_memory = vdev->buffers;
	return 0;
}

void rproc_vdev_free_buffers(struct rproc_vdev *vdev)
{
	if (vdev->buffers.len)
		vdev->provider.free(vdev->provider.priv, &vdev->buffers);
	vdev->buffers.len = 0;
}
