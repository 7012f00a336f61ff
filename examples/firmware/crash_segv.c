/* SPDX-License-Identifier: BSD-3-Clause */
/* Dies of an address that is not there: an mmufault. */
#include "crash.h"

void crash(void)
{
	*(volatile uint32_t *)(uintptr_t)0x0badc0de0 = 1;
}
