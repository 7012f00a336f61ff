/* SPDX-License-Identifier: BSD-3-Clause */
/* What the death of a firmware means: crash type and words. Pure. */
#ifndef RPROC_HOST_DEATH_H
#define RPROC_HOST_DEATH_H

#include <stddef.h>

#include "protocol.h"

/* enum rproc_crash_type of a death: SIGSEGV and SIGBUS are an mmufault. */
unsigned int host_death_type(const struct host_death *death);

/* One sentence: signal, pc, address, last words. Fills @text, always terminated. */
void host_death_story(const struct host_death *death, char *text, size_t len);

#endif
