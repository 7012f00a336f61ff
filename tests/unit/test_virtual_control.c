/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control interface of the models: its grammar, what the commands do to a
 * machine, and the same over its socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "control.h"
#include "stm32_fixture.h"

/* ---- grammar ---------------------------------------------------------------------------- */

static void lines_that_are_no_commands_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *line, *story;
	} lines[] = {
		{ "", "empty" },
		{ " \t ", "empty" },
		{ "watchdogs", "no such command: watchdogs" },
		{ "WATCHDOG", "no such command" },
		{ "watchdog now", "watchdog takes nothing" },
		{ "ack", "ack takes on or off" },
		{ "ack On", "ack takes on or off" },
		{ "ack on off", "ack takes on or off" },
		{ "secured 1", "secured takes on or off" },
		{ "bootloader-started", "device address" },
		{ "bootloader-started -1", "device address" },
		{ "bootloader-started 0x100000000", "device address" },
		{ "bootloader-started 0x", "device address" },
		{ "bootloader-started 12k", "device address" },
		{ "peek", "takes an address" },
		{ "peek 2", "multiple of 4" },
		{ "peek da:", "takes an address" },
		{ "peek 0 0", "4 to 256 bytes" },
		{ "peek 0 260", "4 to 256 bytes" },
		{ "peek 0 6", "4 to 256 bytes" },
		{ "peek 0 4 4", "4 to 256 bytes" },
		{ "peek 18446744073709551616", "takes an address" },
		{ "poke 0", "1 to 64 values" },
		{ "poke 0 0x100000000", "value 1 is not" },
		{ "poke 0 1 two", "value 2 is not" },
		{ "poke 0 +1", "value 1 is not" },
	};
	struct control_command command = { .verb = CONTROL_WRITES };
	char story[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(control_parse(lines[i].line, &command, story, sizeof(story)),
				 -EINVAL);
		if (!strstr(story, lines[i].story))
			fail_msg("\"%s\": \"%s\" lacks \"%s\"", lines[i].line, story,
				 lines[i].story);
		assert_int_equal(command.verb, CONTROL_WRITES);
	}
}

static void a_line_or_a_list_that_is_too_long_is_refused(void **state)
{
	char line[CONTROL_LINE_MAX + 2], story[256];
	struct control_command command;
	unsigned int i;

	(void)state;
	memset(line, ' ', sizeof(line));
	line[CONTROL_LINE_MAX + 1] = 0;
	memcpy(line, "help", 4);
	assert_int_equal(control_parse(line, &command, story, sizeof(story)), -EINVAL);
	line[CONTROL_LINE_MAX] = 0;
	assert_int_equal(control_parse(line, &command, story, sizeof(story)), 0);
	strcpy(line, "poke 0");
	for (i = 0; i < CONTROL_WORDS_MAX; i++)
		strcat(line, " 7");
	assert_int_equal(control_parse(line, &command, story, sizeof(story)), 0);
	assert_int_equal(command.count, CONTROL_WORDS_MAX);
	strcat(line, " 7");
	assert_int_equal(control_parse(line, &command, story, sizeof(story)), -EINVAL);
	strcat(line, " 7");
	assert_int_equal(control_parse(line, &command, story, sizeof(story)), -EINVAL);
}

static void commands_are_read(void **state)
{
	struct control_command command;
	char story[256];

	(void)state;
	assert_int_equal(control_parse("  ack \t off\r", &command, story, sizeof(story)), 0);
	assert_int_equal(command.verb, CONTROL_ACK);
	assert_false(command.on);
	assert_int_equal(control_parse("bootloader-started 010", &command, story, sizeof(story)),
			 0);
	assert_int_equal(command.values[0], 10);
	assert_int_equal(
		control_parse("poke da:0x10020000 1 0xffffffff", &command, story, sizeof(story)),
		0);
	assert_int_equal(command.verb, CONTROL_POKE);
	assert_true(command.is_da);
	assert_int_equal(command.address, 0x10020000);
	assert_int_equal(command.count, 2);
	assert_int_equal(command.values[1], 0xffffffff);
	assert_int_equal(control_parse("peek 4096 8", &command, story, sizeof(story)), 0);
	assert_int_equal(command.verb, CONTROL_PEEK);
	assert_false(command.is_da);
	assert_int_equal(command.address, 4096);
	assert_int_equal(command.count, 2);
}

/* ---- commands ------------------------------------------------------------------------------- */

static int try_command(struct stm32_fixture *fix, const char *line)
{
	char answer[256];

	return rproc_context_hw_command(fix->context, line, answer, sizeof(answer));
}

static void memory_is_the_same_from_both_views(void **state)
{
	struct stm32_fixture *fix = stm32_new_unprobed("stm32mp157", 0);

	(void)state;
	assert_string_equal(stm32_command(fix, "poke da:0 0x11 0x22"), "");
	assert_string_equal(stm32_command(fix, "peek 0x38000000 8"), "0x00000011 0x00000022");
	assert_string_equal(stm32_command(fix, "peek da:4"), "0x00000022");
	/* what nobody wrote is 0, wherever it is */
	assert_string_equal(stm32_command(fix, "peek 0xfffffffffc"), "0x00000000");
	assert_int_equal(try_command(fix, "peek 0x10000000000"), -ENXIO);
	assert_int_equal(try_command(fix, "poke 0xfffffffffc 1 2"), -ENXIO);
	assert_int_equal(try_command(fix, "peek da:0x20000000"), -EINVAL);
	assert_int_equal(try_command(fix, "peek da:0x100000000"), -EINVAL);
	stm32_close(fix);
}

static void a_command_for_what_is_not_there_is_refused(void **state)
{
	struct stm32_fixture *fix = stm32_new_unprobed("stm32-bare", 0);

	(void)state;
	/* nobody listens before there is a driver */
	assert_int_equal(try_command(fix, "watchdog"), -ENOENT);
	assert_int_equal(try_command(fix, "bootloader-started 0"), -ENODEV);
	assert_int_equal(try_command(fix, "secured on"), -ENODEV);
	assert_int_equal(try_command(fix, "nonsense"), -EINVAL);
	stm32_close(fix);
}

static void a_context_on_real_hardware_has_no_machine(void **state)
{
	struct rproc_context *context;
	char answer[16];

	(void)state;
	assert_int_equal(rproc_context_new(NULL, &context), 0);
	assert_int_equal(rproc_context_hw_command(context, "help", answer, sizeof(answer)),
			 -ENODEV);
	assert_int_equal(rproc_context_power_on(context, "", 0), -ENOTSUP);
	rproc_context_free(context);
}

static void a_context_without_the_plugin_has_no_model(void **state)
{
	struct rproc_context_options options = { .size = sizeof(options), .hw = "model" };
	struct rproc_context *context;
	char path[512], story[512];

	(void)state;
	assert_int_equal(rproc_context_new(&options, &context), 0);
	snprintf(path, sizeof(path), "%s/stm32mp157.dtb", STM32_BOARD_DIR);
	assert_int_equal(rproc_context_add_board_file(context, path, false), -ENODEV);
	rproc_context_last_error(context, story, sizeof(story));
	assert_non_null(strstr(story, "no plugin has one"));
	rproc_context_free(context);
	options.hw = "models";
	assert_int_equal(rproc_context_new(&options, &context), -EINVAL);
}

static void the_machine_keeps_its_state_from_power_on_to_the_drivers(void **state)
{
	struct stm32_fixture *fix = stm32_new_unprobed("stm32mp157", 0);

	(void)state;
	stm32_command(fix, "poke da:0x30000000 0xfeedf00d");
	assert_int_equal(stm32_probe_board(fix, "stm32mp157"), 0);
	assert_int_equal(stm32_peek(fix, 0x30000000), 0xfeedf00d);
	stm32_close(fix);
}

static void only_the_last_writes_are_kept(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	const char *writes;
	unsigned int i, count = 1;

	(void)state;
	stm32_command(fix, "ack on");
	for (i = 0; i < 40; i++) {
		struct fixture_image image = stm32_image(NULL);

		stm32_use(fix, &image);
		assert_int_equal(rproc_boot(fix->rproc), 0);
		assert_int_equal(rproc_shutdown(fix->rproc), 0);
	}
	writes = stm32_command(fix, "writes");
	for (i = 0; writes[i]; i++)
		count += writes[i] == ' ';
	assert_int_equal(count, 256);
	assert_non_null(strstr(writes, "0x5c00a148=0x00000000"));
	assert_string_equal(writes + strlen(writes) - 21, "0x5c00a148=0x00000000");
	stm32_expect_writes(fix, "");
	stm32_close(fix);
}

/* ---- the socket ---------------------------------------------------------------------------- */

static int connect_to(const struct stm32_fixture *fix, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.60s/%s", fix->dir, name);
	assert_true(fd >= 0);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

/* Read @count lines. */
static void expect_lines(int fd, const char *want)
{
	char got[1024];
	size_t len = 0;
	ssize_t more;

	while (len < strlen(want)) {
		stm32_wait_readable(fd);
		more = recv(fd, got + len, sizeof(got) - 1 - len, 0);
		assert_true(more > 0);
		len += (size_t)more;
	}
	got[len] = 0;
	assert_string_equal(got, want);
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void expect_closed(int fd)
{
	char byte;

	stm32_wait_readable(fd);
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

static void the_socket_answers_line_by_line(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	int fd = connect_to(fix, "virtual.sock");

	(void)state;
	assert_true(fd >= 0);
	send_text(fd, "poke da:0 5\npeek da:0\nbogus\npee");
	expect_lines(fd, "ok\nok 0x00000005\nerror EINVAL no such command: bogus; try help\n");
	send_text(fd, "k da:0 8\n");
	expect_lines(fd, "ok 0x00000005 0x00000000\n");
	close(fd);
	stm32_close(fix);
}

static void the_watchdog_fires_over_the_socket(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct fixture_image image = stm32_image(NULL);
	int fd = connect_to(fix, "virtual.sock");

	(void)state;
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	send_text(fd, "ack on\nwatchdog\n");
	expect_lines(fd, "ok\nok\n");
	stm32_wait_state(fix, RPROC_STATE_CRASHED);
	stm32_wait_state(fix, RPROC_STATE_RUNNING);
	close(fd);
	stm32_close(fix);
}

static void a_line_without_end_closes_the_connection(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	int fd = connect_to(fix, "virtual.sock");
	char line[2 * CONTROL_LINE_MAX];

	(void)state;
	memset(line, 'x', sizeof(line));
	send(fd, line, sizeof(line), MSG_NOSIGNAL);
	expect_closed(fd);
	/* others are not disturbed */
	fd = connect_to(fix, "virtual.sock");
	send_text(fd, "ack off\n");
	expect_lines(fd, "ok\n");
	close(fd);
	stm32_close(fix);
}

static void the_machine_s_end_closes_connections_and_removes_the_socket(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	int fds[3];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		fds[i] = connect_to(fix, "virtual.sock");
		send_text(fds[i], "ack off\n");
		expect_lines(fds[i], "ok\n");
	}
	rproc_put(fix->rproc);
	fix->rproc = NULL;
	rproc_context_free(fix->context);
	fix->context = NULL;
	for (i = 0; i < 3; i++)
		expect_closed(fds[i]);
	assert_int_equal(connect_to(fix, "virtual.sock"), -1);
	stm32_close(fix);
}

static void a_second_machine_has_a_socket_of_another_name(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct rproc_context_options options = { .size = sizeof(options), .hw = "model" };
	struct rproc_context *second;
	char path[512];
	int fd;

	(void)state;
	options.state_dir = fix->dir;
	assert_int_equal(rproc_context_new(&options, &second), 0);
	stm32_add_plugins(second);
	snprintf(path, sizeof(path), "%s/stm32mp157.dtb", STM32_BOARD_DIR);
	assert_int_equal(rproc_context_add_board_file(second, path, false), 1);
	fd = connect_to(fix, "virtual-1.sock");
	send_text(fd, "poke 0x38000000 9\n");
	expect_lines(fd, "ok\n");
	assert_int_equal(stm32_peek(fix, 0x38000000), 0);
	rproc_context_free(second);
	expect_closed(fd);
	stm32_close(fix);
}

static void a_state_directory_with_a_long_path_has_a_socket_too(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct rproc_context_options options = { .size = sizeof(options), .hw = "model" };
	struct rproc_context *second;
	char path[512], deep[256];
	int dir, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(deep, sizeof(deep), "%s/%0120d", fix->dir, 0);
	options.state_dir = deep;
	assert_int_equal(rproc_context_new(&options, &second), 0);
	stm32_add_plugins(second);
	snprintf(path, sizeof(path), "%s/stm32mp157.dtb", STM32_BOARD_DIR);
	assert_int_equal(rproc_context_add_board_file(second, path, false), 1);
	dir = open(deep, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/virtual.sock", dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	rproc_context_free(second);
	assert_int_equal(faccessat(dir, "virtual.sock", F_OK, 0), -1);
	close(dir);
	stm32_close(fix);
}

static void a_socket_left_behind_is_replaced(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32mp157");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct rproc_context_options options = { .size = sizeof(options), .hw = "model" };
	struct rproc_context *second;
	char path[512];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	/* bound and closed: what a program that was killed leaves */
	snprintf(address.sun_path, sizeof(address.sun_path), "%.60s/virtual-1.sock", fix->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(connect_to(fix, "virtual-1.sock"), -1);
	options.state_dir = fix->dir;
	assert_int_equal(rproc_context_new(&options, &second), 0);
	stm32_add_plugins(second);
	snprintf(path, sizeof(path), "%s/stm32mp157.dtb", STM32_BOARD_DIR);
	assert_int_equal(rproc_context_add_board_file(second, path, false), 1);
	fd = connect_to(fix, "virtual-1.sock");
	assert_true(fd >= 0);
	close(fd);
	rproc_context_free(second);
	stm32_close(fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_are_no_commands_are_refused_with_the_reason),
		cmocka_unit_test(a_line_or_a_list_that_is_too_long_is_refused),
		cmocka_unit_test(commands_are_read),
		cmocka_unit_test(memory_is_the_same_from_both_views),
		cmocka_unit_test(a_command_for_what_is_not_there_is_refused),
		cmocka_unit_test(a_context_on_real_hardware_has_no_machine),
		cmocka_unit_test(a_context_without_the_plugin_has_no_model),
		cmocka_unit_test(the_machine_keeps_its_state_from_power_on_to_the_drivers),
		cmocka_unit_test(only_the_last_writes_are_kept),
		cmocka_unit_test(the_socket_answers_line_by_line),
		cmocka_unit_test(the_watchdog_fires_over_the_socket),
		cmocka_unit_test(a_line_without_end_closes_the_connection),
		cmocka_unit_test(the_machine_s_end_closes_connections_and_removes_the_socket),
		cmocka_unit_test(a_second_machine_has_a_socket_of_another_name),
		cmocka_unit_test(a_state_directory_with_a_long_path_has_a_socket_too),
		cmocka_unit_test(a_socket_left_behind_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
