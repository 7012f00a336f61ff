/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Polls of the files under librproc/ whose text changes without an event: they see what
 * was not read, wake when it changes, and sleep on when it does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include "fuse_fixture.h"

#define CHANGED (NODE_POLL_DEFAULT | POLLPRI | POLLERR)
#define STORY	"librproc/dsp/last_error"

static void read_all(struct fuse_fixture *f, struct node_open *open)
{
	char buf[NODE_PAGE];
	ssize_t n = front_pread(&f->front, open, buf, sizeof(buf), 0);

	assert_true(n >= 0);
	assert_int_equal(front_pread(&f->front, open, buf, sizeof(buf), (uint64_t)n), 0);
}

/* Opened, read and polled: it is looked at from now on. */
static struct node_open *follow(struct fuse_fixture *f, const char *path)
{
	struct node_open *open;

	assert_int_equal(front_open(&f->front, path, O_RDONLY, &open), 0);
	assert_int_equal(node_poll(open), CHANGED); /* nothing of it has been read */
	read_all(f, open);
	assert_int_equal(front_poll(&f->front, open), NODE_POLL_DEFAULT);
	assert_true(fs_timeout(f->fs) >= 0);
	return open;
}

/* Its poll sleeps on, however often it is looked at. */
static void expect_asleep(struct fuse_fixture *f, struct node_open *open)
{
	fs_tick(f->fs);
	fs_tick(f->fs);
	assert_non_null(open->waiter);
	assert_int_equal(node_poll(open), NODE_POLL_DEFAULT);
}

/* Its poll wakes; when the text is read, it sleeps again. */
static void expect_woken(struct fuse_fixture *f, struct node_open *open)
{
	fs_tick(f->fs);
	assert_null(open->waiter);
	assert_int_equal(front_poll(&f->front, open), CHANGED);
	read_all(f, open);
	assert_int_equal(front_poll(&f->front, open), NODE_POLL_DEFAULT);
}

static void a_refused_word_wakes_who_polls_the_story(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *story = follow(f, STORY);

	expect_asleep(f, story);
	assert_store(C "state", "go", -EINVAL);
	expect_woken(f, story);
	assert_store(C "state", "go", -EINVAL); /* the same words again */
	expect_asleep(f, story);
	assert_store(D "crash", "x", -EINVAL);
	expect_woken(f, story);
	node_release(story);
	fs_tick(f->fs);
	assert_int_equal(fs_timeout(f->fs), -1); /* nobody polls any more */
}

static void a_failed_kick_wakes_who_polls_story_or_counters(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *story, *counters, *remarks;

	assert_store(C "state", "start", 5);
	story = follow(f, STORY);
	counters = follow(f, "librproc/dsp/counters");
	remarks = follow(f, "librproc/dsp/remarks");
	rproc_kick_failed(f->rec->rproc, 0, -EIO, "no bell");
	expect_woken(f, story);
	expect_woken(f, counters);
	expect_asleep(f, remarks);
	rproc_remark(f->rec->rproc, "prepare", "a thing to know");
	expect_woken(f, remarks);
	expect_asleep(f, story);
	expect_asleep(f, counters);
	node_release(story);
	node_release(counters);
	node_release(remarks);
}

static void a_change_of_state_that_tells_no_story_wakes_nobody(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *story = follow(f, STORY);
	struct node_open *counters = follow(f, "librproc/dsp/counters");

	assert_store(C "state", "start", 5);
	fs_settle(f->fs);
	assert_int_equal(front_poll(&f->front, story), NODE_POLL_DEFAULT);
	expect_asleep(f, story);
	expect_woken(f, counters);
	recorder_fail(f->rec, REC_STOP, -EIO);
	assert_store(C "state", "stop", -EIO);
	expect_woken(f, story);
	recorder_fail(f->rec, REC_STOP, 0);
	node_release(story);
	node_release(counters);
}

static void who_read_less_is_woken_alone(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *one = follow(f, STORY), *two = follow(f, STORY);

	assert_store(C "state", "go", -EINVAL);
	expect_woken(f, one);
	assert_int_equal(front_poll(&f->front, two), CHANGED);
	read_all(f, two);
	assert_int_equal(front_poll(&f->front, two), NODE_POLL_DEFAULT);
	node_release(one);
	assert_store(C "state", "gone", -EINVAL);
	expect_woken(f, two);
	node_release(two);
}

static void a_story_without_a_processor_wakes_too(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *story = follow(f, "librproc/last_error");

	expect_asleep(f, story);
	assert_true(rproc_context_add_board(f->context, "no tree", 7, false) < 0);
	expect_woken(f, story);
	node_release(story);
}

static void the_end_of_a_polled_processor_is_seen(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *story = follow(f, STORY);

	recorder_free(f->rec);
	fs_settle(f->fs);
	assert_null(story->waiter);
	assert_int_equal(front_poll(&f->front, story), CHANGED);
	assert_int_equal(fs_timeout(f->fs), -1);
	fs_tick(f->fs);
	node_release(story);
	f->rec = fuse_fixture_add(f, NULL);
	fs_settle(f->fs);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fuse_fixture_setup, fuse_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_refused_word_wakes_who_polls_the_story),
		TEST(a_failed_kick_wakes_who_polls_story_or_counters),
		TEST(a_change_of_state_that_tells_no_story_wakes_nobody),
		TEST(who_read_less_is_woken_alone),
		TEST(a_story_without_a_processor_wakes_too),
		TEST(the_end_of_a_polled_processor_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
