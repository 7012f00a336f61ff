/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of a log in the form of /dev/kmsg, which librproc/log shares: opening
 * the log of a mount, reading records, and telling whose they are.
 */
#ifndef RPROC_TOOL_RECORD_H
#define RPROC_TOOL_RECORD_H

#include <stdbool.h>
#include "mount.h"

struct record {
	int level;		 /* of syslog: 3 is an error */
	unsigned long long usec; /* since boot */
	char text[1024];	 /* "DEVICE: line" */
};

/* The log of the mount, or the kernel's where that is the server. A negative errno. */
int record_open_log(const struct mount *mount, bool block);

/* The next record. 1: *ret_record is filled; 0: none waits; a negative errno. */
int record_read(int fd, struct record *ret_record);

/* Does it speak of the processor remoteprocN? */
bool record_is_of(const struct record *record, int index);
/* Does it speak of remote processors at all? The kernel's log is full of other things. */
bool record_is_ours(const struct record *record);

#endif
