/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loading: the library's load op with the firmware in memory and the carveouts
 * faulted in, against memcpy and memset of the same ranges between the same
 * mappings; and a first boot from a file in the page cache against doing the
 * same with plain system calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <librproc/driver.h>
#include "bench.h"
#include "loadable.h"

#define MB	   (UINT64_C(1000000))
#define FIRMWARE   "image.elf"
#define AIM_LOADED 1.05

struct size_row {
	const char *load_name;
	const char *boot_name;
	size_t size;
	double aim;
	unsigned int load_rounds, boot_rounds;
};

/* Multiples of 40960 next to 1.2, 16 and 64 MB. */
static const struct size_row size_rows[] = {
	{ "load 1.2 MB", "first boot 1.2 MB", 29 * 40960, 0, 1000, 100 },
	{ "load 16 MB", "first boot 16 MB", 391 * 40960, AIM_LOADED, 400, 30 },
	{ "load 64 MB", "first boot 64 MB", 1562 * 40960, AIM_LOADED, 150, 10 },
};

struct core {
	struct bench *bench;
	const struct size_row *row; /* not NULL: compare inside the load op */
	const struct loadable *loadable;
	char *window;
};

/* ---- a processor whose memory is the window ------------------------------------ */

static void *core_da_to_va(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem)
{
	const struct core *core = rproc_priv(rproc);
	uint64_t size = core->loadable->window_size;

	if (ret_is_iomem)
		*ret_is_iomem = false;
	if (da < LOADABLE_DA || da - LOADABLE_DA > size || len > size - (da - LOADABLE_DA))
		return NULL;
	return core->window + (da - LOADABLE_DA);
}

struct load_sides {
	struct rproc *rproc;
	const struct rproc_firmware *fw;
	struct core *core;
};

static double sample_load(void *arg)
{
	const struct load_sides *sides = arg;
	uint64_t start = bench_now();
	int err = rproc_elf_load_segments(sides->rproc, sides->fw);

	return err ? err : (double)(bench_now() - start);
}

static double sample_copy(void *arg)
{
	const struct load_sides *sides = arg;
	uint64_t start = bench_now();

	loadable_copy(sides->core->loadable, sides->core->window, sides->fw->data);
	return (double)(bench_now() - start);
}

/* Does the window hold what a load must leave there? */
static bool window_is_right(const struct core *core, const char *bytes)
{
	for (int i = 0; i < LOADABLE_SEGMENTS; i++) {
		const struct loadable_range *range = &core->loadable->ranges[i];

		if (memcmp(core->window + range->at, bytes + range->offset, range->filesz))
			return false;
		for (size_t k = range->filesz; k < range->memsz; k++)
			if (core->window[range->at + k])
				return false;
	}
	return true;
}

/*
 * The library's own load, many times over: it runs where it always does, on the
 * worker with the firmware that the core read into its memory.
 */
static int core_load(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct core *core = rproc_priv(rproc);
	struct load_sides arg = { .rproc = rproc, .fw = fw, .core = core };
	const struct bench_side sides[] = {
		{ .name = "librproc", .sample = sample_load, .arg = &arg },
		{ .name = "memcpy and memset",
		  .sample = sample_copy,
		  .arg = &arg,
		  .aim = core->row ? core->row->aim : 0 },
	};

	if (!core->row)
		return rproc_elf_load_segments(rproc, fw);
	memset(core->window, 0xff, core->loadable->window_size);
	if (sample_load(&arg) < 0 || !window_is_right(core, fw->data))
		return -EILSEQ;
	bench_compare(core->bench, core->row->load_name, sides, 2,
		      bench_count(core->bench, core->row->load_rounds));
	return 0;
}

static int core_power(struct rproc *rproc)
{
	(void)rproc;
	return 0;
}

static const struct rproc_ops core_ops = {
	.start = core_power,
	.stop = core_power,
	.da_to_va = core_da_to_va,
	.load = core_load,
	.sanity_check = rproc_elf_sanity_check,
	.get_boot_addr = rproc_elf_get_boot_addr,
};

/* A processor that is added, offline, and will boot FIRMWARE. */
static int core_new(struct rproc_context *context, const struct core *core,
		    struct rproc **ret_rproc)
{
	struct rproc_device *device;
	struct rproc *rproc;
	int err = rproc_device_new(context, "window", &device);

	if (err)
		return err;
	rproc = rproc_alloc(device, "window", &core_ops, FIRMWARE, sizeof(*core));
	rproc_device_put(device);
	if (!rproc)
		return -ENOMEM;
	memcpy(rproc_priv(rproc), core, sizeof(*core));
	rproc_set_auto_boot(rproc, false);
	err = rproc_add(rproc);
	if (err) {
		rproc_free(rproc);
		return err;
	}
	*ret_rproc = rproc;
	return 0;
}

static void core_free(struct rproc *rproc)
{
	rproc_del(rproc);
	rproc_free(rproc);
}

/* ---- the load op --------------------------------------------------------------------- */

static void bench_load(struct bench *bench, const struct size_row *row,
		       const struct loadable *loadable)
{
	struct core core = { .bench = bench, .row = row, .loadable = loadable };
	struct rproc_context *context;
	struct rproc *rproc;
	int err;

	core.window = loadable_map_window(loadable);
	if (!core.window) {
		bench_fail(bench, row->load_name, -ENOMEM, "window");
		return;
	}
	err = rproc_context_new(NULL, &context);
	if (err)
		goto unmap;
	err = core_new(context, &core, &rproc);
	if (err)
		goto free_context;
	err = rproc_set_firmware_buffer(rproc, FIRMWARE, loadable->image.data,
					loadable->image.size);
	if (!err)
		err = rproc_boot(rproc);
	core_free(rproc);
free_context:
	rproc_context_free(context);
unmap:
	loadable_unmap_window(loadable, core.window);
	if (err)
		bench_fail(bench, row->load_name, err, "boot");
}

/* ---- first boots -------------------------------------------------------------------------- */

struct first_boot {
	struct rproc_context *context;
	const struct loadable *loadable;
	const char *path;
};

/* Everything but the boot is done before and after: memory, device, processor. */
static double sample_first_boot(void *arg)
{
	const struct first_boot *boot = arg;
	struct core core = { .loadable = boot->loadable };
	struct rproc *rproc;
	uint64_t start, end;
	int err;

	core.window = loadable_map_window(boot->loadable);
	if (!core.window)
		return -ENOMEM;
	err = core_new(boot->context, &core, &rproc);
	if (err)
		goto unmap;
	start = bench_now();
	err = rproc_boot(rproc);
	end = bench_now();
	core_free(rproc);
unmap:
	loadable_unmap_window(boot->loadable, core.window);
	return err ? err : (double)(end - start);
}

static int read_and_copy(const struct first_boot *boot, char *window)
{
	int fd = open(boot->path, O_RDONLY | O_CLOEXEC);
	int err = -EIO;
	struct stat st;
	char *bytes;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		goto close_fd;
	bytes = malloc((size_t)st.st_size);
	if (!bytes)
		goto close_fd;
	if (read(fd, bytes, (size_t)st.st_size) == st.st_size) {
		loadable_copy(boot->loadable, window, bytes);
		err = 0;
	}
	free(bytes);
close_fd:
	close(fd);
	return err;
}

static double sample_by_hand(void *arg)
{
	const struct first_boot *boot = arg;
	char *window = loadable_map_window(boot->loadable);
	uint64_t start, end;
	int err;

	if (!window)
		return -ENOMEM;
	start = bench_now();
	err = read_and_copy(boot, window);
	end = bench_now();
	loadable_unmap_window(boot->loadable, window);
	return err ? err : (double)(end - start);
}

static int write_file(const char *path, const struct loadable *loadable)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t done = 0;
	int err = 0;

	if (fd < 0)
		return -errno;
	while (done < loadable->image.size && !err) {
		ssize_t n = write(fd, loadable->image.data + done, loadable->image.size - done);

		if (n < 0)
			err = -errno;
		else
			done += (size_t)n;
	}
	close(fd);
	return err;
}

static int compare_first_boots(struct bench *bench, const struct size_row *row,
			       struct first_boot *boot, const char *dir)
{
	const struct rproc_context_options options = { .size = sizeof(options),
						       .firmware_dirs = dir };
	const struct bench_side sides[] = {
		{ .name = "librproc", .sample = sample_first_boot, .arg = boot },
		{ .name = "read, memcpy and memset", .sample = sample_by_hand, .arg = boot },
	};
	int err = rproc_context_new(&options, &boot->context);

	if (err)
		return err;
	bench_compare(bench, row->boot_name, sides, 2, bench_count(bench, row->boot_rounds));
	rproc_context_free(boot->context);
	return 0;
}

static void bench_first_boot(struct bench *bench, const struct size_row *row,
			     const struct loadable *loadable)
{
	struct first_boot boot = { .loadable = loadable };
	char dir[BENCH_DIR_MAX], path[BENCH_DIR_MAX + 16];
	int err = bench_dir(dir);

	if (err) {
		bench_fail(bench, row->boot_name, err, dir);
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", dir, FIRMWARE);
	boot.path = path;
	err = write_file(path, loadable);
	if (!err)
		err = compare_first_boots(bench, row, &boot, dir);
	if (err)
		bench_fail(bench, row->boot_name, err, path);
	unlink(path);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	struct loadable loadables[sizeof(size_rows) / sizeof(*size_rows)];
	const size_t count = sizeof(size_rows) / sizeof(*size_rows);
	struct bench bench;

	bench_init(&bench, argc, argv, "");
	for (size_t i = 0; i < count; i++) {
		loadable_init(&loadables[i], size_rows[i].size);
		bench_load(&bench, &size_rows[i], &loadables[i]);
	}
	for (size_t i = 0; i < count; i++) {
		bench_first_boot(&bench, &size_rows[i], &loadables[i]);
		loadable_fini(&loadables[i]);
	}
	return bench_exit(&bench);
}
