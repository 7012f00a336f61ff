/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * traceK: the text a processor writes into memory, and whether it has grown. A
 * trace lives as long as the resources of one boot; its descriptors never show
 * the next one's.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rprocfs.h"
#include "watch.h"

struct trace {
	struct watch watch; /* first */
	struct processor *processor;
	unsigned int index;
	uint64_t incarnation;
};

/* Is it still the boot that the trace belongs to? */
static bool alive(const struct trace *trace)
{
	return trace->incarnation == processor_incarnation(trace->processor);
}

static void read_trace(struct node_open *open, struct node_call *call);
static uint64_t trace_size(struct node *node);
static unsigned int trace_poll(struct node_open *open);
static void trace_removed(struct node *node);

static const struct node_ops trace_ops = {
	.flags = NODE_SIZELESS | NODE_SIMPLE,
	.gone = -EIO,
	.unreadable = -EINVAL,
	.unwritable = -EINVAL,
	.read = read_trace,
	.poll = trace_poll,
	.size = trace_size,
	.removed = trace_removed,
};

/* ---- the text, all of it ---------------------------------------------------------------- */

struct digest {
	uint64_t len;
	uint64_t hash;
};

/*
 * Length and hash of a trace; what cannot be read is a text of its own, too. In one
 * piece, since each read looks at the text from its beginning.
 */
static struct digest digest(const struct trace *trace)
{
	static char few[64 * 1024]; /* one thread runs all nodes */
	struct digest digest = { .hash = 1 };
	size_t size = sizeof(few);
	char *buf = few, *many = NULL;
	ssize_t n;

	while ((n = rproc_trace_read(trace->processor->rproc, trace->index, buf, size, 0)) ==
	       (ssize_t)size) {
		size *= 4;
		free(many);
		buf = many = malloc(size);
		if (!many) {
			n = -ENOMEM;
			break;
		}
	}
	if (n > 0) {
		digest.hash = watch_hash(buf, (size_t)n);
		digest.len = (uint64_t)n;
	} else {
		digest.hash += (uint64_t)-n;
	}
	free(many);
	return digest;
}

static uint64_t look(const struct watch *watch)
{
	return digest((const struct trace *)watch).hash;
}

static uint64_t trace_size(struct node *node)
{
	struct digest found = digest(node->priv);

	/* Something is always to be read: "not available" in the worst case. */
	return found.len ? found.len : NODE_PAGE;
}

/* ---- reading and polling -------------------------------------------------------------------- */

/* What the kernel says; it never knew the trace's name here. */
static ssize_t read_unavailable(struct node_call *call, char *buf)
{
	static const char text[] = "Trace  not available\n";
	size_t left = call->offset < sizeof(text) - 1 ? sizeof(text) - 1 - call->offset : 0;

	if (left > call->size)
		left = call->size;
	if (left)
		memcpy(buf, text + call->offset, left);
	return (ssize_t)left;
}

static void read_trace(struct node_open *open, struct node_call *call)
{
	struct trace *trace = open->node->priv;
	char *buf = node_call_buffer(call);
	ssize_t n;

	if (!buf) {
		node_call_done(call, -ENOMEM);
		return;
	}
	n = alive(trace) ? rproc_trace_read(trace->processor->rproc, trace->index, buf, call->size,
					    call->offset)
			 : -ENOENT;
	if (n == -EFAULT)
		n = read_unavailable(call, buf);
	else if (n == 0)
		open->stamp = digest(trace).hash; /* up to here it has been read */
	node_call_done(call, n == -ENOENT ? -EIO : n);
}

/* Always readable, as in debugfs; PRI when there is what this descriptor has not read. */
static unsigned int trace_poll(struct node_open *open)
{
	struct trace *trace = open->node->priv;
	unsigned int events = NODE_POLL_DEFAULT;

	if (trace->processor->fs->options.mainline)
		return events;
	if (!alive(trace))
		return events | POLLERR | POLLHUP;
	return watch_changed(&trace->watch, open) ? events | POLLPRI : events;
}

/* ---- coming and going ---------------------------------------------------------------------- */

static void trace_removed(struct node *node)
{
	struct trace *trace = node->priv;

	watch_end(&trace->watch);
	node->priv = NULL;
	free(trace);
}

static int add_trace(struct processor *processor, unsigned int index)
{
	struct trace *trace = calloc(1, sizeof(*trace));
	struct node *node;
	char name[32];

	if (!trace)
		return -ENOMEM;
	snprintf(name, sizeof(name), "trace%u", index);
	trace->processor = processor;
	trace->index = index;
	trace->incarnation = processor->incarnation;
	node = node_add_file(processor->debug, name, 0400, &trace_ops, trace);
	if (!node) {
		free(trace);
		return -ENOMEM;
	}
	node->vanishing = true;
	watch_init(&trace->watch, processor->fs, node, look);
	return 0;
}

static void remove_from(struct processor *processor, unsigned int index)
{
	char name[32];

	while (processor->traces > index) {
		snprintf(name, sizeof(name), "trace%u", --processor->traces);
		node_remove(node_child(processor->debug, name));
	}
}

void trace_forget(struct processor *processor)
{
	remove_from(processor, 0);
}

void trace_refresh(struct processor *processor)
{
	uint64_t incarnation = processor_incarnation(processor);
	struct rproc_trace_info *info;
	size_t count;

	if (incarnation != processor->incarnation)
		remove_from(processor, 0);
	processor->incarnation = incarnation;
	if (rproc_get_traces(processor->rproc, &info, &count))
		return;
	free(info);
	remove_from(processor, (unsigned int)count);
	while (processor->traces < count && !add_trace(processor, processor->traces))
		processor->traces++;
}
