/* SPDX-License-Identifier: BSD-3-Clause */
/* The frame of the crashing examples: crash at the first kick, or at once if built so. */
#ifndef EXAMPLE_CRASH_H
#define EXAMPLE_CRASH_H

#include "crt.h"

/* Each example provides this one. */
void crash(void);

#endif
