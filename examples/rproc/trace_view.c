/* SPDX-License-Identifier: BSD-3-Clause */
/* Telling appended, wrapped and restarted traces apart by comparing two looks. */
#include "trace_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One past the last byte that differs in [from, to); @from if none does. */
static size_t last_change(const char *old, const char *now, size_t from, size_t to)
{
	while (to > from && old[to - 1] == now[to - 1])
		to--;
	return to;
}

/* The buffer is as full as before, so what changed was written round the ring. */
static void find_ring_news(struct trace_view *view, const char *now, struct trace_news *news)
{
	size_t start = view->end == view->len ? 0 : view->end;
	size_t wrapped = start ? last_change(view->text, now, 0, start) : 0;
	size_t ahead = last_change(view->text, now, start, view->len);

	if (wrapped) {
		news->piece[0].start = start;
		news->piece[0].len = view->len - start;
		news->piece[1].len = wrapped;
		view->end = wrapped;
	} else if (ahead > start) {
		news->piece[0].start = start;
		news->piece[0].len = ahead - start;
		view->end = ahead;
	}
}

static void find_news(struct trace_view *view, const char *now, size_t len, size_t capacity,
		      struct trace_news *news)
{
	if (len >= view->len && (!view->len || !memcmp(view->text, now, view->len))) {
		if (len == view->len)
			return;
		news->piece[0].start = view->len;
		news->piece[0].len = len - view->len;
		view->end = len;
	} else if (len == view->len && len == capacity) {
		find_ring_news(view, now, news);
	} else {
		news->restarted = true;
		news->piece[0].len = len;
		view->end = len;
	}
}

int trace_view_update(struct trace_view *view, const char *now, size_t len, size_t capacity,
		      struct trace_news *ret_news)
{
	struct trace_news news = { 0 };
	char *copy = malloc(len + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, now, len);
	find_news(view, now, len, capacity, &news);
	free(view->text);
	view->text = copy;
	view->len = len;
	*ret_news = news;
	return 0;
}

void trace_view_fini(struct trace_view *view)
{
	free(view->text);
	memset(view, 0, sizeof(*view));
}
