/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a program does with an attribute: read it, write it, wait for it to
 * change. The same on the mount, on its peer and on sysfs.
 */
#ifndef RPROC_BENCH_ATTRIBUTE_H
#define RPROC_BENCH_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>

struct attribute {
	char path[256];
	const char *word; /* what is written */
	int fd;		  /* kept open for reading; -1: not */
};

/* bench_op_fn each; the argument is a struct attribute. */
int attribute_read(void *attribute);		/* open, read, close */
int attribute_pread(void *attribute);		/* of the kept descriptor */
int attribute_write(void *attribute);		/* open, write, close */
int attribute_write_truncated(void *attribute); /* the same as a shell's `>` does it */

/* ---- waiting ---------------------------------------------------------------------- */

/*
 * A change that somebody waits for with poll(). @start and @stop are written to
 * @control in turn; @watched is what is polled; @events tells when it happened,
 * in lines "... SECONDS.NANOSECONDS ... -> ...". Without @events it happened when
 * the write began.
 */
struct wakeup {
	char watched[256], control[256], events[256];
	const char *start, *stop;
	unsigned int pace_ms; /* so long between two changes */
	unsigned int changes; /* of one sample; even, so that it ends as it began */
	void *private;
};
/* Open the files and start the thread that waits. 0 or a negative errno. */
int wakeup_open(struct wakeup *wakeup);
void wakeup_close(struct wakeup *wakeup);
/* bench_sample_fn: median ns from a change to poll()'s return. */
double wakeup_sample(void *wakeup);

#endif
