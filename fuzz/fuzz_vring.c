/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: a ring whose memory somebody else writes between any two calls. The input is
 * a program: calls of the driver's side and writes into the ring. Properties: nothing
 * outside the ring is touched; what comes back was given and comes back once; no length
 * is above the buffer's; a ring that was found to lie stays broken and says why; a remote
 * that keeps to the rules is never called a liar.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <librproc/resource_table.h>
#include "virtio/vring.h"

#define MAX_NUM	   64u
#define BUFFER_LEN 512u

struct input {
	const uint8_t *data;
	size_t left;
};

static uint8_t next(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->data++;
}

static uint16_t next16(struct input *in)
{
	uint16_t low = next(in);

	return (uint16_t)(low | next(in) << 8);
}

struct world {
	struct rproc_vring vring;
	struct rproc_vring_slot slots[MAX_NUM];
	uint8_t *va; /* exactly as long as the ring */
	size_t len, used_at;
	uint32_t num;
	bool out[65536]; /* tokens that the remote has */
	bool writable[65536];
	uint16_t next_token;
	unsigned int outstanding;
	bool lied;	/* something wrote into the ring that was not the honest remote */
	uint16_t taken; /* by the honest remote */
};

static void check_add(struct world *w, bool writable)
{
	uint16_t token = w->next_token;
	int ret;

	if (w->out[token])
		return;
	ret = rproc_vring_add(&w->vring, token * UINT64_C(0x1000), BUFFER_LEN, writable, token);
	FUZZ_ASSERT(ret == 0 || ret == -ENOSPC || ret == -EPROTO);
	FUZZ_ASSERT((ret == -EPROTO) == w->vring.broken);
	FUZZ_ASSERT(ret != -ENOSPC || w->outstanding == w->num);
	if (ret)
		return;
	w->out[token] = true;
	w->writable[token] = writable;
	w->next_token++;
	w->outstanding++;
}

static void check_get(struct world *w)
{
	uint32_t token = UINT32_MAX, len = UINT32_MAX;
	int ret = rproc_vring_get(&w->vring, &token, &len);

	FUZZ_ASSERT(ret == 1 || ret == 0 || ret == -EPROTO);
	FUZZ_ASSERT((ret == -EPROTO) == w->vring.broken);
	if (ret == -EPROTO)
		FUZZ_ASSERT(w->lied && w->vring.fault[0]);
	if (ret != 1)
		return;
	FUZZ_ASSERT(token < 65536 && w->out[token]);
	FUZZ_ASSERT(!w->writable[token] || len <= BUFFER_LEN);
	w->out[token] = false;
	w->outstanding--;
}

/* What a good remote does: take the next buffer and hand it back. */
static void be_honest(struct world *w, uint16_t len)
{
	uint8_t *avail = w->va + 16 * (size_t)w->num, *used = w->va + w->used_at, *element;
	uint16_t avail_idx, used_idx, id;
	uint32_t word;

	memcpy(&avail_idx, avail + 2, 2);
	if (w->lied || avail_idx == w->taken)
		return;
	memcpy(&id, avail + 4 + 2 * (w->taken++ % w->num), 2);
	memcpy(&used_idx, used + 2, 2);
	element = used + 4 + 8 * (size_t)(used_idx % w->num);
	word = id;
	memcpy(element, &word, 4);
	word = len % (BUFFER_LEN + 1);
	memcpy(element + 4, &word, 4);
	used_idx++;
	memcpy(used + 2, &used_idx, 2);
}

static void lie(struct world *w, struct input *in)
{
	size_t at = next16(in) % w->len;

	/* Most of the ring is of no interest: rather the used part. */
	if (next(in) & 1)
		at = w->used_at + at % (w->len - w->used_at);
	w->va[at] = next(in);
	w->lied = true;
}

static void step(struct world *w, struct input *in)
{
	uint8_t op = next(in);

	switch (op % 9) {
	case 0:
	case 1:
		check_add(w, op & 0x80);
		break;
	case 2:
		check_get(w);
		break;
	case 3:
		rproc_vring_kick_prepare(&w->vring);
		break;
	case 4:
		rproc_vring_disable_cb(&w->vring);
		break;
	case 5:
		rproc_vring_enable_cb(&w->vring, (uint16_t)(1 + next(in)));
		break;
	case 6:
		FUZZ_ASSERT(!rproc_vring_check(&w->vring) || w->lied);
		FUZZ_ASSERT(rproc_vring_has_used(&w->vring) || !w->vring.broken);
		break;
	case 7:
		be_honest(w, next16(in));
		break;
	case 8:
		lie(w, in);
		break;
	}
	FUZZ_ASSERT(rproc_vring_outstanding(&w->vring) == w->outstanding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct input in = { .data = data, .left = size };
	uint32_t align;
	void *va = NULL;
	bool event_idx;
	uint8_t shape;

	memset(&w, 0, sizeof(w));
	shape = next(&in);
	w.num = 1u << (shape & 7);
	if (w.num > MAX_NUM)
		w.num = MAX_NUM;
	align = 4u << (shape >> 3 & 7);
	event_idx = shape & 0x80;
	w.len = (size_t)rproc_vring_size(w.num, align);
	w.used_at = w.len - 6 - 8 * (size_t)w.num;
	FUZZ_ASSERT(!posix_memalign(&va, 16, w.len));
	w.va = va;
	FUZZ_ASSERT(!rproc_vring_init(&w.vring, va, w.len, w.num, align, event_idx, w.slots));
	while (in.left)
		step(&w, &in);
	free(va);
	return 0;
}
