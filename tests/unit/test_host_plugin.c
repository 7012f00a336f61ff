/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host processor through the public API: a board, four processors, real
 * firmware processes, and other programs (this one, executed again) that boot,
 * detach, attach, or come too late.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <librproc/driver.h>

#include "channel.h"
#include "host_fixture.h"

extern const struct rproc_plugin rproc_plugin_host;

static char state_dir[64];
static char tag[5];
static struct rproc_context *context;
static char last_log[4096];
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static void keep_log(int level, const char *device, const char *text, void *data)
{
	const size_t room = sizeof(last_log);
	size_t used;

	(void)level;
	(void)data;
	pthread_mutex_lock(&log_lock);
	used = strlen(last_log);
	if (used + strlen(device) + strlen(text) + 4 > room)
		used = 0;
	snprintf(last_log + used, room - used, "%s: %s\n", device, text);
	pthread_mutex_unlock(&log_lock);
}

static bool logged(const char *text)
{
	bool found;

	pthread_mutex_lock(&log_lock);
	found = strstr(last_log, text);
	pthread_mutex_unlock(&log_lock);
	return found;
}

/*
 * The virtual board with names that no other program on this machine uses at the
 * moment: the four letters of "host" become @tag.
 */
static int add_board(struct rproc_context *to)
{
	static uint8_t dtb[4096];
	FILE *file = fopen(HOST_TEST_BOARD, "rb");
	size_t len, i;

	assert_non_null(file);
	len = fread(dtb, 1, sizeof(dtb), file);
	assert_true(len > 40 && len < sizeof(dtb));
	fclose(file);
	for (i = 0; i + 5 <= len; i++) {
		if (!memcmp(dtb + i, "host", 4) && dtb[i + 4] >= '0' && dtb[i + 4] <= '3')
			memcpy(dtb + i, tag, 4);
	}
	return rproc_context_add_board(to, dtb, len, false);
}

/* "host2" -> what it is called here. Each of four buffers in turn. */
static const char *named(const char *name)
{
	static char names[4][8];
	static unsigned int next;
	char *const name_here = names[next++ % 4];

	snprintf(name_here, sizeof(names[0]), "%.4s%s", tag, name + 4);
	return name_here;
}

static struct rproc_context *new_context(const char *dir)
{
	const struct rproc_context_options options = {
		.size = sizeof(options),
		.log = keep_log,
		.log_level = RPROC_LOG_DEBUG,
		.firmware_dirs = HOST_TEST_FIRMWARE_DIR,
		.state_dir = dir,
		.plugin_path = "/nonexistent",
	};
	struct rproc_context *new;

	assert_int_equal(rproc_context_new(&options, &new), 0);
	assert_int_equal(rproc_context_add_plugin(new, &rproc_plugin_host), 0);
	return new;
}

static int setup(void **state)
{
	(void)state;
	snprintf(state_dir, sizeof(state_dir), "/tmp/host-test.XXXXXX");
	assert_non_null(mkdtemp(state_dir));
	last_log[0] = '\0';
	context = new_context(state_dir);
	assert_int_equal(add_board(context), 4);
	return 0;
}

static int teardown(void **state)
{
	int i;

	(void)state;
	rproc_context_free(context);
	for (i = 0; i < 4; i++) {
		char name[8];

		snprintf(name, sizeof(name), "host%d", i);
		assert_true(host_fixture_await_no_processes(named(name)));
	}
	assert_int_equal(rmdir(state_dir), 0);
	return 0;
}

static struct rproc *get(const char *name)
{
	struct rproc *rproc = rproc_get_by_name(context, named(name));

	assert_non_null(rproc);
	return rproc;
}

static void boot(struct rproc *rproc, const char *firmware)
{
	char story[1024] = "";
	int ret;

	assert_int_equal(rproc_set_firmware(rproc, firmware), 0);
	ret = rproc_boot(rproc);
	rproc_last_error(rproc, story, sizeof(story));
	if (ret)
		fail_msg("boot of %s: %d: %s", firmware, ret, story);
}

static bool trace_has(struct rproc *rproc, const char *text)
{
	char buf[4096] = "";

	if (rproc_trace_read(rproc, 0, buf, sizeof(buf) - 1, 0) < 0)
		return false;
	return strstr(buf, text);
}

static void await_trace(struct rproc *rproc, const char *text)
{
	const int64_t deadline = host_now_ms() + HOST_TEST_MS;
	struct pollfd never = { .fd = -1 };

	while (!trace_has(rproc, text)) {
		if (host_now_ms() >= deadline)
			fail_msg("no \"%s\" in the trace of %s", text, rproc_name(rproc));
		poll(&never, 1, 1);
	}
}

/* Wait for the event that says @rproc went from one state to another. */
static void await_transition(struct rproc *rproc, enum rproc_state from, enum rproc_state to,
			     const char *reason)
{
	struct rproc_event event;

	for (;;) {
		if (!rproc_event_read(context, &event)) {
			if (!host_fixture_await_fd(rproc_event_fd(context)))
				fail_msg("%s never went from %s to %s", rproc_name(rproc),
					 rproc_state_name(from), rproc_state_name(to));
			continue;
		}
		if (event.type == RPROC_EVENT_STATE && event.index == rproc_index(rproc) &&
		    event.old_state == from && event.new_state == to) {
			assert_string_equal(event.reason, reason);
			return;
		}
	}
}

static void expect_story(struct rproc *rproc, const char *text)
{
	char story[1024];

	rproc_last_error(rproc, story, sizeof(story));
	if (!strstr(story, text))
		fail_msg("no \"%s\" in the story \"%s\"", text, story);
}

/* ---- one program --------------------------------------------------------------------- */

static void a_processor_boots_speaks_and_stops(void **state)
{
	struct rproc *const rproc = get("host0");
	void *table;
	size_t size;

	(void)state;
	assert_memory_equal(rproc_device_path(rproc), "platform/", 9);
	assert_string_equal(rproc_device_path(rproc) + 9, named("host0"));
	assert_string_equal(rproc_plugin_name(rproc), "host");
	boot(rproc, "hello.elf");
	assert_int_equal(rproc_state(rproc), RPROC_STATE_RUNNING);
	assert_int_equal(rproc_bootaddr(rproc), 0x10000000);
	await_trace(rproc, "hello from the host processor, boot 1\n");
	assert_int_equal(rproc_get_table(rproc, &table, &size), 0);
	assert_int_equal(size, 68);
	free(table);
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_OFFLINE);
	assert_true(logged("0 acknowledged the shutdown after"));
	assert_true(host_fixture_await_no_processes(named("host0")));
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
		rproc[i] = get(name);
		boot(rproc[i], "hello.elf");
	}
	for (i = 0; i < 4; i++)
		await_trace(rproc[i], "hello");
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
		{ "crash_fpe_on_start.elf", "crash: fatal error", "SIGFPE" },
		{ "crash_sys_on_start.elf", "crash: fatal error", "SIGSYS" },
		{ "crash_exit_on_start.elf", "crash: fatal error", "out of coffee" },
		{ "hang.elf", "crash: watchdog", "did not feed the watchdog for 100 ms" },
	};
	struct rproc *const rproc = get("host1");
	unsigned int i;

	(void)state;
	rproc_set_recovery(rproc, false);
	for (i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		boot(rproc, crashes[i].firmware);
		await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED,
				 crashes[i].reason);
		expect_story(rproc, crashes[i].story);
		/* The trace can be read after the crash. */
		if (strncmp(crashes[i].firmware, "crash", 5) == 0)
			await_trace(rproc, "crash: now");
		assert_int_equal(rproc_shutdown(rproc), 0);
	}
	rproc_put(rproc);
}

static void recovery_boots_it_again(void **state)
{
	struct rproc *const rproc = get("host2");
	struct rproc_counters counters;

	(void)state;
	boot(rproc, "hang.elf");
	await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED, "crash: watchdog");
	await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	await_trace(rproc, "hang: feeding");
	rproc_counters(rproc, &counters);
	assert_true(counters.crashes >= 1);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_crash_leaves_a_dump_of_segments_only(void **state)
{
	struct rproc *const rproc = get("host0");
	struct rproc_coredump_info info;
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;

	(void)state;
	assert_int_equal(rproc_set_coredump_mode(rproc, RPROC_COREDUMP_ENABLED), 0);
	boot(rproc, "hello.elf");
	await_trace(rproc, "hello");
	rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
	await_transition(rproc, RPROC_STATE_CRASHED, RPROC_STATE_OFFLINE, "recovery");
	await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	assert_int_equal(rproc_coredump_next(context, 0, &info), 0);
	assert_true(info.size < 1 << 20);
	assert_int_equal(rproc_coredump_read(context, info.number, &ehdr, sizeof(ehdr), 0),
			 sizeof(ehdr));
	assert_int_equal(ehdr.e_ident[EI_CLASS], ELFCLASS64);
	assert_int_equal(ehdr.e_phnum, 2);
	rproc_coredump_read(context, info.number, &phdr, sizeof(phdr), ehdr.e_phoff);
	assert_int_equal(phdr.p_paddr, 0x10000000);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_dead_monitor_is_a_crash_and_is_replaced(void **state)
{
	struct rproc *const rproc = get("host3");
	char comm[16];
	int pid;

	(void)state;
	boot(rproc, "hello.elf");
	await_trace(rproc, "boot 1");
	snprintf(comm, sizeof(comm), "rproc:%s", named("host3"));
	pid = host_fixture_find_process(comm);
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED, "crash: fatal error");
	await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	await_trace(rproc, "boot 2");
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
	expect_story(rproc, story);
	assert_int_equal(host_fixture_count_processes(named("host0")), 0);
}

static void an_image_for_elsewhere_is_refused_in_words(void **state)
{
	static uint8_t bytes[1 << 20];
	const size_t len = read_hello(bytes, sizeof(bytes));
	struct rproc *const rproc = get("host0");
	Elf64_Ehdr *const ehdr = (Elf64_Ehdr *)bytes;
	Elf64_Phdr *const phdr = (Elf64_Phdr *)(bytes + ehdr->e_phoff);
	const Elf64_Phdr first = phdr[0];

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
	ehdr->e_machine = EM_X86_64;
	assert_int_equal(rproc_set_firmware_buffer(rproc, "mended", bytes, len), 0);
	assert_int_equal(rproc_boot(rproc), 0);
	await_trace(rproc, "hello");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void an_image_without_a_table_boots(void **state)
{
	static uint8_t bytes[1 << 20];
	const size_t len = read_hello(bytes, sizeof(bytes));
	struct rproc *const rproc = get("host0");
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
	struct rproc *const rproc = get("host0");

	(void)state;
	boot(rproc, "stubborn.elf");
	await_trace(rproc, "I stay");
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_true(logged("0 did not acknowledge the shutdown within 500 ms, reset (1 so far)"));
	rproc_put(rproc);
}

static void detach_and_attach_in_one_program(void **state)
{
	struct rproc *const rproc = get("host0");
	char name[64];

	(void)state;
	boot(rproc, "hello.elf");
	await_trace(rproc, "boot 1");
	assert_int_equal(rproc_detach(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_DETACHED);
	assert_int_equal(host_fixture_count_processes(named("host0")), 2);
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_ATTACHED);
	await_trace(rproc, "boot 1");
	rproc_firmware_name(rproc, name, sizeof(name));
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_true(host_fixture_await_no_processes(named("host0")));
	rproc_put(rproc);
}

/* ---- several programs -------------------------------------------------------------------- */

/* Run this program again in the role @role on host0; returns its exit status. */
static int run_role(const char *role)
{
	char *argv[] = { "/proc/self/exe", (char *)role, state_dir, tag, NULL };
	extern char **environ;
	int status;
	pid_t pid;

	assert_int_equal(posix_spawn(&pid, argv[0], NULL, NULL, argv, environ), 0);
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The context of setup() has host0 to 3; start over once the other program has acted. */
static int start_over(void)
{
	rproc_context_free(context);
	context = new_context(state_dir);
	return add_board(context);
}

static void a_detached_firmware_survives_its_program(void **state)
{
	struct rproc *rproc;

	(void)state;
	assert_int_equal(run_role("boot-detach"), 0);
	assert_int_equal(host_fixture_count_processes(named("host0")), 2);
	assert_int_equal(start_over(), 4);
	rproc = get("host0");
	assert_int_equal(rproc_state(rproc), RPROC_STATE_DETACHED);
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_ATTACHED);
	await_trace(rproc, "boot 1");
	/* It crashes under its new host: recovery boots the file. */
	rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
	await_transition(rproc, RPROC_STATE_CRASHED, RPROC_STATE_OFFLINE, "recovery");
	await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	await_trace(rproc, "boot 2");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void firmware_left_attached_ends_with_its_program(void **state)
{
	struct rproc *rproc;

	(void)state;
	assert_int_equal(run_role("boot-die"), 128 + SIGKILL);
	assert_true(host_fixture_await_no_processes(named("host0")));
	/* The socket is gone or stale: the board comes up as if nothing had been. */
	assert_int_equal(start_over(), 4);
	rproc = get("host0");
	boot(rproc, "hello.elf");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_crash_while_detached_is_learnt_at_attach(void **state)
{
	struct rproc *rproc;

	(void)state;
	assert_int_equal(run_role("boot-detach-hang"), 0);
	assert_int_equal(start_over(), 4);
	rproc = get("host0");
	rproc_set_recovery(rproc, false);
	assert_int_equal(rproc_boot(rproc), 0);
	await_transition(rproc, RPROC_STATE_ATTACHED, RPROC_STATE_CRASHED, "crash: watchdog");
	expect_story(rproc, "did not feed the watchdog for 100 ms");
	await_trace(rproc, "hang: hanging");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_second_program_does_not_steal(void **state)
{
	struct rproc *const rproc = get("host0");

	(void)state;
	boot(rproc, "hello.elf");
	await_trace(rproc, "hello");
	assert_int_equal(run_role("expect-busy"), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_RUNNING);
	assert_int_equal(host_fixture_count_processes(named("host0")), 2);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void who_was_there_first_keeps_the_name(void **state)
{
	struct rproc *rproc;

	(void)state;
	/* This program knows host0 as offline; the other one boots it meanwhile. */
	assert_int_equal(run_role("boot-detach"), 0);
	rproc = get("host0");
	assert_int_equal(rproc_boot(rproc), -EBUSY);
	expect_story(rproc, "a running processor of this name holds");
	rproc_put(rproc);
	assert_int_equal(start_over(), 4);
	rproc = get("host0");
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

/* ---- the other programs --------------------------------------------------------------------- */

static int role_boot(const char *firmware, bool detach)
{
	struct rproc *rproc = rproc_get_by_name(context, named("host0"));

	if (!rproc || rproc_set_firmware(rproc, firmware) || rproc_boot(rproc))
		return 10;
	if (detach && rproc_detach(rproc))
		return 11;
	rproc_put(rproc);
	return 0;
}

/* The hang must have been bitten before we let go of this program: its monitor says so. */
static int role_await_bite(void)
{
	const struct host_identity identity = { .name = named("host0"),
						.state_dir = state_dir,
						.window_len = HOST_TEST_WINDOW };
	const int64_t deadline = host_now_ms() + HOST_TEST_MS;
	struct pollfd never = { .fd = -1 };
	struct host_message status;
	struct host_client client;

	host_client_init(&client);
	do {
		poll(&never, 1, 5);
		if (host_client_query(&client, &identity, &status))
			return 12;
	} while (status.power == HOST_POWER_RUNNING && host_now_ms() < deadline);
	return status.power == HOST_POWER_DEAD ? 0 : 13;
}

static int run_as(const char *role)
{
	char story[1024];
	int ret;

	context = new_context(state_dir);
	ret = add_board(context);
	if (!strcmp(role, "expect-busy")) {
		rproc_context_last_error(context, story, sizeof(story));
		if (ret != 3 || !strstr(story, "another program controls processor"))
			return 20;
		rproc_context_free(context);
		return 0;
	}
	if (ret != 4)
		return 21;
	if (!strcmp(role, "boot-die")) {
		ret = role_boot("hello.elf", false);
		if (!ret)
			raise(SIGKILL);
		return ret;
	}
	if (!strcmp(role, "boot-detach"))
		ret = role_boot("hello.elf", true);
	else if (!strcmp(role, "boot-detach-hang"))
		ret = role_boot("hang.elf", true);
	else
		ret = 22;
	rproc_context_free(context);
	if (!ret && !strcmp(role, "boot-detach-hang"))
		ret = role_await_bite();
	return ret;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
		T(a_detached_firmware_survives_its_program),
		T(firmware_left_attached_ends_with_its_program),
		T(a_crash_while_detached_is_learnt_at_attach),
		T(a_second_program_does_not_steal),
		T(who_was_there_first_keeps_the_name),
	};

	snprintf(tag, sizeof(tag), "%04x", (unsigned int)getpid() & 0xffff);
	if (argc == 4) {
		snprintf(tag, sizeof(tag), "%s", argv[3]);
		snprintf(state_dir, sizeof(state_dir), "%s", argv[2]);
		return run_as(argv[1]);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
