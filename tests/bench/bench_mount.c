/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attributes through the mount: read, write and poll wake-up, against a libfuse
 * program that does nothing else (null_fuse) and against the kernel's own files.
 *
 *	bench_mount RPROCFS PLUGIN_DIR NULL_FUSE
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "attribute.h"
#include "bench.h"
#include "mounted.h"

#define AIM    1.15
#define ROUNDS 100
#define OPS    60

#define PROCESSOR "class/remoteproc/remoteproc0"

/* Real attributes whose value may be written again. */
static const char *const sysfs_files[] = { "/sys/class/net/lo/mtu", NULL };
static const char *const sysfs_writable[] = { "/sys/module/printk/parameters/time",
					      "/sys/module/printk/parameters/ignore_loglevel",
					      "/sys/module/kernel/parameters/ignore_rlimit_data",
					      NULL };

struct scene {
	struct bench *bench;
	struct mounted ours, null;
};

struct timed {
	bench_op_fn op;
	struct attribute attribute;
	unsigned int group;
};

static double sample(void *arg)
{
	struct timed *timed = arg;

	return bench_time(timed->op, &timed->attribute, OPS * timed->group, timed->group);
}

static void set_attribute(struct timed *timed, bench_op_fn op, unsigned int group, const char *dir,
			  const char *name, const char *word)
{
	*timed = (struct timed){ .op = op, .group = group };
	snprintf(timed->attribute.path, sizeof(timed->attribute.path), "%s%s%s", dir,
		 *name ? "/" : "", name);
	timed->attribute.word = word;
	timed->attribute.fd =
		op == attribute_pread ? open(timed->attribute.path, O_RDONLY | O_CLOEXEC) : -1;
}

static void close_attribute(struct timed *timed)
{
	if (timed->attribute.fd >= 0)
		close(timed->attribute.fd);
}

/* The first of @files that can be opened in that way, or NULL. */
static const char *usable(const char *const *files, int flags)
{
	for (; *files; files++) {
		int fd = open(*files, flags | O_CLOEXEC);

		if (fd >= 0) {
			close(fd);
			return *files;
		}
	}
	return NULL;
}

/* What it holds, to be written back. */
static int read_word(const char *path, char *word, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, word, size - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	word[n] = '\0';
	return 0;
}

/* ---- read and write ------------------------------------------------------------------ */

/* @real: a file of sysfs, or NULL if there is none that will do. */
static void compare(const struct scene *scene, const char *name, bench_op_fn op, const char *file,
		    const char *word, const char *real, const char *real_word)
{
	struct timed timed[3];
	char dir[2][200];
	const struct bench_side sides[] = {
		{ .name = "librproc", .sample = sample, .arg = &timed[0] },
		{ .name = "null libfuse file", .sample = sample, .arg = &timed[1], .aim = AIM },
		{ .name = "sysfs", .sample = sample, .arg = &timed[2] },
	};
	size_t count = real ? 3 : 2;

	snprintf(dir[0], sizeof(dir[0]), "%s/%s", scene->ours.dir, PROCESSOR);
	snprintf(dir[1], sizeof(dir[1]), "%s/%s", scene->null.dir, PROCESSOR);
	set_attribute(&timed[0], op, 1, dir[0], file, word);
	set_attribute(&timed[1], op, 1, dir[1], file, word);
	/* The kernel's own files are so fast that a look at the clock would show. */
	if (real)
		set_attribute(&timed[2], op, 8, real, "", real_word);
	bench_compare(scene->bench, name, sides, count, bench_count(scene->bench, ROUNDS));
	for (size_t i = 0; i < count; i++)
		close_attribute(&timed[i]);
	if (!real)
		bench_skip(scene->bench, name, "no file of sysfs that may be used");
}

static void bench_attributes(const struct scene *scene)
{
	const char *readable = usable(sysfs_files, O_RDONLY);
	const char *writable = usable(sysfs_writable, O_RDWR);
	char word[64];

	compare(scene, "attribute open+read+close", attribute_read, "state", NULL, readable, NULL);
	compare(scene, "attribute pread, kept open", attribute_pread, "state", NULL, readable,
		NULL);
	if (writable && read_word(writable, word, sizeof(word)))
		writable = NULL;
	compare(scene, "attribute open+write+close", attribute_write, "coredump", "disabled\n",
		writable, word);
	compare(scene, "attribute write with O_TRUNC", attribute_write_truncated, "coredump",
		"disabled\n", writable, word);
}

/* ---- poll ------------------------------------------------------------------------------ */

static void set_wakeup(struct wakeup *wakeup, const char *mount)
{
	*wakeup = (struct wakeup){ .start = "start", .stop = "stop", .changes = 20 };
	snprintf(wakeup->watched, sizeof(wakeup->watched), "%s/%s/state", mount, PROCESSOR);
	snprintf(wakeup->control, sizeof(wakeup->control), "%s/%s/state", mount, PROCESSOR);
	snprintf(wakeup->events, sizeof(wakeup->events), "%s/librproc/events", mount);
}

/* A control group of our own: its files are kernfs files as those of sysfs are. */
static int make_cgroup(char *dir, size_t size)
{
	static const char *const roots[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL };

	for (const char *const *root = roots; *root; root++) {
		char events[PATH_MAX];

		snprintf(dir, size, "%s/rproc-bench-%d", *root, (int)getpid());
		if (mkdir(dir, 0755))
			continue;
		snprintf(events, sizeof(events), "%s/cgroup.events", dir);
		if (!access(events, R_OK))
			return 0;
		rmdir(dir);
	}
	return -ENOENT;
}

/* The kernel holds such a notification back for 10 ms, in whole ticks, after the last one. */
static void set_cgroup_wakeup(struct wakeup *wakeup, const char *dir)
{
	*wakeup = (struct wakeup){ .start = "1", .stop = "0", .changes = 4, .pace_ms = 40 };
	snprintf(wakeup->watched, sizeof(wakeup->watched), "%s/cgroup.events", dir);
	snprintf(wakeup->control, sizeof(wakeup->control), "%s/cgroup.freeze", dir);
}

static void bench_wakeup(const struct scene *scene, const char *name)
{
	struct wakeup wakeups[3];
	const struct bench_side sides[] = {
		{ .name = "librproc", .sample = wakeup_sample, .arg = &wakeups[0] },
		{ .name = "null libfuse file",
		  .sample = wakeup_sample,
		  .arg = &wakeups[1],
		  .aim = AIM },
		{ .name = "kernfs (cgroup.events)", .sample = wakeup_sample, .arg = &wakeups[2] },
	};
	char cgroup[128];
	size_t count = 2, opened = 0;
	int err = 0;

	set_wakeup(&wakeups[0], scene->ours.dir);
	set_wakeup(&wakeups[1], scene->null.dir);
	if (!make_cgroup(cgroup, sizeof(cgroup)))
		set_cgroup_wakeup(&wakeups[count++], cgroup);
	else
		bench_skip(scene->bench, name, "kernfs: no control group can be made");
	while (opened < count && !(err = wakeup_open(&wakeups[opened])))
		opened++;
	if (err)
		bench_fail(scene->bench, name, err, sides[opened].name);
	else
		bench_compare(scene->bench, name, sides, count, bench_count(scene->bench, 40));
	while (opened)
		wakeup_close(&wakeups[--opened]);
	if (count == 3)
		rmdir(cgroup);
}

/* ---- the two mounts -------------------------------------------------------------------------- */

/* The peer has the same path to the processor's directory, component by component. */
static int start_null(struct scene *scene, char *program)
{
	char link[300], real[PATH_MAX];
	char *argv[] = { program, (char *)MOUNTED_DIR, NULL, NULL };

	snprintf(link, sizeof(link), "%s/%s", scene->ours.dir, PROCESSOR);
	if (!realpath(link, real))
		return -errno;
	argv[2] = real + strlen(scene->ours.dir) + 1;
	return mounted_start(&scene->null, argv);
}

static int start_ours(struct scene *scene, char **args, const char *dir)
{
	char board[300];
	char *argv[] = { args[0],
			 "--foreground",
			 "--dtb",
			 board,
			 "--plugin-path",
			 args[1],
			 "--firmware-path",
			 (char *)dir,
			 (char *)MOUNTED_DIR,
			 NULL };
	int err;

	snprintf(board, sizeof(board), "%s/board.dtb", dir);
	err = board_write(board, BOARD_TEMPLATE, 1);
	if (!err)
		err = board_write_firmware(dir);
	if (!err)
		err = mounted_start(&scene->ours, argv);
	return err;
}

static void remove_files(const char *dir)
{
	static const char *const names[] = { "board.dtb", "bench.elf" };
	char path[300];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

/*
 * A request and its answer follow each other wherever they run: those rows are
 * taken on one CPU. A wake-up passes through several threads, which may well run
 * at the same time: it is taken on all of them, too.
 */
static void run(struct bench *bench, char **args, bool steady)
{
	struct scene scene = { .bench = bench };
	char dir[BENCH_DIR_MAX];
	int err = bench_dir(dir);

	if (err) {
		bench_fail(bench, "mount", err, dir);
		return;
	}
	err = start_ours(&scene, args, dir);
	if (err) {
		bench_fail(bench, "mount", err, args[0]);
		goto remove;
	}
	err = start_null(&scene, args[2]);
	if (err) {
		bench_fail(bench, "mount", err, args[2]);
		goto stop;
	}
	if (steady)
		bench_attributes(&scene);
	bench_wakeup(&scene, steady ? "poll wake-up, one CPU" : "poll wake-up");
	mounted_stop(&scene.null);
stop:
	mounted_stop(&scene.ours);
remove:
	remove_files(dir);
}

int main(int argc, char **argv)
{
	struct bench bench;
	char **args;

	args = bench_init(&bench, argc, argv, "RPROCFS PLUGIN_DIR NULL_FUSE");
	if (!mounted_possible(&bench, "mount"))
		return bench_exit(&bench);
	run(&bench, args, false);
	mounted_steady();
	run(&bench, args, true);
	return bench_exit(&bench);
}
