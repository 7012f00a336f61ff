/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trace buffers: text that the remote writes and the host reads while it runs
 * and after it died. Their address is resolved once, when the image is loaded;
 * the memory lives until the resources are cleaned up, and traces go first.
 *
 * A long text is copied in pieces and without the lock: whoever changes the traces
 * waits for the pieces that are being copied, and no longer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"

#define PIECE ((size_t)64 * 1024)

/* ---- the worker's side ---------------------------------------------------------------------- */

int rproc_add_trace(struct rproc *rproc, const struct rproc_rsc_trace *rsc)
{
	struct rproc_trace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return -ENOMEM;
	trace->da = rsc->da;
	trace->len = rsc->len;
	memcpy(trace->name, rsc->name, sizeof(trace->name) - 1);
	pthread_mutex_lock(&rproc->data_lock);
	trace->number = ++rproc->next_trace;
	list_add_tail(&rproc->traces, &trace->link);
	pthread_mutex_unlock(&rproc->data_lock);
	return 0;
}

/* Until end_change() nobody looks at what is or was a trace's memory. */
static void begin_change(struct rproc *rproc)
{
	pthread_mutex_lock(&rproc->data_lock);
	rproc->traces_changing = true;
	while (rproc->trace_readers)
		pthread_cond_wait(&rproc->traces_idle, &rproc->data_lock);
}

static void end_change(struct rproc *rproc)
{
	rproc->traces_changing = false;
	pthread_cond_broadcast(&rproc->traces_idle);
	pthread_mutex_unlock(&rproc->data_lock);
}

void rproc_resolve_traces(struct rproc *rproc)
{
	struct list *item;

	/* Only this thread changes the list; the lock is for the field that readers use. */
	list_for_each(item, &rproc->traces) {
		struct rproc_trace *trace = list_entry(item, struct rproc_trace, link);
		const void *va = rproc_da_to_va(rproc, trace->da, trace->len, NULL);

		begin_change(rproc);
		trace->va = va;
		end_change(rproc);
	}
}

void rproc_remove_traces(struct rproc *rproc)
{
	struct list *item, *next;

	begin_change(rproc);
	list_for_each_safe(item, next, &rproc->traces)
		free(list_entry(item, struct rproc_trace, link));
	list_init(&rproc->traces);
	end_change(rproc);
}

/* ---- the readers' --------------------------------------------------------------------------- */

struct copy {
	uint64_t number; /* of the trace; 0: none was found yet */
	uint64_t offset; /* where in the text it begins */
	char *buf;
	size_t len, done; /* bytes wanted, copied */
	size_t at;	  /* bytes of the text that were looked at */
};

static const struct rproc_trace *find_trace(const struct rproc *rproc, unsigned int index)
{
	struct list *item;

	list_for_each(item, &rproc->traces) {
		if (!index--)
			return list_entry(item, struct rproc_trace, link);
	}
	return NULL;
}

/* On success its memory stays until unpin(). Text of two boots is never put together. */
static int pin(struct rproc *rproc, unsigned int index, const struct copy *copy,
	       struct rproc_trace *ret_trace)
{
	const struct rproc_trace *trace;
	int ret;

	pthread_mutex_lock(&rproc->data_lock);
	while (rproc->traces_changing)
		pthread_cond_wait(&rproc->traces_idle, &rproc->data_lock);
	trace = find_trace(rproc, index);
	if (!trace || (copy->done && trace->number != copy->number))
		ret = -ENOENT;
	else
		ret = trace->va ? 0 : -EFAULT;
	if (!ret) {
		*ret_trace = *trace;
		rproc->trace_readers++;
	}
	pthread_mutex_unlock(&rproc->data_lock);
	return ret;
}

static void unpin(struct rproc *rproc)
{
	pthread_mutex_lock(&rproc->data_lock);
	if (!--rproc->trace_readers)
		pthread_cond_broadcast(&rproc->traces_idle);
	pthread_mutex_unlock(&rproc->data_lock);
}

/*
 * Look at one more piece. Returns whether there is another. The remote writes while we read, and
 * so does the loader when the processor recovers: each byte is read once, the text ends at the
 * first NUL seen, and no sanitizer can judge it.
 */
__attribute__((no_sanitize("thread"))) static bool copy_piece(const struct rproc_trace *trace,
							      struct copy *copy)
{
	const volatile char *text = trace->va;
	size_t end = trace->len < RPROC_TRACE_MAX ? trace->len : RPROC_TRACE_MAX;
	size_t stop = end - copy->at < PIECE ? end : copy->at + PIECE;

	for (; copy->at < stop && copy->done < copy->len; copy->at++) {
		char c = text[copy->at];

		if (!c)
			return false;
		if (copy->at >= copy->offset)
			copy->buf[copy->done++] = c;
	}
	return copy->at < end && copy->done < copy->len;
}

RPROC_API ssize_t rproc_trace_read(const struct rproc *rproc, unsigned int index, void *buf,
				   size_t len, uint64_t offset)
{
	struct rproc *r = (struct rproc *)rproc;
	struct copy copy = { .offset = offset, .buf = buf, .len = len };
	struct rproc_trace trace;
	bool more;
	int ret;

	do {
		ret = pin(r, index, &copy, &trace);
		if (ret)
			return copy.done ? (ssize_t)copy.done : ret;
		if (trace.number != copy.number)
			copy.at = 0;
		copy.number = trace.number;
		more = copy_piece(&trace, &copy);
		unpin(r);
	} while (more);
	return (ssize_t)copy.done;
}
