/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes that are refused: whatever file of the mount it is, a story or the log says what
 * was wrong and what to do about it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "fuse_rpmsg_fixture.h"

#define CHANNEL "virtio0.service.-1.1030"

/* What a person may look at. */
struct told {
	char context[1024], processor[1024];
	unsigned int lines; /* of the log */
};

static void look(struct rpmsg_mount *f, struct told *ret)
{
	struct node_open *open = rpmsg_mount_open(f, "librproc/log", O_RDONLY);
	char buf[1024];

	rproc_context_last_error(f->context, ret->context, sizeof(ret->context));
	rproc_last_error(f->remote->rproc, ret->processor, sizeof(ret->processor));
	ret->lines = 0;
	while (front_wait(&f->front, front_start_read(&f->front, open, sizeof(buf), 0, true), buf) >
	       0)
		ret->lines++;
	node_release(open);
}

/* ---- every file --------------------------------------------------------------------------- */

static unsigned int refused, word;

static void put_path(char *path, size_t size, const struct node *node)
{
	size_t len;

	if (!node->parent)
		return;
	put_path(path, size, node->parent);
	len = strlen(path);
	snprintf(path + len, size - len, "/%s", node->name);
}

/* No file takes it but those that take everything. */
static void write_nonsense(struct rpmsg_mount *f, const struct node *node)
{
	struct told before, after;
	char path[512] = "", text[32];

	put_path(path, sizeof(path), node);
	snprintf(text, sizeof(text), "nonsense%u", word++);
	look(f, &before);
	if (front_store(&f->front, path, text) >= 0)
		return;
	refused++;
	look(f, &after);
	if (!strcmp(before.context, after.context) && !strcmp(before.processor, after.processor) &&
	    before.lines == after.lines)
		fail_msg("nobody says why a write to %s fails", path);
}

static void write_below(struct rpmsg_mount *f, struct node *dir)
{
	struct node *node, *next;

	for (node = dir->first; node; node = next) {
		next = node->next;
		if (node->type == NODE_DIR)
			write_below(f, node);
		else if (node->type == NODE_FILE && node->mode & 0222)
			write_nonsense(f, node);
	}
}

static void no_file_refuses_without_a_word(void **state)
{
	struct rpmsg_mount *f = *state;

	remote_ns(f->remote, "service", 0x406, true);
	rpmsg_mount_settle(f);
	write_below(f, front_find(&f->front, ""));
	/* state, recovery, crash, uevent of many, bind, unbind, drivers_probe, ... */
	assert_in_range(refused, 60, 1000);
}

/* ---- what some of them say ------------------------------------------------------------------ */

static void expect_story(struct rpmsg_mount *f, const char *path, const char *text, int error,
			 const char *story)
{
	struct told told;

	assert_store(path, text, error);
	look(f, &told);
	if (strcmp(told.context, story) != 0)
		fail_msg("\"%s\" is not \"%s\"", told.context, story);
}

static void it_is_said_what_to_do(void **state)
{
	struct rpmsg_mount *f = *state;
	char many[5000];

	remote_ns(f->remote, "service", 0x406, true);
	rpmsg_mount_settle(f);
	expect_story(f, "class/devcoredump/disabled", "0\n", -EINVAL,
		     "class/devcoredump/disabled: \"0?\" was written; it takes 1, which releases "
		     "all dumps and makes no more; only a restart undoes that (EINVAL)");
	expect_story(f, "bus/platform/drivers_autoprobe", "0", -EPERM,
		     "bus/platform/drivers_autoprobe: \"0\" was written; new devices always get "
		     "their drivers here; unbind those that should have none (EPERM)");
	expect_story(f, "bus/platform/drivers_probe", "nobody", -ENODEV,
		     "bus/platform/drivers_probe: \"nobody\" was written; it takes the name of one "
		     "of ../devices (ENODEV)");
	expect_story(f, "bus/platform/drivers/rproc-virtio/unbind", "rproc-virtio.0.auto", -EPERM,
		     "bus/platform/drivers/rproc-virtio/unbind: \"rproc-virtio.0.auto\" was "
		     "written; a vdev and its driver come and go with the boot: stop the "
		     "processor to be without them (EPERM)");
	expect_story(f, "bus/rpmsg/drivers/rpmsg_tty/bind", CHANNEL, -ENODEV,
		     "bus/rpmsg/drivers/rpmsg_tty/bind: \"" CHANNEL "\" was written; rpmsg_tty is "
		     "not for that service; write rpmsg_tty to the device's driver_override first "
		     "(ENODEV)");
	expect_story(f, "bus/rpmsg/drivers/rpmsg_tty/unbind", CHANNEL, -ENODEV,
		     "bus/rpmsg/drivers/rpmsg_tty/unbind: \"" CHANNEL "\" was written; its driver "
		     "is none (ENODEV)");
	expect_story(f, "bus/rpmsg/drivers/rpmsg_ctrl/bind", "virtio0.rpmsg_ctrl.0.0", -EBUSY,
		     "bus/rpmsg/drivers/rpmsg_ctrl/bind: \"virtio0.rpmsg_ctrl.0.0\" was written; "
		     "it has the driver rpmsg_ctrl; unbind that first (EBUSY)");
	expect_story(f, "dev/rpmsg_ctrl0", "x", -EINVAL,
		     "dev/rpmsg_ctrl0: \"x\" was written; it has ioctls only; messages go to "
		     "rpmsgN (EINVAL)");
	expect_story(f, "kernel/debug/dynamic_debug/control", "module", -EINVAL,
		     "kernel/debug/dynamic_debug/control: \"module\" was written; one of its "
		     "queries makes no sense; they are such as 'file remoteproc_core.c +p' or "
		     "'module remoteproc =_', split by ';' (EINVAL)");
	memset(many, ' ', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	expect_story(f, "kernel/debug/dynamic_debug/control", many, -E2BIG,
		     "kernel/debug/dynamic_debug/control: \"                                      "
		     "  ...\" was written; it takes 4095 bytes at once; write each query by itself "
		     "(E2BIG)");
	expect_story(f, "class/remoteproc/remoteproc0/power/control", "off", -EINVAL,
		     "devices/platform/dsp/remoteproc/remoteproc0/power/control: \"off\" was "
		     "written; it takes auto or on (EINVAL)");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rpmsg_mount_setup, rpmsg_mount_teardown)
	const struct CMUnitTest tests[] = {
		TEST(no_file_refuses_without_a_word),
		TEST(it_is_said_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
