/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of the commands that talk to a channel. Numbers are checked to their last digit. */
#include "message_options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "rpmsg_file.h"

struct parser {
	const struct invocation *invocation;
	unsigned int takes;
	struct message_options *options;
	int next; /* argument */
};

static bool is_number(const char *text, unsigned long long max, unsigned long long *ret_value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 0);
	return !errno && !*end && *ret_value <= max;
}

static bool is_seconds(const char *text, int *ret_ms)
{
	char *end;
	double seconds;

	if (*text != '.' && (*text < '0' || *text > '9'))
		return false;
	seconds = strtod(text, &end);
	if (*end || !isfinite(seconds) || seconds < 0 || seconds > 1000000)
		return false;
	*ret_ms = (int)(seconds * 1000 + 0.999); /* a little is not nothing */
	return true;
}

/* An option with a value: is the value one? */
static bool take_value(struct message_options *options, enum message_option option,
		       const char *value)
{
	unsigned long long number = 0;
	bool good;

	switch (option) {
	case OPTION_COUNT:
		good = is_number(value, 1000000000, &number) && number;
		options->count = (unsigned int)number;
		return good;
	case OPTION_TIMEOUT:
		return is_seconds(value, &options->timeout_ms);
	case OPTION_SIZE:
		/* An empty message does not get through FUSE. */
		good = is_number(value, RPMSG_FILE_MAX, &number) && number;
		options->size = (size_t)number;
		return good;
	case OPTION_SRC:
		good = is_number(value, 0x7fffffff, &number);
		options->src = (uint32_t)number;
		return good;
	default:
		options->first = value;
		return true;
	}
}

static void take_flag(struct message_options *options, enum message_option option)
{
	if (option == OPTION_HEX)
		options->form = MESSAGE_HEX;
	else if (option == OPTION_RAW)
		options->form = MESSAGE_RAW;
	else
		options->reply = true;
}

static const struct {
	const char *name;
	enum message_option option;
	const char *value; /* what it is called, or NULL: the option is a flag */
} known[] = {
	{ "--count", OPTION_COUNT, "a number" },
	{ "--timeout", OPTION_TIMEOUT, "seconds" },
	{ "--size", OPTION_SIZE, "bytes, 1 at least" },
	{ "--src", OPTION_SRC, "an address up to 0x7fffffff" },
	{ "--first", OPTION_FIRST, "a text" },
	{ "--hex", OPTION_HEX, NULL },
	{ "--raw", OPTION_RAW, NULL },
	{ "--reply", OPTION_REPLY, NULL },
};

static int parse_option(struct parser *parser)
{
	const struct invocation *invocation = parser->invocation;
	const char *arg = invocation->argv[parser->next], *value;
	size_t len = strcspn(arg, "=");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!(parser->takes & known[i].option) || strlen(known[i].name) != len ||
		    strncmp(arg, known[i].name, len))
			continue;
		if (!known[i].value && !arg[len]) {
			take_flag(parser->options, known[i].option);
			return TOOL_OK;
		}
		value = arg[len] ? arg + len + 1 : invocation->argv[++parser->next];
		if (known[i].value && value && take_value(parser->options, known[i].option, value))
			return TOOL_OK;
		return tool_usage(invocation, "%s takes %s", known[i].name,
				  known[i].value ? known[i].value : "no value");
	}
	return tool_usage(invocation, "`%s` has no option %s", invocation->argv[0], arg);
}

int message_options_parse(const struct invocation *invocation, unsigned int takes,
			  struct message_options *ret_options)
{
	struct parser parser = {
		.invocation = invocation, .takes = takes, .options = ret_options, .next = 1
	};
	bool only_words = false;
	int code;

	memset(ret_options, 0, sizeof(*ret_options));
	ret_options->timeout_ms = -1;
	ret_options->size = SIZE_MAX;
	ret_options->src = RPMSG_ANY;
	/* Words move to the front of the arguments, where all has been read already. */
	ret_options->words = invocation->argv + 1;
	for (; parser.next < invocation->argc; parser.next++) {
		char *arg = invocation->argv[parser.next];

		if (!only_words && !strcmp(arg, "--")) {
			only_words = true;
		} else if (!only_words && arg[0] == '-' && arg[1]) {
			code = parse_option(&parser);
			if (code)
				return code;
		} else if (!ret_options->channel) {
			ret_options->channel = arg;
		} else {
			ret_options->words[ret_options->num_words++] = arg;
			only_words |= takes & OPTION_PROGRAM;
		}
	}
	ret_options->words[ret_options->num_words] = NULL;
	if (!ret_options->channel)
		return tool_usage(invocation, "which channel? rproc channels lists them");
	if (ret_options->num_words && !(takes & (OPTION_WORDS | OPTION_PROGRAM)))
		return tool_usage(invocation, "`%s` takes one channel", invocation->argv[0]);
	return TOOL_OK;
}
