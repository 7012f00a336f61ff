/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A serial line (virtio id 11, "rproc_serial" in Linux) whose other end is plugged into
 * itself: every byte comes back. Its table is rpmsg_table.c with RPMSG_SERIAL.
 */
#include "rpmsg_remote.h"

static void echo(uint32_t src, uint32_t dst, const uint8_t *data, uint32_t len)
{
	rpmsg_send(dst, src, data, len);
}

void firmware_main(void)
{
	if (rpmsg_init() && rpmsg_listen(0, echo)) {
		trace_text("serial: ready\n");
		rpmsg_run();
	}
	power_down();
}
