/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The least two processes can do to hand on messages: buffers in shared memory and an index
 * each way, at which both look without sleeping. No addresses but what a header has, no kick,
 * no lock, no other sender, and whatever is in the memory is believed.
 */
#ifndef RPROC_BENCH_BARE_RING_H
#define RPROC_BENCH_BARE_RING_H

#include <stddef.h>
#include <sys/types.h>

struct bare_ring_memory;

struct bare_ring {
	pid_t pid;
	int turn; /* eventfd: the other process sleeps there while nobody measures */
	struct bare_ring_memory *memory;
};

/* Start the process that swallows. 0 or a negative errno. */
int bare_ring_start(struct bare_ring *ring);
/*
 * Send @total messages of 64 bytes, of which @window are on their way at a time; the last of
 * each window has 4. Returns ns of one message, or a negative errno.
 */
double bare_ring_flow(struct bare_ring *ring, unsigned int window, unsigned int total);
void bare_ring_stop(struct bare_ring *ring);

#endif
