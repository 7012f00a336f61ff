/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dev/ttyRPMSGN: a real pseudo terminal for each channel of the service rpmsg-tty.
 */
#include "fuse_rpmsg_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ADDR 0x400 /* of the first channel, on both sides */

/* What the link says. */
static const char *target(struct rpmsg_mount *f, const char *name)
{
	struct node *node = node_child(front_find(&f->front, "dev"), name);

	assert_non_null(node);
	assert_int_equal(node->type, NODE_LINK);
	return node->target;
}

static int open_tty(struct rpmsg_mount *f)
{
	int fd;

	remote_ns(f->remote, "rpmsg-tty", ADDR, true);
	rpmsg_mount_settle(f);
	fd = open(target(f, "ttyRPMSG0"), O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_true(fd >= 0);
	return fd;
}

static void await(struct rpmsg_mount *f, int fd, short events)
{
	struct pollfd fds[] = { { .fd = fd, .events = events },
				{ .fd = fs_poll_fd(f->fs), .events = POLLIN } };

	for (;;) {
		rpmsg_mount_settle(f);
		assert_true(poll(fds, 2, FRONT_WAIT_S * 1000) > 0);
		if (fds[0].revents & events)
			return;
	}
}

/* What the firmware got, put together, until it is as long as @text. */
static void expect_sent(struct rpmsg_mount *f, const char *text)
{
	size_t len = 0;

	while (len < strlen(text)) {
		struct pollfd fd = { .fd = fs_poll_fd(f->fs), .events = POLLIN };

		if (!remote_recv(f->remote, &f->got)) {
			assert_true(poll(&fd, 1, FRONT_WAIT_S * 1000) > 0);
			rpmsg_mount_settle(f);
			continue;
		}
		assert_int_equal(f->got.src, ADDR);
		assert_int_equal(f->got.dst, ADDR);
		assert_true(len + f->got.len <= strlen(text));
		assert_memory_equal(f->got.data, text + len, f->got.len);
		len += f->got.len;
		remote_interrupt(f->remote, 1);
		rpmsg_mount_settle(f);
	}
}

static void what_is_written_is_sent(void **state)
{
	struct rpmsg_mount *f = *state;
	int fd = open_tty(f);

	assert_false(remote_recv(f->remote, &f->got));
	assert_int_equal(write(fd, "AT", 2), 2);
	expect_sent(f, "AT");
	close(fd);
	/* Nobody has it open: that is no hang-up. */
	rpmsg_mount_settle(f);
	fd = open(target(f, "ttyRPMSG0"), O_RDWR | O_NOCTTY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\n\r", 2), 2);
	expect_sent(f, "\n\r");
	close(fd);
}

static void what_is_sent_is_read_even_later(void **state)
{
	struct rpmsg_mount *f = *state;
	int fd = open_tty(f);
	char buf[64];

	remote_send(f->remote, ADDR, ADDR, "hello", 5);
	await(f, fd, POLLIN);
	assert_int_equal(read(fd, buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "hello", 5);
	/* No echo of what comes in. */
	assert_false(remote_recv(f->remote, &f->got));
	close(fd);
	remote_send(f->remote, ADDR, ADDR, "kept", 4);
	rpmsg_mount_settle(f);
	fd = open(target(f, "ttyRPMSG0"), O_RDWR | O_NOCTTY);
	assert_int_equal(read(fd, buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "kept", 4);
	close(fd);
}

static void the_line_is_set_as_in_linux(void **state)
{
	struct rpmsg_mount *f = *state;
	int fd = open_tty(f);
	struct termios line;
	struct stat st;

	assert_int_equal(tcgetattr(fd, &line), 0);
	assert_int_equal(line.c_lflag & (ECHO | ICANON), 0);
	assert_int_equal(line.c_oflag & (OPOST | ONLCR), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, getuid());
	close(fd);
}

static void long_text_is_cut_into_messages_and_waits_for_buffers(void **state)
{
	struct rpmsg_mount *f = *state;
	int fd = open_tty(f);
	char *text = malloc(20001);
	size_t written = 0, got = 0;

	assert_non_null(text);
	for (int i = 0; i < 20000; i++)
		text[i] = (char)('a' + i % 23);
	text[20000] = '\0';
	while (got < 20000) {
		ssize_t n = write(fd, text + written, 20000 - written);

		if (n > 0)
			written += (size_t)n;
		rpmsg_mount_settle(f);
		while (remote_recv(f->remote, &f->got)) {
			assert_true(f->got.len <= 496);
			assert_memory_equal(f->got.data, text + got, f->got.len);
			got += f->got.len;
		}
		remote_interrupt(f->remote, 1);
	}
	free(text);
	close(fd);
}

static void a_full_terminal_holds_messages_back(void **state)
{
	struct rpmsg_mount *f = *state;
	int fd = open_tty(f);
	char block[496], buf[4096];
	size_t sent = 0, got = 0;

	for (; sent < 200000; sent += sizeof(block)) {
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (char)('A' + (sent + i) % 29);
		remote_send(f->remote, ADDR, ADDR, block, sizeof(block));
		rpmsg_mount_settle(f);
	}
	while (got < sent) {
		ssize_t n;

		await(f, fd, POLLIN);
		n = read(fd, buf, sizeof(buf));
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(buf[i], 'A' + (got + (size_t)i) % 29);
		got += (size_t)n;
	}
	close(fd);
}

static void the_end_of_the_channel_hangs_up(void **state)
{
	struct rpmsg_mount *f = *state;
	int fd = open_tty(f);
	struct pollfd end = { .fd = fd, .events = POLLIN };
	char byte;

	assert_store(STATE, "stop", 4);
	rpmsg_mount_settle(f);
	assert_int_equal(poll(&end, 1, FRONT_WAIT_S * 1000), 1);
	assert_true(end.revents & POLLHUP);
	assert_true(read(fd, &byte, 1) <= 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(errno, EIO);
	assert_names("class/tty", "");
	close(fd);
}

static void there_are_thirty_two(void **state)
{
	struct rpmsg_mount *f = *state;

	for (uint32_t i = 0; i < 33; i++)
		remote_ns(f->remote, "rpmsg-tty", 0x500 + i, true);
	rpmsg_mount_settle(f);
	assert_non_null(node_child(front_find(&f->front, "dev"), "ttyRPMSG31"));
	assert_null(node_child(front_find(&f->front, "dev"), "ttyRPMSG32"));
	assert_true(rpmsg_mount_logged(f, "rpmsg_tty virtio0.rpmsg-tty.-1.1312: probe with driver "
					  "rpmsg_tty failed with error -28\n"));
	remote_ns(f->remote, "rpmsg-tty", 0x505, false);
	rpmsg_mount_settle(f);
	assert_null(node_child(front_find(&f->front, "dev"), "ttyRPMSG5"));
	remote_ns(f->remote, "rpmsg-tty", 0x600, true);
	rpmsg_mount_settle(f);
	assert_non_null(node_child(front_find(&f->front, "dev"), "ttyRPMSG5"));
}

/* ---- a serial line ------------------------------------------------------------------------ */

static void a_serial_line_is_a_terminal_and_on_no_bus(void **state)
{
	struct rpmsg_mount *f = *state;
	struct vring_peer_desc desc;
	struct pollfd ready = { .fd = fs_poll_fd(f->fs), .events = POLLIN };
	uint16_t id;
	char buf[16];
	int fd;

	assert_names("dev", "remoteproc0 ttyRPMSG0");
	assert_names(BUS, "");
	assert_names("bus/virtio/devices/virtio0", "device driver features modalias power "
						   "rproc-serial status subsystem uevent vendor");
	assert_text("bus/virtio/devices/virtio0/uevent",
		    "DRIVER=virtio_rproc_serial\nMODALIAS=virtio:d0000000Bv00000000\n");
	assert_non_null(strstr(front_text(&f->front, "librproc/dsp/rpmsg_counters"),
			       "virtio0 tx_buffers 8\n"));
	assert_store("bus/rpmsg/drivers/rpmsg_tty/unbind", "rproc-serial", -ENODEV);
	fd = open(target(f, "ttyRPMSG0"), O_RDWR | O_NOCTTY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "bytes", 5), 5);
	while (!vring_peer_take(&f->remote->out, &id)) {
		assert_true(poll(&ready, 1, FRONT_WAIT_S * 1000) > 0);
		rpmsg_mount_settle(f);
	}
	desc = vring_peer_desc(&f->remote->out, id);
	assert_int_equal(desc.len, 5);
	assert_memory_equal(remote_va(f->remote, desc.addr), "bytes", 5);
	vring_peer_use(&f->remote->out, id, 0);
	assert_true(vring_peer_take(&f->remote->in, &id));
	desc = vring_peer_desc(&f->remote->in, id);
	memcpy(remote_va(f->remote, desc.addr), "answer", 6);
	vring_peer_use(&f->remote->in, id, 6);
	remote_interrupt(f->remote, 0);
	await(f, fd, POLLIN);
	assert_int_equal(read(fd, buf, sizeof(buf)), 6);
	assert_memory_equal(buf, "answer", 6);
	assert_store(STATE, "stop", 4);
	assert_names("dev", "remoteproc0");
	close(fd);
}

/* A process that has copies of our descriptors, until *@end is closed. */
static pid_t copy_descriptors(int *ret_end)
{
	int ends[2];
	char end;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(ends[1]);
		_exit(read(ends[0], &end, 1) != 0);
	}
	close(ends[0]);
	*ret_end = ends[1];
	return pid;
}

/* As the start of another processor makes them for a moment. */
static void nothing_is_heard_of_a_terminal_that_is_gone(void **state)
{
	struct rpmsg_mount *f = *state;
	int fd = open_tty(f), end, status;
	pid_t pid = copy_descriptors(&end);
	struct pollfd rest = { .events = POLLIN };

	assert_store(STATE, "stop", 4);
	assert_names("dev", "remoteproc0");
	rpmsg_mount_settle(f);
	assert_int_equal(write(fd, "too late", 8), 8);
	rest.fd = fs_poll_fd(f->fs);
	assert_int_equal(poll(&rest, 1, 0), 0);
	close(fd);
	close(end);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, rpmsg_mount_setup, rpmsg_mount_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_is_written_is_sent),
		test(what_is_sent_is_read_even_later),
		test(the_line_is_set_as_in_linux),
		test(long_text_is_cut_into_messages_and_waits_for_buffers),
		test(a_full_terminal_holds_messages_back),
		test(the_end_of_the_channel_hangs_up),
		test(nothing_is_heard_of_a_terminal_that_is_gone),
		test(there_are_thirty_two),
		cmocka_unit_test_setup_teardown(a_serial_line_is_a_terminal_and_on_no_bus,
						rpmsg_mount_setup_serial, rpmsg_mount_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
