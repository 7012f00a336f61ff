/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A firmware image of a given size, a window of memory it loads into, and what
 * loading it comes down to: memcpy and memset of its ranges. Shared by the
 * benchmarks that load images; knows nothing of librproc.
 */
#ifndef RPROC_BENCH_LOADABLE_H
#define RPROC_BENCH_LOADABLE_H

#include "fixture_builder.h"

#define LOADABLE_DA	  UINT32_C(0x10000000)
#define LOADABLE_SEGMENTS 3

struct loadable_range {
	size_t offset; /* in the image */
	size_t at;     /* in the window */
	size_t filesz;
	size_t memsz;
};

struct loadable {
	struct fixture_image image;
	struct loadable_range ranges[LOADABLE_SEGMENTS];
	size_t window_size;
};

/*
 * An ELF64 image that fills @size bytes of device memory: text, constants, and
 * data of which half is zeroed, 6 : 1 : 3. @size: a multiple of 40960.
 */
void loadable_init(struct loadable *loadable, size_t size);
void loadable_fini(struct loadable *loadable);

/* Fresh shared memory, no page of it touched. NULL if there is none. */
char *loadable_map_window(const struct loadable *loadable);
void loadable_unmap_window(const struct loadable *loadable, char *window);
/* Copy and zero the ranges, from an image at @bytes. */
void loadable_copy(const struct loadable *loadable, char *window, const char *bytes);

#endif
