/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices of a board that are taken from their driver and given back, and the debug
 * lines that a driver and the library have.
 */
#include <errno.h>
#include <string.h>
#include "stm32_fixture.h"

#define DEVICE "10000000.m4"
#define DRIVER "stm32-rproc"

static void unbinding_removes_the_processor_and_binding_makes_another(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct rproc *found;

	(void)state;
	assert_int_equal(rproc_context_bind(fix->context, DEVICE, DRIVER), -EBUSY);
	assert_int_equal(rproc_context_unbind(fix->context, DEVICE, DRIVER), 0);
	assert_null(rproc_get_by_name(fix->context, "m4"));
	assert_int_equal(rproc_boot(fix->rproc), -ENODEV);
	/* who holds the old one can still ask what it was */
	assert_string_equal(rproc_plugin_name(fix->rproc), DRIVER);
	assert_int_equal(rproc_context_unbind(fix->context, DEVICE, DRIVER), -ENODEV);
	assert_int_equal(rproc_context_bind(fix->context, DEVICE, DRIVER), 0);
	found = rproc_get_by_name(fix->context, "m4");
	assert_non_null(found);
	assert_ptr_not_equal(found, fix->rproc);
	rproc_put(found);
	stm32_close(fix);
}

static void expect_story(struct rproc_context *context, const char *part)
{
	char story[1024];

	rproc_context_last_error(context, story, sizeof(story));
	if (!strstr(story, part))
		fail_msg("story \"%s\" lacks \"%s\"", story, part);
}

static void what_does_not_fit_together_is_refused(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");

	(void)state;
	assert_int_equal(rproc_context_unbind(fix->context, "nosuch", DRIVER), -ENODEV);
	expect_story(fix->context, "nosuch");
	assert_int_equal(rproc_context_unbind(fix->context, DEVICE, "other"), -ENODEV);
	assert_int_equal(rproc_context_bind(fix->context, "nosuch", DRIVER), -ENODEV);
	assert_int_equal(rproc_context_unbind(fix->context, DEVICE, DRIVER), 0);
	assert_int_equal(rproc_context_bind(fix->context, DEVICE, "other"), -ENODEV);
	expect_story(fix->context, "that other can drive");
	/* and a board may go while a device of it is unbound */
	rproc_context_remove_boards(fix->context);
	assert_int_equal(rproc_context_bind(fix->context, DEVICE, DRIVER), -ENODEV);
	stm32_close(fix);
}

/* ---- debug lines -------------------------------------------------------------------------- */

/* The entry that @fits says it is, or the last number. */
static unsigned int find_line(struct rproc_context *context, const char *file, const char *function)
{
	struct rproc_debug_line line;
	unsigned int i;

	for (i = 0; !rproc_context_debug_line(context, i, &line); i++)
		if (strstr(line.file, file) && !strcmp(line.function, function))
			return i;
	return i;
}

static void boot(struct stm32_fixture *fix)
{
	struct fixture_image image = stm32_image(stm32_table());

	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
}

static void a_line_is_let_through_by_itself(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	unsigned int line =
		find_line(fix->context, "/remoteproc_elf_loader.c", "rproc_elf_sanity_check");

	(void)state;
	rproc_context_set_log_level(fix->context, RPROC_LOG_INFO);
	stm32_command(fix, "ack on");
	boot(fix);
	stm32_expect_no_log(fix, "<7>");
	assert_int_equal(rproc_context_set_debug_flags(fix->context, line, RPROC_DEBUG_PRINT), 0);
	boot(fix);
	stm32_expect_log(fix, "<7> remoteproc remoteproc0: Firmware is an elf32 file\n");
	stm32_expect_no_log(fix, "segment 0");
	assert_int_equal(rproc_context_set_debug_flags(fix->context, line,
						       RPROC_DEBUG_PRINT | RPROC_DEBUG_MODULE |
							       RPROC_DEBUG_FUNCTION |
							       RPROC_DEBUG_LINE),
			 0);
	boot(fix);
	stm32_expect_log(fix, "<7> remoteproc:rproc_elf_sanity_check:1: remoteproc remoteproc0: "
			      "Firmware is an elf32 file\n");
	assert_int_equal(rproc_context_set_debug_flags(fix->context, line, 0), 0);
	stm32_forget_log(fix);
	boot(fix);
	stm32_expect_no_log(fix, "<7>");
	stm32_close(fix);
}

static void the_lines_of_a_plugin_are_one_entry(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32-polled");
	unsigned int line = find_line(fix->context, "drivers/remoteproc/stm32_rproc.c", "");
	struct rproc_debug_line entry;

	(void)state;
	rproc_context_set_log_level(fix->context, RPROC_LOG_INFO);
	assert_int_equal(rproc_context_debug_line(fix->context, line, &entry), 0);
	assert_string_equal(entry.module, "stm32_rproc");
	assert_int_equal(entry.flags, 0);
	assert_int_equal(rproc_context_debug_line(fix->context, line + 1, &entry), -ENOENT);
	assert_int_equal(rproc_context_set_debug_flags(fix->context, line + 1, 1), -ENOENT);
	stm32_forget_log(fix);
	rproc_device_log(rproc_device(fix->rproc), RPROC_LOG_DEBUG, "not yet");
	stm32_expect_no_log(fix, "not yet");
	assert_int_equal(rproc_context_set_debug_flags(fix->context, line, RPROC_DEBUG_PRINT), 0);
	assert_int_equal(rproc_context_debug_line(fix->context, line, &entry), 0);
	assert_int_equal(entry.flags, RPROC_DEBUG_PRINT);
	rproc_device_log(rproc_device(fix->rproc), RPROC_LOG_DEBUG, "of the device");
	rproc_log(fix->rproc, RPROC_LOG_DEBUG, "of the processor");
	stm32_expect_log(fix, "<7> stm32-rproc 10000000.m4: of the device\n");
	stm32_expect_log(fix, "<7> remoteproc remoteproc0: of the processor\n");
	stm32_close(fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unbinding_removes_the_processor_and_binding_makes_another),
		cmocka_unit_test(what_does_not_fit_together_is_refused),
		cmocka_unit_test(a_line_is_let_through_by_itself),
		cmocka_unit_test(the_lines_of_a_plugin_are_one_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
