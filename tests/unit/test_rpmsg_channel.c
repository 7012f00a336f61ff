/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Channels and the name service, both ways: what is announced, made, opened, withdrawn and
 * refused, with the kernel's lines; and what the diagnosis says of it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "rpmsg_fixture.h"

#define LOG6 "<6> [virtio_rpmsg_bus virtio0] "
#define LOG3 "<3> [virtio_rpmsg_bus virtio0] "

static struct rproc_rpmsg_channel_info info_of(struct remote *remote, uint64_t id)
{
	struct rproc_rpmsg_channel_info info;

	assert_int_equal(rproc_rpmsg_get_channel(remote->context, id, &info), 0);
	return info;
}

/* ---- the remote announces ------------------------------------------------------------------ */

static void announcements_become_channels(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_channel_info info;
	uint64_t id;

	(void)state;
	id = remote_announce(remote, "rpmsg-raw", 0x401);
	recorder_expect(remote->rec, LOG6 "creating channel rpmsg-raw addr 0x401\nkick 0\n");
	info = info_of(remote, id);
	assert_string_equal(info.device, "virtio0.rpmsg-raw.-1.1025");
	assert_string_equal(info.name, "rpmsg-raw");
	assert_int_equal(info.src, RPROC_RPMSG_ADDR_ANY);
	assert_int_equal(info.dst, 0x401);
	assert_false(info.announce || info.open || info.was_opened);
	assert_int_equal(info.kind, RPROC_RPMSG_CHANNEL);
	remote_ns(remote, "rpmsg-raw", 0x401, true);
	recorder_expect(remote->rec, LOG6 "creating channel rpmsg-raw addr 0x401\n" LOG3
					  "channel rpmsg-raw:ffffffff:401 already exist\n" LOG3
					  "rpmsg_create_channel failed\nkick 0\n");
	remote_ns(remote, "nobody", 0x500, false);
	recorder_expect(remote->rec, LOG6 "destroying channel nobody addr 0x500\n" LOG3
					  "rpmsg_destroy_channel failed: -22\nkick 0\n");
	remote_ns(remote, "rpmsg-raw", 0x401, false);
	recorder_expect(remote->rec, LOG6 "destroying channel rpmsg-raw addr 0x401\nkick 0\n");
	assert_int_equal(rproc_rpmsg_get_channel(remote->context, id, &info), -ENODEV);
	/* The same again is another one. */
	assert_true(remote_announce(remote, "rpmsg-raw", 0x401) > id);
	remote_free(remote);
}

static void announcements_of_a_wrong_length_are_refused(void **state)
{
	struct remote *remote = remote_new(NULL);
	uint8_t message[64] = "service";
	char line[80];
	size_t len;

	(void)state;
	for (len = 0; len <= sizeof(message); len++) {
		if (len == 40)
			continue;
		recorder_forget(remote->rec);
		remote_send(remote, 1, 53, message, len);
		snprintf(line, sizeof(line), LOG3 "malformed ns msg (%zu)", len);
		recorder_expect_line(remote->rec, line);
	}
	assert_int_equal(remote_count(remote, "service"), 0);
	remote_free(remote);
}

static void names_are_cut_and_made_printable(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_channel_info info;
	uint64_t id;

	(void)state;
	remote_ns(remote, "0123456789012345678901234567890123456789", 1, true);
	id = 0;
	assert_int_equal(rproc_rpmsg_wait_channel(remote->rproc, "0123456789012345678901234567890",
						  0, &info),
			 0);
	id = info.id;
	assert_string_equal(info.device, "virtio0.0123456789012345678901234567890.-1.1");
	remote_ns(remote, "0123456789012345678901234567890123456789", 1, false);
	assert_int_equal(rproc_rpmsg_get_channel(remote->context, id, &info), -ENODEV);
	recorder_forget(remote->rec);
	remote_ns(remote, "a\nb\tc\x7f", 2, true);
	recorder_expect(remote->rec, LOG6 "creating channel a?b?c? addr 0x2\nkick 0\n");
	remote_ns(remote, "", 3, true);
	assert_int_equal(rproc_rpmsg_wait_channel(remote->rproc, "", 0, &info), 0);
	assert_string_equal(info.device, "virtio0..-1.3");
	remote_free(remote);
}

static void announcements_without_end_end(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_channel_info *info;
	uint32_t i;
	size_t num;

	(void)state;
	for (i = 0; i < RPROC_RPMSG_CHANNELS_MAX + 100; i++)
		remote_ns(remote, "flood", i, true);
	assert_int_equal(rproc_rpmsg_get_channels(remote->context, &info, &num), 0);
	assert_int_equal(num, RPROC_RPMSG_CHANNELS_MAX);
	free(info);
	for (i = 0; i < 100; i++)
		remote_ns(remote, "flood", i, false);
	remote_announce(remote, "after the flood", 7);
	remote_free(remote);
}

static void without_the_feature_there_is_no_name_service(void **state)
{
	struct remote *remote = remote_new(&(const struct remote_options){ .features = 2 });

	(void)state;
	assert_int_equal(remote_count(remote, "rpmsg_ns"), 0);
	remote_ns(remote, "service", 1, true);
	recorder_expect(remote->rec,
			"<4> [virtio_rpmsg_bus virtio0] msg received with no recipient\nkick 0\n");
	remote_free(remote);
}

/* ---- opening ------------------------------------------------------------------------------- */

static void a_channel_is_opened_once_at_a_time(void **state)
{
	struct remote *remote = remote_new(NULL);
	uint64_t id = remote_announce(remote, "echo", 0x401);
	struct rproc_rpmsg_ept *ept, *other = NULL;
	char buf[8] = "";

	(void)state;
	assert_int_equal(rproc_rpmsg_open(remote->context, id, NULL, &ept), 0);
	assert_int_equal(rproc_rpmsg_ept_addr(ept), 1024);
	assert_int_equal(rproc_rpmsg_ept_dst(ept), 0x401);
	assert_string_equal(rproc_rpmsg_ept_name(ept), "echo");
	assert_int_equal(info_of(remote, id).src, 1024);
	assert_true(info_of(remote, id).open);
	assert_string_equal(info_of(remote, id).device, "virtio0.echo.-1.1025");
	assert_int_equal(rproc_rpmsg_open(remote->context, id, NULL, &other), -EBUSY);
	assert_int_equal(rproc_rpmsg_open(remote->context, remote_ctrl(remote), NULL, &other),
			 -EINVAL);
	assert_int_equal(rproc_rpmsg_open(remote->context, 999, NULL, &other), -ENODEV);
	assert_null(other);
	assert_int_equal(rproc_rpmsg_send(ept, "ping", 4), 0);
	remote_expect(remote, 1024, 0x401, "ping", 4);
	remote_send(remote, 0x401, 1024, "pong", 4);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, NULL), 4);
	assert_string_equal(buf, "pong");
	rproc_rpmsg_destroy_ept(ept);
	assert_false(info_of(remote, id).open);
	assert_true(info_of(remote, id).was_opened);
	assert_int_equal(rproc_rpmsg_open(remote->context, id, NULL, &ept), 0);
	assert_int_equal(rproc_rpmsg_ept_addr(ept), 1024);
	/* The service goes, and with it the endpoint. */
	remote_ns(remote, "echo", 0x401, false);
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), -EPIPE);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void the_remote_is_told_of_our_own_channels(void **state)
{
	static const uint8_t create[40] = { 'm', 'i', 'n', 'e', [32] = 0x00, 0x11 };
	static const uint8_t destroy[40] = { 'm', 'i', 'n', 'e', [32] = 0x00, 0x11, [36] = 1 };
	struct remote *remote = remote_new(NULL);
	struct remote_message *message = malloc(sizeof(*message));
	struct rproc_rpmsg_ept *ept;
	uint64_t ctrl = remote_ctrl(remote), id, again = 0;

	(void)state;
	assert_int_equal(
		rproc_rpmsg_create_channel(remote->context, ctrl, "mine", 0x1100, 0x1200, &id), 0);
	assert_true(info_of(remote, id).announce);
	assert_string_equal(info_of(remote, id).device, "virtio0.mine.4352.4608");
	assert_int_equal(rproc_rpmsg_create_channel(remote->context, ctrl, "mine",
						    RPROC_RPMSG_ADDR_ANY, 0x1200, &again),
			 -EEXIST);
	assert_int_equal(rproc_rpmsg_create_channel(remote->context, ctrl, NULL, 1, 2, &again),
			 -EINVAL);
	assert_int_equal(rproc_rpmsg_create_channel(remote->context, 999, "x", 1, 2, &again),
			 -ENODEV);
	assert_false(remote_recv(remote, message)); /* nobody listens yet */
	assert_int_equal(rproc_rpmsg_open(remote->context, id, NULL, &ept), 0);
	remote_expect(remote, 0x1100, 53, create, sizeof(create));
	rproc_rpmsg_destroy_ept(ept);
	remote_expect(remote, 0x1100, 53, destroy, sizeof(destroy));
	assert_int_equal(rproc_rpmsg_release_channel(remote->context, ctrl, "mine", 0x1100, 0x1201),
			 -EINVAL);
	/* Under a leak checker: the bus is let go of. */
	assert_int_equal(rproc_rpmsg_release_channel(remote->context, ctrl, NULL, 0x1100, 0x1201),
			 -EINVAL);
	assert_int_equal(rproc_rpmsg_release_channel(remote->context, ctrl, "rpmsg_ctrl", 0, 0),
			 -EINVAL);
	assert_int_equal(rproc_rpmsg_release_channel(remote->context, ctrl, "mine", 0x1100,
						     RPROC_RPMSG_ADDR_ANY),
			 0);
	assert_int_equal(remote_count(remote, "mine"), 0);
	assert_false(remote_recv(remote, message));
	free(message);
	remote_free(remote);
}

static void releasing_an_open_channel_kills_its_endpoint(void **state)
{
	struct remote *remote = remote_new(NULL);
	struct rproc_rpmsg_ept *ept;
	uint64_t id;

	(void)state;
	assert_int_equal(rproc_rpmsg_create_channel(remote->context, remote_ctrl(remote), "c",
						    RPROC_RPMSG_ADDR_ANY, 5, &id),
			 0);
	assert_int_equal(rproc_rpmsg_open(remote->context, id, NULL, &ept), 0);
	assert_int_equal(rproc_rpmsg_release_channel(remote->context, remote_ctrl(remote), "c",
						     RPROC_RPMSG_ADDR_ANY, 5),
			 0);
	assert_false(rproc_rpmsg_ept_alive(ept));
	assert_int_equal(rproc_rpmsg_recv(ept, NULL, 0, -1, NULL), -EPIPE);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

static void an_announcement_that_fails_leaves_nothing_open(void **state)
{
	const struct remote_options options = { .send_timeout_ms = 10 };
	struct remote *remote = remote_new(&options);
	struct rproc_rpmsg_ept *ept = remote_ept(remote, 7, 8), *mine = NULL;
	uint64_t id;
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(rproc_rpmsg_trysend(ept, "x", 1), 0);
	assert_int_equal(rproc_rpmsg_create_channel(remote->context, remote_ctrl(remote), "mine",
						    0x1100, 1, &id),
			 0);
	assert_int_equal(rproc_rpmsg_open(remote->context, id, NULL, &mine), -ETIMEDOUT);
	assert_null(mine);
	recorder_expect_line(remote->rec, "<3> [rpmsg virtio0.mine.4352.1] failed to announce "
					  "service -110");
	assert_false(info_of(remote, id).open);
	/* It is waited for once: what was not announced is not withdrawn. */
	assert_int_equal(remote_counters(remote).timeouts, 1);
	rproc_rpmsg_destroy_ept(ept);
	remote_free(remote);
}

/* ---- waiting ------------------------------------------------------------------------------- */

struct waiter {
	pthread_t thread;
	struct remote *remote;
	struct rproc_rpmsg_channel_info info;
	int result;
};

static void *wait_for_echo(void *arg)
{
	struct waiter *waiter = arg;

	waiter->result =
		rproc_rpmsg_wait_channel(waiter->remote->rproc, "echo", 20000, &waiter->info);
	return NULL;
}

static void a_released_channel_is_withdrawn_first(void **state)
{
	struct remote *remote = remote_new(NULL);
	const struct rproc_rpmsg_ept_options options = { .size = sizeof(options), .no_wait = true };
	struct rproc_rpmsg_ept *ept, *other;
	uint8_t message[40] = "service";
	uint64_t id;

	(void)state;
	assert_int_equal(rproc_rpmsg_create_channel(remote->context, remote_ctrl(remote), "service",
						    0x700, 0x701, &id),
			 0);
	/* Whoever must not wait fails when the remote has all buffers, and may try again. */
	other = remote_ept(remote, 0x900, 1);
	while (!rproc_rpmsg_trysend(other, "x", 1))
		;
	assert_int_equal(rproc_rpmsg_open(remote->context, id, &options, &ept), -ENOMEM);
	for (int i = 0; i < 8; i++)
		remote_expect(remote, 0x900, 1, "x", 1);
	assert_int_equal(rproc_rpmsg_open(remote->context, id, &options, &ept), 0);
	message[33] = 7;
	remote_expect(remote, 0x700, 53, message, sizeof(message));
	assert_int_equal(rproc_rpmsg_release_channel(remote->context, remote_ctrl(remote),
						     "service", 0x700, 0x701),
			 0);
	message[36] = 1;
	remote_expect(remote, 0x700, 53, message, sizeof(message));
	assert_false(rproc_rpmsg_ept_alive(ept));
	rproc_rpmsg_destroy_ept(ept);
	rproc_rpmsg_destroy_ept(other);
	remote_free(remote);
}

static void a_channel_can_be_waited_for(void **state)
{
	struct waiter waiter = { .remote = remote_new_offline(NULL) };
	struct rproc_rpmsg_channel_info info;
	struct rproc_rpmsg_ept *ept;

	(void)state;
	assert_int_equal(rproc_rpmsg_wait_channel(waiter.remote->rproc, "echo", 0, &info),
			 -ETIMEDOUT);
	assert_int_equal(pthread_create(&waiter.thread, NULL, wait_for_echo, &waiter), 0);
	remote_boot(waiter.remote);
	remote_ns(waiter.remote, "other", 0x400, true);
	remote_ns(waiter.remote, "echo", 0x401, true);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.result, 0);
	assert_int_equal(waiter.info.dst, 0x401);
	/* One that is open is not found, one that was closed is. */
	assert_int_equal(rproc_rpmsg_open(waiter.remote->context, waiter.info.id, NULL, &ept), 0);
	assert_int_equal(rproc_rpmsg_wait_channel(waiter.remote->rproc, "echo", 1, &info),
			 -ETIMEDOUT);
	rproc_rpmsg_destroy_ept(ept);
	assert_int_equal(rproc_rpmsg_wait_channel(waiter.remote->rproc, "echo", 1, &info), 0);
	remote_free(waiter.remote);
}

/* ---- driver_override ----------------------------------------------------------------------- */

static void driver_override_is_kept_as_it_is_given(void **state)
{
	struct remote *remote = remote_new(NULL);
	uint64_t id = remote_announce(remote, "x", 1);
	char buf[4200], *longest = calloc(1, 4096);

	(void)state;
	assert_int_equal(
		rproc_rpmsg_driver_override(remote->context, remote_ctrl(remote), buf, sizeof(buf)),
		10);
	assert_string_equal(buf, "rpmsg_ctrl");
	assert_int_equal(rproc_rpmsg_driver_override(remote->context, id, buf, sizeof(buf)), 0);
	assert_int_equal(rproc_rpmsg_set_driver_override(remote->context, id, "rpmsg_chrdev"), 0);
	assert_int_equal(rproc_rpmsg_driver_override(remote->context, id, buf, 6), 12);
	assert_string_equal(buf, "rpmsg");
	memset(longest, 'a', 4095);
	assert_int_equal(rproc_rpmsg_set_driver_override(remote->context, id, longest), -EINVAL);
	longest[4094] = '\0';
	assert_int_equal(rproc_rpmsg_set_driver_override(remote->context, id, longest), 0);
	assert_int_equal(rproc_rpmsg_driver_override(remote->context, id, buf, sizeof(buf)), 4094);
	assert_int_equal(rproc_rpmsg_set_driver_override(remote->context, id, ""), 0);
	assert_int_equal(rproc_rpmsg_driver_override(remote->context, id, buf, sizeof(buf)), 0);
	assert_int_equal(rproc_rpmsg_set_driver_override(remote->context, 999, "x"), -ENODEV);
	assert_int_equal(rproc_rpmsg_driver_override(remote->context, 999, buf, 1), -ENODEV);
	free(longest);
	remote_free(remote);
}

/* ---- several vdevs --------------------------------------------------------------------------- */

static struct recorder *boot_three_vdevs(void)
{
	static const uint32_t ids[] = { 7, 7, 11 };
	struct fixture_table *table = fixture_table_new(false);
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image;
	size_t i;

	for (i = 0; i < 3; i++) {
		fixture_table_vdev(table, ids[i], 0, 0);
		fixture_table_vring(table, FIXTURE_ANY, 4096, 16, 0);
		fixture_table_vring(table, FIXTURE_ANY, 4096, 16, 0);
	}
	image = core_image_with(table);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_forget(rec);
	return rec;
}

static uint64_t channel_of(struct recorder *rec, const char *device)
{
	struct rproc_rpmsg_channel_info *info;
	uint64_t id = 0;
	size_t count, i;

	assert_int_equal(rproc_rpmsg_get_channels(rec->context, &info, &count), 0);
	assert_int_equal(count, 3);
	for (i = 0; i < count; i++) {
		if (!strcmp(info[i].device, device))
			id = info[i].id;
	}
	free(info);
	assert_int_not_equal(id, 0);
	return id;
}

static struct rproc_rpmsg_ept *endpoint_of(struct recorder *rec, const char *ctrl)
{
	struct rproc_rpmsg_ept *ept;

	assert_int_equal(rproc_rpmsg_create_ept(rec->context, channel_of(rec, ctrl), "e", 0x500, 1,
						NULL, &ept),
			 0);
	return ept;
}

/* Addresses are each bus's own, and a ring that lies ends its own bus only. */
static void each_vdev_has_a_bus_of_its_own(void **state)
{
	struct recorder *rec = boot_three_vdevs();
	struct rproc_rpmsg_ept *first = endpoint_of(rec, "virtio0.rpmsg_ctrl.0.0");
	struct rproc_rpmsg_ept *second = endpoint_of(rec, "virtio1.rpmsg_ctrl.0.0");
	struct rproc_rpmsg_ept *serial;
	uint8_t *ring;

	(void)state;
	assert_int_equal(rproc_rpmsg_open(rec->context, channel_of(rec, "virtio2.rproc-serial.0.0"),
					  NULL, &serial),
			 0);
	assert_int_equal(rproc_rpmsg_send(first, "x", 1), 0);
	assert_int_equal(rproc_rpmsg_send(second, "x", 1), 0);
	assert_int_equal(rproc_rpmsg_send(serial, "x", 1), 0);
	recorder_expect(rec, "kick 1\nkick 3\nkick 5\n");
	ring = rproc_mem_va(rproc_find_carveout_by_name(rec->rproc, "vdev0vring1"));
	ring[4096 + 2] = 77; /* the used index of its output */
	assert_int_equal(rproc_vq_interrupt(rec->rproc, 1), 1);
	recorder_wait_event(rec, RPROC_EVENT_VIRTIO_FAILED);
	assert_int_equal(rproc_rpmsg_send(first, "x", 1), -EPIPE);
	assert_int_equal(rproc_rpmsg_send(second, "x", 1), 0);
	assert_int_equal(rproc_rpmsg_send(serial, "x", 1), 0);
	rproc_rpmsg_destroy_ept(first);
	rproc_rpmsg_destroy_ept(second);
	rproc_rpmsg_destroy_ept(serial);
	recorder_free(rec);
}

/* ---- diagnosis ----------------------------------------------------------------------------- */

/* It says so, or will soon: nothing is odd before it has lasted for a second. */
static void expect_diagnosis(struct remote *remote, const char *part)
{
	struct pollfd never = { .fd = -1 };
	struct timespec begin, now;
	char text[2048];
	size_t len;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		len = rproc_rpmsg_diagnosis(remote->rproc, text, sizeof(text));
		assert_int_equal(len, strlen(text));
		if (strstr(text, part))
			return;
		poll(&never, 1, 5);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begin.tv_sec < RECORDER_WAIT_S);
	fail_msg("no \"%s\" in \"%s\"", part, text);
}

static void the_diagnosis_names_what_is_odd(void **state)
{
	const struct remote_options serial = { .id = 11 };
	struct remote *line = remote_new(&serial);
	struct remote *silent = remote_new(NULL), *busy = remote_new(NULL);
	struct rproc_rpmsg_ept *ept = remote_ept(silent, 7, 8), *other = remote_ept(busy, 7, 8);
	struct remote_message *message = malloc(sizeof(*message));
	char text[8], silence[1024];

	(void)state;
	assert_int_equal(rproc_rpmsg_diagnosis(silent->rproc, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), 0);
	remote_announce(busy, "rpmsg-tty", 0x400);
	assert_int_equal(rproc_rpmsg_send(other, "x", 1), 0);
	assert_int_equal(rproc_rpmsg_send(other, "y", 1), 0);
	assert_true(remote_recv(busy, message));
	assert_int_equal(rproc_rpmsg_trysend(other, "z", 1), 0);
	expect_diagnosis(silent, "virtio0: input: the firmware has not used vring 0 for ");
	/* A serial line, which is older, may well say nothing. */
	rproc_rpmsg_diagnosis(line->rproc, silence, sizeof(silence));
	assert_null(strstr(silence, "vring 0"));
	expect_diagnosis(silent, "virtio0: output: never touched for ");
	expect_diagnosis(silent, "1 messages wait, the used index is still 0, 1 kicks were sent");
	expect_diagnosis(busy, "virtio0.rpmsg-tty.-1.1024: service rpmsg-tty at 0x400 is there");
	/* It took one; it is only the others that wait. */
	while (rproc_rpmsg_trysend(other, "fill", 4) == 0)
		;
	expect_diagnosis(busy, "the used index stopped at 1");
	assert_true(rproc_rpmsg_diagnosis(busy->rproc, text, sizeof(text)) > sizeof(text));
	assert_int_equal(strlen(text), sizeof(text) - 1);
	free(message);
	rproc_rpmsg_destroy_ept(ept);
	rproc_rpmsg_destroy_ept(other);
	remote_free(silent);
	remote_free(busy);
	remote_free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(announcements_become_channels),
		cmocka_unit_test(announcements_of_a_wrong_length_are_refused),
		cmocka_unit_test(names_are_cut_and_made_printable),
		cmocka_unit_test(announcements_without_end_end),
		cmocka_unit_test(without_the_feature_there_is_no_name_service),
		cmocka_unit_test(a_channel_is_opened_once_at_a_time),
		cmocka_unit_test(the_remote_is_told_of_our_own_channels),
		cmocka_unit_test(releasing_an_open_channel_kills_its_endpoint),
		cmocka_unit_test(an_announcement_that_fails_leaves_nothing_open),
		cmocka_unit_test(a_released_channel_is_withdrawn_first),
		cmocka_unit_test(a_channel_can_be_waited_for),
		cmocka_unit_test(driver_override_is_kept_as_it_is_given),
		cmocka_unit_test(each_vdev_has_a_bus_of_its_own),
		cmocka_unit_test(the_diagnosis_names_what_is_odd),
	};

	return cmocka_run_group_tests_name("rpmsg_channel", tests, NULL, NULL);
}
