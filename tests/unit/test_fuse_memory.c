/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mount when memory runs out: every allocation of its start fails in turn,
 * then every one of a boot's nodes, opens and reads. Each time it says so, leaks
 * nothing, and works when there is memory again.
 */
#include "fuse_front.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core_images.h"
#include "fs.h"
#include "fuse_oom.h"
#include "recorder.h"

static void kick(void *data)
{
	(void)data;
}

/* A context with a processor that is ready to boot. */
static struct recorder *begin(void)
{
	const struct recorder_options options = { .no_journal = true };
	struct recorder *rec = recorder_new(&options);
	struct fixture_image image = core_image_full();

	recorder_use_image(rec, &image);
	return rec;
}

static int try_start(struct recorder *rec, long n, struct rprocfs **ret_fs)
{
	const struct fs_options options = { 0 };
	int err;

	fuse_oom_arm(n);
	err = fs_new(&options, kick, NULL, ret_fs);
	if (!err) {
		err = fs_attach(*ret_fs, rec->context);
		if (err) {
			fuse_oom_disarm();
			fs_free(*ret_fs);
		}
	}
	fuse_oom_disarm();
	return err;
}

static void the_start_fails_in_words_or_not_at_all(void **state)
{
	struct recorder *rec = begin();
	struct front front;
	struct rprocfs *fs;
	long n;

	(void)state;
	for (n = 0;; n++) {
		int err = try_start(rec, n, &fs);

		assert_true(!err || err == -ENOMEM);
		if (err)
			continue;
		front_init(&front, fs_tree(fs));
		/* Some things can be done without: then they are there at the next look. */
		assert_string_equal(front_text(&front, "class/remoteproc/remoteproc0/state"),
				    "offline\n");
		assert_string_equal(front_text(&front, "librproc/dsp/plugin"), "\n");
		fs_detach(fs);
		front_fini(&front);
		fs_free(fs);
		if (!fuse_oom_failed())
			break;
	}
	assert_true(n > 100);
	recorder_free(rec);
}

/* What a client sees of a boot; with memory short at the Nth allocation. */
static void look_around(struct front *front, struct rprocfs *fs, long n)
{
	static const char *const files[] = {
		"kernel/debug/remoteproc/remoteproc0/trace0",
		"kernel/debug/remoteproc/remoteproc0/resource_table",
		"kernel/debug/remoteproc/remoteproc0/carveout_memories",
		"class/remoteproc/remoteproc0/state"
	};
	struct node_open *open;
	char buf[4096];

	fuse_oom_arm(n);
	fs_settle(fs);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct node_call *call = NULL;
		ssize_t result;

		if (front_open(front, files[i], O_RDONLY, &open))
			continue;
		call = node_call_new(NODE_CALL_READ, open, front_completed, front);
		if (call) {
			call->size = sizeof(buf);
			node_call_hold(call);
			node_call_start(call);
			assert_true(front_take(front, call, buf, &result));
			assert_true(result >= 0 || result == -ENOMEM);
		}
		node_release(open);
	}
	fuse_oom_disarm();
}

static void a_boot_is_shown_as_far_as_memory_goes(void **state)
{
	struct recorder *rec = begin();
	struct front front;
	struct rprocfs *fs;
	long n;

	(void)state;
	for (n = 0;; n++) {
		assert_int_equal(try_start(rec, -1, &fs), 0);
		front_init(&front, fs_tree(fs));
		assert_int_equal(rproc_boot(rec->rproc), 0);
		look_around(&front, fs, n);
		/* With memory again all of it is there. */
		assert_non_null(strstr(front_list(&front, "kernel/debug/remoteproc/remoteproc0"),
				       "trace0"));
		assert_non_null(strstr(front_list(&front, "class/remoteproc/remoteproc0"),
				       "rproc-virtio."));
		assert_non_null(strstr(
			front_text(&front, "kernel/debug/remoteproc/remoteproc0/resource_table"),
			"of type vdev"));
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
		fs_settle(fs);
		fs_detach(fs);
		front_fini(&front);
		fs_free(fs);
		if (!fuse_oom_failed())
			break;
	}
	assert_true(n > 20);
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_start_fails_in_words_or_not_at_all),
		cmocka_unit_test(a_boot_is_shown_as_far_as_memory_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
