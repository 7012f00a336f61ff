/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: options, indices and lookups, making and adding processors, log
 * levels, watches on the loop, and what becomes of everything when one is freed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "core_images.h"
#include "recorder.h"

/* ---- options -------------------------------------------------------------------------------- */

static void options_of_another_size_are_understood_or_refused(void **state)
{
	struct {
		struct rproc_context_options options;
		char newer[16];
	} large = { .options = { .size = sizeof(large) } };
	struct rproc_context_options options = { .size = 0 };
	struct rproc_context *context = NULL;

	(void)state;
	assert_int_equal(rproc_context_new(&options, &context), -EINVAL);
	options.size = sizeof(size_t) - 1;
	assert_int_equal(rproc_context_new(&options, &context), -EINVAL);
	assert_null(context);
	/* An older program's struct ends early: what lies behind it is not looked at. */
	options.size = sizeof(size_t);
	options.event_queue_len = UINT32_MAX;
	assert_int_equal(rproc_context_new(&options, &context), 0);
	rproc_context_free(context);
	/* A newer one's may be longer, if it asks for nothing we do not know. */
	assert_int_equal(rproc_context_new(&large.options, &context), 0);
	rproc_context_free(context);
	large.newer[15] = 1;
	assert_int_equal(rproc_context_new(&large.options, &context), -EINVAL);
	assert_int_equal(rproc_context_new(NULL, &context), 0);
	rproc_context_free(context);
	rproc_context_free(NULL);
}

static void the_default_search_is_the_kernels(void **state)
{
	struct rproc_context *context;
	const struct rproc_ops ops = { .start = (int (*)(struct rproc *))abort };
	struct rproc_device *device;
	struct rproc *rproc;
	char story[1200];

	(void)state;
	assert_int_equal(rproc_context_new(NULL, &context), 0);
	assert_int_equal(rproc_device_new(context, "dev", &device), 0);
	rproc = rproc_alloc(device, "x", &ops, "no-such-firmware-anywhere.elf", 0);
	assert_non_null(rproc);
	rproc_set_auto_boot(rproc, false);
	assert_int_equal(rproc_add(rproc), 0);
	assert_int_equal(rproc_boot(rproc), -ENOENT);
	rproc_last_error(rproc, story, sizeof(story));
	assert_non_null(strstr(story, " /lib/firmware/no-such-firmware-anywhere.elf"));
	assert_non_null(strstr(story, " /lib/firmware/updates/no-such-firmware-anywhere.elf"));
	assert_int_equal(rproc_del(rproc), 0);
	rproc_free(rproc);
	rproc_device_put(device);
	rproc_context_free(context);
}

/* ---- processors ---------------------------------------------------------------------------- */

static void a_processor_needs_a_device_a_name_and_ops(void **state)
{
	static const struct rproc_ops none = { 0 };
	struct recorder *rec = recorder_new(NULL);
	struct rproc *rproc;
	char name[32];

	(void)state;
	assert_null(rproc_alloc(NULL, "x", &none, NULL, 0));
	assert_null(rproc_alloc(rec->device, NULL, &none, NULL, 0));
	assert_null(rproc_alloc(rec->device, "x", NULL, NULL, 0));
	rproc = rproc_alloc(rec->device, "x", &none, NULL, 0);
	assert_non_null(rproc);
	rproc_firmware_name(rproc, name, sizeof(name));
	assert_string_equal(name, "rproc-x-fw");
	assert_non_null(rproc_priv(rproc));
	/* Offline it needs start, detached it needs attach. */
	assert_int_equal(rproc_add(rproc), -EINVAL);
	assert_int_equal(rproc_set_initial_state(rproc, RPROC_STATE_RUNNING), -EINVAL);
	assert_int_equal(rproc_set_initial_state(rproc, RPROC_STATE_DETACHED), 0);
	assert_int_equal(rproc_add(rproc), -EINVAL);
	assert_int_equal(rproc_set_feature(rproc, 2), -EINVAL);
	assert_int_equal(rproc_set_feature(rproc, UINT32_MAX), -EINVAL);
	assert_int_equal(rproc_set_feature(rproc, RPROC_FEAT_DETACH_RUNNING), 0);
	rproc_free(rproc);
	assert_int_equal(rproc_set_initial_state(rec->rproc, RPROC_STATE_DETACHED), -EBUSY);
	rproc_free(NULL);
	rproc_put(NULL);
	recorder_free(rec);
}

static void devices_have_names_that_can_be_directories(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "a\nb", "\x7f" };
	struct recorder *rec = recorder_new(NULL);
	struct rproc_device *device = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rproc_device_new(rec->context, bad[i], &device), -EINVAL);
	assert_int_equal(rproc_device_new(NULL, "x", &device), -EINVAL);
	assert_null(device);
	assert_string_equal(rproc_device_name(rec->device), "dsp");
	assert_string_equal(rproc_device_path(rec->rproc), "platform/dsp");
	assert_string_equal(rproc_plugin_name(rec->rproc), "");
	assert_string_equal(rproc_dt_path(rec->rproc), "");
	rproc_device_put(NULL);
	recorder_free(rec);
}

static void indices_are_the_lowest_free_and_lookups_go_by_them(void **state)
{
	struct recorder *first = recorder_new(NULL);
	struct recorder_options options = { .context = first->context, .name = "twin" };
	struct recorder *second = recorder_new(&options), *third = recorder_new(&options);
	struct rproc *found;

	(void)state;
	assert_int_equal(rproc_index(first->rproc), 0);
	assert_int_equal(rproc_index(third->rproc), 2);
	recorder_free(second);
	second = recorder_new(&options);
	assert_int_equal(rproc_index(second->rproc), 1);
	/* Of two of a name the one with the lowest index. */
	found = rproc_get_by_name(first->context, "twin");
	assert_ptr_equal(found, second->rproc);
	rproc_put(found);
	found = rproc_get_next(first->context, 1);
	assert_ptr_equal(found, third->rproc);
	rproc_put(found);
	assert_null(rproc_get_next(first->context, 2));
	assert_null(rproc_get_by_index(first->context, 3));
	assert_null(rproc_get_by_index(first->context, -1));
	assert_null(rproc_get_by_name(first->context, ""));
	assert_null(rproc_get_by_phandle(first->context, 0));
	recorder_free(third);
	recorder_free(second);
	recorder_free(first);
}

/* The log callback of a level sees what is at most that chatty. */
static void the_log_level_can_be_changed(void **state)
{
	const struct recorder_options options = { .more = { .log_level = RPROC_LOG_ERR } };
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(&options);

	(void)state;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_no_line(rec, "<6> remote processor dsp is now up");
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	rproc_context_set_log_level(rec->context, RPROC_LOG_DEBUG);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_line(rec, "<6> remote processor dsp is now up");
	rproc_log(rec->rproc, RPROC_LOG_DEBUG, "%s\n", "a driver's line ends once");
	recorder_expect_line(rec, "<7> a driver's line ends once");
	recorder_free(rec);
}

/* ---- freeing ------------------------------------------------------------------------------- */

static void freeing_a_context_stops_and_frees_what_is_left_in_it(void **state)
{
	struct fixture_image image = core_image_full();
	struct recorder *rec = recorder_new(NULL);
	const struct recorder_options options = { .context = rec->context,
						  .name = "left alone",
						  .detached = true };
	struct recorder *detached = recorder_new(&options);

	(void)state;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_forget(rec);
	rproc_context_free(rec->context);
	assert_int_equal(recorder_calls(rec, REC_STOP), 1);
	assert_int_equal(recorder_calls(rec, REC_UNPREPARE), 1);
	assert_int_equal(recorder_provided(rec), 0);
	recorder_expect_line(rec, "<6> releasing dsp");
	assert_int_equal(recorder_calls(detached, REC_STOP), 0);
	assert_int_equal(recorder_calls(detached, REC_DETACH), 0);
	/* They are gone with it; the recorders have nothing more to free of theirs. */
	detached->rproc = NULL;
	rec->rproc = NULL;
	rec->own_context = false;
	recorder_free(detached);
	recorder_free(rec);
}

/* ---- watches ------------------------------------------------------------------------------- */

struct watching {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct rproc_watch *watch;
	struct rproc_context *context;
	int calls;
	int stop_after;
};

static void on_ready(int fd, void *data)
{
	struct watching *watching = data;
	eventfd_t ignored;

	if (fd >= 0)
		eventfd_read(fd, &ignored);
	pthread_mutex_lock(&watching->lock);
	/* From the callback itself it ends at once. */
	if (++watching->calls == watching->stop_after)
		rproc_watch_free(watching->watch);
	pthread_cond_broadcast(&watching->changed);
	pthread_mutex_unlock(&watching->lock);
}

static void await_calls(struct watching *watching, int calls)
{
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RECORDER_WAIT_S;
	pthread_mutex_lock(&watching->lock);
	while (watching->calls < calls && !ret)
		ret = pthread_cond_timedwait(&watching->changed, &watching->lock, &until);
	pthread_mutex_unlock(&watching->lock);
	assert_int_equal(ret, 0);
}

static struct watching new_watching(void)
{
	return (struct watching){ .lock = PTHREAD_MUTEX_INITIALIZER,
				  .changed = PTHREAD_COND_INITIALIZER };
}

static void a_descriptor_is_watched_until_the_watch_is_freed(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	struct watching watching = new_watching();
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), i;

	(void)state;
	assert_int_equal(rproc_watch_fd(rec->context, -1, on_ready, &watching, &watching.watch),
			 -EBADF);
	assert_int_equal(rproc_watch_fd(rec->context, fd, on_ready, &watching, &watching.watch), 0);
	for (i = 1; i <= 5; i++) {
		eventfd_write(fd, 1);
		await_calls(&watching, i);
	}
	rproc_watch_free(watching.watch);
	rproc_watch_free(NULL);
	eventfd_write(fd, 1);
	/* A second watch on the same descriptor takes the wake-up: the first would have come
	 * before. */
	watching.calls = 0;
	watching.stop_after = 1;
	assert_int_equal(rproc_watch_fd(rec->context, fd, on_ready, &watching, &watching.watch), 0);
	await_calls(&watching, 1);
	assert_int_equal(watching.calls, 1);
	close(fd);
	recorder_free(rec);
}

static void a_timer_fires_once(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	struct watching first = new_watching(), second = new_watching();

	(void)state;
	assert_int_equal(rproc_watch_timer(rec->context, 1, on_ready, &first, &first.watch), 0);
	await_calls(&first, 1);
	assert_int_equal(rproc_watch_timer(rec->context, 20, on_ready, &second, &second.watch), 0);
	await_calls(&second, 1);
	assert_int_equal(first.calls, 1);
	rproc_watch_free(first.watch);
	rproc_watch_free(second.watch);
	/* One that is freed before its time does not fire. */
	assert_int_equal(rproc_watch_timer(rec->context, 600000, on_ready, &first, &first.watch),
			 0);
	rproc_watch_free(first.watch);
	assert_int_equal(first.calls, 1);
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_another_size_are_understood_or_refused),
		cmocka_unit_test(a_processor_needs_a_device_a_name_and_ops),
		cmocka_unit_test(devices_have_names_that_can_be_directories),
		cmocka_unit_test(the_default_search_is_the_kernels),
		cmocka_unit_test(indices_are_the_lowest_free_and_lookups_go_by_them),
		cmocka_unit_test(the_log_level_can_be_changed),
		cmocka_unit_test(freeing_a_context_stops_and_frees_what_is_left_in_it),
		cmocka_unit_test(a_descriptor_is_watched_until_the_watch_is_freed),
		cmocka_unit_test(a_timer_fires_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
