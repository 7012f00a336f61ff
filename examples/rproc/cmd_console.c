/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `rproc console`: a terminal on a channel. On its tty bytes go both ways as they are;
 * on a channel without one a line is a message.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "message_options.h"
#include "rpmsg_file.h"
#include "stop_signal.h"
#include "trouble.h"

#define ESCAPE	  0x1d /* Ctrl-] */
#define LINGER_MS 1000

struct console {
	struct mount mount;
	struct rpmsg_file file; /* its descriptor may be a tty */
	bool is_tty;
	int linger_ms;
	struct termios here, there; /* as they were */
	bool here_changed, there_changed;
	char line[RPMSG_FILE_MAX]; /* typed and not sent yet */
	size_t line_len;
	bool leave, input_ended;
};

/* ---- terminals ---------------------------------------------------------------------------- */

/* Bytes as they are, both ways; false if it is no terminal. */
static bool make_raw(int fd, struct termios *ret_before)
{
	struct termios raw;

	if (tcgetattr(fd, ret_before))
		return false;
	raw = *ret_before;
	cfmakeraw(&raw);
	return !tcsetattr(fd, TCSANOW, &raw);
}

static int open_tty(struct console *console, const char *tty)
{
	struct rpmsg_file *file = &console->file;

	snprintf(file->device, sizeof(file->device), "%sdev/%s", console->mount.own ? "" : "/",
		 tty);
	stop_signal_catch();
	file->fd = openat(console->mount.fd, file->device, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (file->fd < 0) {
		trouble_report(file->device, errno, "", "rproc channels lists what there is");
		return TOOL_REFUSED;
	}
	console->is_tty = true;
	console->there_changed = make_raw(file->fd, &console->there);
	console->here_changed = make_raw(STDIN_FILENO, &console->here);
	return TOOL_OK;
}

static int console_open(struct console *console, const char *word)
{
	struct channel channel;
	int code = rpmsg_resolve(&console->mount, word, &channel);

	if (code)
		return code;
	snprintf(console->file.label, sizeof(console->file.label), "%s", channel_label(&channel));
	if (channel.tty[0])
		code = open_tty(console, channel.tty);
	else
		code = rpmsg_file_open(&console->mount, &channel, RPMSG_ANY, &console->file);
	if (code == TOOL_OK && isatty(STDIN_FILENO))
		fprintf(stderr, "%s: %s leaves\r\n", console->file.label,
			console->is_tty ? "Ctrl-]" : "Ctrl-D");
	return code;
}

static void console_close(struct console *console)
{
	if (console->there_changed)
		tcsetattr(console->file.fd, TCSANOW, &console->there);
	if (console->here_changed)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &console->here);
	rpmsg_file_close(&console->file);
}

/* ---- both ways ----------------------------------------------------------------------------- */

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t written = write(fd, data, len);

		if (written < 0)
			return -errno;
		data += written;
		len -= (size_t)written;
	}
	return 0;
}

static int send_line(struct console *console)
{
	size_t len = console->line_len;

	console->line_len = 0;
	return rpmsg_file_send(&console->file, console->line, len);
}

/* Lines are collected: what is typed may come in pieces. */
static int take_lines(struct console *console, const char *data, size_t len)
{
	int err = 0;

	for (size_t i = 0; !err && i < len; i++) {
		if (data[i] != '\n')
			console->line[console->line_len++] = data[i];
		if (data[i] == '\n' || console->line_len == sizeof(console->line))
			err = send_line(console);
	}
	return err;
}

static int take_input(struct console *console)
{
	char buf[4096];
	const char *escape;
	ssize_t got = read(STDIN_FILENO, buf, sizeof(buf));
	size_t len = got > 0 ? (size_t)got : 0;
	int err;

	if (got < 0 && errno == EINTR)
		return 0;
	console->input_ended = got <= 0;
	/* Only who types can leave: a file may have any byte in it. */
	escape = console->here_changed ? memchr(buf, ESCAPE, len) : NULL;
	if (escape) {
		console->leave = true;
		len = (size_t)(escape - buf);
	}
	if (console->is_tty)
		return write_all(console->file.fd, buf, len);
	err = take_lines(console, buf, len);
	if (!err && console->input_ended && console->line_len)
		err = send_line(console);
	return err;
}

static int take_output(struct console *console)
{
	static char buf[RPMSG_FILE_MAX];
	ssize_t got = read(console->file.fd, buf, sizeof(buf));

	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (!got && console->is_tty)
		return -EPIPE;
	if (!console->is_tty)
		return message_print(MESSAGE_TEXT, buf, (size_t)got);
	return write_all(STDOUT_FILENO, buf, (size_t)got);
}

static int relay(struct console *console)
{
	struct pollfd polls[] = { { .fd = console->file.fd, .events = POLLIN },
				  { .fd = STDIN_FILENO, .events = POLLIN },
				  { .fd = stop_signal_fd(), .events = POLLIN } };
	int err = 0, ready;

	while (!err && !console->leave && !stop_signal_came()) {
		if (console->input_ended)
			polls[1].fd = -1;
		ready = poll(polls, 3, console->input_ended ? console->linger_ms : -1);
		if (!ready)
			break;
		if (ready < 0)
			continue; /* a signal: the flag says which */
		if (polls[0].revents)
			err = take_output(console);
		if (!err && polls[1].revents)
			err = take_input(console);
	}
	return err == -EINTR ? 0 : err;
}

int cmd_console(const struct invocation *invocation)
{
	static struct console console;
	struct message_options options;
	int code, err;

	code = message_options_parse(invocation, OPTION_TIMEOUT, &options);
	if (code)
		return code;
	console.linger_ms = options.timeout_ms < 0 ? LINGER_MS : options.timeout_ms;
	code = mount_open(invocation->mount, &console.mount);
	if (code)
		return code;
	code = console_open(&console, options.channel);
	if (code == TOOL_OK) {
		err = relay(&console);
		console_close(&console);
		/* A tty whose channel went away says EIO. */
		if (err)
			code = rpmsg_file_failed(&console.file, "console",
						 err == -EIO ? EPIPE : -err);
	}
	mount_close(&console.mount);
	return code;
}
