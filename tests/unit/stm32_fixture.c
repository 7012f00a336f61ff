/* SPDX-License-Identifier: BSD-3-Clause */
/* An STM32MP15 for tests, made of the model and the driver. */
#include "stm32_fixture.h"

#include <elf.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core_images.h"
#include "stm32_plugin.h"
#include "virtual_plugin.h"

#define ANSWER_MAX 8192

static void on_log(int level, const char *device, const char *text, void *data)
{
	struct stm32_fixture *fix = data;

	pthread_mutex_lock(&fix->lock);
	fix->log_len += (size_t)snprintf(fix->log + fix->log_len, sizeof(fix->log) - fix->log_len,
					 "<%d> %s: %s\n", level, device, text);
	if (fix->log_len >= sizeof(fix->log))
		fix->log_len = sizeof(fix->log) - 1;
	pthread_mutex_unlock(&fix->lock);
}

static const char *board_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s.dtb", STM32_BOARD_DIR, name);
	return path;
}

static struct stm32_fixture *new_context(unsigned int shutdown_ms)
{
	struct stm32_fixture *fix = calloc(1, sizeof(*fix));
	struct rproc_context_options options = { .size = sizeof(options) };

	assert_non_null(fix);
	pthread_mutex_init(&fix->lock, NULL);
	fix->dir = scratch_new();
	options.log = on_log;
	options.log_data = fix;
	options.log_level = RPROC_LOG_DEBUG;
	options.state_dir = fix->dir;
	options.firmware_dirs = fix->dir;
	options.hw = "model";
	options.shutdown_timeout_ms = shutdown_ms;
	assert_int_equal(rproc_context_new(&options, &fix->context), 0);
	stm32_add_plugins(fix->context);
	return fix;
}

void stm32_add_plugins(struct rproc_context *context)
{
	assert_int_equal(rproc_context_add_plugin(context, &rproc_plugin_virtual), 0);
	assert_int_equal(rproc_context_add_plugin(context, &rproc_plugin_stm32), 0);
}

int stm32_probe_board(struct stm32_fixture *fix, const char *name)
{
	int ret = rproc_context_add_board_file(fix->context, board_path(name), false);

	if (ret > 0)
		fix->rproc = rproc_get_by_index(fix->context, 0);
	return ret > 0 ? 0 : ret;
}

int stm32_open(const char *name, unsigned int shutdown_ms, struct stm32_fixture **ret_fix)
{
	*ret_fix = new_context(shutdown_ms);
	return stm32_probe_board(*ret_fix, name);
}

struct stm32_fixture *stm32_new(const char *name)
{
	struct stm32_fixture *fix;

	assert_int_equal(stm32_open(name, 0, &fix), 0);
	assert_non_null(fix->rproc);
	stm32_command(fix, "writes");
	return fix;
}

struct stm32_fixture *stm32_new_unprobed(const char *name, unsigned int shutdown_ms)
{
	struct stm32_fixture *fix = new_context(shutdown_ms);
	FILE *file = fopen(board_path(name), "rb");
	char dtb[1 << 16];
	size_t len;

	assert_non_null(file);
	len = fread(dtb, 1, sizeof(dtb), file);
	fclose(file);
	assert_int_equal(rproc_context_power_on(fix->context, dtb, len), 0);
	return fix;
}

void stm32_close(struct stm32_fixture *fix)
{
	rproc_put(fix->rproc);
	rproc_context_free(fix->context);
	scratch_free(fix->dir);
	pthread_mutex_destroy(&fix->lock);
	free(fix);
}

/* ---- the outside world --------------------------------------------------------------- */

const char *stm32_command(struct stm32_fixture *fix, const char *fmt, ...)
{
	static char answer[ANSWER_MAX];
	char line[1024];
	va_list args;
	int error;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	error = rproc_context_hw_command(fix->context, line, answer, sizeof(answer));
	if (error)
		fail_msg("%s: %s (%d)", line, answer, error);
	return answer;
}

uint32_t stm32_peek(struct stm32_fixture *fix, uint32_t pa)
{
	return (uint32_t)strtoul(stm32_command(fix, "peek 0x%x", pa), NULL, 16);
}

void stm32_expect_writes(struct stm32_fixture *fix, const char *writes)
{
	assert_string_equal(stm32_command(fix, "writes"), writes);
}

static void poke_bytes(struct stm32_fixture *fix, uint32_t da, const uint8_t *bytes, size_t len)
{
	uint32_t word;
	size_t i;

	for (i = 0; i < len; i += 4) {
		word = 0;
		memcpy(&word, bytes + i, len - i < 4 ? len - i : 4);
		stm32_command(fix, "poke da:0x%x 0x%x", (unsigned int)(da + i), word);
	}
}

void stm32_bootloader(struct stm32_fixture *fix, struct fixture_table *table)
{
	size_t len;
	uint8_t *bytes = fixture_table_finish(table, &len);

	poke_bytes(fix, STM32_TABLE_DA, bytes, len);
	free(bytes);
	stm32_command(fix, "bootloader-started 0x%x", STM32_TABLE_DA);
}

/* ---- firmware ----------------------------------------------------------------------------- */

struct fixture_table *stm32_table(void)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_trace(table, STM32_TRACE_DA, 0x1000, "trace0");
	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, FIXTURE_ANY, 16, 8, 0);
	fixture_table_vring(table, FIXTURE_ANY, 16, 8, 1);
	return table;
}

struct fixture_image stm32_image(struct fixture_table *table)
{
	/* stack pointer at the end of RETRAM, a Thumb entry in SRAM */
	static const uint8_t vectors[64] = { 0, 0, 1, 0, 0x41, 0, 0, 0x10 };
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);

	fixture_load(elf, 0, PF_R | PF_X, vectors, sizeof(vectors), sizeof(vectors));
	/* an odd beginning and end, and a tail to be zeroed */
	fixture_load(elf, 0x10000001, PF_R | PF_X, NULL, 0x7b, 0x101);
	if (table) {
		fixture_load(elf, STM32_TABLE_DA, PF_R | PF_W, NULL, 0x400, 0x400);
		fixture_add_table(elf, STM32_TABLE_DA, table);
	}
	return fixture_build(elf);
}

void stm32_use(struct stm32_fixture *fix, struct fixture_image *image)
{
	assert_int_equal(rproc_set_firmware_buffer(fix->rproc, "fw.elf", image->data, image->size),
			 0);
	fixture_image_free(image);
}

/* ---- checking ------------------------------------------------------------------------------- */

void stm32_expect_story(struct stm32_fixture *fix, const char *part)
{
	char story[1024] = "";

	rproc_last_error(fix->rproc, story, sizeof(story));
	if (!strstr(story, part))
		fail_msg("story \"%s\" lacks \"%s\"", story, part);
}

void stm32_expect_remark(struct stm32_fixture *fix, const char *part)
{
	char remarks[1024] = "";

	rproc_remarks(fix->rproc, remarks, sizeof(remarks));
	if (!strstr(remarks, part))
		fail_msg("remarks \"%s\" lack \"%s\"", remarks, part);
}

void stm32_expect_note(struct stm32_fixture *fix, const char *part)
{
	char story[1024] = "";

	rproc_context_last_error(fix->context, story, sizeof(story));
	if (!strstr(story, part))
		fail_msg("story \"%s\" lacks \"%s\"", story, part);
}

static bool log_has(struct stm32_fixture *fix, const char *line)
{
	bool has;

	pthread_mutex_lock(&fix->lock);
	has = strstr(fix->log, line);
	pthread_mutex_unlock(&fix->lock);
	return has;
}

void stm32_expect_log(struct stm32_fixture *fix, const char *line)
{
	if (!log_has(fix, line))
		fail_msg("no line \"%s\" in the log:\n%s", line, fix->log);
}

void stm32_expect_no_log(struct stm32_fixture *fix, const char *line)
{
	if (log_has(fix, line))
		fail_msg("there is a line \"%s\" in the log:\n%s", line, fix->log);
}

void stm32_forget_log(struct stm32_fixture *fix)
{
	pthread_mutex_lock(&fix->lock);
	fix->log_len = 0;
	fix->log[0] = 0;
	pthread_mutex_unlock(&fix->lock);
}

void stm32_wait_readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, STM32_WAIT_MS), 1);
}

void stm32_wait_state(struct stm32_fixture *fix, enum rproc_state state)
{
	struct rproc_event event;

	for (;;) {
		while (rproc_event_read(fix->context, &event))
			if (event.type == RPROC_EVENT_STATE && event.new_state == state)
				return;
		stm32_wait_readable(rproc_event_fd(fix->context));
	}
}
