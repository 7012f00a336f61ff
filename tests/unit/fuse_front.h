/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A front end without FUSE: walks paths, opens, reads and writes the nodes of a
 * tree as a client would, waits for deferred answers with a deadline. Everything
 * on the test's thread, which is the tree's. Failures to find, open or wait end
 * the test.
 */
#ifndef FUSE_FRONT_H
#define FUSE_FRONT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include "tree.h"

#define FRONT_WAIT_S 20

struct front {
	struct tree *tree;
	unsigned int woken; /* polls that were told to ask again */
	/* Called while an answer is awaited: what the loop would do. */
	void (*idle)(void *data);
	void *data;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct node_call *done; /* under lock */
};

void front_init(struct front *front, struct tree *tree);
void front_fini(struct front *front);

/* The node of a path from the root, through links; NULL if there is none. */
struct node *front_find(struct front *front, const char *path);
/* 0 or the errno of a look-up or open. */
int front_open(struct front *front, const char *path, int flags, struct node_open **ret_open);

/* The completion of calls that a test makes itself; call->front is the front. */
void front_completed(struct node_call *call);
/* Begin a call; it may be over when this returns. */
struct node_call *front_start_read(struct front *front, struct node_open *open, size_t size,
				   uint64_t offset, bool nonblock);
struct node_call *front_start_write(struct front *front, struct node_open *open, const void *data,
				    size_t size);
/* As a write with O_NONBLOCK: it is over when this returns. */
ssize_t front_write_nonblock(struct front *front, struct node_open *open, const void *data,
			     size_t size);
/* What poll(2) says; somebody waits from now on. */
unsigned int front_poll(struct front *front, struct node_open *open);
/* Is it over? If so it is freed and its answer is in @buf. */
bool front_take(struct front *front, struct node_call *call, void *buf, ssize_t *ret_result);
/* Wait until it is over. */
ssize_t front_wait(struct front *front, struct node_call *call, void *buf);

/* The same all at once. */
ssize_t front_pread(struct front *front, struct node_open *open, void *buf, size_t size,
		    uint64_t offset);
ssize_t front_write(struct front *front, struct node_open *open, const void *data, size_t size);
/* @value goes in and comes out. */
ssize_t front_ioctl(struct front *front, struct node_open *open, unsigned int cmd, void *value,
		    size_t size);
/* Open, read all, close: the text, valid until the next call. Or the errno. */
const char *front_text(struct front *front, const char *path);
ssize_t front_store(struct front *front, const char *path, const char *text);
/* "a b c": the names in a directory, sorted. */
const char *front_list(struct front *front, const char *path);

#endif
