/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Vdevs: which are refused and what the boot makes of it, notify ids and numbers,
 * config space, who may claim one, kicks and interrupts; and that no interrupt
 * reaches a vdev that has stopped, whatever thread it comes from.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core_images.h"
#include "recorder.h"

#define TABLE_AT (CORE_TABLE_DA - RECORDER_RAM)

static struct recorder *open_with(const struct recorder_options *options,
				  struct fixture_table *table)
{
	struct fixture_image image = core_image_with(table);
	struct recorder *rec = recorder_new(options);

	recorder_use_image(rec, &image);
	return rec;
}

static struct recorder *boot_full(void)
{
	struct recorder *rec = open_with(NULL, core_table_full());

	recorder_claim_vdevs(rec, 7);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	return rec;
}

/* ---- those without a driver ----------------------------------------------------------------- */

struct shape {
	uint32_t id;
	int vrings;
	uint32_t num, align, da;
	int error; /* of the probe; 0: it works */
	const char *line;
};

static const struct shape shapes[] = {
	{ 7, 0, 0, 0, FIXTURE_ANY, -EINVAL, NULL },
	{ 7, 1, 16, 4096, FIXTURE_ANY, -EINVAL, NULL },
	{ 11, 1, 16, 4096, FIXTURE_ANY, -EINVAL, NULL },
	{ 7, 2, 0, 4096, FIXTURE_ANY, -EINVAL, "<3> invalid qsz (0) or alignment (4096)" },
	{ 7, 2, 16, 0, FIXTURE_ANY, -EINVAL, "<3> invalid qsz (16) or alignment (0)" },
	{ 7, 2, 0xffffffff, 4096, FIXTURE_ANY, -ENOMEM, NULL },
	{ 7, 2, 0xffffffff, 0xffffffff, FIXTURE_ANY, -ENOMEM, NULL },
	{ 7, 2, 16, 0xffffffff, FIXTURE_ANY, -ENOMEM, NULL },
	{ 1, 0, 0, 0, FIXTURE_ANY, 0, NULL },
	{ 1, 1, 16, 4096, FIXTURE_ANY, 0, NULL },
	{ 7, 2, 4, 4, FIXTURE_ANY, 0, NULL },
	{ 7, 2, 16, 4096, 0x60000000, 0, NULL },
};

static struct fixture_table *table_of(const struct shape *shape)
{
	struct fixture_table *table = fixture_table_new(false);
	int i;

	fixture_table_vdev(table, shape->id, 0, 0);
	for (i = 0; i < shape->vrings; i++)
		fixture_table_vring(table, shape->da, shape->align, shape->num, 0);
	return table;
}

/* In the kernel a vdev with one vring of id 7 is an oops. */
static void a_vdev_that_cannot_work_does_not_fail_the_boot(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *shape = &shapes[i];
		struct recorder *rec = open_with(NULL, table_of(shape));
		struct rproc_vdev_info *info;
		char line[120];
		size_t count;

		print_message("         %zu\n", i);
		assert_int_equal(rproc_boot(rec->rproc), 0);
		recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
		assert_int_equal(rproc_get_vdevs(rec->rproc, &info, &count), 0);
		assert_int_equal(count, 1);
		assert_int_equal(info[0].failed, shape->error != 0);
		assert_int_equal(info[0].id, shape->id);
		free(info);
		if (shape->line)
			recorder_expect_line(rec, shape->line);
		snprintf(line, sizeof(line),
			 "<3> [rproc-virtio rproc-virtio.0.auto] probe with driver rproc-virtio "
			 "failed with error %d",
			 shape->error);
		if (shape->error)
			recorder_expect_line(rec, line);
		else
			recorder_expect_line(rec, "<6> remote processor dsp is now up");
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
		assert_int_equal(recorder_provided(rec), 0);
		recorder_free(rec);
	}
}

static void a_driver_that_cannot_kick_cannot_have_vdevs(void **state)
{
	const struct recorder_options options = { .without = REC_BIT(REC_KICK) };
	struct recorder *rec = open_with(&options, core_table_full());

	(void)state;
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect_line(rec, "<3> [rproc-virtio rproc-virtio.0.auto] .kick method not "
				  "defined for dsp");
	recorder_expect_line(rec, "<3> failed to probe subdevices for dsp: -22");
	recorder_expect_story(rec, "vdev 0 needs a driver that can kick");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void a_vdev_that_nobody_claims_runs_all_the_same(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct recorder *rec;

	(void)state;
	/* The library has a driver of its own for 7. */
	fixture_table_vdev(table, 5, 0, 1);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 16, 0);
	rec = open_with(NULL, table);
	recorder_claim_vdevs(rec, 11);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_line(rec, "<6> [rproc-virtio rproc-virtio.0.auto] registered virtio0 "
				  "(type 5)");
	assert_int_equal(recorder_calls(rec, REC_VDEV_START), 0);
	assert_int_equal(rproc_vq_interrupt(rec->rproc, 0), 0);
	recorder_free(rec);
}

static void an_id_can_be_claimed_once(void **state)
{
	static const struct rproc_vdev_driver driver = { .id = 7, .name = "second" };
	struct recorder *rec = recorder_new(NULL);

	(void)state;
	recorder_claim_vdevs(rec, 7);
	assert_int_equal(rproc_context_add_vdev_driver(rec->context, &driver, NULL), -EEXIST);
	recorder_claim_vdevs(rec, 11);
	recorder_free(rec);
}

/* ---- numbers ------------------------------------------------------------------------------- */

static struct fixture_table *two_vdevs(void)
{
	struct fixture_table *table = fixture_table_new(false);
	int i;

	for (i = 0; i < 2; i++) {
		fixture_table_vdev(table, 7, 0, 0);
		fixture_table_vring(table, FIXTURE_ANY, 4096, 16, 0);
		fixture_table_vring(table, FIXTURE_ANY, 4096, 16, 0);
	}
	return table;
}

static void notify_ids_and_numbers_are_the_lowest_free(void **state)
{
	struct recorder *rec = open_with(NULL, two_vdevs());
	struct recorder_options options = { .context = rec->context, .name = "second" };
	struct recorder *other = open_with(&options, two_vdevs());
	struct rproc_vdev_info *info;
	size_t count;
	int round;

	(void)state;
	for (round = 0; round < 2; round++) {
		uint8_t *table = rec->ram + TABLE_AT;

		assert_int_equal(rproc_boot(rec->rproc), 0);
		assert_int_equal(core_word(core_table_payload(table, 0), 24 + 12), 0);
		assert_int_equal(core_word(core_table_payload(table, 0), 44 + 12), 1);
		assert_int_equal(core_word(core_table_payload(table, 1), 24 + 12), 2);
		assert_int_equal(core_word(core_table_payload(table, 1), 44 + 12), 3);
		/* Notify ids are a processor's own, rproc-virtio numbers the context's. */
		assert_int_equal(rproc_boot(other->rproc), 0);
		table = other->ram + TABLE_AT;
		assert_int_equal(core_word(core_table_payload(table, 1), 44 + 12), 3);
		assert_int_equal(rproc_get_vdevs(other->rproc, &info, &count), 0);
		assert_int_equal(count, 2);
		assert_int_equal(info[0].number, 2);
		assert_int_equal(info[1].number, 3);
		assert_int_equal(info[1].index, 1);
		free(info);
		recorder_expect_line(rec, "<6> [rproc-virtio rproc-virtio.3.auto] registered "
					  "virtio3 (type 7)");
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
		assert_int_equal(rproc_shutdown(other->rproc), 0);
		recorder_forget(rec);
	}
	recorder_free(other);
	recorder_free(rec);
}

static void assert_child(struct recorder *rec, const char *device, const char *name)
{
	struct rproc *rproc = rproc_get_by_child(rec->context, device);

	if (name)
		assert_string_equal(rproc ? rproc_name(rproc) : "none", name);
	else
		assert_null(rproc);
	rproc_put(rproc);
}

static void a_processor_is_found_by_what_hangs_below_it(void **state)
{
	static const char *const nobody[] = { "",
					      "virtio",
					      "virtio-1",
					      "virtio4",
					      "virtio00",
					      "virtio1x",
					      "rproc-virtio.1",
					      "rproc-virtio.4.auto",
					      "remoteproc2",
					      "remoteproc",
					      "remoteproc0.virtio0" };
	struct recorder *rec = open_with(NULL, two_vdevs());
	struct recorder_options options = { .context = rec->context, .name = "second" };
	struct recorder *other = open_with(&options, two_vdevs());
	size_t i;

	(void)state;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_boot(other->rproc), 0);
	assert_child(rec, "virtio1", "dsp");
	assert_child(rec, "virtio2", "second");
	assert_child(rec, "virtio3.rpmsg-raw.-1.1024", "second");
	assert_child(rec, "rproc-virtio.0.auto", "dsp");
	assert_child(rec, "rproc-virtio.3.auto", "second");
	assert_child(rec, "remoteproc1", "second");
	for (i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
		assert_child(rec, nobody[i], NULL);
	assert_null(rproc_get_by_child(rec->context, NULL));
	assert_null(rproc_get_by_child(NULL, "virtio1"));
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	assert_child(rec, "virtio1", NULL);
	assert_child(rec, "remoteproc0", "dsp");
	recorder_free(other);
	recorder_free(rec);
}

static void offer_ring(struct recorder *rec)
{
	struct rproc_mem_entry *mem;

	mem = rproc_mem_entry_init(rec->device, rec->ram + 0x8000, 0x48008000, 0x2000, 0x30000000,
				   NULL, NULL, "vdev%dvring%d", 0, 0);
	rproc_add_carveout(rec->rproc, mem);
}

static void a_ring_lies_in_the_boards_memory_of_its_name(void **state)
{
	struct recorder *rec = open_with(NULL, core_table_full());
	struct rproc_vring_info ring;

	(void)state;
	recorder_claim_vdevs(rec, 7);
	rec->prepare = offer_ring;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_vdev_vring(rec->vdev, 0, &ring), 0);
	assert_ptr_equal(ring.va, rec->ram + 0x8000);
	assert_int_equal(ring.da, 0x30000000);
	assert_int_equal(ring.pa, 0x48008000);
	assert_int_equal(rproc_vdev_vring(rec->vdev, 1, &ring), 0);
	assert_int_equal(ring.da, RECORDER_POOL + 0x1000);
	assert_int_equal(ring.len, 0x3000);
	recorder_free(rec);
}

static void a_ring_that_does_not_fit_the_boards_memory_fails_the_vdev_alone(void **state)
{
	const struct shape shape = { 7, 2, 256, 4096, FIXTURE_ANY, -ENOMEM, NULL };
	struct recorder *rec = open_with(NULL, table_of(&shape));

	(void)state;
	rec->prepare = offer_ring;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_line(rec, "<3> Registered carveout doesn't fit len request");
	recorder_expect_line(rec, "<3> [rproc-virtio rproc-virtio.0.auto] probe with driver "
				  "rproc-virtio failed with error -12");
	recorder_free(rec);
}

/* ---- what its driver sees ------------------------------------------------------------------ */

/* The same while they are large enough; what was lent is taken back at the stop. */
static void buffers_come_from_the_provider_and_go_with_the_vdev(void **state)
{
	struct recorder *rec = boot_full();
	int before = recorder_provided(rec);
	struct rproc_memory first, again;
	bool is_iomem = true;

	(void)state;
	recorder_fail(rec, REC_ALLOC, -EBUSY);
	assert_int_equal(rproc_vdev_buffers(rec->vdev, 1, &first, &is_iomem), -ENOMEM);
	recorder_expect_story(rec, "virtio0 needs 4096 bytes for its buffers and dsp has none that "
				   "the processor reaches (-16)");
	recorder_fail(rec, REC_ALLOC, 0);
	assert_int_equal(rproc_vdev_buffers(rec->vdev, 4097, &first, &is_iomem), 0);
	assert_false(is_iomem);
	assert_int_equal(first.len, 8192);
	assert_int_equal(rproc_vdev_buffers(rec->vdev, 8192, &again, &is_iomem), 0);
	assert_ptr_equal(again.va, first.va);
	assert_int_equal(recorder_provided(rec), before + 1);
	assert_int_equal(rproc_vdev_buffers(rec->vdev, 8193, &again, &is_iomem), 0);
	assert_int_equal(again.len, 12288);
	assert_int_equal(recorder_provided(rec), before + 1);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void the_driver_of_a_vdev_sees_what_the_table_offers(void **state)
{
	struct recorder *rec = boot_full();
	struct rproc_vring_info ring;

	(void)state;
	assert_ptr_equal(rproc_vdev_rproc(rec->vdev), rec->rproc);
	assert_int_equal(rproc_vdev_id(rec->vdev), 7);
	assert_int_equal(rproc_vdev_features(rec->vdev), 1);
	assert_int_equal(rproc_vdev_num_vrings(rec->vdev), 2);
	assert_int_equal(rproc_vdev_status(rec->vdev), 1);
	assert_int_equal(rproc_vdev_vring(rec->vdev, 2, &ring), -ENOENT);
	assert_int_equal(rproc_vdev_vring(rec->vdev, 0xffffffff, &ring), -ENOENT);
	assert_int_equal(rproc_vdev_vring(rec->vdev, 0, &ring), 0);
	assert_int_equal(ring.num, 16);
	assert_int_equal(ring.align, 4096);
	assert_int_equal(ring.notifyid, 0);
	assert_int_equal(ring.len, 0x2000);
	assert_non_null(ring.va);
	assert_int_equal(rproc_vdev_publish_vring(rec->vdev, 2), -ENOENT);
	assert_int_equal(rproc_vdev_publish_vring(rec->vdev, 0xffffffff), -ENOENT);
	assert_int_equal(rproc_vdev_set_callback(rec->vdev, 2, NULL, NULL), -ENOENT);
	assert_int_equal(rproc_vdev_set_callback(rec->vdev, 0xffffffff, NULL, NULL), -ENOENT);
	recorder_free(rec);
}

static void config_space_ends_where_the_table_says(void **state)
{
	static const struct {
		unsigned int offset, len;
		bool ok;
	} cases[] = { { 0, 4, true },	       { 4, 0, true },		 { 3, 1, true },
		      { 0, 5, false },	       { 4, 1, false },		 { 5, 0, false },
		      { 1, 4, false },	       { 0xffffffff, 1, false }, { 1, 0xffffffff, false },
		      { 0xfffffffc, 8, false } };
	struct recorder *rec = boot_full();
	uint8_t *config = core_table_payload(rec->ram + TABLE_AT, 3) + 64;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t buf[8] = { 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee };
		int expected = cases[i].ok ? 0 : -EINVAL;

		recorder_forget(rec);
		assert_int_equal(
			rproc_vdev_get_config(rec->vdev, cases[i].offset, buf, cases[i].len),
			expected);
		assert_int_equal(buf[0], cases[i].ok && cases[i].len ? cases[i].offset + 1 : 0xee);
		recorder_expect(rec, cases[i].ok ? ""
						 : "<3> [rproc-virtio rproc-virtio.0.auto] "
						   "rproc_virtio_get: access out of bounds\n");
		assert_int_equal(
			rproc_vdev_set_config(rec->vdev, cases[i].offset, buf, cases[i].len),
			expected);
		assert_memory_equal(config, "\1\2\3\4", 4);
	}
	assert_int_equal(rproc_vdev_set_config(rec->vdev, 2, "\x22\x23", 2), 0);
	assert_memory_equal(config, "\1\2\x22\x23", 4);
	recorder_free(rec);
}

static void kicks_reach_the_driver_with_the_notify_id(void **state)
{
	struct recorder *rec = boot_full();
	struct rproc_counters counters;

	(void)state;
	recorder_forget(rec);
	rproc_vdev_kick(rec->vdev, 1);
	rproc_vdev_kick(rec->vdev, 0);
	rproc_vdev_kick(rec->vdev, 2);
	recorder_expect(rec, "kick 1\nkick 0\n");
	rproc_counters(rec->rproc, &counters);
	assert_int_equal(counters.kicks, 2);
	recorder_free(rec);
}

/* ---- interrupts ---------------------------------------------------------------------------- */

struct heard {
	atomic_int calls;
	atomic_int last;
};

static void hear(struct rproc_vdev *vdev, unsigned int index, void *data)
{
	struct heard *heard = data;

	(void)vdev;
	atomic_store(&heard->last, (int)index);
	atomic_fetch_add(&heard->calls, 1);
}

static void an_interrupt_reaches_the_ring_of_its_id_and_no_other(void **state)
{
	struct recorder *rec = boot_full();
	struct rproc_counters counters;
	struct heard heard = { 0 };

	(void)state;
	assert_int_equal(rproc_vdev_set_callback(rec->vdev, 1, hear, &heard), 0);
	assert_int_equal(rproc_vq_interrupt(rec->rproc, 0), 0);
	assert_int_equal(rproc_vq_interrupt(rec->rproc, 2), 0);
	assert_int_equal(rproc_vq_interrupt(rec->rproc, -1), 0);
	assert_int_equal(rproc_vq_interrupt(rec->rproc, 0x7fffffff), 0);
	assert_int_equal(heard.calls, 0);
	assert_int_equal(rproc_vq_interrupt(rec->rproc, 1), 1);
	assert_int_equal(heard.calls, 1);
	assert_int_equal(heard.last, 1);
	rproc_counters(rec->rproc, &counters);
	assert_int_equal(counters.notifications, 4);
	assert_int_equal(rproc_vdev_set_callback(rec->vdev, 1, NULL, NULL), 0);
	assert_int_equal(rproc_vq_interrupt(rec->rproc, 1), 0);
	recorder_free(rec);
}

struct interrupter {
	pthread_t thread;
	struct rproc *rproc;
	atomic_bool stop;
};

static void *interrupt(void *arg)
{
	struct interrupter *self = arg;

	while (!atomic_load(&self->stop)) {
		rproc_vq_interrupt(self->rproc, 0);
		rproc_vq_interrupt(self->rproc, 1);
	}
	return NULL;
}

static void begin(struct interrupter *self, struct recorder *rec)
{
	self->rproc = rec->rproc;
	atomic_init(&self->stop, false);
	assert_int_equal(pthread_create(&self->thread, NULL, interrupt, self), 0);
}

static void end(struct interrupter *self)
{
	atomic_store(&self->stop, true);
	pthread_join(self->thread, NULL);
}

/* On each start a block that is freed right after the stop: a late callback is a crash. */
static int listen_on_heap(struct recorder *rec, enum recorder_op op)
{
	if (op == REC_B_STOP || op == REC_START) {
		free(rec->hook_data);
		rec->hook_data = NULL;
	}
	return 0;
}

static void await_calls(struct heard *heard)
{
	while (!atomic_load(&heard->calls))
		sched_yield();
}

static void no_interrupt_reaches_a_vdev_that_has_stopped(void **state)
{
	struct recorder *rec = open_with(NULL, core_table_full());
	struct interrupter threads[2];
	int i;

	(void)state;
	recorder_claim_vdevs(rec, 7);
	rec->hook = listen_on_heap;
	begin(&threads[0], rec);
	begin(&threads[1], rec);
	for (i = 0; i < 30; i++) {
		struct heard *heard = calloc(1, sizeof(*heard));

		assert_non_null(heard);
		assert_int_equal(rproc_boot(rec->rproc), 0);
		rec->hook_data = heard;
		assert_int_equal(rproc_vdev_set_callback(rec->vdev, 0, hear, heard), 0);
		assert_int_equal(rproc_vdev_set_callback(rec->vdev, 1, hear, heard), 0);
		await_calls(heard);
		if (i & 1)
			recorder_crash(rec, RPROC_CRASH_WATCHDOG);
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
	}
	end(&threads[0]);
	end(&threads[1]);
	recorder_free(rec);
}

/* A vdev driver whose start listens, waits for an interrupt, and then fails. */
static int start_and_fail(struct rproc_vdev *vdev, void *data)
{
	struct heard **heard = data;

	*heard = calloc(1, sizeof(**heard));
	rproc_vdev_set_callback(vdev, 0, hear, *heard);
	await_calls(*heard);
	return -EIO;
}

static void no_interrupt_reaches_a_vdev_whose_start_failed(void **state)
{
	static const struct rproc_vdev_driver driver = { .id = 7,
							 .name = "failing",
							 .start = start_and_fail };
	struct recorder *rec = open_with(NULL, core_table_full());
	struct interrupter thread;
	struct heard *heard = NULL;
	int i;

	(void)state;
	assert_int_equal(rproc_context_add_vdev_driver(rec->context, &driver, &heard), 0);
	begin(&thread, rec);
	for (i = 0; i < 100; i++) {
		assert_int_equal(rproc_boot(rec->rproc), -EIO);
		free(heard);
	}
	end(&thread);
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_processor_is_found_by_what_hangs_below_it),
		cmocka_unit_test(a_vdev_that_cannot_work_does_not_fail_the_boot),
		cmocka_unit_test(a_driver_that_cannot_kick_cannot_have_vdevs),
		cmocka_unit_test(an_id_can_be_claimed_once),
		cmocka_unit_test(a_ring_that_does_not_fit_the_boards_memory_fails_the_vdev_alone),
		cmocka_unit_test(no_interrupt_reaches_a_vdev_whose_start_failed),
		cmocka_unit_test(no_interrupt_reaches_a_vdev_that_has_stopped),
		cmocka_unit_test(a_vdev_that_nobody_claims_runs_all_the_same),
		cmocka_unit_test(notify_ids_and_numbers_are_the_lowest_free),
		cmocka_unit_test(a_ring_lies_in_the_boards_memory_of_its_name),
		cmocka_unit_test(buffers_come_from_the_provider_and_go_with_the_vdev),
		cmocka_unit_test(the_driver_of_a_vdev_sees_what_the_table_offers),
		cmocka_unit_test(config_space_ends_where_the_table_says),
		cmocka_unit_test(kicks_reach_the_driver_with_the_notify_id),
		cmocka_unit_test(an_interrupt_reaches_the_ring_of_its_id_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
