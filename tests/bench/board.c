/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes what the mounts of the benchmarks are made of: device trees with any
 * number of processors, and a firmware that one of them boots.
 */
#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fixture_builder.h"
#include "mounted.h"

#define FIRST_DA     UINT32_C(0x20000000)
#define DA_STEP	     UINT32_C(0x4000)
#define BYTES_A_NODE 256

static int write_bytes(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, bytes, len);
	close(fd);
	return n == (ssize_t)len ? 0 : -EIO;
}

static int add_processor(void *fdt, enum board_kind kind, unsigned int index)
{
	uint32_t da = FIRST_DA + index * DA_STEP;
	fdt32_t reg[2] = { cpu_to_fdt32(da), cpu_to_fdt32(DA_STEP) };
	char name[32];
	int err;

	if (kind == BOARD_HOST)
		snprintf(name, sizeof(name), "host%u", index);
	else
		snprintf(name, sizeof(name), "core%u@%x", index, da);
	err = fdt_begin_node(fdt, name);
	if (!err)
		err = fdt_property_string(fdt, "compatible",
					  kind == BOARD_HOST ? "librproc,host"
							     : "librproc,template");
	if (!err && kind == BOARD_TEMPLATE)
		err = fdt_property(fdt, "reg", reg, sizeof(reg));
	if (!err)
		err = fdt_property_string(fdt, "firmware-name", "bench.elf");
	return err ? err : fdt_end_node(fdt);
}

static int make_tree(void *fdt, int len, enum board_kind kind, unsigned int count)
{
	int err = fdt_create(fdt, len);

	if (!err)
		err = fdt_finish_reservemap(fdt);
	if (!err)
		err = fdt_begin_node(fdt, "");
	if (!err)
		err = fdt_property_string(fdt, "compatible", "librproc,bench-board");
	if (!err)
		err = fdt_property_u32(fdt, "#address-cells", 1);
	if (!err)
		err = fdt_property_u32(fdt, "#size-cells", 1);
	for (unsigned int i = 0; i < count && !err; i++)
		err = add_processor(fdt, kind, i);
	if (!err)
		err = fdt_end_node(fdt);
	return err ? err : fdt_finish(fdt);
}

int board_write(const char *path, enum board_kind kind, unsigned int count)
{
	int len = (int)(count + 4) * BYTES_A_NODE;
	void *fdt = calloc(1, (size_t)len);
	int err;

	if (!fdt)
		return -ENOMEM;
	err = make_tree(fdt, len, kind, count);
	err = err ? -EINVAL : write_bytes(path, fdt, fdt_totalsize(fdt));
	free(fdt);
	return err;
}

int board_write_firmware(const char *dir)
{
	struct fixture_table *table = fixture_table_new(false);
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);
	struct fixture_image image;
	char path[300];
	int err;

	fixture_table_trace(table, FIRST_DA + 0x800, 0x100, "trace0");
	fixture_load(elf, FIRST_DA, PF_R | PF_W | PF_X, NULL, 0x400, 0x1000);
	fixture_add_table(elf, FIRST_DA + 0x100, table);
	image = fixture_build(elf);
	snprintf(path, sizeof(path), "%s/bench.elf", dir);
	err = write_bytes(path, image.data, image.size);
	fixture_image_free(&image);
	return err;
}
