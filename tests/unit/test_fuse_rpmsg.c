/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Channels in the mount: which files there are for each, what they say, which driver
 * takes a channel, and how all of it goes with the processor.
 */
#include "fuse_rpmsg_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is always there ---------------------------------------------------------------- */

static void a_running_vdev_is_a_virtio_device(void **state)
{
	struct rpmsg_mount *f = *state;
	char features[130];

	memset(features, '0', 128);
	features[0] = '1';
	features[128] = '\n';
	features[129] = '\0';
	assert_names("bus/virtio/devices", "virtio0");
	rpmsg_mount_link(f, "bus/virtio/devices", "virtio0", "../../../devices/" VIRTIO_AT);
	rpmsg_mount_link(f, "bus/virtio/drivers/virtio_rpmsg_bus", "virtio0",
			 "../../../../devices/" VIRTIO_AT);
	rpmsg_mount_link(f, "devices/" VIRTIO_AT, "driver",
			 "../../../../../../../bus/virtio/drivers/virtio_rpmsg_bus");
	rpmsg_mount_link(f, "devices/" VIRTIO_AT, "subsystem", "../../../../../../../bus/virtio");
	assert_text("bus/virtio/devices/virtio0/device", "0x0007\n");
	assert_text("bus/virtio/devices/virtio0/vendor", "0x0000\n");
	assert_text("bus/virtio/devices/virtio0/status", "0x00000007\n");
	assert_text("bus/virtio/devices/virtio0/features", features);
	assert_text("bus/virtio/devices/virtio0/modalias", "virtio:d00000007v00000000\n");
	assert_text("bus/virtio/devices/virtio0/uevent",
		    "DRIVER=virtio_rpmsg_bus\nMODALIAS=virtio:d00000007v00000000\n");
	assert_names("bus/virtio/devices/virtio0",
		     "device driver features modalias power status subsystem uevent vendor "
		     "virtio0.rpmsg_ctrl.0.0 virtio0.rpmsg_ns.53.53");
}

static void a_bus_has_its_two_fixed_channels(void **state)
{
	struct rpmsg_mount *f = *state;

	assert_names(BUS, "virtio0.rpmsg_ctrl.0.0 virtio0.rpmsg_ns.53.53");
	rpmsg_mount_link(f, BUS, "virtio0.rpmsg_ctrl.0.0",
			 "../../../devices/" VIRTIO_AT "/virtio0.rpmsg_ctrl.0.0");
	assert_names(BUS "/virtio0.rpmsg_ctrl.0.0",
		     "announce driver driver_override dst modalias name power rpmsg src subsystem "
		     "uevent");
	assert_text(BUS "/virtio0.rpmsg_ctrl.0.0/name", "rpmsg_ctrl\n");
	assert_text(BUS "/virtio0.rpmsg_ctrl.0.0/src", "0x0\n");
	assert_text(BUS "/virtio0.rpmsg_ctrl.0.0/dst", "0x0\n");
	assert_text(BUS "/virtio0.rpmsg_ctrl.0.0/announce", "false\n");
	assert_text(BUS "/virtio0.rpmsg_ctrl.0.0/modalias", "rpmsg:rpmsg_ctrl\n");
	assert_text(BUS "/virtio0.rpmsg_ctrl.0.0/driver_override", "rpmsg_ctrl\n");
	assert_text(BUS "/virtio0.rpmsg_ctrl.0.0/uevent",
		    "DRIVER=rpmsg_ctrl\nMODALIAS=rpmsg:rpmsg_ctrl\n");
	assert_text(BUS "/virtio0.rpmsg_ns.53.53/src", "0x35\n");
	assert_text(BUS "/virtio0.rpmsg_ns.53.53/dst", "0x35\n");
	assert_text(BUS "/virtio0.rpmsg_ns.53.53/driver_override", "rpmsg_ns\n");
	assert_text(BUS "/virtio0.rpmsg_ns.53.53/uevent",
		    "DRIVER=rpmsg_ns\nMODALIAS=rpmsg:rpmsg_ns\n");
	assert_names("bus/rpmsg/drivers", "rpmsg_chrdev rpmsg_ctrl rpmsg_ns rpmsg_tty");
	assert_names("class/rpmsg", "rpmsg_ctrl0");
	rpmsg_mount_link(f, "class/rpmsg", "rpmsg_ctrl0",
			 "../../devices/" VIRTIO_AT "/virtio0.rpmsg_ctrl.0.0/rpmsg/rpmsg_ctrl0");
	rpmsg_mount_link(f, "class/rpmsg/rpmsg_ctrl0", "device", "../../../virtio0.rpmsg_ctrl.0.0");
	assert_text("class/rpmsg/rpmsg_ctrl0/uevent", "DEVNAME=rpmsg_ctrl0\n");
	assert_names("dev", "remoteproc0 rpmsg_ctrl0");
}

/* ---- channels that the firmware announces ---------------------------------------------------- */

static void announced_channels_are_taken_by_the_drivers_of_linux(void **state)
{
	struct rpmsg_mount *f = *state;

	remote_ns(f->remote, "rpmsg-tty", 0x400, true);
	remote_ns(f->remote, "rpmsg-raw", 0x401, true);
	assert_names(BUS, "virtio0.rpmsg-raw.-1.1025 virtio0.rpmsg-tty.-1.1024 "
			  "virtio0.rpmsg_ctrl.0.0 virtio0.rpmsg_ns.53.53");
	assert_names("dev", "remoteproc0 rpmsg0 rpmsg_ctrl0 ttyRPMSG0");
	assert_names("class/rpmsg", "rpmsg0 rpmsg_ctrl0");
	rpmsg_mount_link(f, "class/rpmsg", "rpmsg0",
			 "../../devices/" VIRTIO_AT "/virtio0.rpmsg-raw.-1.1025/rpmsg/rpmsg0");
	rpmsg_mount_link(f, "class/rpmsg/rpmsg0", "device", "../../../virtio0.rpmsg-raw.-1.1025");
	remote_ns(f->remote, "unknown-service", 0x402, true);
	assert_text(BUS "/virtio0.unknown-service.-1.1026/uevent",
		    "MODALIAS=rpmsg:unknown-service\n");
	remote_ns(f->remote, "rpmsg-tty", 0x400, true);
	assert_true(rpmsg_mount_logged(f, "channel rpmsg-tty:ffffffff:400 already exist"));
	remote_ns(f->remote, "rpmsg-tty", 0x403, true);
	remote_ns(f->remote, "nobody", 0x500, false);
	remote_ns(f->remote, "unknown-service", 0x402, false);
	assert_names(BUS, "virtio0.rpmsg-raw.-1.1025 virtio0.rpmsg-tty.-1.1024 "
			  "virtio0.rpmsg-tty.-1.1027 virtio0.rpmsg_ctrl.0.0 "
			  "virtio0.rpmsg_ns.53.53");
	assert_names("class/tty", "ttyRPMSG0 ttyRPMSG1");
	/* The name stays, the address is the one it got when it was taken. */
	assert_text(BUS "/virtio0.rpmsg-raw.-1.1025/src", "0x401\n");
	assert_text(BUS "/virtio0.rpmsg-raw.-1.1025/dst", "0x401\n");
	assert_text(BUS "/virtio0.rpmsg-raw.-1.1025/driver_override", "(null)\n");
	assert_text(BUS "/virtio0.rpmsg-raw.-1.1025/uevent",
		    "DRIVER=rpmsg_chrdev\nMODALIAS=rpmsg:rpmsg-raw\n");
	assert_text(BUS "/virtio0.rpmsg-tty.-1.1024/src", "0x400\n");
	assert_text(BUS "/virtio0.rpmsg-tty.-1.1027/src", "0x402\n");
	assert_text(BUS "/virtio0.rpmsg-tty.-1.1027/dst", "0x403\n");
	assert_text("class/rpmsg/rpmsg0/name", "rpmsg-raw\n");
	assert_text("class/rpmsg/rpmsg0/src", "1025\n");
	assert_text("class/rpmsg/rpmsg0/dst", "1025\n");
}

static void a_withdrawn_channel_takes_its_device_along(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open;

	remote_ns(f->remote, "rpmsg-raw", 0x401, true);
	open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
	remote_ns(f->remote, "rpmsg-raw", 0x401, false);
	assert_names("dev", "remoteproc0 rpmsg_ctrl0");
	assert_no_message(open, -EPIPE);
	assert_int_equal(front_poll(&f->front, open), POLLERR);
	remote_ns(f->remote, "rpmsg-raw", 0x401, true);
	/* The next of the name is another: the descriptor stays dead, and keeps its number. */
	assert_names("dev", "remoteproc0 rpmsg1 rpmsg_ctrl0");
	assert_no_message(open, -EPIPE);
	node_release(open);
}

static void names_that_a_firmware_chose_are_only_names(void **state)
{
	struct rpmsg_mount *f = *state;

	remote_ns(f->remote, "../../../x", 0x600, true);
	remote_ns(f->remote, "new\nline", 0x601, true);
	assert_non_null(front_find(&f->front, BUS "/virtio0...!..!..!x.-1.1536/name"));
	assert_text(BUS "/virtio0...!..!..!x.-1.1536/name", "../../../x\n");
	assert_null(front_find(&f->front, "x"));
	assert_text(BUS "/virtio0.new?line.-1.1537/name", "new?line\n");
	remote_ns(f->remote, "../../../x", 0x600, false);
	remote_ns(f->remote, "new\nline", 0x601, false);
	assert_names(BUS, "virtio0.rpmsg_ctrl.0.0 virtio0.rpmsg_ns.53.53");
}

static void many_channels_come_and_go_at_once(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node *bus;
	unsigned int n = 0;

	for (uint32_t i = 0; i < 500; i++)
		remote_ns(f->remote, i % 2 ? "rpmsg-raw" : "nobody", 0x1000 + i, true);
	bus = front_find(&f->front, BUS);
	tree_refresh(bus);
	for (const struct node *node = bus->first; node; node = node->next)
		n++;
	assert_int_equal(n, 502);
	assert_non_null(front_find(&f->front, "dev/rpmsg249"));
	assert_null(front_find(&f->front, "dev/rpmsg250"));
	assert_store(STATE, "stop", 4);
	assert_names(BUS, "");
	assert_names("class/rpmsg", "");
	assert_names("dev", "remoteproc0");
}

/* ---- drivers ------------------------------------------------------------------------------- */

static void any_channel_can_be_given_to_a_driver_by_hand(void **state)
{
	struct rpmsg_mount *f = *state;
	const char *name = "virtio0.service.-1.1030";

	remote_ns(f->remote, "service", 0x406, true);
	assert_store("bus/rpmsg/drivers/rpmsg_chrdev/bind", name, -ENODEV);
	assert_store("bus/rpmsg/drivers/rpmsg_chrdev/bind", "virtio0.none.-1.1030", -ENODEV);
	assert_store(BUS "/virtio0.service.-1.1030/driver_override", "rpmsg_chrdev\n", 13);
	assert_text(BUS "/virtio0.service.-1.1030/driver_override", "rpmsg_chrdev\n");
	assert_store("bus/rpmsg/drivers/rpmsg_tty/bind", name, -ENODEV);
	assert_store("bus/rpmsg/drivers/rpmsg_chrdev/bind", name, (ssize_t)strlen(name));
	assert_store("bus/rpmsg/drivers/rpmsg_chrdev/bind", name, -EBUSY);
	assert_text("class/rpmsg/rpmsg0/name", "service\n");
	rpmsg_mount_link(f, "bus/rpmsg/drivers/rpmsg_chrdev", name,
			 "../../../../devices/" VIRTIO_AT "/virtio0.service.-1.1030");
	assert_store("bus/rpmsg/drivers/rpmsg_tty/unbind", name, -ENODEV);
	assert_store("bus/rpmsg/drivers/rpmsg_chrdev/unbind", name, (ssize_t)strlen(name));
	assert_names("dev", "remoteproc0 rpmsg_ctrl0");
	assert_store("bus/rpmsg/drivers_probe", name, (ssize_t)strlen(name));
	assert_text("class/rpmsg/rpmsg0/name", "service\n");
	assert_store("bus/rpmsg/drivers/rpmsg_chrdev/unbind", name, (ssize_t)strlen(name));
	assert_names(BUS "/virtio0.service.-1.1030",
		     "announce driver_override dst modalias name power src subsystem uevent");
	assert_store(BUS "/virtio0.service.-1.1030/driver_override", "rpmsg_tty", 9);
	assert_store("bus/rpmsg/drivers/rpmsg_tty/bind", "virtio0.service.-1.1030\n", 24);
	assert_names("dev", "remoteproc0 rpmsg_ctrl0 ttyRPMSG0");
	assert_store(BUS "/virtio0.service.-1.1030/driver_override", "\n", 1);
	assert_text(BUS "/virtio0.service.-1.1030/driver_override", "(null)\n");
}

static void a_driver_override_has_a_length(void **state)
{
	struct rpmsg_mount *f = *state;
	char word[4097];

	memset(word, 'x', 4096);
	word[4096] = '\0';
	assert_store(BUS "/virtio0.rpmsg_ns.53.53/driver_override", word, -EINVAL);
	word[4095] = '\0';
	assert_store(BUS "/virtio0.rpmsg_ns.53.53/driver_override", word, -EINVAL);
	word[4094] = '\0';
	assert_store(BUS "/virtio0.rpmsg_ns.53.53/driver_override", word, 4094);
	assert_store(BUS "/virtio0.rpmsg_ns.53.53/driver_override", "two\nlines", 9);
	assert_text(BUS "/virtio0.rpmsg_ns.53.53/driver_override", "two\n");
}

static void a_channel_that_somebody_has_open_is_not_taken(void **state)
{
	struct rpmsg_mount *f = *state;
	struct rproc_rpmsg_ept *ept;
	uint64_t channel;

	assert_int_equal(rproc_rpmsg_create_channel(f->context, remote_ctrl(f->remote), "rpmsg-raw",
						    0x700, 0x701, &channel),
			 0);
	assert_int_equal(rproc_rpmsg_open(f->context, channel, NULL, &ept), 0);
	assert_names("dev", "remoteproc0 rpmsg_ctrl0");
	assert_true(rpmsg_mount_logged(f, ";rpmsg_chrdev virtio0.rpmsg-raw.1792.1793: probe with "
					  "driver rpmsg_chrdev failed with error -16\n"));
	rproc_rpmsg_destroy_ept(ept);
	assert_store("bus/rpmsg/drivers/rpmsg_chrdev/bind", "virtio0.rpmsg-raw.1792.1793", 27);
	assert_names("dev", "remoteproc0 rpmsg0 rpmsg_ctrl0");
}

/* ---- the processor ------------------------------------------------------------------------- */

static void a_stop_takes_everything_and_a_start_brings_it_back(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open;

	remote_ns(f->remote, "rpmsg-raw", 0x401, true);
	open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR | O_NONBLOCK);
	assert_store(STATE, "stop", 4);
	assert_names(BUS, "");
	assert_names("bus/virtio/devices", "");
	assert_names("class/rpmsg", "");
	assert_names("dev", "remoteproc0");
	assert_no_message(open, -EPIPE);
	assert_int_equal(front_write(&f->front, open, "x", 1), -EPIPE);
	assert_int_equal(front_poll(&f->front, open), POLLERR);
	node_release(open);
	assert_store(STATE, "start", 5);
	remote_restart(f->remote);
	assert_names(BUS, "virtio0.rpmsg_ctrl.0.0 virtio0.rpmsg_ns.53.53");
	assert_names("dev", "remoteproc0 rpmsg_ctrl0");
	assert_names("devices/platform/dsp/remoteproc/remoteproc0/rproc-virtio.0.auto",
		     "driver driver_override modalias power subsystem uevent virtio0");
}

static void await_state(struct rpmsg_mount *f, const char *wanted)
{
	while (strcmp(front_text(&f->front, STATE), wanted)) {
		struct pollfd events = { .fd = fs_poll_fd(f->fs), .events = POLLIN };

		assert_true(poll(&events, 1, FRONT_WAIT_S * 1000) > 0);
		rpmsg_mount_settle(f);
	}
}

static void channels_stay_while_crashed_and_go_with_the_recovery(void **state)
{
	struct rpmsg_mount *f = *state;
	struct node_open *open;
	struct node_call *call;

	assert_store(RECOVERY, "disabled", 8);
	remote_ns(f->remote, "rpmsg-raw", 0x401, true);
	open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
	assert_store(CRASH, "1", 1);
	await_state(f, "crashed\n");
	assert_names(BUS, "virtio0.rpmsg-raw.-1.1025 virtio0.rpmsg_ctrl.0.0 "
			  "virtio0.rpmsg_ns.53.53");
	assert_names("bus/virtio/devices", "virtio0");
	call = front_start_read(&f->front, open, 100, 0, false);
	assert_store(RECOVERY, "enabled", 7);
	await_state(f, "running\n");
	assert_int_equal(front_wait(&f->front, call, NULL), -EPIPE);
	assert_names(BUS, "virtio0.rpmsg_ctrl.0.0 virtio0.rpmsg_ns.53.53");
	assert_names("bus/virtio/devices", "virtio0");
	assert_int_equal(front_poll(&f->front, open), POLLERR);
	node_release(open);
	remote_restart(f->remote);
	remote_ns(f->remote, "rpmsg-raw", 0x401, true);
	open = rpmsg_mount_open(f, "dev/rpmsg0", O_RDWR);
	assert_int_equal(front_write(&f->front, open, "again", 5), 5);
	remote_expect(f->remote, 0x400, 0x401, "again", 5);
	node_release(open);
}

/* The kernel's drivers of these know their devices by an override, not by a name. */
static void a_service_may_be_called_as_the_kernels_own_devices(void **state)
{
	struct rpmsg_mount *f = *state;

	remote_ns(f->remote, "rpmsg_ctrl", 0x401, true);
	remote_ns(f->remote, "rpmsg_ns", 0x402, true);
	rpmsg_mount_settle(f);
	assert_text(BUS "/virtio0.rpmsg_ctrl.-1.1025/driver_override", "(null)\n");
	assert_null(front_find(&f->front, BUS "/virtio0.rpmsg_ctrl.-1.1025/driver"));
	assert_null(front_find(&f->front, BUS "/virtio0.rpmsg_ns.-1.1026/driver"));
	assert_null(front_find(&f->front, "dev/rpmsg_ctrl1"));
	assert_store("bus/rpmsg/drivers/rpmsg_ctrl/bind", "virtio0.rpmsg_ctrl.-1.1025", -ENODEV);
}

static void findings_and_counters_lie_apart(void **state)
{
	struct rpmsg_mount *f = *state;
	const char *text;

	remote_ns(f->remote, "service", 0x406, true);
	text = front_text(&f->front, "librproc/dsp/rpmsg_counters");
	assert_non_null(strstr(text, "virtio0 rx_messages 1\n"));
	assert_non_null(strstr(text, "virtio0 tx_buffers 8\n"));
	assert_store(STATE, "stop", 4);
	assert_text("librproc/dsp/rpmsg_counters", "");
	assert_text("librproc/dsp/rpmsg_findings", "");
}

#define test(name) cmocka_unit_test_setup_teardown(name, rpmsg_mount_setup, rpmsg_mount_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_running_vdev_is_a_virtio_device),
		test(a_bus_has_its_two_fixed_channels),
		test(announced_channels_are_taken_by_the_drivers_of_linux),
		test(a_withdrawn_channel_takes_its_device_along),
		test(names_that_a_firmware_chose_are_only_names),
		test(many_channels_come_and_go_at_once),
		test(any_channel_can_be_given_to_a_driver_by_hand),
		test(a_driver_override_has_a_length),
		test(a_channel_that_somebody_has_open_is_not_taken),
		test(a_stop_takes_everything_and_a_start_brings_it_back),
		test(channels_stay_while_crashed_and_go_with_the_recovery),
		test(a_service_may_be_called_as_the_kernels_own_devices),
		test(findings_and_counters_lie_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
