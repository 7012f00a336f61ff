/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both sides of the ring of bare_ring.h. Buffers are as many, as large and as far from each
 * other as those of rpmsg, and headers as long. A side that looks in vain for a while offers
 * its CPU, since the other may have to share it.
 */
#include "bare_ring.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

#define BUFFERS	    256u
#define BUFFER_SIZE 512u
#define HEADER_LEN  16u
#define LEN_AT	    12u
#define LOOKS	    256

struct bare_ring_memory {
	/* each in a line of its own: by the sender */
	_Alignas(64) atomic_uint sent;
	unsigned int end; /* of the sample that begins */
	/* by the one who swallows */
	_Alignas(64) atomic_uint taken;
	atomic_uint awake; /* samples it woke up for */
	uint64_t bytes;	   /* of payload; to be read when all is taken */
	_Alignas(64) uint8_t buffers[BUFFERS][BUFFER_SIZE];
};

/* Until the index is not @old any more. */
static unsigned int await_change(const atomic_uint *index, unsigned int old)
{
	unsigned int now;
	int looks = 0;

	while ((now = atomic_load_explicit(index, memory_order_acquire)) == old) {
		if (++looks % LOOKS == 0)
			sched_yield();
	}
	return now;
}

/* ---- the other process ----------------------------------------------------------------------- */

static void swallow_sample(struct bare_ring_memory *memory)
{
	unsigned int sent, taken = atomic_load(&memory->taken);
	const uint8_t *buffer;
	uint32_t len;

	while (taken != memory->end) {
		sent = await_change(&memory->sent, taken);
		for (; taken != sent; taken++) {
			buffer = memory->buffers[taken % BUFFERS];
			memcpy(&len, buffer + LEN_AT, sizeof(len));
			memory->bytes += len;
		}
		atomic_store_explicit(&memory->taken, taken, memory_order_release);
	}
}

static _Noreturn void swallow(const struct bare_ring *ring, pid_t parent)
{
	eventfd_t turns;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before it was asked to tell. */
	if (getppid() != parent)
		_exit(0);
	while (!eventfd_read(ring->turn, &turns)) {
		atomic_fetch_add(&ring->memory->awake, 1);
		swallow_sample(ring->memory);
	}
	_exit(0);
}

int bare_ring_start(struct bare_ring *ring)
{
	pid_t parent = getpid();
	int err;

	ring->turn = eventfd(0, EFD_CLOEXEC);
	if (ring->turn < 0)
		return -errno;
	ring->memory = mmap(NULL, sizeof(*ring->memory), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ring->memory == MAP_FAILED) {
		err = -errno;
		goto close_turn;
	}
	ring->pid = fork();
	if (ring->pid < 0) {
		err = -errno;
		goto unmap;
	}
	if (!ring->pid)
		swallow(ring, parent);
	return 0;

unmap:
	munmap(ring->memory, sizeof(*ring->memory));
close_turn:
	close(ring->turn);
	return err;
}

void bare_ring_stop(struct bare_ring *ring)
{
	kill(ring->pid, SIGKILL);
	waitpid(ring->pid, NULL, 0);
	munmap(ring->memory, sizeof(*ring->memory));
	close(ring->turn);
}

/* ---- this one -------------------------------------------------------------------------------- */

static int begin_sample(struct bare_ring *ring, unsigned int total)
{
	struct bare_ring_memory *memory = ring->memory;
	unsigned int awake = atomic_load(&memory->awake);

	memory->end = atomic_load(&memory->sent) + total;
	memory->bytes = 0;
	if (eventfd_write(ring->turn, 1))
		return -errno;
	await_change(&memory->awake, awake);
	return 0;
}

static void write_message(uint8_t *buffer, uint32_t number, uint32_t len)
{
	static const uint8_t payload[64];
	const uint32_t header[HEADER_LEN / 4] = { 1, number, 0, len };

	memcpy(buffer + HEADER_LEN, payload, len);
	memcpy(buffer, header, sizeof(header));
}

double bare_ring_flow(struct bare_ring *ring, unsigned int window, unsigned int total)
{
	struct bare_ring_memory *memory = ring->memory;
	unsigned int sent = atomic_load(&memory->sent), taken = sent, i;
	uint64_t begin, bytes = 0;
	int err = begin_sample(ring, total);

	if (err)
		return err;
	begin = bench_now();
	for (i = 1; i <= total; i++) {
		uint32_t len = i % window ? 64 : 4;

		while (sent - taken >= BUFFERS)
			taken = await_change(&memory->taken, taken);
		write_message(memory->buffers[sent % BUFFERS], i, len);
		atomic_store_explicit(&memory->sent, ++sent, memory_order_release);
		bytes += len;
		while ((i % window == 0 || i == total) && taken != sent)
			taken = await_change(&memory->taken, taken);
	}
	begin = bench_now() - begin;
	return memory->bytes == bytes ? (double)begin / total : -EPROTO;
}
