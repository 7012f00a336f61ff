/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The least two processes can do to hand each other a turn: an eventfd each way. Knows
 * nothing of messages.
 */
#ifndef RPROC_BENCH_PINGPONG_H
#define RPROC_BENCH_PINGPONG_H

#include <sys/types.h>

struct pingpong {
	pid_t pid;
	int there, back; /* eventfds */
};

/* Start the other process. 0 or a negative errno. */
int pingpong_start(struct pingpong *pingpong);
/* One turn there and one back. 0 or a negative errno; @pingpong is a struct pingpong. */
int pingpong_turn(void *pingpong);
void pingpong_stop(struct pingpong *pingpong);

#endif
