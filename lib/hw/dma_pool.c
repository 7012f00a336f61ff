/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of a modelled board that nobody owns, as Linux would hand it to a device:
 * the top of the largest piece of RAM that no node of the tree lies in, lowest
 * address first, each piece aligned to its own size. Knows addresses only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/bytes.h"
#include "board/board.h"
#include "hw/backend.h"

#define PAGE	    4096u
#define POOL_LEN    (128ull << 20) /* what Linux sets aside for devices on such a board ... */
#define POOL_ATOMIC (256ull << 10) /* ... and keeps of it for itself, so addresses agree */
#define ALIGN_MAX   (1ull << 20)
#define RANGES_MAX  4096 /* of RAM and of what lies in it */

struct piece {
	struct list link; /* by address */
	struct rproc_range range;
};

struct rproc_dma_pool {
	struct rproc_range range;
	pthread_mutex_t lock; /* guards the list */
	struct list pieces;
};

struct ranges {
	struct rproc_range *range;
	size_t count;
};

/* ---- which memory -------------------------------------------------------------------------- */

static bool is_ram(const struct rproc_board *board, int node)
{
	const char *type;

	return !rproc_board_string(board, node, "device_type", 0, &type) && !strcmp(type, "memory");
}

/* Every `reg` of every node that is or is not RAM. */
static void collect(const struct rproc_board *board, bool ram, struct ranges *ranges)
{
	struct rproc_region region;
	unsigned int i;
	int node;

	for (node = 1; node < rproc_board_num_nodes(board); node++) {
		if (is_ram(board, node) != ram)
			continue;
		for (i = 0; !rproc_board_reg(board, node, i, NULL, &region); i++) {
			if (ranges->count == RANGES_MAX)
				return;
			if (region.len && region.pa <= UINT64_MAX - region.len)
				ranges->range[ranges->count++] =
					(struct rproc_range){ region.pa, region.pa + region.len };
		}
	}
}

static int by_start(const void *a, const void *b)
{
	const struct rproc_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void keep_largest(struct rproc_range *best, uint64_t start, uint64_t end)
{
	if (end > start && end - start > best->end - best->start)
		*best = (struct rproc_range){ start, end };
}

/* The largest piece of @ram that none of @taken (sorted) lies in. */
static void find_gap(const struct rproc_range *ram, const struct ranges *taken,
		     struct rproc_range *best)
{
	uint64_t at = ram->start;
	size_t i;

	for (i = 0; i < taken->count; i++) {
		if (taken->range[i].end <= at || taken->range[i].start >= ram->end)
			continue;
		keep_largest(best, at, taken->range[i].start);
		at = taken->range[i].end;
	}
	keep_largest(best, at, ram->end);
}

static struct rproc_range find_free(const struct rproc_board *board, struct ranges *ram,
				    struct ranges *taken)
{
	struct rproc_range best = { 0 };
	size_t i;

	collect(board, true, ram);
	collect(board, false, taken);
	qsort(taken->range, taken->count, sizeof(*taken->range), by_start);
	for (i = 0; i < ram->count; i++)
		find_gap(&ram->range[i], taken, &best);
	best.start = (best.start + PAGE - 1) / PAGE * PAGE;
	best.end = best.end / PAGE * PAGE;
	if (best.end > best.start && best.end - best.start > POOL_LEN)
		best.start = best.end - POOL_LEN;
	best.start += POOL_ATOMIC;
	return best;
}

int rproc_dma_pool_new(const struct rproc_board *board, struct rproc_dma_pool **ret_pool)
{
	struct ranges ram = { calloc(RANGES_MAX, sizeof(*ram.range)), 0 };
	struct ranges taken = { calloc(RANGES_MAX, sizeof(*taken.range)), 0 };
	struct rproc_dma_pool *pool = calloc(1, sizeof(*pool));
	int error = -ENOMEM;

	if (ram.range && taken.range && pool) {
		pool->range = find_free(board, &ram, &taken);
		if (pool->range.start < pool->range.end)
			error = 0;
	}
	free(taken.range);
	free(ram.range);
	if (error) {
		free(pool);
		return error;
	}
	pthread_mutex_init(&pool->lock, NULL);
	list_init(&pool->pieces);
	*ret_pool = pool;
	return 0;
}

void rproc_dma_pool_free(struct rproc_dma_pool *pool)
{
	struct list *item, *next;

	if (!pool)
		return;
	list_for_each_safe(item, next, &pool->pieces)
		free(list_entry(item, struct piece, link));
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

struct rproc_range rproc_dma_pool_range(const struct rproc_dma_pool *pool)
{
	return pool->range;
}

/* ---- pieces -------------------------------------------------------------------------------- */

/* Where @len bytes fit first, and before which piece. */
static bool find_place(struct rproc_dma_pool *pool, uint64_t len, uint64_t align, uint64_t *ret_pa,
		       struct list **ret_before)
{
	uint64_t at = pool->range.start;
	struct list *item;
	uint64_t end;

	for (item = pool->pieces.next;; item = item->next) {
		const struct piece *piece = list_entry(item, struct piece, link);
		bool last = item == &pool->pieces;

		at = (at + align - 1) / align * align;
		end = last ? pool->range.end : piece->range.start;
		if (at <= end && range_ok(at, len, end)) {
			*ret_pa = at;
			*ret_before = item;
			return true;
		}
		if (last)
			return false;
		at = piece->range.end;
	}
}

int rproc_dma_pool_get(struct rproc_dma_pool *pool, size_t len, size_t align, uint64_t *ret_pa)
{
	uint64_t size = ((uint64_t)len + PAGE - 1) / PAGE * PAGE;
	uint64_t unit = align > PAGE ? align : PAGE;
	struct list *before;
	struct piece *piece;
	bool found;

	if (!len || size < len)
		return -ENOMEM;
	while (unit < size && unit < ALIGN_MAX)
		unit *= 2;
	piece = calloc(1, sizeof(*piece));
	if (!piece)
		return -ENOMEM;
	pthread_mutex_lock(&pool->lock);
	found = find_place(pool, size, unit, &piece->range.start, &before);
	if (found) {
		piece->range.end = piece->range.start + size;
		list_add_tail(before, &piece->link);
		*ret_pa = piece->range.start;
	}
	pthread_mutex_unlock(&pool->lock);
	if (!found)
		free(piece);
	return found ? 0 : -ENOMEM;
}

void rproc_dma_pool_put(struct rproc_dma_pool *pool, uint64_t pa)
{
	struct piece *piece = NULL;
	struct list *item;

	pthread_mutex_lock(&pool->lock);
	list_for_each(item, &pool->pieces) {
		piece = list_entry(item, struct piece, link);
		if (piece->range.start == pa)
			break;
		piece = NULL;
	}
	if (piece)
		list_del(&piece->link);
	pthread_mutex_unlock(&pool->lock);
	free(piece);
}
