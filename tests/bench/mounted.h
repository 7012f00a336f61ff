/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * File systems that are programs: start one on a directory of its own, wait
 * until it is mounted, stop it. And device trees for them to serve. Knows
 * nothing of what is measured.
 */
#ifndef RPROC_BENCH_MOUNTED_H
#define RPROC_BENCH_MOUNTED_H

#include <sys/types.h>
#include "bench.h"

struct mounted {
	pid_t pid;
	int pidfd;
	int output; /* what it printed */
	char dir[BENCH_DIR_MAX];
};

/* Where in an argv the directory goes. */
#define MOUNTED_DIR "@"

/*
 * This process and all it starts from here on: on one processor of this machine,
 * and nobody interrupts whom he woke. Who runs when and where is then the same
 * for all sides, and the ratio is that of the work they do.
 */
void mounted_steady(void);

/* Can anything be mounted here? If not the row @name is skipped. */
bool mounted_possible(struct bench *bench, const char *name);
/*
 * Run argv[0] and wait until it has mounted. At most 30 s: -ETIMEDOUT; -ECHILD
 * if it ended; else what mkdir or posix_spawn say.
 */
int mounted_start(struct mounted *mounted, char *const argv[]);
/* SIGTERM, and SIGKILL after 20 s. What it printed goes to stderr if it did not end well. A second
 * call does nothing. */
void mounted_stop(struct mounted *mounted);

/* A board of @count processors of the template plugin, or of the host. 0 or a negative errno. */
enum board_kind { BOARD_TEMPLATE, BOARD_HOST };
int board_write(const char *path, enum board_kind kind, unsigned int count);
/* Firmware that the first processor of a template board boots: "bench.elf" in @dir. */
int board_write_firmware(const char *dir);

#endif
