/* SPDX-License-Identifier: BSD-3-Clause */
/* What the core says of itself, and what its user is told of it that is no failure. */
#include <stdarg.h>
#include <stdio.h>
#include "stm32.h"

void stm32_note(struct stm32 *stm32, const char *stage, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	rproc_log(stm32->rproc, RPROC_LOG_DEBUG, "%s: %s", stage, text);
	rproc_device_story(stm32->device, 0, stage, "%s", text);
}

uint32_t stm32_read_state(struct stm32 *stm32)
{
	uint32_t state = STM32_M4_OFF;

	if (stm32->m4_state)
		rproc_syscon_read(stm32->m4_state, &state);
	return state;
}
