/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to tree.c, open.c and call.c: the tree's own fields.
 */
#ifndef RPROCFS_TREE_INTERNAL_H
#define RPROCFS_TREE_INTERNAL_H

#include <sys/stat.h>
#include "tree.h"

/* Touched by the tree's thread only. */
struct tree {
	struct node *root;
	struct node **by_id, **by_name;
	size_t buckets; /* a power of two */
	size_t count;	/* nodes in the tables */
	uint32_t generation;
	uid_t uid;
	gid_t gid;
	bool linux_only; /* nothing that Linux does not say */
	struct tree_front front;
	/* Opens by slot; the free ones are chained by next_open, their texts kept for reuse. */
	struct node_open **opens;
	unsigned int open_slots;
	struct node_open *free_opens;
};

/* tree.c */
void tree_node_free(struct node *node);
/* open.c */
void tree_free_opens(struct tree *tree);
bool tree_alias_wanted(struct node *node);
/* Is there a reader who came by @id? */
bool tree_read_by(const struct node *node, uint64_t id);

#endif
