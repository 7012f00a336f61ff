/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A recording driver: a processor of a test's own whose every op, subdevice,
 * vdev driver and memory provider writes a line to a journal, in one order with
 * the lines of the log; any of them can be made to fail, to wait until it is told,
 * or to take its time. Owns the context unless it is given one. Knows nothing of
 * what a test expects.
 *
 *	struct recorder *rec = recorder_new(NULL);
 *	recorder_use_image(rec, &image);
 *	assert_int_equal(rproc_boot(rec->rproc), 0);
 *	recorder_expect(rec, "<6> powering up dsp\n" "sanity_check\n" ...);
 *	recorder_free(rec);
 */
#ifndef RECORDER_H
#define RECORDER_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <librproc/driver.h>
#include "fixture_builder.h"

#define RECORDER_RAM	   0x10000000u /* da of the memory that prepare registers */
#define RECORDER_RAM_LEN   0x10000u
#define RECORDER_POOL	   0x80000000u /* da of the first piece that the provider gives */
#define RECORDER_PIECE_MAX 0x1000000u  /* a table that asks for more gets ENOMEM */
#define RECORDER_WAIT_S	   20	       /* a test that waits longer has failed */

/* What can be made to fail, wait or linger. */
enum recorder_op {
	REC_PREPARE,
	REC_UNPREPARE,
	REC_START,
	REC_STOP,
	REC_ATTACH,
	REC_DETACH,
	REC_KICK,
	REC_PARSE_FW,
	REC_HANDLE_RSC,
	REC_FIND_LOADED,
	REC_GET_LOADED,
	REC_LOAD,
	REC_SANITY_CHECK,
	REC_GET_BOOT_ADDR,
	REC_COREDUMP,
	REC_A_PREPARE, /* subdevices, registered in this order: a, b */
	REC_A_START,
	REC_A_STOP,
	REC_A_UNPREPARE,
	REC_B_PREPARE,
	REC_B_START,
	REC_B_STOP,
	REC_B_UNPREPARE,
	REC_VDEV_START,
	REC_VDEV_STOP,
	REC_ALLOC, /* of the memory provider */
	REC_OPS
};
#define REC_BIT(op) (UINT32_C(1) << (op))

struct recorder_options {
	struct rproc_context *context;	   /* NULL: one of its own, made with the next two */
	const char *firmware_dirs;	   /* NULL: a directory that does not exist */
	struct rproc_context_options more; /* its other fields are taken as they are */
	const char *name;		   /* NULL: "dsp" */
	const char *firmware;		   /* NULL: the default name */
	uint32_t without;		   /* REC_BIT() of ops that are NULL */
	void *(*da_to_va)(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem);
	bool detached;
	bool attach_on_recovery;
	bool detach_running;
	bool iommu;
	bool auto_boot;
	bool no_provider;
	bool no_ram; /* prepare registers nothing */
	bool no_subdevs;
	bool not_added;
	bool no_journal; /* nothing is written down: stress */
};

struct recorder {
	struct recorder_options options;
	struct rproc_context *context;
	bool own_context;
	struct rproc_device *device;
	struct rproc *rproc;
	uint8_t *ram; /* RECORDER_RAM_LEN bytes; outlives everything */

	/* What a running core has; the test's own memory. */
	struct rproc_resource_table *running_table;
	size_t running_table_size;

	/* Called first by every op, on its thread; a result that is not 0 fails it. */
	int (*hook)(struct recorder *rec, enum recorder_op op);
	void *hook_data;
	void (*prepare)(struct recorder *rec); /* registers more carveouts, segments, ... */
	int prepare_result;		       /* set by that: what the op answers */
	void (*coredump)(struct rproc *rproc);	/* NULL: rproc_coredump() */
	int handle_rsc_result;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	char journal[1 << 16];
	size_t journal_len;
	int fail[REC_OPS];
	unsigned int linger_ms[REC_OPS];
	bool blocked[REC_OPS];
	unsigned int inside[REC_OPS]; /* threads that wait in it */
	unsigned int calls[REC_OPS];
	int provided; /* pieces of memory that are out */
	uint32_t next_da;
	struct rproc_vdev *vdev; /* the one that was started last; NULL: stopped */
};

/* @options: NULL for the defaults. Aborts the test if it cannot be made. */
struct recorder *recorder_new(const struct recorder_options *options);
/* The same where a failure is an answer: 0 or a negative errno. */
int recorder_open(const struct recorder_options *options, struct recorder **ret_rec);
/* Delete and free the processor, then the context if it is its own. NULL is fine. */
void recorder_free(struct recorder *rec);
/* Boot from @image from now on, under the name "fw.elf"; the bytes are copied, @image freed. */
void recorder_use_image(struct recorder *rec, struct fixture_image *image);
/* Let rproc_context_add_vdev_driver() claim virtio devices of @id for the journal. */
void recorder_claim_vdevs(struct recorder *rec, uint32_t id);

/* ---- the journal ------------------------------------------------------------------- */

/* The journal since the last call is exactly this text; it is empty afterwards. */
void recorder_expect(struct recorder *rec, const char *text);
void recorder_expectf(struct recorder *rec, const char *format, ...) RPROC_PRINTF(2, 3);
/* A line of the journal since the last recorder_expect() or recorder_forget(). */
void recorder_expect_line(struct recorder *rec, const char *line);
void recorder_expect_no_line(struct recorder *rec, const char *line);
void recorder_forget(struct recorder *rec);
void recorder_note(struct recorder *rec, const char *format, ...) RPROC_PRINTF(2, 3);

/* ---- steering ------------------------------------------------------------------------- */

/* From now on @op answers @error (0: works again). An op that gives a pointer gives NULL. */
void recorder_fail(struct recorder *rec, enum recorder_op op, int error);
/* From now on @op waits inside until recorder_release(). */
void recorder_block(struct recorder *rec, enum recorder_op op);
void recorder_release(struct recorder *rec, enum recorder_op op);
/* Until a thread waits inside @op. */
void recorder_wait_inside(struct recorder *rec, enum recorder_op op);
/* From now on @op takes @ms. */
void recorder_linger(struct recorder *rec, enum recorder_op op, unsigned int ms);
unsigned int recorder_calls(struct recorder *rec, enum recorder_op op);
int recorder_provided(struct recorder *rec);
const char *recorder_op_name(enum recorder_op op);

/* ---- waiting ---------------------------------------------------------------------------- */

/* Until everything that is queued to the processor is over. */
void recorder_settle(struct recorder *rec);
/* The same, and until the worker's thread has ended: the next request makes a new one. */
void recorder_rest(struct recorder *rec);
/* Report a crash and wait until it is queued to the worker. */
void recorder_queue_crash(struct recorder *rec, unsigned int type);
/* Report a crash and wait until it was handled, recovery included. */
void recorder_crash(struct recorder *rec, unsigned int type);
/* The next event of the context; the test fails if none comes. */
struct rproc_event recorder_event(struct rproc_context *context);
/* Read events until the processor reaches @state. */
void recorder_wait_state(struct recorder *rec, enum rproc_state state);
/* Read events until one of @type comes, and return it. */
struct rproc_event recorder_wait_event(struct recorder *rec, enum rproc_event_type type);

/* ---- checking ---------------------------------------------------------------------------- */

/* State, power count and nothing out of the provider's memory unless @provided. */
void recorder_expect_state(struct recorder *rec, enum rproc_state state, int power);
/* The story contains @part. */
void recorder_expect_story(struct recorder *rec, const char *part);

#endif
