/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kicks that fail: where they are counted, what the story and the diagnosis say, and which
 * other stories they leave alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rpmsg_fixture.h"

static struct rproc_counters counters(const struct remote *remote)
{
	struct rproc_counters ret;

	rproc_counters(remote->rproc, &ret);
	return ret;
}

/* Both must be so: the whole text of each line. */
static void expect_diagnosis(struct remote *remote, const char *begin, const char *end)
{
	char text[1024];

	rproc_rpmsg_diagnosis(remote->rproc, text, sizeof(text));
	if (strncmp(text, begin, strlen(begin)) != 0 || !strstr(text, end))
		fail_msg("\"%s\" is not \"%s\" ... \"%s\"", text, begin, end);
}

static void expect_story(struct remote *remote, const char *story)
{
	char text[1024];

	rproc_last_error(remote->rproc, text, sizeof(text));
	assert_string_equal(text, story);
}

static void expect_no_diagnosis(struct remote *remote)
{
	char text[1024];

	assert_int_equal(rproc_rpmsg_diagnosis(remote->rproc, text, sizeof(text)), 0);
}

static void a_flood_of_failed_kicks_is_one_story_with_a_count(void **state)
{
	const struct remote_options options = { .num = 64 };
	struct remote *remote = remote_new(&options);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 7, 8);
	int i;

	(void)state;
	expect_no_diagnosis(remote);
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	assert_int_equal(counters(remote).kick_failures, 0);
	recorder_fail(remote->rec, REC_KICK, -EIO);
	recorder_forget(remote->rec);
	/* The message is in the ring all the same: it is the next kick that may bring it. */
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	recorder_expect(remote->rec, "kick 1\n<3> bell 1: -5\n");
	expect_story(remote, "kick: vring 1 of vdev 0 (notify id 1): bell 1 is broken; 1 so far "
			     "(EIO)");
	for (i = 0; i < 40; i++)
		assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	recorder_expect_no_line(remote->rec, "<3> bell 1: -5");
	expect_story(remote, "kick: vring 1 of vdev 0 (notify id 1): bell 1 is broken; 41 so far "
			     "(EIO)");
	expect_diagnosis(remote, "virtio0: 41 kicks of vring 1 failed, the last ",
			 " s ago: bell 1 is broken (EIO)");
	assert_int_equal(counters(remote).kicks, 43);
	assert_int_equal(counters(remote).kick_failures, 41);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void each_vring_has_a_count_of_its_own(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 7, 8);

	(void)state;
	recorder_fail(remote->rec, REC_KICK, -EPIPE);
	remote_send(remote, 8, 7, "in", 2); /* its buffer goes back: vring 0 */
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	assert_int_equal(rproc_rpmsg_send(ept, "y", 1), 0);
	expect_diagnosis(remote, "virtio0: 1 kicks of vring 0 failed",
			 "bell 0 is broken (EPIPE)\n");
	expect_diagnosis(remote, "", "\nvirtio0: 2 kicks of vring 1 failed");
	/* One that no vring has is counted, and there is nothing to say it of. */
	assert_false(rproc_kick_failed(remote->rproc, 77, -EIO, "no such bell"));
	assert_false(rproc_kick_failed(remote->rproc, -1, -EIO, "no such bell"));
	assert_int_equal(counters(remote).kick_failures, 5);
	expect_story(remote, "kick: vring 1 of vdev 0 (notify id 1): bell 1 is broken; 2 so far "
			     "(EPIPE)");
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void a_boot_begins_anew(void **state)
{
	struct remote *remote = remote_new_offline(NULL);

	(void)state;
	/* The driver of the vdev kicks before the boot is over: what it told is not old. */
	recorder_fail(remote->rec, REC_KICK, -EIO);
	remote_boot(remote);
	expect_story(remote, "kick: vring 0 of vdev 0 (notify id 0): bell 0 is broken; 1 so far "
			     "(EIO)");
	expect_diagnosis(remote, "virtio0: 1 kicks of vring 0 failed", "(EIO)");
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	expect_no_diagnosis(remote);
	recorder_fail(remote->rec, REC_KICK, 0);
	remote_boot(remote);
	expect_story(remote, "");
	expect_no_diagnosis(remote);
	remote_free(remote);
}

static void a_recovery_begins_anew(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 7, 8);

	(void)state;
	recorder_fail(remote->rec, REC_KICK, -EIO);
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	expect_diagnosis(remote, "virtio0: 1 kicks of vring 1 failed", "(EIO)");
	recorder_fail(remote->rec, REC_KICK, 0);
	recorder_crash(remote->rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(remote->rec, RPROC_STATE_RUNNING, 1);
	expect_no_diagnosis(remote);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void a_crash_and_a_refusal_keep_their_story(void **state)
{
	const struct remote_options options = { .num = 64 };
	struct remote *remote = remote_new(&options);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 7, 8);
	char refusal[1024];

	(void)state;
	recorder_fail(remote->rec, REC_KICK, -EIO);
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	/* What was refused last is the last error, however long the flood goes on. */
	assert_int_equal(rproc_detach(remote->rproc), -EINVAL);
	rproc_last_error(remote->rproc, refusal, sizeof(refusal));
	assert_non_null(strstr(refusal, "detach: "));
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	expect_story(remote, refusal);
	expect_diagnosis(remote, "virtio0: 2 kicks of vring 1 failed", "(EIO)");
	/* The cause of a failed kick may be a crash that was told a moment ago. */
	rproc_story(remote->rproc, -EIO, "crash", "it burns");
	remote_send(remote, 8, 7, "in", 2);
	expect_story(remote, "crash: it burns (EIO)");
	/* And so may that of a ring that lies. */
	vring_peer_set_used_idx(&remote->in, 0x4000);
	remote_interrupt(remote, 0);
	recorder_wait_event(remote->rec, RPROC_EVENT_VIRTIO_FAILED);
	expect_story(remote, "crash: it burns (EIO)");
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void a_crash_takes_the_place_of_failed_kicks(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 7, 8);

	(void)state;
	recorder_fail(remote->rec, REC_KICK, -EIO);
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	rproc_story(remote->rproc, -EIO, "crash", "it burns");
	expect_story(remote, "crash: it burns (EIO)");
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_of_failed_kicks_is_one_story_with_a_count),
		cmocka_unit_test(each_vring_has_a_count_of_its_own),
		cmocka_unit_test(a_boot_begins_anew),
		cmocka_unit_test(a_recovery_begins_anew),
		cmocka_unit_test(a_crash_and_a_refusal_keep_their_story),
		cmocka_unit_test(a_crash_takes_the_place_of_failed_kicks),
	};

	return cmocka_run_group_tests_name("kick", tests, NULL, NULL);
}
