/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bus: how it comes up and goes away, what it makes of features and config space, and
 * that a ring or a header that lies costs the vdev at most.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rpmsg_fixture.h"

#define EVENT_IDX (UINT32_C(1) << 29)

static uint8_t table_byte(struct remote *remote, size_t offset)
{
	void *table;
	size_t size;
	uint8_t byte;

	assert_int_equal(rproc_get_table(remote->rproc, &table, &size), 0);
	byte = core_table_payload(table, 0)[offset];
	free(table);
	return byte;
}

static uint32_t table_word(struct remote *remote, size_t offset)
{
	void *table;
	size_t size;
	uint32_t word;

	assert_int_equal(rproc_get_table(remote->rproc, &table, &size), 0);
	word = core_word(core_table_payload(table, 0), offset);
	free(table);
	return word;
}

/* ---- coming up ----------------------------------------------------------------------------- */

static void a_bus_comes_up_as_the_kernels(void **state)
{
	struct remote *remote = remote_new_offline(NULL);
	struct rproc_rpmsg_channel_info *info;
	size_t num;

	(void)state;
	remote_boot(remote);
	recorder_expect_line(remote->rec, "<6> [virtio_rpmsg_bus virtio0] rpmsg host is online");
	recorder_expect_line(remote->rec, "kick 0");
	recorder_expect_no_line(remote->rec, "kick 1");
	assert_int_equal(table_byte(remote, 20), 7);
	assert_int_equal(table_word(remote, 12), 1);
	assert_int_equal(table_word(remote, 24), 0x60000000);
	assert_int_equal(table_word(remote, 44), 0x61000000);
	assert_int_equal(vring_peer_avail_idx(&remote->in), 8);
	assert_int_equal(vring_peer_avail_idx(&remote->out), 0);
	assert_int_equal(rproc_rpmsg_get_channels(remote->context, &info, &num), 0);
	assert_int_equal(num, 2);
	assert_string_equal(info[0].device, "virtio0.rpmsg_ctrl.0.0");
	assert_int_equal(info[0].kind, RPROC_RPMSG_CTRL);
	assert_string_equal(info[1].device, "virtio0.rpmsg_ns.53.53");
	assert_int_equal(info[1].kind, RPROC_RPMSG_NS);
	free(info);
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	assert_int_equal(rproc_rpmsg_get_channels(remote->context, &info, &num), 0);
	assert_int_equal(num, 0);
	free(info);
	remote_free(remote);
}

static void receive_buffers_are_posted_whole_and_in_order(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct vring_peer_desc desc;
	uint16_t id;
	int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		assert_true(vring_peer_take(&remote->in, &id));
		desc = vring_peer_desc(&remote->in, id);
		assert_true(desc.addr == REMOTE_PA + 512u * (unsigned int)i);
		assert_int_equal(desc.len, 512);
		assert_int_equal(desc.flags, 2);
	}
	remote_free(remote);
}

static void features_are_those_that_both_know(void **state)
{
	static const struct {
		uint32_t offered, accepted;
	} features[] = {
		{ 1, 1 },
		{ 0xffffffff & ~4u, 0x30000001 },
		{ EVENT_IDX | 1, EVENT_IDX | 1 },
		{ 0x80000002, 0 },
	};
	struct rproc_vdev_info *info;
	size_t i, num;

	(void)state;
	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		struct remote *remote = remote_new(
			&(const struct remote_options){ .features = features[i].offered });

		assert_int_equal(table_word(remote, 12), features[i].accepted);
		assert_int_equal(rproc_get_vdevs(remote->rproc, &info, &num), 0);
		assert_int_equal(info[0].features, features[i].accepted);
		assert_int_equal(info[0].status, 7);
		assert_int_equal(info[0].virtio, 0);
		free(info);
		assert_int_equal(remote_count(remote, "rpmsg_ns"), features[i].accepted & 1);
		remote_free(remote);
	}
}

static void the_firmware_chooses_the_size_of_buffers(void **state)
{
	static const uint32_t sizes[2] = { 2048, 64 };
	const struct remote_options options = { .features = 5,
						.config = sizes,
						.config_len = sizeof(sizes) };
	struct remote *remote = remote_new(&options);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);
	struct rproc_rpmsg_counters count;
	struct vring_peer_desc desc;
	uint8_t data[2033] = { 1, 2, 3 };
	uint16_t id;

	(void)state;
	assert_int_equal(rproc_rpmsg_get_mtu(ept), 2032);
	assert_int_equal(rproc_rpmsg_send(ept, data, 2032), 0);
	assert_int_equal(rproc_rpmsg_send(ept, data, 2033), -EMSGSIZE);
	remote_expect(remote, 0x400, 0x401, data, 2032);
	assert_true(vring_peer_take(&remote->in, &id));
	desc = vring_peer_desc(&remote->in, id);
	assert_int_equal(desc.len, 64);
	count = remote_counters(remote);
	assert_int_equal(count.tx_buffer_size, 2048);
	assert_int_equal(count.rx_buffer_size, 64);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void at_most_256_buffers_are_used_each_way(void **state)
{
	static const uint16_t nums[][2] = { { 1, 1 }, { 2, 64 }, { 512, 256 }, { 1024, 2048 } };
	struct rproc_rpmsg_counters count;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(nums) / sizeof(nums[0]); i++) {
		const struct remote_options options = { .num = nums[i][0], .num_out = nums[i][1] };
		struct remote *remote = remote_new(&options);

		count = remote_counters(remote);
		assert_int_equal(count.rx_buffers, nums[i][0] < 256 ? nums[i][0] : 256);
		assert_int_equal(count.tx_buffers, nums[i][1] < 256 ? nums[i][1] : 256);
		assert_int_equal(count.tx_free, count.tx_buffers);
		remote_free(remote);
	}
}

static void buffers_come_from_the_provider_once(void **state)
{
	const struct remote_options options = { .provider = true };
	struct remote *remote = remote_new_offline(&options);
	int i;

	(void)state;
	remote_boot(remote);
	recorder_expect_line(remote->rec, "alloc 0x2000");
	/* A recovery does not go through resources again, and neither do the buffers. */
	for (i = 0; i < 2; i++) {
		recorder_forget(remote->rec);
		recorder_crash(remote->rec, RPROC_CRASH_WATCHDOG);
		recorder_expect_no_line(remote->rec, "alloc 0x2000");
		recorder_expect_line(remote->rec,
				     "<6> [virtio_rpmsg_bus virtio0] rpmsg host is online");
	}
	assert_int_equal(recorder_provided(remote->rec), 1);
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	assert_int_equal(recorder_provided(remote->rec), 0);
	remote_free(remote);
}

/* ---- firmware that cannot have a bus: the boot goes on ------------------------------------- */

static void what_cannot_be_is_refused_and_the_boot_goes_on(void **state)
{
	static const uint32_t huge[2] = { 0x20000, 512 }, odd[2] = { 100, 512 },
			      tiny[2] = { 512, 8 };
	static const struct {
		struct remote_options options;
		int error;
		const char *story;
	} wrong[] = {
		{ { .num = 40000, .num_out = 8 }, -EINVAL, "vring 0: 40000 buffers" },
		{ { .num = 8, .num_out = 40000 }, -EINVAL, "vring 1: 40000 buffers" },
		{ { .align = 6 }, -EINVAL, "alignment 6" },
		{ { .features = 4, .config = huge, .config_len = 8, .buffers = 8192 },
		  -EINVAL,
		  "buffers of 131072 and 512 bytes" },
		{ { .features = 4, .config = odd, .config_len = 8, .buffers = 8192 },
		  -EINVAL,
		  "buffers of 100 and 512" },
		{ { .features = 4, .config = tiny, .config_len = 8, .buffers = 8192 },
		  -EINVAL,
		  "buffers of 512 and 8" },
		{ { .features = 4, .config = tiny, .config_len = 4 }, -EINVAL, "too short" },
		{ { .buffers = 4096 }, -ENOMEM, "needs 8192 bytes for its buffers" },
	};
	char line[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct remote *remote = remote_new_offline(&wrong[i].options);

		remote_boot(remote);
		snprintf(line, sizeof(line),
			 "<3> [virtio_rpmsg_bus virtio0] probe with driver virtio_rpmsg_bus failed "
			 "with error %d",
			 wrong[i].error);
		recorder_expect_line(remote->rec, line);
		recorder_expect_story(remote->rec, wrong[i].story);
		assert_int_equal(table_byte(remote, 20), 0x83);
		assert_int_equal(rproc_state(remote->rproc), RPROC_STATE_RUNNING);
		assert_int_equal(remote_count(remote, "rpmsg_ctrl"), 0);
		assert_int_equal(rproc_shutdown(remote->rproc), 0);
		remote_free(remote);
	}
}

static void an_interrupt_of_a_bus_that_failed_reaches_nobody(void **state)
{
	const struct remote_options options = { .align = 6 };
	struct remote *remote = remote_new_offline(&options);

	(void)state;
	remote_boot(remote);
	assert_int_equal(rproc_vq_interrupt(remote->rproc, 0), 0);
	assert_int_equal(rproc_vq_interrupt(remote->rproc, 1), 0);
	remote_free(remote);
}

/* ---- lies ---------------------------------------------------------------------------------- */

static void await_failed(struct remote *remote)
{
	struct rproc_event event = recorder_wait_event(remote->rec, RPROC_EVENT_VIRTIO_FAILED);

	assert_string_equal(event.reason, "virtio0");
	assert_int_equal(event.value, 0);
	/* The loop goes on with the endpoints. */
	event = recorder_wait_event(remote->rec, RPROC_EVENT_CHANNEL_REMOVED);
}

static void lie_used_index(struct remote *remote)
{
	vring_peer_set_used_idx(&remote->in, 9);
}

static void lie_id(struct remote *remote)
{
	vring_peer_use(&remote->in, 8, 16);
}

static void lie_huge_id(struct remote *remote)
{
	vring_peer_use(&remote->in, UINT32_MAX, 16);
}

static void lie_length(struct remote *remote)
{
	vring_peer_use(&remote->in, 0, 513);
}

static void a_lying_input_ring_stops_its_vdev_with_a_story(void **state)
{
	static const struct {
		void (*lie)(struct remote *remote);
		const char *story;
	} lies[] = {
		{ lie_used_index, "input: the used index is 9" },
		{ lie_id, "input: used element 0: id 8 out of range" },
		{ lie_huge_id, "id 4294967295 out of range" },
		{ lie_length, "length 513, the buffer has 512" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct remote *remote = remote_new(NULL);
		struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);

		lies[i].lie(remote);
		remote_interrupt(remote, 0);
		await_failed(remote);
		recorder_expect_story(remote->rec, lies[i].story);
		assert_int_equal(table_byte(remote, 20), 0x87);
		assert_int_equal(rproc_rpmsg_recv(ept, NULL, 0, 20000, NULL), -EPIPE);
		assert_int_equal(rproc_rpmsg_send(ept, "x", 1), -EPIPE);
		assert_int_equal(rproc_rpmsg_poll(ept), POLLERR);
		assert_int_equal(rproc_state(remote->rproc), RPROC_STATE_RUNNING);
		remote_interrupt(remote, 0);
		remote_interrupt(remote, 1);
		rproc_rpmsg_destroy_ept(ept);
		/* It is whole again after a restart. */
		assert_int_equal(rproc_shutdown(remote->rproc), 0);
		remote_boot(remote);
		remote_announce(remote, "again", 0x400);
		remote_free(remote);
	}
}

static void a_lying_output_ring_stops_its_vdev_with_a_story(void **state)
{
	static const struct {
		uint32_t id;
		const char *story;
	} lies[] = {
		{ 8, "output: used element 1: id 8 out of range" },
		{ 5, "output: used element 1: id 5 is not a head" }, /* a second time */
	};
	struct rproc_rpmsg_ept *ept;
	struct remote *remote;
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		remote = remote_new(NULL);
		ept = remote_ept(remote, 0x400, 0x401);
		for (k = 0; k < 8; k++)
			assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
		vring_peer_use(&remote->out, 5, 0);
		vring_peer_use(&remote->out, lies[i].id, 0);
		/* The one that came back honestly is not sent again before the lie is seen. */
		assert_int_equal(
			rproc_rpmsg_get_tx_buffer(ept, false, &(void *){ NULL }, &(size_t){ 0 }),
			0);
		assert_int_equal(rproc_rpmsg_send(ept, "x", 1), -EPIPE);
		await_failed(remote);
		recorder_expect_story(remote->rec, lies[i].story);
		assert_int_equal(rproc_rpmsg_recv(ept, NULL, 0, 20000, NULL), -EPIPE);
		rproc_rpmsg_destroy_ept(ept);
		remote_free(remote);
	}
}

static void a_lying_header_costs_its_message_only(void **state)
{
	static const struct {
		uint16_t header;
		uint32_t used;
	} lies[] = { { 497, 512 }, { 1, 16 }, { 0xffff, 512 }, { 0, 15 }, { 0, 0 }, { 4, 19 } };
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);
	struct rproc_rpmsg_counters count;
	char buf[8];
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		remote_send_lying(remote, 0x400, lies[i].header, lies[i].used);
	recorder_expect_line(remote->rec,
			     "<4> [virtio_rpmsg_bus virtio0] inbound msg too big: (512, 497)");
	recorder_expect_line(remote->rec,
			     "<4> [virtio_rpmsg_bus virtio0] inbound msg too big: (15, 0)");
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, NULL), -EAGAIN);
	/* No buffer was lost: the ring goes round many times. */
	for (k = 0; k < 50; k++) {
		remote_send(remote, 0x401, 0x400, "good", 4);
		assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, NULL), 4);
	}
	count = remote_counters(remote);
	assert_int_equal(count.malformed, 6);
	assert_int_equal(count.rx_messages, 50);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void a_flood_of_bad_messages_does_not_flood_the_log(void **state)
{
	struct remote *remote = remote_new(NULL);
	char *line;
	int lines = 0, i;

	(void)state;
	for (i = 0; i < 1000; i++)
		remote_send(remote, 1, 0x999, "to nobody", 9);
	pthread_mutex_lock(&remote->rec->lock);
	remote->rec->journal[remote->rec->journal_len] = '\0';
	for (line = remote->rec->journal;
	     (line = strstr(line, "<4> [virtio_rpmsg_bus virtio0] msg received with no recipient"));
	     line++)
		lines++;
	pthread_mutex_unlock(&remote->rec->lock);
	assert_in_range(lines, 10, 20);
	remote_free(remote);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void events_tell_of_the_bus_and_its_channels(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_event event;

	(void)state;
	event = recorder_wait_event(remote->rec, RPROC_EVENT_VIRTIO_ADDED);
	assert_string_equal(event.reason, "virtio0");
	event = recorder_wait_event(remote->rec, RPROC_EVENT_CHANNEL_ADDED);
	assert_string_equal(event.reason, "virtio0.rpmsg_ctrl.0.0");
	event = recorder_wait_event(remote->rec, RPROC_EVENT_CHANNEL_ADDED);
	assert_string_equal(event.reason, "virtio0.rpmsg_ns.53.53");
	remote_announce(remote, "echo", 0x400);
	event = recorder_wait_event(remote->rec, RPROC_EVENT_CHANNEL_ADDED);
	assert_string_equal(event.reason, "virtio0.echo.-1.1024");
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	event = recorder_wait_event(remote->rec, RPROC_EVENT_CHANNEL_REMOVED);
	assert_string_equal(event.reason, "virtio0.echo.-1.1024");
	recorder_wait_event(remote->rec, RPROC_EVENT_VIRTIO_REMOVED);
	remote_free(remote);
}

static void closed(struct rproc_rpmsg_ept *ept, void *data)
{
	assert_false(rproc_rpmsg_ept_alive(ept));
	atomic_fetch_add((atomic_int *)data, 1);
}

static struct rproc_rpmsg_ept *ept_with_closed(struct remote *remote, uint32_t src,
					       atomic_int *calls)
{
	const struct rproc_rpmsg_ept_options options = { .size = sizeof(options),
							 .closed = closed,
							 .data = calls };
	struct rproc_rpmsg_ept *ept;

	assert_int_equal(rproc_rpmsg_create_ept(remote->context, remote_ctrl(remote), "e", src, 9,
						&options, &ept),
			 0);
	return ept;
}

static void stop_crash_and_removal_reach_every_endpoint(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept[3];
	atomic_int calls = 0;
	uint64_t channel;
	int i, round;

	(void)state;
	for (round = 0; round < 3; round++) {
		channel = remote_announce(remote, "echo", 0x400);
		assert_int_equal(rproc_rpmsg_open(remote->context, channel, NULL, &ept[0]), 0);
		ept[1] = ept_with_closed(remote, RPROC_RPMSG_ADDR_ANY, &calls);
		ept[2] = ept_with_closed(remote, 77, &calls);
		if (round == 0) {
			recorder_crash(remote->rec, RPROC_CRASH_WATCHDOG);
			remote_restart(remote);
		} else if (round == 1) {
			assert_int_equal(rproc_shutdown(remote->rproc), 0);
			remote_boot(remote);
		} else {
			assert_int_equal(rproc_del(remote->rproc), 0);
		}
		assert_int_equal(atomic_load(&calls), 2 * (round + 1));
		for (i = 0; i < 3; i++) {
			assert_int_equal(rproc_rpmsg_send(ept[i], "x", 1), -EPIPE);
			assert_int_equal(rproc_rpmsg_recv(ept[i], NULL, 0, -1, NULL), -EPIPE);
			rproc_rpmsg_destroy_ept(ept[i]);
		}
		assert_int_equal(remote_count(remote, "echo"), 0);
		assert_int_equal(remote_count(remote, "rpmsg_ctrl"), round < 2);
	}
	remote_free(remote);
}

static void a_crash_without_recovery_ends_endpoints_and_keeps_channels(void **state)
{
	struct remote *remote = remote_new(NULL);
	uint64_t channel = remote_announce(remote, "echo", 0x400);
	struct rproc_rpmsg_ept *ept, *more;

	(void)state;
	rproc_set_recovery(remote->rproc, false);
	assert_int_equal(rproc_rpmsg_open(remote->context, channel, NULL, &ept), 0);
	recorder_crash(remote->rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_state(remote->rproc), RPROC_STATE_CRASHED);
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), -EPIPE);
	assert_int_equal(rproc_rpmsg_recv(ept, NULL, 0, -1, NULL), -EPIPE);
	assert_int_equal(remote_count(remote, "echo"), 1);
	assert_int_equal(rproc_rpmsg_open(remote->context, channel, NULL, &more), -ENODEV);
	rproc_rpmsg_destroy_ept(ept);
	assert_int_equal(rproc_trigger_recovery(remote->rproc), 0);
	remote_restart(remote);
	assert_int_equal(remote_count(remote, "echo"), 0);
	remote_announce(remote, "echo", 0x400);
	remote_free(remote);
}

static void endpoints_may_outlive_their_context(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 0x400, 0x401);
	char buf[8];

	(void)state;
	remote_send(remote, 1, 0x400, "late", 4);
	remote_free(remote);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, NULL), 4);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, NULL), -EPIPE);
	rproc_rpmsg_destroy_ept(ept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bus_comes_up_as_the_kernels),
		cmocka_unit_test(receive_buffers_are_posted_whole_and_in_order),
		cmocka_unit_test(features_are_those_that_both_know),
		cmocka_unit_test(the_firmware_chooses_the_size_of_buffers),
		cmocka_unit_test(at_most_256_buffers_are_used_each_way),
		cmocka_unit_test(buffers_come_from_the_provider_once),
		cmocka_unit_test(what_cannot_be_is_refused_and_the_boot_goes_on),
		cmocka_unit_test(an_interrupt_of_a_bus_that_failed_reaches_nobody),
		cmocka_unit_test(a_lying_input_ring_stops_its_vdev_with_a_story),
		cmocka_unit_test(a_lying_output_ring_stops_its_vdev_with_a_story),
		cmocka_unit_test(a_lying_header_costs_its_message_only),
		cmocka_unit_test(a_flood_of_bad_messages_does_not_flood_the_log),
		cmocka_unit_test(events_tell_of_the_bus_and_its_channels),
		cmocka_unit_test(stop_crash_and_removal_reach_every_endpoint),
		cmocka_unit_test(a_crash_without_recovery_ends_endpoints_and_keeps_channels),
		cmocka_unit_test(endpoints_may_outlive_their_context),
	};

	return cmocka_run_group_tests_name("rpmsg_bus", tests, NULL, NULL);
}
