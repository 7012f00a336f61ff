/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What crosses the socket between a host processor's program and its monitor: whole messages,
 * with the descriptors that were asked for and no other, whatever the far end sends.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "host_fixture.h"

#define AT_ONCE 0

static int pair[2]; /* what the test says on the first is heard on the second */
static int open_before;

static int setup(void **state)
{
	(void)state;
	open_before = host_fixture_count_fds();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_close(&pair[0]);
	host_close(&pair[1]);
	assert_int_equal(host_fixture_count_fds(), open_before);
	return 0;
}

/* @len bytes of @message and two descriptors beside them, as any program could send them. */
static void send_bytes(const void *message, size_t len)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { .bytes = "" };
	struct iovec iov = { .iov_base = (void *)message, .iov_len = len };
	struct msghdr hdr = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&hdr);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(cmsg), pair, 2 * sizeof(int));
	assert_int_equal(sendmsg(pair[0], &hdr, MSG_NOSIGNAL), len);
}

static int receive(struct host_message *message, int *fds, unsigned int *count)
{
	return host_recv(pair[1], message, fds, count, HOST_TEST_MS);
}

static void assert_same_file(int a, int b)
{
	struct stat first, second;

	assert_int_equal(fstat(a, &first), 0);
	assert_int_equal(fstat(b, &second), 0);
	assert_int_equal(first.st_dev, second.st_dev);
	assert_int_equal(first.st_ino, second.st_ino);
}

/* ---- what is no message -------------------------------------------------------------------- */

static void bytes_of_another_length_are_refused_with_their_descriptors(void **state)
{
	struct {
		struct host_message message;
		char more[64];
	} sent;
	struct host_message heard = { .type = 77 };
	unsigned int count;
	int fds[2];
	size_t len;

	(void)state;
	host_message_init(&sent.message, HOST_MSG_CLAIM);
	memset(sent.more, 0, sizeof(sent.more));
	for (len = 1; len <= sizeof(sent); len += len < 16 ? 1 : 61) {
		if (len == sizeof(sent.message))
			continue;
		count = 2;
		send_bytes(&sent, len);
		assert_int_equal(receive(&heard, fds, &count), -EPROTO);
		assert_int_equal(count, 0);
	}
	assert_int_equal(heard.type, 77);
}

static void another_magic_or_version_is_refused_with_its_descriptors(void **state)
{
	struct host_message sent, heard;
	unsigned int count = 2;
	int fds[2];

	(void)state;
	host_message_init(&sent, HOST_MSG_CLAIM);
	sent.magic++;
	send_bytes(&sent, sizeof(sent));
	assert_int_equal(receive(&heard, fds, &count), -EPROTO);
	assert_int_equal(count, 0);
	/* Another version may have messages of any length. */
	host_message_init(&sent, HOST_MSG_CLAIM);
	sent.version++;
	count = 2;
	send_bytes(&sent, 2 * sizeof(uint32_t));
	assert_int_equal(receive(&heard, fds, &count), -EPROTONOSUPPORT);
	assert_int_equal(count, 0);
}

/* Which nobody reads beyond: stories are made of them. */
static void texts_without_an_end_get_one(void **state)
{
	struct host_message sent, heard;

	(void)state;
	host_message_init(&sent, HOST_MSG_HELLO);
	memset(sent.text, 't', sizeof(sent.text));
	memset(sent.death.message, 'd', sizeof(sent.death.message));
	assert_int_equal(host_send(pair[0], &sent, NULL, 0), 0);
	assert_int_equal(receive(&heard, NULL, NULL), 0);
	assert_int_equal(strlen(heard.text), sizeof(heard.text) - 1);
	assert_int_equal(strlen(heard.death.message), sizeof(heard.death.message) - 1);
}

/* ---- descriptors ---------------------------------------------------------------------------- */

static void descriptors_that_nobody_asked_for_are_closed(void **state)
{
	struct host_message sent, heard;
	unsigned int count;
	int fd;

	(void)state;
	host_message_init(&sent, HOST_MSG_HELLO);
	send_bytes(&sent, sizeof(sent));
	assert_int_equal(receive(&heard, NULL, NULL), 0);
	count = 1;
	send_bytes(&sent, sizeof(sent));
	assert_int_equal(receive(&heard, &fd, &count), 0);
	assert_int_equal(count, 1);
	assert_same_file(fd, pair[0]);
	close(fd);
	/* More than a message of ours ever has are never sent. */
	assert_int_equal(host_send(pair[0], &sent, pair, HELLO_FD_COUNT + 1), -EINVAL);
}

static void a_message_arrives_whole_with_its_descriptors(void **state)
{
	struct host_message sent, heard;
	unsigned int count = HELLO_FD_COUNT;
	int fds[HELLO_FD_COUNT];

	(void)state;
	host_message_init(&sent, HOST_MSG_HELLO);
	sent.window_len = UINT64_MAX;
	assert_int_equal(host_send(pair[0], &sent, pair, 2), 0);
	assert_int_equal(receive(&heard, fds, &count), 0);
	assert_memory_equal(&heard, &sent, sizeof(heard));
	assert_int_equal(count, 2);
	while (count--) {
		assert_same_file(fds[count], pair[count]);
		assert_int_equal(fcntl(fds[count], F_GETFD), FD_CLOEXEC);
		close(fds[count]);
	}
}

/* In a child, whose descriptors are its own. */
static void all_descriptors_from_a_number_on_are_closed(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		if (dup2(pair[0], 40) != 40 || dup2(pair[0], 41) != 41 || dup2(pair[0], 99) != 99)
			_exit(2);
		host_close_from(41);
		_exit(fcntl(40, F_GETFD) < 0 || fcntl(41, F_GETFD) >= 0 || fcntl(99, F_GETFD) >= 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void silence_has_an_end(void **state)
{
	struct host_message heard;

	(void)state;
	assert_int_equal(host_recv(pair[1], &heard, NULL, NULL, AT_ONCE), -ETIMEDOUT);
	assert_int_equal(host_recv(pair[1], &heard, NULL, NULL, 20), -ETIMEDOUT);
	assert_int_equal(host_await(-1, 20), -ETIMEDOUT);
}

static void the_end_of_the_connection_is_told_to_both_sides(void **state)
{
	struct host_message message;

	(void)state;
	host_message_init(&message, HOST_MSG_QUIT);
	assert_int_equal(host_send(pair[0], &message, NULL, 0), 0);
	host_close(&pair[0]);
	assert_int_equal(receive(&message, NULL, NULL), 0);
	assert_int_equal(receive(&message, NULL, NULL), -ENOTCONN);
	/* Without a signal, which a program might die of. */
	assert_int_equal(host_send(pair[1], &message, NULL, 0), -ENOTCONN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(bytes_of_another_length_are_refused_with_their_descriptors),
		T(another_magic_or_version_is_refused_with_its_descriptors),
		T(texts_without_an_end_get_one),
		T(descriptors_that_nobody_asked_for_are_closed),
		T(a_message_arrives_whole_with_its_descriptors),
		T(all_descriptors_from_a_number_on_are_closed),
		T(silence_has_an_end),
		T(the_end_of_the_connection_is_told_to_both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
