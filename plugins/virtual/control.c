/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The grammar of the control interface: words separated by blanks, numbers in
 * decimal or with 0x. Bytes in, command out; what a command does is not known here.
 */
#include "control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX (CONTROL_WORDS_MAX + 3)

const char control_help[] =
	"watchdog | ack on|off | bootloader-started DA | bootloader-off | secured on|off | "
	"poke ADDRESS VALUE... | peek ADDRESS [BYTES] | writes | help (ADDRESS: physical, or "
	"da:ADDRESS)";

struct tokens {
	char line[CONTROL_LINE_MAX + 1];
	char *token[TOKENS_MAX];
	unsigned int count;
};

__attribute__((format(printf, 3, 4))) static int refuse(char *story, size_t len, const char *fmt,
							...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(story, len, fmt, args);
	va_end(args);
	return -EINVAL;
}

static int split(const char *line, struct tokens *tokens, char *story, size_t len)
{
	char *next, *token;

	if (strlen(line) > CONTROL_LINE_MAX)
		return refuse(story, len, "more than %d bytes in a line", CONTROL_LINE_MAX);
	strcpy(tokens->line, line);
	tokens->count = 0;
	for (token = strtok_r(tokens->line, " \t\r", &next); token;
	     token = strtok_r(NULL, " \t\r", &next)) {
		if (tokens->count == TOKENS_MAX)
			return refuse(story, len, "more than %d words in a line", TOKENS_MAX);
		tokens->token[tokens->count++] = token;
	}
	return tokens->count ? 0 : refuse(story, len, "an empty line: try help");
}

/* The whole word, no sign. */
static int parse_number(const char *text, uint64_t max, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, !strncmp(text, "0x", 2) ? 16 : 10);
	if (errno || *end || value > max)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

/* ---- arguments: each reads the words behind the verb ------------------------------------- */

typedef int (*arguments_fn)(const struct tokens *tokens, struct control_command *command,
			    char *story, size_t len);

static int no_arguments(const struct tokens *tokens, struct control_command *command, char *story,
			size_t len)
{
	(void)command;
	return tokens->count == 1 ? 0 : refuse(story, len, "%s takes nothing", tokens->token[0]);
}

static int on_or_off(const struct tokens *tokens, struct control_command *command, char *story,
		     size_t len)
{
	command->on = tokens->count == 2 && !strcmp(tokens->token[1], "on");
	if (command->on || (tokens->count == 2 && !strcmp(tokens->token[1], "off")))
		return 0;
	return refuse(story, len, "%s takes on or off", tokens->token[0]);
}

static int one_da(const struct tokens *tokens, struct control_command *command, char *story,
		  size_t len)
{
	uint64_t da;

	if (tokens->count != 2 || parse_number(tokens->token[1], UINT32_MAX, &da))
		return refuse(story, len, "%s takes a device address of 32 bits", tokens->token[0]);
	command->values[0] = (uint32_t)da;
	command->count = 1;
	return 0;
}

static int parse_address(const struct tokens *tokens, struct control_command *command, char *story,
			 size_t len)
{
	const char *text = tokens->count > 1 ? tokens->token[1] : "";

	command->is_da = !strncmp(text, "da:", 3);
	if (parse_number(text + (command->is_da ? 3 : 0), UINT64_MAX, &command->address) ||
	    command->address % 4)
		return refuse(story, len, "%s takes an address, a multiple of 4", tokens->token[0]);
	return 0;
}

static int address_and_values(const struct tokens *tokens, struct control_command *command,
			      char *story, size_t len)
{
	int error = parse_address(tokens, command, story, len);
	unsigned int i;
	uint64_t value;

	if (error)
		return error;
	if (tokens->count < 3 || tokens->count - 2 > CONTROL_WORDS_MAX)
		return refuse(story, len, "poke takes 1 to %d values", CONTROL_WORDS_MAX);
	for (i = 2; i < tokens->count; i++) {
		if (parse_number(tokens->token[i], UINT32_MAX, &value))
			return refuse(story, len, "value %u is not a number of 32 bits", i - 1);
		command->values[command->count++] = (uint32_t)value;
	}
	return 0;
}

static int address_and_bytes(const struct tokens *tokens, struct control_command *command,
			     char *story, size_t len)
{
	int error = parse_address(tokens, command, story, len);
	uint64_t bytes = 4;

	if (error)
		return error;
	if (tokens->count > 3 ||
	    (tokens->count == 3 && parse_number(tokens->token[2], 4 * CONTROL_WORDS_MAX, &bytes)) ||
	    !bytes || bytes % 4)
		return refuse(story, len, "peek takes 4 to %d bytes, a multiple of 4",
			      4 * CONTROL_WORDS_MAX);
	command->count = (unsigned int)(bytes / 4);
	return 0;
}

static const struct {
	const char *word;
	enum control_verb verb;
	arguments_fn arguments;
} verbs[] = {
	{ "help", CONTROL_HELP, no_arguments },
	{ "watchdog", CONTROL_WATCHDOG, no_arguments },
	{ "ack", CONTROL_ACK, on_or_off },
	{ "bootloader-started", CONTROL_BOOTLOADER_STARTED, one_da },
	{ "bootloader-off", CONTROL_BOOTLOADER_OFF, no_arguments },
	{ "secured", CONTROL_SECURED, on_or_off },
	{ "poke", CONTROL_POKE, address_and_values },
	{ "peek", CONTROL_PEEK, address_and_bytes },
	{ "writes", CONTROL_WRITES, no_arguments },
};

int control_parse(const char *line, struct control_command *ret_command, char *story, size_t len)
{
	struct control_command command = { 0 };
	struct tokens tokens;
	size_t i;
	int error;

	error = split(line, &tokens, story, len);
	if (error)
		return error;
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(tokens.token[0], verbs[i].word))
			continue;
		command.verb = verbs[i].verb;
		error = verbs[i].arguments(&tokens, &command, story, len);
		if (!error)
			*ret_command = command;
		return error;
	}
	return refuse(story, len, "no such command: %.40s; try help", tokens.token[0]);
}
