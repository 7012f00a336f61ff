/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks for more than a trace: a carveout wherever the host likes, and a virtio
 * device with two vrings. Says where it got them, and answers a kick of a vring
 * with a notification of the same.
 */
#include "crt.h"

#include <stddef.h>

#define VDEV_ID 42

struct table {
	struct rproc_resource_table header;
	uint32_t offset[3];
	struct rproc_rsc_hdr trace_hdr;
	struct rproc_rsc_trace trace;
	struct rproc_rsc_hdr carveout_hdr;
	struct rproc_rsc_carveout carveout;
	struct rproc_rsc_hdr vdev_hdr;
	struct rproc_rsc_vdev vdev;
	struct rproc_rsc_vdev_vring vring[2];
};

extern volatile struct table resource_table;

__asm__(".section .resource_table,\"aw\"\n"
	".balign 16\n"
	".globl resource_table\n"
	"resource_table:\n"
	"	.long 1, 3, 0, 0\n"
	"	.long 28, 76, 132\n"
	"	.long 2\n"
	"	.long trace_buffer, 4096, 0\n"
	"	.ascii \"trace\"\n"
	"	.zero 27\n"
	"	.long 0\n"
	"	.long -1, -1, 0x3000, 0, 0\n"
	"	.ascii \"pool\"\n"
	"	.zero 28\n"
	"	.long 3\n"
	"	.long 42, 0, 1, 0, 0\n"
	"	.byte 0, 2, 0, 0\n"
	"	.long -1, 4096, 16, -1, 0\n"
	"	.long -1, 4096, 16, -1, 0\n"
	".text\n");

_Static_assert(offsetof(struct table, trace_hdr) == 28, "what the table says");
_Static_assert(offsetof(struct table, carveout_hdr) == 76, "what the table says");
_Static_assert(offsetof(struct table, vdev_hdr) == 132, "what the table says");
_Static_assert(sizeof(struct table) == 200, "what the table holds");
_Static_assert(VDEV_ID == 42, "what the table says");

static void vector(uint64_t pending)
{
	for (; pending; pending &= pending - 1)
		services->notify((uint32_t)__builtin_ctzll(pending));
}

void firmware_main(void)
{
	volatile uint32_t *const pool = (uint32_t *)(uintptr_t)resource_table.carveout.da;

	trace_text("rings: pool at ");
	trace_number(resource_table.carveout.da);
	trace_text(", ids ");
	trace_number(resource_table.vring[0].notifyid);
	trace_text(" and ");
	trace_number(resource_table.vring[1].notifyid);
	/* It is ours to write, and was handed over empty. */
	trace_text(*pool ? ", dirty\n" : ", clean\n");
	*pool = 0x600dcafe;
	set_vector(vector);
	services->irq_disable();
	while (!shutdown_requested())
		services->wait(UINT64_MAX);
	power_down();
}
