/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is new in a trace buffer: firmware appends to it, starts over in it, or
 * uses it as a ring. Pure: two texts in, the new pieces out; no files.
 */
#ifndef RPROC_TOOL_TRACE_VIEW_H
#define RPROC_TOOL_TRACE_VIEW_H

#include <stdbool.h>
#include <stddef.h>

/* What was seen last. Zero it; release with trace_view_fini(). */
struct trace_view {
	char *text;
	size_t len;
	size_t end; /* where the firmware wrote last */
};

/* New text: at most two pieces of the buffer just looked at, in the order written. */
struct trace_news {
	bool restarted; /* the firmware began again: piece[0] is the whole text */
	struct {
		size_t start, len;
	} piece[2];
};

/*
 * Compare @now with what was seen last, and remember it. Only a buffer that is full,
 * @capacity bytes (0: not known), is taken for a ring. When it cannot be told what
 * happened the text is given again as a whole: repeated, never lost. 0 or -ENOMEM.
 */
int trace_view_update(struct trace_view *view, const char *now, size_t len, size_t capacity,
		      struct trace_news *ret_news);
void trace_view_fini(struct trace_view *view);

#endif
