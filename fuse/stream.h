/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream of records that files serve: the newest are kept, every open reads
 * from its own place, a read waits for the next record. Knows nodes and calls,
 * not what the records say.
 */
#ifndef RPROCFS_STREAM_H
#define RPROCFS_STREAM_H

#include "node.h"

struct stream;

extern const struct node_ops stream_ops; /* node->priv is the stream */

/*
 * @records: how many are kept. @kick: called after an append if somebody has it open, any
 * thread; has stream_wake() run on the tree's thread. NULL: whoever appends is that thread,
 * and sees to it himself. -ENOMEM.
 */
int stream_new(unsigned int records, void (*kick)(void *data), void *data,
	       struct stream **ret_stream);
/* After the tree. NULL is fine. */
void stream_free(struct stream *stream);
/* The number the next record will have, from 0. Any thread. */
uint64_t stream_next(struct stream *stream);
/*
 * Append a record, which is the text @format makes of its number. Any thread; a
 * record there is no memory for is lost, and readers see the hole.
 */
void stream_append(struct stream *stream,
		   void (*format)(struct text *text, uint64_t number, void *data), void *data);
/* Serve whoever waits for records on @node. On the tree's thread. */
void stream_wake(struct stream *stream, struct node *node);

#endif
