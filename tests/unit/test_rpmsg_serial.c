/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A serial line (virtio id 11): bytes in pieces, without headers and addresses, over the
 * same rings, with the same ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "rpmsg_fixture.h"

#define SERIAL_BUFFERS (2 * 8 * 1024)

static struct remote *open_line(uint64_t *ret_channel)
{
	const struct remote_options options = { .id = 11, .buffers = SERIAL_BUFFERS };
	struct remote *remote = remote_new_offline(&options);
	struct rproc_rpmsg_channel_info info;

	remote_boot(remote);
	recorder_expect_no_line(remote->rec, "<6> [virtio_rpmsg_bus virtio0] rpmsg host is online");
	recorder_forget(remote->rec);
	assert_int_equal(rproc_rpmsg_wait_channel(remote->rproc, "rproc-serial", 0, &info), 0);
	assert_int_equal(info.kind, RPROC_RPMSG_SERIAL);
	*ret_channel = info.id;
	return remote;
}

/* Bytes from the remote. */
static void type(struct remote *remote, const char *text, uint32_t len)
{
	struct vring_peer_desc desc;
	uint16_t id;

	assert_true(vring_peer_take(&remote->in, &id));
	desc = vring_peer_desc(&remote->in, id);
	assert_int_equal(desc.len, 1024);
	memcpy(remote_va(remote, desc.addr), text, len);
	vring_peer_use(&remote->in, id, len);
	remote_interrupt(remote, 0);
}

/* The next piece from the host is exactly this. */
static void expect_piece(struct remote *remote, const void *data, uint32_t len)
{
	struct vring_peer_desc desc;
	uint16_t id;

	assert_true(vring_peer_take(&remote->out, &id));
	desc = vring_peer_desc(&remote->out, id);
	assert_int_equal(desc.len, len);
	assert_memory_equal(remote_va(remote, desc.addr), data, len);
	vring_peer_use(&remote->out, id, 0);
}

static void bytes_go_both_ways_without_headers(void **state)
{
	uint64_t channel;
	struct remote *remote = open_line(&channel);
	struct rproc_rpmsg_ept *line;
	uint8_t data[1025], buf[2048];

	(void)state;
	/* What comes before anybody listens is gone, without a word. */
	type(remote, "early", 5);
	assert_int_equal(rproc_rpmsg_open(remote->context, channel, NULL, &line), 0);
	assert_int_equal(rproc_rpmsg_get_mtu(line), 1024);
	recorder_forget(remote->rec);
	memset(data, 'x', sizeof(data));
	assert_int_equal(rproc_rpmsg_send(line, "hello", 5), 0);
	assert_int_equal(rproc_rpmsg_send(line, data, 1024), 0);
	assert_int_equal(rproc_rpmsg_send(line, data, 1025), -EMSGSIZE);
	assert_int_equal(rproc_rpmsg_send(line, NULL, 0), -EINVAL);
	expect_piece(remote, "hello", 5);
	expect_piece(remote, data, 1024);
	type(remote, "login: ", 7);
	type(remote, "", 0);
	type(remote, (const char *)data, 1024);
	assert_int_equal(rproc_rpmsg_recv(line, buf, sizeof(buf), 0, NULL), 7);
	assert_memory_equal(buf, "login: ", 7);
	assert_int_equal(rproc_rpmsg_recv(line, buf, sizeof(buf), 0, NULL), 1024);
	assert_int_equal(rproc_rpmsg_recv(line, buf, sizeof(buf), 0, NULL), -EAGAIN);
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	assert_int_equal(rproc_rpmsg_recv(line, buf, sizeof(buf), 0, NULL), -EPIPE);
	rproc_rpmsg_destroy_ept(line);
	remote_free(remote);
}

static void a_line_has_no_addresses_to_give(void **state)
{
	uint64_t channel, other;
	struct remote *remote = open_line(&channel);
	struct rproc_rpmsg_ept *line, *more;

	(void)state;
	assert_int_equal(rproc_rpmsg_create_ept(remote->context, channel, "x", 5, 6, NULL, &more),
			 -EINVAL);
	assert_int_equal(rproc_rpmsg_create_channel(remote->context, channel, "x", 5, 6, &other),
			 -EINVAL);
	assert_int_equal(rproc_rpmsg_open(remote->context, channel, NULL, &line), 0);
	assert_int_equal(rproc_rpmsg_open(remote->context, channel, NULL, &more), -EBUSY);
	rproc_rpmsg_destroy_ept(line);
	assert_int_equal(rproc_rpmsg_open(remote->context, channel, NULL, &line), 0);
	rproc_rpmsg_destroy_ept(line);
	remote_free(remote);
}

static void a_line_that_lies_is_given_up(void **state)
{
	uint64_t channel;
	struct remote *remote = open_line(&channel);
	struct rproc_rpmsg_ept *line;

	(void)state;
	assert_int_equal(rproc_rpmsg_open(remote->context, channel, NULL, &line), 0);
	vring_peer_use(&remote->in, 3, 1025);
	remote_interrupt(remote, 0);
	assert_int_equal(rproc_rpmsg_recv(line, NULL, 0, 20000, NULL), -EPIPE);
	recorder_expect_story(remote->rec, "length 1025, the buffer has 1024");
	rproc_rpmsg_destroy_ept(line);
	remote_free(remote);
}

static void a_line_without_memory_has_no_driver(void **state)
{
	const struct remote_options options = { .id = 11, .buffers = 4096 };
	struct remote *remote = remote_new_offline(&options);

	(void)state;
	remote_boot(remote);
	recorder_expect_line(remote->rec, "<3> [virtio_rproc_serial virtio0] probe with driver "
					  "virtio_rproc_serial failed with error -12");
	remote_free(remote);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways_without_headers),
		cmocka_unit_test(a_line_has_no_addresses_to_give),
		cmocka_unit_test(a_line_that_lies_is_given_up),
		cmocka_unit_test(a_line_without_memory_has_no_driver),
	};

	return cmocka_run_group_tests_name("rpmsg_serial", tests, NULL, NULL);
}
