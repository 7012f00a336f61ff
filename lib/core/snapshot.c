/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Snapshots: copies of a processor's lists and table for readers, made under the
 * data lock, so that a reader never waits for an operation.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"

static size_t count(const struct list *head)
{
	const struct list *item;
	size_t n = 0;

	list_for_each(item, head)
		n++;
	return n;
}

/* An array for the items of @head, one element at least: NULL means no memory. */
static void *array(const struct list *head, size_t element, size_t *ret_count)
{
	*ret_count = count(head);
	return calloc(*ret_count ? *ret_count : 1, element);
}

RPROC_API int rproc_get_carveouts(const struct rproc *rproc, struct rproc_carveout_info **ret_info,
				  size_t *ret_count)
{
	struct rproc *r = (struct rproc *)rproc;
	struct rproc_carveout_info *info;
	size_t num, i = 0;
	struct list *item;

	pthread_mutex_lock(&r->data_lock);
	info = array(&r->carveouts, sizeof(*info), &num);
	list_for_each(item, &r->carveouts) {
		const struct rproc_mem_entry *mem = list_entry(item, struct rproc_mem_entry, link);

		if (!info)
			break;
		memcpy(info[i].name, mem->name, sizeof(info[i].name));
		info[i].va = mem->va;
		info[i].pa = mem->pa;
		info[i].da = mem->da;
		info[i++].len = mem->len;
	}
	pthread_mutex_unlock(&r->data_lock);
	if (!info)
		return -ENOMEM;
	*ret_info = info;
	*ret_count = num;
	return 0;
}

RPROC_API int rproc_get_table(const struct rproc *rproc, void **ret_table, size_t *ret_size)
{
	struct rproc *r = (struct rproc *)rproc;
	void *copy = NULL;
	size_t size;
	int ret = -ENOENT;

	pthread_mutex_lock(&r->data_lock);
	size = r->table_size;
	if (r->table_ptr) {
		copy = malloc(size);
		ret = copy ? 0 : -ENOMEM;
	}
	if (copy)
		rproc_iomem_copy_from(copy, r->table_ptr, size);
	pthread_mutex_unlock(&r->data_lock);
	if (ret)
		return ret;
	*ret_table = copy;
	*ret_size = size;
	return 0;
}

RPROC_API int rproc_get_traces(const struct rproc *rproc, struct rproc_trace_info **ret_info,
			       size_t *ret_count)
{
	struct rproc *r = (struct rproc *)rproc;
	struct rproc_trace_info *info;
	size_t num, i = 0;
	struct list *item;

	pthread_mutex_lock(&r->data_lock);
	info = array(&r->traces, sizeof(*info), &num);
	list_for_each(item, &r->traces) {
		const struct rproc_trace *trace = list_entry(item, struct rproc_trace, link);

		if (!info)
			break;
		memcpy(info[i].name, trace->name, sizeof(info[i].name));
		info[i].da = trace->da;
		info[i].len = trace->len;
		info[i++].available = trace->va;
	}
	pthread_mutex_unlock(&r->data_lock);
	if (!info)
		return -ENOMEM;
	*ret_info = info;
	*ret_count = num;
	return 0;
}
