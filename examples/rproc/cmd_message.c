/* SPDX-License-Identifier: BSD-3-Clause */
/* `rproc send` and `rproc recv`: messages from and to the shell. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "message_options.h"
#include "rpmsg_file.h"
#include "stop_signal.h"
#include "trouble.h"

#define REPLY_MS 5000

/* What both need; a message at a time. */
struct talk {
	struct mount mount;
	struct rpmsg_file file;
	struct message_options options;
	char buf[RPMSG_FILE_MAX];
};

static int talk_open(const struct invocation *invocation, struct talk *talk)
{
	struct channel channel;
	int code = mount_open(invocation->mount, &talk->mount);

	if (code)
		return code;
	code = rpmsg_resolve(&talk->mount, talk->options.channel, &channel);
	if (code == TOOL_OK)
		code = rpmsg_file_open(&talk->mount, &channel, talk->options.src, &talk->file);
	if (code)
		mount_close(&talk->mount);
	return code;
}

static void talk_close(struct talk *talk)
{
	rpmsg_file_close(&talk->file);
	mount_close(&talk->mount);
}

/* ---- receiving ------------------------------------------------------------------------- */

static int print_next(struct talk *talk, int timeout_ms)
{
	ssize_t len = rpmsg_file_receive(&talk->file, talk->buf, sizeof(talk->buf), timeout_ms);
	int err;

	if (len < 0)
		return rpmsg_file_failed(&talk->file, "recv", (int)-len);
	err = message_print(talk->options.form, talk->buf, (size_t)len);
	if (!err)
		return TOOL_OK;
	trouble_report("the output could not be written", -err, "", "");
	return TOOL_REFUSED;
}

static int receive(struct talk *talk)
{
	const struct message_options *options = &talk->options;
	int code = TOOL_OK, err;

	if (options->first) {
		err = rpmsg_file_send(&talk->file, options->first, strlen(options->first));
		if (err)
			return rpmsg_file_failed(&talk->file, "send", -err);
	}
	for (unsigned int i = 0; code == TOOL_OK && !stop_signal_came(); i++) {
		if (options->count && i == options->count)
			break;
		code = print_next(talk, options->timeout_ms);
	}
	return code;
}

int cmd_recv(const struct invocation *invocation)
{
	static struct talk talk;
	int code = message_options_parse(invocation,
					 OPTION_FIRST | OPTION_COUNT | OPTION_HEX | OPTION_RAW |
						 OPTION_TIMEOUT | OPTION_SRC,
					 &talk.options);

	if (!code)
		code = talk_open(invocation, &talk);
	if (code)
		return code;
	code = receive(&talk);
	talk_close(&talk);
	return code;
}

/* ---- sending ------------------------------------------------------------------------------ */

static int send_one(struct talk *talk, const void *data, size_t len)
{
	const struct message_options *options = &talk->options;
	int err = rpmsg_file_send(&talk->file, data, len);

	if (err)
		return rpmsg_file_failed(&talk->file, "send", -err);
	if (!options->reply)
		return TOOL_OK;
	return print_next(talk, options->timeout_ms < 0 ? REPLY_MS : options->timeout_ms);
}

static int send_word(struct talk *talk, const char *word)
{
	static char bytes[RPMSG_FILE_MAX];
	ssize_t len;

	if (talk->options.form != MESSAGE_HEX)
		return send_one(talk, word, strlen(word));
	len = message_parse_hex(word, bytes, sizeof(bytes));
	if (len >= 0)
		return send_one(talk, bytes, (size_t)len);
	trouble_report(word, EINVAL, "this is not hexadecimal digits, two for each byte", "");
	return TOOL_USAGE;
}

/* All of the standard input; one byte more than any message tells that it is too much. */
static int send_input(struct talk *talk)
{
	static char bytes[RPMSG_FILE_MAX + 1];
	size_t len = 0;
	ssize_t got;

	do {
		got = read(STDIN_FILENO, bytes + len, sizeof(bytes) - 1 - len);
		len += got > 0 ? (size_t)got : 0;
	} while (got > 0 && len < sizeof(bytes) - 1);
	if (got < 0) {
		trouble_report("standard input", errno, "", "");
		return TOOL_REFUSED;
	}
	if (talk->options.form == MESSAGE_HEX)
		return send_word(talk, bytes);
	return send_one(talk, bytes, len);
}

int cmd_send(const struct invocation *invocation)
{
	static struct talk talk;
	int code = message_options_parse(invocation,
					 OPTION_HEX | OPTION_RAW | OPTION_REPLY | OPTION_TIMEOUT |
						 OPTION_SRC | OPTION_WORDS,
					 &talk.options);

	if (!code)
		code = talk_open(invocation, &talk);
	if (code)
		return code;
	if (!talk.options.num_words)
		code = send_input(&talk);
	for (int i = 0; code == TOOL_OK && i < talk.options.num_words; i++)
		code = send_word(&talk, talk.options.words[i]);
	talk_close(&talk);
	return code;
}
