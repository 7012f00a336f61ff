/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A soak: several threads have messages of random sizes echoed by a firmware process while
 * it is stopped, started and crashed at random. Every message is accounted for: it comes
 * back once, whole and in order, or its endpoint says that it died.
 *
 *	soak_rpmsg [MESSAGES]		10 million are a minute or two
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <librproc/rpmsg.h>
#include "host_board_fixture.h"

#define THREADS	 3
#define WINDOW	 64u
#define WAIT_MS	 20000
#define QUIET_MS 5 /* between two blows, at least */

static uint64_t wanted = 60000;
static atomic_ullong echoed, ended, failed;
static struct rproc *rproc;

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Length and contents of message @number of a stream. */
static size_t make(uint8_t *data, uint32_t seed, uint32_t number)
{
	uint32_t state = (seed ^ number * 2654435761u) | 1;
	size_t len = 4 + next_random(&state) % 493, i;

	memcpy(data, &number, 4);
	for (i = 4; i < len; i++)
		data[i] = (uint8_t)(next_random(&state) >> 11);
	return len;
}

static bool check(const uint8_t *got, ssize_t len, uint32_t seed, uint32_t number)
{
	uint8_t expected[496];

	return len == (ssize_t)make(expected, seed, number) && !memcmp(got, expected, (size_t)len);
}

/* One life of an endpoint. 0: it died in order, or there is enough; else what went wrong. */
static int live(struct rproc_rpmsg_ept *ept, uint32_t seed)
{
	uint32_t sent = 0, received = 0;
	uint8_t data[496];
	ssize_t len = 0;
	int ret = 0;

	while (len >= 0 && atomic_load(&echoed) < wanted) {
		while (!ret && sent - received < WINDOW) {
			ret = rproc_rpmsg_send(ept, data, make(data, seed, sent));
			sent += !ret;
		}
		if (ret && ret != -EPIPE)
			return ret;
		len = rproc_rpmsg_recv(ept, data, sizeof(data), WAIT_MS, NULL);
		if (len >= 0 && !check(data, len, seed, received++))
			return -EBADMSG;
		if (len >= 0)
			atomic_fetch_add(&echoed, 1);
	}
	atomic_fetch_add(&ended, sent - received);
	return len < 0 && len != -EPIPE ? (int)len : 0;
}

static void *talk(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg;
	struct rproc_rpmsg_channel_info info;
	struct rproc_rpmsg_ept *ept;
	int ret;

	while (atomic_load(&echoed) < wanted && !atomic_load(&failed)) {
		next_random(&seed);
		if (rproc_rpmsg_wait_channel(rproc, "rpmsg-raw", 100, &info) ||
		    rproc_rpmsg_create_ept(board_context, info.id, "soak", RPROC_RPMSG_ADDR_ANY,
					   info.dst, NULL, &ept))
			continue;
		ret = live(ept, seed);
		rproc_rpmsg_destroy_ept(ept);
		if (ret) {
			fprintf(stderr, "an endpoint met %d\n", ret);
			atomic_fetch_add(&failed, 1);
		}
	}
	return NULL;
}

/* Stop and start, crash, or leave it in peace. */
static void strike(uint32_t *state)
{
	struct pollfd never = { .fd = -1 };

	poll(&never, 1, QUIET_MS + (int)(next_random(state) % 40));
	if (next_random(state) % 2) {
		assert_int_equal(rproc_shutdown(rproc), 0);
		assert_int_equal(rproc_boot(rproc), 0);
	} else {
		rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
	}
}

static void every_message_is_accounted_for(void **state)
{
	pthread_t thread[THREADS];
	uint32_t random = 12345;
	struct rproc_counters counters;
	uintptr_t i;

	(void)state;
	rproc = board_get("host0");
	board_boot(rproc, "rpmsg_echo.elf");
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, talk, (void *)(i + 77)), 0);
	while (atomic_load(&echoed) < wanted && !atomic_load(&failed))
		strike(&random);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	rproc_counters(rproc, &counters);
	printf("%llu echoed, %llu ended with their endpoint, %llu boots, %llu recoveries\n",
	       atomic_load(&echoed), atomic_load(&ended), (unsigned long long)counters.boots,
	       (unsigned long long)counters.recoveries);
	assert_int_equal(atomic_load(&failed), 0);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_is_accounted_for),
	};

	if (argc > 1)
		wanted = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests_name("rpmsg_soak", tests, board_setup, board_teardown);
}
