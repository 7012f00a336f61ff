/* SPDX-License-Identifier: BSD-3-Clause */
/* Which device addresses of the window are in use. Addresses only, no memory. */
#ifndef RPROC_HOST_WINDOW_H
#define RPROC_HOST_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

/* More than any table needs, little enough that a hostile one cannot make us slow. */
#define HOST_WINDOW_MAX_RANGES 1024

struct host_window {
	uint32_t da;
	uint64_t len;
	unsigned int image, taken; /* ranges of each kind */
	struct host_range image_range[HOST_MAX_RANGES];
	struct host_range taken_range[HOST_WINDOW_MAX_RANGES];
};

void host_window_init(struct host_window *window, uint32_t da, uint64_t len);
bool host_window_contains(const struct host_window *window, uint64_t da, uint64_t len);
/* An image's segment lies here: keep it free of what may lie anywhere. */
void host_window_reserve(struct host_window *window, const struct host_range *range);
/* Is all of it in one segment or one allocation? */
bool host_window_covers(const struct host_window *window, uint64_t da, uint64_t len);
/*
 * Take @len bytes at @da, or with @da RPROC_RSC_ADDR_ANY the first place aligned
 * to @align (a power of two) and to a page that neither image nor allocation uses.
 * A fixed @da may lie on the image (that is how images claim their own memory),
 * never on another allocation. 0, or -EINVAL/-ENOMEM with @story filled.
 */
int host_window_alloc(struct host_window *window, uint64_t len, uint64_t align, uint32_t da,
		      uint32_t *ret_da, char *story, size_t story_len);
void host_window_free(struct host_window *window, uint32_t da);

#endif
