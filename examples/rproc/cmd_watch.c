/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `rproc watch`: librproc/events as it comes. The kernel has no such file, nor
 * does its `state` ever tell of a change: there the states are read again and
 * again, and lines of the same kind are made.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <librproc/rproc.h>
#include "mount.h"
#include "tool.h"
#include "trouble.h"

/* How often states are read where nothing tells of a change. */
#define LOOK_MS 100

struct watch_options {
	const char *name;
	const char *until; /* states, separated by commas, to be passed in this order; or NULL */
	long timeout_ms;   /* or -1 */
};

struct watcher {
	struct mount mount;
	struct processor processor; /* index -1: all */
	const struct watch_options *options;
	const char *next;   /* what of options->until is still to come */
	bool lost;	    /* events were, and with them perhaps what is waited for */
	long long deadline; /* ms of CLOCK_MONOTONIC, or -1 */
	char line[1024];
	size_t line_len;
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* ms until the deadline, at most @most (-1: no limit); 0 when it has passed. */
static int time_left(const struct watcher *watcher, int most)
{
	long long left;

	if (watcher->deadline < 0)
		return most;
	left = watcher->deadline - now_ms();
	if (left < 0)
		left = 0;
	if (left > 1 << 30)
		left = 1 << 30;
	return most >= 0 && left > most ? most : (int)left;
}

/* Is there something to wait for, and was all of it seen? */
static bool reached(const struct watcher *watcher)
{
	return watcher->next && !*watcher->next;
}

/* The processor came to @state, or is in it: tick it off if it is the next to come. */
static void pass(struct watcher *watcher, const char *state, size_t len)
{
	size_t next_len;

	if (!watcher->next)
		return;
	next_len = strcspn(watcher->next, ",");
	if (len != next_len || strncmp(watcher->next, state, len))
		return;
	watcher->next += next_len;
	watcher->next += *watcher->next == ',';
}

static void print_state(const struct processor *processor, const char *state)
{
	printf("remoteproc%d ", processor->index);
	trouble_print(stdout, processor->name, strlen(processor->name));
	fputs(" is ", stdout);
	trouble_print(stdout, state, strlen(state));
	putchar('\n');
}

/* Where it begins; whoever reads it knows that from here on nothing is missed. */
static int print_states(struct watcher *watcher)
{
	struct processor *processors;
	size_t count;
	int err = mount_processors(&watcher->mount, &processors, &count);

	if (err) {
		trouble_report("watch", -err, "", "");
		return TOOL_REFUSED;
	}
	for (size_t i = 0; i < count; i++) {
		char state[32];

		if (watcher->processor.index >= 0 &&
		    watcher->processor.index != processors[i].index)
			continue;
		mount_read(&watcher->mount, processors[i].dir, "state", state, sizeof(state));
		print_state(&processors[i], state);
		pass(watcher, state, strlen(state));
	}
	free(processors);
	fflush(stdout);
	return TOOL_OK;
}

static int timed_out(const struct watcher *watcher)
{
	char state[32];

	fflush(stdout);
	if (!watcher->next)
		return TOOL_TIMEOUT;
	mount_read(&watcher->mount, watcher->processor.dir, "state", state, sizeof(state));
	fputs("rproc: watch: ", stderr);
	trouble_print(stderr, watcher->processor.name, strlen(watcher->processor.name));
	fputs(" is ", stderr);
	trouble_print(stderr, state, strlen(state));
	fprintf(stderr, ", and was not %.*s in %ld ms\n", (int)strcspn(watcher->next, ","),
		watcher->next, watcher->options->timeout_ms);
	return TOOL_TIMEOUT;
}

/* ---- events that come ---------------------------------------------------------- */

/*
 * Is the event of the processor asked for? The third word says of which it is, and
 * nothing behind does: a reason may have words that firmware chose. An event of no
 * processor, that events were lost, is everybody's.
 */
static bool concerns(const struct watcher *watcher, const char *line)
{
	int index, words = 0, end = 0;

	if (watcher->processor.index < 0)
		return true;
	sscanf(line, "%*s %*s %n", &words);
	if (!words || sscanf(line + words, "remoteproc%d%n", &index, &end) != 1 ||
	    line[words + end] != ' ')
		return true;
	return index == watcher->processor.index;
}

/* "SEQUENCE TIME N events lost": the mount itself was too slow. */
static bool tells_of_loss(const char *line)
{
	int end = 0;

	return sscanf(line, "%*s %*s %*u events lost%n", &end) != EOF && end && !line[end];
}

/* "... OLD -> NEW: REASON" is a change of state; other events have no arrow before it. */
static void take_line(struct watcher *watcher)
{
	const char *reason = strstr(watcher->line, ": ");
	const char *arrow = strstr(watcher->line, " -> ");

	trouble_print(stdout, watcher->line, watcher->line_len);
	putchar('\n');
	watcher->lost |= tells_of_loss(watcher->line);
	if (arrow && (!reason || arrow < reason))
		pass(watcher, arrow + 4, strcspn(arrow + 4, " :"));
}

/* Print the whole lines of what was read; keep the rest for the next read. */
static void print_lines(struct watcher *watcher, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n') {
			if (watcher->line_len < sizeof(watcher->line) - 1)
				watcher->line[watcher->line_len++] = text[i];
			continue;
		}
		watcher->line[watcher->line_len] = '\0';
		if (concerns(watcher, watcher->line) && !reached(watcher))
			take_line(watcher);
		watcher->line_len = 0;
	}
	fflush(stdout);
}

/*
 * One read. 1: there was something, which is printed if @print; 0: nothing waits;
 * -TOOL_REFUSED: it failed, and that was told.
 */
static int read_events(struct watcher *watcher, int fd, bool print)
{
	char buf[4096];
	ssize_t len = read(fd, buf, sizeof(buf));

	if (len < 0 && errno == EPIPE) {
		if (print) {
			puts("-- events were lost: this reader was too slow --");
			watcher->lost = true;
		}
		return 1;
	}
	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (len <= 0) {
		trouble_report("watch", len ? errno : ENODEV, "", "");
		return -TOOL_REFUSED;
	}
	if (print)
		print_lines(watcher, buf, (size_t)len);
	return ferror(stdout) ? -TOOL_REFUSED : 1;
}

/* What happened before is history: a watch begins now. */
static int skip_history(struct watcher *watcher, int fd)
{
	int got;

	do {
		got = read_events(watcher, fd, false);
	} while (got > 0);
	return -got;
}

/*
 * What is waited for may have been among them, and then never comes again. So begin anew, with
 * the state there is; if that is not it either, say so rather than wait.
 */
static int start_over(struct watcher *watcher, int fd)
{
	const char *next = watcher->next;
	int code;

	watcher->lost = false;
	watcher->line_len = 0;
	if (!next)
		return TOOL_OK;
	code = skip_history(watcher, fd);
	if (code == TOOL_OK)
		code = print_states(watcher);
	if (code != TOOL_OK || watcher->next != next)
		return code;
	fputs("rproc: watch: events were lost: whether ", stderr);
	trouble_print(stderr, watcher->processor.name, strlen(watcher->processor.name));
	fprintf(stderr, " was %.*s meanwhile is not known\n", (int)strcspn(next, ","), next);
	return TOOL_REFUSED;
}

static int watch_events(struct watcher *watcher, int fd)
{
	int code = skip_history(watcher, fd);

	if (code == TOOL_OK)
		code = print_states(watcher);
	while (code == TOOL_OK && !reached(watcher)) {
		struct pollfd polls[] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = watcher->next ? -1 : STDOUT_FILENO },
		};
		int got;

		if (!poll(polls, 2, time_left(watcher, -1)))
			return timed_out(watcher);
		/* Nobody reads the output any more. */
		if (polls[1].revents & POLLERR)
			break;
		got = read_events(watcher, fd, true);
		if (got < 0)
			code = -got;
		else if (watcher->lost && !reached(watcher))
			code = start_over(watcher, fd);
	}
	return code;
}

/* ---- looking again and again ----------------------------------------------------- */

struct seen {
	int index;
	char name[256];
	char state[32];
};

static const struct seen *find_seen(const struct seen *seen, size_t count, int index)
{
	for (size_t i = 0; i < count; i++)
		if (seen[i].index == index)
			return &seen[i];
	return NULL;
}

static void print_change(const struct seen *seen, const char *from, const char *to)
{
	printf("remoteproc%d ", seen->index);
	trouble_print(stdout, seen->name, strlen(seen->name));
	putchar(' ');
	trouble_print(stdout, from, strlen(from));
	fputs(" -> ", stdout);
	trouble_print(stdout, to, strlen(to));
	putchar('\n');
}

static void print_differences(struct watcher *watcher, const struct seen *before, size_t num_before,
			      const struct seen *after, size_t num_after)
{
	for (size_t i = 0; i < num_after; i++) {
		const struct seen *old = find_seen(before, num_before, after[i].index);

		if (old && !strcmp(old->state, after[i].state))
			continue;
		print_change(&after[i], old ? old->state : "absent", after[i].state);
		pass(watcher, after[i].state, strlen(after[i].state));
	}
	for (size_t i = 0; i < num_before; i++)
		if (!find_seen(after, num_after, before[i].index))
			print_change(&before[i], before[i].state, "absent");
	fflush(stdout);
}

static int look(const struct watcher *watcher, struct seen **ret_seen, size_t *ret_count)
{
	struct processor *processors;
	struct seen *seen;
	size_t count, used = 0;
	int err = mount_processors(&watcher->mount, &processors, &count);

	if (err)
		return err;
	seen = calloc(count + 1, sizeof(*seen));
	for (size_t i = 0; seen && i < count; i++) {
		if (watcher->processor.index >= 0 &&
		    watcher->processor.index != processors[i].index)
			continue;
		seen[used].index = processors[i].index;
		memcpy(seen[used].name, processors[i].name, sizeof(seen[used].name));
		mount_read(&watcher->mount, processors[i].dir, "state", seen[used].state,
			   sizeof(seen[used].state));
		used++;
	}
	free(processors);
	if (!seen)
		return -ENOMEM;
	*ret_seen = seen;
	*ret_count = used;
	return 0;
}

static int watch_states(struct watcher *watcher)
{
	struct seen *before = NULL, *after;
	size_t num_before = 0, num_after;
	int code, err;

	err = look(watcher, &before, &num_before);
	code = err ? TOOL_REFUSED : print_states(watcher);
	while (!err && code == TOOL_OK && !reached(watcher)) {
		if (!time_left(watcher, LOOK_MS)) {
			code = timed_out(watcher);
			break;
		}
		poll(NULL, 0, time_left(watcher, LOOK_MS));
		err = look(watcher, &after, &num_after);
		if (err)
			break;
		print_differences(watcher, before, num_before, after, num_after);
		free(before);
		before = after;
		num_before = num_after;
	}
	free(before);
	if (err) {
		trouble_report("watch", -err, "", "");
		return TOOL_REFUSED;
	}
	return code;
}

/* ---- the command ------------------------------------------------------------------- */

static int watch(const struct invocation *invocation, const struct watch_options *options)
{
	struct watcher watcher = { .processor.index = -1,
				   .options = options,
				   .next = options->until };
	int code, fd;

	watcher.deadline = options->timeout_ms < 0 ? -1 : now_ms() + options->timeout_ms;
	code = mount_open(invocation->mount, &watcher.mount);
	if (code)
		return code;
	if (options->name) {
		code = mount_resolve(&watcher.mount, options->name, &watcher.processor);
		if (code)
			goto out_close;
	}
	if (!watcher.mount.own) {
		code = watch_states(&watcher);
		goto out_close;
	}
	fd = mount_open_file(&watcher.mount, "librproc", "events", O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		trouble_report("watch: librproc/events", -fd, "", "");
		code = TOOL_REFUSED;
		goto out_close;
	}
	code = watch_events(&watcher, fd);
	close(fd);
out_close:
	mount_close(&watcher.mount);
	return code;
}

/* Seconds, with a fraction if need be, in ms; -1 for what is no time. */
static long parse_seconds(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0 && seconds <= 1e6))
		return -1;
	return (long)(seconds * 1000);
}

/* Only states that exist: a misspelt one would be waited for for ever. */
static bool are_states(const char *list)
{
	for (;;) {
		const size_t len = strcspn(list, ",");
		unsigned int state = 0;

		while (state < RPROC_STATE_LAST &&
		       (strlen(rproc_state_name(state)) != len ||
			strncmp(rproc_state_name(state), list, len) != 0))
			state++;
		if (state == RPROC_STATE_LAST)
			return false;
		if (!list[len])
			return true;
		list += len + 1;
	}
}

int cmd_watch(const struct invocation *invocation)
{
	struct watch_options options = { .timeout_ms = -1 };

	for (int i = 1; i < invocation->argc; i++) {
		const char *arg = invocation->argv[i];
		bool more = i + 1 < invocation->argc;

		if (!strcmp(arg, "--until") && more) {
			options.until = invocation->argv[++i];
		} else if (!strcmp(arg, "--timeout") && more) {
			options.timeout_ms = parse_seconds(invocation->argv[++i]);
			if (options.timeout_ms < 0)
				return tool_usage(invocation, "--timeout takes seconds");
		} else if (arg[0] == '-') {
			return tool_usage(invocation, "`watch` does not know %s", arg);
		} else if (options.name) {
			return tool_usage(invocation, "`watch` takes one processor, or none");
		} else {
			options.name = arg;
		}
	}
	if (options.until && !options.name)
		return tool_usage(invocation, "--until needs the processor's name");
	if (options.until && !are_states(options.until))
		return tool_usage(invocation,
				  "--until %s: states are offline, suspended, running, crashed, "
				  "attached and detached",
				  options.until);
	return watch(invocation, &options);
}
