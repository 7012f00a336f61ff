/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dev/rpmsg_ctrlN and dev/rpmsgN: each ioctl and its errors, messages in both
 * directions, what waits and how it ends.
 */
#include "fuse_rpmsg_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IN  (POLLIN | POLLRDNORM)
#define OUT (POLLOUT | POLLWRNORM)

/* dev/rpmsg0, an endpoint 0x1000 that sends to 0x401. */
static struct node_open *open_ept(struct rpmsg_mount *f)
{
	struct node_open *ctrl = rpmsg_mount_open(f, "dev/rpmsg_ctrl0", O_RDWR);

	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_EPT, "my-ept", 0x1000, 0x401), 0);
	node_release(ctrl);
	return rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
}

/* ---- the control device ------------------------------------------------------------------- */

static void the_control_device_reads_its_argument_first(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *ctrl = rpmsg_mount_open(f, "dev/rpmsg_ctrl0", O_RDWR);
	struct node_open *second = rpmsg_mount_open(f, "dev/rpmsg_ctrl0", O_RDONLY);
	char info[40] = { 0 };

	assert_int_equal(front_ioctl(&f->front, ctrl, 0x1234, NULL, 0), -EFAULT);
	assert_int_equal(front_ioctl(&f->front, ctrl, 0x5401, info, 0), -EINVAL);
	assert_int_equal(front_ioctl(&f->front, ctrl, 0x4028b507, info, 40), -EINVAL);
	assert_no_message(ctrl, -EINVAL);
	assert_int_equal(front_write(&f->front, ctrl, "x", 1), -EINVAL);
	assert_int_equal(front_poll(&f->front, ctrl), IN | OUT);
	assert_names("class/rpmsg", "rpmsg_ctrl0");
	/* It may be open any number of times, for reading too. */
	assert_int_equal(rpmsg_mount_ioctl(f, second, CREATE_EPT, "a", 0, 1), 0);
	node_release(second);
	node_release(ctrl);
}

static void endpoints_get_the_lowest_number_and_a_directory(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *ctrl = rpmsg_mount_open(f, "dev/rpmsg_ctrl0", O_RDWR);
	struct node_open *open;
	const char *long_name = "a name of thirty-two bytes, long";

	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_EPT, "my-ept", 0x1000, 0x401), 0);
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_EPT, "my-ept", 0x1000, 0x401), 0);
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_EPT, long_name, UINT32_MAX, UINT32_MAX),
			 0);
	assert_names("class/rpmsg", "rpmsg0 rpmsg1 rpmsg2 rpmsg_ctrl0");
	assert_names("class/rpmsg/rpmsg0", "device dst name power src subsystem uevent");
	assert_text("class/rpmsg/rpmsg0/name", "my-ept\n");
	assert_text("class/rpmsg/rpmsg0/src", "4096\n");
	assert_text("class/rpmsg/rpmsg0/dst", "1025\n");
	assert_text("class/rpmsg/rpmsg0/uevent", "DEVNAME=rpmsg0\n");
	assert_text("class/rpmsg/rpmsg2/name", "a name of thirty-two bytes, lon\n");
	rpmsg_mount_link(f, "class/rpmsg", "rpmsg1",
			 "../../devices/" VIRTIO_AT
			 "/virtio0.rpmsg_ctrl.0.0/rpmsg/rpmsg_ctrl0/rpmsg1");
	rpmsg_mount_link(f, "class/rpmsg/rpmsg1", "device", "../../rpmsg_ctrl0");
	/* Any is not the address it gets: that it has while it is open. */
	open = rpmsg_mount_open(f, "dev/rpmsg2", O_RDWR);
	assert_text("class/rpmsg/rpmsg2/src", "-1\n");
	assert_text("class/rpmsg/rpmsg2/dst", "-1\n");
	assert_int_equal(front_write(&f->front, open, "x", 1), -EINVAL);
	assert_true(rpmsg_mount_logged(f, "invalid addr (src 0x400, dst 0xffffffff)"));
	node_release(open);
	open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
	assert_int_equal(front_ioctl(&f->front, open, DESTROY_EPT, NULL, 0), 0);
	node_release(open);
	assert_names("dev", "remoteproc0 rpmsg1 rpmsg2 rpmsg_ctrl0");
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_EPT, "next", 1, 2), 0);
	assert_text("class/rpmsg/rpmsg0/name", "next\n");
	node_release(ctrl);
}

static void channels_are_made_and_released_by_ioctl(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *ctrl = rpmsg_mount_open(f, "dev/rpmsg_ctrl0", O_RDWR);
	char ns[40] = "rpmsg-raw";

	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_DEV, "made-up", 0x1100, 0x1200), 0);
	assert_text(BUS "/virtio0.made-up.4352.4608/announce", "true\n");
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_DEV, "made-up", 0x1100, 0x1200), -ENXIO);
	assert_true(
		rpmsg_mount_logged(f, ";rpmsg rpmsg_ctrl0: failed to create made-up channel\n"));
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, RELEASE_DEV, "made-up", 0x1100, 0x1201),
			 -EINVAL);
	assert_true(rpmsg_mount_logged(
		f, ";rpmsg rpmsg_ctrl0: failed to release made-up channel (-22)\n"));
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, RELEASE_DEV, "made-up", 0x1100, 0x1200), 0);
	assert_names(BUS, "virtio0.rpmsg_ctrl.0.0 virtio0.rpmsg_ns.53.53");
	assert_false(remote_recv(f->remote, &f->got));
	/* Linux asks for no name. */
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_DEV, "", 1, 2), 0);
	assert_text(BUS "/virtio0..1.2/name", "\n");
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, RELEASE_DEV, "", 1, 2), 0);
	/* One that a driver takes is announced then, and withdrawn when it goes. */
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_DEV, "rpmsg-raw", 0x1100, 0x1200), 0);
	assert_names("dev", "remoteproc0 rpmsg0 rpmsg_ctrl0");
	ns[33] = 0x11;
	remote_expect(f->remote, 0x1100, 53, ns, 40);
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, RELEASE_DEV, "rpmsg-raw", 0x1100, 0x1200), 0);
	assert_names("dev", "remoteproc0 rpmsg_ctrl0");
	ns[36] = 1;
	remote_expect(f->remote, 0x1100, 53, ns, 40);
	assert_false(remote_recv(f->remote, &f->got));
	/* The same when only the driver goes. */
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_DEV, "rpmsg-raw", 0x1100, 0x1200), 0);
	assert_names("dev", "remoteproc0 rpmsg0 rpmsg_ctrl0");
	assert_true(remote_recv(f->remote, &f->got));
	assert_store("bus/rpmsg/drivers/rpmsg_chrdev/unbind", "virtio0.rpmsg-raw.4352.4608", 27);
	remote_expect(f->remote, 0x1100, 53, ns, 40);
	node_release(ctrl);
}

/* ---- one endpoint -------------------------------------------------------------------------- */

static void an_endpoint_is_open_once_and_its_address_too(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f), *other;

	assert_int_equal(front_open(&f->front, "dev/rpmsg0", O_RDWR, &other), -EBUSY);
	other = rpmsg_mount_open(f, "dev/rpmsg_ctrl0", O_RDWR);
	assert_int_equal(rpmsg_mount_ioctl(f, other, CREATE_EPT, "other", 0x1000, 0x401), 0);
	node_release(other);
	assert_int_equal(front_open(&f->front, "dev/rpmsg1", O_RDWR, &other), -EINVAL);
	assert_true(rpmsg_mount_logged(f, ";rpmsg rpmsg1: failed to open other\n"));
	assert_true(rpmsg_mount_logged(
		f, ";rpmsg_ctrl virtio0.rpmsg_ctrl.0.0: idr_alloc failed: -28\n"));
	node_release(open);
	other = rpmsg_mount_open(f, "dev/rpmsg1", O_RDWR);
	node_release(other);
	open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
	node_release(open);
}

static void messages_keep_their_boundaries(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);
	char big[497], buf[4];

	memset(big, 'B', sizeof(big));
	assert_int_equal(front_poll(&f->front, open), OUT);
	assert_no_message(open, -EAGAIN);
	assert_int_equal(front_write(&f->front, open, "hello remote", 12), 12);
	remote_expect(f->remote, 0x1000, 0x401, "hello remote", 12);
	remote_send(f->remote, 0x401, 0x1000, "hello linux", 11);
	assert_int_equal(front_poll(&f->front, open), IN | OUT);
	assert_message(open, "hello linux");
	remote_send(f->remote, 0x401, 0x1000, "0123456789", 10);
	remote_send(f->remote, 0x401, 0x1000, "", 0);
	remote_send(f->remote, 0x401, 0x1000, "next", 4);
	assert_int_equal(front_wait(&f->front, front_start_read(&f->front, open, 4, 0, false), buf),
			 4);
	assert_memory_equal(buf, "0123", 4);
	assert_message(open, "");
	assert_message(open, "next");
	assert_no_message(open, -EAGAIN);
	assert_int_equal(front_write(&f->front, open, big, 496), 496);
	remote_expect(f->remote, 0x1000, 0x401, big, 496);
	assert_int_equal(front_write(&f->front, open, big, 497), -EMSGSIZE);
	assert_true(rpmsg_mount_logged(
		f, ";rpmsg_ctrl virtio0.rpmsg_ctrl.0.0: message is too big (497)\n"));
	assert_false(remote_recv(f->remote, &f->got));
	/* Whoever else has the address: the message is from the endpoint all the same. */
	remote_send(f->remote, 0x9999, 0x1000, "from afar", 9);
	assert_message(open, "from afar");
	remote_send(f->remote, 0x401, 0x999, "to nobody", 9);
	assert_true(rpmsg_mount_logged(f, "msg received with no recipient"));
	node_release(open);
}

static void closing_discards_what_was_not_read(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);

	remote_send(f->remote, 1, 0x1000, "old", 3);
	node_release(open);
	remote_send(f->remote, 1, 0x1000, "while closed", 12);
	open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
	assert_no_message(open, -EAGAIN);
	remote_send(f->remote, 1, 0x1000, "new", 3);
	assert_message(open, "new");
	node_release(open);
	/* A channel's own endpoint hears before it is opened, and after. */
	remote_ns(f->remote, "rpmsg-raw", 0x401, true);
	rpmsg_mount_settle(f);
	remote_send(f->remote, 0x401, 0x400, "early", 5);
	open = rpmsg_mount_open(f, "dev/rpmsg1", O_RDWR);
	assert_message(open, "early");
	remote_send(f->remote, 0x401, 0x400, "old", 3);
	node_release(open);
	remote_send(f->remote, 0x401, 0x400, "kept", 4);
	open = rpmsg_mount_open(f, "dev/rpmsg1", O_RDWR);
	assert_message(open, "kept");
	node_release(open);
}

static void a_flood_is_cut_and_the_reader_is_told(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);
	uint32_t number;
	char buf[512];

	for (number = 0; number < 5000; number++)
		remote_send(f->remote, 1, 0x1000, &number, 4);
	for (uint32_t i = 0; i < 4096; i++) {
		assert_int_equal(
			front_wait(&f->front, front_start_read(&f->front, open, 512, 0, true), buf),
			4);
		assert_memory_equal(buf, &i, 4);
	}
	assert_int_equal(front_poll(&f->front, open), IN | OUT);
	assert_no_message(open, -ENOBUFS);
	assert_no_message(open, -EAGAIN);
	remote_send(f->remote, 1, 0x1000, "on", 2);
	assert_message(open, "on");
	node_release(open);
}

/* A firmware that chooses long messages does not choose how much memory they take. */
static void long_messages_fill_a_port_sooner(void **state)
{
	enum { LEN = 60000, FIT = 4096 * 2048 / LEN };
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);
	char *text = calloc(1, LEN);
	int round, i;

	/* And when they were read, or thrown away, there is room again. */
	for (round = 0; round < 3; round++) {
		for (i = 0; i < FIT + 5; i++)
			remote_send(f->remote, 1, 0x1000, text, LEN);
		for (i = 0; round != 1 && i < FIT; i++)
			assert_int_equal(front_wait(&f->front,
						    front_start_read(&f->front, open, LEN, 0, true),
						    text),
					 LEN);
		if (round != 1) {
			assert_no_message(open, -ENOBUFS);
			assert_no_message(open, -EAGAIN);
		} else {
			node_release(open);
			open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
		}
	}
	free(text);
	node_release(open);
}

static void ioctls_of_an_endpoint(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);
	int32_t value = 77;

	assert_int_equal(front_ioctl(&f->front, open, GET_OUTGOING, &value, 4), 4);
	assert_int_equal(value, 0);
	assert_int_equal(front_ioctl(&f->front, open, SET_INCOMING, (void *)1, 0), -EOPNOTSUPP);
	assert_int_equal(front_ioctl(&f->front, open, SET_INCOMING, (void *)2, 0), -EINVAL);
	assert_int_equal(front_ioctl(&f->front, open, 0x5401, &value, 0), -EINVAL);
	assert_int_equal(front_ioctl(&f->front, open, DESTROY_EPT, NULL, 0), 0);
	assert_int_equal(front_write(&f->front, open, "x", 1), -EPIPE);
	assert_no_message(open, -EPIPE);
	assert_int_equal(front_poll(&f->front, open), POLLERR);
	assert_null(front_find(&f->front, "dev/rpmsg0"));
	/* It keeps its number for as long as somebody has it open. */
	remote_ns(f->remote, "rpmsg-raw", 0x402, true);
	assert_names("dev", "remoteproc0 rpmsg1 rpmsg_ctrl0");
	remote_ns(f->remote, "rpmsg-raw", 0x402, false);
	node_release(open);
	remote_ns(f->remote, "rpmsg-raw", 0x401, true);
	open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
	assert_int_equal(front_ioctl(&f->front, open, DESTROY_EPT, NULL, 0), -EINVAL);
	assert_int_equal(front_write(&f->front, open, "x", 1), 1);
	node_release(open);
}

/* ---- what waits ---------------------------------------------------------------------------- */

static void a_read_waits_for_a_message_while_others_write(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);
	struct node_call *first = front_start_read(&f->front, open, 100, 0, false);
	struct node_call *second = front_start_read(&f->front, open, 100, 0, false);
	char buf[100];
	ssize_t n;

	rpmsg_mount_settle(f);
	assert_false(front_take(&f->front, first, buf, &n));
	assert_int_equal(front_write(&f->front, open, "ping", 4), 4);
	remote_expect(f->remote, 0x1000, 0x401, "ping", 4);
	front_poll(&f->front, open);
	remote_send(f->remote, 0x401, 0x1000, "one", 3);
	assert_int_equal(front_wait(&f->front, first, buf), 3);
	assert_memory_equal(buf, "one", 3);
	assert_int_equal(f->front.woken, 1);
	assert_false(front_take(&f->front, second, buf, &n));
	second->cancel(second);
	assert_int_equal(front_wait(&f->front, second, NULL), -EINTR);
	second = front_start_read(&f->front, open, 100, 0, false);
	assert_int_equal(front_ioctl(&f->front, open, DESTROY_EPT, NULL, 0), 0);
	assert_int_equal(front_wait(&f->front, second, NULL), -EPIPE);
	node_release(open);
}

static void fill(struct rpmsg_mount *f, struct node_open *open)
{
	for (int i = 0; i < 8; i++)
		assert_int_equal(front_write_nonblock(&f->front, open, "m", 1), 1);
}

static void writes_wait_for_a_buffer_in_their_order(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);
	struct node_call *first, *second, *third;
	int id;

	fill(f, open);
	assert_int_equal(front_write_nonblock(&f->front, open, "m8", 2), -EAGAIN);
	assert_int_equal(front_poll(&f->front, open), 0);
	first = front_start_write(&f->front, open, "first", 5);
	second = front_start_write(&f->front, open, "second", 6);
	third = front_start_write(&f->front, open, "third", 5);
	assert_int_equal(front_write_nonblock(&f->front, open, "x", 1), -EAGAIN);
	second->cancel(second);
	assert_int_equal(front_wait(&f->front, second, NULL), -EINTR);
	id = remote_take(f->remote, &f->got);
	assert_true(id >= 0);
	vring_peer_use(&f->remote->out, (uint32_t)id, 0);
	remote_interrupt(f->remote, 1);
	assert_int_equal(front_wait(&f->front, first, NULL), 5);
	assert_true(f->front.woken);
	for (int i = 1; i < 8; i++)
		remote_expect(f->remote, 0x1000, 0x401, "m", 1);
	remote_interrupt(f->remote, 1);
	assert_int_equal(front_wait(&f->front, third, NULL), 5);
	remote_expect(f->remote, 0x1000, 0x401, "first", 5);
	remote_expect(f->remote, 0x1000, 0x401, "third", 5);
	assert_int_equal(front_poll(&f->front, open), OUT);
	node_release(open);
}

/* The one thread that serves the mount must not wait for a remote. */
static void an_announcement_does_not_wait_for_a_buffer(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);
	struct node_open *ctrl = rpmsg_mount_open(f, "dev/rpmsg_ctrl0", O_RDWR);

	fill(f, open);
	assert_int_equal(rpmsg_mount_ioctl(f, ctrl, CREATE_DEV, "rpmsg-raw", 0x1100, 0x1200), 0);
	assert_names("dev", "remoteproc0 rpmsg0 rpmsg_ctrl0");
	assert_true(rpmsg_mount_logged(f, "failed to announce service -12\n"));
	assert_true(
		rpmsg_mount_logged(f, "probe with driver rpmsg_chrdev failed with error -12\n"));
	for (int i = 0; i < 8; i++)
		assert_true(remote_recv(f->remote, &f->got));
	assert_store("bus/rpmsg/drivers/rpmsg_chrdev/bind", "virtio0.rpmsg-raw.4352.4608", 27);
	assert_names("dev", "remoteproc0 rpmsg0 rpmsg1 rpmsg_ctrl0");
	node_release(ctrl);
	node_release(open);
}

static void a_write_waits_only_so_long(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);
	struct timespec begin, end;
	struct node_call *call;

	fill(f, open);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	call = front_start_write(&f->front, open, "late", 4);
	assert_in_range(fs_timeout(f->fs), 0, SEND_TIMEOUT_MS);
	assert_int_equal(front_wait(&f->front, call, NULL), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_non_null(strstr(front_text(&f->front, "librproc/dsp/last_error"),
			       "no buffer was free for 40 ms: the remote takes no messages"));
	assert_true((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 >=
		    SEND_TIMEOUT_MS - 1);
	assert_int_equal(fs_timeout(f->fs), -1);
	assert_true(rpmsg_mount_logged(
		f, ";rpmsg_ctrl virtio0.rpmsg_ctrl.0.0: timeout waiting for a tx buffer\n"));
	/* It can still be used, and the message that was given up is not sent later. */
	for (int i = 0; i < 8; i++)
		remote_expect(f->remote, 0x1000, 0x401, "m", 1);
	remote_interrupt(f->remote, 1);
	rpmsg_mount_settle(f);
	assert_false(remote_recv(f->remote, &f->got));
	assert_int_equal(front_write(&f->front, open, "next", 4), 4);
	node_release(open);
}

static void waiting_writes_end_with_the_processor(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);
	struct node_call *write, *read;

	fill(f, open);
	write = front_start_write(&f->front, open, "never", 5);
	read = front_start_read(&f->front, open, 100, 0, false);
	assert_store(STATE, "stop", 4);
	assert_int_equal(front_wait(&f->front, write, NULL), -EPIPE);
	assert_int_equal(front_wait(&f->front, read, NULL), -EPIPE);
	assert_int_equal(fs_timeout(f->fs), -1);
	node_release(open);
}

static void a_ring_that_lies_ends_its_endpoints(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open = open_ept(f);
	struct node_call *read = front_start_read(&f->front, open, 100, 0, false);

	vring_peer_set_used(&f->remote->in, vring_peer_used_idx(&f->remote->in), 9999, 16);
	vring_peer_set_used_idx(&f->remote->in,
				(uint16_t)(vring_peer_used_idx(&f->remote->in) + 1));
	remote_interrupt(f->remote, 0);
	assert_int_equal(front_wait(&f->front, read, NULL), -EPIPE);
	assert_int_equal(front_poll(&f->front, open), POLLERR);
	while (strcmp(front_list(&f->front, "dev"), "remoteproc0")) {
		struct pollfd events = { .fd = fs_poll_fd(f->fs), .events = POLLIN };

		assert_true(poll(&events, 1, FRONT_WAIT_S * 1000) > 0);
	}
	assert_text("bus/virtio/devices/virtio0/status", "0x00000087\n");
	assert_text("bus/virtio/devices/virtio0/uevent", "MODALIAS=virtio:d00000007v00000000\n");
	assert_non_null(strstr(front_text(&f->front, "librproc/dsp/last_error"), "virtio0"));
	node_release(open);
}

#define test(name) cmocka_unit_test_setup_teardown(name, rpmsg_mount_setup, rpmsg_mount_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_control_device_reads_its_argument_first),
		test(endpoints_get_the_lowest_number_and_a_directory),
		test(channels_are_made_and_released_by_ioctl),
		test(an_endpoint_is_open_once_and_its_address_too),
		test(messages_keep_their_boundaries),
		test(closing_discards_what_was_not_read),
		test(a_flood_is_cut_and_the_reader_is_told),
		cmocka_unit_test_setup_teardown(long_messages_fill_a_port_sooner,
						rpmsg_mount_setup_big, rpmsg_mount_teardown),
		test(ioctls_of_an_endpoint),
		test(a_read_waits_for_a_message_while_others_write),
		test(writes_wait_for_a_buffer_in_their_order),
		test(an_announcement_does_not_wait_for_a_buffer),
		test(a_write_waits_only_so_long),
		test(waiting_writes_end_with_the_processor),
		test(a_ring_that_lies_ends_its_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
