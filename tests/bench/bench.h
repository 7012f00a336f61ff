/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every benchmark needs: a clock, samples taken in turn from several sides,
 * and rows, printed for people or as JSON. Knows nothing of what is measured.
 *
 * A row compares side 0 (librproc) with one other side. A sample is the time of
 * one operation on one side; one round takes a sample of every side, the next one
 * in the opposite order, and a ratio is that of two samples of one round. So
 * whatever else the machine does hits all sides alike.
 */
#ifndef RPROC_BENCH_H
#define RPROC_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench {
	bool json;
	bool quick; /* so few rounds that the numbers mean nothing: does it run at all? */
	int failures;
};

/*
 * Take --json and --quick from the command line. Returns what is left: as many arguments as
 * @usage has words, or none at all if those are in [brackets]. Anything else exits with 2.
 */
char **bench_init(struct bench *bench, int argc, char **argv, const char *usage);
/* The program's exit status: 0 if every row was measured or skipped. */
int bench_exit(const struct bench *bench);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t bench_now(void);
/* @full, or hardly any for --quick. */
unsigned int bench_count(const struct bench *bench, unsigned int full);

/* A new directory in TMPDIR, or /tmp. 0 or a negative errno. */
#define BENCH_DIR_MAX 128
int bench_dir(char dir[BENCH_DIR_MAX]);

/* Carry out the operation once. 0 or a negative errno. */
typedef int (*bench_op_fn)(void *arg);
/*
 * The time of one operation in ns: carries out @ops of them in groups of
 * @group, times each group, and returns the median's share of one operation.
 * Groups of 1 unless an operation is so short that the clock would count too.
 * A negative errno if an operation failed.
 */
double bench_time(bench_op_fn op, void *arg, unsigned int ops, unsigned int group);

/* Run the program at that path without arguments; 0 if it ends with status 0. */
int bench_spawn(void *path);

/* Take one sample: ns of one operation, or a negative errno. */
typedef double (*bench_sample_fn)(void *arg);

struct bench_side {
	const char *name; /* "memcpy and memset", "null file", ... */
	bench_sample_fn sample;
	void *arg;
	double aim; /* the ratio to stay below; 0: none. Not looked at in side 0 */
};

#define BENCH_MAX_SIDES 4

/*
 * @rounds rounds of one sample a side, after one that does not count; prints a
 * row for each side but the first. If a sample fails the rows say so.
 */
void bench_compare(struct bench *bench, const char *name, const struct bench_side *sides,
		   size_t count, unsigned int rounds);

/* A row of two numbers that are no times: bytes, descriptors. @unit: "B", "". */
void bench_figure(struct bench *bench, const char *name, const char *peer, const char *unit,
		  double ours, double theirs);
/* A row that cannot be measured here, and why. */
void bench_skip(struct bench *bench, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A row that should have been measured; the program fails in the end. */
void bench_fail(struct bench *bench, const char *name, int error, const char *what);

#endif
