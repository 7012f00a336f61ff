/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Images and files for the tests of the core. Knows the wire formats through
 * fixture_builder and the recorder's addresses, nothing of the library.
 */
#include "core_images.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_DA 0x10000000u

static struct fixture *segments(void)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);

	fixture_load(elf, CODE_DA, PF_R | PF_X, NULL, 0x100, 0x100);
	fixture_load(elf, CORE_TABLE_DA, PF_R | PF_W, NULL, 0x800, 0x2000);
	return elf;
}

struct fixture_image core_image_with_bytes(const void *table, size_t len)
{
	struct fixture *elf = segments();

	fixture_add_table_bytes(elf, CORE_TABLE_DA, table, len);
	return fixture_build(elf);
}

struct fixture_image core_image_with(struct fixture_table *table)
{
	size_t len;
	uint8_t *bytes = fixture_table_finish(table, &len);
	struct fixture_image image = core_image_with_bytes(bytes, len);

	free(bytes);
	return image;
}

struct fixture_image core_image_plain(void)
{
	return core_image_with(fixture_table_new(false));
}

struct fixture_image core_image_without_table(void)
{
	return fixture_build(segments());
}

struct fixture_table *core_table_full(void)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x1000, 0, "shared");
	fixture_table_entry(table, 130, "vendor word", 12);
	fixture_table_trace(table, CORE_TRACE_DA, 0x100, "trace0");
	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 16, 0);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 0);
	fixture_table_config(table, "\1\2\3\4", 4);
	return table;
}

struct fixture_image core_image_full(void)
{
	return core_image_with(core_table_full());
}

uint32_t core_word(const void *bytes, size_t offset)
{
	const uint8_t *b = (const uint8_t *)bytes + offset;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint8_t *core_table_payload(uint8_t *table, unsigned int index)
{
	return table + core_word(table, 16 + 4 * (size_t)index) + 4;
}

/* ---- files --------------------------------------------------------------------------- */

char *scratch_new(void)
{
	const char *parent = getenv("TMPDIR");
	char *dir;

	if (asprintf(&dir, "%s/rproc-test-XXXXXX", parent ? parent : "/tmp") < 0 || !mkdtemp(dir))
		abort();
	return dir;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void scratch_free(char *dir)
{
	nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(dir);
}

const char *scratch_path(const char *dir, const char *name)
{
	static char path[8192];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

const char *scratch_write(const char *dir, const char *name, const void *data, size_t size)
{
	const char *path = scratch_path(dir, name);
	FILE *file = fopen(path, "w");

	if (!file || (size && fwrite(data, 1, size, file) != size) || fclose(file))
		abort();
	return path;
}
