/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into a program as it is installed: the allocation whose number is in
 * NTH_ALLOCATION fails, whoever asks for it, and the file NTH_ALLOCATION_MARK is made. SIGUSR2
 * with a number begins to count anew. Knows nothing of the program, and allocates nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t align, size_t size);

#define EVERYBODYS __attribute__((visibility("default")))

extern char **environ;
static atomic_long countdown = -1; /* -1: the environment has not been looked at */

/* getenv() is free to allocate. */
static const char *variable(const char *name)
{
	size_t len = strlen(name);
	char **entry;

	for (entry = environ; entry && *entry; entry++)
		if (!strncmp(*entry, name, len) && (*entry)[len] == '=')
			return *entry + len + 1;
	return NULL;
}

static long wanted(void)
{
	const char *digit = variable("NTH_ALLOCATION");
	long value = 0;

	for (; digit && *digit >= '0' && *digit <= '9'; digit++)
		value = value * 10 + (*digit - '0');
	return value;
}

static void mark(void)
{
	const char *path = variable("NTH_ALLOCATION_MARK");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;

	if (fd >= 0)
		close(fd);
}

static void count_anew(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	atomic_store(&countdown, info->si_value.sival_int);
}

__attribute__((constructor)) static void listen_to_tests(void)
{
	struct sigaction action = { .sa_sigaction = count_anew,
				    .sa_flags = SA_SIGINFO | SA_RESTART };

	sigaction(SIGUSR2, &action, NULL);
}

static int fails_now(void)
{
	long unset = -1;

	if (atomic_load(&countdown) == -1)
		atomic_compare_exchange_strong(&countdown, &unset, wanted());
	/* Below zero it would be looked up again. */
	if (atomic_load(&countdown) <= 0 || atomic_fetch_sub(&countdown, 1) != 1)
		return 0;
	mark();
	errno = ENOMEM;
	return 1;
}

EVERYBODYS void *malloc(size_t size)
{
	return fails_now() ? NULL : __libc_malloc(size);
}

EVERYBODYS void *calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __libc_calloc(count, size);
}

EVERYBODYS void *realloc(void *block, size_t size)
{
	return fails_now() ? NULL : __libc_realloc(block, size);
}

EVERYBODYS int posix_memalign(void **ret_block, size_t align, size_t size)
{
	void *block = fails_now() ? NULL : __libc_memalign(align, size);

	if (!block)
		return ENOMEM;
	*ret_block = block;
	return 0;
}

EVERYBODYS void *aligned_alloc(size_t align, size_t size)
{
	return fails_now() ? NULL : __libc_memalign(align, size);
}
