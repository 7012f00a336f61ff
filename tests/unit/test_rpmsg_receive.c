/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Endpoints that receive: by queue, descriptor, callback and in place, what a callback may do,
 * and what becomes of buffers that are held.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "rpmsg_fixture.h"

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
	assert_int_equal(remote_counters(remote).lost, 3);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

/* A remote that chooses long messages does not choose how much memory they take. */
static void long_messages_fill_a_queue_sooner(void **state)
{
	static const uint32_t sizes[2] = { 65536, 65536 };
	static const size_t lens[] = { 60000, 20000, 2000, 1 };
	const struct remote_options big = { .features = 5, .config = sizes, .config_len = 8 };
	const struct rproc_rpmsg_ept_options forty = { .size = sizeof(forty), .queue_len = 40 },
					     one = { .size = sizeof(one), .queue_len = 1 };
	struct remote *remote = remote_new(&big);
	uint64_t ctrl = remote_ctrl(remote);
	struct rproc_rpmsg_ept *ept[2];
	char *text = calloc(1, 60000);
	size_t i, round;

	(void)state;
	assert_int_equal(rproc_rpmsg_create_ept(remote->context, ctrl, "q", 5, 1, &forty, &ept[0]),
			 0);
	assert_int_equal(rproc_rpmsg_create_ept(remote->context, ctrl, "q", 6, 1, &one, &ept[1]),
			 0);
	/* 40 x 2048 bytes; and once they were read there is room again. */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 4; i++)
			remote_send(remote, 1, 5, text, lens[i]);
		assert_int_equal(remote_counters(remote).lost, 2 * (round + 1));
		assert_int_equal(rproc_rpmsg_recv(ept[0], NULL, 0, 0, NULL), lens[0]);
		assert_int_equal(rproc_rpmsg_recv(ept[0], NULL, 0, 0, NULL), lens[1]);
		assert_int_equal(rproc_rpmsg_recv(ept[0], NULL, 0, 0, NULL), -ENOBUFS);
		assert_int_equal(rproc_rpmsg_recv(ept[0], NULL, 0, 0, NULL), -EAGAIN);
	}
	/* One there is always room for. */
	remote_send(remote, 1, 6, text, 60000);
	assert_int_equal(rproc_rpmsg_recv(ept[1], NULL, 0, 0, NULL), 60000);
	free(text);
	rproc_rpmsg_destroy_ept(ept[0]);
	rproc_rpmsg_destroy_ept(ept[1]);
	remote_free(remote);
}

struct late {
	struct remote *remote;
	struct rproc_rpmsg_ept *ept;
	pthread_t reader;
	int calls, on_reader;
};

static struct late late;

static void hear_late(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *message,
		      void *data)
{
	(void)ept, (void)message, (void)data;
	late.calls++;
	late.on_reader += pthread_equal(pthread_self(), late.reader) != 0;
}

/* In a kick of the reader, which holds no lock: as another thread might. */
static int make_listener(struct recorder *rec, enum recorder_op op)
{
	const struct rproc_rpmsg_ept_options options = { .size = sizeof(options),
							 .receive = hear_late };

	(void)rec;
	if (op != REC_KICK || late.ept)
		return 0;
	assert_int_equal(rproc_rpmsg_create_ept(late.remote->context, remote_ctrl(late.remote),
						"late", 0x402, 1, &options, &late.ept),
			 0);
	assert_true(remote_put(late.remote, 1, 0x402, "to the listener", 15));
	assert_true(remote_put(late.remote, 1, 0x400, "to the reader", 13));
	return 0;
}

/* Who waits may hold what a callback wants, also one that nobody had asked for before. */
static void a_reader_leaves_a_new_callback_to_others(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *reader = remote_ept(remote, 0x400, 1);
	struct rproc_rpmsg_ept *other = remote_ept(remote, 0x401, 1);
	char buf[16] = "";

	(void)state;
	late = (struct late){ .remote = remote, .reader = pthread_self() };
	/* So that it waits awake; and something to do meanwhile. */
	assert_int_equal(rproc_rpmsg_send(reader, "x", 1), 0);
	assert_true(remote_put(remote, 1, 0x401, "to another", 10));
	remote->rec->hook = make_listener;
	assert_int_equal(rproc_rpmsg_recv(reader, buf, sizeof(buf), 20000, NULL), 13);
	assert_string_equal(buf, "to the reader");
	assert_int_equal(late.calls, 1);
	assert_int_equal(late.on_reader, 0);
	rproc_rpmsg_destroy_ept(late.ept);
	rproc_rpmsg_destroy_ept(other);
	rproc_rpmsg_destroy_ept(reader);
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

/* What waits for the worker, which may be waiting for this. */
static void ask_for_all(struct rproc *rproc, int *results)
{
	results[0] = rproc_shutdown(rproc);
	results[1] = rproc_boot(rproc);
	results[2] = rproc_detach(rproc);
	results[3] = rproc_trigger_recovery(rproc);
	results[4] = rproc_set_firmware(rproc, "another");
	results[5] = rproc_del(rproc);
}

struct asker {
	struct rproc *rproc;
	int results[6], bell;
};

static void hear_and_ask(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *message,
			 void *data)
{
	struct asker *asker = data;

	(void)ept;
	(void)message;
	ask_for_all(asker->rproc, asker->results);
}

static void on_time(int fd, void *data)
{
	struct asker *asker = data;

	(void)fd;
	ask_for_all(asker->rproc, asker->results);
	eventfd_write(asker->bell, 1);
}

static void expect_refusals(struct asker *asker)
{
	int i;

	for (i = 0; i < 6; i++) {
		assert_int_equal(asker->results[i], -EDEADLK);
		asker->results[i] = 0;
	}
	assert_int_equal(rproc_state(asker->rproc), RPROC_STATE_RUNNING);
}

static void callbacks_may_not_wait_for_the_processor(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct asker asker = { .rproc = remote->rproc, .bell = eventfd(0, EFD_CLOEXEC) };
	const struct rproc_rpmsg_ept_options options = { .size = sizeof(options),
							 .receive = hear_and_ask,
							 .data = &asker };
	struct pollfd pfd = { .fd = asker.bell, .events = POLLIN };
	struct rproc_rpmsg_ept *ept;
	struct rproc_watch *timer;

	(void)state;
	assert_int_equal(rproc_rpmsg_create_ept(remote->context, remote_ctrl(remote), "a", 5, 1,
						&options, &ept),
			 0);
	remote_send(remote, 1, 5, "x", 1);
	expect_refusals(&asker);
	/* Nor may what runs on the context's own thread. */
	assert_int_equal(rproc_watch_timer(remote->context, 1, on_time, &asker, &timer), 0);
	assert_int_equal(poll(&pfd, 1, RECORDER_WAIT_S * 1000), 1);
	rproc_watch_free(timer);
	expect_refusals(&asker);
	close(asker.bell);
	rproc_rpmsg_destroy_ept(ept);
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
	assert_int_equal(remote_counters(remote).rx_held, 8);
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
	assert_int_equal(remote_counters(remote).rx_held, 7);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

/* The memory is the same after a recovery, but nobody holds anything of it any more. */
static void held_buffers_end_with_a_crash(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct heard heard = { .hold = true };
	struct rproc_rpmsg_ept *ept = listen_on(remote, 5, &heard, true), *next;
	const void *held;
	void *taken;
	size_t len;
	int i;

	(void)state;
	remote_send(remote, 1, 5, "held", 4);
	assert_int_equal(heard.result, 0);
	held = heard.data;
	assert_int_equal(rproc_rpmsg_get_tx_buffer(ept, false, &taken, &len), 0);
	recorder_crash(remote->rec, RPROC_CRASH_WATCHDOG);
	remote_restart(remote);
	assert_int_equal(remote_counters(remote).rx_held, 0);
	assert_int_equal(remote_counters(remote).tx_free, 8);
	next = listen_on(remote, 5, &heard, true);
	remote_send(remote, 1, 5, "held anew", 9);
	assert_int_equal(remote_counters(remote).rx_held, 1);
	/* Neither the endpoint of before nor its pointers do anything to the new bus. */
	rproc_rpmsg_release_rx_buffer(ept, held);
	rproc_rpmsg_release_rx_buffer(ept, heard.data);
	rproc_rpmsg_release_tx_buffer(ept, taken);
	assert_int_equal(rproc_rpmsg_send_nocopy(ept, taken, 4), -EPIPE);
	assert_int_equal(rproc_rpmsg_send_nocopy(next, taken, 4), -EINVAL);
	assert_int_equal(remote_counters(remote).rx_held, 1);
	heard.hold = false;
	for (i = 0; i < 20; i++)
		remote_send(remote, 1, 5, "through those that are left", 27);
	rproc_rpmsg_destroy_ept(ept);
	rproc_rpmsg_destroy_ept(next);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queued_messages_are_read_one_by_one),
		cmocka_unit_test(messages_that_are_lost_are_told_in_their_place),
		cmocka_unit_test(a_reader_leaves_a_new_callback_to_others),
		cmocka_unit_test(long_messages_fill_a_queue_sooner),
		cmocka_unit_test(callbacks_hear_messages_in_order),
		cmocka_unit_test(a_callback_may_send_but_not_wait),
		cmocka_unit_test(a_callback_may_destroy_its_endpoint),
		cmocka_unit_test(callbacks_may_not_wait_for_the_processor),
		cmocka_unit_test(an_endpoint_may_be_destroyed_when_it_is_closed),
		cmocka_unit_test(held_buffers_stay_until_they_are_released),
		cmocka_unit_test(held_buffers_end_with_a_crash),
		cmocka_unit_test(only_a_message_in_place_can_be_held),
	};

	return cmocka_run_group_tests_name("rpmsg_receive", tests, NULL, NULL);
}
