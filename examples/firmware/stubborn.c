/* SPDX-License-Identifier: BSD-3-Clause */
/* Hears the request to shut down, and ignores it: the host has to reset it. */
#include "crt.h"

void firmware_main(void)
{
	trace_text("stubborn: I stay\n");
	services->irq_disable();
	while (!shutdown_requested())
		services->wait(UINT64_MAX);
	trace_text("stubborn: no\n");
	for (;;)
		services->wait(UINT64_MAX);
}
