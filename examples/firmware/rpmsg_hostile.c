/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does what a firmware must not: the service "hostile" takes one byte, the number of a lie,
 * and tells it in a ring, a header, a descriptor or the table. A byte that is no lie is
 * echoed, to show that it still can talk. What a host has to survive.
 */
#include "rpmsg_remote.h"

#define ADDR	 0x400
#define NOBODY	 0x7777u
#define USED_IDX 2u
#define USED	 4u

static uint32_t host; /* address of the endpoint that asked */

/* A message to the host's endpoint with a header and a used length of our choosing. */
static void send_odd(uint32_t src, uint32_t dst, uint16_t len, uint16_t flags, uint32_t used)
{
	int id = rpmsg_take(&rpmsg_to_host);
	uint32_t ignored, *header;

	if (id < 0)
		return;
	header = (uint32_t *)(void *)rpmsg_buffer(&rpmsg_to_host, (uint32_t)id, &ignored);
	header[0] = src;
	header[1] = dst;
	header[2] = 0xdeadbeef;
	header[3] = len | (uint32_t)flags << 16;
	rpmsg_use(&rpmsg_to_host, (uint32_t)id, used);
}

static void set_index(struct rpmsg_ring *ring, uint16_t ahead)
{
	ring->used_idx = (uint16_t)(ring->used_idx + ahead);
	rpmsg_write16(ring->used + USED_IDX, ring->used_idx);
}

static void index_far_ahead(void)
{
	set_index(&rpmsg_to_host, 0x4000);
}
static void index_one_too_many(void)
{
	set_index(&rpmsg_to_host, (uint16_t)(rpmsg_to_host.num + 1));
}
static void index_goes_back(void)
{
	set_index(&rpmsg_to_host, 0xffff);
}
static void id_out_of_range(void)
{
	rpmsg_use(&rpmsg_to_host, rpmsg_to_host.num, 16);
}
static void id_is_huge(void)
{
	rpmsg_use(&rpmsg_to_host, 0xffffffff, 16);
}
static void used_length_too_big(void)
{
	send_odd(ADDR, host, 4, 0, 513);
}
static void used_length_is_huge(void)
{
	send_odd(ADDR, host, 4, 0, 0xffffffff);
}
static void output_index_ahead(void)
{
	set_index(&rpmsg_from_host, 0x2000);
}
static void output_id_out_of_range(void)
{
	/* In place of the one that carried the command. */
	rpmsg_use(&rpmsg_from_host, 0x10000, 0);
}

static void header_longer_than_used(void)
{
	send_odd(ADDR, host, 100, 0, 20);
}
static void header_length_is_huge(void)
{
	send_odd(ADDR, host, 0xffff, 0xffff, 512);
}
static void no_room_for_a_header(void)
{
	send_odd(ADDR, host, 0, 0, 15);
}
static void used_length_is_zero(void)
{
	send_odd(ADDR, host, 4, 0, 0);
}
static void to_nobody(void)
{
	send_odd(ADDR, NOBODY, 4, 0, 20);
}
static void to_any(void)
{
	send_odd(0xffffffff, 0xffffffff, 4, 0, 20);
}
static void with_flags(void)
{
	send_odd(ADDR, NOBODY, 4, 0xffff, 20);
}

static void short_announcement(void)
{
	send_odd(ADDR, RPMSG_NS_ADDR, 39, 0, 16 + 39);
}
static void endless_name(void)
{
	uint8_t message[40];
	uint32_t i;

	for (i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)(i < 32 ? 0xff - i : 0x11);
	rpmsg_send(ADDR, RPMSG_NS_ADDR, message, sizeof(message));
}
static void path_for_a_name(void)
{
	rpmsg_announce("../../../etc/passwd\n<0>panic", 0x500, 1);
}
static void flood_of_announcements(void)
{
	uint32_t i;

	for (i = 0; i < 2000; i++)
		rpmsg_announce("flood", 0x10000 + i, 1);
}
static void flood_of_withdrawals(void)
{
	uint32_t i;

	for (i = 0; i < 2000; i++)
		rpmsg_announce("flood", 0x10000 + i, 0);
}

static void fill(volatile uint8_t *at, uint32_t len, uint8_t byte)
{
	while (len--)
		*at++ = byte;
}
static void descriptors_overwritten(void)
{
	/* Ours to read only; the next buffers are where the host put them all the same. */
	fill(rpmsg_to_host.desc + 16 * (rpmsg_to_host.num / 2), 16 * (rpmsg_to_host.num / 2), 0xff);
}
static void available_ring_overwritten(void)
{
	fill(rpmsg_from_host.avail + 4, 2 * rpmsg_from_host.num, 0xff);
}
static void used_flags_and_events_overwritten(void)
{
	rpmsg_write16(rpmsg_to_host.used, 0xffff);
	rpmsg_write16(rpmsg_from_host.used, 0xffff);
	rpmsg_write16(rpmsg_to_host.used + USED + 8 * rpmsg_to_host.num, 0x5555);
	rpmsg_write16(rpmsg_from_host.used + USED + 8 * rpmsg_from_host.num, 0xaaaa);
}
static void table_overwritten(void)
{
	resource_table.num = 0xffffffff;
	resource_table.offset[1] = 0xfffffff0;
	resource_table.config_len = 0xffffffff;
	resource_table.status = 0xff;
	resource_table.vring[0].da = 0;
	resource_table.vring[0].num = 0x80000000;
	resource_table.vring[1].notifyid = 0xffffffff;
}
static void storm_of_notifications(void)
{
	uint32_t i;

	for (i = 0; i < 100000; i++)
		services->notify(i % RPROC_HOST_VQS);
}
static void racing_index(void)
{
	uint32_t i;

	/* It changes while the host looks, and is whatever it is in the end. */
	for (i = 0; i < 200000; i++) {
		rpmsg_write16(rpmsg_to_host.used + USED_IDX, (uint16_t)(i * 7919));
		if (i % 1000 == 0)
			services->notify(rpmsg_to_host.notifyid);
	}
}

/* In the order of their numbers, which tests know. */
static void (*const lies[])(void) = {
	/* those that a ring cannot survive */
	index_far_ahead,
	index_one_too_many,
	index_goes_back,
	id_out_of_range,
	id_is_huge,
	used_length_too_big,
	used_length_is_huge,
	output_index_ahead,
	output_id_out_of_range,
	racing_index,
	/* those that cost a message at most */
	header_longer_than_used,
	header_length_is_huge,
	no_room_for_a_header,
	used_length_is_zero,
	to_nobody,
	to_any,
	with_flags,
	short_announcement,
	endless_name,
	path_for_a_name,
	flood_of_announcements,
	flood_of_withdrawals,
	storm_of_notifications,
	table_overwritten,
	/* those that hurt nobody but the firmware itself, if anybody */
	descriptors_overwritten,
	available_ring_overwritten,
	used_flags_and_events_overwritten,
};

static void command(uint32_t src, uint32_t dst, const uint8_t *data, uint32_t len)
{
	host = src;
	if (len != 1 || data[0] >= sizeof(lies) / sizeof(lies[0])) {
		rpmsg_send(dst, src, data, len);
		return;
	}
	lies[data[0]]();
	/* Whatever the ring says: look! */
	services->notify(rpmsg_to_host.notifyid);
	services->notify(rpmsg_from_host.notifyid);
}

void firmware_main(void)
{
	if (rpmsg_init() && rpmsg_serve("hostile", ADDR, command)) {
		trace_text("rpmsg_hostile: ready\n");
		rpmsg_run();
	}
	power_down();
}
