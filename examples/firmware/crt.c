/* SPDX-License-Identifier: BSD-3-Clause */
/* Owns the start of every example: its stack, its trace. */
#include "crt.h"

#include <stddef.h>

struct rproc_host_control *control;
const struct rproc_host_services *services;

char trace_buffer[TRACE_LEN];
static uint32_t trace_used;

void start_on_own_stack(struct rproc_host_control *page, const struct rproc_host_services *table);

/*
 * The entry: arguments stay where they are, only the stack pointer moves to our
 * own memory, where a core dump shows it.
 */
#if defined(__x86_64__)
__asm__(".section .text.entry,\"ax\"\n"
	".globl _start\n"
	"_start:\n"
	"	lea stack_top(%rip), %rsp\n"
	"	xor %ebp, %ebp\n"
	"	call start_on_own_stack\n"
	"	ud2\n"
	".text\n");
#elif defined(__aarch64__)
__asm__(".section .text.entry,\"ax\"\n"
	".globl _start\n"
	"_start:\n"
	"	adrp x9, stack_top\n"
	"	add x9, x9, :lo12:stack_top\n"
	"	mov sp, x9\n"
	"	mov x29, xzr\n"
	"	bl start_on_own_stack\n"
	"	udf #0\n"
	".text\n");
#else
#error "the examples know x86-64 and AArch64"
#endif

void start_on_own_stack(struct rproc_host_control *page, const struct rproc_host_services *table)
{
	control = page;
	services = table;
	firmware_main();
	services->exit(0, 0);
	for (;;)
		;
}

void trace_text(const char *text)
{
	for (; *text; text++) {
		if (trace_used == TRACE_LEN - 1)
			trace_used = 0;
		trace_buffer[trace_used++] = *text;
		trace_buffer[trace_used] = '\0';
	}
}

void trace_number(uint64_t value)
{
	char digits[21];
	int i = 20;

	digits[20] = '\0';
	do {
		digits[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	trace_text(&digits[i]);
}

_Noreturn void power_down(void)
{
	services->shutdown_ack();
	for (;;)
		services->wait(UINT64_MAX);
}

/* What compilers call behind one's back. */
void *memset(void *dest, int value, size_t len);
void *memcpy(void *dest, const void *src, size_t len);

void *memset(void *dest, int value, size_t len)
{
	volatile unsigned char *p = dest;

	while (len--)
		*p++ = (unsigned char)value;
	return dest;
}

void *memcpy(void *dest, const void *src, size_t len)
{
	volatile unsigned char *d = dest;
	const unsigned char *s = src;

	while (len--)
		*d++ = *s++;
	return dest;
}
