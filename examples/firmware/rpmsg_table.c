/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The resource table of firmware that speaks rpmsg: the trace buffer and one vdev with two
 * vrings wherever the host likes. RPMSG_PLAIN is the least there is; RPMSG_BUFFER_SIZE asks
 * for buffers of another size; RPMSG_SERIAL is a serial line in the place of a bus.
 */
#include "rpmsg_remote.h"

#include <stddef.h>

#ifdef RPMSG_SERIAL
#define VDEV_ID	       11
#define RPMSG_BUFFERS  64
#define RPMSG_FEATURES 0x20000000 /* event index */
#else
#define VDEV_ID 7
#endif
#ifdef RPMSG_PLAIN
#define RPMSG_BUFFERS  8	  /* of each ring */
#define RPMSG_FEATURES 0x00000001 /* name service */
#elif !defined(RPMSG_SERIAL)
#define RPMSG_BUFFERS 256
#ifdef RPMSG_BUFFER_SIZE
#define RPMSG_FEATURES 0x20000005 /* and sizes of buffers, event index */
#else
#define RPMSG_FEATURES 0x20000001
#endif
#endif
#ifndef RPMSG_BUFFER_SIZE
#define RPMSG_BUFFER_SIZE 512
#endif

#define TEXT(x)	 #x
#define VALUE(x) TEXT(x)

/* The address of the trace is the linker's to know: a 32-bit word in the image. */
/* clang-format off */
__asm__(".section .resource_table,\"aw\"\n"
	".balign 16\n"
	".globl resource_table\n"
	"resource_table:\n"
	"	.long 1, 2, 0, 0\n"
	"	.long 24, 72\n"
	"	.long 2\n"
	"	.long trace_buffer, 4096, 0\n"
	"	.ascii \"trace\"\n"
	"	.zero 27\n"
	"	.long 3, " VALUE(VDEV_ID) ", 0, " VALUE(RPMSG_FEATURES) ", 0, 8\n"
	"	.byte 0, 2, 0, 0\n"
	"	.long -1, 16, " VALUE(RPMSG_BUFFERS) ", 0, 0\n"
	"	.long -1, 16, " VALUE(RPMSG_BUFFERS) ", 0, 0\n"
	"	.long " VALUE(RPMSG_BUFFER_SIZE) ", " VALUE(RPMSG_BUFFER_SIZE) "\n"
	".size resource_table, . - resource_table\n"
	".text\n");
/* clang-format on */

_Static_assert(offsetof(struct rpmsg_table, trace_type) == 24, "what the table says");
_Static_assert(offsetof(struct rpmsg_table, vdev_type) == 72, "what the table says");
_Static_assert(sizeof(struct rpmsg_table) == 72 + 28 + 40 + 8, "what the table holds");
