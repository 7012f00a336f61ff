/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librproc/NAME/rpmsg_*: what is odd about a processor's messages, and how many there
 * were. Must not know how they are carried.
 */
#include <errno.h>
#include <stdlib.h>
#include "rpmsg_fs.h"

/* Sentences, a line each; a text that grows between two looks is cut at a page more. */
static void findings_show(struct node_open *open, struct node_call *call)
{
	struct processor *processor = open->node->priv;
	size_t size = rproc_rpmsg_diagnosis(processor->rproc, NULL, 0) + NODE_PAGE;
	char *text = calloc(1, size);

	if (!text) {
		node_call_done(call, -ENOMEM);
		return;
	}
	if (rproc_rpmsg_diagnosis(processor->rproc, text, size))
		text_line(&open->text, text);
	free(text);
	node_call_done(call, 0);
}

static void put_counters(struct text *text, int virtio, const struct rproc_rpmsg_counters *c)
{
	const struct {
		const char *name;
		uint64_t value;
	} lines[] = {
		{ "tx_messages", c->tx_messages },
		{ "tx_bytes", c->tx_bytes },
		{ "rx_messages", c->rx_messages },
		{ "rx_bytes", c->rx_bytes },
		{ "kicks", c->kicks },
		{ "kicks_saved", c->kicks_saved },
		{ "interrupts", c->interrupts },
		{ "waits", c->waits },
		{ "timeouts", c->timeouts },
		{ "no_recipient", c->no_recipient },
		{ "malformed", c->malformed },
		{ "lost", c->lost },
		{ "tx_buffers", c->tx_buffers },
		{ "tx_free", c->tx_free },
		{ "rx_buffers", c->rx_buffers },
		{ "rx_held", c->rx_held },
		{ "tx_buffer_size", c->tx_buffer_size },
		{ "rx_buffer_size", c->rx_buffer_size },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		text_printf(text, "virtio%d %s %llu\n", virtio, lines[i].name,
			    (unsigned long long)lines[i].value);
}

/* Of each bus of the processor: its control device stands for it, or its only channel. */
static bool stands_for_bus(const struct rproc_rpmsg_channel_info *info)
{
	return info->kind == RPROC_RPMSG_CTRL || info->kind == RPROC_RPMSG_SERIAL;
}

static void counters_show(struct node_open *open, struct node_call *call)
{
	struct processor *processor = open->node->priv;
	struct rproc_rpmsg_channel_info *info;
	struct rproc_rpmsg_counters counters;
	struct rproc_context *context = processor->fs->context;
	size_t count;
	int err = rproc_rpmsg_get_channels(context, &info, &count);

	if (err) {
		node_call_done(call, err);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (info[i].rproc == processor->index && stands_for_bus(&info[i]) &&
		    !rproc_rpmsg_get_counters(context, info[i].id, &counters))
			put_counters(&open->text, info[i].virtio, &counters);
	free(info);
	node_call_done(call, 0);
}

#define SYSFS (NODE_STRICT | NODE_PAGED)
static const struct node_ops findings_ops = { .flags = SYSFS, .show = findings_show };
static const struct node_ops counters_ops = { .flags = SYSFS, .show = counters_show };

int own_rpmsg_add(struct processor *processor)
{
	struct node *dir = processor->own;

	if (!node_add_file(dir, "rpmsg_findings", 0444, &findings_ops, processor) ||
	    !node_add_file(dir, "rpmsg_counters", 0444, &counters_ops, processor))
		return -ENOMEM;
	return 0;
}
