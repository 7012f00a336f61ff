/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line of the commands that talk to a channel: they share their options.
 * Knows nothing of channels.
 */
#ifndef RPROC_TOOL_MESSAGE_OPTIONS_H
#define RPROC_TOOL_MESSAGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "message_text.h"
#include "tool.h"

/* Which options a command takes. */
enum message_option {
	OPTION_COUNT = 1 << 0,	 /* --count N */
	OPTION_TIMEOUT = 1 << 1, /* --timeout SECONDS */
	OPTION_SIZE = 1 << 2,	 /* --size BYTES */
	OPTION_SRC = 1 << 3,	 /* --src ADDRESS */
	OPTION_HEX = 1 << 4,	 /* --hex */
	OPTION_RAW = 1 << 5,	 /* --raw */
	OPTION_REPLY = 1 << 6,	 /* --reply */
	OPTION_FIRST = 1 << 7,	 /* --first TEXT */
	OPTION_WORDS = 1 << 8,	 /* arguments after CHANNEL */
	OPTION_PROGRAM = 1 << 9, /* the same, but none of them is an option of ours */
};

struct message_options {
	const char *channel;
	unsigned int count; /* 0: not given */
	int timeout_ms;	    /* -1: not given */
	size_t size;	    /* SIZE_MAX: not given */
	uint32_t src;	    /* RPMSG_ANY: not given */
	enum message_form form;
	bool reply;
	const char *first; /* or NULL */
	char **words;	   /* the arguments after CHANNEL, with a NULL behind them */
	int num_words;
};

/* TOOL_OK, or TOOL_USAGE with everything said. @takes: of enum message_option. */
int message_options_parse(const struct invocation *invocation, unsigned int takes,
			  struct message_options *ret_options);

#endif
