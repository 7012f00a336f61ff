/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Endpoints: addresses, sending with and without waiting or copying, and being told that it
 * can be done again.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "rpmsg_fixture.h"

#define EVENT_IDX (UINT32_C(1) << 29)

/* ---- addresses ------------------------------------------------------------------------------- */

static int create(struct remote *remote, uint32_t src, struct rproc_rpmsg_ept **ret_ept)
{
	return rproc_rpmsg_create_ept(remote->context, remote_ctrl(remote), "a", src, 1, NULL,
				      ret_ept);
}

static void addresses_are_given_lowest_first_and_once(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept[64], *other = NULL;
	uint32_t i;

	(void)state;
	assert_int_equal(create(remote, 53, &other), -EADDRINUSE);
	recorder_expect_line(remote->rec,
			     "<3> [rpmsg virtio0.rpmsg_ctrl.0.0] idr_alloc failed: -28");
	assert_int_equal(create(remote, 0x80000000, &other), -EINVAL);
	assert_int_equal(create(remote, 0xfffffffe, &other), -EINVAL);
	assert_null(other);
	for (i = 0; i < 64; i++) {
		assert_int_equal(create(remote, RPROC_RPMSG_ADDR_ANY, &ept[i]), 0);
		assert_int_equal(rproc_rpmsg_ept_addr(ept[i]), 1024 + i);
	}
	rproc_rpmsg_destroy_ept(ept[7]);
	rproc_rpmsg_destroy_ept(ept[3]);
	assert_int_equal(create(remote, 1031, &ept[7]), 0);
	assert_int_equal(create(remote, RPROC_RPMSG_ADDR_ANY, &ept[3]), 0);
	assert_int_equal(rproc_rpmsg_ept_addr(ept[3]), 1027);
	assert_int_equal(create(remote, 1031, &other), -EADDRINUSE);
	assert_int_equal(create(remote, 0x7fffffff, &other), 0);
	rproc_rpmsg_destroy_ept(other);
	assert_int_equal(create(remote, 0, &other), 0);
	rproc_rpmsg_destroy_ept(other);
	for (i = 0; i < 64; i++)
		rproc_rpmsg_destroy_ept(ept[i]);
	rproc_rpmsg_destroy_ept(NULL);
	remote_free(remote);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void what_cannot_be_sent_is_refused_whole(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, RPROC_RPMSG_ADDR_ANY);
	static struct remote_message message;
	uint8_t data[497] = { 0 };

	(void)state;
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), -EINVAL);
	recorder_expect_line(remote->rec, "<3> [rpmsg virtio0.rpmsg_ctrl.0.0] invalid addr (src "
					  "0x400, dst 0xffffffff)");
	assert_int_equal(rproc_rpmsg_trysend(ept, "x", 1), -EINVAL);
	assert_int_equal(rproc_rpmsg_sendto(ept, data, 497, 5), -EMSGSIZE);
	recorder_expect_line(remote->rec,
			     "<3> [rpmsg virtio0.rpmsg_ctrl.0.0] message is too big (497)");
	assert_int_equal(rproc_rpmsg_trysendto(ept, data, SIZE_MAX, 5), -EMSGSIZE);
	assert_false(remote_recv(remote, &message));
	assert_int_equal(rproc_rpmsg_sendto(ept, data, 496, 5), 0);
	assert_int_equal(rproc_rpmsg_sendto(ept, NULL, 0, 5), 0);
	remote_expect(remote, 0x400, 5, data, 496);
	remote_expect(remote, 0x400, 5, NULL, 0);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void messages_arrive_whole_in_order_and_each_is_kicked(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x1000, 0x401);
	char text[32];
	int i, k;

	(void)state;
	for (i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		recorder_forget(remote->rec);
		assert_int_equal(rproc_rpmsg_send(ept, text, strlen(text)), 0);
		recorder_expect(remote->rec, "kick 1\n");
		if (i % 8 != 7)
			continue;
		for (k = i - 7; k <= i; k++) {
			snprintf(text, sizeof(text), "message %d", k);
			remote_expect(remote, 0x1000, 0x401, text, strlen(text));
		}
	}
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void a_burst_is_kicked_once_with_an_event_index(void **state)
{
	const struct remote_options options = { .num = 64, .features = EVENT_IDX | 1 };
	struct remote *remote = remote_new(&options);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);
	static struct remote_message message;
	int i;

	(void)state;
	vring_peer_want_kick(&remote->out, true);
	for (i = 0; i < 64; i++)
		assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	recorder_expect(remote->rec, "kick 1\n");
	assert_int_equal(remote_counters(remote).kicks, 2); /* the first was the ring's own */
	assert_int_equal(remote_counters(remote).kicks_saved, 63);
	while (remote_recv(remote, &message))
		;
	vring_peer_want_kick(&remote->out, true);
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	recorder_expect(remote->rec, "kick 1\n");
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void a_send_without_a_buffer_says_so_or_times_out(void **state)
{
	const struct remote_options options = { .send_timeout_ms = 30 };
	struct remote *remote = remote_new(&options);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);
	static struct remote_message message;
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(rproc_rpmsg_trysend(ept, "m", 1), 0);
	assert_int_equal(rproc_rpmsg_poll(ept), 0);
	assert_int_equal(rproc_rpmsg_trysend(ept, "m", 1), -ENOMEM);
	assert_int_equal(rproc_rpmsg_send(ept, "m", 1), -ETIMEDOUT);
	recorder_expect_line(remote->rec,
			     "<3> [rpmsg virtio0.rpmsg_ctrl.0.0] timeout waiting for a tx buffer");
	recorder_expect_story(remote->rec, "no buffer was free for 30 ms: the remote has 8 of 8");
	assert_int_equal(remote_counters(remote).timeouts, 1);
	assert_true(remote_recv(remote, &message));
	assert_int_equal(rproc_rpmsg_poll(ept), POLLOUT);
	assert_int_equal(rproc_rpmsg_send(ept, "again", 5), 0);
	assert_int_equal(rproc_rpmsg_poll(ept), 0);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

/* ---- waiting to send ------------------------------------------------------------------------- */

struct sender {
	pthread_t thread;
	struct rproc_rpmsg_ept *ept;
	int count, result;
};

static void *send_many(void *arg)
{
	struct sender *sender = arg;
	int i;

	for (i = 0; i < sender->count && !sender->result; i++)
		sender->result = rproc_rpmsg_send(sender->ept, &i, sizeof(i));
	return NULL;
}

static void begin_sending(struct sender *sender, struct rproc_rpmsg_ept *ept, int count)
{
	*sender = (struct sender){ .ept = ept, .count = count };
	assert_int_equal(pthread_create(&sender->thread, NULL, send_many, sender), 0);
}

/* Until a sender sleeps: it has asked for an interrupt. */
static void await_sleeper(struct remote *remote, uint64_t waits)
{
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	while (remote_counters(remote).waits < waits) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		assert_true(now.tv_sec - end.tv_sec < RECORDER_WAIT_S);
		sched_yield();
	}
}

static void a_sleeping_send_wakes_when_the_remote_is_done(void **state)
{
	static const uint32_t features[] = { 1, EVENT_IDX | 1 };
	static struct remote_message message;
	struct sender sender;
	int expected, value, id;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const struct remote_options options = { .features = features[i] };
		struct remote *remote = remote_new(&options);
		struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);

		begin_sending(&sender, ept, 500);
		for (expected = 0; expected < 500;) {
			id = remote_take(remote, &message);
			if (id < 0) {
				sched_yield();
				continue;
			}
			memcpy(&value, message.data, sizeof(value));
			assert_int_equal(value, expected++);
			if (vring_peer_use(&remote->out, (uint32_t)id, 0))
				remote_interrupt(remote, 1);
		}
		pthread_join(sender.thread, NULL);
		assert_int_equal(sender.result, 0);
		assert_int_equal(remote_counters(remote).timeouts, 0);
		rproc_rpmsg_destroy_ept(ept);
		remote_free(remote);
	}
}

static void whoever_sleeps_learns_of_the_end(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);
	struct sender sender[3];
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		begin_sending(&sender[i], ept, 100);
	await_sleeper(remote, 3);
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	for (i = 0; i < 3; i++) {
		pthread_join(sender[i].thread, NULL);
		assert_int_equal(sender[i].result, -EPIPE);
	}
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void destroying_an_endpoint_ends_its_sleepers(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);
	struct sender sender;

	(void)state;
	begin_sending(&sender, ept, 100);
	await_sleeper(remote, 1);
	rproc_rpmsg_destroy_ept(ept);
	pthread_join(sender.thread, NULL);
	assert_int_equal(sender.result, -EPIPE);
	remote_free(remote);
}

/* ---- without a copy -------------------------------------------------------------------------- */

static void transmit_buffers_are_taken_sent_and_given_back(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);
	void *buf[8], *more;
	char expected[496];
	size_t len;
	int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		assert_int_equal(rproc_rpmsg_get_tx_buffer(ept, false, &buf[i], &len), 0);
		assert_int_equal(len, 496);
		memset(buf[i], 'a' + i, len);
	}
	assert_int_equal(rproc_rpmsg_get_tx_buffer(ept, false, &more, &len), -ENOMEM);
	assert_int_equal(rproc_rpmsg_send_nocopy(ept, buf[3], 497), -EMSGSIZE);
	assert_int_equal(rproc_rpmsg_send_nocopy(ept, (char *)buf[3] + 1, 1), -EINVAL);
	assert_int_equal(rproc_rpmsg_send_nocopy(ept, &len, 1), -EINVAL);
	assert_int_equal(rproc_rpmsg_send_nocopy(ept, NULL, 1), -EINVAL);
	assert_int_equal(rproc_rpmsg_send_nocopy(ept, buf[3], 496), 0);
	assert_int_equal(rproc_rpmsg_send_nocopy(ept, buf[3], 1), -EINVAL); /* not twice */
	assert_int_equal(rproc_rpmsg_sendto_nocopy(ept, buf[1], 2, 0x999), 0);
	rproc_rpmsg_release_tx_buffer(ept, buf[0]);
	rproc_rpmsg_release_tx_buffer(ept, buf[0]);
	rproc_rpmsg_release_tx_buffer(ept, buf[3]);
	rproc_rpmsg_release_tx_buffer(ept, NULL);
	assert_int_equal(rproc_rpmsg_send(ept, "copied", 6), 0);
	assert_int_equal(rproc_rpmsg_trysend(ept, "copied", 6), -ENOMEM);
	memset(expected, 'd', sizeof(expected));
	remote_expect(remote, 0x400, 0x401, expected, sizeof(expected));
	remote_expect(remote, 0x400, 0x999, "bb", 2);
	remote_expect(remote, 0x400, 0x401, "copied", 6);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

/* ---- being told of free buffers -------------------------------------------------------------- */

static void writable(struct rproc_rpmsg_ept *ept, void *data)
{
	(void)ept;
	++*(int *)data;
}

static void whoever_asked_is_told_once_that_a_buffer_is_free(void **state)
{
	static const uint32_t features[] = { 1, EVENT_IDX | 1 };
	int calls = 0, id;
	const struct rproc_rpmsg_ept_options options = { .size = sizeof(options),
							 .writable = writable,
							 .data = &calls };
	static struct remote_message message;
	struct rproc_rpmsg_ept *ept;
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct remote *remote =
			remote_new(&(const struct remote_options){ .features = features[i] });

		calls = 0;
		assert_int_equal(rproc_rpmsg_create_ept(remote->context, remote_ctrl(remote), "w",
							5, 1, &options, &ept),
				 0);
		for (k = 0; k < 8; k++)
			assert_int_equal(rproc_rpmsg_trysend(ept, "x", 1), 0);
		id = remote_take(remote, &message);
		assert_int_equal(rproc_rpmsg_trysend(ept, "x", 1), -ENOMEM);
		assert_true(vring_peer_use(&remote->out, (uint32_t)id, 0));
		assert_int_equal(calls, 0);
		remote_interrupt(remote, 1);
		assert_int_equal(calls, 1);
		remote_interrupt(remote, 1);
		assert_int_equal(calls, 1);
		assert_int_equal(rproc_rpmsg_trysend(ept, "x", 1), 0);
		id = remote_take(remote, &message);
		assert_int_equal(rproc_rpmsg_poll(ept), 0);
		assert_true(vring_peer_use(&remote->out, (uint32_t)id, 0));
		remote_interrupt(remote, 1);
		assert_int_equal(calls, 2);
		assert_int_equal(rproc_rpmsg_poll(ept), POLLOUT);
		rproc_rpmsg_destroy_ept(ept);
		remote_free(remote);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_given_lowest_first_and_once),
		cmocka_unit_test(what_cannot_be_sent_is_refused_whole),
		cmocka_unit_test(messages_arrive_whole_in_order_and_each_is_kicked),
		cmocka_unit_test(a_burst_is_kicked_once_with_an_event_index),
		cmocka_unit_test(a_send_without_a_buffer_says_so_or_times_out),
		cmocka_unit_test(a_sleeping_send_wakes_when_the_remote_is_done),
		cmocka_unit_test(whoever_sleeps_learns_of_the_end),
		cmocka_unit_test(destroying_an_endpoint_ends_its_sleepers),
		cmocka_unit_test(transmit_buffers_are_taken_sent_and_given_back),
		cmocka_unit_test(whoever_asked_is_told_once_that_a_buffer_is_free),
	};

	return cmocka_run_group_tests_name("rpmsg_endpoint", tests, NULL, NULL);
}
