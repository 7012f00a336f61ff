/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Services come and go: the service "control" takes lines
 *   announce NAME ADDR	a service that echoes
 *   withdraw NAME ADDR
 *   crash
 * with addresses in hexadecimal, and answers "ok" or "no". What the host announces is
 * listed in the trace.
 */
#include "rpmsg_remote.h"

#define ADDR 0x400

static void echo(uint32_t src, uint32_t dst, const uint8_t *data, uint32_t len)
{
	rpmsg_send(dst, src, data, len);
}

/* The next word of a line, ended in place; "" at its end. */
static char *next_word(char **rest)
{
	char *word = *rest, *end;

	for (end = word; *end && *end != ' '; end++)
		;
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static uint32_t number(const char *text)
{
	uint32_t value = 0;

	for (; *text; text++)
		value = value * 16 + (uint32_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	return value;
}

static void command(uint32_t src, uint32_t dst, const uint8_t *data, uint32_t len)
{
	char line[128], *rest = line, *verb, *name;
	uint32_t addr;
	int done = 0;

	if (len >= sizeof(line))
		len = sizeof(line) - 1;
	rpmsg_copy(line, data, len);
	line[len] = '\0';
	verb = next_word(&rest);
	name = next_word(&rest);
	addr = number(next_word(&rest));
	if (same(verb, "crash"))
		services->exit(1, "told to crash");
	if (same(verb, "announce")) {
		rpmsg_listen(addr, echo);
		rpmsg_announce(name, addr, 1);
		done = 1;
	}
	if (same(verb, "withdraw")) {
		rpmsg_announce(name, addr, 0);
		done = 1;
	}
	rpmsg_send(dst, src, done ? "ok" : "no", 2);
}

static void on_name_service(uint32_t src, uint32_t dst, const uint8_t *data, uint32_t len)
{
	(void)src;
	(void)dst;
	if (len != RPMSG_NAME + 8 || data[RPMSG_NAME - 1])
		return;
	trace_text(data[RPMSG_NAME + 4] & 1 ? "host withdraws " : "host announces ");
	trace_text((const char *)data);
	trace_text("\n");
}

void firmware_main(void)
{
	if (rpmsg_init() && rpmsg_listen(RPMSG_NS_ADDR, on_name_service) &&
	    rpmsg_serve("control", ADDR, command)) {
		trace_text("rpmsg_services: ready\n");
		rpmsg_run();
	}
	power_down();
}
