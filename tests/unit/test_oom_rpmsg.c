/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages when memory runs out: a boot with an rpmsg vdev, an announcement, endpoints,
 * sockets, a stop and a recovery, with each allocation failing in turn, alone and with all
 * that follow it. Somebody is told, nothing is left over, and then everything works.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "oom_scenario.h"
#include "rpmsg_fixture.h"

#define SERVICE 0x500u

static struct remote *remote_of(struct recorder *rec)
{
	return rec->hook_data;
}

/* ---- that it works ------------------------------------------------------------------------- */

/* The kernel's two channels are there, complete. */
static void expect_bus(struct remote *remote)
{
	char override[16];

	assert_int_equal(remote_count(remote, "rpmsg_ctrl"), 1);
	assert_int_equal(remote_count(remote, "rpmsg_ns"), 1);
	assert_true(rproc_rpmsg_driver_override(remote->context, remote_ctrl(remote), override,
						sizeof(override)) > 0);
	assert_string_equal(override, "rpmsg_ctrl");
}

/* A service comes, is opened, echoes, and goes. */
static void expect_service(struct remote *remote, const char *name)
{
	struct rproc_rpmsg_ept *ept;
	char buf[8];
	uint64_t id;

	id = remote_announce(remote, name, SERVICE);
	assert_int_equal(rproc_rpmsg_open(remote->context, id, NULL, &ept), 0);
	assert_int_equal(rproc_rpmsg_send(ept, "ping", 4), 0);
	remote_expect(remote, rproc_rpmsg_ept_addr(ept), SERVICE, "ping", 4);
	remote_send(remote, SERVICE, rproc_rpmsg_ept_addr(ept), "pong", 4);
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), 0, NULL), 4);
	rproc_rpmsg_destroy_ept(ept);
	remote_ns(remote, name, SERVICE, false);
	assert_int_equal(remote_count(remote, name), 0);
}

/* All of it, and once more after the next boot. The end of each check. */
static void expect_all(struct remote *remote)
{
	expect_bus(remote);
	expect_service(remote, "again");
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	assert_int_equal(recorder_provided(remote->rec), 0);
	remote_boot(remote);
	expect_bus(remote);
	expect_service(remote, "at last");
	assert_int_equal(rproc_shutdown(remote->rproc), 0);
	remote_free_memory(remote);
}

static struct recorder *setup_running(void)
{
	return remote_new(NULL)->rec;
}

/* ---- boot, stop, recovery -------------------------------------------------------------------- */

/* Buffers from the provider, so that there is one that memory can be short in. */
static struct recorder *setup_offline(void)
{
	static const struct remote_options options = { .provider = true };

	return remote_new_offline(&options)->rec;
}

static int act_boot(struct recorder *rec)
{
	return rproc_boot(rec->rproc);
}

static void expect_told(struct recorder *rec)
{
	struct rproc_vdev_info *vdevs;
	size_t count;

	assert_int_equal(rproc_get_vdevs(rec->rproc, &vdevs, &count), 0);
	assert_int_equal(count, 1);
	if (vdevs[0].failed)
		recorder_expect_line(rec, "<3> [rproc-virtio rproc-virtio.0.auto] probe with "
					  "driver rproc-virtio failed with error -12");
	else
		recorder_expect_line(rec, "<3> [virtio_rpmsg_bus virtio0] probe with driver "
					  "virtio_rpmsg_bus failed with error -12");
	free(vdevs);
}

/* Without a carveout the peer does not see the buffers: whether they are there is enough. */
static void check_boot(struct recorder *rec, int result)
{
	struct remote *remote = remote_of(rec);
	unsigned int buses = remote_count(remote, "rpmsg_ctrl");

	if (result)
		recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	else
		recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	/* A vdev that had no memory fails alone, as in Linux, with a line in the log. */
	if (!result && !buses)
		expect_told(rec);
	if (buses)
		expect_bus(remote);
	if (!result)
		assert_int_equal(rproc_shutdown(remote->rproc), 0);
	assert_int_equal(recorder_provided(rec), 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	expect_bus(remote);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	assert_int_equal(recorder_provided(rec), 0);
	remote_free_memory(remote);
}

static const struct oom_scenario boot_with_messages = { "boot", setup_offline, act_boot,
							check_boot };

static struct rproc_rpmsg_ept *opened, *made;

/* A channel that is open, an endpoint beside it, and messages that nobody has read. */
static struct recorder *setup_busy(void)
{
	struct remote *remote = remote_new(NULL);
	uint64_t id = remote_announce(remote, "service", SERVICE);

	assert_int_equal(rproc_rpmsg_open(remote->context, id, NULL, &opened), 0);
	made = remote_ept(remote, 0x600, SERVICE);
	remote_send(remote, SERVICE, 0x600, "unread", 6);
	return remote->rec;
}

static int act_stop(struct recorder *rec)
{
	return rproc_shutdown(rec->rproc);
}

static void expect_dead(struct rproc_rpmsg_ept *ept, const char *text)
{
	char buf[8];

	assert_int_equal(rproc_rpmsg_send(ept, "x", 1), -EPIPE);
	if (text)
		assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), -1, NULL), strlen(text));
	assert_int_equal(rproc_rpmsg_recv(ept, buf, sizeof(buf), -1, NULL), -EPIPE);
	rproc_rpmsg_destroy_ept(ept);
}

static void check_stop(struct recorder *rec, int result)
{
	struct remote *remote = remote_of(rec);

	if (result)
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
	expect_dead(opened, NULL);
	expect_dead(made, "unread");
	assert_int_equal(remote_count(remote, "service"), 0);
	remote_boot(remote);
	expect_all(remote);
}

/* There may be no thread to handle it now; then the loop tries again. */
static int act_crash(struct recorder *rec)
{
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	recorder_queue_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_settle(rec);
	return 0;
}

static void check_crash(struct recorder *rec, int result)
{
	struct remote *remote = remote_of(rec);

	(void)result;
	recorder_wait_state(rec, RPROC_STATE_CRASHED);
	recorder_settle(rec);
	expect_dead(opened, NULL);
	expect_dead(made, "unread");
	/* Without a bus, or offline: the recovery had no memory for it. */
	if (!remote_count(remote, "rpmsg_ctrl")) {
		if (rproc_state(rec->rproc) != RPROC_STATE_OFFLINE)
			assert_int_equal(rproc_shutdown(rec->rproc), 0);
		assert_int_equal(rproc_boot(rec->rproc), 0);
	}
	remote_restart(remote);
	expect_all(remote);
}

static const struct oom_scenario stop_with_messages = { "stop", setup_busy, act_stop, check_stop };
static const struct oom_scenario recovery_with_messages = { "crash and recovery", setup_busy,
							    act_crash, check_crash };

/* ---- channels ------------------------------------------------------------------------------ */

static int act_announce(struct recorder *rec)
{
	remote_ns(remote_of(rec), "service", SERVICE, true);
	return 0;
}

/* As in Linux the log is told; the remote can announce it once more. */
static void check_announce(struct recorder *rec, int result)
{
	(void)result;
	if (remote_count(remote_of(rec), "service"))
		remote_ns(remote_of(rec), "service", SERVICE, false);
	else
		recorder_expect_line(rec, "<3> [virtio_rpmsg_bus virtio0] rpmsg_create_channel "
					  "failed");
	expect_all(remote_of(rec));
}

/* A program's own, and what it may ask of channels. */
static int act_channels(struct recorder *rec)
{
	struct rproc_rpmsg_channel_info *info;
	struct rproc_context *context = rec->context;
	uint64_t ctrl = 1, id = 0;
	size_t count;
	int ret = rproc_rpmsg_create_channel(context, ctrl, "own", 0x700, 0x701, &id);

	if (!ret)
		ret = rproc_rpmsg_set_driver_override(context, id, "somebody");
	if (!ret)
		ret = rproc_rpmsg_get_channels(context, &info, &count);
	if (!ret)
		free(info);
	if (id && rproc_rpmsg_release_channel(context, ctrl, "own", 0x700, 0x701))
		return -EIO;
	return ret;
}

static void check_channels(struct recorder *rec, int result)
{
	(void)result;
	assert_int_equal(remote_count(remote_of(rec), "own"), 0);
	expect_all(remote_of(rec));
}

static const struct oom_scenario announce = { "announcement", setup_running, act_announce,
					      check_announce };
static const struct oom_scenario channels = { "channels", setup_running, act_channels,
					      check_channels };

/* ---- endpoints ----------------------------------------------------------------------------- */

static uint64_t own_channel;

/* A channel of ours, of which the remote is told when it is opened. */
static struct recorder *setup_own_channel(void)
{
	struct remote *remote = remote_new(NULL);

	assert_int_equal(rproc_rpmsg_create_channel(remote->context, remote_ctrl(remote), "own",
						    0x700, 0x701, &own_channel),
			 0);
	return remote->rec;
}

static int act_open(struct recorder *rec)
{
	struct rproc_rpmsg_ept *ept;
	int ret = rproc_rpmsg_open(rec->context, own_channel, NULL, &ept);

	if (!ret)
		ret = rproc_rpmsg_send(ept, "hello", 5);
	if (!ret)
		rproc_rpmsg_destroy_ept(ept);
	return ret;
}

/* How many messages the remote finds. */
static unsigned int drain(struct remote *remote)
{
	struct remote_message *message = malloc(sizeof(*message));
	unsigned int count = 0;

	while (remote_recv(remote, message))
		count++;
	free(message);
	return count;
}

static void check_open(struct recorder *rec, int result)
{
	struct remote *remote = remote_of(rec);

	/* Nothing; or the announcement, the message, and that it is gone. */
	assert_int_equal(drain(remote), result ? 0 : 3);
	assert_int_equal(act_open(rec), 0);
	assert_int_equal(drain(remote), 3);
	expect_all(remote);
}

/* More than the table of a bus has room for at first, each with a descriptor. */
static int act_endpoints(struct recorder *rec)
{
	struct rproc_rpmsg_ept *epts[40];
	int ret = 0, num = 0;

	while (!ret && num < 40) {
		ret = rproc_rpmsg_create_ept(rec->context, 1, "many", RPROC_RPMSG_ADDR_ANY, 8, NULL,
					     &epts[num]);
		if (!ret)
			ret = rproc_rpmsg_ept_fd(epts[num++]) < 0 ? -EIO : 0;
	}
	while (num)
		rproc_rpmsg_destroy_ept(epts[--num]);
	return ret;
}

static void check_endpoints(struct recorder *rec, int result)
{
	(void)result;
	assert_int_equal(act_endpoints(rec), 0);
	expect_all(remote_of(rec));
}

/* What there is no memory to keep is lost, and the reader learns where. */
static int act_receive(struct recorder *rec)
{
	struct remote *remote = remote_of(rec);
	char text[2] = "0";

	for (; text[0] < '6'; text[0]++)
		remote_send(remote, SERVICE, rproc_rpmsg_ept_addr(made), text, 1);
	return 0;
}

static struct recorder *setup_endpoint(void)
{
	struct remote *remote = remote_new(NULL);

	made = remote_ept(remote, 0x600, SERVICE);
	return remote->rec;
}

static void check_receive(struct recorder *rec, int result)
{
	struct rproc_rpmsg_counters counters;
	unsigned int read = 0, holes = 0;
	char last = '0' - 1, byte;
	ssize_t ret;

	(void)result;
	while ((ret = rproc_rpmsg_recv(made, &byte, 1, 0, NULL)) != -EAGAIN) {
		if (ret == -ENOBUFS) {
			holes++;
			continue;
		}
		assert_int_equal(ret, 1);
		assert_true(byte > last);
		last = byte;
		read++;
	}
	assert_int_equal(
		rproc_rpmsg_get_counters(rec->context, remote_ctrl(remote_of(rec)), &counters), 0);
	assert_int_equal(read + counters.lost, 6);
	assert_int_equal(holes, counters.lost ? 1 : 0);
	rproc_rpmsg_destroy_ept(made);
	expect_all(remote_of(rec));
}

static const struct oom_scenario opening = { "open", setup_own_channel, act_open, check_open };
static const struct oom_scenario endpoints = { "endpoints", setup_running, act_endpoints,
					       check_endpoints };
static const struct oom_scenario receiving = { "receive", setup_endpoint, act_receive,
					       check_receive };

/* ---- sockets --------------------------------------------------------------------------------- */

static int socket_fd;

static int act_socket(struct recorder *rec)
{
	int ret = rproc_rpmsg_ept_to_socket(made, &socket_fd);

	(void)rec;
	return ret;
}

static void check_socket(struct recorder *rec, int result)
{
	struct remote *remote = remote_of(rec);
	struct pollfd pfd = { .events = POLLIN };
	char buf[8];

	if (result)
		assert_int_equal(rproc_rpmsg_ept_to_socket(made, &socket_fd), 0);
	pfd.fd = socket_fd;
	remote_send(remote, SERVICE, 0x600, "in", 2);
	assert_int_equal(poll(&pfd, 1, RECORDER_WAIT_S * 1000), 1);
	assert_int_equal(recv(socket_fd, buf, sizeof(buf), 0), 2);
	close(socket_fd);
	expect_all(remote);
}

static const struct oom_scenario endpoint_to_socket = { "endpoint to socket", setup_endpoint,
							act_socket, check_socket };

int main(void)
{
	const struct CMUnitTest tests[] = {
		OOM_TEST(boot_with_messages),
		OOM_TEST(stop_with_messages),
		OOM_TEST(recovery_with_messages),
		OOM_TEST(announce),
		OOM_TEST(channels),
		OOM_TEST(opening),
		OOM_TEST(endpoints),
		OOM_TEST(receiving),
		OOM_TEST(endpoint_to_socket),
	};

	return cmocka_run_group_tests_name("oom_rpmsg", tests, NULL, NULL);
}
