/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of the control interface: one line each, from anybody. */
#ifndef RPROC_VIRTUAL_CONTROL_H
#define RPROC_VIRTUAL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_LINE_MAX   1024 /* bytes, without the newline */
#define CONTROL_WORDS_MAX  64	/* 32-bit words of one peek or poke */
#define CONTROL_ANSWER_MAX 8192 /* bytes, with the NUL */

enum control_verb {
	CONTROL_HELP,
	CONTROL_WATCHDOG,
	CONTROL_ACK,		    /* @on */
	CONTROL_BOOTLOADER_STARTED, /* values[0]: da of the table, 0: none */
	CONTROL_BOOTLOADER_OFF,
	CONTROL_SECURED, /* @on */
	CONTROL_POKE,	 /* @address, @values */
	CONTROL_PEEK,	 /* @address, @count words */
	CONTROL_WRITES
};

struct control_command {
	enum control_verb verb;
	bool on;
	bool is_da; /* @address is the processor's own view */
	uint64_t address;
	unsigned int count;
	uint32_t values[CONTROL_WORDS_MAX];
};

extern const char control_help[];

/* Pure. -EINVAL, with what is wrong in @story. */
int control_parse(const char *line, struct control_command *ret_command, char *story, size_t len);

#endif
