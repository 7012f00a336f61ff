/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trace buffers: text that the remote writes and the host reads while it runs
 * and after it died. Their address is resolved once, when the image is loaded;
 * the memory lives until the resources are cleaned up, and traces go first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"

int rproc_add_trace(struct rproc *rproc, const struct rproc_rsc_trace *rsc)
{
	struct rproc_trace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return -ENOMEM;
	trace->da = rsc->da;
	trace->len = rsc->len;
	memcpy(trace->name, rsc->name, sizeof(trace->name) - 1);
	pthread_mutex_lock(&rproc->data_lock);
	list_add_tail(&rproc->traces, &trace->link);
	pthread_mutex_unlock(&rproc->data_lock);
	return 0;
}

void rproc_resolve_traces(struct rproc *rproc)
{
	struct list *item;

	/* Only this thread changes the list; the lock is for the field that readers use. */
	list_for_each(item, &rproc->traces) {
		struct rproc_trace *trace = list_entry(item, struct rproc_trace, link);
		const void *va = rproc_da_to_va(rproc, trace->da, trace->len, NULL);

		pthread_mutex_lock(&rproc->data_lock);
		trace->va = va;
		pthread_mutex_unlock(&rproc->data_lock);
	}
}

void rproc_remove_traces(struct rproc *rproc)
{
	struct list *item, *next;

	pthread_mutex_lock(&rproc->data_lock);
	list_for_each_safe(item, next, &rproc->traces)
		free(list_entry(item, struct rproc_trace, link));
	list_init(&rproc->traces);
	pthread_mutex_unlock(&rproc->data_lock);
}

static const struct rproc_trace *find_trace(const struct rproc *rproc, unsigned int index)
{
	struct list *item;

	list_for_each(item, &rproc->traces) {
		if (!index--)
			return list_entry(item, struct rproc_trace, link);
	}
	return NULL;
}

/*
 * The remote writes while we read, and so does the loader when the processor recovers: each
 * byte is read once, the text ends at the first NUL seen, and no sanitizer can judge it.
 */
__attribute__((no_sanitize("thread"))) static ssize_t
copy_text(const struct rproc_trace *trace, char *buf, size_t len, uint64_t offset)
{
	const volatile char *text = trace->va;
	/* Each read looks at the text from its beginning, under the lock. */
	size_t end = trace->len < RPROC_TRACE_MAX ? trace->len : RPROC_TRACE_MAX;
	size_t i, copied = 0;

	for (i = 0; i < end && copied < len; i++) {
		char c = text[i];

		if (!c)
			break;
		if (i >= offset)
			buf[copied++] = c;
	}
	return (ssize_t)copied;
}

RPROC_API ssize_t rproc_trace_read(const struct rproc *rproc, unsigned int index, void *buf,
				   size_t len, uint64_t offset)
{
	struct rproc *r = (struct rproc *)rproc;
	const struct rproc_trace *trace;
	ssize_t ret;

	pthread_mutex_lock(&r->data_lock);
	trace = find_trace(rproc, index);
	ret = !trace ? -ENOENT : !trace->va ? -EFAULT : copy_text(trace, buf, len, offset);
	pthread_mutex_unlock(&r->data_lock);
	return ret;
}
