/* SPDX-License-Identifier: BSD-3-Clause */
/* What the core says of itself. */
#include "stm32.h"

uint32_t stm32_read_state(struct stm32 *stm32)
{
	uint32_t state = STM32_M4_OFF;

	if (stm32->m4_state)
		rproc_syscon_read(stm32->m4_state, &state);
	return state;
}
