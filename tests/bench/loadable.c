/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes the images that the load benchmarks load, and loads them by hand.
 */
#include "loadable.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void loadable_init(struct loadable *loadable, size_t size)
{
	const size_t memsz[LOADABLE_SEGMENTS] = { size / 10 * 6, size / 10, size / 10 * 3 };
	const uint32_t flags[LOADABLE_SEGMENTS] = { PF_R | PF_X, PF_R, PF_R | PF_W };
	struct fixture *elf = fixture_new(ELFCLASS64, false, EM_X86_64);
	size_t at = 0;

	for (int i = 0; i < LOADABLE_SEGMENTS; i++) {
		size_t filesz = i == LOADABLE_SEGMENTS - 1 ? memsz[i] / 2 : memsz[i];

		fixture_load(elf, LOADABLE_DA + at, flags[i], NULL, filesz, memsz[i]);
		loadable->ranges[i] =
			(struct loadable_range){ .at = at, .filesz = filesz, .memsz = memsz[i] };
		at += memsz[i];
	}
	loadable->window_size = at;
	loadable->image = fixture_build(elf);
	for (size_t i = 0; i < LOADABLE_SEGMENTS; i++)
		loadable->ranges[i].offset =
			(size_t)fixture_get(&loadable->image, FIXTURE_P_OFFSET, i);
}

void loadable_fini(struct loadable *loadable)
{
	fixture_image_free(&loadable->image);
}

/* A memfd, as the memory of a processor that is a process of this machine. */
char *loadable_map_window(const struct loadable *loadable)
{
	int fd = memfd_create("window", MFD_CLOEXEC);
	void *window = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (!ftruncate(fd, (off_t)loadable->window_size))
		window = mmap(NULL, loadable->window_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			      0);
	close(fd);
	return window == MAP_FAILED ? NULL : window;
}

void loadable_unmap_window(const struct loadable *loadable, char *window)
{
	if (window)
		munmap(window, loadable->window_size);
}

void loadable_copy(const struct loadable *loadable, char *window, const char *bytes)
{
	for (int i = 0; i < LOADABLE_SEGMENTS; i++) {
		const struct loadable_range *range = &loadable->ranges[i];

		memcpy(window + range->at, bytes + range->offset, range->filesz);
		memset(window + range->at + range->filesz, 0, range->memsz - range->filesz);
	}
}
