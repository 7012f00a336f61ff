/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A text that grows: what a file shows, built once and then read in slices.
 * Knows nothing but memory.
 */
#ifndef RPROCFS_TEXT_H
#define RPROCFS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *data;
	size_t len;
	size_t cap;
	bool failed; /* an append found no memory: what there is, is incomplete */
};

/* Empty it, keep its memory. */
void text_reset(struct text *text);
/* Give its memory back. */
void text_fini(struct text *text);
void text_bytes(struct text *text, const void *bytes, size_t len);
void text_printf(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* @line and a newline. */
void text_line(struct text *text, const char *line);
/* Printable ASCII as it is, the rest and backslashes as \xNN. */
void text_escaped(struct text *text, const char *string);

#endif
