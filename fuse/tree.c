/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tree of nodes: ids, names, children. Owns every node and the two hash
 * tables through which an id or a name is found in the same time with one
 * processor and with a thousand. Must not know libfuse, nor what a node shows.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "tree_internal.h"

#define ALIAS_TRIES 16
#define ID_MASK	    ((UINT64_C(1) << TREE_ID_BITS) - 1)

/* ---- hashing --------------------------------------------------------------- */

/* FNV-1a with a finish that spreads the low bits, which is what the tables use. */
static uint64_t hash_name(uint64_t parent, const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ parent;

	for (const unsigned char *s = (const unsigned char *)name; *s; s++)
		h = (h ^ *s) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	h *= UINT64_C(0x9fb21c651e98df25);
	return h ^ (h >> 28);
}

static struct node **id_bucket(struct tree *tree, uint64_t id)
{
	return &tree->by_id[(id ^ (id >> 24)) & (tree->buckets - 1)];
}

static struct node **name_bucket(struct tree *tree, uint64_t hash)
{
	return &tree->by_name[hash & (tree->buckets - 1)];
}

static void hash_insert(struct tree *tree, struct node *node)
{
	struct node **id = id_bucket(tree, node->id);
	struct node **name = name_bucket(tree, node->hash);

	node->by_id = *id;
	*id = node;
	node->by_name = *name;
	*name = node;
}

static void hash_remove(struct tree *tree, struct node *node)
{
	struct node **p;

	for (p = id_bucket(tree, node->id); *p != node; p = &(*p)->by_id)
		;
	*p = node->by_id;
	for (p = name_bucket(tree, node->hash); *p != node; p = &(*p)->by_name)
		;
	*p = node->by_name;
}

/* Twice the buckets. Without memory the chains just grow longer. */
static void hash_grow(struct tree *tree)
{
	size_t old = tree->buckets;
	struct node **by_id = calloc(old * 2, sizeof(*by_id));
	struct node **by_name = calloc(old * 2, sizeof(*by_name));
	struct node **was = tree->by_id;

	if (!by_id || !by_name) {
		free(by_id);
		free(by_name);
		return;
	}
	free(tree->by_name);
	tree->by_id = by_id;
	tree->by_name = by_name;
	tree->buckets = old * 2;
	for (size_t i = 0; i < old; i++) {
		for (struct node *node = was[i], *next; node; node = next) {
			next = node->by_id;
			hash_insert(tree, node);
		}
	}
	free(was);
}

struct node *tree_find(struct tree *tree, uint64_t id)
{
	id &= ID_MASK;
	for (struct node *node = *id_bucket(tree, id); node; node = node->by_id)
		if (node->id == id)
			return node;
	return NULL;
}

struct node *node_child(const struct node *dir, const char *name)
{
	uint64_t hash = hash_name(dir->id, name);

	for (struct node *node = *name_bucket(dir->tree, hash); node; node = node->by_name)
		if (node->hash == hash && node->parent == dir && !strcmp(node->name, name))
			return node;
	return NULL;
}

/* ---- making and removing ----------------------------------------------------- */

static struct node *node_new(struct tree *tree, struct node *parent, const char *name,
			     enum node_type type, mode_t mode)
{
	size_t len = strlen(name) + 1;
	struct node *node = calloc(1, sizeof(*node) + len);

	if (!node)
		return NULL;
	memcpy(node->name, name, len);
	node->type = type;
	node->mode = mode;
	node->uid = tree->uid;
	node->gid = tree->gid;
	node->tree = tree;
	node->parent = parent;
	node->event = 1; /* so that a descriptor which has not read is told so by poll */
	node->generation = ++tree->generation;
	clock_gettime(CLOCK_REALTIME_COARSE, &node->time);
	if (parent) {
		node->vanishing = parent->vanishing;
		node->hash = hash_name(parent->id, name);
		node->id = node->hash & ID_MASK;
	}
	return node;
}

static void link_child(struct node *parent, struct node *node)
{
	node->prev = parent->last;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	if (node->type == NODE_DIR)
		parent->dirs++;
}

static void unlink_child(struct node *node)
{
	struct node *parent = node->parent;

	if (node->prev)
		node->prev->next = node->next;
	else
		parent->first = node->next;
	if (node->next)
		node->next->prev = node->prev;
	else
		parent->last = node->prev;
	if (node->type == NODE_DIR)
		parent->dirs--;
}

static struct node *node_add(struct node *parent, const char *name, enum node_type type,
			     mode_t mode)
{
	struct tree *tree;
	struct node *node;

	if (!parent) /* there was no memory for it: one check at the end of a chain will do */
		return NULL;
	tree = parent->tree;
	node = node_new(tree, parent, name, type, mode);
	if (!node)
		return NULL;
	/* Two paths of one hash: the later takes the next id, as far as it must. */
	while (node->id <= TREE_ROOT_ID || tree_find(tree, node->id))
		node->id = (node->id + 1) & ID_MASK;
	if (++tree->count > tree->buckets)
		hash_grow(tree);
	hash_insert(tree, node);
	link_child(parent, node);
	return node;
}

struct node *node_add_dir(struct node *parent, const char *name, mode_t mode,
			  const struct node_ops *ops, void *priv)
{
	struct node *node = parent ? node_child(parent, name) : NULL;

	if (node)
		return node;
	node = node_add(parent, name, NODE_DIR, mode);
	if (!node)
		return NULL;
	node->ops = ops;
	node->priv = priv;
	return node;
}

struct node *node_add_file(struct node *parent, const char *name, mode_t mode,
			   const struct node_ops *ops, void *priv)
{
	struct node *node = parent ? node_child(parent, name) : NULL;

	if (node)
		return node;
	node = node_add(parent, name, NODE_FILE, mode);
	if (!node)
		return NULL;
	node->ops = ops;
	node->priv = priv;
	return node;
}

struct node *node_add_link(struct node *parent, const char *name, const char *fmt, ...)
{
	struct node *node = parent ? node_child(parent, name) : NULL;
	char *target;
	va_list ap;
	int n;

	if (node)
		return node;
	va_start(ap, fmt);
	n = vasprintf(&target, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	node = node_add(parent, name, NODE_LINK, 0777);
	if (!node) {
		free(target);
		return NULL;
	}
	node->target = target;
	return node;
}

void tree_node_free(struct node *node)
{
	free(node->target);
	free(node);
}

void node_remove(struct node *node)
{
	struct tree *tree;

	if (!node || node->removed)
		return;
	tree = node->tree;
	while (node->first)
		node_remove(node->first);
	if (node->ops && node->ops->removed)
		node->ops->removed(node);
	node->removed = true;
	hash_remove(tree, node);
	tree->count--;
	if (node->parent)
		unlink_child(node);
	node->parent = NULL;
	if (!node->opens) {
		tree_node_free(node);
		return;
	}
	/* Descriptors keep it, dead; the last one frees it. Whoever polls learns of it. */
	node_notify(node);
}

void node_notify(struct node *node)
{
	struct tree *tree = node->tree;

	node->event++;
	if (!tree->front.wake)
		return;
	for (struct node_open *open = node->opens; open; open = open->next_open)
		if (open->waiter)
			tree->front.wake(open, tree->front.data);
}

/* ---- the tree itself ------------------------------------------------------------ */

int tree_new(struct tree **ret_tree)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -ENOMEM;
	tree->buckets = 256;
	tree->by_id = calloc(tree->buckets, sizeof(*tree->by_id));
	tree->by_name = calloc(tree->buckets, sizeof(*tree->by_name));
	if (!tree->by_id || !tree->by_name)
		goto free_tree;
	tree->root = node_new(tree, NULL, "", NODE_DIR, 0755);
	if (!tree->root)
		goto free_tree;
	tree->root->id = TREE_ROOT_ID;
	tree->count = 1;
	hash_insert(tree, tree->root);
	*ret_tree = tree;
	return 0;
free_tree:
	free(tree->by_id);
	free(tree->by_name);
	free(tree);
	return -ENOMEM;
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	tree_free_opens(tree);
	node_remove(tree->root);
	free(tree->by_id);
	free(tree->by_name);
	free(tree);
}

void tree_set_front(struct tree *tree, const struct tree_front *front)
{
	tree->front = *front;
}

void tree_set_owner(struct tree *tree, uid_t uid, gid_t gid)
{
	tree->uid = tree->root->uid = uid;
	tree->gid = tree->root->gid = gid;
}

void tree_set_linux_only(struct tree *tree)
{
	tree->linux_only = true;
}

struct node *tree_root(struct tree *tree)
{
	return tree->root;
}

/* ---- what a front end asks ------------------------------------------------------- */

static uint64_t new_alias(struct node *node)
{
	uint64_t id;

	/* Once all have been handed out: rather not one that tells a reader apart. */
	for (int i = 0; i < ALIAS_TRIES; i++) {
		if (!++node->alias)
			++node->alias;
		id = node->id | (uint64_t)node->alias << TREE_ID_BITS;
		if (!tree_read_by(node, id))
			break;
	}
	return id;
}

static uint64_t id_to_hand_out(struct node *node)
{
	bool sizeless = node->type == NODE_FILE && node->ops->flags & NODE_SIZELESS;

	return sizeless || node->pending || tree_alias_wanted(node) ? new_alias(node) : node->id;
}

int tree_lookup(struct node *dir, const char *name, struct node **ret_node, uint64_t *ret_id)
{
	struct node *node;

	if (dir->type != NODE_DIR)
		return -ENOTDIR;
	if (dir->ops && dir->ops->refresh)
		dir->ops->refresh(dir, name);
	node = node_child(dir, name);
	if (!node)
		return -ENOENT;
	*ret_node = node;
	*ret_id = id_to_hand_out(node);
	return 0;
}

void tree_refresh(struct node *dir)
{
	if (dir->ops && dir->ops->refresh)
		dir->ops->refresh(dir, NULL);
}

void tree_stat(struct node *node, uint64_t id, struct stat *ret_stat)
{
	static const mode_t types[] = { S_IFDIR, S_IFLNK, S_IFREG };

	memset(ret_stat, 0, sizeof(*ret_stat));
	ret_stat->st_ino = node->id;
	ret_stat->st_mode = types[node->type] | node->mode;
	ret_stat->st_nlink = node->type == NODE_DIR ? 2 + node->dirs : 1;
	ret_stat->st_uid = node->uid;
	ret_stat->st_gid = node->gid;
	ret_stat->st_blksize = NODE_PAGE;
	ret_stat->st_atim = ret_stat->st_mtim = ret_stat->st_ctim = node->time;
	if (node->type != NODE_FILE)
		return;
	ret_stat->st_size = (off_t)node->truncated;
	if (node->ops->flags & NODE_SIZELESS && !tree_read_by(node, id))
		return;
	/* What a dead node's size was made from is gone. */
	ret_stat->st_size =
		node->ops->size && !node->removed ? (off_t)node->ops->size(node) : NODE_PAGE;
}

void tree_truncate(struct node *node, uint64_t size)
{
	if (node->type == NODE_FILE && node->ops->flags & NODE_SIMPLE)
		node->truncated = size;
}

/*
 * Names of files are never believed: each open asks again, which also repairs
 * the size that a truncating opener left in the kernel's cache.
 */
double tree_entry_timeout(const struct node *node)
{
	return node->type == NODE_FILE || node->vanishing ? 0.0 : 1.0;
}

double tree_attr_timeout(const struct node *node)
{
	return node->vanishing ||
			       (node->ops && (node->ops->size || node->ops->flags & NODE_SIZELESS))
		       ? 0.0
		       : 1.0;
}
