/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An endpoint as a descriptor: packets are messages, nothing is lost when either side is
 * full, and each end learns of the other's.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "rpmsg_fixture.h"

#define DST 0x401

static int open_socket(struct remote *remote, uint32_t src)
{
	struct rproc_rpmsg_ept *ept = remote_ept(remote, src, DST);
	int fd = -1;

	assert_int_equal(rproc_rpmsg_ept_to_socket(ept, &fd), 0);
	assert_true(fd >= 0);
	return fd;
}

static void await(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	assert_int_equal(poll(&pfd, 1, RECORDER_WAIT_S * 1000), 1);
}

/* The loop is another thread: until it has brought the next message. */
static int await_message(struct remote *remote, struct remote_message *message)
{
	struct pollfd never = { .fd = -1 };
	struct timespec begin, now;
	int id;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while ((id = remote_take(remote, message)) < 0) {
		poll(&never, 1, 1);
		clock_gettime(CLOCK_MONOTONIC, &now);
		assert_true(now.tv_sec - begin.tv_sec < RECORDER_WAIT_S);
	}
	return id;
}

static void packets_are_messages(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct remote_message *message = malloc(sizeof(*message));
	int fd = open_socket(remote, 0x400);
	uint8_t buf[600] = { 0 };
	ssize_t len;

	(void)state;
	assert_int_equal(send(fd, "to the remote", 13, 0), 13);
	vring_peer_use(&remote->out, (uint32_t)await_message(remote, message), 0);
	assert_int_equal(message->src, 0x400);
	assert_int_equal(message->dst, DST);
	assert_int_equal(message->len, 13);
	assert_memory_equal(message->data, "to the remote", 13);
	/* One that is too long is dropped whole, an empty one is a message. */
	assert_int_equal(send(fd, buf, 497, 0), 497);
	assert_int_equal(send(fd, buf, 0, 0), 0);
	vring_peer_use(&remote->out, (uint32_t)await_message(remote, message), 0);
	assert_int_equal(message->len, 0);
	recorder_expect_line(remote->rec,
			     "<3> [rpmsg virtio0.rpmsg_ctrl.0.0] message is too big (497)");
	remote_send(remote, DST, 0x400, "to the socket", 13);
	remote_send(remote, DST, 0x400, "again", 5);
	await(fd, POLLIN);
	len = recv(fd, buf, sizeof(buf), 0);
	assert_int_equal(len, 13);
	assert_memory_equal(buf, "to the socket", 13);
	await(fd, POLLIN);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 5);
	close(fd);
	free(message);
	remote_free(remote);
}

static void what_finds_no_room_waits(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct remote_message *message = malloc(sizeof(*message));
	int fd = open_socket(remote, 0x400), i, number, id;

	(void)state;
	/* More than the ring has buffers for: the rest stays in the socket. */
	for (i = 0; i < 50; i++)
		assert_int_equal(send(fd, &i, sizeof(i), 0), sizeof(i));
	for (i = 0; i < 50; i++) {
		id = await_message(remote, message);
		memcpy(&number, message->data, sizeof(number));
		assert_int_equal(number, i);
		if (vring_peer_use(&remote->out, (uint32_t)id, 0))
			remote_interrupt(remote, 1);
	}
	/* More than the socket has room for: the rest stays in the queue. */
	for (i = 0; i < 2000; i++)
		remote_send(remote, DST, 0x400, &i, sizeof(i));
	for (i = 0; i < 2000; i++) {
		await(fd, POLLIN);
		assert_int_equal(recv(fd, &number, sizeof(number), 0), sizeof(number));
		assert_int_equal(number, i);
	}
	close(fd);
	free(message);
	remote_free(remote);
}

static void what_was_written_before_the_close_arrives(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct remote_message *message = malloc(sizeof(*message));
	int fd = open_socket(remote, 0x400), i, number, id;

	(void)state;
	for (i = 0; i < 30; i++)
		assert_int_equal(send(fd, &i, sizeof(i), 0), sizeof(i));
	close(fd);
	for (i = 0; i < 30; i++) {
		id = await_message(remote, message);
		memcpy(&number, message->data, sizeof(number));
		assert_int_equal(number, i);
		if (vring_peer_use(&remote->out, (uint32_t)id, 0))
			remote_interrupt(remote, 1);
	}
	free(message);
	remote_free(remote);
}

static void the_end_of_the_endpoint_hangs_the_socket_up(void **state)
{
	struct remote *remote = remote_new(NULL);
	int fd = open_socket(remote, 0x400);
	char buf[8];

	(void)state;
	remote_send(remote, DST, 0x400, "last", 4);
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	await(fd, POLLIN);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 4);
	await(fd, POLLIN);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 0);
	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	close(fd);
	remote_free(remote);
}

static void closing_the_socket_frees_the_address(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct pollfd never = { .fd = -1 };
	struct rproc_rpmsg_ept *ept;
	struct timespec begin, now;
	int ret;

	(void)state;
	close(open_socket(remote, 0x400));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		poll(&never, 1, 1);
		ret = rproc_rpmsg_create_ept(remote->context, remote_ctrl(remote), "x", 0x400, 1,
					     NULL, &ept);
		clock_gettime(CLOCK_MONOTONIC, &now);
		assert_true(now.tv_sec - begin.tv_sec < RECORDER_WAIT_S);
	} while (ret == -EADDRINUSE);
	assert_int_equal(ret, 0);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void a_context_ends_with_sockets_open(void **state)
{
	struct remote *remote = remote_new(NULL);
	int fd[3], i;
	char buf[8];

	(void)state;
	for (i = 0; i < 3; i++)
		fd[i] = open_socket(remote, RPROC_RPMSG_ADDR_ANY);
	remote_free(remote);
	for (i = 0; i < 3; i++) {
		assert_int_equal(recv(fd[i], buf, sizeof(buf), 0), 0);
		close(fd[i]);
	}
}

static void hear(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *message, void *data)
{
	(void)ept;
	(void)message;
	(void)data;
}

static void what_cannot_be_a_descriptor_stays_as_it_was(void **state)
{
	const struct rproc_rpmsg_ept_options options = { .size = sizeof(options), .receive = hear };
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, RPROC_RPMSG_ADDR_ANY);
	struct rproc_rpmsg_ept *by_callback, *dead = remote_ept(remote, 0x500, 1);
	int fd = -1;

	(void)state;
	assert_int_equal(rproc_rpmsg_create_ept(remote->context, remote_ctrl(remote), "c", 7, 8,
						&options, &by_callback),
			 0);
	assert_int_equal(rproc_rpmsg_ept_to_socket(ept, &fd), -EINVAL);
	assert_int_equal(rproc_rpmsg_ept_to_socket(by_callback, &fd), -EINVAL);
	assert_int_equal(rproc_rpmsg_sendto(ept, "still works", 11, 5), 0);
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	assert_int_equal(rproc_rpmsg_ept_to_socket(dead, &fd), -EPIPE);
	assert_int_equal(fd, -1);
	rproc_rpmsg_destroy_ept(ept);
	rproc_rpmsg_destroy_ept(by_callback);
	rproc_rpmsg_destroy_ept(dead);
	remote_free(remote);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_messages),
		cmocka_unit_test(what_finds_no_room_waits),
		cmocka_unit_test(what_was_written_before_the_close_arrives),
		cmocka_unit_test(the_end_of_the_endpoint_hangs_the_socket_up),
		cmocka_unit_test(closing_the_socket_frees_the_address),
		cmocka_unit_test(a_context_ends_with_sockets_open),
		cmocka_unit_test(what_cannot_be_a_descriptor_stays_as_it_was),
	};

	return cmocka_run_group_tests_name("rpmsg_socket", tests, NULL, NULL);
}
