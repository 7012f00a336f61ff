/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a failure is told: the errno in words, the story of the one who refused,
 * and what to do. Knows nothing of commands or of files.
 */
#ifndef RPROC_TOOL_TROUBLE_H
#define RPROC_TOOL_TROUBLE_H

#include <stdbool.h>
#include <stdio.h>

/* "EINVAL" for 22; NULL for a number that has no name here. */
const char *trouble_errno_name(int error);

/*
 * Would byte @now, behind @before (0 at the beginning), steer a terminal? Control
 * characters do: those of ASCII, and the ones from 0x80 on, alone or in UTF-8.
 */
bool trouble_steers(char before, char now);

/* Text from outside, with everything that steers a terminal shown as \xNN. */
void trouble_print(FILE *out, const char *text, size_t len);

/*
 * Print to stderr: "rproc: WHAT: words (NAME)", then a line "why:" with @story
 * and one "try:" with @remedy, each if not empty. @error is positive. What helps when
 * the server of a mount has died is known here: @remedy is empty then.
 */
void trouble_report(const char *what, int error, const char *story, const char *remedy);

#endif
