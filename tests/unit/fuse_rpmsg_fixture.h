/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mount without FUSE in front of a processor whose end of the rings is in the hands of
 * the test (rpmsg_fixture.h). Whatever goes wrong in here ends the test.
 */
#ifndef FUSE_RPMSG_FIXTURE_H
#define FUSE_RPMSG_FIXTURE_H

#include "fs.h"
#include "fuse_front.h"
#include "rpmsg_fixture.h"

#define STATE	  "class/remoteproc/remoteproc0/state"
#define CRASH	  "kernel/debug/remoteproc/remoteproc0/crash"
#define RECOVERY  "class/remoteproc/remoteproc0/recovery"
#define BUS	  "bus/rpmsg/devices"
#define VIRTIO_AT "platform/dsp/remoteproc/remoteproc0/rproc-virtio.0.auto/virtio0"

/* Linux: include/uapi/linux/rpmsg.h, written down here once more. */
#define CREATE_EPT	0x4028b501u
#define DESTROY_EPT	0x0000b502u
#define CREATE_DEV	0x4028b503u
#define RELEASE_DEV	0x4028b504u
#define GET_OUTGOING	0x8004b505u
#define SET_INCOMING	0x8004b506u
#define SEND_TIMEOUT_MS 40

struct rpmsg_mount {
	struct rproc_context *context;
	struct rprocfs *fs;
	struct remote *remote; /* it runs */
	struct front front;
	struct remote_message got; /* a place for one */
};

/* cmocka's: with a vdev of 8 buffers and a name service; or with a serial line. */
int rpmsg_mount_setup(void **state);
int rpmsg_mount_setup_big(void **state); /* with buffers of 64 KiB */
int rpmsg_mount_setup_serial(void **state);
int rpmsg_mount_teardown(void **state);
/* What the loop does when it is woken. */
void rpmsg_mount_settle(struct rpmsg_mount *f);
struct node_open *rpmsg_mount_open(struct rpmsg_mount *f, const char *path, int flags);
/* An ioctl of rpmsg_ctrlN, or rpmsgN: the result. */
ssize_t rpmsg_mount_ioctl(struct rpmsg_mount *f, struct node_open *open, unsigned int cmd,
			  const char *name, uint32_t src, uint32_t dst);
/* Does the log contain this text? */
bool rpmsg_mount_logged(struct rpmsg_mount *f, const char *text);
/* @dir has a link @name to @target. */
void rpmsg_mount_link(struct rpmsg_mount *f, const char *dir, const char *name, const char *target);

/* For a test whose fixture is named f. */
#define assert_text(path, wanted) assert_string_equal(front_text(&f->front, path), wanted)
#define assert_store(path, text, wanted) \
	assert_int_equal(front_store(&f->front, path, text), wanted)
#define assert_names(path, wanted) assert_string_equal(front_list(&f->front, path), wanted)
/* One read, which need not wait: these bytes, or this errno. */
#define assert_message(open, bytes)                                                                \
	do {                                                                                       \
		char buf_[512];                                                                    \
		assert_int_equal(                                                                  \
			front_wait(&f->front, front_start_read(&f->front, open, 512, 0, 1), buf_), \
			sizeof(bytes) - 1);                                                        \
		assert_memory_equal(buf_, bytes, sizeof(bytes) - 1);                               \
	} while (0)
#define assert_no_message(open, error) \
	assert_int_equal(              \
		front_wait(&f->front, front_start_read(&f->front, open, 512, 0, 1), NULL), error)

#endif
