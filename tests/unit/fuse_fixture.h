/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mount without FUSE for tests: one recording processor "dsp" that boots
 * core_image_full(), the contents of the mount, and a front end. Whatever goes
 * wrong in here ends the test.
 */
#ifndef FUSE_FIXTURE_H
#define FUSE_FIXTURE_H

#include "core_images.h"
#include "fs.h"
#include "fuse_front.h"
#include "recorder.h"

#define C "class/remoteproc/remoteproc0/"
#define D "kernel/debug/remoteproc/remoteproc0/"

struct fuse_fixture {
	struct rproc_context *context;
	struct rprocfs *fs;
	struct recorder *rec;
	struct front front;
};

struct fuse_fixture *fuse_fixture_new(const struct fs_options *options);
void fuse_fixture_free(struct fuse_fixture *f);
/* For cmocka: with default options, in *state. */
int fuse_fixture_setup(void **state);
int fuse_fixture_teardown(void **state);
/* One more processor; the test frees it with recorder_free(). */
struct recorder *fuse_fixture_add(struct fuse_fixture *f, const char *name);
/* Wait until `state` of the first processor reads so. */
void fuse_fixture_wait(struct fuse_fixture *f, const char *wanted);
/* Does the log contain this text? */
bool fuse_fixture_logged(struct fuse_fixture *f, const char *text);
/* @dir has a link @name to @target. */
void fuse_fixture_link(struct fuse_fixture *f, const char *dir, const char *name,
		       const char *target);
void fuse_fixture_mode(struct fuse_fixture *f, const char *path, mode_t mode);

/* For a test whose fixture is named f. */
#define assert_text(path, wanted) assert_string_equal(front_text(&f->front, path), wanted)
#define assert_store(path, text, wanted) \
	assert_int_equal(front_store(&f->front, path, text), wanted)
#define assert_names(path, wanted) assert_string_equal(front_list(&f->front, path), wanted)

#endif
