/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a failure is told: the errno in words, the story of the one who refused,
 * and what to do. Knows nothing of commands or of files.
 */
#ifndef RPROC_TOOL_TROUBLE_H
#define RPROC_TOOL_TROUBLE_H

#include <stdio.h>

/* "EINVAL" for 22; NULL for a number that has no name here. */
const char *trouble_errno_name(int error);

/* Text from outside, with everything unprintable shown as \xNN. */
void trouble_print(FILE *out, const char *text, size_t len);

/*
 * Print to stderr: "rproc: WHAT: words (NAME)", then a line "why:" with @story
 * and one "try:" with @remedy, each if not empty. @error is positive.
 */
void trouble_report(const char *what, int error, const char *story, const char *remedy);

#endif
