/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mount's contents in a test: the real library with a recording driver behind
 * the tree, a front end without FUSE before it.
 */
#include "fuse_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

static void kick(void *data)
{
	(void)data; /* waiting polls are served by idle() */
}

static void idle(void *data)
{
	struct fuse_fixture *f = data;

	fs_settle(f->fs);
	fs_woken(f->fs);
}

struct recorder *fuse_fixture_add(struct fuse_fixture *f, const char *name)
{
	const struct recorder_options options = { .context = f->context,
						  .name = name,
						  .no_journal = true };
	struct recorder *rec = recorder_new(&options);
	struct fixture_image image = core_image_full();

	recorder_use_image(rec, &image);
	return rec;
}

struct fuse_fixture *fuse_fixture_new(const struct fs_options *options)
{
	struct fuse_fixture *f = calloc(1, sizeof(*f));
	struct rproc_context_options context = { .size = sizeof(context), .log = fs_log };

	assert_non_null(f);
	assert_int_equal(fs_new(options, kick, NULL, &f->fs), 0);
	context.log_data = f->fs;
	assert_int_equal(rproc_context_new(&context, &f->context), 0);
	f->rec = fuse_fixture_add(f, NULL);
	assert_int_equal(fs_attach(f->fs, f->context), 0);
	front_init(&f->front, fs_tree(f->fs));
	f->front.idle = idle;
	f->front.data = f;
	return f;
}

void fuse_fixture_free(struct fuse_fixture *f)
{
	fs_detach(f->fs);
	recorder_free(f->rec);
	rproc_context_free(f->context);
	fs_free(f->fs);
	front_fini(&f->front);
	free(f);
}

int fuse_fixture_setup(void **state)
{
	const struct fs_options options = { 0 };

	*state = fuse_fixture_new(&options);
	return 0;
}

int fuse_fixture_teardown(void **state)
{
	fuse_fixture_free(*state);
	return 0;
}

void fuse_fixture_link(struct fuse_fixture *f, const char *dir, const char *name,
		       const char *target)
{
	struct node *node = node_child(front_find(&f->front, dir), name);

	assert_non_null(node);
	assert_int_equal(node->type, NODE_LINK);
	assert_string_equal(node->target, target);
}

void fuse_fixture_mode(struct fuse_fixture *f, const char *path, mode_t mode)
{
	assert_int_equal(front_find(&f->front, path)->mode, mode);
}

/* The last records of the log contain this text. */
bool fuse_fixture_logged(struct fuse_fixture *f, const char *text)
{
	struct node_open *open;
	char buf[4096];
	bool found = false;
	ssize_t n;

	assert_int_equal(front_open(&f->front, "librproc/log", O_RDONLY, &open), 0);
	while ((n = front_wait(&f->front,
			       front_start_read(&f->front, open, sizeof(buf) - 1, 0, true), buf)) >
	       0) {
		buf[n] = '\0';
		found |= !!strstr(buf, text);
	}
	assert_int_equal(n, -EAGAIN);
	node_release(open);
	return found;
}

void fuse_fixture_wait(struct fuse_fixture *f, const char *wanted)
{
	for (int i = 0; strcmp(front_text(&f->front, C "state"), wanted); i++) {
		struct pollfd events = { .fd = rproc_event_fd(f->context), .events = POLLIN };

		assert_true(i < 1000);
		assert_true(poll(&events, 1, 20000) > 0);
		fs_settle(f->fs);
	}
}
