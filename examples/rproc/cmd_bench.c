/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `rproc bench`: how fast a service that echoes is. Reads and writes are one system
 * call each, without a poll before: the timer interrupts one that hangs.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "message_options.h"
#include "round_trips.h"
#include "rpmsg_file.h"
#include "stop_signal.h"
#include "trouble.h"

#define DEFAULT_SIZE 64
#define DEFAULT_MS   5000
#define ROW_NS	     1000000000u /* how long a row is measured */
#define WARM_UP	     16

struct bencher {
	struct mount mount;
	struct rpmsg_file file;
	struct message_options options;
	char buf[RPMSG_FILE_MAX];
	struct round_trips trips;
};

static volatile sig_atomic_t out_of_time;

static void ring(int signal)
{
	(void)signal;
	out_of_time = 1;
}

/* From now on calls are interrupted after the timeout, and once a second then. */
static void set_deadline(const struct bencher *bencher)
{
	int ms = bencher->options.timeout_ms + ROW_NS / 1000000;
	struct itimerval timer = {
		.it_value = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 + 1 },
		.it_interval = { .tv_sec = 1 },
	};
	struct sigaction action = { .sa_handler = ring };

	out_of_time = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static int interrupted(void)
{
	return stop_signal_came() || !out_of_time ? -EINTR : -ETIMEDOUT;
}

static int send_one(struct bencher *bencher, size_t size)
{
	int err = rpmsg_file_send(&bencher->file, bencher->buf, size);

	return err == -EINTR ? interrupted() : err;
}

static int receive_one(struct bencher *bencher)
{
	static char in[RPMSG_FILE_MAX];
	ssize_t got;

	do {
		got = read(bencher->file.fd, in, sizeof(in));
	} while (got < 0 && errno == EINTR && !stop_signal_came() && !out_of_time);
	if (got >= 0)
		return 0;
	return errno == EINTR ? interrupted() : -errno;
}

/* ---- rows ------------------------------------------------------------------------------- */

static int round_trip_row(struct bencher *bencher, size_t size)
{
	struct round_trips *trips = &bencher->trips;
	uint64_t begin = round_trips_now(), sent, now;
	int err = 0;

	trips->count = 0;
	set_deadline(bencher);
	for (unsigned int i = 0; !err; i++) {
		sent = round_trips_now();
		err = send_one(bencher, size);
		if (!err)
			err = receive_one(bencher);
		now = round_trips_now();
		if (!err && i >= WARM_UP)
			round_trips_add(trips, now - sent);
		if (i >= WARM_UP && now - begin > ROW_NS)
			break;
	}
	if (err == -EMSGSIZE) {
		printf("round trip, %4zu bytes  longer than a message may be here\n", size);
		return 0;
	}
	if (err)
		return err;
	printf("round trip, %4zu bytes  %9.1f us median  %9.1f min  %9.1f for 99 %%\n", size,
	       round_trips_quantile(trips, 0.5) / 1000.0, round_trips_quantile(trips, 0) / 1000.0,
	       round_trips_quantile(trips, 0.99) / 1000.0);
	return 0;
}

static int throughput_row(struct bencher *bencher, unsigned int window)
{
	size_t size = bencher->options.size;
	uint64_t begin = round_trips_now(), ns = 0, done = 0;
	unsigned int in_flight = 0;
	bool enough = false;
	int err = 0;

	set_deadline(bencher);
	while (!err && (!enough || in_flight)) {
		while (!err && !enough && in_flight < window) {
			err = send_one(bencher, size);
			in_flight += !err;
		}
		if (err)
			break;
		err = receive_one(bencher);
		in_flight--;
		done++;
		ns = round_trips_now() - begin;
		enough = ns > ROW_NS;
	}
	if (err)
		return err;
	printf("%4u in flight, %zu bytes  %9.0f messages/s there and back  %7.1f MB/s each way\n",
	       window, size, (double)done * 1e9 / (double)ns,
	       (double)done * (double)size * 1e3 / (double)ns);
	return 0;
}

static int bench(struct bencher *bencher)
{
	static const size_t sizes[] = { 16, 64, 256, 496 };
	static const unsigned int windows[] = { 1, 32, 128 };
	int err = 0;

	printf("%s through %s\n", bencher->file.label, bencher->file.device);
	memset(bencher->buf, 'b', sizeof(bencher->buf));
	for (size_t i = 0; !err && i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		err = round_trip_row(bencher, sizes[i]);
		fflush(stdout);
	}
	for (size_t i = 0; !err && i < sizeof(windows) / sizeof(windows[0]); i++) {
		err = throughput_row(bencher, windows[i]);
		fflush(stdout);
	}
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	return err ? rpmsg_file_failed(&bencher->file, "bench", -err) : TOOL_OK;
}

int cmd_bench(const struct invocation *invocation)
{
	static struct bencher bencher;
	struct message_options *options = &bencher.options;
	struct channel channel;
	int code;

	code = message_options_parse(invocation, OPTION_SIZE | OPTION_TIMEOUT, options);
	if (code)
		return code;
	if (options->size == SIZE_MAX)
		options->size = DEFAULT_SIZE;
	if (options->timeout_ms < 0)
		options->timeout_ms = DEFAULT_MS;
	code = mount_open(invocation->mount, &bencher.mount);
	if (code)
		return code;
	code = rpmsg_resolve(&bencher.mount, options->channel, &channel);
	if (code == TOOL_OK)
		code = rpmsg_file_open(&bencher.mount, &channel, options->src, &bencher.file);
	if (code)
		goto out_close;
	code = bench(&bencher);
	rpmsg_file_close(&bencher.file);
out_close:
	mount_close(&bencher.mount);
	return code;
}
