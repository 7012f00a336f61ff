/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A console: the service "rpmsg-tty" shows what is typed and repeats each whole line.
 * The line "crash" ends in one.
 */
#include "rpmsg_remote.h"

#define ADDR	 0x400
#define LINE_MAX 200u

static char line[LINE_MAX];
static uint32_t used;

static int is(const char *word)
{
	uint32_t i;

	for (i = 0; i < used && word[i]; i++) {
		if (line[i] != word[i])
			return 0;
	}
	return i == used && !word[i];
}

static void answer(uint32_t src, uint32_t dst)
{
	static const char hello[] = "\r\nyou said: ";

	if (is("crash"))
		services->exit(1, "the console was told to crash");
	rpmsg_send(dst, src, hello, sizeof(hello) - 1);
	rpmsg_send(dst, src, line, used);
	rpmsg_send(dst, src, "\r\n> ", 4);
	used = 0;
}

static void typed(uint32_t src, uint32_t dst, const uint8_t *data, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++) {
		if (data[i] == '\r' || data[i] == '\n') {
			answer(src, dst);
			continue;
		}
		rpmsg_send(dst, src, &data[i], 1);
		if (used < LINE_MAX)
			line[used++] = (char)data[i];
	}
}

void firmware_main(void)
{
	if (rpmsg_init() && rpmsg_serve("rpmsg-tty", ADDR, typed)) {
		trace_text("rpmsg_tty: ready\n");
		rpmsg_run();
	}
	power_down();
}
