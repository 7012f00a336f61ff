/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The resource table of most examples: one trace buffer. In assembly, because its
 * 32-bit words hold an address that only the linker knows.
 */
#include "crt.h"

#include <stddef.h>

struct table {
	struct rproc_resource_table header;
	uint32_t offset[1];
	struct rproc_rsc_hdr trace_hdr;
	struct rproc_rsc_trace trace;
};

__asm__(".section .resource_table,\"aw\"\n"
	".balign 16\n"
	"	.long 1, 1, 0, 0\n"
	"	.long 20\n"
	"	.long 2\n"
	"	.long trace_buffer, 4096, 0\n"
	"	.ascii \"trace\"\n"
	"	.zero 27\n"
	".text\n");

_Static_assert(offsetof(struct table, trace_hdr) == 20, "what the table says");
_Static_assert(sizeof(struct table) == 68, "what the table holds");
_Static_assert(TRACE_LEN == 4096, "what the table says");
