/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Power up and down: boot and shutdown of a host processor, against posix_spawn
 * and wait of a static binary that does nothing.
 *
 *	bench_boot HOST_PLUGIN_DIR FIRMWARE STATIC_BINARY
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <librproc/rproc.h>
#include "bench.h"
#include "mounted.h"

#define ROUNDS 100
#define NAME   "host boot and shutdown"

static int boot_and_shut_down(void *rproc)
{
	int err = rproc_boot(rproc);

	return err ? err : rproc_shutdown(rproc);
}

static double sample_boot(void *rproc)
{
	return bench_time(boot_and_shut_down, rproc, 3, 1);
}

static double sample_spawn(void *path)
{
	return bench_time(bench_spawn, path, 9, 1);
}

static int compare(struct bench *bench, struct rproc *rproc, char **args)
{
	const struct bench_side sides[] = {
		{ .name = "librproc", .sample = sample_boot, .arg = rproc },
		{ .name = "spawn a static binary", .sample = sample_spawn, .arg = args[2] },
	};
	int fd = open(args[1], O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = rproc_set_firmware_fd(rproc, "bench.elf", fd);
	close(fd);
	if (!err)
		bench_compare(bench, NAME, sides, 2, bench_count(bench, ROUNDS));
	return err;
}

static void show_story(struct rproc_context *context, struct rproc *rproc)
{
	char story[1024];

	if (rproc)
		rproc_last_error(rproc, story, sizeof(story));
	else
		rproc_context_last_error(context, story, sizeof(story));
	if (story[0])
		fprintf(stderr, "%s: %s\n", NAME, story);
}

static int run(struct bench *bench, char **args, const char *dir)
{
	const struct rproc_context_options options = { .size = sizeof(options),
						       .plugin_path = args[0],
						       .state_dir = dir };
	struct rproc_context *context;
	struct rproc *rproc = NULL;
	char board[BENCH_DIR_MAX + 16];
	int err;

	err = rproc_context_new(&options, &context);
	if (err)
		return err;
	snprintf(board, sizeof(board), "%s/board.dtb", dir);
	err = board_write(board, BOARD_HOST, 1);
	if (!err)
		err = rproc_context_add_board_file(context, board, false);
	unlink(board);
	if (err == 1) {
		rproc = rproc_get_by_index(context, 0);
		err = compare(bench, rproc, args);
	}
	if (err || bench->failures)
		show_story(context, rproc);
	rproc_put(rproc);
	rproc_context_free(context);
	return err;
}

int main(int argc, char **argv)
{
	char dir[BENCH_DIR_MAX];
	struct bench bench;
	char **args;
	int err;

	args = bench_init(&bench, argc, argv, "HOST_PLUGIN_DIR FIRMWARE STATIC_BINARY");
	err = bench_dir(dir);
	if (err) {
		bench_fail(&bench, NAME, err, dir);
		return bench_exit(&bench);
	}
	err = run(&bench, args, dir);
	if (err)
		bench_fail(&bench, NAME, err, "a board of one host processor");
	rmdir(dir);
	return bench_exit(&bench);
}
