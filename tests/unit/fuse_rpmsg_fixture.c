/* SPDX-License-Identifier: BSD-3-Clause */
/* The mount of fuse_rpmsg_fixture.h: the real library above rings that the test serves. */
#include "fuse_rpmsg_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void kick(void *data)
{
	(void)data; /* settle() looks for itself */
}

void rpmsg_mount_settle(struct rpmsg_mount *f)
{
	fs_ready(f->fs);
	fs_woken(f->fs);
	if (fs_timeout(f->fs) == 0)
		fs_tick(f->fs);
}

static void idle(void *data)
{
	rpmsg_mount_settle(data);
}

static struct rpmsg_mount *mount(struct remote_options *remote)
{
	const struct fs_options options = { .uid = getuid(),
					    .gid = getgid(),
					    .send_timeout_ms = SEND_TIMEOUT_MS };
	struct rproc_context_options context = { .size = sizeof(context), .log = fs_log };
	struct rpmsg_mount *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(fs_new(&options, kick, NULL, &f->fs), 0);
	context.log_data = f->fs;
	assert_int_equal(rproc_context_new(&context, &f->context), 0);
	remote->context = f->context;
	f->remote = remote_new_offline(remote);
	assert_int_equal(fs_attach(f->fs, f->context), 0);
	front_init(&f->front, fs_tree(f->fs));
	f->front.idle = idle;
	f->front.data = f;
	assert_store(STATE, "start", 5);
	remote_restart(f->remote);
	rpmsg_mount_settle(f);
	return f;
}

int rpmsg_mount_setup(void **state)
{
	struct remote_options options = { 0 };

	*state = mount(&options);
	return 0;
}

int rpmsg_mount_setup_big(void **state)
{
	static const uint32_t sizes[2] = { 65536, 65536 };
	struct remote_options options = { .features = 5, .config = sizes, .config_len = 8 };

	*state = mount(&options);
	return 0;
}

int rpmsg_mount_setup_serial(void **state)
{
	struct remote_options options = { .id = 11, .buffers = 2 * 8 * 1024 };

	*state = mount(&options);
	return 0;
}

int rpmsg_mount_teardown(void **state)
{
	struct rpmsg_mount *f = *state;

	fs_detach(f->fs);
	remote_free(f->remote);
	rproc_context_free(f->context);
	fs_free(f->fs);
	front_fini(&f->front);
	free(f);
	return 0;
}

struct node_open *rpmsg_mount_open(struct rpmsg_mount *f, const char *path, int flags)
{
	struct node_open *open;

	assert_int_equal(front_open(&f->front, path, flags, &open), 0);
	return open;
}

ssize_t rpmsg_mount_ioctl(struct rpmsg_mount *f, struct node_open *open, unsigned int cmd,
			  const char *name, uint32_t src, uint32_t dst)
{
	char info[40] = { 0 };

	memcpy(info, name, strnlen(name, 32));
	memcpy(info + 32, &src, 4);
	memcpy(info + 36, &dst, 4);
	return front_ioctl(&f->front, open, cmd, info, cmd >> 16 & 0x3fff);
}

bool rpmsg_mount_logged(struct rpmsg_mount *f, const char *text)
{
	struct node_open *open = rpmsg_mount_open(f, "librproc/log", O_RDONLY);
	char buf[4096];
	bool found = false;
	ssize_t n;

	for (;;) {
		n = front_wait(&f->front,
			       front_start_read(&f->front, open, sizeof(buf) - 1, 0, true), buf);
		if (n <= 0)
			break;
		buf[n] = '\0';
		found |= !!strstr(buf, text);
	}
	assert_int_equal(n, -EAGAIN);
	node_release(open);
	return found;
}

void rpmsg_mount_link(struct rpmsg_mount *f, const char *dir, const char *name, const char *target)
{
	struct node *node = node_child(front_find(&f->front, dir), name);

	assert_non_null(node);
	assert_int_equal(node->type, NODE_LINK);
	assert_string_equal(node->target, target);
}
