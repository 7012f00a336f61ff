/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: a whole bus with a remote that writes what it likes where it may, between
 * any two calls of an application. The input is a program of both. Properties: no
 * memory outside the rings and buffers is touched, no call answers what its comment does
 * not say, nothing hangs, and whatever happened, the processor stops, every endpoint is
 * dead then, and the next input boots.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include "rpmsg_world.h"

#define EPTS 6
#define HELD 8

struct input {
	const uint8_t *data;
	size_t left;
};

struct play {
	struct rpmsg_world *world;
	struct input in;
	struct rproc_rpmsg_ept *ept[EPTS];
	bool by_callback[EPTS];
	const void *held[HELD];
	unsigned int num_held;
	struct rproc_rpmsg_ept *holder;
	bool hold, answer;
	void *tx;
};

static uint8_t next(struct play *play)
{
	if (!play->in.left)
		return 0;
	play->in.left--;
	return *play->in.data++;
}

static uint16_t next16(struct play *play)
{
	uint16_t low = next(play);

	return (uint16_t)(low | next(play) << 8);
}

/* ---- the application ----------------------------------------------------------------------- */

static void on_message(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *message,
		       void *data)
{
	struct play *play = data;
	uint8_t sum = 0;
	size_t i;

	FUZZ_ASSERT(message->len <= WORLD_BUFFER - RPROC_RPMSG_HEADER_SIZE);
	FUZZ_ASSERT(message->dst == rproc_rpmsg_ept_addr(ept));
	for (i = 0; i < message->len; i++)
		sum ^= ((const volatile uint8_t *)message->data)[i];
	if (play->answer)
		rproc_rpmsg_trysendto(ept, &sum, 1, message->src);
	if (play->hold && play->num_held < HELD &&
	    !rproc_rpmsg_hold_rx_buffer(ept, message->data)) {
		play->held[play->num_held++] = message->data;
		play->holder = ept;
	}
}

static void forget_held(struct play *play, const struct rproc_rpmsg_ept *ept)
{
	if (play->holder == ept)
		play->num_held = 0;
}

static void create(struct play *play)
{
	const struct rproc_rpmsg_ept_options options = {
		.size = sizeof(options),
		.receive = on_message,
		.data = play,
		.in_place = true,
	};
	unsigned int slot = next(play) % EPTS;
	uint32_t src = next16(play);
	bool by_callback = slot & 1;
	int ret;

	if (play->ept[slot])
		return;
	ret = rproc_rpmsg_create_ept(play->world->context, play->world->ctrl, "fuzz",
				     src & 0x8000 ? RPROC_RPMSG_ADDR_ANY : src, next16(play),
				     by_callback ? &options : NULL, &play->ept[slot]);
	FUZZ_ASSERT(ret == 0 || ret == -EADDRINUSE || ret == -ENODEV);
	play->by_callback[slot] = by_callback;
}

static void destroy(struct play *play, unsigned int slot)
{
	unsigned int i;

	if (play->ept[slot] && play->ept[slot] == play->holder) {
		for (i = 0; i < play->num_held; i++)
			rproc_rpmsg_release_rx_buffer(play->holder, play->held[i]);
	}
	forget_held(play, play->ept[slot]);
	rproc_rpmsg_destroy_ept(play->ept[slot]);
	play->ept[slot] = NULL;
}

static void send(struct play *play)
{
	static const uint8_t data[600];
	unsigned int slot = next(play) % EPTS;
	size_t len = next16(play) % sizeof(data);
	int ret;

	if (!play->ept[slot])
		return;
	ret = next(play) & 1 ? rproc_rpmsg_trysend(play->ept[slot], data, len)
			     : rproc_rpmsg_send(play->ept[slot], data, len);
	FUZZ_ASSERT(ret == 0 || ret == -ENOMEM || ret == -EPIPE || ret == -EMSGSIZE ||
		    ret == -ETIMEDOUT);
	FUZZ_ASSERT(len <= 496 || ret == -EMSGSIZE || ret == -EPIPE);
}

static void receive(struct play *play)
{
	uint8_t buf[WORLD_BUFFER];
	unsigned int slot = next(play) % EPTS;
	ssize_t ret;

	if (!play->ept[slot])
		return;
	ret = rproc_rpmsg_recv(play->ept[slot], buf, sizeof(buf), 0, NULL);
	FUZZ_ASSERT(ret <= (ssize_t)(sizeof(buf) - RPROC_RPMSG_HEADER_SIZE));
	FUZZ_ASSERT(ret >= 0 || ret == -EAGAIN || ret == -EPIPE || ret == -ENOBUFS ||
		    ret == -EINVAL);
	FUZZ_ASSERT((ret == -EINVAL) == play->by_callback[slot]);
}

static void open_any(struct play *play)
{
	struct rproc_rpmsg_channel_info *info;
	unsigned int slot = next(play) % EPTS;
	size_t num, which = next(play);
	int ret;

	FUZZ_ASSERT(!rproc_rpmsg_get_channels(play->world->context, &info, &num));
	FUZZ_ASSERT(num <= RPROC_RPMSG_CHANNELS_MAX);
	if (num && !play->ept[slot]) {
		ret = rproc_rpmsg_open(play->world->context, info[which % num].id, NULL,
				       &play->ept[slot]);
		FUZZ_ASSERT(ret == 0 || ret == -EBUSY || ret == -EINVAL || ret == -ENODEV ||
			    ret == -EADDRINUSE || ret == -ETIMEDOUT || ret == -EPIPE);
		play->by_callback[slot] = false;
	}
	free(info);
}

static void without_a_copy(struct play *play)
{
	struct rproc_rpmsg_ept *ept = play->ept[next(play) % EPTS];
	uint8_t what = next(play);
	size_t len;

	if (!ept)
		return;
	if (!play->tx) {
		if (rproc_rpmsg_get_tx_buffer(ept, false, &play->tx, &len))
			return;
		FUZZ_ASSERT(len == 496);
		memset(play->tx, what, len);
	} else if (what & 1) {
		if (rproc_rpmsg_send_nocopy(ept, play->tx, what))
			rproc_rpmsg_release_tx_buffer(ept, play->tx);
		play->tx = NULL;
	} else {
		rproc_rpmsg_release_tx_buffer(ept, play->tx);
		play->tx = NULL;
	}
}

static void release(struct play *play)
{
	if (play->num_held)
		rproc_rpmsg_release_rx_buffer(play->holder, play->held[--play->num_held]);
}

static void look(struct play *play)
{
	struct rproc_rpmsg_counters count;
	char text[512];

	rproc_rpmsg_diagnosis(play->world->rproc, text, next(play));
	if (!rproc_rpmsg_get_counters(play->world->context, play->world->ctrl, &count))
		FUZZ_ASSERT(count.tx_free <= WORLD_NUM && count.rx_held <= WORLD_NUM);
}

/* ---- the remote ---------------------------------------------------------------------------- */

static void scribble(struct play *play)
{
	unsigned int region = next(play) % WORLD_REGIONS;
	size_t at = next16(play), len = 1 + next(play) % 8;

	/* The used rings, where it hurts; or anywhere. */
	if (region < 2 && at & 0x8000)
		at = 160 + at % 72;
	for (at %= play->world->len[region]; len && at < play->world->len[region]; len--)
		play->world->region[region][at++] = next(play);
}

static void speak(struct play *play)
{
	uint8_t data[64];
	size_t len = next(play) % sizeof(data), i;
	uint32_t dst = next16(play);

	for (i = 0; i < len; i++)
		data[i] = next(play);
	rpmsg_world_send(play->world, next16(play), dst, data, len);
}

static void announce(struct play *play)
{
	uint8_t message[40] = { 's', 'v', 'c' };
	uint8_t what = next(play);

	message[3] = (uint8_t)(what >> 4);
	message[32] = next(play);
	message[36] = what & 1;
	rpmsg_world_send(play->world, 1, RPROC_RPMSG_NS_ADDR, message, sizeof(message));
}

static void step(struct play *play)
{
	static void (*const steps[])(struct play *) = {
		create, send,  receive, open_any, without_a_copy, release,
		look,	speak, speak,	announce, scribble,	  scribble,
	};
	uint8_t op = next(play);

	switch (op % 16) {
	case 12:
		rproc_vq_interrupt(play->world->rproc, op >> 4 & 1);
		break;
	case 13:
		destroy(play, (op >> 4) % EPTS);
		break;
	case 14:
		rpmsg_world_take(play->world);
		break;
	case 15:
		play->hold = op & 0x10;
		play->answer = op & 0x20;
		break;
	default:
		steps[op % 16](play);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play play = { .in = { .data = data, .left = size } };
	unsigned int i;

	play.world = rpmsg_world_begin(next(&play) & 1);
	while (play.in.left)
		step(&play);
	rpmsg_world_end(play.world);
	for (i = 0; i < EPTS; i++) {
		if (play.ept[i])
			FUZZ_ASSERT(!rproc_rpmsg_ept_alive(play.ept[i]));
		rproc_rpmsg_destroy_ept(play.ept[i]);
	}
	return 0;
}
