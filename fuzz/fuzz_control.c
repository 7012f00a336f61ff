/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: a line of the models' control interface. Any line is refused with a
 * reason and leaves the command alone, or is a command within its bounds that,
 * written out again in one way, reads the same.
 */
#include "fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "control.h"

#define POISON 0x5a

static void write_numbers(const struct control_command *command, char *line, size_t len)
{
	size_t used = strlen(line);

	used += (size_t)snprintf(line + used, len - used, " %s0x%" PRIx64,
				 command->is_da ? "da:" : "", command->address);
	if (command->verb == CONTROL_PEEK) {
		snprintf(line + used, len - used, " %u", 4 * command->count);
		return;
	}
	for (unsigned int i = 0; i < command->count; i++)
		used += (size_t)snprintf(line + used, len - used, " %" PRIu32, command->values[i]);
}

/* The one way. */
static void write_command(const struct control_command *command, char *line, size_t len)
{
	static const char *const words[] = {
		[CONTROL_HELP] = "help",
		[CONTROL_WATCHDOG] = "watchdog",
		[CONTROL_ACK] = "ack",
		[CONTROL_BOOTLOADER_STARTED] = "bootloader-started",
		[CONTROL_BOOTLOADER_OFF] = "bootloader-off",
		[CONTROL_SECURED] = "secured",
		[CONTROL_POKE] = "poke",
		[CONTROL_PEEK] = "peek",
		[CONTROL_WRITES] = "writes",
	};

	FUZZ_ASSERT(command->verb < sizeof(words) / sizeof(words[0]));
	snprintf(line, len, "%s", words[command->verb]);
	if (command->verb == CONTROL_ACK || command->verb == CONTROL_SECURED)
		strcat(line, command->on ? " on" : " off");
	else if (command->verb == CONTROL_BOOTLOADER_STARTED)
		snprintf(line, len, "%s %" PRIu32, words[command->verb], command->values[0]);
	else if (command->verb == CONTROL_PEEK || command->verb == CONTROL_POKE)
		write_numbers(command, line, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_command command, again;
	char story[160] = "", line[CONTROL_LINE_MAX + 1];
	char *text = malloc(size + 1);
	int error;

	FUZZ_ASSERT(text);
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	memset(&command, POISON, sizeof(command));
	memcpy(&again, &command, sizeof(again));
	error = control_parse(text, &command, story, sizeof(story));
	if (error) {
		FUZZ_ASSERT(error == -EINVAL && *story);
		FUZZ_ASSERT(!memcmp(&command, &again, sizeof(command)));
		goto out_free;
	}
	FUZZ_ASSERT(command.count <= CONTROL_WORDS_MAX && command.address % 4 == 0);
	FUZZ_ASSERT(!!command.count ==
		    (command.verb == CONTROL_POKE || command.verb == CONTROL_PEEK ||
		     command.verb == CONTROL_BOOTLOADER_STARTED));
	write_command(&command, line, sizeof(line));
	FUZZ_ASSERT(!control_parse(line, &again, story, sizeof(story)));
	FUZZ_ASSERT(command.verb == again.verb && command.on == again.on &&
		    command.is_da == again.is_da && command.address == again.address &&
		    command.count == again.count &&
		    !memcmp(command.values, again.values, sizeof(command.values)));

out_free:
	free(text);
	return 0;
}
