/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host processor through the public API, in one program: boots, crashes,
 * recoveries, dumps, refused images, detach and attach.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host_board_fixture.h"
#include "host_fixture.h"

static void a_processor_boots_speaks_and_stops(void **state)
{
	struct rproc *const rproc = board_get("host0");
	void *table;
	size_t size;

	(void)state;
	assert_memory_equal(rproc_device_path(rproc), "platform/", 9);
	assert_string_equal(rproc_device_path(rproc) + 9, board_named("host0"));
	assert_string_equal(rproc_plugin_name(rproc), "host");
	board_boot(rproc, "hello.elf");
	assert_int_equal(rproc_state(rproc), RPROC_STATE_RUNNING);
	assert_int_equal(rproc_bootaddr(rproc), 0x10000000);
	board_await_trace(rproc, "hello from the host processor, boot 1\n");
	assert_int_equal(rproc_get_table(rproc, &table, &size), 0);
	assert_int_equal(size, 68);
	free(table);
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_OFFLINE);
	assert_true(board_logged("0 acknowledged the shutdown after"));
	assert_true(host_fixture_await_no_processes(board_named("host0")));
	rproc_put(rproc);
}

static void four_processors_run_at_once(void **state)
{
	struct rproc *rproc[4];
	char name[8];
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "host%d", i);
		rproc[i] = board_get(name);
		board_boot(rproc[i], "hello.elf");
	}
	for (i = 0; i < 4; i++)
		board_await_trace(rproc[i], "hello");
	for (i = 0; i < 4; i++) {
		assert_int_equal(rproc_shutdown(rproc[i]), 0);
		rproc_put(rproc[i]);
	}
}

static void a_crash_is_told_and_recovered_from(void **state)
{
	static const struct {
		const char *firmware, *reason, *story;
	} crashes[] = {
		{ "crash_segv_on_start.elf", "crash: mmufault", "address 0xbadc0de0, pc 0x1000" },
		{ "crash_ill_on_start.elf", "crash: fatal error", "SIGILL" },
		{ "crash_fpe_on_start.elf", "crash: fatal error", HOST_TEST_FPE_WORDS },
		{ "crash_sys_on_start.elf", "crash: fatal error", "SIGSYS" },
		{ "crash_exit_on_start.elf", "crash: fatal error", "out of coffee" },
		{ "hang.elf", "crash: watchdog", "did not feed the watchdog for 100 ms" },
	};
	struct rproc *const rproc = board_get("host1");
	unsigned int i;

	(void)state;
	rproc_set_recovery(rproc, false);
	for (i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		board_boot(rproc, crashes[i].firmware);
		board_await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED,
				       crashes[i].reason);
		board_expect_story(rproc, crashes[i].story);
		/* The trace can be read after the crash. */
		if (strncmp(crashes[i].firmware, "crash", 5) == 0)
			board_await_trace(rproc, "crash: now");
		assert_int_equal(rproc_shutdown(rproc), 0);
	}
	rproc_put(rproc);
}

static void recovery_boots_it_again(void **state)
{
	struct rproc *const rproc = board_get("host2");
	struct rproc_counters counters;

	(void)state;
	board_boot(rproc, "hang.elf");
	board_await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED, "crash: watchdog");
	board_await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	board_await_trace(rproc, "hang: feeding");
	rproc_counters(rproc, &counters);
	assert_true(counters.crashes >= 1);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_crash_leaves_a_dump_of_segments_only(void **state)
{
	struct rproc *const rproc = board_get("host0");
	struct rproc_coredump_info info;
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;

	(void)state;
	assert_int_equal(rproc_set_coredump_mode(rproc, RPROC_COREDUMP_ENABLED), 0);
	board_boot(rproc, "hello.elf");
	board_await_trace(rproc, "hello");
	rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
	board_await_transition(rproc, RPROC_STATE_CRASHED, RPROC_STATE_OFFLINE, "recovery");
	board_await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	assert_int_equal(rproc_coredump_next(board_context, 0, &info), 0);
	assert_true(info.size < 1 << 20);
	assert_int_equal(rproc_coredump_read(board_context, info.number, &ehdr, sizeof(ehdr), 0),
			 sizeof(ehdr));
	assert_int_equal(ehdr.e_ident[EI_CLASS], ELFCLASS64);
	assert_int_equal(ehdr.e_phnum, 2);
	rproc_coredump_read(board_context, info.number, &phdr, sizeof(phdr), ehdr.e_phoff);
	assert_int_equal(phdr.p_paddr, 0x10000000);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_dead_monitor_is_a_crash_and_is_replaced(void **state)
{
	struct rproc *const rproc = board_get("host3");
	char comm[16];
	int pid;

	(void)state;
	board_boot(rproc, "hello.elf");
	board_await_trace(rproc, "boot 1");
	snprintf(comm, sizeof(comm), "rproc:%s", board_named("host3"));
	pid = host_fixture_find_process(comm);
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	board_await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED,
			       "crash: fatal error");
	board_await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	board_await_trace(rproc, "boot 2");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

/* hello.elf as bytes to be spoilt. */
static size_t read_hello(uint8_t *bytes, size_t room)
{
	FILE *file = fopen(HOST_TEST_FIRMWARE_DIR "/hello.elf", "rb");
	size_t len;

	assert_non_null(file);
	len = fread(bytes, 1, room, file);
	assert_true(len > sizeof(Elf64_Ehdr) && len < room);
	fclose(file);
	return len;
}

static void expect_refusal(struct rproc *rproc, const uint8_t *bytes, size_t len, const char *story)
{
	assert_int_equal(rproc_set_firmware_buffer(rproc, "spoilt", bytes, len), 0);
	assert_int_equal(rproc_boot(rproc), -EINVAL);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_OFFLINE);
	board_expect_story(rproc, story);
	assert_int_equal(host_fixture_count_processes(board_named("host0")), 0);
}

static void an_image_for_elsewhere_is_refused_in_words(void **state)
{
	static uint8_t bytes[1 << 20];
	const size_t len = read_hello(bytes, sizeof(bytes));
	struct rproc *const rproc = board_get("host0");
	Elf64_Ehdr *const ehdr = (Elf64_Ehdr *)bytes;
	Elf64_Phdr *const phdr = (Elf64_Phdr *)(bytes + ehdr->e_phoff);
	const Elf64_Phdr first = phdr[0];
	const Elf64_Half machine = ehdr->e_machine;

	(void)state;
	phdr[0].p_paddr = 0x8000;
	expect_refusal(rproc, bytes, len, "0x10000000..0x10ffffff: 0xfff8000 bytes below it");
	phdr[0].p_paddr = 0x10000000 + HOST_TEST_WINDOW - 16;
	expect_refusal(rproc, bytes, len, "bytes over. A larger memory-size");
	phdr[0].p_paddr = UINT64_MAX - 15;
	expect_refusal(rproc, bytes, len, "do not fit an address");
	phdr[0] = first;
	phdr[0].p_memsz = UINT64_C(1) << 32;
	expect_refusal(rproc, bytes, len, "bytes over");
	phdr[0] = first;
	ehdr->e_entry = 0x10800000;
	expect_refusal(rproc, bytes, len, "entry 0x10800000 lies in no segment");
	ehdr->e_entry = 0x10000000;
	ehdr->e_machine = EM_ARM;
	expect_refusal(rproc, bytes, len, "for machine 40; this processor runs ELF64 for machine");
	ehdr->e_machine = machine;
	assert_int_equal(rproc_set_firmware_buffer(rproc, "mended", bytes, len), 0);
	assert_int_equal(rproc_boot(rproc), 0);
	board_await_trace(rproc, "hello");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void an_image_without_a_table_boots(void **state)
{
	static uint8_t bytes[1 << 20];
	const size_t len = read_hello(bytes, sizeof(bytes));
	struct rproc *const rproc = board_get("host0");
	Elf64_Ehdr *const ehdr = (Elf64_Ehdr *)bytes;
	void *table;
	size_t size;

	(void)state;
	ehdr->e_shoff = 0;
	ehdr->e_shnum = 0;
	ehdr->e_shstrndx = 0;
	assert_int_equal(rproc_set_firmware_buffer(rproc, "stripped", bytes, len), 0);
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_get_table(rproc, &table, &size), -ENOENT);
	/* It runs, detaches and comes back all the same. */
	assert_int_equal(rproc_detach(rproc), 0);
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_get_table(rproc, &table, &size), -ENOENT);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void stubborn_firmware_is_reset_and_it_is_said(void **state)
{
	struct rproc *const rproc = board_get("host0");

	(void)state;
	board_boot(rproc, "stubborn.elf");
	board_await_trace(rproc, "I stay");
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_true(
		board_logged("0 did not acknowledge the shutdown within 500 ms, reset (1 so far)"));
	rproc_put(rproc);
}

static void detach_and_attach_in_one_program(void **state)
{
	struct rproc *const rproc = board_get("host0");
	char name[64];

	(void)state;
	board_boot(rproc, "hello.elf");
	board_await_trace(rproc, "boot 1");
	assert_int_equal(rproc_detach(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_DETACHED);
	assert_int_equal(host_fixture_count_processes(board_named("host0")), 2);
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_ATTACHED);
	board_await_trace(rproc, "boot 1");
	rproc_firmware_name(rproc, name, sizeof(name));
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_true(host_fixture_await_no_processes(board_named("host0")));
	rproc_put(rproc);
}

/* Nobody controls it, but somebody saw it crash: recovery takes it over. */
static void a_crash_reported_of_a_detached_one_is_recovered_from(void **state)
{
	struct rproc *const rproc = board_get("host0");

	(void)state;
	board_boot(rproc, "hello.elf");
	board_await_trace(rproc, "boot 1");
	assert_int_equal(rproc_detach(rproc), 0);
	rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
	board_await_transition(rproc, RPROC_STATE_DETACHED, RPROC_STATE_CRASHED,
			       "crash: fatal error");
	board_await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	assert_true(host_fixture_await_processes(board_named("host0"), 2));
	/* It is a processor as any other again: it has its table, and can be left and met again. */
	board_await_trace(rproc, "hello from");
	assert_int_equal(rproc_detach(rproc), 0);
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_ATTACHED);
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_true(host_fixture_await_no_processes(board_named("host0")));
	board_boot(rproc, "hello.elf");
	board_await_trace(rproc, "hello from");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_crash_reported_of_a_detached_one_can_be_stopped(void **state)
{
	struct rproc *const rproc = board_get("host0");
	int i;

	(void)state;
	rproc_set_recovery(rproc, false);
	for (i = 0; i < 2; i++) {
		board_boot(rproc, "hello.elf");
		board_await_trace(rproc, "hello from");
		assert_int_equal(rproc_detach(rproc), 0);
		rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
		board_await_transition(rproc, RPROC_STATE_DETACHED, RPROC_STATE_CRASHED,
				       "crash: fatal error");
		assert_int_equal(rproc_shutdown(rproc), 0);
		assert_int_equal(rproc_state(rproc), RPROC_STATE_OFFLINE);
		assert_true(host_fixture_await_no_processes(board_named("host0")));
	}
	board_boot(rproc, "hello.elf");
	assert_int_equal(rproc_detach(rproc), 0);
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_ATTACHED);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_crash_reported_of_a_detached_one_makes_way_for_the_next(void **state)
{
	struct rproc *const rproc = board_get("host0");
	int i;

	(void)state;
	rproc_set_recovery(rproc, false);
	for (i = 0; i < 2; i++) {
		board_boot(rproc, "hello.elf");
		board_await_trace(rproc, "hello from");
		assert_int_equal(rproc_detach(rproc), 0);
		rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
		board_await_transition(rproc, RPROC_STATE_DETACHED, RPROC_STATE_CRASHED,
				       "crash: fatal error");
		assert_int_equal(rproc_boot(rproc), 0);
		board_await_trace(rproc, "hello from");
		assert_int_equal(host_fixture_count_processes(board_named("host0")), 2);
		assert_int_equal(rproc_shutdown(rproc), 0);
		assert_true(host_fixture_await_no_processes(board_named("host0")));
	}
	rproc_put(rproc);
}

static void kill_monitor(void)
{
	char comm[16];
	int pid;

	snprintf(comm, sizeof(comm), "rproc:%s", board_named("host0"));
	pid = host_fixture_find_process(comm);
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_true(host_fixture_await_no_processes(board_named("host0")));
}

static void kill_detached(struct rproc *rproc)
{
	board_boot(rproc, "hello.elf");
	board_await_trace(rproc, "hello from");
	assert_int_equal(rproc_detach(rproc), 0);
	kill_monitor();
}

/* A loop that is held up. */
struct hold {
	sem_t inside, over;
};

static void stay(int fd, void *data)
{
	struct hold *hold = data;
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
	sem_post(&hold->inside);
	sem_wait(&hold->over);
}

/* ENOTCONN from a mount says that the mount has no server. */
static void a_command_to_a_monitor_that_is_gone_is_an_io_error(void **state)
{
	struct rproc *const rproc = board_get("host0");
	struct rproc_watch *watch;
	struct hold hold;
	int gate[2];

	(void)state;
	board_boot(rproc, "hello.elf");
	board_await_trace(rproc, "hello from");
	/* Hold the loop up, or it tells of the crash before. */
	assert_int_equal(sem_init(&hold.inside, 0, 0), 0);
	assert_int_equal(sem_init(&hold.over, 0, 0), 0);
	assert_int_equal(pipe(gate), 0);
	assert_int_equal(rproc_watch_fd(board_context, gate[0], stay, &hold, &watch), 0);
	assert_int_equal(write(gate[1], "x", 1), 1);
	sem_wait(&hold.inside);
	kill_monitor();
	assert_int_equal(rproc_detach(rproc), -EIO);
	board_expect_story(rproc, "is gone");
	assert_int_equal(rproc_state(rproc), RPROC_STATE_RUNNING);
	sem_post(&hold.over);
	board_await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED,
			       "crash: fatal error");
	board_await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	rproc_watch_free(watch);
	close(gate[0]);
	close(gate[1]);
	sem_destroy(&hold.inside);
	sem_destroy(&hold.over);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

/* Nobody is told of its end: who attaches next finds out, and it does not stay detached. */
static void what_died_detached_with_its_monitor_is_booted_anew(void **state)
{
	struct rproc *const rproc = board_get("host0");
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		kill_detached(rproc);
		assert_int_equal(rproc_boot(rproc), -ENOENT);
		board_expect_story(rproc, "no processor");
		board_await_transition(rproc, RPROC_STATE_DETACHED, RPROC_STATE_CRASHED,
				       "crash: fatal error");
		board_await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
		board_await_trace(rproc, "hello from");
		assert_int_equal(rproc_shutdown(rproc), 0);
		assert_true(host_fixture_await_no_processes(board_named("host0")));
	}
	rproc_put(rproc);
}

static void what_died_detached_with_its_monitor_can_be_stopped(void **state)
{
	struct rproc *const rproc = board_get("host0");

	(void)state;
	rproc_set_recovery(rproc, false);
	kill_detached(rproc);
	rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
	board_await_transition(rproc, RPROC_STATE_DETACHED, RPROC_STATE_CRASHED,
			       "crash: fatal error");
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_OFFLINE);
	board_boot(rproc, "hello.elf");
	board_await_trace(rproc, "hello from");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, board_setup, board_teardown)
		T(a_processor_boots_speaks_and_stops),
		T(four_processors_run_at_once),
		T(a_crash_is_told_and_recovered_from),
		T(recovery_boots_it_again),
		T(a_crash_leaves_a_dump_of_segments_only),
		T(a_dead_monitor_is_a_crash_and_is_replaced),
		T(an_image_for_elsewhere_is_refused_in_words),
		T(an_image_without_a_table_boots),
		T(stubborn_firmware_is_reset_and_it_is_said),
		T(detach_and_attach_in_one_program),
		T(a_crash_reported_of_a_detached_one_is_recovered_from),
		T(a_crash_reported_of_a_detached_one_can_be_stopped),
		T(a_crash_reported_of_a_detached_one_makes_way_for_the_next),
		T(a_command_to_a_monitor_that_is_gone_is_an_io_error),
		T(what_died_detached_with_its_monitor_is_booted_anew),
		T(what_died_detached_with_its_monitor_can_be_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
