/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tree as a front end sees it: find nodes, look names up, list directories,
 * open, read, write, poll. session.c is one front end, the unit tests are
 * another. Knows neither libfuse nor processors.
 */
#ifndef RPROCFS_TREE_H
#define RPROCFS_TREE_H

#include <sys/stat.h>
#include "node.h"

#define TREE_ROOT_ID 1u
/* A node id is a base in the low 48 bits and an alias in the high 16. */
#define TREE_ID_BITS 48

struct tree_front {
	/* Somebody who polls @open should ask again. On the tree's thread. */
	void (*wake)(struct node_open *open, void *data);
	/* @open is being closed for good or thrown away: drop open->waiter. */
	void (*drop)(struct node_open *open, void *data);
	void *data;
};

/* 0 or -ENOMEM. */
int tree_new(struct tree **ret_tree);
/* Every node, and every open that is left. NULL is fine. */
void tree_free(struct tree *tree);
void tree_set_front(struct tree *tree, const struct tree_front *front);
/* Owner of nodes that are added from now on. */
void tree_set_owner(struct tree *tree, uid_t uid, gid_t gid);
/* Descriptors of what is gone from debugfs are as quiet as Linux's. */
void tree_set_linux_only(struct tree *tree);
struct node *tree_root(struct tree *tree);

/* The node of an id, whatever its alias; NULL if it is gone. */
struct node *tree_find(struct tree *tree, uint64_t id);
/*
 * Look a name up. *ret_id is the id to hand out: an alias of its own while
 * stores are pending, so that whoever opens it shares no inode lock with them,
 * and always if it shows no size.
 */
int tree_lookup(struct node *dir, const char *name, struct node **ret_node, uint64_t *ret_id);
/* Make a directory's children right before node->first ... are walked. */
void tree_refresh(struct node *dir);
/* As somebody sees it who looked up @id. */
void tree_stat(struct node *node, uint64_t id, struct stat *ret_stat);
/* Somebody wants @size bytes: agreed to, and forgotten if Linux does. */
void tree_truncate(struct node *node, uint64_t size);
/* As lseek(SEEK_END) on a descriptor sees it, or an append. -EINVAL: there is no end. */
int node_stat_end(struct node_open *open, struct stat *ret_stat);
/* How long a front end may believe what a lookup said, in seconds. */
double tree_entry_timeout(const struct node *node);
double tree_attr_timeout(const struct node *node);

/*
 * @flags: as open(2). @id: what the opener looked up; 0: he cannot look it up.
 * -ESTALE: look it up again, a store that is pending would block you. -EINVAL:
 * O_DIRECT. -EACCES, -ENOMEM.
 */
int node_open(struct node *node, uint64_t id, int flags, struct node_open **ret_open);
void node_release(struct node_open *open);
/* Release every open: the front end is gone. */
void tree_close_all(struct tree *tree);
/* Has a node of that name left the tree, and somebody still a descriptor of it? */
bool tree_survives(const struct tree *tree, const char *name);
/* The open of a handle, or NULL. */
struct node_open *tree_open(struct tree *tree, uint64_t handle);

/* Carry out a call; it is over when call->completed was called. */
void node_call_start(struct node_call *call);
/* For a front end, on its thread, just before it answers: settle result and out. */
void node_call_settle(struct node_call *call);
/* What poll answers now. */
unsigned int node_poll(struct node_open *open);

/*
 * A call for an open, with one reference. @scratch is used for answers given
 * before the operation returns. NULL if there is no memory.
 */
struct node_call *node_call_new(enum node_call_kind kind, struct node_open *open,
				node_completed_fn completed, void *front);

#endif
