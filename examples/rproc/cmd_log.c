/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `rproc log`: what a processor's firmware writes in its traces, and with -k what
 * the framework says about it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "mount.h"
#include "record.h"
#include "tool.h"
#include "trace_view.h"
#include "trouble.h"

#define MAX_TRACES 16
/* A trace lies in the firmware's memory: nobody needs more than this of it. */
#define MAX_TRACE_LEN (16u << 20)
/* How long a change may go unseen where poll() does not tell of it. */
#define LOOK_MS 200
/* The least time between two looks where poll() tells of everything. */
#define REST_MS 20

struct log_options {
	bool follow;
	bool framework;
	const char *name; /* or NULL */
};

struct follower {
	struct mount mount;
	struct processor processor;
	struct trace_view view[MAX_TRACES];
	size_t capacity[MAX_TRACES];
	int fd[MAX_TRACES]; /* open while the trace exists, to poll it; or -1 */
	bool many;	    /* there was a second trace once: say which is which */
	char last;	    /* byte printed, to begin lines where lines begin */
	int last_trace;
};

/* ---- reading a trace --------------------------------------------------------- */

/* The whole trace, opened anew: a descriptor may belong to the processor's last life. */
static int read_trace(const struct follower *follower, int index, char **ret_text, size_t *ret_len)
{
	size_t len = 0, room = 4096;
	char file[32], *text;
	ssize_t got = 0;
	int err = 0, fd;

	snprintf(file, sizeof(file), "trace%d", index);
	fd = mount_open_file(&follower->mount, follower->processor.debug, file, O_RDONLY);
	if (fd < 0)
		return fd;
	text = malloc(room);
	while (text && (got = read(fd, text + len, room - len)) > 0) {
		char *more;

		len += (size_t)got;
		if (len < room || room >= MAX_TRACE_LEN)
			continue;
		more = realloc(text, 2 * room);
		if (!more) {
			free(text);
			text = NULL;
			break;
		}
		text = more;
		room *= 2;
	}
	if (!text)
		err = -ENOMEM;
	else if (got < 0)
		err = -errno;
	close(fd);
	if (err) {
		free(text);
		return err;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

/*
 * Size of the buffer of trace @index, 0 if it cannot be found out. Nothing but the
 * table tells: a trace's file is as long as its text.
 */
static size_t find_capacity(const struct follower *follower, int index)
{
	static char text[1 << 16];
	char *line, *rest = text;
	unsigned int len;
	bool found = false;

	mount_read(&follower->mount, follower->processor.debug, "resource_table", text,
		   sizeof(text));
	while ((line = strsep(&rest, "\n"))) {
		if (!strncmp(line, "Entry ", 6))
			found = strstr(line, " is of type trace") && !index--;
		else if (found && sscanf(line, " Length 0x%x", &len) == 1)
			return len;
	}
	return 0;
}

/* ---- printing ------------------------------------------------------------------ */

static void put_line_end(struct follower *follower)
{
	if (follower->last != '\n')
		putchar('\n');
	follower->last = '\n';
}

/* Text of a trace goes out as it is, but for what would steer a terminal. */
static void print_piece(struct follower *follower, int index, const char *text, size_t len)
{
	if (follower->last_trace != index)
		put_line_end(follower);
	follower->last_trace = index;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (follower->last == '\n' && follower->many)
			printf("trace%d: ", index);
		if (c != '\n' && c != '\t' && c != '\r' && trouble_steers(follower->last, text[i]))
			printf("\\x%02x", c);
		else
			putchar(c);
		follower->last = text[i];
	}
}

/* 1: something new was printed; 0: nothing; a negative errno. */
static int look_at_trace(struct follower *follower, int index)
{
	struct trace_view *view = &follower->view[index];
	struct trace_news news;
	bool seen = view->text;
	size_t len;
	char *text;
	int err = read_trace(follower, index, &text, &len);

	if (err)
		return err;
	if (!view->text)
		follower->capacity[index] = find_capacity(follower, index);
	err = trace_view_update(view, text, len, follower->capacity[index], &news);
	/* Another firmware may have another buffer. */
	if (!err && news.restarted)
		follower->capacity[index] = find_capacity(follower, index);
	if (!err && news.restarted && seen) {
		put_line_end(follower);
		printf("-- trace%d begins again --\n", index);
	}
	for (int i = 0; !err && i < 2; i++)
		print_piece(follower, index, text + news.piece[i].start, news.piece[i].len);
	free(text);
	if (err)
		return err;
	return news.restarted || news.piece[0].len || news.piece[1].len;
}

/* The traces there are now: their number, or a negative errno. *ret_news: any new text. */
static int look_at_all(struct follower *follower, bool *ret_news)
{
	int count;

	*ret_news = false;
	for (count = 0; count < MAX_TRACES; count++) {
		int err = look_at_trace(follower, count);

		/* Traces go when the processor stops, between two calls as well. */
		if (err == -ENOENT || err == -ENODEV || err == -EIO)
			break;
		if (err < 0)
			return err;
		*ret_news |= err > 0;
		follower->many |= count > 0;
	}
	fflush(stdout);
	return count;
}

/* ---- following -------------------------------------------------------------------- */

static void forget_from(struct follower *follower, int count)
{
	for (int i = count; i < MAX_TRACES; i++) {
		if (follower->fd[i] >= 0)
			close(follower->fd[i]);
		follower->fd[i] = -1;
	}
}

static void rest(unsigned int ms)
{
	struct timespec time = { .tv_nsec = (long)ms * 1000000 };

	nanosleep(&time, NULL);
}

/*
 * Until a trace changes, or may have; false if nobody reads the output any more. Only the
 * exceptional condition is asked for: the kernel's trace files call themselves always readable.
 */
static bool wait_for_change(struct follower *follower, int count)
{
	struct pollfd polls[MAX_TRACES + 1];

	for (int i = 0; i < count; i++) {
		char file[32];

		snprintf(file, sizeof(file), "trace%d", i);
		if (follower->fd[i] < 0)
			follower->fd[i] = mount_open_file(
				&follower->mount, follower->processor.debug, file, O_RDONLY);
		polls[i] = (struct pollfd){ .fd = follower->fd[i], .events = POLLPRI };
	}
	forget_from(follower, count);
	polls[count] = (struct pollfd){ .fd = STDOUT_FILENO };
	poll(polls, (nfds_t)count + 1, LOOK_MS);
	for (int i = 0; i < count; i++) {
		if (!(polls[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
			continue;
		/* Seen from now on, or gone: a new descriptor knows which. */
		close(follower->fd[i]);
		follower->fd[i] = -1;
	}
	rest(REST_MS);
	return !(polls[count].revents & POLLERR);
}

static int no_traces(const struct follower *follower)
{
	char state[32];

	mount_read(&follower->mount, follower->processor.dir, "state", state, sizeof(state));
	fputs("rproc: log: ", stderr);
	trouble_print(stderr, follower->processor.name, strlen(follower->processor.name));
	fputs(" is ", stderr);
	trouble_print(stderr, state, strlen(state));
	fputs(" and has no trace\n", stderr);
	fputs("  why: traces exist from start to stop, if the firmware's resource table names "
	      "one\n"
	      "  try: start it; rproc log -f waits for that; rproc check FILE lists the table\n",
	      stderr);
	return TOOL_REFUSED;
}

static int show_traces(struct follower *follower, bool follow)
{
	bool news;
	int count;

	for (;;) {
		count = look_at_all(follower, &news);
		if (count < 0) {
			trouble_report("log", -count, "",
				       count == -EACCES ? "traces are for root only, as in the "
							  "kernel's debugfs"
							: "");
			return TOOL_REFUSED;
		}
		if (!follow)
			break;
		if (ferror(stdout) || !wait_for_change(follower, count))
			return TOOL_OK;
	}
	if (count)
		put_line_end(follower);
	return count ? TOOL_OK : no_traces(follower);
}

static int log_traces(const struct invocation *invocation, const struct log_options *options)
{
	struct follower *follower = calloc(1, sizeof(*follower));
	int code;

	if (!follower) {
		trouble_report("log", ENOMEM, "", "");
		return TOOL_REFUSED;
	}
	follower->last = '\n';
	for (int i = 0; i < MAX_TRACES; i++)
		follower->fd[i] = -1;
	code = mount_open(invocation->mount, &follower->mount);
	if (code)
		goto out_free;
	code = mount_resolve(&follower->mount, options->name, &follower->processor);
	if (code == TOOL_OK)
		code = show_traces(follower, options->follow);
	forget_from(follower, 0);
	for (int i = 0; i < MAX_TRACES; i++)
		trace_view_fini(&follower->view[i]);
	mount_close(&follower->mount);
out_free:
	free(follower);
	return code;
}

/* ---- the framework's lines ------------------------------------------------------- */

static int print_records(int fd, int index)
{
	struct record record;
	int got;

	while ((got = record_read(fd, &record)) == 1) {
		if (index < 0 ? !record_is_ours(&record) : !record_is_of(&record, index))
			continue;
		printf("[%5llu.%06llu] ", record.usec / 1000000, record.usec % 1000000);
		trouble_print(stdout, record.text, strlen(record.text));
		putchar('\n');
		if (fflush(stdout))
			return -errno;
	}
	return got;
}

static int log_framework(const struct invocation *invocation, const struct log_options *options)
{
	struct processor processor = { .index = -1 };
	struct mount mount;
	int code, fd, err;

	code = mount_open(invocation->mount, &mount);
	if (code)
		return code;
	if (options->name) {
		code = mount_resolve(&mount, options->name, &processor);
		if (code)
			goto out_close;
	}
	fd = record_open_log(&mount, options->follow);
	err = fd < 0 ? fd : print_records(fd, processor.index);
	if (err < 0) {
		trouble_report("log -k", -err, "",
			       err == -EACCES || err == -EPERM ? "run as root" : "");
		code = TOOL_REFUSED;
	}
	if (fd >= 0)
		close(fd);
out_close:
	mount_close(&mount);
	return code;
}

int cmd_log(const struct invocation *invocation)
{
	struct log_options options = { 0 };

	for (int i = 1; i < invocation->argc; i++) {
		const char *arg = invocation->argv[i];

		if (!strcmp(arg, "-f") || !strcmp(arg, "--follow"))
			options.follow = true;
		else if (!strcmp(arg, "-k") || !strcmp(arg, "--framework"))
			options.framework = true;
		else if (arg[0] == '-')
			return tool_usage(invocation, "`log` has no option %s", arg);
		else if (options.name)
			return tool_usage(invocation, "`log` takes one processor");
		else
			options.name = arg;
	}
	if (options.framework)
		return log_framework(invocation, &options);
	if (!options.name)
		return tool_usage(invocation, "which processor's log?");
	return log_traces(invocation, &options);
}
