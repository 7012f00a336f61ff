/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sender: the service "burst" takes two words, how many messages and of how many bytes,
 * and sends them as fast as the host gives buffers, each beginning with its number. At
 * "sink" everything is swallowed; a message of four bytes there is answered with how many
 * came since the last answer.
 */
#include "rpmsg_remote.h"

#define BURST_ADDR 0x400
#define SINK_ADDR  0x401

static uint8_t pattern[65536];
static uint32_t swallowed;

static void burst(uint32_t src, uint32_t dst, const uint8_t *data, uint32_t len)
{
	uint32_t want[2], i;

	if (len != sizeof(want))
		return;
	rpmsg_copy(want, data, sizeof(want));
	if (want[1] < sizeof(i) || want[1] > sizeof(pattern))
		return;
	for (i = 0; i < want[0]; i++) {
		rpmsg_copy(pattern, &i, sizeof(i));
		if (!rpmsg_send(dst, src, pattern, want[1]))
			return;
	}
}

static void sink(uint32_t src, uint32_t dst, const uint8_t *data, uint32_t len)
{
	(void)data;
	swallowed++;
	if (len != sizeof(swallowed))
		return;
	rpmsg_send(dst, src, &swallowed, sizeof(swallowed));
	swallowed = 0;
}

void firmware_main(void)
{
	uint32_t i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)i;
	if (rpmsg_init() && rpmsg_serve("burst", BURST_ADDR, burst) &&
	    rpmsg_serve("sink", SINK_ADDR, sink)) {
		trace_text("rpmsg_burst: ready\n");
		rpmsg_run();
	}
	power_down();
}
