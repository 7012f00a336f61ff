/* SPDX-License-Identifier: BSD-3-Clause */
/* Owns nothing but the bytes: the assembler copies the built machine in here. */
#include "machine_image.h"

__asm__(".section .rodata\n"
	".balign 16\n"
	".hidden host_machine_image\n"
	".globl host_machine_image\n"
	"host_machine_image:\n"
	".incbin \"" HOST_MACHINE_FILE "\"\n"
	".hidden host_machine_image_end\n"
	".globl host_machine_image_end\n"
	"host_machine_image_end:\n"
	".byte 0\n"
	".previous\n");
