/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What users of an STM32MP15 run into, and what they are told: an errno as Linux
 * answers it where it has one, and a story with the object, the numbers and the
 * remedy. After each the processor can be used again, or was never there.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "stm32_fixture.h"

#define HOLD_BOOT 0x5000010cu

static void use_segment(struct stm32_fixture *fix, uint64_t da, uint64_t memsz)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);
	struct fixture_image image;

	fixture_load(elf, da, PF_R | PF_X, NULL, memsz, memsz);
	fixture_add_section(
		elf, &(struct fixture_section){
			     .name = ".text", .type = SHT_PROGBITS, .da = da, .size = memsz });
	image = fixture_build(elf);
	stm32_use(fix, &image);
}

static void expect_boots(struct stm32_fixture *fix)
{
	struct fixture_image image = stm32_image(NULL);

	stm32_command(fix, "ack on");
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
}

/* ---- loading ------------------------------------------------------------------------------ */

static void code_linked_for_flash_is_told_where_memory_is(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");

	(void)state;
	use_segment(fix, 0x08000000, 0x400);
	assert_int_equal(rproc_boot(fix->rproc), -EINVAL);
	stm32_expect_log(fix, "<3> remoteproc remoteproc0: bad phdr da 0x8000000 mem 0x400\n");
	stm32_expect_story(fix, "segment 0 needs 0x8000000..0x80003ff (.text)");
	stm32_expect_story(fix, "the nearest is retram at 0x0..0xffff");
	stm32_expect_writes(fix, "");
	expect_boots(fix);
	stm32_close(fix);
}

static void a_segment_over_the_end_is_told_by_how_much(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");

	(void)state;
	use_segment(fix, 0xff00, 0x180);
	assert_int_equal(rproc_boot(fix->rproc), -EINVAL);
	stm32_expect_story(fix, "segment 0 needs 0xff00..0x1007f");
	stm32_expect_story(fix, "retram ends at 0xffff: 128 bytes over");
	expect_boots(fix);
	stm32_close(fix);
}

static void headers_that_the_linker_took_along_are_told(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct fixture_image image = fixture_shape_build("header-pulled-into-segment");

	(void)state;
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), -EINVAL);
	stm32_expect_story(fix, "segment 0 needs 0x1fff0000..0x1fff823f (.interrupts .text)");
	stm32_expect_story(fix, "it begins with the file's own headers: link with -n");
	expect_boots(fix);
	stm32_close(fix);
}

static void a_memory_that_is_not_listed_is_missed(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32-nomcuram");
	struct fixture_image image = stm32_image(NULL);

	(void)state;
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), -EINVAL);
	stm32_expect_story(fix, "segment 1 needs 0x10000001..0x10000101");
	stm32_close(fix);
}

static void a_memory_the_core_cannot_reach_fails_the_prepare(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32-farmem");
	struct fixture_image image = stm32_image(NULL);
	struct rproc_carveout_info *info;
	size_t count;

	(void)state;
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), -EINVAL);
	stm32_expect_log(fix, "<3> stm32-rproc 10000000.m4: memory region not valid\n");
	stm32_expect_log(fix, "<3> remoteproc remoteproc0: can't prepare rproc m4: -22\n");
	stm32_expect_story(fix, "memory far at 0xd0000000..0xd000ffff: no window of dma-ranges");
	assert_int_equal(rproc_get_carveouts(fix->rproc, &info, &count), 0);
	assert_int_equal(count, 0);
	free(info);
	stm32_close(fix);
}

static void a_memory_without_a_place_fails_the_prepare(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32-badmemory");
	struct fixture_image image = stm32_image(NULL);

	(void)state;
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), -EINVAL);
	stm32_expect_log(fix, "<3> stm32-rproc 10000000.m4: unable to acquire memory-region\n");
	stm32_expect_story(fix, "entry 1 of memory-region is no reserved memory that can be used");
	stm32_close(fix);
}

/* ---- what the core will fetch ---------------------------------------------------------------- */

static void boot_with_vectors(struct stm32_fixture *fix, const uint8_t *vectors, uint64_t da)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);
	struct fixture_image image;

	fixture_load(elf, da, PF_R | PF_X, vectors, 8, 64);
	image = fixture_build(elf);
	stm32_use(fix, &image);
	stm32_command(fix, "ack on");
	assert_int_equal(rproc_boot(fix->rproc), 0);
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
}

static void an_image_without_vectors_starts_and_is_told_what_is_left(void **state)
{
	static const uint8_t bytes[8] = { 0 };
	struct stm32_fixture *fix = stm32_new("stm32mp157");

	(void)state;
	stm32_command(fix, "poke da:0 0x10040000 0x12345679");
	boot_with_vectors(fix, bytes, 0x10000000);
	stm32_expect_remark(fix,
			    "first fetch is da 0x0..0x7, and no segment of this image loads there");
	stm32_expect_remark(fix, "stack pointer 0x10040000, entry 0x12345679");
	stm32_expect_log(fix, "<7> remoteproc remoteproc0: load: the core's first fetch");
	stm32_close(fix);
}

static void an_even_entry_is_no_thumb_code(void **state)
{
	static const uint8_t even[8] = { 0, 0, 1, 0, 0x40, 0, 0, 0x10 };
	struct stm32_fixture *fix = stm32_new("stm32mp157");

	(void)state;
	boot_with_vectors(fix, even, 0);
	stm32_expect_remark(fix, "reset vector at da 0x4 is 0x10000040, an even number");
	stm32_close(fix);
}

static void an_entry_in_no_memory_will_fault(void **state)
{
	static const uint8_t flash[8] = { 0, 0, 1, 0, 0x41, 0, 0, 8 };
	struct stm32_fixture *fix = stm32_new("stm32mp157");

	(void)state;
	boot_with_vectors(fix, flash, 0);
	stm32_expect_remark(fix, "0x08000041, which lies in no memory");
	stm32_close(fix);
}

static void vectors_without_retram_are_told(void **state)
{
	static const uint8_t bytes[8] = { 0 };
	struct stm32_fixture *fix = stm32_new("stm32-noretram");

	(void)state;
	boot_with_vectors(fix, bytes, 0x10000000);
	stm32_expect_remark(fix, "add RETRAM to memory-region");
	stm32_close(fix);
}

static void an_image_for_another_machine_is_told(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct fixture_image image = stm32_image(NULL);

	(void)state;
	fixture_set(&image, FIXTURE_E_MACHINE, 0, EM_RISCV);
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	stm32_expect_remark(fix, "the image is for ELF machine 243");
	stm32_close(fix);
}

static void good_vectors_are_no_news(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");

	(void)state;
	expect_boots(fix);
	stm32_expect_no_log(fix, "<7> remoteproc remoteproc0: load:");
	assert_int_equal(rproc_remarks(fix->rproc, NULL, 0), 0);
	stm32_close(fix);
}

/* ---- hold-boot ----------------------------------------------------------------------------- */

static void a_secured_rcc_is_noticed_when_hold_boot_is_read_back(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct fixture_image image = stm32_image(NULL);

	(void)state;
	stm32_command(fix, "secured on");
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), -EPERM);
	stm32_expect_log(fix, "<3> remoteproc remoteproc0: failed to set hold boot\n");
	stm32_expect_log(fix, "<3> remoteproc remoteproc0: can't start rproc m4: -1\n");
	stm32_expect_story(fix, "hold-boot write did not stick (wrote 1, reads 0 at 0x5000010c): "
				"RCC is secured");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_OFFLINE);
	assert_int_equal(stm32_peek(fix, 0x50001014), 1); /* deep sleep is allowed again */
	stm32_command(fix, "secured off");
	expect_boots(fix);
	stm32_close(fix);
}

static void a_core_that_cannot_be_held_is_not_called_stopped(void **state)
{
	struct stm32_fixture *fix = stm32_new_unprobed("stm32mp157", 0);

	(void)state;
	stm32_bootloader(fix, stm32_table());
	stm32_command(fix, "poke 0x%x 1", HOLD_BOOT);
	stm32_command(fix, "secured on");
	stm32_command(fix, "ack on");
	assert_int_equal(stm32_probe_board(fix, "stm32mp157"), 0);
	assert_int_equal(rproc_boot(fix->rproc), -EPERM);
	stm32_expect_story(fix, "attach: hold-boot write did not stick (wrote 0, reads 1");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_DETACHED);
	stm32_command(fix, "secured off");
	assert_int_equal(rproc_boot(fix->rproc), 0);
	stm32_command(fix, "poke 0x%x 1", HOLD_BOOT);
	stm32_command(fix, "secured on");
	assert_int_equal(rproc_shutdown(fix->rproc), -EPERM);
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_ATTACHED);
	stm32_command(fix, "secured off");
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	stm32_close(fix);
}

/* ---- attaching ----------------------------------------------------------------------------- */

static struct stm32_fixture *started_with_table_at(uint32_t da)
{
	struct stm32_fixture *fix = stm32_new_unprobed("stm32mp157", 0);

	stm32_command(fix, "ack on");
	stm32_command(fix, "bootloader-started 0x%x", da);
	assert_int_equal(stm32_probe_board(fix, "stm32mp157"), 0);
	return fix;
}

static void a_core_without_a_table_cannot_be_attached(void **state)
{
	struct stm32_fixture *fix = started_with_table_at(0);

	(void)state;
	assert_int_equal(rproc_boot(fix->rproc), -ENOENT);
	stm32_expect_log(fix, "<3> remoteproc remoteproc0: can't load resource table: -2\n");
	stm32_expect_story(fix, "the backup register at 0x5c00a144 is 0");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_DETACHED);
	stm32_close(fix);
}

static void a_tree_that_does_not_say_where_the_table_is_cannot_attach(void **state)
{
	struct stm32_fixture *fix = stm32_new_unprobed("stm32-norsctbl", 0);

	(void)state;
	stm32_command(fix, "poke 0x5c00a148 2");
	assert_int_equal(stm32_probe_board(fix, "stm32-norsctbl"), 0);
	stm32_expect_log(fix, "<4> stm32-rproc 10000000.m4: rsc tbl syscon not supported\n");
	assert_int_equal(rproc_boot(fix->rproc), -ENOENT);
	stm32_expect_story(fix, "the tree has no st,syscfg-rsc-tbl");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_DETACHED);
	stm32_close(fix);
}

static void a_table_where_nothing_is_cannot_be_attached(void **state)
{
	static const uint32_t das[] = { 0x70000000, 0x0000fc04, 0x1005fffc, 0xfffffffc,
					0x2fffffff };
	struct stm32_fixture *fix;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(das) / sizeof(das[0]); i++) {
		fix = started_with_table_at(das[i]);
		assert_int_equal(rproc_boot(fix->rproc), -EINVAL);
		stm32_expect_log(fix, "<3> stm32-rproc 10000000.m4: can't translate da ");
		stm32_expect_story(fix, "no window of dma-ranges holds 1024 bytes there");
		assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_DETACHED);
		stm32_close(fix);
	}
}

static void garbage_where_the_table_should_be_is_named(void **state)
{
	struct stm32_fixture *fix = started_with_table_at(STM32_TABLE_DA);

	(void)state;
	stm32_command(fix, "poke da:0x%x 0xdeadbeef 3 0 0 0xffffffff", STM32_TABLE_DA);
	assert_int_equal(rproc_boot(fix->rproc), -EINVAL);
	stm32_expect_story(fix, "says da 0x10020000, and no resource table is there: its version "
				"would be 3735928559, not 1");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_DETACHED);
	stm32_close(fix);
}

static void a_table_at_an_odd_address_can_be_attached(void **state)
{
	struct stm32_fixture *fix = started_with_table_at(STM32_TABLE_DA + 1);

	(void)state;
	stm32_command(fix, "poke da:0x%x 0x100 0 0 0", STM32_TABLE_DA);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	assert_int_equal(rproc_detach(fix->rproc), 0);
	stm32_close(fix);
}

static void a_core_in_a_state_between_is_offline_with_a_warning(void **state)
{
	struct stm32_fixture *fix = stm32_new_unprobed("stm32mp157", 0);

	(void)state;
	stm32_command(fix, "poke 0x5c00a148 3");
	assert_int_equal(stm32_probe_board(fix, "stm32mp157"), 0);
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_OFFLINE);
	expect_boots(fix);
	stm32_expect_log(fix, "prepare: the M4 state register says 3");
	stm32_expect_remark(fix, "prepare: the M4 state register says 3");
	stm32_close(fix);
}

/* ---- boards -------------------------------------------------------------------------------- */

static void a_board_that_lacks_something_is_refused_with_its_story(void **state)
{
	static const struct {
		const char *board;
		int error;
		const char *story;
	} boards[] = {
		{ "stm32-noranges", -EINVAL, "its bus has no dma-ranges" },
		{ "stm32-nohold", -EINVAL, "needs st,syscfg-holdboot" },
		{ "stm32-noreset", -EINVAL, "needs `resets`" },
		{ "stm32-scmi", -ENOTSUP,
		  "reset 10 of node /firmware/scmi/protocol@16 is behind SCMI" },
		{ "stm32-ipccoff", -EINVAL, "entry 0 of mboxes names no enabled controller" },
		{ "stm32-badchannel", -EINVAL,
		  "mailbox shutdown: the controller has channels 0 to 5" },
		{ "stm32-badsyscon", -EINVAL, "st,syscfg-holdboot" },
		{ "stm32-badmailbox", -EINVAL, "which is not an st,stm32mp1-ipcc" },
		{ "stm32-twomailboxes", -EINVAL, "mboxes names two controllers, " },
		{ "stm32-badname", -EILSEQ, "firmware-name is not a string" },
	};
	struct stm32_fixture *fix;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		assert_int_equal(stm32_open(boards[i].board, 0, &fix), boards[i].error);
		assert_null(fix->rproc);
		stm32_expect_note(fix, boards[i].story);
		stm32_expect_no_log(fix, "is available");
		stm32_close(fix);
	}
}

static void the_least_that_a_board_may_have_is_enough(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32-bare");
	struct fixture_image image = stm32_image(NULL);

	(void)state;
	stm32_expect_log(fix, "<6> stm32-rproc 10000000.m4: failed to get pdds\n");
	stm32_expect_log(fix, "<4> stm32-rproc 10000000.m4: m4 state not supported\n");
	stm32_expect_no_log(fix, "wdg irq registered");
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	stm32_expect_writes(fix, "0x5000010c=0x00000001 0x5000010c=0x00000000");
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	stm32_expect_writes(fix, "0x5000010c=0x00000000 0x50000404=0x00000002");
	stm32_close(fix);
}

static void auto_boot_attaches_to_a_core_that_runs(void **state)
{
	struct stm32_fixture *fix = stm32_new_unprobed("stm32-auto", 0);

	(void)state;
	stm32_command(fix, "ack on");
	stm32_bootloader(fix, stm32_table());
	assert_int_equal(stm32_probe_board(fix, "stm32-auto"), 0);
	stm32_wait_state(fix, RPROC_STATE_ATTACHED);
	stm32_close(fix);
}

static void a_driver_that_is_unloaded_stops_the_core_and_can_come_again(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct fixture_image image = stm32_image(NULL);

	(void)state;
	stm32_command(fix, "ack on");
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	rproc_put(fix->rproc);
	fix->rproc = NULL;
	rproc_context_remove_boards(fix->context);
	stm32_expect_log(fix, "<6> remoteproc remoteproc0: stopped remote processor m4\n");
	stm32_expect_log(fix, "<6> remoteproc remoteproc0: releasing m4\n");
	assert_null(rproc_get_by_index(fix->context, 0));
	/* the machine has not noticed */
	stm32_bootloader(fix, stm32_table());
	assert_int_equal(stm32_probe_board(fix, "stm32mp157"), 0);
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_DETACHED);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	rproc_put(fix->rproc);
	fix->rproc = NULL;
	rproc_context_remove_boards(fix->context);
	assert_int_equal(stm32_peek(fix, 0x5c00a148), 0);
	rproc_context_remove_boards(fix->context);
	stm32_close(fix);
}

/* ---- memory of the board ------------------------------------------------------------------- */

static void a_carveout_of_one_s_own_comes_from_memory_the_core_does_not_reach(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct rproc_carveout_info *info;
	struct fixture_image image;
	size_t count;

	(void)state;
	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x1000, 0, "dyn");
	image = stm32_image(table);
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	assert_int_equal(rproc_get_carveouts(fix->rproc, &info, &count), 0);
	assert_int_equal(count, 7);
	assert_string_equal(info[6].name, "dyn");
	assert_int_equal(info[6].pa, 0xd8040000);
	assert_int_equal(info[6].da, 0xffffffff);
	free(info);
	/* the entry's words in the loaded table: da, pa, len */
	assert_int_equal(stm32_peek(fix, STM32_TABLE_DA + 24), 0xffffffff);
	assert_int_equal(stm32_peek(fix, STM32_TABLE_DA + 28), 0xd8040000);
	assert_int_equal(stm32_peek(fix, STM32_TABLE_DA + 32), 0x1000);
	stm32_command(fix, "ack on");
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	stm32_close(fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_linked_for_flash_is_told_where_memory_is),
		cmocka_unit_test(a_segment_over_the_end_is_told_by_how_much),
		cmocka_unit_test(headers_that_the_linker_took_along_are_told),
		cmocka_unit_test(a_memory_that_is_not_listed_is_missed),
		cmocka_unit_test(a_memory_the_core_cannot_reach_fails_the_prepare),
		cmocka_unit_test(a_memory_without_a_place_fails_the_prepare),
		cmocka_unit_test(an_image_without_vectors_starts_and_is_told_what_is_left),
		cmocka_unit_test(an_even_entry_is_no_thumb_code),
		cmocka_unit_test(an_entry_in_no_memory_will_fault),
		cmocka_unit_test(vectors_without_retram_are_told),
		cmocka_unit_test(an_image_for_another_machine_is_told),
		cmocka_unit_test(good_vectors_are_no_news),
		cmocka_unit_test(a_secured_rcc_is_noticed_when_hold_boot_is_read_back),
		cmocka_unit_test(a_core_that_cannot_be_held_is_not_called_stopped),
		cmocka_unit_test(a_core_without_a_table_cannot_be_attached),
		cmocka_unit_test(a_tree_that_does_not_say_where_the_table_is_cannot_attach),
		cmocka_unit_test(a_table_where_nothing_is_cannot_be_attached),
		cmocka_unit_test(garbage_where_the_table_should_be_is_named),
		cmocka_unit_test(a_table_at_an_odd_address_can_be_attached),
		cmocka_unit_test(a_core_in_a_state_between_is_offline_with_a_warning),
		cmocka_unit_test(a_board_that_lacks_something_is_refused_with_its_story),
		cmocka_unit_test(the_least_that_a_board_may_have_is_enough),
		cmocka_unit_test(auto_boot_attaches_to_a_core_that_runs),
		cmocka_unit_test(a_driver_that_is_unloaded_stops_the_core_and_can_come_again),
		cmocka_unit_test(a_carveout_of_one_s_own_comes_from_memory_the_core_does_not_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
