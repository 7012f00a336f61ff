/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many processors and many threads at once: different processors never wait for
 * each other, and whatever mixture of calls hits one, it ends in a state from
 * which it boots and with nothing leaked. Meant for the thread sanitizer too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core_images.h"
#include "recorder.h"

#define MANY 64

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void open_many(struct recorder **recs, int count, const struct recorder_options *like)
{
	int i;

	for (i = 0; i < count; i++) {
		struct recorder_options options = *like;
		struct fixture_image image = core_image_plain();
		char name[16];

		snprintf(name, sizeof(name), "dsp%d", i);
		options.name = name;
		options.context = i ? recs[0]->context : NULL;
		recs[i] = recorder_new(&options);
		recorder_use_image(recs[i], &image);
	}
}

/* The first one owns the context. */
static void free_many(struct recorder **recs, int count)
{
	while (count--)
		recorder_free(recs[count]);
}

/* ---- a slow stop is nobody else's ---------------------------------------------------------- */

/* A machine that is busy with other things is given another chance; waiting in a row has none. */
#define CHANCES 5

static const struct recorder_options quiet = { .no_journal = true, .no_subdevs = true };

/* Each is running and takes so long to stop. */
static void begin_stops(struct recorder **recs, int count, unsigned int stop_ms)
{
	int i;

	for (i = 0; i < count; i++) {
		recorder_linger(recs[i], REC_STOP, stop_ms);
		assert_true(rproc_request(recs[i]->rproc, RPROC_REQUEST_SHUTDOWN, NULL, NULL,
					  NULL) > 0);
	}
}

static void boot_all(struct recorder **recs, int count)
{
	int i;

	for (i = 0; i < count; i++)
		assert_int_equal(rproc_boot(recs[i]->rproc), 0);
}

static int64_t time_stops(struct recorder **recs, int count, unsigned int stop_ms)
{
	int64_t begun;
	int i;

	boot_all(recs, count);
	begun = now_ms();
	begin_stops(recs, count, stop_ms);
	/* Meanwhile everything that reads answers at once. */
	for (i = 0; i < count; i++)
		assert_int_not_equal(rproc_state(recs[i]->rproc), RPROC_STATE_LAST);
	for (i = 0; i < count; i++) {
		recorder_settle(recs[i]);
		assert_int_equal(rproc_state(recs[i]->rproc), RPROC_STATE_OFFLINE);
	}
	begun = now_ms() - begun;
	print_message("         %d stops of %u ms: %lld ms\n", count, stop_ms, (long long)begun);
	assert_true(begun >= stop_ms);
	return begun;
}

static void sixty_four_stops_of_half_a_second_end_in_under_one(void **state)
{
	struct recorder *recs[MANY];
	int chance = 0;

	(void)state;
	open_many(recs, MANY, &quiet);
	while (time_stops(recs, MANY, 500) >= 1000)
		assert_in_range(++chance, 1, CHANCES - 1);
	free_many(recs, MANY);
}

static int64_t time_removals(void)
{
	struct recorder *recs[8];
	int64_t begun;
	int i;

	open_many(recs, 8, &quiet);
	boot_all(recs, 8);
	begin_stops(recs, 8, 100);
	begun = now_ms();
	for (i = 7; i > 0; i--)
		assert_int_equal(rproc_del(recs[i]->rproc), 0);
	begun = now_ms() - begun;
	free_many(recs, 8);
	return begun;
}

/* Their stops had begun: all of them ran while the first was waited for. */
static void removals_do_not_add_up_once_the_stops_have_begun(void **state)
{
	int chance = 0;

	(void)state;
	while (time_removals() >= 700)
		assert_in_range(++chance, 1, CHANCES - 1);
}

/* ---- anything at once ---------------------------------------------------------------------- */

#define THREADS 6
#define ROUNDS	1000

struct storm {
	struct recorder **recs;
	int count;
	unsigned int seed;
	atomic_int *done; /* callbacks of requests */
	int asked;
	pthread_t thread;
};

static void count_done(struct rproc *rproc, int result, void *data)
{
	(void)rproc;
	(void)result;
	atomic_fetch_add((atomic_int *)data, 1);
}

static void read_everything(struct rproc *rproc)
{
	struct rproc_carveout_info *carveouts;
	struct rproc_trace_info *traces;
	struct rproc_vdev_info *vdevs;
	struct rproc_counters counters;
	char text[128];
	size_t count;
	void *table;

	rproc_state(rproc);
	rproc_counters(rproc, &counters);
	rproc_last_error(rproc, text, sizeof(text));
	rproc_firmware_name(rproc, text, sizeof(text));
	rproc_trace_read(rproc, 0, text, sizeof(text), 0);
	if (!rproc_get_table(rproc, &table, &count))
		free(table);
	if (!rproc_get_carveouts(rproc, &carveouts, &count))
		free(carveouts);
	if (!rproc_get_traces(rproc, &traces, &count))
		free(traces);
	if (!rproc_get_vdevs(rproc, &vdevs, &count))
		free(vdevs);
}

static void read_dumps(struct rproc_context *context)
{
	struct rproc_coredump_info info;
	char buf[64];

	if (rproc_coredump_next(context, 0, &info))
		return;
	rproc_coredump_read(context, info.number, buf, sizeof(buf), 40);
	rproc_coredump_release(context, info.number);
}

static void ask(struct storm *storm, struct rproc *rproc, enum rproc_request request, bool cancel)
{
	int64_t id = rproc_request(rproc, request, "fw", count_done, storm->done);

	if (id > 0)
		storm->asked++;
	if (id > 0 && cancel)
		rproc_request_cancel(rproc, id);
}

static void one_of_many_things(struct storm *storm, unsigned int what, struct recorder *rec)
{
	struct rproc *rproc = rec->rproc;

	switch (what) {
	case 0:
	case 1:
		rproc_boot(rproc);
		break;
	case 2:
		rproc_shutdown(rproc);
		break;
	case 3:
		ask(storm, rproc, RPROC_REQUEST_BOOT, true);
		break;
	case 4:
		ask(storm, rproc, RPROC_REQUEST_SHUTDOWN, false);
		break;
	case 5:
		ask(storm, rproc, RPROC_REQUEST_RELEASE, true);
		break;
	case 6:
		rproc_report_crash(rproc, what);
		break;
	case 7:
		rproc_trigger_recovery(rproc);
		break;
	case 8:
		rproc_set_coredump_mode(rproc, storm->seed & 0x40 ? RPROC_COREDUMP_ENABLED
								  : RPROC_COREDUMP_INLINE);
		break;
	case 9:
		rproc_detach(rproc);
		break;
	case 10:
		rproc_vq_interrupt(rproc, (int)(storm->seed & 3));
		break;
	case 11:
		read_dumps(rec->context);
		break;
	default:
		read_everything(rproc);
		break;
	}
}

static void *rage(void *arg)
{
	struct storm *storm = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		storm->seed = storm->seed * 1664525 + 1013904223;
		one_of_many_things(storm, (storm->seed >> 16) % 15,
				   storm->recs[(storm->seed >> 8) % (unsigned int)storm->count]);
	}
	return NULL;
}

static void add_segments(struct recorder *rec)
{
	rproc_coredump_add_segment(rec->rproc, RECORDER_RAM + 0x5000, 0x100);
}

/* Full images with vdevs, and segments for dumps that live a short time. */
static void open_for_storm(struct recorder **recs, int count)
{
	const struct recorder_options options = {
		.no_journal = true,
		.detach_running = true,
		.more = { .dump_timeout_ms = 5, .event_queue_len = 16 },
	};
	int i;

	open_many(recs, count, &options);
	recorder_claim_vdevs(recs[0], 7);
	for (i = 0; i < count; i++) {
		struct fixture_image image = core_image_full();

		recorder_use_image(recs[i], &image);
		rproc_coredump_set_elf_info(recs[i]->rproc, ELFCLASS32, EM_ARM);
		recs[i]->prepare = add_segments;
		/* Detached ones attach to the table they left in memory. */
		recs[i]->running_table = NULL;
	}
}

/* Whatever it was left in: it can be brought to rest and boots again. */
static void assert_usable(struct recorder *rec)
{
	struct rproc_counters counters;

	do {
		rproc_counters(rec->rproc, &counters);
	} while (!rproc_shutdown(rec->rproc) || counters.power > 1);
	if (rproc_state(rec->rproc) == RPROC_STATE_DETACHED)
		assert_int_equal(rproc_boot(rec->rproc), 0);
	if (rproc_state(rec->rproc) == RPROC_STATE_ATTACHED)
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(recorder_provided(rec), 0);
	/* A firmware's name may have been among the requests. */
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
}

static void any_mixture_of_calls_leaves_processors_that_boot(void **state)
{
	struct recorder *recs[3];
	struct storm storms[THREADS];
	atomic_int done = 0;
	int i, asked = 0;

	(void)state;
	open_for_storm(recs, 3);
	for (i = 0; i < THREADS; i++) {
		storms[i] = (struct storm){ .recs = recs,
					    .count = 3,
					    .seed = 12345u * (unsigned int)(i + 1),
					    .done = &done };
		assert_int_equal(pthread_create(&storms[i].thread, NULL, rage, &storms[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(storms[i].thread, NULL);
		asked += storms[i].asked;
	}
	rproc_coredump_disable(recs[0]->context);
	for (i = 0; i < 3; i++)
		recorder_queue_crash(recs[i], RPROC_CRASH_WATCHDOG);
	for (i = 0; i < 3; i++) {
		recorder_settle(recs[i]);
		assert_usable(recs[i]);
	}
	/* Each callback exactly once. */
	assert_int_equal(done, asked);
	free_many(recs, 3);
}

/* Processors come and go while others look for them and use what they find. */
struct hunter {
	struct rproc_context *context;
	atomic_bool stop;
	pthread_t thread;
	unsigned long found;
};

static void *hunt(void *arg)
{
	struct hunter *hunter = arg;

	while (!atomic_load(&hunter->stop)) {
		struct rproc *rproc = NULL, *next;
		int index = -1;

		while ((next = rproc_get_next(hunter->context, index))) {
			index = rproc_index(next);
			rproc_put(rproc);
			rproc = next;
			hunter->found++;
			if (rproc_name(rproc)[0] == 'k')
				continue;
			rproc_boot(rproc);
			read_everything(rproc);
			rproc_report_crash(rproc, RPROC_CRASH_WATCHDOG);
			rproc_shutdown(rproc);
		}
		rproc_put(rproc);
	}
	return NULL;
}

static void processors_come_and_go_under_those_who_use_them(void **state)
{
	const struct recorder_options keep = { .name = "keeper", .no_journal = true };
	struct recorder *keeper = recorder_new(&keep);
	struct recorder_options options = { .context = keeper->context,
					    .detached = true,
					    .no_journal = true };
	struct hunter hunters[3] = { { 0 } };
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		hunters[i].context = keeper->context;
		assert_int_equal(pthread_create(&hunters[i].thread, NULL, hunt, &hunters[i]), 0);
	}
	for (i = 0; i < 300; i++) {
		struct recorder *rec = recorder_new(&options);
		struct rproc *held = rproc_get(rec->rproc);

		assert_int_equal(rproc_del(rec->rproc), 0);
		assert_int_not_equal(rproc_state(held), RPROC_STATE_RUNNING);
		rproc_put(held);
		recorder_free(rec);
	}
	for (i = 0; i < 3; i++) {
		atomic_store(&hunters[i].stop, true);
		pthread_join(hunters[i].thread, NULL);
	}
	recorder_free(keeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixty_four_stops_of_half_a_second_end_in_under_one),
		cmocka_unit_test(removals_do_not_add_up_once_the_stops_have_begun),
		cmocka_unit_test(any_mixture_of_calls_leaves_processors_that_boot),
		cmocka_unit_test(processors_come_and_go_under_those_who_use_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
