/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages: round trips to a firmware process and back against the least two processes
 * can do, which is to wake each other with eventfds; and how fast messages go one way, by
 * how many of them may be on their way, against the least that is for memory.
 *
 *	bench_rpmsg HOST_PLUGIN_DIR FIRMWARE_DIR
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <librproc/rpmsg.h>
#include "bare_ring.h"
#include "bench.h"
#include "mounted.h"
#include "pingpong.h"

#define ROUNDS	    60
#define TRIPS	    400	 /* of one sample */
#define MESSAGES    8192 /* of one sample */
#define DEADLINE_MS 20000
#define SIZES	    4

static const size_t sizes[SIZES] = { 16, 64, 256, 496 };

static double sample_pingpong(void *pingpong)
{
	return bench_time(pingpong_turn, pingpong, TRIPS, TRIPS);
}

/* ---- round trips ----------------------------------------------------------------------------- */

/* The next message leaves from the callback of the last one's echo. */
struct trips {
	struct rproc_rpmsg_ept *ept;
	size_t len;
	unsigned int left;
	int error;
	int done; /* eventfd */
};

static const uint8_t payload[4080];

static void on_echo(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *message,
		    void *data)
{
	struct trips *trips = data;

	if (message->len != trips->len)
		trips->error = -EPROTO;
	else if (--trips->left)
		trips->error = rproc_rpmsg_trysend(ept, payload, trips->len);
	if (trips->error || !trips->left)
		eventfd_write(trips->done, 1);
}

static double sample_trips(void *arg)
{
	struct trips *trips = arg;
	uint64_t begin = bench_now();
	eventfd_t ignored;

	trips->left = TRIPS;
	trips->error = rproc_rpmsg_send(trips->ept, payload, trips->len);
	if (!trips->error && eventfd_read(trips->done, &ignored))
		return -EIO;
	if (trips->error)
		return trips->error;
	return (double)(bench_now() - begin) / TRIPS;
}

/* The same by a thread that sends and sleeps until the answer is in its queue. */
static double sample_queue(void *arg)
{
	const struct trips *trips = arg;
	uint64_t begin = bench_now();
	uint8_t buf[512];
	int i, err;

	for (i = 0; i < TRIPS; i++) {
		err = rproc_rpmsg_send(trips->ept, payload, trips->len);
		if (err)
			return err;
		if (rproc_rpmsg_recv(trips->ept, buf, sizeof(buf), DEADLINE_MS, NULL) !=
		    (ssize_t)trips->len)
			return -EPROTO;
	}
	return (double)(bench_now() - begin) / TRIPS;
}

/* ---- one way ------------------------------------------------------------------------------- */

struct flow {
	struct rproc_rpmsg_ept *ept;
	unsigned int window; /* 0: as many as there are buffers */
	bool nonblocking;
};

static int send_one(const struct flow *flow, const void *data, size_t len)
{
	int err;

	if (!flow->nonblocking)
		return rproc_rpmsg_send(flow->ept, data, len);
	do {
		err = rproc_rpmsg_trysend(flow->ept, data, len);
		if (err == -ENOMEM)
			sched_yield();
	} while (err == -ENOMEM);
	return err;
}

static unsigned int total_of(unsigned int window)
{
	return window < 32 ? MESSAGES / 16 : MESSAGES;
}

/* Each window ends with a message of four bytes, which the sink answers. */
static double sample_flow(void *arg)
{
	const struct flow *flow = arg;
	unsigned int window = flow->window ? flow->window : MESSAGES;
	unsigned int total = total_of(window);
	uint64_t begin = bench_now();
	uint32_t swallowed;
	unsigned int i;
	int err;

	for (i = 1; i <= total; i++) {
		err = send_one(flow, payload, i % window ? 64 : 4);
		if (err)
			return err;
		if (i % window)
			continue;
		if (rproc_rpmsg_recv(flow->ept, &swallowed, 4, DEADLINE_MS, NULL) != 4 ||
		    swallowed != window)
			return -EPROTO;
	}
	return (double)(bench_now() - begin) / total;
}

struct bare_flow {
	struct bare_ring *ring;
	unsigned int window;
};

static double sample_bare_flow(void *arg)
{
	const struct bare_flow *flow = arg;

	return bare_ring_flow(flow->ring, flow->window, total_of(flow->window));
}

/* ---- a processor --------------------------------------------------------------------------- */

struct machine {
	struct rproc_context *context;
	struct rproc *rproc;
	char dir[BENCH_DIR_MAX];
};

static int start_machine(struct machine *machine, char **args, const char *firmware)
{
	const struct rproc_context_options options = { .size = sizeof(options),
						       .plugin_path = args[0],
						       .firmware_dirs = args[1],
						       .state_dir = machine->dir };
	char board[BENCH_DIR_MAX + 16];
	int err = rproc_context_new(&options, &machine->context);

	if (err)
		return err;
	snprintf(board, sizeof(board), "%s/board.dtb", machine->dir);
	err = board_write(board, BOARD_HOST, 1);
	if (!err)
		err = rproc_context_add_board_file(machine->context, board, false);
	unlink(board);
	if (err != 1)
		return err < 0 ? err : -ENODEV;
	machine->rproc = rproc_get_by_index(machine->context, 0);
	err = rproc_set_firmware(machine->rproc, firmware);
	return err ? err : rproc_boot(machine->rproc);
}

static void stop_machine(struct machine *machine)
{
	rproc_put(machine->rproc);
	rproc_context_free(machine->context);
	machine->rproc = NULL;
	machine->context = NULL;
}

static int open_service(struct machine *machine, const char *name,
			const struct rproc_rpmsg_ept_options *options,
			struct rproc_rpmsg_ept **ret_ept, uint64_t *ret_channel)
{
	struct rproc_rpmsg_channel_info info;
	int err = rproc_rpmsg_wait_channel(machine->rproc, name, DEADLINE_MS, &info);

	*ret_channel = info.id;
	return err ? err : rproc_rpmsg_open(machine->context, info.id, options, ret_ept);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void row_of_trips(struct bench *bench, struct trips *trips, struct pingpong *peer,
			 bench_sample_fn sample, const char *how, double aim)
{
	const struct bench_side sides[] = {
		{ .name = "librproc", .sample = sample, .arg = trips },
		{ .name = "eventfd ping-pong", .sample = sample_pingpong, .arg = peer, .aim = aim },
	};
	char name[64];

	snprintf(name, sizeof(name), "rpmsg %s %zu B", how, trips->len);
	bench_compare(bench, name, sides, 2, bench_count(bench, ROUNDS));
}

static int round_trips(struct bench *bench, struct machine *machine, char **args)
{
	struct trips trips = { .done = eventfd(0, EFD_CLOEXEC) };
	const struct rproc_rpmsg_ept_options options = {
		.size = sizeof(options), .receive = on_echo, .data = &trips, .in_place = true
	};
	struct pingpong peer;
	uint64_t channel;
	size_t i;
	int err = start_machine(machine, args, "rpmsg_echo.elf");

	if (!err)
		err = open_service(machine, "rpmsg-raw", &options, &trips.ept, &channel);
	if (!err)
		err = pingpong_start(&peer);
	if (err)
		goto out;
	for (i = 0; i < SIZES; i++) {
		trips.len = sizes[i];
		row_of_trips(bench, &trips, &peer, sample_trips, "round trip", 1.1);
	}
	rproc_rpmsg_destroy_ept(trips.ept);
	err = rproc_rpmsg_open(machine->context, channel, NULL, &trips.ept);
	if (!err) {
		trips.len = sizes[1];
		row_of_trips(bench, &trips, &peer, sample_queue, "send and receive", 0);
		rproc_rpmsg_destroy_ept(trips.ept);
	}
	pingpong_stop(&peer);
out:
	close(trips.done);
	stop_machine(machine);
	return err;
}

static void row_of_flow(struct bench *bench, const char *name, struct flow *flow, const char *other,
			struct flow *against, double aim)
{
	const struct bench_side sides[] = {
		{ .name = "librproc", .sample = sample_flow, .arg = flow },
		{ .name = other, .sample = sample_flow, .arg = against, .aim = aim },
	};

	bench_compare(bench, name, sides, 2, bench_count(bench, ROUNDS / 2));
}

/* What is left to gain by sending faster, where each side has a CPU of its own. */
static int rows_of_bare_ring(struct bench *bench, struct rproc_rpmsg_ept *ept)
{
	static const unsigned int windows[] = { 1, 32, 128 };
	struct bare_ring ring;
	char name[64];
	int err = bare_ring_start(&ring);

	if (err)
		return err;
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct flow flow = { .ept = ept, .window = windows[i] };
		struct bare_flow bare = { .ring = &ring, .window = windows[i] };
		const struct bench_side sides[] = {
			{ .name = "librproc", .sample = sample_flow, .arg = &flow },
			{ .name = "bare ring", .sample = sample_bare_flow, .arg = &bare },
		};

		snprintf(name, sizeof(name), "rpmsg one way, window %u", windows[i]);
		bench_compare(bench, name, sides, 2, bench_count(bench, ROUNDS / 2));
	}
	bare_ring_stop(&ring);
	return 0;
}

/* Sends that may sleep cost no more than sends that may not, when neither has to. */
static void rows_of_windows(struct bench *bench, struct rproc_rpmsg_ept *ept)
{
	static const unsigned int windows[] = { 1, 32, 128 };
	char name[64];

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct flow blocking = { .ept = ept, .window = windows[i] };
		struct flow trying = { .ept = ept, .window = windows[i], .nonblocking = true };

		snprintf(name, sizeof(name), "rpmsg blocking send, window %u", windows[i]);
		row_of_flow(bench, name, &blocking, "non-blocking", &trying, 1.05);
	}
}

/* How many kicks a message takes, when as many as possible are on their way. */
static void row_of_kicks(struct bench *bench, struct machine *machine, uint64_t channel,
			 struct flow *flow)
{
	struct rproc_rpmsg_counters before, after;

	rproc_rpmsg_get_counters(machine->context, channel, &before);
	sample_flow(flow);
	rproc_rpmsg_get_counters(machine->context, channel, &after);
	bench_figure(bench, "rpmsg kicks", "messages", "", (double)(after.kicks - before.kicks),
		     (double)(after.tx_messages - before.tx_messages));
}

static int one_way(struct bench *bench, struct machine *machine, char **args)
{
	struct flow one = { .window = 1 }, some = { .window = 32 }, many = { .window = 128 },
		    sleeping = { .window = 0 }, yielding = { .nonblocking = true };
	struct flow *const flows[] = { &one, &some, &many, &sleeping, &yielding };
	struct rproc_rpmsg_ept *ept;
	uint64_t channel;
	size_t i;
	int err = start_machine(machine, args, "rpmsg_burst.elf");

	if (!err)
		err = open_service(machine, "sink", NULL, &ept, &channel);
	if (err)
		goto out;
	for (i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		flows[i]->ept = ept;
	row_of_flow(bench, "rpmsg one way, window 32", &some, "window 1", &one, 0);
	row_of_flow(bench, "rpmsg one way, window 128", &many, "window 1", &one, 0.125);
	err = rows_of_bare_ring(bench, ept);
	rows_of_windows(bench, ept);
	row_of_flow(bench, "rpmsg one way, sends sleep", &sleeping, "they do not", &yielding, 1.05);
	row_of_kicks(bench, machine, channel, &many);
	rproc_rpmsg_destroy_ept(ept);
out:
	stop_machine(machine);
	return err;
}

int main(int argc, char **argv)
{
	struct machine machine = { 0 };
	struct bench bench;
	char **args;
	int err;

	args = bench_init(&bench, argc, argv, "HOST_PLUGIN_DIR FIRMWARE_DIR");
	err = bench_dir(machine.dir);
	if (!err)
		err = round_trips(&bench, &machine, args);
	if (!err)
		err = one_way(&bench, &machine, args);
	if (err)
		bench_fail(&bench, "rpmsg", err, "a board of one host processor");
	rmdir(machine.dir);
	return bench_exit(&bench);
}
