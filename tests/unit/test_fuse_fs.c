/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in the mount, and that it does what Linux's files do: the real library
 * with a recording driver behind the tree, a front end without FUSE before it.
 * Texts, modes and links are typed from a recording of a running kernel.
 */
#include "fuse_front.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "core_images.h"
#include "fs.h"
#include "recorder.h"

#define C "class/remoteproc/remoteproc0/"
#define D "kernel/debug/remoteproc/remoteproc0/"

struct fixture {
	struct rproc_context *context;
	struct rprocfs *fs;
	struct recorder *rec;
	struct front front;
};

static void kick(void *data)
{
	(void)data; /* waiting polls are served by idle() */
}

static void idle(void *data)
{
	struct fixture *f = data;

	fs_settle(f->fs);
	fs_woken(f->fs);
}

static struct recorder *add_processor(struct fixture *f, const char *name)
{
	const struct recorder_options options = { .context = f->context,
						  .name = name,
						  .no_journal = true };
	struct recorder *rec = recorder_new(&options);
	struct fixture_image image = core_image_full();

	recorder_use_image(rec, &image);
	return rec;
}

static struct fixture *begin(const struct fs_options *options)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct rproc_context_options context = { .size = sizeof(context), .log = fs_log };

	assert_non_null(f);
	assert_int_equal(fs_new(options, kick, NULL, &f->fs), 0);
	context.log_data = f->fs;
	assert_int_equal(rproc_context_new(&context, &f->context), 0);
	f->rec = add_processor(f, NULL);
	assert_int_equal(fs_attach(f->fs, f->context), 0);
	front_init(&f->front, fs_tree(f->fs));
	f->front.idle = idle;
	f->front.data = f;
	return f;
}

static void end(struct fixture *f)
{
	fs_detach(f->fs);
	recorder_free(f->rec);
	rproc_context_free(f->context);
	fs_free(f->fs);
	front_fini(&f->front);
	free(f);
}

static int setup(void **state)
{
	const struct fs_options options = { 0 };

	*state = begin(&options);
	return 0;
}

static int teardown(void **state)
{
	end(*state);
	return 0;
}

#define assert_text(path, wanted) assert_string_equal(front_text(&f->front, path), wanted)
#define assert_store(path, text, wanted) \
	assert_int_equal(front_store(&f->front, path, text), wanted)
#define assert_names(path, wanted) assert_string_equal(front_list(&f->front, path), wanted)

static void assert_link(struct fixture *f, const char *dir, const char *name, const char *target)
{
	struct node *node = node_child(front_find(&f->front, dir), name);

	assert_non_null(node);
	assert_int_equal(node->type, NODE_LINK);
	assert_string_equal(node->target, target);
}

static void assert_mode(struct fixture *f, const char *path, mode_t mode)
{
	assert_int_equal(front_find(&f->front, path)->mode, mode);
}

/* The last records of the log contain this text. */
static bool logged(struct fixture *f, const char *text)
{
	struct node_open *open;
	char buf[4096];
	bool found = false;
	ssize_t n;

	assert_int_equal(front_open(&f->front, "librproc/log", O_RDONLY, &open), 0);
	while ((n = front_wait(&f->front,
			       front_start_read(&f->front, open, sizeof(buf) - 1, 0, true), buf)) >
	       0) {
		buf[n] = '\0';
		found |= !!strstr(buf, text);
	}
	assert_int_equal(n, -EAGAIN);
	node_release(open);
	return found;
}

static void wait_state(struct fixture *f, const char *wanted)
{
	for (int i = 0; strcmp(front_text(&f->front, C "state"), wanted); i++) {
		struct pollfd events = { .fd = rproc_event_fd(f->context), .events = POLLIN };

		assert_true(i < 1000);
		assert_true(poll(&events, 1, 20000) > 0);
		fs_settle(f->fs);
	}
}

/* ---- what there is ------------------------------------------------------------------------ */

static void directories_hold_what_linux_shows(void **state)
{
	struct fixture *f = *state;

	assert_names("", "bus class dev devices kernel librproc module");
	assert_names("class", "devcoredump remoteproc rpmsg");
	assert_names("class/remoteproc", "remoteproc0");
	assert_names(C, "coredump device firmware fw_format name power recovery state subsystem "
			"uevent");
	assert_names(C "power",
		     "async autosuspend_delay_ms control runtime_active_kids runtime_active_time "
		     "runtime_enabled runtime_status runtime_suspended_time runtime_usage");
	assert_names(D, "carveout_memories coredump crash name recovery resource_table");
	assert_names("class/devcoredump", "disabled");
	assert_names("dev", "remoteproc0");
	assert_names("bus/rpmsg/devices", "");
	assert_names("class/rpmsg", "");
	assert_link(f, "class/remoteproc", "remoteproc0",
		    "../../devices/platform/dsp/remoteproc/remoteproc0");
	assert_link(f, C, "device", "../../../dsp");
	assert_link(f, C, "subsystem", "../../../../../class/remoteproc");
	assert_link(f, C "device", "subsystem", "../../../bus/platform");
	assert_link(f, "bus/platform/devices", "dsp", "../../../devices/platform/dsp");
	/* Every link leads somewhere. */
	assert_non_null(front_find(&f->front, C "device/remoteproc/remoteproc0/state"));
	assert_non_null(front_find(&f->front, C "subsystem/remoteproc0/state"));
	assert_non_null(front_find(&f->front, "bus/platform/devices/dsp/subsystem/devices/dsp"));
	assert_non_null(front_find(&f->front, "librproc/dsp/remoteproc/state"));
}

static void modes_are_linux_modes(void **state)
{
	struct fixture *f = *state;

	assert_mode(f, C "state", 0644);
	assert_mode(f, C "name", 0444);
	assert_mode(f, C "uevent", 0644);
	assert_mode(f, "kernel/debug", 0700);
	assert_mode(f, D, 0755);
	assert_mode(f, D "name", 0400);
	assert_mode(f, D "crash", 0200);
	assert_mode(f, D "recovery", 0600);
	assert_mode(f, "dev/remoteproc0", 0600);
	assert_mode(f, "module/firmware_class/parameters/path", 0644);
}

static void a_group_may_start_and_stop(void **state)
{
	const struct fs_options options = { .gid = 1234, .have_gid = true };
	struct fixture *f = begin(&options);

	(void)state;
	assert_mode(f, C "state", 0664);
	assert_mode(f, C "firmware", 0664);
	assert_mode(f, C "name", 0444);
	assert_mode(f, C "uevent", 0644);
	assert_mode(f, "dev/remoteproc0", 0660);
	assert_mode(f, "module/firmware_class/parameters/path", 0644);
	assert_mode(f, D "recovery", 0600);
	assert_int_equal(front_find(&f->front, C "state")->gid, 1234);
	end(f);
}

static void mainline_has_nothing_more(void **state)
{
	const struct fs_options options = { .mainline = true };
	struct fixture *f = begin(&options);
	struct node_open *open;
	char buf[64];

	(void)state;
	assert_names(C, "coredump device firmware name power recovery state subsystem uevent");
	assert_int_equal(front_open(&f->front, C "state", O_RDONLY, &open), 0);
	front_pread(&f->front, open, buf, 64, 0);
	assert_store(C "state", "start", 5);
	assert_int_equal(node_poll(open), NODE_POLL_DEFAULT);
	node_release(open);
	end(f);
}

static void attributes_read_as_in_linux(void **state)
{
	struct fixture *f = *state;

	assert_text(C "state", "offline\n");
	assert_text(C "name", "dsp\n");
	assert_text(C "firmware", "fw.elf\n");
	assert_text(C "recovery", "enabled\n");
	assert_text(C "coredump", "disabled\n");
	assert_text(C "uevent", "DEVTYPE=remoteproc\n");
	assert_text(C "power/control", "auto\n");
	assert_text(C "power/runtime_status", "unsupported\n");
	assert_text(C "power/autosuspend_delay_ms", "EIO");
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
	assert_store(C "uevent", "add", 3);
	assert_store(C "uevent", "bogus", -EINVAL);
}

/* ---- state --------------------------------------------------------------------------------------
 */

static void start_and_stop_are_counted(void **state)
{
	struct fixture *f = *state;

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
	assert_true(logged(f, "3,"));
	assert_true(logged(f, ";remoteproc remoteproc0: Unrecognised option: st\n"));
	assert_true(logged(f, ";remoteproc remoteproc0: remote processor dsp is now up\n"));
}

static void a_failed_start_tells_errno_log_and_story(void **state)
{
	struct fixture *f = *state;
	const char *story;

	recorder_fail(f->rec, REC_START, -EIO);
	assert_store(C "state", "start", -EIO);
	assert_text(C "state", "offline\n");
	assert_true(logged(f, "Boot failed: -5"));
	story = front_text(&f->front, "librproc/dsp/last_error");
	assert_true(strlen(story) > 5 && story[strlen(story) - 1] == '\n');
	recorder_fail(f->rec, REC_START, 0);
	assert_store(C "state", "start", 5);
	assert_text("librproc/dsp/last_error", "");
}

/* Begin a store and come back while the driver is inside its op. */
static struct node_call *begin_start(struct fixture *f, struct node_open **ret_open)
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
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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
	wait_state(f, "running\n");
	recorder_settle(f->rec);
	assert_text(C "state", "running\n");
}

static void polls_of_state_see_each_change(void **state)
{
	struct fixture *f = *state;
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
	struct fixture *f = *state;

	assert_store(C "firmware", "other.elf\nrest", 14);
	assert_text(C "firmware", "other.elf\n");
	assert_store(C "firmware", "\n", -EINVAL);
	assert_text(C "firmware", "other.elf\n");
	assert_store(C "state", "start", -ENOENT);
	assert_true(logged(f, "Direct firmware load for other.elf failed with error -2"));
}

static void firmware_is_busy_while_running(void **state)
{
	struct fixture *f = *state;

	assert_store(C "state", "start", 5);
	assert_store(C "firmware", "other.elf", -EBUSY);
	assert_store(C "firmware", "\n", -EBUSY);
	assert_text(C "firmware", "fw.elf\n");
	assert_store(C "state", "stop", 4);
}

/* ---- recovery, coredump, crash ----------------------------------------------------------------
 */

static void both_recovery_files_are_one_switch(void **state)
{
	struct fixture *f = *state;

	assert_store(C "recovery", "disabled", 8);
	assert_text(D "recovery", "disabled\n");
	assert_store(C "recovery", "e", -EINVAL);
	assert_store(D "recovery", "e", 1);
	assert_text(C "recovery", "enabled\n");
	assert_store(D "recovery", "e\n", -EINVAL);
	assert_store(D "recovery", "eeeeeeeeeee", -EINVAL);
	assert_store(C "recovery", "recover", 7);
	assert_text(C "recovery", "enabled\n");
}

static void coredump_refuses_while_crashed_before_it_reads_the_word(void **state)
{
	struct fixture *f = *state;

	assert_store(C "coredump", "junk", -EINVAL);
	assert_true(logged(f, "Invalid coredump configuration"));
	assert_store(D "coredump", "i", 1);
	assert_text(C "coredump", "inline\n");
	assert_store(C "coredump", "disabled", 8);
	assert_store(C "recovery", "disabled", 8);
	assert_store(C "state", "start", 5);
	assert_store(D "crash", "0x1\n", 4);
	wait_state(f, "crashed\n");
	assert_store(C "coredump", "junk", -EBUSY);
	assert_store(D "coredump", "enabled", -EBUSY);
	assert_store(C "firmware", "x", -EBUSY);
	assert_store(C "recovery", "recover", 7);
	assert_text(C "state", "running\n");
}

static void crashes_are_numbers(void **state)
{
	struct fixture *f = *state;

	assert_store(D "crash", "4294967296", -ERANGE);
	assert_store(D "crash", "08", -EINVAL);
	assert_store(D "crash", "+1", 2);
	assert_text(C "state", "offline\n");
}

static void add_segment(struct recorder *rec)
{
	rproc_coredump_set_elf_info(rec->rproc, 1, 40);
	rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, 0x100);
}

static void dumps_come_and_go(void **state)
{
	struct fixture *f = *state;
	struct node_open *open;
	char buf[64];

	f->rec->prepare = add_segment;
	assert_store(C "coredump", "enabled", 7);
	assert_store(C "state", "start", 5);
	recorder_crash(f->rec, 1);
	assert_names("class/devcoredump", "devcd1 disabled");
	assert_names("class/devcoredump/devcd1", "data failing_device power subsystem uevent");
	assert_link(f, "class/devcoredump", "devcd1", "../../devices/virtual/devcoredump/devcd1");
	assert_link(f, "class/devcoredump/devcd1", "failing_device",
		    "../../../platform/dsp/remoteproc/remoteproc0");
	assert_link(f, C, "devcoredump", "../../../../virtual/devcoredump/devcd1");
	assert_non_null(front_find(&f->front, C "devcoredump/failing_device/state"));
	assert_mode(f, "class/devcoredump/devcd1/data", 0600);
	assert_int_equal(front_open(&f->front, "class/devcoredump/devcd1/data", O_RDWR, &open), 0);
	assert_int_equal(front_pread(&f->front, open, buf, 4, 0), 4);
	assert_memory_equal(buf, "\177ELF", 4);
	assert_int_equal(front_write(&f->front, open, "1", 1), 1);
	assert_int_equal(front_pread(&f->front, open, buf, 4, 0), -ENODEV);
	node_release(open);
	assert_names("class/devcoredump", "disabled");
	assert_null(front_find(&f->front, C "devcoredump"));
	recorder_crash(f->rec, 1);
	assert_names("class/devcoredump", "devcd2 disabled");
	assert_store("class/devcoredump/disabled", "0", -EINVAL);
	assert_store("class/devcoredump/disabled", "1\n", 2);
	assert_text("class/devcoredump/disabled", "1\n");
	assert_names("class/devcoredump", "disabled");
}

/* ---- traces, table, carveouts, vdevs
 * ------------------------------------------------------------- */

/* Where the recorder's trace lies in its memory. */
static char *trace_text(struct fixture *f)
{
	return (char *)f->rec->ram + (CORE_TRACE_DA - RECORDER_RAM);
}

static void a_trace_lives_as_long_as_its_boot(void **state)
{
	struct fixture *f = *state;
	struct node_open *old, *open;
	struct stat st;
	char buf[64];

	assert_store(C "state", "start", 5);
	assert_names(D, "carveout_memories coredump crash name recovery resource_table trace0");
	strcpy(trace_text(f), "line one\n");
	assert_text(D "trace0", "line one\n");
	tree_stat(front_find(&f->front, D "trace0"), &st);
	assert_int_equal(st.st_size, 9);
	assert_int_equal(front_open(&f->front, D "trace0", O_RDONLY, &old), 0);
	assert_int_equal(front_pread(&f->front, old, buf, 4, 5), 4);
	assert_memory_equal(buf, "one\n", 4);
	recorder_crash(f->rec, 1);
	strcpy(trace_text(f), "line two\n"); /* recovery has loaded the image anew */
	assert_int_equal(front_pread(&f->front, old, buf, 64, 0), 9);
	assert_store(C "state", "stop", 4);
	assert_int_equal(front_pread(&f->front, old, buf, 64, 0), -EIO);
	assert_names(D, "carveout_memories coredump crash name recovery resource_table");
	assert_store(C "state", "start", 5);
	strcpy(trace_text(f), "of the next boot\n");
	assert_int_equal(front_pread(&f->front, old, buf, 64, 0), -EIO);
	assert_int_equal(front_open(&f->front, D "trace0", O_RDONLY, &open), 0);
	assert_int_equal(front_pread(&f->front, open, buf, 64, 0), 17);
	node_release(old);
	node_release(open);
}

static void polls_of_a_trace_see_what_was_not_read(void **state)
{
	struct fixture *f = *state;
	struct node_open *open;
	char buf[64];
	int token;

	assert_store(C "state", "start", 5);
	strcpy(trace_text(f), "one\n");
	assert_int_equal(front_open(&f->front, D "trace0", O_RDONLY, &open), 0);
	assert_true(node_poll(open) & POLLPRI);
	assert_int_equal(front_pread(&f->front, open, buf, 64, 0), 4);
	assert_int_equal(front_pread(&f->front, open, buf, 64, 4), 0);
	assert_int_equal(fs_timeout(f->fs), -1);
	open->waiter = &token;
	assert_int_equal(node_poll(open), NODE_POLL_DEFAULT);
	assert_true(fs_timeout(f->fs) >= 0); /* somebody polls: it is looked at */
	fs_tick(f->fs);
	assert_int_equal(f->front.woken, 0);
	strcpy(trace_text(f), "one\ntwo\n");
	fs_tick(f->fs);
	assert_int_equal(f->front.woken, 1);
	assert_true(node_poll(open) & POLLPRI);
	fs_tick(f->fs);
	assert_int_equal(fs_timeout(f->fs), -1); /* nobody polls any more */
	node_release(open);
}

static void the_table_is_printed_in_linux_words(void **state)
{
	struct fixture *f = *state;
	const char *text;

	assert_store(C "state", "start", 5);
	text = front_text(&f->front, D "resource_table");
	assert_int_equal(strncmp(text, "Entry 0 is of type carveout\n  Device Address 0x", 47), 0);
	assert_non_null(strstr(text, "  Length 0x1000 Bytes\n  Flags 0x0\n"
				     "  Reserved (should be zero) [0]\n  Name shared\n\n"
				     "Unknown resource type found: 130 [hdr: "));
	assert_non_null(strstr(text, "Entry 2 is of type trace\n  Device Address 0x10002000\n"
				     "  Length 0x100 Bytes\n  Reserved (should be zero) [0]\n"
				     "  Name trace0\n\nEntry 3 is of type vdev\n  ID 7\n"
				     "  Notify ID 0\n  Device features 0x1\n"));
	assert_non_null(strstr(text, "  Config length 0x4\n"));
	assert_non_null(strstr(text, "  Number of vrings 2\n  Reserved (should be zero) [0][0]\n\n"
				     "  Vring 0\n    Device Address 0x"));
	assert_non_null(strstr(text, "    Alignment 4096\n    Number of buffers 16\n"
				     "    Notify ID 0\n    Physical Address 0x"));
	text = front_text(&f->front, D "carveout_memories");
	assert_non_null(
		strstr(text, "Carveout memory entry:\n\tName: shared\n\tVirtual address: "));
	assert_non_null(strstr(text, "\tLength: 0x1000 Bytes\n\n"));
}

/* The remote may write its own table while it runs: nothing outside of it is read. */
static void a_table_gone_wrong_is_printed_as_far_as_it_goes(void **state)
{
	struct fixture *f = *state;
	uint8_t *table = f->rec->ram + (CORE_TABLE_DA - RECORDER_RAM);

	assert_store(C "state", "start", 5);
	for (size_t i = 0; i < 400; i++) {
		uint8_t was = table[i];

		for (int value = 0; value < 256; value += 85) {
			table[i] = (uint8_t)value;
			assert_non_null(front_text(&f->front, D "resource_table"));
		}
		table[i] = was;
	}
	memset(table, 0xff, 400);
	front_text(&f->front, D "resource_table");
}

static void vdevs_come_and_go(void **state)
{
	struct fixture *f = *state;

	assert_store(C "state", "start", 5);
	assert_names(C "rproc-virtio.0.auto", "driver modalias power subsystem uevent");
	assert_text(C "rproc-virtio.0.auto/uevent",
		    "DRIVER=rproc-virtio\nMODALIAS=platform:rproc-virtio\n");
	assert_link(f, "bus/platform/drivers/rproc-virtio", "rproc-virtio.0.auto",
		    "../../../../devices/platform/dsp/remoteproc/remoteproc0/rproc-virtio.0.auto");
	assert_non_null(front_find(&f->front, C "rproc-virtio.0.auto/driver/rproc-virtio.0.auto"));
	assert_non_null(front_find(&f->front,
				   "bus/platform/devices/rproc-virtio.0.auto/subsystem/drivers"));
	assert_store(C "state", "stop", 4);
	assert_null(front_find(&f->front, C "rproc-virtio.0.auto"));
	assert_names("bus/platform/drivers/rproc-virtio", "");
	assert_names("bus/platform/devices", "dsp");
}

/* ---- the device node
 * ----------------------------------------------------------------------------------- */

static void the_device_has_its_own_grammar(void **state)
{
	struct fixture *f = *state;

	assert_store("dev/remoteproc0", "s", 1);
	assert_text(C "state", "running\n");
	assert_store("dev/remoteproc0", "start\n", -EINVAL);
	assert_true(logged(f, "Unrecognized option"));
	assert_store("dev/remoteproc0", "sto", 3);
	assert_text(C "state", "offline\n");
	assert_store("dev/remoteproc0", "stop", -EINVAL);
}

static void closing_the_device_can_stop_it(void **state)
{
	struct fixture *f = *state;
	struct node_open *open;
	int32_t value = 2;

	assert_int_equal(front_open(&f->front, "dev/remoteproc0", O_RDWR, &open), 0);
	assert_int_equal(
		front_ioctl(&f->front, open, _IOW(0xB7, 1, int32_t), &value, sizeof(value)), 0);
	assert_int_equal(
		front_ioctl(&f->front, open, _IOR(0xB7, 2, int32_t), &value, sizeof(value)), 4);
	assert_int_equal(value, 1);
	assert_int_equal(front_ioctl(&f->front, open, 0x5401, &value, sizeof(value)), -EINVAL);
	assert_true(logged(f, "Unsupported ioctl"));
	assert_int_equal(front_write(&f->front, open, "start", 5), 5);
	assert_text(C "state", "running\n");
	node_release(open);
	wait_state(f, "offline\n");
	assert_int_equal(front_open(&f->front, C "state", O_RDWR, &open), 0);
	assert_int_equal(front_ioctl(&f->front, open, 0x5401, &value, sizeof(value)), -ENOTTY);
	node_release(open);
}

/* ---- firmware_class, librproc/
 * ------------------------------------------------------------------------------ */

static void the_firmware_path_is_kept_as_written(void **state)
{
	struct fixture *f = *state;
	char path[301];

	memset(path, 'p', sizeof(path) - 1);
	path[300] = '\0';
	assert_text("module/firmware_class/parameters/path", "\n");
	assert_store("module/firmware_class/parameters/path", "/alt\n", 5);
	assert_text("module/firmware_class/parameters/path", "/alt\n\n");
	assert_store("module/firmware_class/parameters/path", path, -ENOSPC);
	assert_true(logged(f, ";firmware_class.path: string doesn't fit in 255 chars.\n"));
	path[255] = '\0';
	assert_store("module/firmware_class/parameters/path", path, 255);
}

static void own_names_never_clash(void **state)
{
	struct fixture *f = *state;
	struct recorder *same = add_processor(f, "dsp"), *log = add_processor(f, "log");

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

static void events_are_lines(void **state)
{
	struct fixture *f = *state;
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

/* ---- removal
 * -------------------------------------------------------------------------------------------------
 */

static void descriptors_of_a_removed_processor_are_dead(void **state)
{
	struct fixture *f = *state;
	struct node_open *attr, *trace, *write;
	char buf[64];

	assert_store(C "state", "start", 5);
	assert_int_equal(front_open(&f->front, C "state", O_RDONLY, &attr), 0);
	assert_int_equal(front_open(&f->front, C "state", O_WRONLY, &write), 0);
	assert_int_equal(front_open(&f->front, D "trace0", O_RDONLY, &trace), 0);
	/* As the mount sees it: gone before the reference is given back. */
	recorder_free(f->rec);
	fs_settle(f->fs);
	assert_names("class/remoteproc", "");
	assert_names("kernel/debug/remoteproc", "");
	assert_names("devices/platform", "");
	assert_names("dev", "");
	assert_int_equal(front_pread(&f->front, attr, buf, 64, 0), -ENODEV);
	assert_int_equal(front_pread(&f->front, trace, buf, 64, 0), -EIO);
	assert_int_equal(front_write(&f->front, write, "start", 5), -ENODEV);
	f->rec = add_processor(f, NULL);
	fs_settle(f->fs);
	assert_text(C "state", "offline\n");
	assert_int_equal(front_pread(&f->front, attr, buf, 64, 0), -ENODEV);
	node_release(attr);
	node_release(trace);
	node_release(write);
}

static void lost_events_are_made_up_for(void **state)
{
	const struct fs_options options = { 0 };
	struct fixture *f = begin(&options);
	struct recorder *others[3];

	(void)state;
	/* More events than the queue holds, none of them read meanwhile. */
	for (int i = 0; i < 2100; i++) {
		rproc_boot(f->rec->rproc);
		rproc_shutdown(f->rec->rproc);
	}
	for (int i = 0; i < 3; i++)
		others[i] = add_processor(f, "late");
	for (int i = 0; i < 2100; i++) {
		rproc_boot(f->rec->rproc);
		rproc_shutdown(f->rec->rproc);
	}
	fs_settle(f->fs);
	assert_names("class/remoteproc", "remoteproc0 remoteproc1 remoteproc2 remoteproc3");
	for (int i = 0; i < 3; i++)
		recorder_free(others[i]);
	fs_settle(f->fs);
	end(f);
}

static void hundreds_come_and_go(void **state)
{
	struct fixture *f = *state;
	struct recorder *others[200];

	for (int i = 0; i < 200; i++)
		others[i] = add_processor(f, "more");
	fs_settle(f->fs);
	assert_text("class/remoteproc/remoteproc200/state", "offline\n");
	assert_text("librproc/more@remoteproc200/remoteproc/name", "more\n");
	for (int i = 0; i < 200; i++)
		recorder_free(others[i]);
	fs_settle(f->fs);
	assert_names("class/remoteproc", "remoteproc0");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(directories_hold_what_linux_shows),
		TEST(modes_are_linux_modes),
		cmocka_unit_test(a_group_may_start_and_stop),
		cmocka_unit_test(mainline_has_nothing_more),
		TEST(attributes_read_as_in_linux),
		TEST(start_and_stop_are_counted),
		TEST(a_failed_start_tells_errno_log_and_story),
		TEST(a_slow_start_blocks_only_its_caller),
		TEST(an_interrupted_start_goes_on_and_a_waiting_one_does_not),
		TEST(polls_of_state_see_each_change),
		TEST(firmware_changes_only_while_offline),
		TEST(firmware_is_busy_while_running),
		TEST(both_recovery_files_are_one_switch),
		TEST(coredump_refuses_while_crashed_before_it_reads_the_word),
		TEST(crashes_are_numbers),
		TEST(dumps_come_and_go),
		TEST(a_trace_lives_as_long_as_its_boot),
		TEST(polls_of_a_trace_see_what_was_not_read),
		TEST(the_table_is_printed_in_linux_words),
		TEST(a_table_gone_wrong_is_printed_as_far_as_it_goes),
		TEST(vdevs_come_and_go),
		TEST(the_device_has_its_own_grammar),
		TEST(closing_the_device_can_stop_it),
		TEST(the_firmware_path_is_kept_as_written),
		TEST(own_names_never_clash),
		TEST(events_are_lines),
		TEST(descriptors_of_a_removed_processor_are_dead),
		cmocka_unit_test(lost_events_are_made_up_for),
		TEST(hundreds_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
