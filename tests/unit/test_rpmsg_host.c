/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rpmsg with a real remote: firmware processes of the host plugin, real rings, real
 * interrupts. Every message is accounted for: delivered once, whole and in order, or
 * failed with an error. And a firmware that lies harms nobody but itself.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>
#include <librproc/rpmsg.h>
#include "host_board_fixture.h"

#define WAIT_MS 20000

static struct rproc_rpmsg_ept *open_service(struct rproc *rproc, const char *name,
					    const struct rproc_rpmsg_ept_options *options)
{
	struct rproc_rpmsg_channel_info info;
	struct rproc_rpmsg_ept *ept;

	if (rproc_rpmsg_wait_channel(rproc, name, WAIT_MS, &info))
		fail_msg("no service %s", name);
	assert_int_equal(rproc_rpmsg_open(board_context, info.id, options, &ept), 0);
	return ept;
}

static struct rproc *boot(const char *name, const char *firmware)
{
	struct rproc *rproc = board_get(name);

	board_boot(rproc, firmware);
	return rproc;
}

static void halt(struct rproc *rproc)
{
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void fill(uint8_t *data, size_t len, uint32_t seed)
{
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (uint8_t)(seed >> 24);
	}
}

static void expect_echo(struct rproc_rpmsg_ept *ept, size_t len, uint32_t seed)
{
	uint8_t expected[4096], got[4096];
	ssize_t ret = rproc_rpmsg_recv(ept, got, sizeof(got), WAIT_MS, NULL);

	fill(expected, len, seed);
	if (ret != (ssize_t)len)
		fail_msg("message %u: %zd, not %zu", seed, ret, len);
	assert_memory_equal(got, expected, len);
}

/* Room for all messages of a test: whoever reads may be slower than whoever sends. */
static const struct rproc_rpmsg_ept_options roomy = { .size = sizeof(roomy), .queue_len = 20000 };

/* ---- echo --------------------------------------------------------------------------------- */

static void every_length_comes_back_whole(void **state)
{
	static const char *const firmware[] = { "rpmsg_echo.elf", "rpmsg_echo_plain.elf" };
	uint8_t data[497];
	size_t i, len;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct rproc *rproc = boot("host0", firmware[i]);
		struct rproc_rpmsg_ept *ept = open_service(rproc, "rpmsg-raw", NULL);

		assert_int_equal(rproc_rpmsg_get_mtu(ept), 496);
		for (len = 0; len <= 496; len++) {
			fill(data, len, (uint32_t)len);
			assert_int_equal(rproc_rpmsg_send(ept, data, len), 0);
			expect_echo(ept, len, (uint32_t)len);
		}
		assert_int_equal(rproc_rpmsg_send(ept, data, 497), -EMSGSIZE);
		rproc_rpmsg_destroy_ept(ept);
		halt(rproc);
	}
}

struct stream {
	pthread_t thread;
	struct rproc_rpmsg_ept *ept;
	uint32_t count, sent;
	int result;
};

static void *stream_out(void *arg)
{
	struct stream *stream = arg;
	uint8_t data[496];
	size_t len;

	for (; stream->sent < stream->count; stream->sent++) {
		len = stream->sent * 7919 % 497;
		fill(data, len, stream->sent);
		stream->result = rproc_rpmsg_send(stream->ept, data, len);
		if (stream->result)
			break;
	}
	return NULL;
}

static void a_stream_of_sends_that_sleep_keeps_its_order(void **state)
{
	static const char *const firmware[] = { "rpmsg_echo.elf", "rpmsg_echo_plain.elf" };
	struct stream stream;
	uint32_t i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		struct rproc *rproc = boot("host1", firmware[k]);

		stream = (struct stream){ .ept = open_service(rproc, "rpmsg-raw", &roomy),
					  .count = 20000 };
		assert_int_equal(pthread_create(&stream.thread, NULL, stream_out, &stream), 0);
		for (i = 0; i < stream.count; i++)
			expect_echo(stream.ept, i * 7919 % 497, i);
		pthread_join(stream.thread, NULL);
		assert_int_equal(stream.result, 0);
		rproc_rpmsg_destroy_ept(stream.ept);
		halt(rproc);
	}
}

static void endpoints_of_many_threads_share_a_bus(void **state)
{
	struct rproc *rproc = boot("host2", "rpmsg_echo.elf");
	struct rproc_rpmsg_channel_info info;
	struct stream stream[4];
	uint32_t i, k;

	(void)state;
	assert_int_equal(rproc_rpmsg_wait_channel(rproc, "rpmsg-raw", WAIT_MS, &info), 0);
	for (k = 0; k < 4; k++) {
		stream[k] = (struct stream){ .count = 3000 };
		assert_int_equal(rproc_rpmsg_create_ept(board_context, info.id, "t",
							RPROC_RPMSG_ADDR_ANY, info.dst, &roomy,
							&stream[k].ept),
				 0);
		assert_int_equal(pthread_create(&stream[k].thread, NULL, stream_out, &stream[k]),
				 0);
	}
	for (k = 0; k < 4; k++) {
		for (i = 0; i < stream[k].count; i++)
			expect_echo(stream[k].ept, i * 7919 % 497, i);
		pthread_join(stream[k].thread, NULL);
		rproc_rpmsg_destroy_ept(stream[k].ept);
	}
	halt(rproc);
}

/* ---- one CPU for both sides ------------------------------------------------------------------ */

struct trips {
	uint32_t left, len;
	int error;
	int done; /* eventfd */
	cpu_set_t before, cpu;
	bool pinned;
};

static void next_trip(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *message,
		      void *data)
{
	struct trips *trips = data;
	uint8_t expected[496];

	if (!trips->pinned)
		sched_setaffinity(0, sizeof(trips->cpu), &trips->cpu);
	trips->pinned = true;
	fill(expected, trips->len, trips->left);
	if (message->len != trips->len || memcmp(message->data, expected, trips->len)) {
		trips->error = -EPROTO;
	} else if (--trips->left) {
		trips->len = trips->left % 497;
		fill(expected, trips->len, trips->left);
		trips->error = rproc_rpmsg_trysend(ept, expected, trips->len);
	}
	if (trips->error || !trips->left) {
		sched_setaffinity(0, sizeof(trips->before), &trips->before);
		eventfd_write(trips->done, 1);
	}
}

/* Whoever waits awake has to let the other side run, and to sleep when that is in vain. */
static void both_sides_share_a_cpu(void **state)
{
	struct trips trips = { .left = 20000, .done = eventfd(0, EFD_CLOEXEC) };
	const struct rproc_rpmsg_ept_options calling = { .size = sizeof(calling),
							 .receive = next_trip,
							 .data = &trips };
	struct pollfd done = { .fd = trips.done, .events = POLLIN };
	struct rproc_rpmsg_ept *ept;
	struct rproc *rproc;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(trips.before), &trips.before), 0);
	CPU_SET(sched_getcpu(), &trips.cpu);
	/* What starts from this thread is there, too. */
	assert_int_equal(sched_setaffinity(0, sizeof(trips.cpu), &trips.cpu), 0);
	rproc = boot("host3", "rpmsg_echo.elf");
	ept = open_service(rproc, "rpmsg-raw", &calling);
	assert_int_equal(rproc_rpmsg_send(ept, "", trips.len), 0);
	assert_int_equal(poll(&done, 1, 6 * WAIT_MS), 1);
	assert_int_equal(trips.error, 0);
	assert_int_equal(trips.left, 0);
	rproc_rpmsg_destroy_ept(ept);
	halt(rproc);
	assert_int_equal(sched_setaffinity(0, sizeof(trips.before), &trips.before), 0);
	close(trips.done);
}

/* A thread that sends and waits: it looks at the ring itself, and is not woken by another. */
static void a_reader_shares_a_cpu_with_the_remote(void **state)
{
	struct rproc_rpmsg_ept *ept;
	struct rproc *rproc;
	cpu_set_t before, cpu;
	uint8_t data[496];
	uint32_t i;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	assert_int_equal(sched_setaffinity(0, sizeof(cpu), &cpu), 0);
	rproc = boot("host3", "rpmsg_echo.elf");
	ept = open_service(rproc, "rpmsg-raw", NULL);
	for (i = 0; i < 20000; i++) {
		fill(data, i % 497, i);
		assert_int_equal(rproc_rpmsg_send(ept, data, i % 497), 0);
		expect_echo(ept, i % 497, i);
	}
	rproc_rpmsg_destroy_ept(ept);
	halt(rproc);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

struct listener {
	pthread_t reader;
	atomic_uint calls, on_reader;
};

static void hear(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *message, void *data)
{
	struct listener *listener = data;

	(void)ept;
	(void)message;
	if (pthread_equal(pthread_self(), listener->reader))
		atomic_fetch_add(&listener->on_reader, 1);
	atomic_fetch_add(&listener->calls, 1);
}

/* Who waits may hold what a callback wants. */
static void a_reader_runs_no_callbacks_of_others(void **state)
{
	struct listener listener = { .reader = pthread_self() };
	const struct rproc_rpmsg_ept_options hearing = { .size = sizeof(hearing),
							 .receive = hear,
							 .data = &listener };
	struct rproc *rproc = boot("host2", "rpmsg_echo.elf");
	struct rproc_rpmsg_ept *quiet = open_service(rproc, "rpmsg-raw", NULL), *loud;
	struct rproc_rpmsg_channel_info *info;
	uint8_t data[8];
	size_t num;
	uint32_t i;

	(void)state;
	assert_int_equal(rproc_rpmsg_get_channels(board_context, &info, &num), 0);
	assert_int_equal(rproc_rpmsg_create_ept(board_context, info[0].id, "loud",
						RPROC_RPMSG_ADDR_ANY, rproc_rpmsg_ept_dst(quiet),
						&hearing, &loud),
			 0);
	free(info);
	for (i = 1; i <= 5000; i++) {
		assert_int_equal(rproc_rpmsg_send(loud, data, 8), 0);
		fill(data, 8, i);
		assert_int_equal(rproc_rpmsg_send(quiet, data, 8), 0);
		expect_echo(quiet, 8, i);
		/* The loud one's answer came before ours, on the same ring. */
		assert_int_equal(atomic_load(&listener.calls), i);
	}
	assert_int_equal(atomic_load(&listener.on_reader), 0);
	rproc_rpmsg_destroy_ept(loud);
	rproc_rpmsg_destroy_ept(quiet);
	halt(rproc);
}

/* ---- one way ------------------------------------------------------------------------------- */

static void a_burst_of_the_remote_arrives_in_order(void **state)
{
	static const uint32_t want[2] = { 20000, 100 };
	struct rproc *rproc = boot("host0", "rpmsg_burst.elf");
	struct rproc_rpmsg_ept *ept = open_service(rproc, "burst", &roomy);
	uint32_t i, number;
	uint8_t data[496];

	(void)state;
	assert_int_equal(rproc_rpmsg_send(ept, want, sizeof(want)), 0);
	for (i = 0; i < want[0]; i++) {
		assert_int_equal(rproc_rpmsg_recv(ept, data, sizeof(data), WAIT_MS, NULL), want[1]);
		memcpy(&number, data, sizeof(number));
		assert_int_equal(number, i);
		assert_int_equal(data[99], 99);
	}
	rproc_rpmsg_destroy_ept(ept);
	halt(rproc);
}

static void nothing_is_lost_on_the_way_to_a_sink(void **state)
{
	struct rproc *rproc = boot("host1", "rpmsg_burst.elf");
	struct rproc_rpmsg_ept *ept = open_service(rproc, "sink", NULL);
	struct rproc_rpmsg_counters count;
	struct rproc_rpmsg_channel_info *info;
	uint8_t data[100] = { 0 };
	uint32_t i, swallowed = 0;
	size_t num;

	(void)state;
	for (i = 0; i < 20000; i++)
		assert_int_equal(rproc_rpmsg_send(ept, data, sizeof(data)), 0);
	assert_int_equal(rproc_rpmsg_send(ept, data, 4), 0);
	assert_int_equal(rproc_rpmsg_recv(ept, &swallowed, 4, WAIT_MS, NULL), 4);
	assert_int_equal(swallowed, 20001);
	assert_int_equal(rproc_rpmsg_get_channels(board_context, &info, &num), 0);
	assert_int_equal(rproc_rpmsg_get_counters(board_context, info[0].id, &count), 0);
	free(info);
	assert_int_equal(count.tx_messages, 20001);
	assert_int_equal(count.timeouts, 0);
	/* Kicks are coalesced while the remote is at work. */
	assert_true(count.kicks < count.tx_messages);
	rproc_rpmsg_destroy_ept(ept);
	halt(rproc);
}

static void the_firmware_has_buffers_of_its_own_size(void **state)
{
	static const uint32_t want[2] = { 100, 4080 };
	struct rproc *rproc = boot("host2", "rpmsg_burst_big.elf");
	struct rproc_rpmsg_ept *ept = open_service(rproc, "burst", NULL);
	uint8_t data[4081];
	uint32_t i;

	(void)state;
	assert_int_equal(rproc_rpmsg_get_mtu(ept), 4080);
	assert_int_equal(rproc_rpmsg_send(ept, data, 4081), -EMSGSIZE);
	assert_int_equal(rproc_rpmsg_send(ept, want, sizeof(want)), 0);
	for (i = 0; i < want[0]; i++) {
		assert_int_equal(rproc_rpmsg_recv(ept, data, sizeof(data), WAIT_MS, NULL), 4080);
		assert_int_equal(data[4079], 4079 & 0xff);
	}
	rproc_rpmsg_destroy_ept(ept);
	halt(rproc);
}

/* ---- services ------------------------------------------------------------------------------ */

static void command(struct rproc_rpmsg_ept *control, const char *line)
{
	char answer[8] = "";

	assert_int_equal(rproc_rpmsg_send(control, line, strlen(line)), 0);
	assert_int_equal(rproc_rpmsg_recv(control, answer, sizeof(answer) - 1, WAIT_MS, NULL), 2);
	assert_string_equal(answer, "ok");
}

static void services_come_and_go(void **state)
{
	struct rproc *rproc = boot("host0", "rpmsg_services.elf");
	struct rproc_rpmsg_ept *control = open_service(rproc, "control", NULL), *ept;
	struct rproc_rpmsg_channel_info info;
	char buf[8] = "";
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		command(control, "announce visitor 500");
		ept = open_service(rproc, "visitor", NULL);
		assert_int_equal(rproc_rpmsg_send(ept, "hello", 5), 0);
		assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), WAIT_MS, NULL), 5);
		command(control, "withdraw visitor 500");
		/* The answer came after the withdrawal, through the same ring. */
		assert_int_equal(rproc_rpmsg_wait_channel(rproc, "visitor", 0, &info), -ETIMEDOUT);
		assert_int_equal(rproc_rpmsg_send(ept, "hello", 5), -EPIPE);
		assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), WAIT_MS, NULL), -EPIPE);
		rproc_rpmsg_destroy_ept(ept);
	}
	rproc_rpmsg_destroy_ept(control);
	halt(rproc);
}

static void the_firmware_hears_of_our_services(void **state)
{
	struct rproc *rproc = boot("host1", "rpmsg_services.elf");
	struct rproc_rpmsg_channel_info info;
	struct rproc_rpmsg_ept *ept;
	uint64_t id;

	(void)state;
	assert_int_equal(rproc_rpmsg_wait_channel(rproc, "control", WAIT_MS, &info), 0);
	assert_int_equal(
		rproc_rpmsg_create_channel(board_context, info.id, "from-host", 0x2000, 0x400, &id),
		0);
	assert_int_equal(rproc_rpmsg_open(board_context, id, NULL, &ept), 0);
	board_await_trace(rproc, "host announces from-host\n");
	rproc_rpmsg_destroy_ept(ept);
	board_await_trace(rproc, "host withdraws from-host\n");
	halt(rproc);
}

static void a_console_repeats_lines(void **state)
{
	static const char expected[] = "hi\r\nyou said: hi\r\n> ";
	struct rproc *rproc = boot("host2", "rpmsg_tty.elf");
	struct rproc_rpmsg_ept *ept = open_service(rproc, "rpmsg-tty", NULL);
	char text[64] = "";
	size_t len = 0;
	ssize_t ret;

	(void)state;
	assert_int_equal(rproc_rpmsg_send(ept, "hi\r", 3), 0);
	while (len < strlen(expected)) {
		ret = rproc_rpmsg_recv(ept, text + len, sizeof(text) - 1 - len, WAIT_MS, NULL);
		assert_true(ret > 0);
		len += (size_t)ret;
	}
	assert_string_equal(text, expected);
	rproc_rpmsg_destroy_ept(ept);
	halt(rproc);
}

/* ---- ends ---------------------------------------------------------------------------------- */

static void a_crash_ends_endpoints_and_channels_come_back(void **state)
{
	struct rproc *rproc = boot("host0", "rpmsg_services.elf");
	struct rproc_rpmsg_ept *ept;
	char buf[8];
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		ept = open_service(rproc, "control", NULL);
		assert_int_equal(rproc_rpmsg_send(ept, "crash", 5), 0);
		assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), WAIT_MS, NULL), -EPIPE);
		assert_int_equal(rproc_rpmsg_send(ept, "x", 1), -EPIPE);
		rproc_rpmsg_destroy_ept(ept);
		board_await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED,
				       "crash: fatal error");
		board_await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	}
	halt(rproc);
}

static void a_stop_in_the_middle_of_traffic_is_clean(void **state)
{
	struct rproc_rpmsg_channel_info info;
	struct stream stream[3];
	struct rproc *rproc;
	uint8_t buf[496];
	int i, k;

	(void)state;
	for (i = 0; i < 10; i++) {
		rproc = boot("host1", "rpmsg_echo.elf");
		assert_int_equal(rproc_rpmsg_wait_channel(rproc, "rpmsg-raw", WAIT_MS, &info), 0);
		for (k = 0; k < 3; k++) {
			stream[k] = (struct stream){ .count = UINT32_MAX };
			assert_int_equal(rproc_rpmsg_create_ept(board_context, info.id, "t",
								RPROC_RPMSG_ADDR_ANY, info.dst,
								NULL, &stream[k].ept),
					 0);
			assert_int_equal(
				pthread_create(&stream[k].thread, NULL, stream_out, &stream[k]), 0);
		}
		assert_true(rproc_rpmsg_recv(stream[0].ept, buf, sizeof(buf), WAIT_MS, NULL) >= 0);
		halt(rproc);
		for (k = 0; k < 3; k++) {
			pthread_join(stream[k].thread, NULL);
			assert_int_equal(stream[k].result, -EPIPE);
			rproc_rpmsg_destroy_ept(stream[k].ept);
		}
	}
}

/* ---- lies ---------------------------------------------------------------------------------- */

/* As rpmsg_hostile.c has them: fatal to the bus, costly, harmless. */
#define OUTPUT_ID      8 /* seen when that buffer would be used again */
#define FIRST_COSTLY   10
#define FIRST_HARMLESS 24
#define LIES	       27

/* It still talks: an echo comes back, whatever else came before it. */
static bool still_talks(struct rproc_rpmsg_ept *ept)
{
	char buf[512];
	ssize_t ret;

	if (rproc_rpmsg_send(ept, "still there", 11))
		return false;
	do {
		ret = rproc_rpmsg_recv(ept, buf, sizeof(buf), WAIT_MS, NULL);
	} while (ret >= 0 && ret != 11);
	return ret == 11 && !memcmp(buf, "still there", 11);
}

static void expect_given_up(struct rproc *rproc, struct rproc_rpmsg_ept *ept, int lie)
{
	char story[1024], buf[512];
	ssize_t ret;

	while (lie == OUTPUT_ID && rproc_rpmsg_send(ept, "more", 4) == 0)
		;
	do {
		ret = rproc_rpmsg_recv(ept, buf, sizeof(buf), WAIT_MS, NULL);
		/* Nobody read while that was sent. */
	} while (ret >= 0 || ret == -ENOBUFS);
	if (ret != -EPIPE)
		fail_msg("lie %d: the endpoint says %zd", lie, ret);
	rproc_last_error(rproc, story, sizeof(story));
	if (!strstr(story, "does not keep to the protocol"))
		fail_msg("lie %d: story \"%s\"", lie, story);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_RUNNING);
}

static void lies_cost_the_bus_at_most(void **state)
{
	struct rproc_rpmsg_ept *ept;
	struct rproc *rproc;
	uint8_t lie;

	(void)state;
	for (lie = 0; lie < LIES; lie++) {
		rproc = boot("host3", "rpmsg_hostile.elf");
		ept = open_service(rproc, "hostile", NULL);
		assert_true(still_talks(ept));
		assert_int_equal(rproc_rpmsg_send(ept, &lie, 1), 0);
		if (lie < FIRST_COSTLY)
			expect_given_up(rproc, ept, lie);
		else if (lie < FIRST_HARMLESS && !still_talks(ept))
			fail_msg("lie %d ended the conversation", lie);
		rproc_rpmsg_destroy_ept(ept);
		halt(rproc);
	}
	/* The host is none the worse for it. */
	rproc = boot("host3", "rpmsg_echo.elf");
	ept = open_service(rproc, "rpmsg-raw", NULL);
	assert_int_equal(rproc_rpmsg_send(ept, "truth", 5), 0);
	assert_int_equal(rproc_rpmsg_recv(ept, NULL, 0, WAIT_MS, NULL), 5);
	rproc_rpmsg_destroy_ept(ept);
	halt(rproc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_comes_back_whole),
		cmocka_unit_test(a_stream_of_sends_that_sleep_keeps_its_order),
		cmocka_unit_test(endpoints_of_many_threads_share_a_bus),
		cmocka_unit_test(both_sides_share_a_cpu),
		cmocka_unit_test(a_reader_shares_a_cpu_with_the_remote),
		cmocka_unit_test(a_reader_runs_no_callbacks_of_others),
		cmocka_unit_test(a_burst_of_the_remote_arrives_in_order),
		cmocka_unit_test(nothing_is_lost_on_the_way_to_a_sink),
		cmocka_unit_test(the_firmware_has_buffers_of_its_own_size),
		cmocka_unit_test(services_come_and_go),
		cmocka_unit_test(the_firmware_hears_of_our_services),
		cmocka_unit_test(a_console_repeats_lines),
		cmocka_unit_test(a_crash_ends_endpoints_and_channels_come_back),
		cmocka_unit_test(a_stop_in_the_middle_of_traffic_is_clean),
		cmocka_unit_test(lies_cost_the_bus_at_most),
	};

	return cmocka_run_group_tests_name("rpmsg_host", tests, board_setup, board_teardown);
}
