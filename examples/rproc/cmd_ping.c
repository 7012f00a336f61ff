/* SPDX-License-Identifier: BSD-3-Clause */
/* `rproc ping`: does a service answer? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "message_options.h"
#include "round_trips.h"
#include "rpmsg_file.h"
#include "stop_signal.h"
#include "trouble.h"

#define PING_COUNT 5
#define PING_SIZE  16
#define PING_MS	   1000
#define LATE_MAX   16u

struct pinger {
	struct mount mount;
	struct rpmsg_file file;
	struct message_options options;
	char out[RPMSG_FILE_MAX], in[RPMSG_FILE_MAX];
	struct round_trips trips;
};

static int pinger_open(const struct invocation *invocation, struct pinger *pinger)
{
	struct channel channel;
	int code = mount_open(invocation->mount, &pinger->mount);

	if (code)
		return code;
	code = rpmsg_resolve(&pinger->mount, pinger->options.channel, &channel);
	if (code == TOOL_OK)
		code = rpmsg_file_open(&pinger->mount, &channel, pinger->options.src,
				       &pinger->file);
	if (code)
		mount_close(&pinger->mount);
	return code;
}

static void pinger_close(struct pinger *pinger)
{
	rpmsg_file_close(&pinger->file);
	mount_close(&pinger->mount);
}

/* ---- ping ------------------------------------------------------------------------------- */

/* Message @number, which no other is like if it is long enough. */
static void fill(char *buf, size_t len, unsigned int number)
{
	char text[24];
	size_t text_len = (size_t)snprintf(text, sizeof(text), "%u rproc ping ", number);

	for (size_t i = 0; i < len; i++)
		buf[i] = text[i % text_len];
}

/* Is it the answer to one of the last messages, which was given up? */
static bool is_late(const struct pinger *pinger, size_t len, unsigned int number)
{
	static char earlier[RPMSG_FILE_MAX];

	if (len != pinger->options.size || !memcmp(pinger->in, pinger->out, len))
		return false;
	for (unsigned int i = 1; i <= number && i <= LATE_MAX; i++) {
		fill(earlier, len, number - i);
		if (!memcmp(pinger->in, earlier, len))
			return true;
	}
	return false;
}

/* The length of the answer to @number, or a negative errno. */
static ssize_t ping_once(struct pinger *pinger, unsigned int number)
{
	size_t len = pinger->options.size;
	ssize_t got;
	int err;

	fill(pinger->out, len, number);
	err = rpmsg_file_send(&pinger->file, pinger->out, len);
	if (err)
		return err;
	do {
		got = rpmsg_file_receive(&pinger->file, pinger->in, sizeof(pinger->in),
					 pinger->options.timeout_ms);
	} while (got >= 0 && is_late(pinger, (size_t)got, number));
	return got;
}

static void print_answer(const struct pinger *pinger, unsigned int number, ssize_t got, uint64_t ns)
{
	bool same = (size_t)got == pinger->options.size && !memcmp(pinger->in, pinger->out, got);

	printf("%u: %zd bytes in %.1f us%s\n", number, got, (double)ns / 1000,
	       same ? "" : ", not what was sent");
	fflush(stdout);
}

static int ping(struct pinger *pinger)
{
	unsigned int answered = 0, sent = 0;
	int code = TOOL_OK;

	while (sent < pinger->options.count && !stop_signal_came()) {
		uint64_t begin = round_trips_now(), ns;
		ssize_t got = ping_once(pinger, sent);

		ns = round_trips_now() - begin;
		if (got == -EINTR)
			break;
		if (got < 0 && got != -ETIMEDOUT)
			return rpmsg_file_failed(&pinger->file, "ping", (int)-got);
		sent++;
		if (got == -ETIMEDOUT) {
			printf("%u: no answer in %d ms\n", sent, pinger->options.timeout_ms);
			fflush(stdout);
			code = TOOL_TIMEOUT;
			continue;
		}
		answered++;
		print_answer(pinger, sent, got, ns);
		round_trips_add(&pinger->trips, ns);
	}
	printf("%s: %u sent, %u answered", pinger->file.label, sent, answered);
	if (answered)
		printf(", round trip %.1f, %.1f, %.1f us (min, median, max)",
		       round_trips_quantile(&pinger->trips, 0) / 1000.0,
		       round_trips_quantile(&pinger->trips, 0.5) / 1000.0,
		       round_trips_quantile(&pinger->trips, 1) / 1000.0);
	putchar('\n');
	return code;
}

int cmd_ping(const struct invocation *invocation)
{
	static struct pinger pinger;
	struct message_options *options = &pinger.options;
	int code = message_options_parse(
		invocation, OPTION_COUNT | OPTION_SIZE | OPTION_TIMEOUT | OPTION_SRC, options);

	if (!options->count)
		options->count = PING_COUNT;
	if (options->size == SIZE_MAX)
		options->size = PING_SIZE;
	if (options->timeout_ms < 0)
		options->timeout_ms = PING_MS;
	if (!code)
		code = pinger_open(invocation, &pinger);
	if (code)
		return code;
	code = ping(&pinger);
	pinger_close(&pinger);
	return code;
}
