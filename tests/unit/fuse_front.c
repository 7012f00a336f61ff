/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The front end of the unit tests. What session.c is for the kernel, in small.
 */
#include "fuse_front.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void wake(struct node_open *open, void *data)
{
	struct front *front = data;

	open->waiter = NULL;
	front->woken++;
}

static void drop(struct node_open *open, void *data)
{
	(void)data;
	open->waiter = NULL;
}

void front_init(struct front *front, struct tree *tree)
{
	const struct tree_front hooks = { .wake = wake, .drop = drop, .data = front };

	memset(front, 0, sizeof(*front));
	front->tree = tree;
	pthread_mutex_init(&front->lock, NULL);
	pthread_cond_init(&front->changed, NULL);
	tree_set_front(tree, &hooks);
}

void front_fini(struct front *front)
{
	pthread_mutex_destroy(&front->lock);
	pthread_cond_destroy(&front->changed);
}

/* ---- paths --------------------------------------------------------------------------- */

static struct node *walk(struct front *front, struct node *dir, const char *path, int depth,
			 uint64_t *ret_id)
{
	char name[256];
	struct node *node = dir;

	assert_true(depth < 20);
	*ret_id = dir->id;
	while (*path) {
		size_t len = strcspn(path, "/");

		assert_true(len < sizeof(name));
		memcpy(name, path, len);
		name[len] = '\0';
		path += len + (path[len] == '/');
		dir = node;
		if (!len || !strcmp(name, "."))
			continue;
		if (!strcmp(name, "..")) {
			node = dir->parent;
			assert_non_null(node);
			continue;
		}
		if (tree_lookup(dir, name, &node, ret_id))
			return NULL;
		if (node->type == NODE_LINK)
			node = walk(front, dir, node->target, depth + 1, ret_id);
		if (!node)
			return NULL;
	}
	return node;
}

struct node *front_find(struct front *front, const char *path)
{
	uint64_t id;

	return walk(front, tree_root(front->tree), path, 0, &id);
}

int front_open(struct front *front, const char *path, int flags, struct node_open **ret_open)
{
	uint64_t id;
	struct node *node = walk(front, tree_root(front->tree), path, 0, &id);

	return node ? node_open(node, id, flags, ret_open) : -ENOENT;
}

/* ---- calls ------------------------------------------------------------------------------ */

void front_completed(struct node_call *call)
{
	struct front *front = call->front;

	pthread_mutex_lock(&front->lock);
	call->next_done = front->done;
	front->done = call;
	pthread_cond_broadcast(&front->changed);
	pthread_mutex_unlock(&front->lock);
}

static struct node_call *start(struct node_call *call)
{
	node_call_hold(call); /* the test's own, until it has taken the answer */
	node_call_start(call);
	call->deferred = true;
	call->data = NULL;
	return call;
}

struct node_call *front_start_read(struct front *front, struct node_open *open, size_t size,
				   uint64_t offset, bool nonblock)
{
	struct node_call *call = node_call_new(NODE_CALL_READ, open, front_completed, front);

	assert_non_null(call);
	call->size = size;
	call->offset = offset;
	call->nonblock = nonblock;
	return start(call);
}

struct node_call *front_start_write(struct front *front, struct node_open *open, const void *data,
				    size_t size)
{
	struct node_call *call = node_call_new(NODE_CALL_STORE, open, front_completed, front);

	assert_non_null(call);
	call->data = data;
	call->size = call->data_size = size;
	return start(call);
}

ssize_t front_write_nonblock(struct front *front, struct node_open *open, const void *data,
			     size_t size)
{
	struct node_call *call = node_call_new(NODE_CALL_STORE, open, front_completed, front);
	ssize_t result = 0;

	assert_non_null(call);
	call->data = data;
	call->size = call->data_size = size;
	call->nonblock = true;
	assert_true(front_take(front, start(call), NULL, &result));
	return result;
}

unsigned int front_poll(struct front *front, struct node_open *open)
{
	open->waiter = front;
	return node_poll(open);
}

bool front_take(struct front *front, struct node_call *call, void *buf, ssize_t *ret_result)
{
	struct node_call **p;
	bool found = false;

	pthread_mutex_lock(&front->lock);
	for (p = &front->done; *p && *p != call; p = &(*p)->next_done)
		;
	if (*p) {
		*p = call->next_done;
		found = true;
	}
	pthread_mutex_unlock(&front->lock);
	if (!found)
		return false;
	node_call_settle(call);
	*ret_result = call->result;
	if (call->kind != NODE_CALL_STORE && call->result > 0 && buf)
		memcpy(buf, call->out, (size_t)call->result);
	node_call_put(call);
	node_call_put(call);
	return true;
}

ssize_t front_wait(struct front *front, struct node_call *call, void *buf)
{
	struct timespec slice, end;
	ssize_t result;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += FRONT_WAIT_S;
	while (!front_take(front, call, buf, &result)) {
		if (front->idle)
			front->idle(front->data);
		clock_gettime(CLOCK_REALTIME, &slice);
		assert_true(slice.tv_sec < end.tv_sec);
		slice.tv_nsec += 10000000;
		if (slice.tv_nsec >= 1000000000) {
			slice.tv_sec++;
			slice.tv_nsec -= 1000000000;
		}
		pthread_mutex_lock(&front->lock);
		if (!front->done)
			pthread_cond_timedwait(&front->changed, &front->lock, &slice);
		pthread_mutex_unlock(&front->lock);
	}
	return result;
}

ssize_t front_pread(struct front *front, struct node_open *open, void *buf, size_t size,
		    uint64_t offset)
{
	return front_wait(front, front_start_read(front, open, size, offset, false), buf);
}

ssize_t front_write(struct front *front, struct node_open *open, const void *data, size_t size)
{
	return front_wait(front, front_start_write(front, open, data, size), NULL);
}

ssize_t front_ioctl(struct front *front, struct node_open *open, unsigned int cmd, void *value,
		    size_t size)
{
	struct node_call *call = node_call_new(NODE_CALL_IOCTL, open, front_completed, front);

	assert_non_null(call);
	call->cmd = cmd;
	call->arg = (uintptr_t)value;
	call->data = value;
	call->data_size = call->size = size;
	return front_wait(front, start(call), value);
}

const char *front_text(struct front *front, const char *path)
{
	static char text[65536];
	struct node_open *open;
	size_t len = 0;
	ssize_t n;
	int err = front_open(front, path, O_RDONLY, &open);

	if (err)
		return strerrorname_np(-err);
	while ((n = front_pread(front, open, text + len, sizeof(text) - 1 - len, len)) > 0)
		len += (size_t)n;
	node_release(open);
	if (n < 0)
		return strerrorname_np((int)-n);
	text[len] = '\0';
	return text;
}

ssize_t front_store(struct front *front, const char *path, const char *text)
{
	struct node_open *open;
	ssize_t n;
	int err = front_open(front, path, O_WRONLY, &open);

	if (err)
		return err;
	n = front_write(front, open, text, strlen(text));
	node_release(open);
	return n;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *front_list(struct front *front, const char *path)
{
	static char text[8192];
	const char *names[512];
	struct node *dir = front_find(front, path);
	size_t num = 0;

	if (!dir)
		return "ENOENT";
	tree_refresh(dir);
	for (struct node *node = dir->first; node; node = node->next) {
		assert_true(num < sizeof(names) / sizeof(names[0]));
		names[num++] = node->name;
	}
	qsort(names, num, sizeof(names[0]), compare);
	text[0] = '\0';
	for (size_t i = 0; i < num; i++) {
		strcat(text, i ? " " : "");
		strcat(text, names[i]);
	}
	return text;
}
