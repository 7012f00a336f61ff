/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to session.c and session_ops.c.
 */
#ifndef RPROCFS_SESSION_INTERNAL_H
#define RPROCFS_SESSION_INTERNAL_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>
#include "session.h"

/* Bytes of one read or write; more comes in pieces. */
#define SESSION_MAX_IO (128 * 1024)

/* Where sendfile finds an end if a file shows none: behind every text. */
#define SESSION_FAR (1ll << 40)

/* Who polls an open: its waiter, until the tree tells him something. */
struct session_poller {
	struct session_poller *next, *prev;
	struct fuse_pollhandle *handle; /* NULL: was woken */
	unsigned int bell;
	uint64_t ring; /* that woke him last */
};

struct session {
	struct fuse_session *se;
	struct tree *tree;
	struct session_hooks hooks;
	struct fuse_buf request;
	char *scratch; /* what an operation answers at once is written here */
	size_t scratch_size;
	struct node_call *deferred; /* in flight; loop's thread */
	bool stop;
	bool mounted;
	bool log_stores;
	int wake_fd;
	atomic_bool kicked;
	pthread_mutex_t lock;
	struct node_call *done_head, *done_tail; /* under lock */
	/* Somebody was rung for: the poll that comes is to see the last event. */
	atomic_bool rung;
	_Atomic uint64_t rings; /* so far */
	pthread_mutex_t poll_lock;
	struct session_poller *pollers; /* under poll_lock, and what they hold */
};

/* session_ops.c */
extern const struct fuse_lowlevel_ops session_ops;

/* session.c */
struct node_call *session_call_new(struct session *session, enum node_call_kind kind,
				   struct node_open *open);
/* Carry a call out and answer it, now or later. */
void session_call(struct session *session, fuse_req_t req, struct node_call *call);
/* Takes @handle, also when it fails: -ENOMEM. */
int session_poll(struct session *session, struct node_open *open, struct fuse_pollhandle *handle);

#endif
