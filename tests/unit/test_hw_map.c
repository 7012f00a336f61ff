/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mapping by address: a file takes the place of the memory device, a directory that
 * of sysfs with UIO devices in it. What is read and written goes through real
 * mappings. Also the allocator of a modelled board's free memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "board/board.h"
#include "dtb_writer.h"
#include "hw/backend.h"

#define PAGE 4096u

struct scratch {
	char dir[64];
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	assert_non_null(scratch);
	strcpy(scratch->dir, "/tmp/rproc-hw-XXXXXX");
	assert_non_null(mkdtemp(scratch->dir));
	*state = scratch;
	return 0;
}

static int teardown(void **state)
{
	struct scratch *scratch = *state;

	nftw(scratch->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(scratch);
	return 0;
}

/* The path of @name in the scratch directory; its directories are made. */
static const char *path_of(const struct scratch *scratch, const char *name)
{
	static char path[512];
	char *slash;

	snprintf(path, sizeof(path), "%s/%s", scratch->dir, name);
	for (slash = path + strlen(scratch->dir) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
	return path;
}

static void write_text(const struct scratch *scratch, const char *name, const char *text)
{
	FILE *file = fopen(path_of(scratch, name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void make_file(const struct scratch *scratch, const char *name, size_t pages)
{
	int fd = open(path_of(scratch, name), O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)(pages * PAGE)), 0);
	close(fd);
}

static uint32_t word_at(const struct scratch *scratch, const char *name, off_t offset)
{
	int fd = open(path_of(scratch, name), O_RDONLY);
	uint32_t word;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &word, sizeof(word), offset), sizeof(word));
	close(fd);
	return word;
}

/* ---- /dev/mem -------------------------------------------------------------------------------- */

static void a_missing_memory_device_tells_why(void **state)
{
	struct scratch *scratch = *state;
	struct rproc_report report = { 0 };
	struct rproc_mapping mapping;

	assert_int_equal(rproc_devmem_map(path_of(scratch, "mem"), 0, 4, &report, &mapping),
			 -ENOENT);
	assert_int_equal(report.count, 1);
	assert_non_null(strstr(report.finding[0].story, "CONFIG_DEVMEM"));
}

static void an_address_beyond_files_is_refused(void **state)
{
	struct scratch *scratch = *state;
	struct rproc_report report = { 0 };
	struct rproc_mapping mapping;

	make_file(scratch, "mem", 1);
	assert_int_equal(
		rproc_devmem_map(path_of(scratch, "mem"), UINT64_MAX - PAGE, 4, &report, &mapping),
		-EOVERFLOW);
	assert_int_equal(report.count, 1);
}

static void a_range_that_the_kernel_keeps_tells_why(void **state)
{
	struct rproc_report report = { 0 };
	struct rproc_mapping mapping;
	char path[64];
	int fd = memfd_create("mem", MFD_ALLOW_SEALING);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)(2 * PAGE)), 0);
	/* opened for writing it may be, mapped it may not: as with STRICT_DEVMEM */
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(rproc_devmem_map(path, PAGE, 16, &report, &mapping), -EPERM);
	close(fd);
	assert_int_equal(report.count, 1);
	assert_non_null(strstr(report.finding[0].story, "0x1000 with 0x10 bytes"));
	assert_non_null(strstr(report.finding[0].story, "no-map, or a driver claimed it"));
}

static void an_unaligned_range_over_two_pages_is_mapped(void **state)
{
	struct scratch *scratch = *state;
	struct rproc_mapping mapping;
	uint32_t value = 0x12345678;

	make_file(scratch, "mem", 4);
	assert_int_equal(rproc_devmem_map(path_of(scratch, "mem"), 2 * PAGE - 4, 8, NULL, &mapping),
			 0);
	rproc_iomem_copy_to(mapping.va, &value, sizeof(value));
	value = 0x9abcdef0;
	rproc_iomem_copy_to((char *)mapping.va + 4, &value, sizeof(value));
	rproc_mapping_unmap(&mapping);
	assert_int_equal(word_at(scratch, "mem", 2 * PAGE - 4), 0x12345678);
	assert_int_equal(word_at(scratch, "mem", 2 * PAGE), 0x9abcdef0);
	assert_int_equal(word_at(scratch, "mem", 2 * PAGE + 4), 0);
}

/* ---- UIO ----------------------------------------------------------------------------------- */

/* uio0 has no maps; map 1 of uio3 is 0x4c001000..0x4c0013ff, as an IPCC lies. */
static void make_uio(const struct scratch *scratch)
{
	write_text(scratch, "sys/class/uio/uio0/name", "empty\n");
	write_text(scratch, "sys/class/uio/uio3/maps/map0/addr", "0x0000000038000000\n");
	write_text(scratch, "sys/class/uio/uio3/maps/map0/size", "0x0000000000010000\n");
	write_text(scratch, "sys/class/uio/uio3/maps/map0/offset", "0x0\n");
	write_text(scratch, "sys/class/uio/uio3/maps/map1/addr", "0x000000004c001000\n");
	write_text(scratch, "sys/class/uio/uio3/maps/map1/size", "0x0000000000000400\n");
	write_text(scratch, "sys/class/uio/uio3/maps/map1/offset", "0x0\n");
	path_of(scratch, "sys/class/uio/uio3/device/x");
	assert_int_equal(symlink("../../../firmware/devicetree/base/soc/ipcc@4c001000",
				 path_of(scratch, "sys/class/uio/uio3/device/of_node")),
			 0);
	make_file(scratch, "dev/uio3", 32);
}

static int uio_map(const struct scratch *scratch, uint64_t pa, size_t len,
		   struct rproc_report *report, struct rproc_mapping *mapping)
{
	char sysfs[128], dev[128];

	snprintf(sysfs, sizeof(sysfs), "%s/sys", scratch->dir);
	snprintf(dev, sizeof(dev), "%s/dev", scratch->dir);
	return rproc_uio_map(sysfs, dev, pa, len, report, mapping);
}

static void a_range_that_no_uio_device_holds_is_refused(void **state)
{
	static const struct {
		uint64_t pa;
		size_t len;
	} outside[] = {
		{ 0x4c001000, 0x401 },	  { 0x4c000fff, 2 }, { 0x4c001400, 1 },	      { 0, 4 },
		{ UINT64_MAX, SIZE_MAX }, { 0x37ffffff, 1 }, { 0x38000001, 0x10000 },
	};
	struct scratch *scratch = *state;
	struct rproc_mapping mapping;
	size_t i;

	make_uio(scratch);
	for (i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		struct rproc_report report = { 0 };

		assert_int_equal(uio_map(scratch, outside[i].pa, outside[i].len, &report, &mapping),
				 -ENOENT);
		assert_non_null(strstr(report.finding[0].story, "uio_pdrv_genirq"));
	}
}

static void the_second_map_of_a_uio_device_is_found(void **state)
{
	struct scratch *scratch = *state;
	struct rproc_mapping mapping;
	uint32_t value = 0xcafe0001;

	make_uio(scratch);
	assert_int_equal(uio_map(scratch, 0x4c001010, 0x10, NULL, &mapping), 0);
	rproc_iomem_copy_to(mapping.va, &value, sizeof(value));
	rproc_mapping_unmap(&mapping);
	/* mapping 1 is one page into the device */
	assert_int_equal(word_at(scratch, "dev/uio3", PAGE + 0x10), 0xcafe0001);
}

static void maps_with_senseless_numbers_are_passed_over(void **state)
{
	struct scratch *scratch = *state;
	struct rproc_mapping mapping;

	make_uio(scratch);
	write_text(scratch, "sys/class/uio/uio3/maps/map1/size", "many\n");
	assert_int_equal(uio_map(scratch, 0x4c001000, 4, NULL, &mapping), -ENOENT);
	write_text(scratch, "sys/class/uio/uio3/maps/map1/size", "0xffffffffffffffff\n");
	assert_int_equal(uio_map(scratch, 0x4c001000, 4, NULL, &mapping), -ENOENT);
	write_text(scratch, "sys/class/uio/uio3/maps/map1/size", "");
	assert_int_equal(uio_map(scratch, 0x4c001000, 4, NULL, &mapping), -ENOENT);
}

static void the_uio_device_of_a_node_has_its_interrupt(void **state)
{
	struct scratch *scratch = *state;
	struct rproc_report report = { 0 };
	char sysfs[128], dev[128];
	int fd;

	make_uio(scratch);
	snprintf(sysfs, sizeof(sysfs), "%s/sys", scratch->dir);
	snprintf(dev, sizeof(dev), "%s/dev", scratch->dir);
	assert_int_equal(rproc_uio_open_irq(sysfs, dev, "/soc/ipcc", &report), -ENOTSUP);
	assert_non_null(strstr(report.finding[0].story, "/soc/ipcc"));
	fd = rproc_uio_open_irq(sysfs, dev, "/soc/ipcc@4c001000", NULL);
	assert_true(fd >= 0);
	assert_int_equal(rproc_uio_enable_irq(fd), 0);
	close(fd);
	assert_int_equal(word_at(scratch, "dev/uio3", 0), 1);
}

/* ---- free memory of a board ---------------------------------------------------------------- */

static void add_range(struct dtb_writer *writer, const char *name, const char *type, uint32_t start,
		      uint32_t len)
{
	const uint32_t reg[] = { __builtin_bswap32(start), __builtin_bswap32(len) };

	dtb_begin_node(writer, name);
	if (type)
		dtb_property(writer, "device_type", type, strlen(type) + 1);
	dtb_property(writer, "reg", reg, sizeof(reg));
	dtb_end_node(writer);
}

/* 512 MiB at 0x40000000; nodes lie at 0x58000000 and, twice, at 0x5a000000. */
static struct rproc_dma_pool *make_pool(void)
{
	struct dtb_writer writer = { 0 };
	struct rproc_dma_pool *pool;
	struct rproc_board *board;
	size_t len;
	void *dtb;

	dtb_begin_node(&writer, "");
	add_range(&writer, "memory@40000000", "memory", 0x40000000, 0x20000000);
	add_range(&writer, "regs@58000000", NULL, 0x58000000, 0x1000);
	add_range(&writer, "sram@5a000000", NULL, 0x5a000000, 0x2000000);
	add_range(&writer, "core@5a000000", NULL, 0x5a000000, 0x10000);
	add_range(&writer, "uart@9000000", NULL, 0x09000000, 0x1000);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(rproc_board_new(dtb, len, NULL, &board), 0);
	free(dtb);
	assert_int_equal(rproc_dma_pool_new(board, &pool), 0);
	rproc_board_put(board);
	return pool;
}

static void free_memory_is_the_top_of_the_largest_gap(void **state)
{
	struct rproc_dma_pool *pool = make_pool();
	struct rproc_range range = rproc_dma_pool_range(pool);

	(void)state;
	assert_int_equal(range.start, 0x50040000);
	assert_int_equal(range.end, 0x58000000);
	rproc_dma_pool_free(pool);
}

static void a_board_without_ram_has_no_free_memory(void **state)
{
	struct dtb_writer writer = { 0 };
	struct rproc_dma_pool *pool;
	struct rproc_board *board;
	size_t len;
	void *dtb;

	(void)state;
	dtb_begin_node(&writer, "");
	add_range(&writer, "regs@58000000", NULL, 0x58000000, 0x1000);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(rproc_board_new(dtb, len, NULL, &board), 0);
	assert_int_equal(rproc_dma_pool_new(board, &pool), -ENOMEM);
	rproc_board_put(board);
	free(dtb);
}

static void pieces_lie_first_fit_and_aligned_to_their_size(void **state)
{
	struct rproc_dma_pool *pool = make_pool();
	uint64_t a, b, c, d, e;

	(void)state;
	assert_int_equal(rproc_dma_pool_get(pool, 0, PAGE, &a), -ENOMEM);
	assert_int_equal(rproc_dma_pool_get(pool, 0x70000000, PAGE, &a), -ENOMEM);
	assert_int_equal(rproc_dma_pool_get(pool, SIZE_MAX, PAGE, &a), -ENOMEM);
	assert_int_equal(rproc_dma_pool_get(pool, 0x1000, PAGE, &a), 0);
	assert_int_equal(rproc_dma_pool_get(pool, 0x1001, PAGE, &b), 0);
	assert_int_equal(rproc_dma_pool_get(pool, 1, PAGE, &c), 0);
	assert_int_equal(rproc_dma_pool_get(pool, 0x8000, PAGE, &d), 0);
	assert_int_equal(a, 0x50040000);
	assert_int_equal(b, 0x50042000);
	assert_int_equal(c, 0x50041000);
	assert_int_equal(d, 0x50048000);
	rproc_dma_pool_put(pool, b);
	assert_int_equal(rproc_dma_pool_get(pool, 0x2000, PAGE, &e), 0);
	assert_int_equal(e, b);
	rproc_dma_pool_put(pool, 0x50050000); /* nobody's: nothing happens */
	rproc_dma_pool_free(pool);
}

static void the_whole_pool_can_be_had_once(void **state)
{
	struct rproc_dma_pool *pool = make_pool();
	uint64_t pa;
	unsigned int count = 0;

	(void)state;
	while (!rproc_dma_pool_get(pool, 1 << 20, PAGE, &pa))
		count++;
	/* 128 MiB without the first 256 KiB, in aligned pieces of one */
	assert_int_equal(count, 127);
	while (!rproc_dma_pool_get(pool, PAGE, PAGE, &pa))
		count++;
	assert_int_equal(count, 127 + 192);
	rproc_dma_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_missing_memory_device_tells_why, setup, teardown),
		cmocka_unit_test_setup_teardown(an_address_beyond_files_is_refused, setup,
						teardown),
		cmocka_unit_test(a_range_that_the_kernel_keeps_tells_why),
		cmocka_unit_test_setup_teardown(an_unaligned_range_over_two_pages_is_mapped, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_range_that_no_uio_device_holds_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_second_map_of_a_uio_device_is_found, setup,
						teardown),
		cmocka_unit_test_setup_teardown(maps_with_senseless_numbers_are_passed_over, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_uio_device_of_a_node_has_its_interrupt, setup,
						teardown),
		cmocka_unit_test(free_memory_is_the_top_of_the_largest_gap),
		cmocka_unit_test(a_board_without_ram_has_no_free_memory),
		cmocka_unit_test(pieces_lie_first_fit_and_aligned_to_their_size),
		cmocka_unit_test(the_whole_pool_can_be_had_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
