/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Channels, endpoints and terminals when memory runs out: every allocation that the mount
 * makes for them fails in turn. Each time somebody is told or it is there later, nothing
 * leaks, and what was asked before goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuse_oom.h"
#include "fuse_rpmsg_fixture.h"

/* One service and its driver, with memory short at allocation @n. Did one fail? */
static bool show(void **state, long n, const char *service, const char *driver, const char *file)
{
	struct rpmsg_mount *f;
	char path[64], name[64];
	bool failed;

	rpmsg_mount_setup(state);
	f = *state;
	snprintf(path, sizeof(path), "bus/rpmsg/drivers/%s/bind", driver);
	snprintf(name, sizeof(name), "virtio0.%s.-1.1025", service);
	remote_ns(f->remote, service, 0x401, true);
	fuse_oom_arm(n);
	fs_ready(f->fs);
	fuse_oom_disarm();
	failed = fuse_oom_failed();
	/* At the next change whatever is missing is tried again. */
	remote_ns(f->remote, "service", 0x404, true);
	rpmsg_mount_settle(f);
	assert_non_null(node_child(front_find(&f->front, BUS), name));
	assert_non_null(front_find(&f->front, BUS "/virtio0.service.-1.1028/name"));
	/* A driver that had no memory is asked again by hand. */
	if (!node_child(front_find(&f->front, "dev"), file))
		assert_store(path, name, (ssize_t)strlen(name));
	assert_non_null(node_child(front_find(&f->front, "dev"), file));
	rpmsg_mount_teardown(state);
	return failed;
}

static void channels_are_shown_as_far_as_memory_goes(void **state)
{
	long n;

	for (n = 0; show(state, n, "rpmsg-raw", "rpmsg_chrdev", "rpmsg0"); n++)
		;
	assert_true(n > 50);
	for (n = 0; show(state, n, "rpmsg-tty", "rpmsg_tty", "ttyRPMSG0"); n++)
		;
	assert_true(n > 50);
}

/* One client's day; how far it came. */
static int use(struct rpmsg_mount *f)
{
	struct node_open *ctrl, *open;
	char info[40] = "mine", buf[64];
	struct node_call *call;
	ssize_t n;
	int err = front_open(&f->front, "dev/rpmsg_ctrl0", O_RDWR, &ctrl);

	if (err)
		return err;
	info[33] = 0x10;
	call = node_call_new(NODE_CALL_IOCTL, ctrl, front_completed, &f->front);
	if (!call) {
		node_release(ctrl);
		return -ENOMEM;
	}
	call->cmd = CREATE_EPT;
	call->data = info;
	call->data_size = sizeof(info);
	node_call_hold(call);
	node_call_start(call);
	assert_true(front_take(&f->front, call, NULL, &n));
	node_release(ctrl);
	if (n)
		return (int)n;
	err = front_open(&f->front, "dev/rpmsg0", O_RDWR, &open);
	if (err)
		return err;
	remote_send(f->remote, 1, 0x1000, "hello", 5);
	call = node_call_new(NODE_CALL_READ, open, front_completed, &f->front);
	if (call) {
		call->size = sizeof(buf);
		call->nonblock = true;
		node_call_hold(call);
		node_call_start(call);
		assert_true(front_take(&f->front, call, buf, &n));
		assert_true(n == 5 || n == -ENOMEM || n == -ENOBUFS);
	}
	node_release(open);
	return call && n == 5 ? 0 : -ENOMEM;
}

static void a_client_is_told_that_there_is_no_memory(void **state)
{
	long n;
	int err;

	for (n = 0;; n++) {
		struct rpmsg_mount *f;

		rpmsg_mount_setup(state);
		f = *state;
		fuse_oom_arm(n);
		err = use(f);
		fuse_oom_disarm();
		assert_true(!err || err == -ENOMEM);
		/* What an endpoint that there is now needs can be had. */
		if (front_find(&f->front, "dev/rpmsg0"))
			node_release(rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR));
		assert_int_equal(fuse_oom_failed() || !err, 1);
		rpmsg_mount_teardown(state);
		if (!fuse_oom_failed())
			break;
	}
	assert_int_equal(err, 0);
	assert_true(n > 20);
}

static void a_write_that_cannot_wait_for_lack_of_memory_fails(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *ctrl = rpmsg_mount_open(f, "dev/rpmsg_ctrl0", O_RDWR), *open;
	struct node_call *call;
	ssize_t n;

	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_EPT, "mine", 0x1000, 1), 0);
	node_release(ctrl);
	open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
	for (int i = 0; i < 8; i++)
		assert_int_equal(front_write_nonblock(&f->front, open, "m", 1), 1);
	call = node_call_new(NODE_CALL_STORE, open, front_completed, &f->front);
	assert_non_null(call);
	call->data = "x";
	call->size = call->data_size = 1;
	node_call_hold(call);
	fuse_oom_arm(0);
	node_call_start(call);
	fuse_oom_disarm();
	assert_true(front_take(&f->front, call, NULL, &n));
	assert_int_equal(n, -ENOMEM);
	node_release(open);
}

/*
 * A processor that stops while its files are open, and starts again, and what the mount does
 * for either fails at allocation @n. Did one fail?
 */
static bool restart(void **state, long n)
{
	struct node_open *open, *ctrl;
	struct rpmsg_mount *f;
	bool failed;

	rpmsg_mount_setup(state);
	f = *state;
	ctrl = rpmsg_mount_open(f, "dev/rpmsg_ctrl0", O_RDWR);
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_EPT, "mine", 0x1000, 1), 0);
	open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
	assert_int_equal(rproc_shutdown(f->remote->rproc), 0);
	fuse_oom_arm(n);
	rpmsg_mount_settle(f);
	fuse_oom_disarm();
	failed = fuse_oom_failed();
	/* What is gone is gone, and whoever had it open learns it. */
	assert_null(front_find(&f->front, "dev/rpmsg0"));
	assert_null(front_find(&f->front, "dev/rpmsg_ctrl0"));
	assert_no_message(open, -EPIPE);
	node_release(open);
	node_release(ctrl);
	remote_boot(f->remote);
	fuse_oom_arm(n);
	rpmsg_mount_settle(f);
	fuse_oom_disarm();
	failed |= fuse_oom_failed();
	/* What there was no memory for comes with the next change. */
	remote_ns(f->remote, "service", 0x404, true);
	rpmsg_mount_settle(f);
	assert_non_null(front_find(&f->front, BUS "/virtio0.service.-1.1028/name"));
	assert_non_null(front_find(&f->front, BUS "/virtio0.rpmsg_ctrl.0.0/name"));
	rpmsg_mount_teardown(state);
	return failed;
}

static void a_stop_and_a_start_are_shown_whatever_memory_there_is(void **state)
{
	long n;

	for (n = 0; restart(state, n); n++)
		;
	assert_true(n > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channels_are_shown_as_far_as_memory_goes),
		cmocka_unit_test(a_client_is_told_that_there_is_no_memory),
		cmocka_unit_test(a_stop_and_a_start_are_shown_whatever_memory_there_is),
		cmocka_unit_test_setup_teardown(a_write_that_cannot_wait_for_lack_of_memory_fails,
						rpmsg_mount_setup, rpmsg_mount_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
