/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checking bytes from outside: a resource table and an image's headers, against
 * memcpy of the same bytes, which is the least that reading them once can cost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <librproc/firmware.h>
#include "bench.h"
#include "fixture_builder.h"

/* Checks are over in nanoseconds: so many go into one reading of the clock. */
#define GROUP  200
#define OPS    (GROUP * 11)
#define ROUNDS 100

struct bytes {
	const uint8_t *data;
	size_t len;
	uint8_t *copy;
};

/* What a typical firmware has: a carveout, two traces, a vdev with both its rings. */
static struct fixture_table *typical_table(void)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_carveout(table, 0x10000000, 0, 0x100000, 0, "text");
	fixture_table_trace(table, 0x10010000, 0x1000, "trace0");
	fixture_table_trace(table, 0x10011000, 0x1000, "trace1");
	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 0);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 1);
	return table;
}

/* As much as somebody may make a host look at. */
static struct fixture_table *large_table(void)
{
	struct fixture_table *table = fixture_table_new(false);
	char name[32];

	for (uint32_t i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "memory%u", i);
		fixture_table_carveout(table, 0x10000000 + i * 0x2000, 0, 0x1000, 0, name);
		fixture_table_trace(table, 0x10001000 + i * 0x2000, 0x1000, "trace");
	}
	return table;
}

static int check_table(void *arg)
{
	const struct bytes *bytes = arg;

	return rproc_resource_table_check(bytes->data, bytes->len, NULL);
}

static int check_image(void *arg)
{
	const struct bytes *bytes = arg;
	const struct rproc_firmware fw = { .data = bytes->data, .size = bytes->len };

	return rproc_image_check(&fw, NULL);
}

static int open_image(void *arg)
{
	const struct bytes *bytes = arg;
	const struct rproc_firmware fw = { .data = bytes->data, .size = bytes->len };
	struct rproc_image *image;
	int err = rproc_image_open(&fw, NULL, &image);

	if (!err)
		rproc_image_close(image);
	return err;
}

static int copy_bytes(void *arg)
{
	const struct bytes *bytes = arg;

	memcpy(bytes->copy, bytes->data, bytes->len);
	/* A copy that nobody looks at is a copy that no compiler makes. */
	__asm__ volatile("" : : "r"(bytes->copy) : "memory");
	return 0;
}

struct timed {
	bench_op_fn op;
	struct bytes *bytes;
};

static double sample(void *arg)
{
	const struct timed *timed = arg;

	return bench_time(timed->op, timed->bytes, OPS, GROUP);
}

static void compare(struct bench *bench, const char *name, const char *peer, bench_op_fn op,
		    struct bytes *bytes, size_t peer_len)
{
	struct bytes copied = { .data = bytes->data, .len = peer_len, .copy = malloc(peer_len) };
	struct timed ours = { .op = op, .bytes = bytes };
	struct timed theirs = { .op = copy_bytes, .bytes = &copied };
	const struct bench_side sides[] = {
		{ .name = "librproc", .sample = sample, .arg = &ours },
		{ .name = peer, .sample = sample, .arg = &theirs },
	};

	if (!copied.copy)
		abort();
	bench_compare(bench, name, sides, 2, bench_count(bench, ROUNDS));
	free(copied.copy);
}

static void bench_table(struct bench *bench, const char *name, struct fixture_table *table)
{
	struct bytes bytes = { 0 };
	uint8_t *data = fixture_table_finish(table, &bytes.len);

	bytes.data = data;
	compare(bench, name, "memcpy of the table", check_table, &bytes, bytes.len);
	free(data);
}

/* Headers and names are all that a check reads: the peer copies no more than them. */
static void bench_image(struct bench *bench)
{
	struct fixture *elf = fixture_new(ELFCLASS64, false, EM_X86_64);
	struct fixture_image image;
	struct bytes bytes;
	size_t headers;

	fixture_load(elf, 0x10000000, PF_R | PF_X, NULL, 0x4000, 0x4000);
	fixture_load(elf, 0x10004000, PF_R | PF_W, NULL, 0x2000, 0x8000);
	fixture_add_table(elf, 0x10004000, typical_table());
	image = fixture_build(elf);
	bytes = (struct bytes){ .data = image.data, .len = image.size };
	headers = sizeof(Elf64_Ehdr) +
		  fixture_get(&image, FIXTURE_E_PHNUM, 0) * sizeof(Elf64_Phdr) +
		  fixture_get(&image, FIXTURE_E_SHNUM, 0) * sizeof(Elf64_Shdr);
	compare(bench, "image check", "memcpy of its headers", check_image, &bytes, headers);
	compare(bench, "image open and close", "memcpy of its headers", open_image, &bytes,
		headers);
	fixture_image_free(&image);
}

int main(int argc, char **argv)
{
	struct bench bench;

	bench_init(&bench, argc, argv, "");
	bench_table(&bench, "table check, 4 entries", typical_table());
	bench_table(&bench, "table check, 1,000 entries", large_table());
	bench_image(&bench);
	return bench_exit(&bench);
}
