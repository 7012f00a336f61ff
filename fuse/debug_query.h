/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is written to dynamic_debug/control: the query language of Linux's dynamic
 * debug, as pure functions over bytes. Knows no debug line but the one it is asked
 * about.
 */
#ifndef RPROCFS_DEBUG_QUERY_H
#define RPROCFS_DEBUG_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of one write, as in Linux; more are -E2BIG. */
#define DEBUG_QUERY_MAX 4095
/* Words of one query: four keywords with their values, and the flags. */
#define DEBUG_QUERY_WORDS 9

/* Flags, by what the letters say: p m f s l t, and _ for none. */
enum debug_query_flags {
	DEBUG_QUERY_PRINT = 1,
	DEBUG_QUERY_MODULE = 2,
	DEBUG_QUERY_FUNCTION = 4,
	DEBUG_QUERY_SOURCE = 8,
	DEBUG_QUERY_LINE = 16,
	DEBUG_QUERY_THREAD = 32
};

/* One query. The strings point into the buffer it was read from; NULL: any. */
struct debug_query {
	const char *file, *module, *function, *format, *class;
	unsigned int first_line, last_line; /* 0, 0: any */
	char op;			    /* '+', '-' or '=' */
	unsigned int flags;
};

/*
 * Take the next query off @text, which is NUL-terminated and written over; queries are
 * separated by newlines and semicolons, what begins with # is none.
 * Returns 1; 0 at the end; -EINVAL for one that makes no sense, and *@text is behind it.
 */
int debug_query_next(char **text, struct debug_query *ret_query);

/* A place in a program that prints a debug line. */
struct debug_query_line {
	const char *file; /* "drivers/remoteproc/remoteproc_core.c" */
	const char *module, *function, *format;
	unsigned int line;
};
bool debug_query_matches(const struct debug_query *query, const struct debug_query_line *line);
/* What becomes of the flags of a line that matches. */
unsigned int debug_query_apply(const struct debug_query *query, unsigned int flags);

#endif
