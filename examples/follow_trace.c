/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Boots a board's first processor and prints its first trace as the firmware writes
 * it, until the processor is no longer running. Ctrl-C ends both.
 *
 *     follow_trace BOARD.dtb FIRMWARE_DIR FIRMWARE [PLUGIN_DIR [STATE_DIR]]
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <librproc/rproc.h>

/* Print what came since @offset; where the trace ends now. */
static uint64_t print_news(struct rproc *rproc, uint64_t offset)
{
	char text[4096];
	ssize_t len;

	while ((len = rproc_trace_read(rproc, 0, text, sizeof(text), offset)) > 0) {
		fwrite(text, 1, (size_t)len, stdout);
		offset += (uint64_t)len;
	}
	fflush(stdout);
	return offset;
}

/*
 * Memory that another processor writes tells nobody of it: look now and then. What
 * the library does tell is a change of state, and that ends the waiting at once.
 */
static void follow(struct rproc_context *context, struct rproc *rproc)
{
	struct pollfd ready = { .fd = rproc_event_fd(context), .events = POLLIN };
	struct rproc_event event;
	uint64_t offset = 0;
	bool running = true;

	while (running) {
		poll(&ready, 1, 50);
		while (rproc_event_read(context, &event)) {
			if (event.type != RPROC_EVENT_STATE)
				continue;
			running = event.new_state == RPROC_STATE_RUNNING;
			fprintf(stderr, "%s is %s: %s\n", event.name,
				rproc_state_name(event.new_state), event.reason);
		}
		/* After the events: the last words come before the end. */
		offset = print_news(rproc, offset);
	}
}

static int boot_and_follow(struct rproc_context *context, const char *firmware)
{
	struct rproc *rproc = rproc_get_next(context, -1);
	char story[512];
	int err;

	/* The last words of a firmware that crashes are of more use than its recovery. */
	rproc_set_recovery(rproc, false);
	err = rproc_set_firmware(rproc, firmware);
	if (!err)
		err = rproc_boot(rproc);
	if (err) {
		rproc_last_error(rproc, story, sizeof(story));
		fprintf(stderr, "%s: %s\n  %s\n", firmware, strerror(-err), story);
	} else {
		follow(context, rproc);
		rproc_shutdown(rproc);
	}
	rproc_put(rproc);
	return err;
}

int main(int argc, char **argv)
{
	struct rproc_context_options options = { .size = sizeof(options) };
	struct rproc_context *context;
	char story[512];
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
	err = rproc_context_new(&options, &context);
	if (err)
		return fprintf(stderr, "no context: %s\n", strerror(-err)), 1;
	err = rproc_context_add_board_file(context, argv[1], false);
	if (err > 0) {
		err = boot_and_follow(context, argv[3]);
	} else {
		rproc_context_last_error(context, story, sizeof(story));
		fprintf(stderr, "%s: no processor: %s\n", argv[1], story);
		err = -1;
	}
	rproc_context_free(context);
	return err ? 1 : 0;
}
