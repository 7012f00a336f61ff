/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * make_seeds OUTDIR: writes the seeds that are built rather than found:
 * OUTDIR/image has every shape of the fixture builder, OUTDIR/resource_table
 * tables of every kind, OUTDIR/input a line of each grammar, the others programs for
 * what they drive. The same bytes on every run.
 */
#include "fixture_builder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int write_seed(const char *dir, const char *target, const char *name, const void *bytes,
		      size_t size)
{
	char path[4096];
	FILE *file;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, target);
	if (mkdir(path, 0777) && errno != EEXIST)
		goto err_say;
	snprintf(path, sizeof(path), "%s/%s/seed-%s", dir, target, name);
	file = fopen(path, "wb");
	if (!file)
		goto err_say;
	if (fwrite(bytes, 1, size, file) != size)
		ret = 1;
	if (fclose(file))
		ret = 1;
	if (!ret)
		return 0;

err_say:
	fprintf(stderr, "make_seeds: %s: %s\n", path, strerror(errno));
	return 1;
}

static int write_images(const char *dir)
{
	int ret = 0;

	for (size_t i = 0; i < fixture_num_shapes; i++) {
		struct fixture_image image = fixture_shapes[i].build();

		ret |= write_seed(dir, "image", fixture_shapes[i].name, image.data, image.size);
		fixture_image_free(&image);
	}
	return ret;
}

static int write_table(const char *dir, const char *name, struct fixture_table *table)
{
	size_t len;
	uint8_t *bytes = fixture_table_finish(table, &len);
	int ret = write_seed(dir, "resource_table", name, bytes, len);

	free(bytes);
	return ret;
}

static struct fixture_table *one_of_everything(bool big_endian)
{
	struct fixture_table *table = fixture_table_new(big_endian);

	fixture_table_carveout(table, 0x10000000, 0, 0x1000, 0, "text");
	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x2000, 0, "data");
	fixture_table_devmem(table, 0x4000, 0x5000, 0x1000, 3, "uart");
	fixture_table_trace(table, 0x10000955, 0x401, "trace");
	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 0);
	fixture_table_vring(table, 0x10004000, 16, 8, 1);
	fixture_table_config(table, "config", 6);
	fixture_table_entry(table, 4, NULL, 24);
	fixture_table_entry(table, 5, NULL, 8);
	fixture_table_entry(table, 128, "vendor", 6);
	return table;
}

static struct fixture_table *carveouts(const char *first, const char *second)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x1000, 0, first);
	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x1000, 0, second);
	return table;
}

static struct fixture_table *vdev(int vrings, uint32_t align, uint32_t num)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_vdev(table, 7, 0, 1);
	for (int i = 0; i < vrings; i++)
		fixture_table_vring(table, FIXTURE_ANY, align, num, 0);
	return table;
}

static int write_tables(const char *dir)
{
	return write_table(dir, "empty", fixture_table_new(false)) |
	       write_table(dir, "everything", one_of_everything(false)) |
	       write_table(dir, "everything-big-endian", one_of_everything(true)) |
	       write_table(dir, "two-names", carveouts("one", "two")) |
	       write_table(dir, "one-name", carveouts("one", "one")) |
	       write_table(dir, "no-vring", vdev(0, 0, 0)) |
	       write_table(dir, "one-vring", vdev(1, 4096, 256)) |
	       write_table(dir, "odd-vrings", vdev(2, 3, 100)) |
	       write_table(dir, "vrings-of-size-0", vdev(2, 4096, 0)) |
	       write_table(dir, "three-vrings", vdev(3, 4096, 256));
}

static int write_inputs(const char *dir)
{
	static const char *const lines[] = {
		"start\n",
		"stop",
		"detach\n",
		"recover",
		"enabled\n",
		"disabled\n",
		"inline",
		"e",
		"stop\n\n",
		"0x1f\n",
		"+017",
		"4294967296",
		"-1\n",
		"",
		"add\n",
		"change 12345678-1234-1234-1234-123456789abc A=1 B2=c\n",
		"enabled\nx",
		"18446744073709551616",
		"file remoteproc*.c +p\n",
		"func 'a b' line 1-9 +pmf; module m file \"a.c:f*\" format ^x\\101\\n =_ # c\n-slt",
	};
	char name[16];
	int ret = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(name, sizeof(name), "%02zu", i);
		ret |= write_seed(dir, "input", name, lines[i], strlen(lines[i]));
	}
	return ret;
}

/* Programs for the targets that are driven by one: see their step(). */
static int write_programs(const char *dir)
{
	/* 8 buffers: give three, an honest remote returns them, take them, notifications */
	static const uint8_t honest[] = { 0x83, 0, 0x80, 1, 3, 7, 5, 0, 7, 6, 0, 2, 2, 5, 1, 4, 6 };
	/* the same, then a word of the used ring is overwritten */
	static const uint8_t liar[] = { 3, 0, 0, 8, 2, 0, 1, 9, 2, 6 };
	/* two endpoints, messages both ways, an announcement that is opened, the end of one */
	static const uint8_t talk[] = { 1, 0, 0, 0,    4, 1, 4, 1,  1, 0, 5,	4, 1, 4, 7, 3,
					0, 4, 1, 2,    3, 9, 9, 7,  2, 1, 4,	8, 8, 9, 9, 2,
					0, 9, 0, 0x44, 3, 2, 2, 14, 1, 2, 0x20, 0, 1, 6, 9, 13 };
	/* a message, then the used ring and a buffer are overwritten, and an interrupt */
	static const uint8_t spoil[] = { 0, 0, 1, 0, 4, 1, 4, 10, 0, 4, 0x80, 1,  9, 0, 12, 10, 2,
					 0, 0, 7, 1, 2, 3, 4, 5,  6, 7, 8,    12, 1, 0, 3,  0,	1 };
	uint8_t services[3 * 41] = { 0 };
	int ret = 0;

	memcpy(services + 1, "rpmsg-tty", 9);
	services[33] = 4;
	memcpy(services + 42, "rpmsg-raw", 9);
	services[74] = 5;
	memcpy(services + 83, "rpmsg-tty", 9);
	services[115] = 4;
	services[119] = 1; /* withdrawn */
	ret |= write_seed(dir, "vring", "honest", honest, sizeof(honest));
	ret |= write_seed(dir, "vring", "liar", liar, sizeof(liar));
	ret |= write_seed(dir, "rpmsg", "talk", talk, sizeof(talk));
	ret |= write_seed(dir, "rpmsg", "spoil", spoil, sizeof(spoil));
	ret |= write_seed(dir, "name_service", "services", services, sizeof(services));
	return ret;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_seeds OUTDIR\n");
		return 2;
	}
	if (mkdir(argv[1], 0777) && errno != EEXIST) {
		fprintf(stderr, "make_seeds: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	return write_images(argv[1]) | write_tables(argv[1]) | write_inputs(argv[1]) |
	       write_programs(argv[1]);
}
