/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Being asked to end (SIGINT, SIGTERM, SIGHUP) by a program that has something to put
 * back first. Knows nothing of what that is.
 */
#ifndef RPROC_TOOL_STOP_SIGNAL_H
#define RPROC_TOOL_STOP_SIGNAL_H

#include <stdbool.h>

/* From now on these signals end nothing; they interrupt calls, once. */
void stop_signal_catch(void);
bool stop_signal_came(void);
/* Readable once one came, so that a poll misses none; -1 without a descriptor to spare. */
int stop_signal_fd(void);

#endif
