/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opens of nodes: who may open, the table of handles, what a read, a store, an
 * ioctl and a poll on a descriptor do before and after the node's own
 * operation. Must not know libfuse, nor what a node shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "tree_internal.h"

/* A text longer than this is not kept for the slot's next open. */
#define KEEP_TEXT (64 * 1024)

/* ---- the table of opens --------------------------------------------------------- */

static int grow_table(struct tree *tree)
{
	unsigned int slots = tree->open_slots ? tree->open_slots * 2 : 64;
	struct node_open **opens = realloc(tree->opens, slots * sizeof(struct node_open *));

	if (!opens)
		return -ENOMEM;
	memset(opens + tree->open_slots, 0,
	       (slots - tree->open_slots) * sizeof(struct node_open *));
	tree->opens = opens;
	for (unsigned int i = tree->open_slots; i < slots; i++) {
		struct node_open *open = calloc(1, sizeof(*open));

		if (!open)
			break;
		open->slot = i;
		open->next_open = tree->free_opens;
		tree->free_opens = open;
		opens[i] = open;
		tree->open_slots = i + 1;
	}
	return tree->free_opens ? 0 : -ENOMEM;
}

static struct node_open *take_open(struct tree *tree)
{
	struct node_open *open;

	if (!tree->free_opens && grow_table(tree))
		return NULL;
	open = tree->free_opens;
	tree->free_opens = open->next_open;
	return open;
}

static void give_open(struct tree *tree, struct node_open *open)
{
	struct node_open clean = { .slot = open->slot, .next_open = tree->free_opens };

	if (open->text.cap <= KEEP_TEXT)
		clean.text = open->text;
	else
		text_fini(&open->text);
	text_reset(&clean.text);
	*open = clean;
	tree->free_opens = open;
}

struct node_open *tree_open(struct tree *tree, uint64_t handle)
{
	unsigned int slot = (unsigned int)handle;
	struct node_open *open = slot < tree->open_slots ? tree->opens[slot] : NULL;

	/* The upper half is the node's generation: a handle is of one incarnation only. */
	return open && open->node && open->handle == handle ? open : NULL;
}

/* ---- open and release -------------------------------------------------------------- */

/*
 * An alias gives an opener an inode of his own. Four need one: who opens while a
 * store is pending, and whatever shows no size, since that is also where sendfile
 * ends: a reader's inode has another (tree_lookup() sees to both); and the two below.
 *
 * Somebody looked a name up, then a store became pending, then he opened: his
 * truncation would wait for that store. -ESTALE makes the kernel look up again,
 * once; so that the second try cannot meet the same fate, every look-up gets an
 * alias for a while.
 *
 * Somebody reads while others write: what sendfile reads is cut at the size in
 * the inode, which the kernel sets to the length of the last text, and which a
 * look-up does not repair if a write ends meanwhile.
 */
#define SENT_BACK_MS 10000
#define WRITTEN_MS   1000
#define CACHED_MS    1000

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool tree_alias_wanted(struct node *node)
{
	if (!node->alias_until)
		return false;
	if (now_ms() <= node->alias_until)
		return true;
	node->alias_until = 0;
	return false;
}

static void want_aliases(struct node *node, int64_t ms)
{
	int64_t until = now_ms() + ms;

	if (node->alias_until < until)
		node->alias_until = until;
}

/* It came by the id that all share, looked up before the reason for an alias arose. */
static bool must_look_up_again(struct node *node, uint64_t id, int flags)
{
	if (id != node->id)
		return false;
	if (node->pending && (flags & O_ACCMODE) != O_RDONLY) {
		want_aliases(node, SENT_BACK_MS);
		return true;
	}
	return tree_alias_wanted(node);
}

bool tree_read_by(const struct node *node, uint64_t id)
{
	for (const struct node_open *open = node->opens; open; open = open->next_open)
		if (open->id == id && open->access != O_WRONLY)
			return true;
	return false;
}

static int gone_error(const struct node *node)
{
	return node->ops->gone ? node->ops->gone : -ENODEV;
}

int node_stat_end(struct node_open *open, struct stat *ret_stat)
{
	struct node *node = open->node;

	/* debugfs has lost its way to the file. */
	if (node->removed && !(node->ops->flags & NODE_STRICT))
		return gone_error(node);
	tree_stat(node, open->id, ret_stat);
	if (!(node->ops->flags & NODE_SIZELESS) || open->append)
		return 0;
	ret_stat->st_size = (off_t)node->truncated;
	return node->ops->flags & NODE_ENDLESS ? -EINVAL : 0;
}

static int check_access(const struct node *node, int flags)
{
	int access = flags & O_ACCMODE;

	if (flags & O_DIRECT)
		return -EINVAL;
	if (!(node->ops->flags & NODE_STRICT))
		return 0;
	if (access != O_RDONLY && !(node->mode & 0222))
		return -EACCES;
	if (access != O_WRONLY && !(node->mode & 0444))
		return -EACCES;
	return 0;
}

static void link_open(struct node *node, struct node_open *open)
{
	open->prev_open = NULL;
	open->next_open = node->opens;
	if (node->opens)
		node->opens->prev_open = open;
	node->opens = open;
}

static void unlink_open(struct node *node, struct node_open *open)
{
	if (open->prev_open)
		open->prev_open->next_open = open->next_open;
	else
		node->opens = open->next_open;
	if (open->next_open)
		open->next_open->prev_open = open->prev_open;
}

int node_open(struct node *node, uint64_t id, int flags, struct node_open **ret_open)
{
	struct tree *tree = node->tree;
	struct node_open *open;
	int err;

	if (node->type != NODE_FILE)
		return -EISDIR;
	err = check_access(node, flags);
	if (err)
		return err;
	if (must_look_up_again(node, id, flags))
		return -ESTALE;
	open = take_open(tree);
	if (!open)
		return -ENOMEM;
	open->node = node;
	open->handle = (uint64_t)node->generation << 32 | open->slot;
	open->id = id;
	open->access = flags & O_ACCMODE;
	open->append = flags & O_APPEND;
	open->wants_size = node->ops->flags & NODE_SIZELESS && open->access != O_WRONLY &&
			   !tree_read_by(node, id);
	link_open(node, open);
	node->readers += open->access == O_RDONLY;
	err = node->ops->open ? node->ops->open(open) : 0;
	if (err) {
		node->readers -= open->access == O_RDONLY;
		unlink_open(node, open);
		give_open(tree, open);
		return err;
	}
	*ret_open = open;
	return 0;
}

void node_release(struct node_open *open)
{
	struct node *node = open->node;
	struct tree *tree = node->tree;

	if (node->ops->release)
		node->ops->release(open);
	if (tree->front.drop && open->waiter)
		tree->front.drop(open, tree->front.data);
	node->readers -= open->access == O_RDONLY;
	unlink_open(node, open);
	give_open(tree, open);
	if (node->removed && !node->opens)
		tree_node_free(node);
}

bool tree_survives(const struct tree *tree, const char *name)
{
	for (unsigned int i = 0; i < tree->open_slots; i++) {
		const struct node *node = tree->opens[i]->node;

		if (node && node->removed && !strcmp(node->name, name))
			return true;
	}
	return false;
}

void tree_close_all(struct tree *tree)
{
	for (unsigned int i = 0; i < tree->open_slots; i++)
		if (tree->opens[i]->node)
			node_release(tree->opens[i]);
}

void tree_free_opens(struct tree *tree)
{
	tree_close_all(tree);
	for (unsigned int i = 0; i < tree->open_slots; i++) {
		text_fini(&tree->opens[i]->text);
		free(tree->opens[i]);
	}
	free(tree->opens);
	tree->opens = NULL;
	tree->open_slots = 0;
	tree->free_opens = NULL;
}

/* ---- read, store, ioctl, poll --------------------------------------------------------- */

/*
 * As a seq_file: the text is made anew at offset 0 and whenever a read does not
 * go on where the last one ended, so that small steps see one text.
 */
static void read_shown(struct node_open *open, struct node_call *call)
{
	struct node *node = open->node;

	call->shown = true;
	if (open->have_text && call->offset && call->offset == open->next &&
	    !(node->ops->flags & NODE_FRESH)) {
		node_call_done(call, 0);
		return;
	}
	open->have_text = false;
	if (call->cached)
		node->cached_until = now_ms() + CACHED_MS;
	if (!call->offset)
		open->seen = node->event;
	text_reset(&open->text);
	call->written = true;
	node->ops->show(open, call);
}

static void start_read(struct node_open *open, struct node_call *call)
{
	const struct node_ops *ops = open->node->ops;

	if (!ops->show)
		open->seen = open->node->event;
	if (ops->read)
		ops->read(open, call);
	else if (ops->show)
		read_shown(open, call);
	else
		node_call_done(call, ops->unreadable ? ops->unreadable : -EIO);
}

static void start_store(struct node_open *open, struct node_call *call)
{
	const struct node_ops *ops = open->node->ops;

	if (!ops->store) {
		node_call_done(call, ops->unwritable ? ops->unwritable : -EIO);
		return;
	}
	if (open->node->readers ||
	    (open->node->cached_until && open->node->cached_until >= now_ms()))
		want_aliases(open->node, WRITTEN_MS);
	if (call->size > NODE_PAGE && (ops->flags & NODE_PAGED))
		call->size = call->data_size = NODE_PAGE;
	ops->store(open, call);
}

/*
 * A write to debugfs leaves the position where it is, but FUSE moves it. So what was
 * written since the last seek is taken off the offset of a read that begins where FUSE
 * has put the descriptor; any other offset was asked for.
 */
static void skew(struct node_open *open, const struct node_call *call)
{
	if (open->append)
		return;
	if (call->offset != open->at)
		open->skew = 0;
	open->skew += (uint64_t)call->result;
	open->at = call->offset + (uint64_t)call->result;
}

static void unskew(struct node_open *open, struct node_call *call)
{
	if (!open->skew || call->offset != open->at)
		return;
	call->offset -= open->skew;
	call->skewed = true;
}

void node_call_start(struct node_call *call)
{
	struct node_open *open = call->open;
	struct node *node = open->node;

	if (call->kind == NODE_CALL_READ)
		unskew(open, call);
	if (node->removed && !(node->ops->flags & NODE_HELD)) {
		node_call_done(call, gone_error(node));
		return;
	}
	switch (call->kind) {
	case NODE_CALL_READ:
		start_read(open, call);
		break;
	case NODE_CALL_STORE:
		start_store(open, call);
		break;
	case NODE_CALL_IOCTL:
		if (node->ops->ioctl)
			node->ops->ioctl(open, call);
		else
			node_call_done(call, -ENOTTY);
		break;
	}
}

/* The slice of the text that was asked for. */
static void slice(struct node_open *open, struct node_call *call)
{
	size_t left = call->offset < open->text.len ? open->text.len - call->offset : 0;

	call->out = left ? open->text.data + call->offset : NULL;
	call->result = (ssize_t)(left < call->size ? left : call->size);
	open->next = call->offset + (uint64_t)call->result;
}

void node_call_settle(struct node_call *call)
{
	struct node_open *open = call->open;

	if (call->written && call->result >= 0) {
		if (open->text.failed)
			call->result = -ENOMEM;
		else
			open->have_text = true;
	}
	if (call->shown && call->result >= 0)
		slice(open, call);
	if (call->result <= 0)
		return;
	if (call->skewed)
		open->at += (uint64_t)call->result;
	else if (call->kind == NODE_CALL_STORE && open->node->ops->flags & NODE_SIMPLE)
		skew(open, call);
}

unsigned int node_poll(struct node_open *open)
{
	struct node *node = open->node;

	if (node->removed && node->ops->gone_poll)
		return node->ops->gone_poll;
	if (node->removed && node->ops->flags & NODE_STRICT)
		return POLLERR | POLLPRI | NODE_POLL_DEFAULT;
	if (node->removed)
		return node->tree->linux_only ? NODE_POLL_DEFAULT
					      : POLLERR | POLLHUP | NODE_POLL_DEFAULT;
	if (node->ops->poll)
		return node->ops->poll(open);
	return node->ops->flags & NODE_STRICT ? node_poll_notified(open) : NODE_POLL_DEFAULT;
}

unsigned int node_poll_notified(struct node_open *open)
{
	if (open->seen != open->node->event)
		return NODE_POLL_DEFAULT | POLLERR | POLLPRI;
	return NODE_POLL_DEFAULT;
}
