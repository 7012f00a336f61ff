/* SPDX-License-Identifier: BSD-3-Clause */
/* Ends by itself, which a processor does not do: a fatal error, with last words. */
#include "crash.h"

void crash(void)
{
	services->exit(42, "giving up: out of coffee");
}
