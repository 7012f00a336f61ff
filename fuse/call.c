/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The deferred call: one read, store or ioctl that is answered now or later,
 * from any thread, once. Owns a call's memory and the race between answer and
 * cancellation; must not know who asked, nor what was asked.
 */
#include <stdlib.h>
#include <string.h>
#include "tree.h"

struct node_call *node_call_new(enum node_call_kind kind, struct node_open *open,
				node_completed_fn completed, void *front)
{
	struct node_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->kind = kind;
	call->open = open;
	call->completed = completed;
	call->front = front;
	atomic_init(&call->done, false);
	atomic_init(&call->refs, 1);
	return call;
}

void node_call_done(struct node_call *call, ssize_t result)
{
	/* A cancelled store is answered while the work goes on: its result comes too late. */
	if (atomic_exchange(&call->done, true))
		return;
	call->result = result;
	call->completed(call);
}

void node_call_hold(struct node_call *call)
{
	atomic_fetch_add(&call->refs, 1);
}

void node_call_put(struct node_call *call)
{
	if (atomic_fetch_sub(&call->refs, 1) != 1)
		return;
	free(call->own);
	free(call);
}

char *node_call_buffer(struct node_call *call)
{
	if (!call->deferred && call->scratch_size >= call->size)
		call->out = call->scratch;
	else
		call->out = call->own = realloc(call->own, call->size ? call->size : 1);
	return (char *)call->out;
}

bool node_call_keep(struct node_call *call)
{
	call->own = malloc(call->data_size ? call->data_size : 1);
	if (call->own && call->data_size)
		memcpy(call->own, call->data, call->data_size);
	call->kept = call->own;
	return call->own;
}
