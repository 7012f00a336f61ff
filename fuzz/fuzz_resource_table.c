/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: a resource table from anybody. Properties: nothing is read
 * outside the bytes or written; the whole check and the entry checks agree; a
 * table that passes can be walked to its end; the verdict does not depend on
 * alignment. The mutator knows the layout: blind mutation rarely gets past the
 * header and never to a second good entry.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include <librproc/resource_table.h>

/* ---- properties ---------------------------------------------------------------- */

static uint32_t load32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void check_report(const struct rproc_report *report, int ret)
{
	unsigned int errors = 0;

	FUZZ_ASSERT(report->count <= RPROC_REPORT_MAX);
	FUZZ_ASSERT(!report->dropped || report->count == RPROC_REPORT_MAX);
	for (unsigned int i = 0; i < report->count; i++) {
		FUZZ_ASSERT(report->finding[i].story[0]);
		errors += report->finding[i].error != 0;
	}
	FUZZ_ASSERT(errors == (ret != 0));
	if (ret) {
		const struct rproc_finding *last = &report->finding[report->count - 1];

		FUZZ_ASSERT(last->error == ret && last->log[0] && last->level == 3);
	}
}

/* Every entry by itself: the first error, or 0. */
static int walk(const uint8_t *data, size_t size, uint32_t num)
{
	struct rproc_rsc rsc;
	int ret;

	for (uint32_t i = 0; i < num; i++) {
		ret = rproc_resource_table_entry(data, size, i, &rsc);
		FUZZ_ASSERT(ret == 0 || ret == -EINVAL);
		if (ret)
			return ret;
		FUZZ_ASSERT(rsc.index == i && rsc.offset >= 16);
		FUZZ_ASSERT(rsc.offset + (uint64_t)4 + rsc.avail == size);
		FUZZ_ASSERT(rsc.payload == data + rsc.offset + 4);
		FUZZ_ASSERT(rsc.type == load32(data + rsc.offset));
		ret = rproc_rsc_check(&rsc, NULL);
		FUZZ_ASSERT(ret == 0 || ret == -EINVAL);
		FUZZ_ASSERT(!ret || rsc.type < RPROC_RSC_LAST);
		if (ret)
			return ret;
		/* what passes may be used without another look */
		if (rsc.type == RPROC_RSC_VDEV) {
			const uint8_t *p = rsc.payload;

			FUZZ_ASSERT(24 + UINT64_C(20) * p[21] + load32(p + 16) <= rsc.avail);
			FUZZ_ASSERT(p[21] <= RPROC_VDEV_MAX_VRINGS);
			for (unsigned int v = 0; v < p[21]; v++)
				FUZZ_ASSERT(rproc_vring_size(load32(p + 32 + 20 * v),
							     load32(p + 28 + 20 * v)) >=
					    UINT64_C(26) * load32(p + 32 + 20 * v));
		}
	}
	FUZZ_ASSERT(rproc_resource_table_entry(data, size, num, &rsc) == -ENOENT);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rproc_report report = { 0 }, moved_report = { 0 };
	uint8_t *moved = malloc(size + 1);
	int header, ret, walked;

	FUZZ_ASSERT(moved);
	if (size)
		memcpy(moved + 1, data, size);
	header = rproc_resource_table_check_header(data, size, NULL);
	ret = rproc_resource_table_check(data, size, &report);
	check_report(&report, ret);
	FUZZ_ASSERT(ret == 0 || ret == -EINVAL || ret == -ENOMEM);
	FUZZ_ASSERT(!header || ret == header);
	FUZZ_ASSERT(ret == rproc_resource_table_check(moved + 1, size, &moved_report));
	FUZZ_ASSERT(!memcmp(&report, &moved_report, sizeof(report)));
	if (!header) {
		walked = walk(data, size, load32(data + 4));
		/* only two carveouts of one name are seen by the whole check alone */
		FUZZ_ASSERT(ret == -ENOMEM || ret == walked);
	}
	FUZZ_ASSERT(!size || !memcmp(moved + 1, data, size));
	free(moved);
	return 0;
}

/* ---- mutation ---------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *state)
{
	/* xorshift; never 0 for a state that is not */
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void store32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

/* A word that a check may turn on. */
static uint32_t telling_word(uint32_t *state, size_t size)
{
	const uint32_t words[] = { 0,
				   1,
				   2,
				   3,
				   4,
				   5,
				   7,
				   16,
				   52,
				   127,
				   128,
				   256,
				   512,
				   513,
				   4096,
				   32768,
				   65536,
				   0x7fffffff,
				   0x80000000,
				   0xfffffff0,
				   0xfffffffc,
				   0xffffffff,
				   (uint32_t)size,
				   (uint32_t)size - 4,
				   (uint32_t)size - 5,
				   (uint32_t)(size - 16) / 4 };

	return words[next_random(state) % (sizeof(words) / sizeof(words[0]))] +
	       next_random(state) % 3 - 1;
}

static size_t start_over(uint8_t *data, size_t max_size)
{
	if (max_size < 16)
		return 0;
	memset(data, 0, 16);
	store32(data, 1);
	return 16;
}

/* Append a good entry of type 0..5 or a vendor's and an offset for it; the others move up. */
static size_t add_entry(uint8_t *data, size_t size, size_t max_size, uint32_t *state)
{
	static const size_t lens[] = { 52, 52, 44, 64, 8, 8, 6 };
	uint32_t num = load32(data + 4);
	uint32_t pick = next_random(state) % 7;
	uint64_t head = 16 + UINT64_C(4) * num;
	uint8_t *entry;

	if (head > size || max_size < 4 + 4 + 64 || size > max_size - 4 - 4 - 64)
		return size;
	memmove(data + head + 4, data + head, size - head);
	for (uint32_t i = 0; i < num; i++)
		store32(data + 16 + 4 * i, load32(data + 16 + 4 * i) + 4);
	store32(data + 4, num + 1);
	store32(data + head, (uint32_t)size + 4);
	entry = data + size + 4;
	memset(entry, 0, 4 + lens[pick]);
	store32(entry, pick == 6 ? 128 + next_random(state) % 385 : pick);
	for (size_t at = 4; pick < 3 && at + 12 < lens[pick]; at += 4)
		if (at != (pick == 2 ? 12u : 20u))
			store32(entry + at, telling_word(state, size));
	if (pick < 3)
		entry[lens[pick] - 28] = (uint8_t)('a' + next_random(state) % 26);
	if (pick == 3) {
		store32(entry + 4, 7);
		entry[4 + 21] = 2;
		for (size_t ring = 28; ring < 68; ring += 20) {
			store32(entry + ring, UINT32_MAX);
			store32(entry + ring + 4, telling_word(state, size));
			store32(entry + ring + 8, 1u << next_random(state) % 16);
		}
	}
	return size + 4 + 4 + lens[pick];
}

/* Point an offset at another entry, or near it. */
static void move_offset(uint8_t *data, size_t size, uint32_t num, uint32_t *state)
{
	uint32_t from = next_random(state) % num, to = next_random(state) % num;
	uint32_t offset;

	if (16 + UINT64_C(4) * num > size)
		return;
	offset = load32(data + 16 + (size_t)4 * to) + next_random(state) % 3 * 4;
	store32(data + 16 + (size_t)4 * from, offset);
}

/* Put a telling word into an entry, at one of its first words. */
static void spoil_entry(uint8_t *data, size_t size, uint32_t num, uint32_t *state)
{
	uint32_t index = next_random(state) % num;
	uint64_t at;

	if (16 + UINT64_C(4) * num > size)
		return;
	at = load32(data + 16 + (size_t)4 * index) + UINT64_C(4) * (next_random(state) % 18);
	if (at + 4 <= size)
		store32(data + at, telling_word(state, size));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint32_t state = seed * 2654435761u + 1;
	uint32_t num;

	if (size < 16 || size > max_size)
		size = start_over(data, max_size);
	if (size < 16)
		return size;
	if (!state)
		state = 1;
	num = load32(data + 4);
	switch (next_random(&state) % 10) {
	case 0:
	case 1:
	case 2:
		return add_entry(data, size, max_size, &state);
	case 3:
	case 4:
		if (num)
			spoil_entry(data, size, num, &state);
		return size;
	case 5:
		if (num)
			move_offset(data, size, num, &state);
		return size;
	case 6:
		store32(data + 4 * (next_random(&state) % 4), telling_word(&state, size));
		return size;
	case 7:
		return size - next_random(&state) % (size < 64 ? size : 64);
	default:
		return LLVMFuzzerMutate(data, size, max_size);
	}
}
