/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the arithmetic of the window: which ranges are the image's, which are
 * taken, where the next one fits. Pure; knows nothing of the memory behind.
 */
#include "window.h"

#include <errno.h>
#include <librproc/resource_table.h>
#include <stdio.h>
#include <string.h>

/* Allocations that may lie anywhere do not share a page of the usual size. */
#define GRAIN UINT64_C(4096)

void host_window_init(struct host_window *window, uint32_t da, uint64_t len)
{
	memset(window, 0, sizeof(*window));
	window->da = da;
	window->len = len;
}

bool host_window_contains(const struct host_window *window, uint64_t da, uint64_t len)
{
	return da >= window->da && da - window->da <= window->len &&
	       len <= window->len - (da - window->da);
}

void host_window_reserve(struct host_window *window, const struct host_range *range)
{
	if (range->len && window->image < HOST_MAX_RANGES)
		window->image_range[window->image++] = *range;
}

static bool inside(const struct host_range *range, uint64_t da, uint64_t len)
{
	return da >= range->da && da - range->da <= range->len &&
	       len <= range->len - (da - range->da);
}

bool host_window_covers(const struct host_window *window, uint64_t da, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < window->image; i++) {
		if (inside(&window->image_range[i], da, len))
			return true;
	}
	for (i = 0; i < window->taken; i++) {
		if (inside(&window->taken_range[i], da, len))
			return true;
	}
	return false;
}

/* The first of @count ranges that shares a byte with [@da, @da + @len). */
static const struct host_range *overlap(const struct host_range *range, unsigned int count,
					uint64_t da, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (range[i].da < da + len && da < (uint64_t)range[i].da + range[i].len)
			return &range[i];
	}
	return NULL;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

static int take(struct host_window *window, uint64_t da, uint64_t len, uint32_t *ret_da)
{
	window->taken_range[window->taken].da = (uint32_t)da;
	window->taken_range[window->taken].len = (uint32_t)len;
	window->taken++;
	*ret_da = (uint32_t)da;
	return 0;
}

static int take_fixed(struct host_window *window, uint64_t len, uint32_t da, uint32_t *ret_da,
		      char *story, size_t story_len)
{
	const uint64_t end = window->da + window->len;
	const struct host_range *other;

	if (!host_window_contains(window, da, len)) {
		snprintf(story, story_len,
			 "memory at da 0x%x..0x%llx was asked for; this processor has "
			 "0x%x..0x%llx: %llu bytes %s",
			 da, (unsigned long long)(da + len - 1), window->da,
			 (unsigned long long)(end - 1),
			 (unsigned long long)(da < window->da ? window->da - da : da + len - end),
			 da < window->da ? "below" : "over");
		return -ENOMEM;
	}
	other = overlap(window->taken_range, window->taken, da, len);
	if (other) {
		snprintf(story, story_len,
			 "memory at da 0x%x..0x%llx was asked for; 0x%x..0x%llx is another "
			 "carveout's",
			 da, (unsigned long long)(da + len - 1), other->da,
			 (unsigned long long)other->da + other->len - 1);
		return -ENOMEM;
	}
	return take(window, da, len, ret_da);
}

int host_window_alloc(struct host_window *window, uint64_t len, uint64_t align, uint32_t da,
		      uint32_t *ret_da, char *story, size_t story_len)
{
	const struct host_range *other;
	uint64_t at, room;

	if (!len || len > UINT32_MAX || !align || align & (align - 1)) {
		snprintf(story, story_len, "memory of %llu bytes aligned to %llu is none",
			 (unsigned long long)len, (unsigned long long)align);
		return -EINVAL;
	}
	if (window->taken == HOST_WINDOW_MAX_RANGES) {
		snprintf(story, story_len, "more than %d pieces of memory were asked for",
			 HOST_WINDOW_MAX_RANGES);
		return -ENOMEM;
	}
	if (da != RPROC_RSC_ADDR_ANY)
		return take_fixed(window, len, da, ret_da, story, story_len);
	if (align < GRAIN)
		align = GRAIN;
	room = align_up(len, GRAIN);
	for (at = align_up(window->da, align); host_window_contains(window, at, room);
	     at = align_up((uint64_t)other->da + other->len, align)) {
		other = overlap(window->taken_range, window->taken, at, room);
		if (!other)
			other = overlap(window->image_range, window->image, at, room);
		if (!other)
			return take(window, at, room, ret_da);
	}
	snprintf(story, story_len,
		 "no %llu bytes aligned to %llu are free in 0x%x..0x%llx; a larger memory-size in "
		 "the device tree helps",
		 (unsigned long long)len, (unsigned long long)align, window->da,
		 (unsigned long long)(window->da + window->len - 1));
	return -ENOMEM;
}

void host_window_free(struct host_window *window, uint32_t da)
{
	unsigned int i;

	for (i = 0; i < window->taken; i++) {
		if (window->taken_range[i].da != da)
			continue;
		window->taken_range[i] = window->taken_range[--window->taken];
		return;
	}
}
