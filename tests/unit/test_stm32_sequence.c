/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which registers the STM32MP15 driver writes, in which order, for everything that
 * is asked of it; and what the core finds in its memory. Addresses are those of
 * the reference manual: PWR 0x50001014, hold-boot 0x5000010c, the core's reset
 * 0x50000404, M4 state 0x5c00a148, IPCC 0x4c001000.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "stm32_fixture.h"

/* XSCR, then XMR: transmit-free of the channel unmasked, and masked once it is free. */
#define SENT_SHUTDOWN "0x4c001008=0x00040000 0x4c001004=0xfffbfffc 0x4c001004=0xfffffffc "
#define SENT_DETACH   "0x4c001008=0x00080000 0x4c001004=0xfff7fffc 0x4c001004=0xfffffffc "
#define RELEASED      "0x50001014=0x00000000 0x5000010c=0x00000001 0x5000010c=0x00000000"
#define HELD \
	"0x5000010c=0x00000000 0x50000404=0x00000002 0x50001014=0x00000001 0x5c00a148=0x00000000"

static struct stm32_fixture *booted(struct fixture_table *table)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct fixture_image image = stm32_image(table);

	stm32_command(fix, "ack on");
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	return fix;
}

static struct stm32_fixture *detached(void)
{
	struct stm32_fixture *fix = stm32_new_unprobed("stm32mp157", 0);

	stm32_command(fix, "ack on");
	stm32_bootloader(fix, stm32_table());
	assert_int_equal(stm32_probe_board(fix, "stm32mp157"), 0);
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_DETACHED);
	stm32_command(fix, "writes");
	return fix;
}

/* Whoever has the vdev kicks when it likes; here only the processor's driver is looked at. */
static struct stm32_fixture *detached_silent(void)
{
	static const struct rproc_vdev_driver silent = { .id = 7, .name = "silent" };
	struct stm32_fixture *fix = detached();

	assert_int_equal(rproc_context_add_vdev_driver(fix->context, &silent, NULL), 0);
	return fix;
}

static void probe_masks_the_mailbox_and_listens_on_vq0_and_vq1(void **state)
{
	struct stm32_fixture *fix;

	(void)state;
	assert_int_equal(stm32_open("stm32mp157", 0, &fix), 0);
	stm32_expect_writes(fix, "0x4c001004=0xffffffff 0x4c001000=0x00010001 "
				 "0x4c001004=0xfffffffe 0x4c001004=0xfffffffc");
	stm32_expect_log(fix, "<6> stm32-rproc 10000000.m4: wdg irq registered\n");
	stm32_expect_log(fix, "<6> remoteproc remoteproc0: m4 is available\n");
	assert_string_equal(rproc_name(fix->rproc), "m4");
	assert_string_equal(rproc_plugin_name(fix->rproc), "stm32-rproc");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_OFFLINE);
	stm32_close(fix);
}

static void start_clears_deep_sleep_releases_and_holds(void **state)
{
	struct stm32_fixture *fix = booted(NULL);

	(void)state;
	stm32_expect_writes(fix, RELEASED);
	stm32_expect_log(fix, "<4> remoteproc remoteproc0: no resource table found for this "
			      "firmware\n");
	stm32_close(fix);
}

static void stop_asks_holds_resets_and_says_off(void **state)
{
	struct stm32_fixture *fix = booted(NULL);

	(void)state;
	stm32_command(fix, "writes");
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	stm32_expect_writes(fix, SENT_SHUTDOWN HELD);
	stm32_expect_no_log(fix, "without ack");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_OFFLINE);
	stm32_close(fix);
}

static void attach_holds_and_nothing_else(void **state)
{
	struct stm32_fixture *fix = detached_silent();

	(void)state;
	assert_int_equal(rproc_boot(fix->rproc), 0);
	stm32_expect_writes(fix, "0x5000010c=0x00000000");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_ATTACHED);
	assert_int_equal(stm32_peek(fix, 0x5c00a148), 2);
	stm32_close(fix);
}

static void detach_tells_the_firmware_and_lets_it_restart(void **state)
{
	struct stm32_fixture *fix = detached_silent();
	uint32_t before[16], after[16];
	unsigned int i;

	(void)state;
	for (i = 0; i < 16; i++)
		before[i] = stm32_peek(fix, STM32_TABLE_DA + 4 * i);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	stm32_command(fix, "writes");
	assert_int_equal(rproc_detach(fix->rproc), 0);
	stm32_expect_writes(fix, SENT_DETACH "0x5000010c=0x00000001");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_DETACHED);
	for (i = 0; i < 16; i++)
		after[i] = stm32_peek(fix, STM32_TABLE_DA + 4 * i);
	assert_memory_equal(before, after, sizeof(before));
	/* and once more: the table is as it was found */
	assert_int_equal(rproc_boot(fix->rproc), 0);
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	assert_int_equal(stm32_peek(fix, 0x5c00a148), 0);
	stm32_close(fix);
}

static void an_attached_core_shows_its_table_and_its_trace(void **state)
{
	static const uint32_t text[] = { 0x6c6c6568, 0x000a216f }; /* "hello!\n" */
	struct stm32_fixture *fix = detached();
	char buf[16] = "";
	size_t size;
	void *table;

	(void)state;
	stm32_command(fix, "poke da:0x%x 0x%x 0x%x", STM32_TRACE_DA, text[0], text[1]);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	assert_int_equal(rproc_trace_read(fix->rproc, 0, buf, sizeof(buf), 0), 7);
	assert_string_equal(buf, "hello!\n");
	assert_int_equal(rproc_trace_read(fix->rproc, 0, buf, sizeof(buf), 5), 2);
	assert_int_equal(rproc_get_table(fix->rproc, &table, &size), 0);
	assert_int_equal(size, 1024);
	assert_int_equal(*(uint32_t *)table, 1);
	free(table);
	stm32_close(fix);
}

static void segments_and_table_arrive_at_odd_addresses(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct fixture_image image = stm32_image(stm32_table());
	uint32_t word;
	unsigned int i, at;

	(void)state;
	/* what was there before, around the segment 0x10000001..0x10000101 */
	for (at = 0; at < 0x110; at += 4)
		stm32_command(fix, "poke da:0x%x 0xeeeeeeee", 0x10000000 + at);
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	for (at = 0; at < 0x110; at += 4) {
		word = stm32_peek(fix, 0x10000000 + at);
		for (i = at; i < at + 4; i++, word >>= 8)
			assert_int_equal(word & 0xff, i < 1 || i >= 0x102 ? 0xee
						      : i < 0x7c
							      ? fixture_pattern(0x10000001, i - 1)
							      : 0);
	}
	assert_int_equal(stm32_peek(fix, STM32_TABLE_DA), 1); /* version */
	assert_int_equal(stm32_peek(fix, STM32_TABLE_DA + 4), 2);
	stm32_close(fix);
}

static void carveouts_are_the_tree_s_in_its_order(void **state)
{
	static const struct {
		const char *name;
		uint64_t pa;
		uint32_t da;
		size_t len;
	} want[] = {
		{ "retram", 0x38000000, 0, 0x10000 },
		{ "mcuram", 0x30000000, 0x30000000, 0x40000 },
		{ "mcuram2", 0x10000000, 0x10000000, 0x40000 },
		{ "vdev0vring0", 0x10040000, 0x10040000, 0x1000 },
		{ "vdev0vring1", 0x10041000, 0x10041000, 0x1000 },
		{ "vdev0buffer", 0, 0x10042000, 0x4000 },
	};
	struct stm32_fixture *fix = booted(stm32_table());
	struct rproc_carveout_info *info;
	size_t count, i;

	(void)state;
	assert_int_equal(rproc_get_carveouts(fix->rproc, &info, &count), 0);
	assert_int_equal(count, sizeof(want) / sizeof(want[0]));
	for (i = 0; i < count; i++) {
		assert_string_equal(info[i].name, want[i].name);
		assert_int_equal(info[i].pa, want[i].pa);
		assert_int_equal(info[i].da, want[i].da);
		assert_int_equal(info[i].len, want[i].len);
	}
	free(info);
	stm32_close(fix);
}

static void the_watchdog_is_a_crash_and_recovery_does_not_ask_the_dead(void **state)
{
	struct stm32_fixture *fix = booted(NULL);

	(void)state;
	stm32_wait_state(fix, RPROC_STATE_RUNNING);
	stm32_command(fix, "writes");
	stm32_command(fix, "watchdog");
	stm32_wait_state(fix, RPROC_STATE_CRASHED);
	stm32_wait_state(fix, RPROC_STATE_RUNNING);
	stm32_expect_log(fix, "crash detected in m4: type watchdog\n");
	stm32_expect_writes(fix, HELD " " RELEASED);
	stm32_close(fix);
}

static void a_crashed_core_is_stopped_without_a_message(void **state)
{
	struct stm32_fixture *fix = booted(NULL);

	(void)state;
	rproc_set_recovery(fix->rproc, false);
	stm32_command(fix, "watchdog");
	stm32_wait_state(fix, RPROC_STATE_CRASHED);
	stm32_command(fix, "writes");
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	stm32_expect_writes(fix, HELD);
	stm32_close(fix);
}

static void a_core_dump_holds_the_memories_and_the_trace(void **state)
{
	/* ELF32, no machine; five memories without the buffer pool, then the trace */
	static const uint32_t segments[][2] = {
		{ 0, 0x10000 },		{ 0x30000000, 0x40000 }, { 0x10000000, 0x40000 },
		{ 0x10040000, 0x1000 }, { 0x10041000, 0x1000 },	 { STM32_TRACE_DA, 0x1000 },
	};
	struct stm32_fixture *fix = booted(stm32_table());
	struct rproc_coredump_info info;
	uint8_t header[52 + 6 * 32];
	uint32_t word;
	size_t i;

	(void)state;
	assert_int_equal(rproc_set_coredump_mode(fix->rproc, RPROC_COREDUMP_ENABLED), 0);
	stm32_wait_state(fix, RPROC_STATE_RUNNING);
	stm32_command(fix, "poke da:0x30000010 0x600dcafe");
	/* twice: the segments of the second are those of the first */
	stm32_command(fix, "watchdog");
	stm32_wait_state(fix, RPROC_STATE_RUNNING);
	assert_int_equal(rproc_coredump_next(fix->context, 0, &info), 0);
	assert_int_equal(rproc_coredump_release(fix->context, info.number), 0);
	stm32_command(fix, "watchdog");
	stm32_wait_state(fix, RPROC_STATE_RUNNING);
	assert_int_equal(rproc_coredump_next(fix->context, info.number, &info), 0);
	assert_int_equal(rproc_coredump_read(fix->context, info.number, header, sizeof(header), 0),
			 sizeof(header));
	assert_int_equal(header[4], 1);
	assert_int_equal(header[18] | header[19] << 8, 0); /* e_machine */
	assert_int_equal(header[44] | header[45] << 8, 6); /* e_phnum */
	for (i = 0; i < 6; i++) {
		memcpy(&word, header + 52 + 32 * i + 12, 4); /* p_paddr */
		assert_int_equal(word, segments[i][0]);
		memcpy(&word, header + 52 + 32 * i + 16, 4); /* p_filesz */
		assert_int_equal(word, segments[i][1]);
	}
	assert_int_equal(rproc_coredump_read(fix->context, info.number, &word, 4,
					     sizeof(header) + 0x10000 + 0x10),
			 4);
	assert_int_equal(word, 0x600dcafe);
	stm32_close(fix);
}

static void what_crashed_detached_is_held_without_a_message_and_dumped(void **state)
{
	struct stm32_fixture *fix = detached();
	struct rproc_coredump_info info;
	uint32_t word;

	(void)state;
	assert_int_equal(rproc_set_coredump_mode(fix->rproc, RPROC_COREDUMP_ENABLED), 0);
	stm32_command(fix, "poke da:0x30000010 0x600dcafe");
	stm32_command(fix, "writes");
	stm32_command(fix, "watchdog");
	stm32_wait_state(fix, RPROC_STATE_CRASHED);
	stm32_wait_state(fix, RPROC_STATE_OFFLINE);
	/* once the recovery is over: it has no firmware */
	assert_int_equal(rproc_shutdown(fix->rproc), -EINVAL);
	stm32_expect_writes(fix, HELD);
	assert_int_equal(rproc_coredump_next(fix->context, 0, &info), 0);
	stm32_expect_no_log(fix, "invalid copy request");
	/* headers of five memories, the first memory, and 16 bytes of the second */
	assert_int_equal(rproc_coredump_read(fix->context, info.number, &word, 4,
					     52 + 5 * 32 + 0x10000 + 0x10),
			 4);
	assert_int_equal(word, 0x600dcafe);
	stm32_close(fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probe_masks_the_mailbox_and_listens_on_vq0_and_vq1),
		cmocka_unit_test(start_clears_deep_sleep_releases_and_holds),
		cmocka_unit_test(stop_asks_holds_resets_and_says_off),
		cmocka_unit_test(attach_holds_and_nothing_else),
		cmocka_unit_test(detach_tells_the_firmware_and_lets_it_restart),
		cmocka_unit_test(an_attached_core_shows_its_table_and_its_trace),
		cmocka_unit_test(segments_and_table_arrive_at_odd_addresses),
		cmocka_unit_test(carveouts_are_the_tree_s_in_its_order),
		cmocka_unit_test(the_watchdog_is_a_crash_and_recovery_does_not_ask_the_dead),
		cmocka_unit_test(a_crashed_core_is_stopped_without_a_message),
		cmocka_unit_test(what_crashed_detached_is_held_without_a_message_and_dumped),
		cmocka_unit_test(a_core_dump_holds_the_memories_and_the_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
