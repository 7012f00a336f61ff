/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of the mount are made of: nodes, their operations, opens and
 * calls. For those who make nodes (sysfs.c, debugfs.c, ...); a front end that
 * serves them includes tree.h as well. Knows neither libfuse nor processors.
 *
 * Threads: one thread, the front end's, makes, finds, opens and removes nodes,
 * and runs every operation. node_call_done(), _hold() and _put() may be called
 * from any thread.
 */
#ifndef RPROCFS_NODE_H
#define RPROCFS_NODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include "text.h"

struct tree;
struct node;
struct node_call;
struct node_open;

/* One store of a sysfs file sees so many bytes; also what small files say is their size. */
#define NODE_PAGE 4096

/* What every file answers to poll unless it has something better to say. */
#define NODE_POLL_DEFAULT (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

/* ---- operations ----------------------------------------------------------- */

/* As sysfs: what the mode's bits forbid is forbidden to root too. */
#define NODE_STRICT (1u << 0)
/* No file position: reads may block for ever, writes do not wait for them. */
#define NODE_STREAM (1u << 1)
/* One store takes at most NODE_PAGE bytes and says so. */
#define NODE_PAGED (1u << 2)
/* As debugfs: a stat says 0 bytes. Who has the file open to read it is told more. */
#define NODE_SIZELESS (1u << 3)
/* As a seq_file: SEEK_END is EINVAL. Of sizeless nodes only. */
#define NODE_ENDLESS (1u << 4)
/* As most of debugfs: a write does not move the position, a truncation stays in the size. */
#define NODE_SIMPLE (1u << 5)
/* Every read makes its text anew, at whatever offset. */
#define NODE_FRESH (1u << 6)
/* Its descriptors keep what is behind it: calls come on when the node is gone. */
#define NODE_HELD (1u << 7)

struct node_ops {
	unsigned int flags;
	/* What a descriptor gets whose node is gone; 0: -ENODEV. */
	int gone;
	/* What its poll says then; 0: everything, and an error and a hang-up. */
	unsigned int gone_poll;
	/* What reading without show and read, writing without store gets; 0: -EIO. */
	int unreadable, unwritable;

	/* 0 or a negative errno. */
	int (*open)(struct node_open *open);
	void (*release)(struct node_open *open);
	/* Write the whole text to open->text, then node_call_done() with 0 or an errno. */
	void (*show)(struct node_open *open, struct node_call *call);
	/* Instead of show: fill node_call_buffer(), then node_call_done() with the bytes. */
	void (*read)(struct node_open *open, struct node_call *call);
	/* Bytes taken or an errno. call->data is valid until the operation returns. */
	void (*store)(struct node_open *open, struct node_call *call);
	/* As read; call->data holds what came in. */
	void (*ioctl)(struct node_open *open, struct node_call *call);
	/* The events that hold now; asked again after each node_notify(). */
	unsigned int (*poll)(struct node_open *open);
	/* The size a stat shows, or a reader's fstat if sizeless; NULL: NODE_PAGE. */
	uint64_t (*size)(struct node *node);
	/*
	 * A directory whose children come and go: make them right before @name is
	 * looked up, or before all are listed (@name NULL).
	 */
	void (*refresh)(struct node *dir, const char *name);
	/* The node leaves the tree. */
	void (*removed)(struct node *node);
};

/* ---- nodes ------------------------------------------------------------------ */

enum node_type { NODE_DIR, NODE_LINK, NODE_FILE };

struct node {
	uint64_t id;	     /* made of the path: the same in the next run */
	uint64_t hash;	     /* of parent and name */
	uint32_t generation; /* never used twice in a run */
	enum node_type type;
	mode_t mode; /* permission bits */
	uid_t uid;
	gid_t gid;
	struct timespec time;
	const struct node_ops *ops; /* may be NULL for directories and links */
	void *priv;
	unsigned int index; /* free for the ops: the K of traceK */
	bool vanishing;	    /* may go at any time: no cached names */
	bool removed;
	unsigned int dirs;    /* child directories */
	int64_t cached_until; /* the kernel may have cached its text; ms, as above */
	unsigned int readers; /* opens that may read */
	unsigned int pending; /* stores that have not been answered */
	uint16_t alias;	      /* the last alias handed out */
	uint64_t truncated;   /* the size that the last truncation left */
	time_t alias_until;   /* hand out aliases until then (CLOCK_MONOTONIC) */
	pid_t sent_back;      /* the front end's: who was told to look it up again */
	uint32_t event;	      /* counts node_notify() */
	unsigned int bell;    /* the front end may wake who polls ahead of that; 0: none */
	struct tree *tree;
	struct node *parent;
	struct node *first, *last, *next, *prev; /* children, and among siblings */
	struct node *by_id, *by_name;		 /* hash chains */
	struct node_open *opens;
	char *target; /* of a link */
	char name[];
};

/*
 * Each answers NULL if there is no memory. A name that is there already is
 * given back as it is, so that several processors may share a directory.
 */
struct node *node_add_dir(struct node *parent, const char *name, mode_t mode,
			  const struct node_ops *ops, void *priv);
struct node *node_add_file(struct node *parent, const char *name, mode_t mode,
			   const struct node_ops *ops, void *priv);
struct node *node_add_link(struct node *parent, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Take a node and all below it out of the tree; descriptors live on, dead. NULL is fine. */
void node_remove(struct node *node);
/* The child of that name as it stands, without a refresh. */
struct node *node_child(const struct node *dir, const char *name);
/* Something changed: wake whoever polls. */
void node_notify(struct node *node);

/* ---- opens -------------------------------------------------------------------- */

struct node_open {
	struct node *node;
	uint64_t handle;
	uint64_t id;	  /* what the opener looked up: the node's, or an alias */
	int access;	  /* O_RDONLY, O_WRONLY, O_RDWR */
	bool append;	  /* O_APPEND */
	uint64_t at, skew; /* of NODE_SIMPLE, see unskew() */
	bool wants_size;  /* the front end has to see to it that sendfile finds an end */
	struct text text; /* the snapshot that show made */
	uint64_t next;	  /* where a sequential read goes on in it */
	bool have_text;
	uint32_t seen;	   /* node->event at the last read from 0 */
	uint64_t position; /* for the ops: of a stream */
	uint64_t stamp;	   /* for the ops: what it was opened on */
	void *waiter;	   /* the front end's: who polls */
	unsigned int slot;
	struct node_open *next_open, *prev_open; /* of the same node */
};

/* The events of a file that node_notify() is called for: default, and PRI|ERR if unseen. */
unsigned int node_poll_notified(struct node_open *open);

/* ---- calls ---------------------------------------------------------------------- */

enum node_call_kind { NODE_CALL_READ, NODE_CALL_STORE, NODE_CALL_IOCTL };

/* What a front end does when a call is over. Called once a call, on any thread. */
typedef void (*node_completed_fn)(struct node_call *call);

struct node_call {
	enum node_call_kind kind;
	bool nonblock;
	bool cached;  /* a read for the kernel's page cache: sendfile(2), mmap(2) */
	bool shown;   /* the answer is a slice of open->text */
	bool written; /* open->text is being written for it */
	bool skewed;  /* its offset was made right, see unskew() */
	uint64_t offset;
	size_t size;	  /* bytes wanted (read), given (store), room for (ioctl) */
	const char *data; /* bytes given */
	size_t data_size;
	unsigned int cmd;
	uint64_t arg; /* of an ioctl, as the client gave it: a number or an address there */
	struct node_open *open; /* until the call is answered */
	/* Set by the operation that defers: asks to end early. On the front end's thread. */
	void (*cancel)(struct node_call *call);
	/* For the operation that defers. */
	void *priv;
	int64_t request;
	const char *kept; /* by node_call_keep() */
	struct node_call *next_waiting;
	/* The answer: bytes or a negative errno; and the bytes. */
	ssize_t result;
	const char *out;
	/* Owned by call.c and the front end. */
	node_completed_fn completed;
	void *front;  /* the front end's own */
	void *ticket; /* and what it answers to */
	struct node_call *next_deferred, *prev_deferred;
	char *scratch;
	size_t scratch_size;
	char *own;
	bool deferred;
	atomic_bool done;
	atomic_int refs;
	struct node_call *next_done;
};

/* The answer. The first one counts; later ones are dropped. Any thread. */
void node_call_done(struct node_call *call, ssize_t result);
/*
 * One more user of @call: whoever will complete it from another thread, and
 * possibly after it was cancelled and answered. Balanced by node_call_put().
 */
void node_call_hold(struct node_call *call);
void node_call_put(struct node_call *call);
/* Memory for the bytes of the answer, call->size of them; NULL if there is none. */
char *node_call_buffer(struct node_call *call);
/* Copy a store's data to call->kept, for as long as the call lives. False: no memory. */
bool node_call_keep(struct node_call *call);

#endif
