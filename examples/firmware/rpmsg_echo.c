/* SPDX-License-Identifier: BSD-3-Clause */
/* The service "rpmsg-raw": every message goes back to where it came from. */
#include "rpmsg_remote.h"

#define ADDR 0x400

static void echo(uint32_t src, uint32_t dst, const uint8_t *data, uint32_t len)
{
	rpmsg_send(dst, src, data, len);
}

void firmware_main(void)
{
	trace_text("rpmsg_echo: waiting for the host\n");
	if (rpmsg_init() && rpmsg_serve("rpmsg-raw", ADDR, echo)) {
		trace_text("rpmsg_echo: ready\n");
		rpmsg_run();
	}
	power_down();
}
