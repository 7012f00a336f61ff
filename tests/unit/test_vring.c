/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The split virtqueue: shapes that are refused, layout, wrap-around, every lie a remote
 * can tell in an index, an id or a length, and notifications with and without an event
 * index.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <librproc/resource_table.h>
#include "virtio/vring.h"
#include "vring_peer.h"

struct world {
	struct rproc_vring vring;
	struct rproc_vring_slot *slots;
	struct vring_peer peer;
	uint8_t *va; /* exactly as long as the ring: a sanitizer sees any overrun */
};

static void open_world(struct world *w, uint16_t num, uint32_t align, bool event_idx)
{
	size_t len = (size_t)rproc_vring_size(num, align);
	void *va = NULL;

	assert_int_equal(posix_memalign(&va, 4096, len), 0);
	memset(va, 0x5a, len);
	w->va = va;
	w->slots = calloc(num, sizeof(*w->slots));
	assert_non_null(w->slots);
	assert_int_equal(rproc_vring_init(&w->vring, va, len, num, align, event_idx, w->slots), 0);
	vring_peer_init(&w->peer, va, num, align, event_idx);
}

static void close_world(struct world *w)
{
	free(w->va);
	free(w->slots);
}

/* ---- shapes ------------------------------------------------------------------------------- */

static void a_ring_of_a_wrong_shape_is_refused(void **state)
{
	static const struct {
		uint32_t num, align;
		size_t len;
		size_t at;
		const char *why;
	} wrong[] = {
		{ 0, 16, 4096, 0, "0 buffers" },
		{ 65536, 16, 1 << 22, 0, "65536 buffers" },
		{ 0x80000000, 16, 4096, 0, "2147483648 buffers" },
		{ 8, 0, 4096, 0, "alignment 0" },
		{ 8, 2, 4096, 0, "alignment 2" },
		{ 8, 6, 4096, 0, "alignment 6" },
		{ 8, 16, 4096, 8, "not aligned to 16" },
		{ 8, 16, 229, 0, "need 230 bytes, it has 229" },
		{ 256, 4096, 10245, 0, "need 10246 bytes" },
	};
	struct rproc_vring_slot slots[8];
	struct rproc_vring vring;
	uint8_t *va;
	size_t i;

	(void)state;
	va = aligned_alloc(4096, 1 << 22);
	assert_non_null(va);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(rproc_vring_init(&vring, va + wrong[i].at, wrong[i].len,
						  wrong[i].num, wrong[i].align, true, slots),
				 -EINVAL);
		if (!strstr(vring.fault, wrong[i].why))
			fail_msg("no \"%s\" in \"%s\"", wrong[i].why, vring.fault);
	}
	free(va);
}

static void every_legal_shape_works_to_its_last_byte(void **state)
{
	static const uint16_t nums[] = { 1, 2, 4, 8, 256, 32768 };
	static const uint32_t aligns[] = { 4, 16, 4096, 65536 };
	struct world w;
	uint32_t token, len;
	uint16_t id;
	size_t i, j, k;

	(void)state;
	for (i = 0; i < sizeof(nums) / sizeof(nums[0]); i++) {
		for (j = 0; j < sizeof(aligns) / sizeof(aligns[0]); j++) {
			open_world(&w, nums[i], aligns[j], true);
			for (k = 0; k < nums[i]; k++)
				assert_int_equal(rproc_vring_add(&w.vring, k, 8, true, (uint32_t)k),
						 0);
			assert_int_equal(rproc_vring_add(&w.vring, k, 8, true, 0), -ENOSPC);
			for (k = 0; k < nums[i]; k++) {
				assert_true(vring_peer_take(&w.peer, &id));
				vring_peer_use(&w.peer, id, 8);
				assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 1);
				assert_int_equal(token, k);
			}
			assert_false(vring_peer_take(&w.peer, &id));
			close_world(&w);
		}
	}
}

/* Linux makes such a ring too, and takes the places that the mask of a power of two gives. */
static void a_number_that_is_no_power_of_two_is_masked(void **state)
{
	static const uint16_t place[9] = { 0, 0, 0, 0, 0, 0, 0, 0, 8 };
	struct world w;
	const uint16_t *avail;
	uint16_t i;

	(void)state;
	open_world(&w, 9, 16, false);
	avail = (const uint16_t *)(const void *)(w.va + 16 * 9);
	for (i = 0; i < 9; i++) {
		assert_int_equal(rproc_vring_add(&w.vring, i, 8, true, i), 0);
		assert_int_equal(avail[1], i + 1);
		assert_int_equal(avail[2 + place[i]], i);
	}
	assert_int_equal(rproc_vring_add(&w.vring, i, 8, true, i), -ENOSPC);
	close_world(&w);
}

static void memory_of_the_ring_begins_zeroed(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	open_world(&w, 8, 4096, false);
	for (i = 0; i < rproc_vring_size(8, 4096); i++)
		assert_int_equal(w.va[i], 0);
	close_world(&w);
}

static void a_descriptor_says_what_was_added(void **state)
{
	struct vring_peer_desc desc;
	struct world w;
	uint16_t id;

	(void)state;
	open_world(&w, 8, 16, false);
	assert_int_equal(rproc_vring_add(&w.vring, UINT64_C(0x1234567890), 512, true, 7), 0);
	assert_int_equal(rproc_vring_add(&w.vring, UINT64_C(0xfedcba9876543210), 20, false, 8), 0);
	assert_true(vring_peer_take(&w.peer, &id));
	desc = vring_peer_desc(&w.peer, id);
	assert_true(desc.addr == UINT64_C(0x1234567890) && desc.len == 512);
	assert_int_equal(desc.flags, 2);
	assert_true(vring_peer_take(&w.peer, &id));
	desc = vring_peer_desc(&w.peer, id);
	assert_true(desc.addr == UINT64_C(0xfedcba9876543210) && desc.len == 20);
	assert_int_equal(desc.flags, 0);
	assert_false(vring_peer_take(&w.peer, &id));
	close_world(&w);
}

/* ---- going round --------------------------------------------------------------------------- */

static void indices_wrap_and_buffers_come_back_in_any_order(void **state)
{
	struct world w;
	uint32_t token, len, i;
	uint16_t id[4];

	(void)state;
	open_world(&w, 4, 16, true);
	for (i = 0; i < 70000; i++) {
		assert_int_equal(rproc_vring_add(&w.vring, i, 16, true, 3 * i), 0);
		assert_int_equal(rproc_vring_add(&w.vring, i, 16, true, 3 * i + 1), 0);
		assert_int_equal(rproc_vring_add(&w.vring, i, 16, false, 3 * i + 2), 0);
		assert_true(vring_peer_take(&w.peer, &id[0]) && vring_peer_take(&w.peer, &id[1]) &&
			    vring_peer_take(&w.peer, &id[2]));
		vring_peer_use(&w.peer, id[2], UINT32_MAX); /* of what it only reads: no matter */
		vring_peer_use(&w.peer, id[0], 16);
		vring_peer_use(&w.peer, id[1], 0);
		assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 1);
		assert_int_equal(token, 3 * i + 2);
		assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 1);
		assert_true(token == 3 * i && len == 16);
		assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 1);
		assert_true(token == 3 * i + 1 && len == 0);
		assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 0);
		assert_int_equal(rproc_vring_outstanding(&w.vring), 0);
	}
	close_world(&w);
}

static void what_the_remote_does_to_descriptors_does_not_matter(void **state)
{
	struct world w;
	uint32_t token, len;
	uint16_t id;
	int i;

	(void)state;
	open_world(&w, 8, 16, true);
	for (i = 0; i < 100; i++) {
		assert_int_equal(rproc_vring_add(&w.vring, 0x1000, 64, true, (uint32_t)i), 0);
		assert_true(vring_peer_take(&w.peer, &id));
		/* The whole of what the driver wrote, and will not read again. */
		memset(w.va, 0xff, 8 * 16);
		vring_peer_use(&w.peer, id, 64);
		assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 1);
		assert_true(token == (uint32_t)i && len == 64);
	}
	close_world(&w);
}

/* ---- lies ---------------------------------------------------------------------------------- */

/* The ring is broken with this reason, and nothing brings it back. */
static void expect_broken(struct world *w, const char *why)
{
	uint32_t token = 77, len = 78;

	assert_int_equal(rproc_vring_get(&w->vring, &token, &len), -EPROTO);
	assert_true(token == 77 && len == 78);
	if (!strstr(w->vring.fault, why))
		fail_msg("no \"%s\" in \"%s\"", why, w->vring.fault);
	vring_peer_set_used_idx(&w->peer, w->vring.last_used);
	assert_int_equal(rproc_vring_get(&w->vring, &token, &len), -EPROTO);
	assert_int_equal(rproc_vring_add(&w->vring, 0, 8, true, 0), -EPROTO);
	assert_false(rproc_vring_kick_prepare(&w->vring));
	assert_true(rproc_vring_has_used(&w->vring));
}

static void a_used_index_that_runs_ahead_breaks_the_ring(void **state)
{
	static const uint16_t ahead[] = { 3, 4, 8, 9, 0x7fff, 0x8000, 0xffff };
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
		open_world(&w, 8, 16, true);
		rproc_vring_add(&w.vring, 0, 8, true, 0);
		rproc_vring_add(&w.vring, 0, 8, true, 1);
		vring_peer_set_used_idx(&w.peer, ahead[i]);
		expect_broken(&w, "but the remote has 2 buffers");
		close_world(&w);
	}
}

static void an_index_on_an_empty_ring_breaks_it(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 8, 16, true);
	vring_peer_set_used_idx(&w.peer, 1);
	expect_broken(&w, "the remote has 0 buffers");
	close_world(&w);
}

static void an_index_that_goes_back_breaks_the_ring(void **state)
{
	struct world w;
	uint32_t token, len;
	uint16_t id;

	(void)state;
	open_world(&w, 8, 16, true);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	rproc_vring_add(&w.vring, 0, 8, true, 1);
	assert_true(vring_peer_take(&w.peer, &id));
	vring_peer_use(&w.peer, id, 8);
	assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 1);
	vring_peer_set_used_idx(&w.peer, 0);
	expect_broken(&w, "65535 ahead");
	close_world(&w);
}

/* Each look for itself would find a possible one, and so they would go on for ever. */
static void an_index_that_goes_to_and_fro_breaks_the_ring(void **state)
{
	struct world w;
	uint32_t i;

	(void)state;
	open_world(&w, 8, 16, true);
	for (i = 0; i < 4; i++)
		rproc_vring_add(&w.vring, 0, 8, true, i);
	vring_peer_set_used_idx(&w.peer, 3);
	assert_true(rproc_vring_enable_cb(&w.vring, 1));
	vring_peer_set_used_idx(&w.peer, 2);
	assert_int_equal(rproc_vring_check(&w.vring), -EPROTO);
	expect_broken(&w, "the used index went back from 3 to 2");
	close_world(&w);
	open_world(&w, 8, 16, true);
	/* Whoever wants to sleep learns that there is something, which is the lie. */
	vring_peer_set_used_idx(&w.peer, 1);
	assert_true(rproc_vring_enable_cb(&w.vring, 4));
	expect_broken(&w, "the remote has 0 buffers");
	close_world(&w);
}

static void an_id_out_of_range_breaks_the_ring(void **state)
{
	static const uint32_t ids[] = { 8, 9, 0xffff, 0x10000, 0x10001, 0x80000000, 0xffffffff };
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		open_world(&w, 8, 16, true);
		rproc_vring_add(&w.vring, 0, 8, true, 0);
		vring_peer_use(&w.peer, ids[i], 8);
		expect_broken(&w, "out of range");
		close_world(&w);
	}
}

static void an_id_that_was_not_given_breaks_the_ring(void **state)
{
	struct world w;
	uint32_t token, len;
	uint16_t id;

	(void)state;
	open_world(&w, 8, 16, true);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	rproc_vring_add(&w.vring, 0, 8, true, 1);
	vring_peer_use(&w.peer, 7, 8);
	expect_broken(&w, "id 7 is not a head");
	close_world(&w);

	/* The same one twice. */
	open_world(&w, 8, 16, true);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	rproc_vring_add(&w.vring, 0, 8, true, 1);
	assert_true(vring_peer_take(&w.peer, &id));
	vring_peer_use(&w.peer, id, 8);
	vring_peer_use(&w.peer, id, 8);
	assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 1);
	expect_broken(&w, "is not a head");
	close_world(&w);
}

static void a_length_above_the_buffer_breaks_the_ring(void **state)
{
	static const uint32_t lens[] = { 513, 514, 0x10200, 0x80000000, 0xffffffff };
	struct world w;
	uint16_t id;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		open_world(&w, 8, 16, false);
		rproc_vring_add(&w.vring, 0, 512, true, 0);
		assert_true(vring_peer_take(&w.peer, &id));
		vring_peer_use(&w.peer, id, lens[i]);
		expect_broken(&w, "the buffer has 512");
		close_world(&w);
	}
}

static void an_index_is_read_once_for_the_elements_it_covers(void **state)
{
	struct world w;
	uint32_t token, len;
	uint16_t id;
	int i;

	(void)state;
	open_world(&w, 8, 16, true);
	for (i = 0; i < 4; i++)
		rproc_vring_add(&w.vring, 0, 8, true, (uint32_t)i);
	for (i = 0; i < 4; i++) {
		assert_true(vring_peer_take(&w.peer, &id));
		vring_peer_use(&w.peer, id, 8);
	}
	assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 1);
	/* It was good when it was read: what it becomes meanwhile is for later. */
	vring_peer_set_used_idx(&w.peer, 0x4000);
	for (i = 1; i < 4; i++) {
		assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 1);
		assert_int_equal(token, i);
	}
	expect_broken(&w, "the used index is 16384");
	close_world(&w);
}

static void a_look_at_the_index_finds_lies_and_takes_nothing(void **state)
{
	struct world w;
	uint32_t token, len;
	uint16_t id;

	(void)state;
	open_world(&w, 8, 16, true);
	assert_int_equal(rproc_vring_check(&w.vring), 0);
	rproc_vring_add(&w.vring, 0, 8, true, 5);
	assert_true(vring_peer_take(&w.peer, &id));
	vring_peer_use(&w.peer, id, 8);
	assert_int_equal(rproc_vring_check(&w.vring), 0);
	assert_int_equal(rproc_vring_get(&w.vring, &token, &len), 1);
	assert_int_equal(token, 5);
	vring_peer_set_used_idx(&w.peer, 3);
	assert_int_equal(rproc_vring_check(&w.vring), -EPROTO);
	assert_int_equal(rproc_vring_check(&w.vring), -EPROTO);
	expect_broken(&w, "the used index is 3");
	close_world(&w);
}

/* ---- notifications ------------------------------------------------------------------------- */

static void kicks_follow_the_event_index(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 8, 16, true);
	assert_false(rproc_vring_kick_prepare(&w.vring)); /* nothing was added */
	vring_peer_want_kick(&w.peer, true);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	assert_true(rproc_vring_kick_prepare(&w.vring));
	assert_false(rproc_vring_kick_prepare(&w.vring)); /* it was told */
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	assert_false(rproc_vring_kick_prepare(&w.vring)); /* it is at work */
	vring_peer_set_avail_event(&w.peer, 4);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	assert_false(rproc_vring_kick_prepare(&w.vring));
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	assert_true(rproc_vring_kick_prepare(&w.vring)); /* the fifth */
	vring_peer_set_avail_event(&w.peer, 5);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	assert_true(rproc_vring_kick_prepare(&w.vring)); /* passed in one step */
	close_world(&w);
}

static void kicks_follow_the_flag_without_an_event_index(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 8, 16, false);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	assert_true(rproc_vring_kick_prepare(&w.vring));
	vring_peer_set_used_flags(&w.peer, 1);
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	assert_false(rproc_vring_kick_prepare(&w.vring));
	vring_peer_set_used_flags(&w.peer, 0);
	assert_false(rproc_vring_kick_prepare(&w.vring));
	rproc_vring_add(&w.vring, 0, 8, true, 0);
	assert_true(rproc_vring_kick_prepare(&w.vring));
	close_world(&w);
}

static void take_all(struct world *w)
{
	uint32_t token, len;

	while (rproc_vring_get(&w->vring, &token, &len) == 1)
		;
}

/* Go round until the used index is @idx, with notifications off. */
static void advance(struct world *w, uint16_t idx)
{
	uint16_t id;

	while (w->vring.last_used != idx) {
		assert_int_equal(rproc_vring_add(&w->vring, 0, 8, true, 0), 0);
		assert_true(vring_peer_take(&w->peer, &id));
		vring_peer_use(&w->peer, id, 8);
		take_all(w);
	}
}

static void interrupts_are_wanted_exactly_when_enabled(void **state)
{
	static const uint16_t starts[] = { 0, 5, 0x7fff, 0xfffe, 0xffff };
	struct world w;
	uint16_t id;
	size_t i, event_idx;
	int k;

	(void)state;
	for (i = 0; i < 2 * sizeof(starts) / sizeof(starts[0]); i++) {
		event_idx = i % 2;
		open_world(&w, 8, 16, event_idx);
		rproc_vring_disable_cb(&w.vring);
		advance(&w, starts[i / 2]);
		for (k = 0; k < 8; k++)
			rproc_vring_add(&w.vring, 0, 8, true, 0);
		rproc_vring_disable_cb(&w.vring);
		assert_true(vring_peer_take(&w.peer, &id));
		assert_false(vring_peer_use(&w.peer, id, 8));
		/* One is there already. */
		assert_true(rproc_vring_enable_cb(&w.vring, 1));
		take_all(&w);
		assert_false(rproc_vring_enable_cb(&w.vring, 1));
		assert_true(vring_peer_take(&w.peer, &id));
		assert_true(vring_peer_use(&w.peer, id, 8));
		take_all(&w);
		if (event_idx) {
			assert_false(rproc_vring_enable_cb(&w.vring, 3));
			for (k = 0; k < 3; k++) {
				assert_true(vring_peer_take(&w.peer, &id));
				assert_int_equal(vring_peer_use(&w.peer, id, 8), k == 2);
			}
			assert_true(rproc_vring_enable_cb(&w.vring, 3));
			assert_false(rproc_vring_enable_cb(&w.vring, 4));
		}
		close_world(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_of_a_wrong_shape_is_refused),
		cmocka_unit_test(every_legal_shape_works_to_its_last_byte),
		cmocka_unit_test(a_number_that_is_no_power_of_two_is_masked),
		cmocka_unit_test(memory_of_the_ring_begins_zeroed),
		cmocka_unit_test(a_descriptor_says_what_was_added),
		cmocka_unit_test(indices_wrap_and_buffers_come_back_in_any_order),
		cmocka_unit_test(what_the_remote_does_to_descriptors_does_not_matter),
		cmocka_unit_test(a_used_index_that_runs_ahead_breaks_the_ring),
		cmocka_unit_test(an_index_on_an_empty_ring_breaks_it),
		cmocka_unit_test(an_index_that_goes_back_breaks_the_ring),
		cmocka_unit_test(an_index_that_goes_to_and_fro_breaks_the_ring),
		cmocka_unit_test(an_id_out_of_range_breaks_the_ring),
		cmocka_unit_test(an_id_that_was_not_given_breaks_the_ring),
		cmocka_unit_test(a_length_above_the_buffer_breaks_the_ring),
		cmocka_unit_test(an_index_is_read_once_for_the_elements_it_covers),
		cmocka_unit_test(a_look_at_the_index_finds_lies_and_takes_nothing),
		cmocka_unit_test(kicks_follow_the_event_index),
		cmocka_unit_test(kicks_follow_the_flag_without_an_event_index),
		cmocka_unit_test(interrupts_are_wanted_exactly_when_enabled),
	};

	return cmocka_run_group_tests_name("vring", tests, NULL, NULL);
}
