/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tries to get out: a kick of notify id N makes the Nth system call of the list,
 * and says so in the trace if it lived to tell. It should not.
 */
#include "crt.h"

/* The clock of process 1's processor time: a clock id can name any process. */
#define FOREIGN_CLOCK (-2L * 8 + 2)

struct attempt {
	long number;
	long first, second, third;
};

static char room[64];

#if defined(__x86_64__)
/* What makes it an x32 call, and marks the entry of 32-bit programs in our list. */
#define X32	   0x40000000L
#define OLD_ENTRY  (-1L)
#define OLD_GETPID 20

static const struct attempt attempts[] = {
	{ 39, 0, 0, 0 },		       /* getpid */
	{ 257, 0, 0, 0 },		       /* openat */
	{ 9, 0, 0, 0 },			       /* mmap */
	{ 10, 0, 0, 0 },		       /* mprotect */
	{ 41, 0, 0, 0 },		       /* socket */
	{ 56, 0, 0, 0 },		       /* clone */
	{ 59, 0, 0, 0 },		       /* execve */
	{ 62, 0, 0, 0 },		       /* kill */
	{ 101, 0, 0, 0 },		       /* ptrace */
	{ 157, 0, 0, 0 },		       /* prctl */
	{ 0, 0, 0, 0 },			       /* read */
	{ 46, 0, 0, 0 },		       /* sendmsg */
	{ 12, 0, 0, 0 },		       /* brk */
	{ 13, 0, 0, 0 },		       /* rt_sigaction */
	{ 228, FOREIGN_CLOCK, (long)room, 0 }, /* clock_gettime of another process */
	{ 234, 1, 1, 0 },		       /* tgkill of another process */
	{ 1, 1, (long)room, 1 },	       /* write to what is no bell */
	{ 202, (long)room, 1, 1 },	       /* futex, for anything but to wait */
	{ X32 | 39, 0, 0, 0 },		       /* getpid, as x32 programs call it */
	{ OLD_ENTRY, OLD_GETPID, 0, 0 },       /* and as 32-bit programs do */
};

static long call(const struct attempt *attempt)
{
	long result;

	if (attempt->number == OLD_ENTRY)
		__asm__ volatile("int $0x80" : "=a"(result) : "0"(attempt->first) : "memory");
	else
		__asm__ volatile("syscall"
				 : "=a"(result)
				 : "0"(attempt->number), "D"(attempt->first), "S"(attempt->second),
				   "d"(attempt->third)
				 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static const struct attempt attempts[] = {
	{ 172, 0, 0, 0 },		       /* getpid */
	{ 56, 0, 0, 0 },		       /* openat */
	{ 222, 0, 0, 0 },		       /* mmap */
	{ 226, 0, 0, 0 },		       /* mprotect */
	{ 198, 0, 0, 0 },		       /* socket */
	{ 220, 0, 0, 0 },		       /* clone */
	{ 221, 0, 0, 0 },		       /* execve */
	{ 129, 0, 0, 0 },		       /* kill */
	{ 117, 0, 0, 0 },		       /* ptrace */
	{ 167, 0, 0, 0 },		       /* prctl */
	{ 63, 0, 0, 0 },		       /* read */
	{ 211, 0, 0, 0 },		       /* sendmsg */
	{ 214, 0, 0, 0 },		       /* brk */
	{ 134, 0, 0, 0 },		       /* rt_sigaction */
	{ 113, FOREIGN_CLOCK, (long)room, 0 }, /* clock_gettime of another process */
	{ 131, 1, 1, 0 },		       /* tgkill of another process */
	{ 64, 1, (long)room, 1 },	       /* write to what is no bell */
	{ 98, (long)room, 1, 1 },	       /* futex, for anything but to wait */
};

static long call(const struct attempt *attempt)
{
	register long nr __asm__("x8") = attempt->number;
	register long first __asm__("x0") = attempt->first;
	register long second __asm__("x1") = attempt->second;
	register long third __asm__("x2") = attempt->third;

	__asm__ volatile("svc #0" : "+r"(first) : "r"(nr), "r"(second), "r"(third) : "memory");
	return first;
}
#endif

static void vector(uint64_t pending)
{
	unsigned int id;

	for (; pending; pending &= pending - 1) {
		id = (unsigned int)__builtin_ctzll(pending);
		if (id >= sizeof(attempts) / sizeof(attempts[0]))
			continue;
		call(&attempts[id]);
		trace_text("jail: got out\n");
		services->notify(id);
	}
}

void firmware_main(void)
{
	trace_text("jail: in\n");
	set_vector(vector);
	services->irq_disable();
	while (!shutdown_requested())
		services->wait(UINT64_MAX);
	power_down();
}
