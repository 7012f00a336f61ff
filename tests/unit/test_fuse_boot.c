/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes and goes in the mount: traces, tables and vdevs with a boot, dumps
 * with a crash, everything with its processor; and the files that steer crashes.
 */
#include "fuse_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- recovery, coredump, crash ------------------------------------------------------------- */

static void both_recovery_files_are_one_switch(void **state)
{
	struct fuse_fixture *f = *state;

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
	struct fuse_fixture *f = *state;

	assert_store(C "coredump", "junk", -EINVAL);
	assert_true(fuse_fixture_logged(f, "Invalid coredump configuration"));
	assert_store(D "coredump", "i", 1);
	assert_text(C "coredump", "inline\n");
	assert_store(C "coredump", "disabled", 8);
	assert_store(C "recovery", "disabled", 8);
	assert_store(C "state", "start", 5);
	assert_store(D "crash", "0x1\n", 4);
	fuse_fixture_wait(f, "crashed\n");
	assert_store(C "coredump", "junk", -EBUSY);
	assert_store(D "coredump", "enabled", -EBUSY);
	assert_store(C "firmware", "x", -EBUSY);
	assert_store(C "recovery", "recover", 7);
	assert_text(C "state", "running\n");
}

static void crashes_are_numbers(void **state)
{
	struct fuse_fixture *f = *state;

	assert_store(D "crash", "4294967296", -ERANGE);
	assert_store(D "crash", "08", -EINVAL);
	assert_store(D "crash", "+1", 2);
	assert_text(C "state", "offline\n");
}

static void refused(struct fuse_fixture *f, const char *path, const char *word, int error,
		    const char *story)
{
	assert_store(path, word, error);
	recorder_expect_story(f->rec, story);
}

static void what_is_refused_is_told(void **state)
{
	struct fuse_fixture *f = *state;

	refused(f, C "state", "go\n", -EINVAL,
		"state: \"go?\" was written; it takes start, stop or detach (EINVAL)");
	refused(f, C "recovery", "e", -EINVAL, "\"e\" was written; it takes enabled, disabled or");
	refused(f, D "recovery", "eeeeeeeeeee", -EINVAL, "recovery: \"eeeeeeeeeee\"");
	refused(f, C "coredump", "\x1b]0;\xff", -EINVAL, "coredump: \"?]0;?\" was written");
	refused(f, D "coredump", "", -EINVAL, "coredump: \"\" was written");
	refused(f, D "crash", "08", -EINVAL, "crash: \"08\" was written; it takes a number");
	refused(f, D "crash", "4294967296", -ERANGE, "(ERANGE)");
	refused(f, "dev/remoteproc0", "start\n", -EINVAL, "without a newline");
	refused(f, C "state", "0123456789012345678901234567890123456789x", -EINVAL,
		"\"0123456789012345678901234567890123456789...\"");
	assert_store(C "state", "start", 5);
	assert_text("librproc/dsp/last_error", "");
	assert_store(C "recovery", "disabled", 8);
	assert_store(D "crash", "1", 1);
	fuse_fixture_wait(f, "crashed\n");
	refused(f, C "coredump", "inline", -EBUSY, "coredump: it cannot be changed while");
}

static void add_segment(struct recorder *rec)
{
	rproc_coredump_set_elf_info(rec->rproc, 1, 40);
	rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, 0x100);
}

static void dumps_come_and_go(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *open;
	char buf[64], word[5001];

	f->rec->prepare = add_segment;
	assert_store(C "coredump", "enabled", 7);
	assert_store(C "state", "start", 5);
	recorder_crash(f->rec, 1);
	assert_names("class/devcoredump", "devcd1 disabled");
	assert_names("class/devcoredump/devcd1", "data failing_device power subsystem uevent");
	fuse_fixture_link(f, "class/devcoredump", "devcd1",
			  "../../devices/virtual/devcoredump/devcd1");
	fuse_fixture_link(f, "class/devcoredump/devcd1", "failing_device",
			  "../../../platform/dsp/remoteproc/remoteproc0");
	fuse_fixture_link(f, C, "devcoredump", "../../../../virtual/devcoredump/devcd1");
	assert_non_null(front_find(&f->front, C "devcoredump/failing_device/state"));
	fuse_fixture_mode(f, "class/devcoredump/devcd1/data", 0600);
	assert_int_equal(front_open(&f->front, "class/devcoredump/devcd1/data", O_RDWR, &open), 0);
	assert_int_equal(front_pread(&f->front, open, buf, 4, 0), 4);
	assert_memory_equal(buf, "\177ELF", 4);
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(front_write(&f->front, open, word, sizeof(word) - 1), 4096);
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

/* ---- traces, table, carveouts, vdevs ------------------------------------------------------- */

/* Where the recorder's trace lies in its memory. */
static char *trace_text(struct fuse_fixture *f)
{
	return (char *)f->rec->ram + (CORE_TRACE_DA - RECORDER_RAM);
}

static void a_trace_lives_as_long_as_its_boot(void **state)
{
	struct fuse_fixture *f = *state;
	struct node_open *old, *open;
	struct stat st;
	char buf[64];

	assert_store(C "state", "start", 5);
	assert_names(D, "carveout_memories coredump crash name recovery resource_table trace0");
	strcpy(trace_text(f), "line one\n");
	assert_text(D "trace0", "line one\n");
	assert_int_equal(front_open(&f->front, D "trace0", O_RDONLY, &old), 0);
	tree_stat(old->node, old->id, &st);
	assert_int_equal(st.st_size, 9);
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
	struct fuse_fixture *f = *state;
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
	struct fuse_fixture *f = *state;
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
	struct fuse_fixture *f = *state;
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
	struct fuse_fixture *f = *state;

	assert_store(C "state", "start", 5);
	assert_names(C "rproc-virtio.0.auto",
		     "driver driver_override modalias power subsystem uevent virtio0");
	assert_store(C "rproc-virtio.0.auto/driver_override", "other\nx", 7);
	assert_text(C "rproc-virtio.0.auto/driver_override", "other\n");
	assert_text(C "rproc-virtio.0.auto/uevent",
		    "DRIVER=rproc-virtio\nMODALIAS=platform:rproc-virtio\n");
	fuse_fixture_link(
		f, "bus/platform/drivers/rproc-virtio", "rproc-virtio.0.auto",
		"../../../../devices/platform/dsp/remoteproc/remoteproc0/rproc-virtio.0.auto");
	assert_non_null(front_find(&f->front, C "rproc-virtio.0.auto/driver/rproc-virtio.0.auto"));
	assert_non_null(front_find(&f->front,
				   "bus/platform/devices/rproc-virtio.0.auto/subsystem/drivers"));
	assert_store(C "state", "stop", 4);
	assert_null(front_find(&f->front, C "rproc-virtio.0.auto"));
	assert_names("bus/platform/drivers/rproc-virtio", "bind module uevent unbind");
	assert_names("bus/platform/devices", "dsp");
}

/* ---- removal
 * -------------------------------------------------------------------------------------------------
 */

static void descriptors_of_a_removed_processor_are_dead(void **state)
{
	struct fuse_fixture *f = *state;
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
	f->rec = fuse_fixture_add(f, NULL);
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
	struct fuse_fixture *f = fuse_fixture_new(&options);
	struct recorder *others[3];

	(void)state;
	/* More events than the queue holds, none of them read meanwhile. */
	for (int i = 0; i < 2100; i++) {
		rproc_boot(f->rec->rproc);
		rproc_shutdown(f->rec->rproc);
	}
	for (int i = 0; i < 3; i++)
		others[i] = fuse_fixture_add(f, "late");
	for (int i = 0; i < 2100; i++) {
		rproc_boot(f->rec->rproc);
		rproc_shutdown(f->rec->rproc);
	}
	fs_settle(f->fs);
	assert_names("class/remoteproc", "remoteproc0 remoteproc1 remoteproc2 remoteproc3");
	for (int i = 0; i < 3; i++)
		recorder_free(others[i]);
	fs_settle(f->fs);
	fuse_fixture_free(f);
}

static void hundreds_come_and_go(void **state)
{
	struct fuse_fixture *f = *state;
	struct recorder *others[200];

	for (int i = 0; i < 200; i++)
		others[i] = fuse_fixture_add(f, "more");
	fs_settle(f->fs);
	assert_text("class/remoteproc/remoteproc200/state", "offline\n");
	assert_text("librproc/more@remoteproc200/remoteproc/name", "more\n");
	for (int i = 0; i < 200; i++)
		recorder_free(others[i]);
	fs_settle(f->fs);
	assert_names("class/remoteproc", "remoteproc0");
}

/* ---- a remote that fills all of a large trace ---------------------------------------------- */

#define LONG_DA	 0x40000000u
#define LONG_LEN (16u << 20)

static char *long_text;

static void *find_long_text(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem)
{
	(void)rproc;
	(void)ret_is_iomem;
	return da >= LONG_DA && da + len <= LONG_DA + LONG_LEN ? long_text + (da - LONG_DA) : NULL;
}

/* Counts what the mount reads: see the linker's --wrap. */
static unsigned int trace_reads;

ssize_t __real_rproc_trace_read(const struct rproc *rproc, unsigned int index, void *buf,
				size_t len, uint64_t offset);
ssize_t __wrap_rproc_trace_read(const struct rproc *rproc, unsigned int index, void *buf,
				size_t len, uint64_t offset);

ssize_t __wrap_rproc_trace_read(const struct rproc *rproc, unsigned int index, void *buf,
				size_t len, uint64_t offset)
{
	trace_reads++;
	return __real_rproc_trace_read(rproc, index, buf, len, offset);
}

/*
 * Everybody waits while one looks, and each read begins at the text's beginning: it may
 * cost a few reads, not hundreds.
 */
static void a_look_at_a_long_trace_is_no_more_than_a_few_reads(void **state)
{
	struct fuse_fixture *f = *state;
	const struct recorder_options options = { .context = f->context,
						  .name = "long",
						  .no_journal = true,
						  .da_to_va = find_long_text };
	struct fixture_table *table = fixture_table_new(false);
	struct recorder *rec = recorder_new(&options);
	struct fixture_image image;
	struct node_open *open;
	struct node *node;
	struct stat st;

	long_text = malloc(LONG_LEN);
	assert_non_null(long_text);
	memset(long_text, 'x', LONG_LEN);
	fixture_table_trace(table, LONG_DA, LONG_LEN, "long");
	image = core_image_with(table);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	fs_settle(f->fs);
	node = front_find(&f->front, "kernel/debug/remoteproc/remoteproc1/trace0");
	assert_non_null(node);
	assert_int_equal(node_open(node, node->id, O_RDONLY, &open), 0);
	trace_reads = 0;
	tree_stat(node, open->id, &st);
	assert_int_equal(st.st_size, LONG_LEN);
	assert_in_range(trace_reads, 1, 10);
	node_release(open);
	recorder_free(rec);
	fs_settle(f->fs);
	free(long_text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fuse_fixture_setup, fuse_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(both_recovery_files_are_one_switch),
		TEST(coredump_refuses_while_crashed_before_it_reads_the_word),
		TEST(crashes_are_numbers),
		TEST(what_is_refused_is_told),
		TEST(dumps_come_and_go),
		TEST(a_trace_lives_as_long_as_its_boot),
		TEST(polls_of_a_trace_see_what_was_not_read),
		TEST(the_table_is_printed_in_linux_words),
		TEST(a_table_gone_wrong_is_printed_as_far_as_it_goes),
		TEST(vdevs_come_and_go),
		TEST(descriptors_of_a_removed_processor_are_dead),
		cmocka_unit_test(lost_events_are_made_up_for),
		TEST(hundreds_come_and_go),
		TEST(a_look_at_a_long_trace_is_no_more_than_a_few_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
