/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librproc in a program's own poll loop: nothing here ever blocks but poll(). Words
 * on the standard input (start, stop, crash) are asked of a board's first processor,
 * events are printed as they come. At the end of input the processor is stopped.
 *
 *     wait_for_events BOARD.dtb FIRMWARE_DIR FIRMWARE [PLUGIN_DIR [STATE_DIR]]
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <librproc/rproc.h>

struct loop {
	struct rproc_context *context;
	struct rproc *rproc;
	char line[64]; /* input up to the next newline */
	size_t len;
	int answers;	      /* eventfd: counts requests that were answered */
	unsigned int pending; /* requests that were not */
};

/* On the processor's worker thread, so it only tells and wakes the loop. */
static void print_result(struct rproc *rproc, int result, void *data)
{
	struct loop *loop = data;
	char story[512] = "";

	if (result)
		rproc_last_error(rproc, story, sizeof(story));
	printf("answer: %s %s\n", result ? strerror(-result) : "done", story);
	eventfd_write(loop->answers, 1);
}

static void ask(struct loop *loop, enum rproc_request request)
{
	if (rproc_request(loop->rproc, request, NULL, print_result, loop) > 0)
		loop->pending++;
}

static void obey(struct loop *loop, const char *word)
{
	if (!strcmp(word, "start"))
		ask(loop, RPROC_REQUEST_BOOT);
	else if (!strcmp(word, "stop"))
		ask(loop, RPROC_REQUEST_SHUTDOWN);
	else if (!strcmp(word, "crash"))
		rproc_report_crash(loop->rproc, RPROC_CRASH_WATCHDOG);
	else
		printf("start, stop or crash, not \"%s\"\n", word);
}

/* False at the end of input. */
static bool read_words(struct loop *loop)
{
	char buf[256];
	ssize_t len = read(STDIN_FILENO, buf, sizeof(buf));

	for (ssize_t i = 0; i < len; i++) {
		if (buf[i] != '\n' && loop->len < sizeof(loop->line) - 1) {
			loop->line[loop->len++] = buf[i];
			continue;
		}
		loop->line[loop->len] = '\0';
		loop->len = 0;
		obey(loop, loop->line);
	}
	return len > 0;
}

static void read_events(struct loop *loop)
{
	struct rproc_event event;

	while (rproc_event_read(loop->context, &event))
		if (event.type == RPROC_EVENT_STATE)
			printf("event %llu: %s %s -> %s (%s)\n", (unsigned long long)event.sequence,
			       event.name, rproc_state_name(event.old_state),
			       rproc_state_name(event.new_state), event.reason);
	fflush(stdout);
}

static void run(struct loop *loop)
{
	struct pollfd polls[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = rproc_event_fd(loop->context), .events = POLLIN },
		{ .fd = loop->answers, .events = POLLIN },
	};
	eventfd_t answered;

	while (polls[0].fd >= 0 || loop->pending) {
		poll(polls, 3, -1);
		if (polls[1].revents)
			read_events(loop);
		if (polls[2].revents && !eventfd_read(loop->answers, &answered))
			loop->pending -= (unsigned int)answered;
		if (polls[0].revents && !read_words(loop)) {
			polls[0].fd = -1;
			ask(loop, RPROC_REQUEST_RELEASE);
		}
	}
	read_events(loop);
}

static int open_processor(struct loop *loop, char **argv)
{
	char story[512];
	int err = rproc_context_add_board_file(loop->context, argv[1], false);

	if (err <= 0) {
		rproc_context_last_error(loop->context, story, sizeof(story));
		fprintf(stderr, "%s: no processor: %s\n", argv[1], story);
		return -1;
	}
	loop->rproc = rproc_get_next(loop->context, -1);
	return rproc_set_firmware(loop->rproc, argv[3]);
}

int main(int argc, char **argv)
{
	struct rproc_context_options options = { .size = sizeof(options) };
	struct loop loop = { .answers = eventfd(0, EFD_CLOEXEC) };
	int err;

	if (argc < 4)
		return fprintf(stderr,
			       "usage: %s BOARD.dtb FIRMWARE_DIR FIRMWARE "
			       "[PLUGIN_DIR [STATE_DIR]]\n",
			       argv[0]),
		       2;
	options.firmware_path = argv[2];
	options.plugin_path = argc > 4 ? argv[4] : NULL;
	options.state_dir = argc > 5 ? argv[5] : NULL;
	err = rproc_context_new(&options, &loop.context);
	if (err)
		return fprintf(stderr, "no context: %s\n", strerror(-err)), 1;
	err = open_processor(&loop, argv);
	if (!err)
		run(&loop);
	rproc_put(loop.rproc);
	rproc_context_free(loop.context);
	close(loop.answers);
	return err ? 1 : 0;
}
