/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * malloc, calloc, realloc, free and the aligned ones, forwarded to the C library's.
 * A table of the blocks that were given out while armed tells what leaked; it is
 * static, for this file cannot allocate.
 */
#include "oom.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *block);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);

/* Seen by the shared libraries too. */
#define EVERYBODYS __attribute__((visibility("default")))
#define SLOTS	   65536u

static atomic_bool armed;
static atomic_long countdown;
static atomic_long failures;
static atomic_bool always;
static _Thread_local bool making_thread;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static void *blocks[SLOTS]; /* open addressing; a freed one becomes GONE */
static long live;

#define GONE ((void *)1)

static unsigned int slot_of(const void *block)
{
	return (unsigned int)(((uintptr_t)block >> 4) * 2654435761u) % SLOTS;
}

static void remember(void *block)
{
	unsigned int i;

	if (!block || making_thread || !atomic_load(&armed))
		return;
	pthread_mutex_lock(&lock);
	for (i = slot_of(block); blocks[i] && blocks[i] != GONE; i = (i + 1) % SLOTS)
		;
	blocks[i] = block;
	live++;
	pthread_mutex_unlock(&lock);
}

static void forget(void *block)
{
	unsigned int i;

	if (!block)
		return;
	pthread_mutex_lock(&lock);
	for (i = slot_of(block); blocks[i] && blocks[i] != block; i = (i + 1) % SLOTS)
		;
	if (blocks[i] == block) {
		blocks[i] = GONE;
		live--;
	}
	pthread_mutex_unlock(&lock);
}

static bool fails_now(void)
{
	long left;

	if (!atomic_load(&armed))
		return false;
	left = atomic_fetch_sub(&countdown, 1);
	if (left != 1 && (left > 1 || !atomic_load(&always)))
		return false;
	atomic_fetch_add(&failures, 1);
	errno = ENOMEM;
	return true;
}

void oom_arm(long n, enum oom_mode mode)
{
	pthread_mutex_lock(&lock);
	memset(blocks, 0, sizeof(blocks));
	live = 0;
	pthread_mutex_unlock(&lock);
	atomic_store(&countdown, n);
	atomic_store(&failures, 0);
	atomic_store(&always, mode == OOM_ALWAYS);
	atomic_store(&armed, true);
}

long oom_disarm(void)
{
	atomic_store(&armed, false);
	return atomic_load(&failures);
}

long oom_live(void)
{
	long count;

	pthread_mutex_lock(&lock);
	count = live;
	pthread_mutex_unlock(&lock);
	return count;
}

/* ---- the family ---------------------------------------------------------------------- */

static void *given(void *block)
{
	remember(block);
	return block;
}

EVERYBODYS void *malloc(size_t size)
{
	return fails_now() ? NULL : given(__libc_malloc(size));
}

EVERYBODYS void *calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : given(__libc_calloc(count, size));
}

EVERYBODYS void *realloc(void *block, size_t size)
{
	void *moved;

	if (fails_now())
		return NULL;
	/* The old address may be somebody else's as soon as it is given back. */
	forget(block);
	moved = __libc_realloc(block, size);
	if (!moved && size)
		remember(block);
	return given(moved);
}

EVERYBODYS void *reallocarray(void *block, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, bytes);
}

EVERYBODYS int posix_memalign(void **ret_block, size_t align, size_t size)
{
	void *block = fails_now() ? NULL : given(__libc_memalign(align, size));

	if (!block)
		return ENOMEM;
	*ret_block = block;
	return 0;
}

EVERYBODYS void *aligned_alloc(size_t align, size_t size)
{
	return fails_now() ? NULL : given(__libc_memalign(align, size));
}

EVERYBODYS void *memalign(size_t align, size_t size)
{
	return aligned_alloc(align, size);
}

EVERYBODYS void free(void *block)
{
	int saved = errno;

	forget(block);
	__libc_free(block);
	errno = saved;
}

/* ---- threads --------------------------------------------------------------------------- */

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg)
{
	int ret;

	/* The C library may have all it needs in store, and then would not fail. */
	if (fails_now())
		return EAGAIN;
	making_thread = true;
	ret = __real_pthread_create(thread, attr, fn, arg);
	making_thread = false;
	return ret;
}
