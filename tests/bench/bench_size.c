/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The size of the library: what of librproc.so is mapped, against libelf, the
 * largest library it needs; and what a static link of a minimal program adds to
 * one that does nothing.
 *
 *	bench_size [MINIMAL EMPTY]	both stripped
 */
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <librproc/rproc.h>
#include "bench.h"

struct sizes {
	const char *name; /* how the file's name begins */
	double constant;  /* bytes that are never written: code, constants, tables */
	double writable;
};

/* As the loader mapped it; what strip removes is not mapped. */
static int measure(struct dl_phdr_info *info, size_t size, void *data)
{
	struct sizes *sizes = data;
	const char *name = strrchr(info->dlpi_name, '/');

	(void)size;
	name = name ? name + 1 : info->dlpi_name;
	if (strncmp(name, sizes->name, strlen(sizes->name)))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type != PT_LOAD)
			continue;
		if (segment->p_flags & PF_W)
			sizes->writable += (double)segment->p_memsz;
		else
			sizes->constant += (double)segment->p_memsz;
	}
	return 1;
}

static void bench_shared(struct bench *bench)
{
	struct sizes ours = { .name = "librproc.so" }, theirs = { .name = "libelf" };

	if (!dl_iterate_phdr(measure, &ours)) {
		bench_skip(bench, "librproc.so", "version %s is linked statically",
			   rproc_version());
		return;
	}
	if (!dl_iterate_phdr(measure, &theirs)) {
		bench_skip(bench, "librproc.so", "libelf is linked statically");
		return;
	}
	bench_figure(bench, "librproc.so, code and constants", "libelf.so", "B", ours.constant,
		     theirs.constant);
	bench_figure(bench, "librproc.so, data", "libelf.so", "B", ours.writable, theirs.writable);
}

static void bench_static(struct bench *bench, char **args)
{
	static const char name[] = "minimal program, static";
	struct stat ours, theirs;
	/* A program that does not run has no size worth telling. */
	int err = bench_spawn(args[0]);

	if (err)
		bench_fail(bench, name, err, args[0]);
	else if (stat(args[0], &ours) || stat(args[1], &theirs))
		bench_fail(bench, name, -errno, args[1]);
	else
		bench_figure(bench, name, "empty program, static", "B", (double)ours.st_size,
			     (double)theirs.st_size);
}

int main(int argc, char **argv)
{
	struct bench bench;
	char **args;

	args = bench_init(&bench, argc, argv, "[MINIMAL EMPTY]");
	bench_shared(&bench);
	if (args[0])
		bench_static(&bench, args);
	else
		bench_skip(&bench, "minimal program, static", "static libraries are missing");
	return bench_exit(&bench);
}
