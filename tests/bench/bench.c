/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The measuring itself: rounds over all sides, medians and the printing of
 * rows. Knows nothing of what is measured.
 */
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Rounds and groups of one measurement; more would only cost memory. */
#define MAX_SAMPLES 4096

static int count_words(const char *text)
{
	int count = 0;

	for (; *text; text += strcspn(text, " ")) {
		text += strspn(text, " ");
		count += *text != '\0';
	}
	return count;
}

char **bench_init(struct bench *bench, int argc, char **argv, const char *usage)
{
	bool known = true;
	int i, given;

	*bench = (struct bench){ 0 };
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--json"))
			bench->json = true;
		else if (!strcmp(argv[i], "--quick"))
			bench->quick = true;
		else
			known = false;
	}
	given = argc - i;
	if (known && (given == count_words(usage) || (!given && usage[0] == '[')))
		return argv + i;
	fprintf(stderr, "usage: %s [--json] [--quick] %s\n", argv[0], usage);
	exit(2);
}

int bench_exit(const struct bench *bench)
{
	return bench->failures ? 1 : 0;
}

uint64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

unsigned int bench_count(const struct bench *bench, unsigned int full)
{
	if (!bench->quick)
		return full;
	return full > 100 ? full / 50 : 2;
}

int bench_dir(char dir[BENCH_DIR_MAX])
{
	const char *tmp = getenv("TMPDIR");

	if (snprintf(dir, BENCH_DIR_MAX, "%s/rproc-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp") >=
	    BENCH_DIR_MAX)
		return -ENAMETOOLONG;
	return mkdtemp(dir) ? 0 : -errno;
}

/* ---- statistics ------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts @values. */
static double median(double *values, unsigned int count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

int bench_spawn(void *path)
{
	char *argv[] = { path, NULL }, *envp[] = { NULL };
	int err, status;
	pid_t pid;

	err = posix_spawn(&pid, path, NULL, NULL, argv, envp);
	if (err)
		return -err;
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return status ? -ECHILD : 0;
}

double bench_time(bench_op_fn op, void *arg, unsigned int ops, unsigned int group)
{
	unsigned int groups = ops / group ? ops / group : 1;
	double times[MAX_SAMPLES];

	if (groups > MAX_SAMPLES)
		groups = MAX_SAMPLES;
	for (unsigned int i = 0; i < groups; i++) {
		uint64_t start = bench_now();

		for (unsigned int k = 0; k < group; k++) {
			int err = op(arg);

			if (err)
				return err;
		}
		times[i] = (double)(bench_now() - start) / group;
	}
	return median(times, groups);
}

/* ---- rows --------------------------------------------------------------------- */

struct row {
	const char *name;
	const char *peer;
	const char *unit; /* "ns", "B", "" */
	double ours, theirs;
	double ratio, min, max;
	unsigned int rounds; /* 0: there is one figure a side */
	double aim;
};

static void print_scaled(char *buf, size_t len, double value, const char *unit)
{
	static const char *const times[] = { "ns", "us", "ms", "s" };
	static const char *const bytes[] = { "B", "KiB", "MiB", "GiB" };
	bool is_time = !strcmp(unit, "ns"), is_bytes = !strcmp(unit, "B");
	unsigned int scale = 0;

	for (; (is_time || is_bytes) && scale < 3 && value >= (is_time ? 1000 : 1024); scale++)
		value /= is_time ? 1000 : 1024;
	snprintf(buf, len, "%.*f %s", value >= 100 || (is_bytes && !scale) || !*unit ? 0 : 2, value,
		 is_time    ? times[scale]
		 : is_bytes ? bytes[scale]
			    : unit);
}

static void print_text(const struct row *row)
{
	char ours[32], theirs[32], range[32] = "", aim[64] = "";

	print_scaled(ours, sizeof(ours), row->ours, row->unit);
	print_scaled(theirs, sizeof(theirs), row->theirs, row->unit);
	if (row->rounds)
		snprintf(range, sizeof(range), "%.2f..%.2f", row->min, row->max);
	if (row->aim > 0)
		snprintf(aim, sizeof(aim), "%.4g%s", row->aim,
			 row->ratio > row->aim ? " missed" : "");
	printf("%-34s %-26s %11s %11s %8.3f  %-16s %s\n", row->name, row->peer, ours, theirs,
	       row->ratio, range, aim);
}

/* Names and units are ours: they hold nothing that would have to be escaped. */
static void print_json(const struct row *row)
{
	printf("{\"name\": \"%s\", \"peer\": \"%s\", \"unit\": \"%s\", \"ours\": %.3f, "
	       "\"theirs\": %.3f, \"ratio\": %.4f, ",
	       row->name, row->peer, row->unit, row->ours, row->theirs, row->ratio);
	if (row->rounds)
		printf("\"ratio_min\": %.4f, \"ratio_max\": %.4f, ", row->min, row->max);
	printf("\"rounds\": %u, \"aim\": ", row->rounds);
	if (row->aim > 0)
		printf("%.4g}\n", row->aim);
	else
		printf("null}\n");
}

static void print_row(const struct bench *bench, const struct row *row)
{
	if (bench->json)
		print_json(row);
	else
		print_text(row);
	fflush(stdout);
}

void bench_skip(struct bench *bench, const char *name, const char *fmt, ...)
{
	char why[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	for (char *c = why; *c; c++)
		if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ')
			*c = '\'';
	if (bench->json)
		printf("{\"name\": \"%s\", \"skipped\": \"%s\"}\n", name, why);
	else
		printf("%-34s skipped: %s\n", name, why);
	fflush(stdout);
}

void bench_fail(struct bench *bench, const char *name, int error, const char *what)
{
	bench->failures++;
	fprintf(stderr, "%s: %s: %s\n", name, what, strerror(-error));
	bench_skip(bench, name, "failed: %s: %s", what, strerror(-error));
}

/* ---- rounds ----------------------------------------------------------------------- */

/* 0, or the first sample's error. samples[side][round] is filled. */
static int take_rounds(const struct bench_side *sides, size_t count, double **samples,
		       unsigned int rounds, size_t *ret_failed)
{
	for (unsigned int round = 0; round <= rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			/*
			 * There and back: with the same side always first, a time slice that
			 * is a multiple of a round prefers one of them.
			 */
			size_t side = round % 2 ? count - 1 - i : i;
			double sample = sides[side].sample(sides[side].arg);

			*ret_failed = side;
			if (sample < 0)
				return (int)sample;
			if (!isfinite(sample) || sample == 0)
				return -ERANGE;
			if (round) /* the first warms caches up and does not count */
				samples[side][round - 1] = sample;
		}
	}
	return 0;
}

static void compare_with(const struct bench *bench, const char *name, const struct bench_side *side,
			 double **samples, size_t index, unsigned int rounds, double *ratios)
{
	struct row row = {
		.name = name, .peer = side->name, .unit = "ns", .rounds = rounds, .aim = side->aim
	};

	for (unsigned int i = 0; i < rounds; i++)
		ratios[i] = samples[0][i] / samples[index][i];
	row.ratio = median(ratios, rounds);
	row.min = ratios[0];
	row.max = ratios[rounds - 1];
	/* The ratios are done with: from here on the order of the samples is free. */
	memcpy(ratios, samples[0], rounds * sizeof(*ratios));
	row.ours = median(ratios, rounds);
	memcpy(ratios, samples[index], rounds * sizeof(*ratios));
	row.theirs = median(ratios, rounds);
	print_row(bench, &row);
}

void bench_compare(struct bench *bench, const char *name, const struct bench_side *sides,
		   size_t count, unsigned int rounds)
{
	double *samples[BENCH_MAX_SIDES + 1];
	double *memory;
	size_t failed;
	int err;

	if (count < 2 || count > BENCH_MAX_SIDES || !rounds) {
		bench_fail(bench, name, -EINVAL, "rounds");
		return;
	}
	memory = calloc((count + 1) * rounds, sizeof(*memory));
	if (!memory) {
		bench_fail(bench, name, -ENOMEM, "rounds");
		return;
	}
	for (size_t i = 0; i <= count; i++)
		samples[i] = memory + i * rounds;
	err = take_rounds(sides, count, samples, rounds, &failed);
	if (err)
		bench_fail(bench, name, err, sides[failed].name);
	for (size_t i = 1; !err && i < count; i++)
		compare_with(bench, name, &sides[i], samples, i, rounds, samples[count]);
	free(memory);
}

void bench_figure(struct bench *bench, const char *name, const char *peer, const char *unit,
		  double ours, double theirs)
{
	struct row row = {
		.name = name,
		.peer = peer,
		.unit = unit,
		.ours = ours,
		.theirs = theirs,
		.ratio = theirs > 0 ? ours / theirs : 0,
	};

	print_row(bench, &row);
}
