/* SPDX-License-Identifier: BSD-3-Clause */
/* Owns what the tests of the virtual board share. Every wait has a deadline. */
#include "host_board_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "host_fixture.h"

char board_state_dir[64], board_tag[5];
struct rproc_context *board_context;
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

bool board_logged(const char *text)
{
	bool found;

	pthread_mutex_lock(&log_lock);
	found = strstr(last_log, text);
	pthread_mutex_unlock(&log_lock);
	return found;
}

int board_add(struct rproc_context *to)
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
			memcpy(dtb + i, board_tag, 4);
	}
	return rproc_context_add_board(to, dtb, len, false);
}

const char *board_named(const char *name)
{
	static char names[4][8];
	static unsigned int next;
	char *const name_here = names[next++ % 4];

	snprintf(name_here, sizeof(names[0]), "%.4s%s", board_tag, name + 4);
	return name_here;
}

struct rproc_context *board_new_context(const char *dir)
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

int board_setup(void **state)
{
	(void)state;
	snprintf(board_tag, sizeof(board_tag), "%04x", (unsigned int)getpid() & 0xffff);
	snprintf(board_state_dir, sizeof(board_state_dir), "/tmp/host-test.XXXXXX");
	assert_non_null(mkdtemp(board_state_dir));
	last_log[0] = '\0';
	board_context = board_new_context(board_state_dir);
	assert_int_equal(board_add(board_context), 4);
	return 0;
}

int board_teardown(void **state)
{
	int i;

	(void)state;
	rproc_context_free(board_context);
	for (i = 0; i < 4; i++) {
		char name[8];

		snprintf(name, sizeof(name), "host%d", i);
		assert_true(host_fixture_await_no_processes(board_named(name)));
	}
	assert_int_equal(rmdir(board_state_dir), 0);
	return 0;
}

struct rproc *board_get(const char *name)
{
	struct rproc *rproc = rproc_get_by_name(board_context, board_named(name));

	assert_non_null(rproc);
	return rproc;
}

void board_boot(struct rproc *rproc, const char *firmware)
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

void board_await_trace(struct rproc *rproc, const char *text)
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
void board_await_transition(struct rproc *rproc, enum rproc_state from, enum rproc_state to,
			    const char *reason)
{
	struct rproc_event event;

	for (;;) {
		if (!rproc_event_read(board_context, &event)) {
			if (!host_fixture_await_fd(rproc_event_fd(board_context)))
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

void board_expect_story(struct rproc *rproc, const char *text)
{
	char story[1024];

	rproc_last_error(rproc, story, sizeof(story));
	if (!strstr(story, text))
		fail_msg("no \"%s\" in the story \"%s\"", text, story);
}
