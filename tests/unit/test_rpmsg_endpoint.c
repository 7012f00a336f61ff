/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Endpoints: addresses, sending with and without waiting or copying, receiving by callback,
 * queue, descriptor and in place, and what may be done from where.
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

static struct rproc_rpmsg_counters counters(struct remote *remote)
{
	struct rproc_rpmsg_counters count;

	assert_int_equal(rproc_rpmsg_get_counters(remote->context, remote_ctrl(remote), &count), 0);
	return count;
}

/* ---- addresses ----------------------------------------------------------------------------- */

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
	recorder_expect_line(remote->rec, "<3> [virtio_rpmsg_bus virtio0] idr_alloc failed: -28");
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

/* ---- sending -----------------------------------------------------------------------------------
 */

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
	assert_int_equal(counters(remote).kicks, 2); /* the first was the ring's own */
	assert_int_equal(counters(remote).kicks_saved, 63);
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
	assert_int_equal(counters(remote).timeouts, 1);
	assert_true(remote_recv(remote, &message));
	assert_int_equal(rproc_rpmsg_poll(ept), POLLOUT);
	assert_int_equal(rproc_rpmsg_send(ept, "again", 5), 0);
	assert_int_equal(rproc_rpmsg_poll(ept), 0);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

/* ---- waiting to send
 * ------------------------------------------------------------------------------- */

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
	while (counters(remote).waits < waits) {
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
		assert_int_equal(counters(remote).timeouts, 0);
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

/* ---- without a copy
 * ----------------------------------------------------------------------------------- */

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

/* ---- receiving
 * ------------------------------------------------------------------------------------------- */

static void queued_messages_are_read_one_by_one(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);
	struct pollfd pfd = { .events = POLLIN };
	char buf[16] = "";
	uint32_t src = 0;

	(void)state;
	pfd.fd = rproc_rpmsg_ept_fd(ept);
	assert_true(pfd.fd >= 0);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, &src), -EAGAIN);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 1, &src), -ETIMEDOUT);
	remote_send(remote, 0x401, 0x400, "first", 5);
	remote_send(remote, 0x777, 0x400, "0123456789", 10);
	remote_send(remote, 0x401, 0x400, NULL, 0);
	assert_int_equal(poll(&pfd, 1, 0), 1);
	assert_int_equal(rproc_rpmsg_poll(ept), POLLIN | POLLOUT);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, &src), 5);
	assert_memory_equal(buf, "first", 5);
	assert_int_equal(src, 0x401);
	memset(buf, 0, sizeof(buf));
	assert_int_equal(rproc_rpmsg_recv(ept, buf, 4, 0, &src), 10);
	assert_string_equal(buf, "0123");
	assert_int_equal(src, 0x777);
	assert_int_equal(poll(&pfd, 1, 0), 1);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, NULL), 0);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, NULL), -EAGAIN);
	remote_send(remote, 0x401, 0x400, "last", 4);
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	assert_int_equal(poll(&pfd, 1, 0), 1);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, NULL), 4);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, NULL), -EPIPE);
	assert_int_equal(poll(&pfd, 1, 0), 1);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void messages_that_are_lost_are_told_in_their_place(void **state)
{
	const struct rproc_rpmsg_ept_options options = { .size = sizeof(options), .queue_len = 2 };
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept;
	char buf[2] = "";

	(void)state;
	assert_int_equal(rproc_rpmsg_create_ept(remote->context, remote_ctrl(remote), "q", 0x400, 1,
						&options, &ept),
			 0);
	remote_send(remote, 1, 0x400, "1", 1);
	remote_send(remote, 1, 0x400, "2", 1);
	remote_send(remote, 1, 0x400, "3", 1);
	remote_send(remote, 1, 0x400, "4", 1);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, 1, 0, NULL), 1);
	assert_string_equal(buf, "1");
	/* There is room again, but what is put behind the hole must not hide it. */
	remote_send(remote, 1, 0x400, "5", 1);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, 1, 0, NULL), 1);
	assert_string_equal(buf, "2");
	assert_int_equal(rproc_rpmsg_recv(ept, buf, 1, 0, NULL), -ENOBUFS);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, 1, 0, NULL), -EAGAIN);
	remote_send(remote, 1, 0x400, "6", 1);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, 1, 0, NULL), 1);
	assert_string_equal(buf, "6");
	assert_int_equal(counters(remote).lost, 3);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

struct heard {
	struct remote *remote;
	struct rproc_rpmsg_ept *ept;
	char text[256];
	const void *data;
	int result, calls;
	bool destroy, echo, hold, wait;
};

static void hear(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *message, void *data)
{
	struct heard *heard = data;

	heard->calls++;
	heard->data = message->data;
	assert_int_equal(message->dst, rproc_rpmsg_ept_addr(ept));
	snprintf(heard->text + strlen(heard->text), sizeof(heard->text) - strlen(heard->text),
		 "%x:%.*s ", message->src, (int)message->len, (const char *)message->data);
	if (heard->echo)
		heard->result = rproc_rpmsg_sendto(ept, message->data, message->len, message->src);
	if (heard->hold)
		heard->result = rproc_rpmsg_hold_rx_buffer(ept, message->data);
	if (heard->wait)
		heard->result = (int)rproc_rpmsg_recv(heard->ept, NULL, 0, -1, NULL);
	if (heard->destroy)
		rproc_rpmsg_destroy_ept(ept);
}

static struct rproc_rpmsg_ept *listen_on(struct remote *remote, uint32_t src, struct heard *heard,
					 bool in_place)
{
	const struct rproc_rpmsg_ept_options options = {
		.size = sizeof(options), .receive = hear, .data = heard, .in_place = in_place
	};
	struct rproc_rpmsg_ept *ept;

	assert_int_equal(rproc_rpmsg_create_ept(remote->context, remote_ctrl(remote), "l", src, 1,
						&options, &ept),
			 0);
	return ept;
}

static void callbacks_hear_messages_in_order(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct heard a = { 0 }, b = { 0 };
	struct rproc_rpmsg_ept *ept[2] = { listen_on(remote, 5, &a, false),
					   listen_on(remote, 6, &b, true) };

	(void)state;
	assert_true(remote_put(remote, 1, 5, "one", 3));
	assert_true(remote_put(remote, 2, 6, "two", 3));
	assert_true(remote_put(remote, 3, 5, "three", 5));
	assert_true(remote_put(remote, 4, 7, "nobody", 6));
	assert_true(remote_put(remote, 5, 6, "four", 4));
	remote_interrupt(remote, 0);
	assert_string_equal(a.text, "1:one 3:three ");
	assert_string_equal(b.text, "2:two 5:four ");
	recorder_expect_line(remote->rec,
			     "<4> [virtio_rpmsg_bus virtio0] msg received with no recipient");
	assert_int_equal(rproc_rpmsg_recv(ept[0], NULL, 0, 0, NULL), -EINVAL);
	assert_int_equal(rproc_rpmsg_ept_fd(ept[0]), -EINVAL);
	rproc_rpmsg_destroy_ept(ept[0]);
	rproc_rpmsg_destroy_ept(ept[1]);
	remote_free(remote);
}

static void a_callback_may_send_but_not_wait(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct heard heard = { .echo = true };
	struct rproc_rpmsg_ept *ept = listen_on(remote, 5, &heard, false);
	struct rproc_rpmsg_ept *other = remote_ept(remote, 6, 7);
	int i;

	(void)state;
	heard.ept = other;
	for (i = 0; i < 8; i++)
		remote_send(remote, 1, 5, "ping", 4);
	assert_int_equal(heard.result, 0);
	remote_send(remote, 1, 5, "ping", 4);
	assert_int_equal(heard.result, -EDEADLK);
	for (i = 0; i < 8; i++)
		remote_expect(remote, 5, 1, "ping", 4);
	heard.echo = false;
	heard.wait = true;
	remote_send(remote, 1, 5, "ping", 4);
	assert_int_equal(heard.result, -EDEADLK);
	rproc_rpmsg_destroy_ept(other);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void a_callback_may_destroy_its_endpoint(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct heard heard = { .destroy = true };

	(void)state;
	listen_on(remote, 5, &heard, false);
	assert_true(remote_put(remote, 1, 5, "one", 3));
	assert_true(remote_put(remote, 1, 5, "two", 3));
	remote_interrupt(remote, 0);
	assert_int_equal(heard.calls, 1);
	heard.destroy = false;
	rproc_rpmsg_destroy_ept(listen_on(remote, 5, &heard, false));
	remote_free(remote);
}

static void closed_destroys(struct rproc_rpmsg_ept *ept, void *data)
{
	++*(int *)data;
	rproc_rpmsg_destroy_ept(ept);
}

static void an_endpoint_may_be_destroyed_when_it_is_closed(void **state)
{
	int calls = 0;
	const struct rproc_rpmsg_ept_options options = { .size = sizeof(options),
							 .closed = closed_destroys,
							 .data = &calls };
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept;

	(void)state;
	assert_int_equal(rproc_rpmsg_create_ept(remote->context, remote_ctrl(remote), "c", 5, 1,
						&options, &ept),
			 0);
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	assert_int_equal(calls, 1);
	remote_free(remote);
}

static void held_buffers_stay_until_they_are_released(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct heard heard = { .hold = true };
	struct rproc_rpmsg_ept *ept = listen_on(remote, 5, &heard, true);
	const void *data[8];
	int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		remote_send(remote, 1, 5, &i, sizeof(i));
		assert_int_equal(heard.result, 0);
		data[i] = heard.data;
	}
	assert_false(remote_put(remote, 1, 5, "more", 4));
	assert_int_equal(counters(remote).rx_held, 8);
	for (i = 0; i < 8; i++)
		assert_memory_equal(data[i], &i, sizeof(i));
	rproc_rpmsg_release_rx_buffer(ept, (const char *)data[2] + 1);
	rproc_rpmsg_release_rx_buffer(ept, NULL);
	rproc_rpmsg_release_rx_buffer(ept, &i);
	assert_false(remote_put(remote, 1, 5, "more", 4));
	recorder_forget(remote->rec);
	rproc_rpmsg_release_rx_buffer(ept, data[2]);
	recorder_expect(remote->rec, "kick 0\n");
	rproc_rpmsg_release_rx_buffer(ept, data[2]); /* not twice */
	recorder_expect(remote->rec, "");
	heard.hold = false;
	for (i = 0; i < 20; i++)
		remote_send(remote, 1, 5, "through the one that is left", 28);
	assert_int_equal(rproc_rpmsg_hold_rx_buffer(ept, heard.data), -EINVAL); /* not now */
	assert_int_equal(counters(remote).rx_held, 7);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void only_a_message_in_place_can_be_held(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct heard heard = { .hold = true };
	struct rproc_rpmsg_ept *ept = listen_on(remote, 5, &heard, false);

	(void)state;
	remote_send(remote, 1, 5, "x", 1);
	assert_int_equal(heard.result, -EINVAL);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

/* ---- being told of free buffers
 * ------------------------------------------------------------------------------ */

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
		cmocka_unit_test(queued_messages_are_read_one_by_one),
		cmocka_unit_test(messages_that_are_lost_are_told_in_their_place),
		cmocka_unit_test(callbacks_hear_messages_in_order),
		cmocka_unit_test(a_callback_may_send_but_not_wait),
		cmocka_unit_test(a_callback_may_destroy_its_endpoint),
		cmocka_unit_test(an_endpoint_may_be_destroyed_when_it_is_closed),
		cmocka_unit_test(held_buffers_stay_until_they_are_released),
		cmocka_unit_test(only_a_message_in_place_can_be_held),
		cmocka_unit_test(whoever_asked_is_told_once_that_a_buffer_is_free),
	};

	return cmocka_run_group_tests_name("rpmsg_endpoint", tests, NULL, NULL);
}
