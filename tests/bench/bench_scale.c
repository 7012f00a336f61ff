/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many processors in one mount: what an attribute costs among 100 and 1,000 of
 * them, and what a thousand idle ones hold.
 *
 *	bench_scale RPROCFS TEMPLATE_PLUGIN_DIR HOST_PLUGIN_DIR
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "attribute.h"
#include "bench.h"
#include "mounted.h"

#define AIM    1.2
#define ROUNDS 100
#define OPS    60
#define MANY   1000

/* ---- mounts ------------------------------------------------------------------------- */

struct many {
	struct mounted mounted;
	unsigned int count;
	unsigned int next;	      /* the processor whose turn it is */
	struct attribute *attributes; /* `state` of each */
	char state_dir[BENCH_DIR_MAX + 16];
};

/* @dir: for the board and the daemon's own files. */
static int start(struct many *many, enum board_kind kind, unsigned int count, char *rprocfs,
		 char *plugins, const char *dir)
{
	char board[BENCH_DIR_MAX + 16];
	char *argv[] = { rprocfs,	"--foreground",	 "--dtb",
			 board,		"--plugin-path", plugins,
			 "--state-dir", many->state_dir, (char *)MOUNTED_DIR,
			 NULL };
	int err;

	*many = (struct many){ .count = count };
	snprintf(board, sizeof(board), "%s/board.dtb", dir);
	snprintf(many->state_dir, sizeof(many->state_dir), "%s/state%u", dir, count);
	many->attributes = calloc(count, sizeof(*many->attributes));
	if (!many->attributes)
		return -ENOMEM;
	err = board_write(board, kind, count);
	if (!err)
		err = mounted_start(&many->mounted, argv);
	unlink(board);
	for (unsigned int i = 0; i < count; i++)
		snprintf(many->attributes[i].path, sizeof(many->attributes[i].path),
			 "%s/class/remoteproc/remoteproc%u/state", many->mounted.dir, i);
	return err;
}

/* What daemons leave in their state directory is files of no use to anybody. */
static void remove_dir(const char *dir)
{
	DIR *entries = opendir(dir);
	const struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			unlinkat(dirfd(entries), entry->d_name, 0);
	if (entries)
		closedir(entries);
	rmdir(dir);
}

static void stop(struct many *many)
{
	mounted_stop(&many->mounted);
	if (many->state_dir[0])
		remove_dir(many->state_dir);
	free(many->attributes);
	many->attributes = NULL;
}

/* ---- an attribute among many ------------------------------------------------------------ */

/* Another processor each time: no name is looked up twice in a row. */
static int read_next(void *arg)
{
	struct many *many = arg;
	int err = attribute_read(&many->attributes[many->next]);

	many->next = (many->next + 1) % many->count;
	return err;
}

static double sample(void *arg)
{
	return bench_time(read_next, arg, OPS, 1);
}

/* Everybody has been looked at once: what the kernel remembers, it remembers of all. */
static int read_all(struct many *many)
{
	int err = 0;

	for (unsigned int i = 0; i < many->count && !err; i++)
		err = read_next(many);
	return err;
}

static void compare(struct bench *bench, const char *name, struct many *many, struct many *one)
{
	const struct bench_side sides[] = {
		{ .name = "many", .sample = sample, .arg = many },
		{ .name = "1 processor", .sample = sample, .arg = one, .aim = AIM },
	};
	int err = read_all(many);

	if (err)
		bench_fail(bench, name, err, many->attributes[many->next].path);
	else
		bench_compare(bench, name, sides, 2, bench_count(bench, ROUNDS));
}

static void bench_attributes(struct bench *bench, char **args, const char *dir)
{
	static const unsigned int counts[] = { 1, 100, MANY };
	struct many many[3] = { 0 };
	int err = 0;

	for (int i = 0; i < 3 && !err; i++)
		err = start(&many[i], BOARD_TEMPLATE, counts[i], args[0], args[1], dir);
	if (err) {
		bench_fail(bench, "attribute among many", err, args[0]);
	} else {
		compare(bench, "attribute, 100 processors", &many[1], &many[0]);
		compare(bench, "attribute, 1,000 processors", &many[2], &many[0]);
	}
	for (int i = 0; i < 3; i++)
		stop(&many[i]);
}

/* ---- what they hold ------------------------------------------------------------------------- */

struct holding {
	double memory; /* bytes, at most */
	double threads;
	double descriptors;
};

static double status_number(pid_t pid, const char *key)
{
	char path[64], line[256];
	unsigned long value = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	status = fopen(path, "re");
	if (!status)
		return 0;
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, key, strlen(key)))
			value = strtoul(line + strlen(key), NULL, 10);
	fclose(status);
	return (double)value;
}

static double count_descriptors(pid_t pid)
{
	const struct dirent *entry;
	char path[64];
	double count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static int hold(struct holding *ret_holding, unsigned int count, char **args, const char *dir)
{
	struct many many = { 0 };
	pid_t pid;
	int err = start(&many, BOARD_HOST, count, args[0], args[2], dir);

	if (!err)
		err = read_all(&many);
	pid = many.mounted.pid;
	if (!err)
		*ret_holding = (struct holding){
			.memory = status_number(pid, "VmHWM:") * 1024,
			.threads = status_number(pid, "Threads:"),
			.descriptors = count_descriptors(pid),
		};
	stop(&many);
	return err;
}

static void bench_holding(struct bench *bench, char **args, const char *dir)
{
	struct holding one, many;
	int err = hold(&one, 1, args, dir);

	if (!err)
		err = hold(&many, MANY, args, dir);
	if (err) {
		bench_fail(bench, "1,000 idle processors", err, args[0]);
		return;
	}
	bench_figure(bench, "peak memory, 1,000 processors", "1 processor", "B", many.memory,
		     one.memory);
	bench_figure(bench, "descriptors, 1,000 processors", "1 processor", "", many.descriptors,
		     one.descriptors);
	bench_figure(bench, "threads, 1,000 processors", "1 processor", "", many.threads,
		     one.threads);
}

int main(int argc, char **argv)
{
	char dir[BENCH_DIR_MAX];
	struct bench bench;
	char **args;
	int err;

	args = bench_init(&bench, argc, argv, "RPROCFS TEMPLATE_PLUGIN_DIR HOST_PLUGIN_DIR");
	if (!mounted_possible(&bench, "many processors"))
		return bench_exit(&bench);
	err = bench_dir(dir);
	if (err) {
		bench_fail(&bench, "many processors", err, dir);
		return bench_exit(&bench);
	}
	mounted_steady();
	bench_attributes(&bench, args, dir);
	bench_holding(&bench, args, dir);
	rmdir(dir);
	return bench_exit(&bench);
}
