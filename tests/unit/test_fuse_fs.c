/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in the mount, and that its attributes do what Linux's do. Texts, modes
 * and links are typed from a recording of a running kernel.
 */
#include "fuse_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* ---- what there is ------------------------------------------------------------------------ */

static void directories_hold_what_linux_shows(void **state)
{
	struct fuse_fixture *f = *state;

	assert_names("", "bus class dev devices kernel librproc module");
	fuse_fixture_mode(f, "", 0555);
	assert_names("class", "devcoredump remoteproc rpmsg tty");
	assert_names("class/remoteproc", "remoteproc0");
	assert_names(C, "coredump device firmware fw_format name power recovery state subsystem "
			"uevent");
	assert_names(C "power",
		     "async autosuspend_delay_ms control runtime_active_kids runtime_active_time "
		     "runtime_enabled runtime_status runtime_suspended_time runtime_usage");
	assert_names(D, "carveout_memories coredump crash name recovery resource_table");
	assert_names("class/devcoredump", "disabled");
	assert_names("dev", "remoteproc0");
	assert_names("bus/platform", "devices drivers drivers_autoprobe drivers_probe uevent");
	assert_names("bus/rpmsg", "devices drivers drivers_autoprobe drivers_probe uevent");
	assert_names("bus/virtio", "devices drivers drivers_autoprobe drivers_probe uevent");
	assert_names("bus/rpmsg/devices", "");
	assert_names("class/rpmsg", "");
	fuse_fixture_link(f, "class/remoteproc", "remoteproc0",
			  "../../devices/platform/dsp/remoteproc/remoteproc0");
	fuse_fixture_link(f, C, "device", "../../../dsp");
	fuse_fixture_link(f, C, "subsystem", "../../../../../class/remoteproc");
	fuse_fixture_link(f, C "device", "subsystem", "../../../bus/platform");
	fuse_fixture_link(f, "bus/platform/devices", "dsp", "../../../devices/platform/dsp");
	/* Every link leads somewhere. */
	assert_non_null(front_find(&f->front, C "device/remoteproc/remoteproc0/state"));
	assert_non_null(front_find(&f->front, C "subsystem/remoteproc0/state"));
	assert_non_null(front_find(&f->front, "bus/platform/devices/dsp/subsystem/devices/dsp"));
	assert_non_null(front_find(&f->front, "librproc/dsp/remoteproc/state"));
}

static void the_word_for_another_driver_is_kept(void **state)
{
	struct fuse_fixture *f = *state;
	const char *path = C "device/driver_override";
	char word[4096];

	assert_text(path, "(null)\n");
	assert_store(path, "vfio-platform\n", 14);
	assert_text(path, "vfio-platform\n");
	memset(word, 'x', 4095);
	word[4095] = '\0';
	assert_store(path, word, -EINVAL);
	word[4094] = '\0';
	assert_store(path, word, 4094);
	assert_store(path, "\n", 1);
	assert_text(path, "(null)\n");
}

static void modes_are_linux_modes(void **state)
{
	struct fuse_fixture *f = *state;

	fuse_fixture_mode(f, C "state", 0644);
	fuse_fixture_mode(f, C "name", 0444);
	fuse_fixture_mode(f, C "uevent", 0644);
	fuse_fixture_mode(f, "kernel/debug", 0700);
	fuse_fixture_mode(f, D, 0755);
	fuse_fixture_mode(f, D "name", 0400);
	fuse_fixture_mode(f, D "crash", 0200);
	fuse_fixture_mode(f, D "recovery", 0600);
	fuse_fixture_mode(f, "dev/remoteproc0", 0600);
	fuse_fixture_mode(f, "module/firmware_class/parameters/path", 0644);
}

static void a_group_may_start_and_stop(void **state)
{
	const struct fs_options options = { .gid = 1234, .have_gid = true };
	struct fuse_fixture *f = fuse_fixture_new(&options);

	(void)state;
	fuse_fixture_mode(f, C "state", 0664);
	fuse_fixture_mode(f, C "firmware", 0664);
	fuse_fixture_mode(f, C "name", 0444);
	fuse_fixture_mode(f, C "uevent", 0644);
	fuse_fixture_mode(f, "dev/remoteproc0", 0660);
	fuse_fixture_mode(f, "module/firmware_class/parameters/path", 0644);
	fuse_fixture_mode(f, D "recovery", 0600);
	assert_int_equal(front_find(&f->front, C "state")->gid, 1234);
	fuse_fixture_free(f);
}

static void mainline_has_nothing_more(void **state)
{
	const struct fs_options options = { .mainline = true };
	struct fuse_fixture *f = fuse_fixture_new(&options);
	struct node_open *open;
	char buf[64];

	(void)state;
	assert_names(C, "coredump device firmware name power recovery state subsystem uevent");
	assert_int_equal(front_open(&f->front, C "state", O_RDONLY, &open), 0);
	front_pread(&f->front, open, buf, 64, 0);
	assert_store(C "state", "start", 5);
	assert_int_equal(node_poll(open), NODE_POLL_DEFAULT);
	node_release(open);
	fuse_fixture_free(f);
}

static void attributes_read_as_in_linux(void **state)
{
	struct fuse_fixture *f = *state;

	assert_text(C "state", "offline\n");
	assert_text(C "name", "dsp\n");
	assert_text(C "firmware", "fw.elf\n");
	assert_text(C "recovery", "enabled\n");
	assert_text(C "coredump", "disabled\n");
	assert_text(C "uevent", "DEVTYPE=remoteproc\n");
	assert_text(C "power/control", "auto\n");
	assert_text(C "power/runtime_status", "unsupported\n");
	assert_text(C "power/autosuspend_delay_ms", "EIO");
	assert_text(C "power/runtime_enabled", "disabled\n");
	assert_store(C "power/control", "on", 2);
	assert_text(C "power/runtime_enabled", "disabled & forbidden\n");
	assert_text(C "power/runtime_usage", "1\n");
	assert_store(C "power/control", "auto\n", 5);
	assert_text(C "power/runtime_usage", "0\n");
	assert_text(D "name", "dsp\n");
	assert_text(D "recovery", "enabled\n");
	assert_text(D "coredump", "disabled\n");
	assert_text(D "crash", "EINVAL");
	assert_text(D "resource_table", "No resource table found\n");
	assert_text(D "carveout_memories", "");
	assert_text("dev/remoteproc0", "EINVAL");
	assert_text("class/devcoredump/disabled", "0\n");
	assert_text(C "nosuch", "ENOENT");
	assert_store(D "name", "x", -EINVAL);
}

static void a_uevent_that_is_none_is_refused_and_logged(void **state)
{
	struct fuse_fixture *f = *state;

	assert_store(C "uevent", "add", 3);
	assert_store("bus/rpmsg/uevent", "change\n", 7);
	assert_store(C "uevent", "bogus", -EINVAL);
	assert_true(fuse_fixture_logged(f, ";synth uevent: /devices/platform/dsp/remoteproc/"
					   "remoteproc0: unknown uevent action string\n"));
	assert_true(fuse_fixture_logged(f, ";remoteproc remoteproc0: uevent: failed to send "
					   "synthetic uevent: -22\n"));
	assert_store(C "device/uevent", "add x", -EINVAL);
	assert_true(fuse_fixture_logged(f, ";synth uevent: /devices/platform/dsp: incorrect "
					   "uevent action arguments\n"));
	assert_true(fuse_fixture_logged(f, ";platform dsp: uevent: failed"));
	assert_store("bus/platform/drivers/rproc-virtio/uevent", "x", -EINVAL);
	assert_true(fuse_fixture_logged(f, ";synth uevent: /bus/platform/drivers/rproc-virtio: "));
	assert_false(fuse_fixture_logged(f, "rproc-virtio: uevent: failed"));
}

static void a_bus_looks_for_drivers_when_asked(void **state)
{
	struct fuse_fixture *f = *state;

	assert_text("bus/platform/drivers_autoprobe", "1\n");
	assert_store("bus/platform/drivers_autoprobe", "1\n", 2);
	assert_store("bus/platform/drivers_autoprobe", "0", -EPERM);
	assert_store("bus/platform/drivers_probe", "dsp\n", 4);
	assert_store("bus/platform/drivers_probe", "nosuch", -ENODEV);
	assert_store("bus/rpmsg/drivers_probe", "dsp", -ENODEV);
}

/* ---- state --------------------------------------------------------------------------------- */

static void start_and_stop_are_counted(void **state)
{
	struct fuse_fixture *f = *state;

	assert_store(C "state", "start", 5);
	assert_text(C "state", "running\n");
	assert_store(C "state", "start\n", 6);
	assert_store(C "state", "stop", 4);
	assert_text(C "state", "running\n");
	assert_store(C "state", "stop", 4);
	assert_text(C "state", "offline\n");
	assert_store(C "state", "stop", -EINVAL);
	assert_store(C "state", "detach", -EINVAL);
	assert_store(C "state", "st", -EINVAL);
	assert_true(fuse_fixture_logged(f, "3,"));
	assert_true(fuse_fixture_logged(f, ";remoteproc remoteproc0: Unrecognised option: st\n"));
	assert_true(fuse_fixture_logged(
		f, ";remoteproc remoteproc0: remote processor dsp is now up\n"));
}

static void a_failed_start_tells_errno_log_and_story(void **state)
{
	struct fuse_fixture *f = *state;
	const char *story;

	recorder_fail(f->rec, REC_START, -EIO);
	assert_store(C "state", "start", -EIO);
	assert_text(C "state", "offline\n");
	assert_true(fuse_fixture_logged(f, "Boot failed: -5"));
	story = front_text(&f->front, "librproc/dsp/last_error");
	assert_true(strlen(story) > 5 && story[strlen(story) - 1] == '\n');
	recorder_fail(f->rec, REC_START, 0);
	assert_store(C "state", "start", 5);
	assert_text("librproc/dsp/last_error", "");
}

/* Begin a store and come back while the driver is inside its op. */
static struct node_call *begin_start(struct fuse_fixture *f, struct node_open **ret_open)
{
	struct node_call *call;

	recorder_block(f->rec, REC_START);
	assert_int_equal(front_open(&f->front, C "state", O_WRONLY, ret_open), 0);
	call = front_start_write(&f->front, *ret_open, "start", 5);
	recorder_wait_inside(f->rec, REC_START);
	return call;
}

static void a_slow_start_blocks_only_its_caller(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *open, *second;
	struct node_call *call, *stop;

	call = begin_start(f, &open);
	assert_text(C "state", "offline\n");
	assert_text(C "firmware", "fw.elf\n");
	assert_store(C "recovery", "disabled", 8);
	assert_store(C "coredump", "inline", 6);
	assert_int_equal(front_open(&f->front, C "state", O_WRONLY, &second), 0);
	stop = front_start_write(&f->front, second, "stop", 4);
	assert_false(front_take(&f->front, call, NULL, &(ssize_t){ 0 }));
	assert_false(front_take(&f->front, stop, NULL, &(ssize_t){ 0 }));
	recorder_release(f->rec, REC_START);
	assert_int_equal(front_wait(&f->front, call, NULL), 5);
	assert_int_equal(front_wait(&f->front, stop, NULL), 4);
	assert_text(C "state", "offline\n");
	node_release(open);
	node_release(second);
}

static void an_interrupted_start_goes_on_and_a_waiting_one_does_not(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *open, *second;
	struct node_call *call, *stop;

	call = begin_start(f, &open);
	assert_int_equal(front_open(&f->front, C "state", O_WRONLY, &second), 0);
	stop = front_start_write(&f->front, second, "stop", 4);
	stop->cancel(stop);
	assert_int_equal(front_wait(&f->front, stop, NULL), -EINTR);
	call->cancel(call);
	assert_int_equal(front_wait(&f->front, call, NULL), -EINTR);
	node_release(open);
	node_release(second);
	recorder_release(f->rec, REC_START);
	fuse_fixture_wait(f, "running\n");
	recorder_settle(f->rec);
	assert_text(C "state", "running\n");
}

/* Its answer waits to be sent when its processor is deleted; then the client gets a signal. */
static void an_interrupt_behind_a_deleted_processor_asks_nobody(void **state)
{
	struct fuse_fixture *f = *state;
	struct recorder *rec = fuse_fixture_add(f, "gone");
	struct node_open *open;
	struct node_call *call;

	fs_settle(f->fs);
	assert_int_equal(
		front_open(&f->front, "class/remoteproc/remoteproc1/state", O_WRONLY, &open), 0);
	call = front_start_write(&f->front, open, "start", 5);
	while (!atomic_load(&call->done))
		sched_yield();
	recorder_free(rec);
	fs_settle(f->fs);
	call->cancel(call);
	assert_int_equal(front_wait(&f->front, call, NULL), 5);
	node_release(open);
}

static void polls_of_state_see_each_change(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *open;
	char buf[64];
	int token;

	assert_int_equal(front_open(&f->front, C "state", O_RDONLY, &open), 0);
	front_pread(&f->front, open, buf, 64, 0);
	assert_int_equal(node_poll(open), NODE_POLL_DEFAULT);
	open->waiter = &token;
	assert_store(C "state", "start", 5);
	fs_settle(f->fs);
	assert_true(f->front.woken > 0);
	assert_int_equal(node_poll(open), NODE_POLL_DEFAULT | POLLPRI | POLLERR);
	assert_int_equal(front_pread(&f->front, open, buf, 64, 0), 8);
	assert_memory_equal(buf, "running\n", 8);
	assert_int_equal(node_poll(open), NODE_POLL_DEFAULT);
	node_release(open);
}

static void firmware_changes_only_while_offline(void **state)
{
	struct fuse_fixture *f = *state;

	assert_store(C "firmware", "other.elf\nrest", 14);
	assert_text(C "firmware", "other.elf\n");
	assert_store(C "firmware", "\n", -EINVAL);
	assert_text(C "firmware", "other.elf\n");
	assert_store(C "state", "start", -ENOENT);
	assert_true(
		fuse_fixture_logged(f, "Direct firmware load for other.elf failed with error -2"));
}

static void firmware_is_busy_while_running(void **state)
{
	struct fuse_fixture *f = *state;

	assert_store(C "state", "start", 5);
	assert_store(C "firmware", "other.elf", -EBUSY);
	assert_store(C "firmware", "\n", -EBUSY);
	assert_text(C "firmware", "fw.elf\n");
	assert_store(C "state", "stop", 4);
}

/* ---- the device node ----------------------------------------------------------------------- */

static void the_device_has_its_own_grammar(void **state)
{
	struct fuse_fixture *f = *state;

	assert_store("dev/remoteproc0", "s", 1);
	assert_text(C "state", "running\n");
	assert_store("dev/remoteproc0", "start\n", -EINVAL);
	assert_true(fuse_fixture_logged(f, "Unrecognized option"));
	assert_store("dev/remoteproc0", "sto", 3);
	assert_text(C "state", "offline\n");
	assert_store("dev/remoteproc0", "stop", -EINVAL);
}

static void closing_the_device_can_stop_it(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *open;
	int32_t value = 2;

	assert_int_equal(front_open(&f->front, "dev/remoteproc0", O_RDWR, &open), 0);
	assert_int_equal(
		front_ioctl(&f->front, open, _IOW(0xB7, 1, int32_t), &value, sizeof(value)), 0);
	assert_int_equal(
		front_ioctl(&f->front, open, _IOR(0xB7, 2, int32_t), &value, sizeof(value)), 4);
	assert_int_equal(value, 1);
	assert_int_equal(front_ioctl(&f->front, open, 0x5401, &value, sizeof(value)), -EINVAL);
	assert_true(fuse_fixture_logged(f, "Unsupported ioctl"));
	assert_int_equal(front_write(&f->front, open, "start", 5), 5);
	assert_text(C "state", "running\n");
	node_release(open);
	fuse_fixture_wait(f, "offline\n");
	assert_int_equal(front_open(&f->front, C "state", O_RDWR, &open), 0);
	assert_int_equal(front_ioctl(&f->front, open, 0x5401, &value, sizeof(value)), -ENOTTY);
	node_release(open);
}

/* ---- firmware_class, librproc/ ------------------------------------------------------------- */

static void the_firmware_path_is_kept_as_written(void **state)
{
	struct fuse_fixture *f = *state;
	char path[301];

	memset(path, 'p', sizeof(path) - 1);
	path[300] = '\0';
	assert_text("module/firmware_class/parameters/path", "\n");
	assert_store("module/firmware_class/parameters/path", "/alt\n", 5);
	assert_text("module/firmware_class/parameters/path", "/alt\n\n");
	assert_store("module/firmware_class/parameters/path", path, -ENOSPC);
	assert_true(
		fuse_fixture_logged(f, ";firmware_class.path: string doesn't fit in 255 chars.\n"));
	path[255] = '\0';
	assert_store("module/firmware_class/parameters/path", path, 255);
}

static void own_names_never_clash(void **state)
{
	struct fuse_fixture *f = *state;
	struct recorder *same = fuse_fixture_add(f, "dsp"), *log = fuse_fixture_add(f, "log");

	fs_settle(f->fs);
	assert_names("librproc", "by-alias by-path dsp dsp@remoteproc1 events last_error log "
				 "log@remoteproc2");
	assert_text("librproc/log@remoteproc2/remoteproc/name", "log\n");
	assert_names("class/remoteproc", "remoteproc0 remoteproc1 remoteproc2");
	recorder_free(same);
	recorder_free(log);
	fs_settle(f->fs);
	assert_names("librproc", "by-alias by-path dsp events last_error log");
	assert_names("class/remoteproc", "remoteproc0");
	assert_names("devices/platform", "dsp");
}

/* Names that look like those made for a second processor of a name. */
static void own_names_never_clash_with_made_ones(void **state)
{
	static const char *const names[] = { "x@remoteproc3", "x", "x", "x" };
	struct fuse_fixture *f = *state;
	struct recorder *recs[4];

	for (int i = 0; i < 4; i++)
		recs[i] = fuse_fixture_add(f, names[i]);
	fs_settle(f->fs);
	assert_names("librproc", "by-alias by-path dsp events last_error log x x@remoteproc3 "
				 "x@remoteproc3@ x@remoteproc4");
	for (int i = 0; i < 4; i++)
		recorder_free(recs[i]);
	fs_settle(f->fs);
	assert_names("librproc", "by-alias by-path dsp events last_error log");
}

static void events_are_lines(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *open;
	char buf[256];
	ssize_t n;

	assert_int_equal(front_open(&f->front, "librproc/events", O_RDONLY, &open), 0);
	assert_store(C "state", "start", 5);
	fs_settle(f->fs);
	n = front_pread(&f->front, open, buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, " remoteproc0 dsp added"));
	n = front_pread(&f->front, open, buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, " remoteproc0 dsp offline -> running: start\n"));
	node_release(open);
	assert_true(!strncmp(front_text(&f->front, "librproc/dsp/counters"), "boots 1\n", 8));
	assert_text("librproc/dsp/boot_address", "0x10000000\n");
	assert_text("librproc/dsp/plugin", "\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fuse_fixture_setup, fuse_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(directories_hold_what_linux_shows),
		TEST(the_word_for_another_driver_is_kept),
		TEST(modes_are_linux_modes),
		cmocka_unit_test(a_group_may_start_and_stop),
		cmocka_unit_test(mainline_has_nothing_more),
		TEST(attributes_read_as_in_linux),
		TEST(a_uevent_that_is_none_is_refused_and_logged),
		TEST(a_bus_looks_for_drivers_when_asked),
		TEST(start_and_stop_are_counted),
		TEST(a_failed_start_tells_errno_log_and_story),
		TEST(a_slow_start_blocks_only_its_caller),
		TEST(an_interrupted_start_goes_on_and_a_waiting_one_does_not),
		TEST(an_interrupt_behind_a_deleted_processor_asks_nobody),
		TEST(polls_of_state_see_each_change),
		TEST(firmware_changes_only_while_offline),
		TEST(firmware_is_busy_while_running),
		TEST(the_device_has_its_own_grammar),
		TEST(closing_the_device_can_stop_it),
		TEST(the_firmware_path_is_kept_as_written),
		TEST(own_names_never_clash),
		TEST(own_names_never_clash_with_made_ones),
		TEST(events_are_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
