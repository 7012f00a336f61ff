/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages through the mount: round trips on dev/rpmsgN to a host processor that echoes,
 * against two processes that hand each other an eventfd; and how many go one way.
 *
 *	bench_rpmsg_file RPROCFS HOST_PLUGIN_DIR FIRMWARE_DIR
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "bench.h"
#include "mounted.h"
#include "pingpong.h"

#define ROUNDS	 40
#define TRIPS	 1000
#define MESSAGES 4096 /* a sample, one way */
#define SIZE	 64
#define WAIT_MS	 10000
#define LOOK_MS	 10
#define NAME	 "rpmsg through files"

/* The kernel's: include/uapi/linux/rpmsg.h. */
struct endpoint_info {
	char name[32];
	uint32_t src, dst;
};
#define CREATE_ENDPOINT _IOW(0xb5, 1, struct endpoint_info)

struct device {
	int fd;
	size_t size;	     /* of messages there and back */
	unsigned int window; /* one way: messages, the last of them with an answer */
};

/* ---- what is measured -------------------------------------------------------------------- */

/* A message out, whether the descriptor waits or not. */
static int put(const struct device *device, const void *data, size_t len)
{
	struct pollfd out = { .fd = device->fd, .events = POLLOUT };

	for (;;) {
		ssize_t written = write(device->fd, data, len);

		if (written >= 0)
			return (size_t)written == len ? 0 : -EIO;
		if (errno != EAGAIN)
			return -errno;
		if (poll(&out, 1, WAIT_MS) <= 0)
			return -ETIMEDOUT;
	}
}

static ssize_t get(const struct device *device, void *buf, size_t len)
{
	struct pollfd in = { .fd = device->fd, .events = POLLIN };

	for (;;) {
		ssize_t got = read(device->fd, buf, len);

		if (got >= 0)
			return got;
		if (errno != EAGAIN)
			return -errno;
		if (poll(&in, 1, WAIT_MS) <= 0)
			return -ETIMEDOUT;
	}
}

static int trip(void *arg)
{
	const struct device *device = arg;
	char message[512] = { 0 };
	ssize_t len;
	int err = put(device, message, device->size);

	if (err)
		return err;
	len = get(device, message, sizeof(message));
	if (len < 0)
		return (int)len;
	return (size_t)len == device->size ? 0 : -EBADMSG;
}

static double sample_trips(void *device)
{
	return bench_time(trip, device, TRIPS, TRIPS);
}

static double sample_pingpong(void *pingpong)
{
	return bench_time(pingpong_turn, pingpong, TRIPS, TRIPS);
}

/* Messages to the sink; the last, of four bytes, is answered with how many there were. */
static int send_window(void *arg)
{
	static const char message[SIZE];
	const struct device *device = arg;
	uint32_t swallowed = 0;
	ssize_t len;
	int err = 0;

	for (unsigned int i = 1; i < device->window && !err; i++)
		err = put(device, message, sizeof(message));
	if (!err)
		err = put(device, message, sizeof(swallowed));
	if (err)
		return err;
	len = get(device, &swallowed, sizeof(swallowed));
	if (len < 0)
		return (int)len;
	return len == sizeof(swallowed) && swallowed == device->window ? 0 : -EBADMSG;
}

/* ns of one message. */
static double sample_windows(void *arg)
{
	const struct device *device = arg;
	unsigned int windows = MESSAGES / device->window;
	double window;

	if (windows > 256)
		windows = 256;
	window = bench_time(send_window, arg, windows, windows);
	return window < 0 ? window : window / device->window;
}

static void bench_trips(struct bench *bench, struct device *device, struct pingpong *pingpong)
{
	static const size_t sizes[] = { 16, 64, 256, 496 };
	const struct bench_side sides[] = {
		{ .name = "librproc", .sample = sample_trips, .arg = device },
		{ .name = "eventfd ping-pong", .sample = sample_pingpong, .arg = pingpong },
	};
	char name[64];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		device->size = sizes[i];
		snprintf(name, sizeof(name), "dev/rpmsgN round trip %zu B", sizes[i]);
		bench_compare(bench, name, sides, 2, bench_count(bench, ROUNDS));
	}
}

static void bench_one_way(struct bench *bench, int waiting, int trying)
{
	static const unsigned int windows[] = { 1, 32, 128 };
	struct device alone = { .fd = waiting, .window = 1 };
	char name[64];

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct device blocking = { .fd = waiting, .window = windows[i] };
		struct device polling = { .fd = trying, .window = windows[i] };
		const struct bench_side sides[] = {
			{ .name = "librproc", .sample = sample_windows, .arg = &blocking },
			{ .name = "non-blocking", .sample = sample_windows, .arg = &polling },
			{ .name = "window 1", .sample = sample_windows, .arg = &alone },
		};

		snprintf(name, sizeof(name), "dev/rpmsgN one way, window %u", windows[i]);
		bench_compare(bench, name, sides, windows[i] > 1 ? 3 : 2,
			      bench_count(bench, ROUNDS / 2));
	}
}

/* ---- the mount --------------------------------------------------------------------------- */

static int put_word(const char *dir, const char *file, const char *word)
{
	char path[BENCH_DIR_MAX + 96];
	ssize_t written;
	int err, fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	written = write(fd, word, strlen(word));
	err = written < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* Until a file is there: each service that firmware announces is a line in the log. */
static int await_file(const char *dir, const char *file, int log)
{
	uint64_t deadline = bench_now() + WAIT_MS * UINT64_C(1000000);
	char path[BENCH_DIR_MAX + 96], record[512];
	struct pollfd news = { .fd = log, .events = POLLIN };

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	while (access(path, F_OK)) {
		if (bench_now() > deadline)
			return -ETIMEDOUT;
		/* The line may come a moment before the file does. */
		if (poll(&news, 1, LOOK_MS) > 0 && read(log, record, sizeof(record)) < 0 &&
		    errno != EAGAIN && errno != EPIPE)
			return -errno;
	}
	return 0;
}

/* A device for the sink of the second processor's bus. */
static int make_sink(const char *dir)
{
	const struct endpoint_info info = { .name = "sink", .src = UINT32_MAX, .dst = 0x401 };
	char path[BENCH_DIR_MAX + 32];
	int err = 0, fd;

	snprintf(path, sizeof(path), "%s/dev/rpmsg_ctrl1", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, CREATE_ENDPOINT, &info))
		err = -errno;
	close(fd);
	return err;
}

static int start(const char *dir)
{
	char path[BENCH_DIR_MAX + 32];
	int err, log;

	snprintf(path, sizeof(path), "%s/librproc/log", dir);
	log = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log < 0)
		return -errno;
	err = put_word(dir, "class/remoteproc/remoteproc0/firmware", "rpmsg_echo.elf");
	if (!err)
		err = put_word(dir, "class/remoteproc/remoteproc1/firmware", "rpmsg_burst.elf");
	if (!err)
		err = put_word(dir, "class/remoteproc/remoteproc0/state", "start");
	if (!err)
		err = await_file(dir, "dev/rpmsg0", log);
	if (!err)
		err = put_word(dir, "class/remoteproc/remoteproc1/state", "start");
	if (!err)
		err = await_file(dir, "dev/rpmsg_ctrl1", log);
	if (!err)
		err = make_sink(dir);
	if (!err)
		err = await_file(dir, "dev/rpmsg1", log);
	close(log);
	return err;
}

static int open_device(const char *dir, const char *name, int flags)
{
	char path[BENCH_DIR_MAX + 32];

	snprintf(path, sizeof(path), "%s/dev/%s", dir, name);
	return open(path, O_RDWR | O_CLOEXEC | flags);
}

static void run_started(struct bench *bench, const char *dir)
{
	struct device echo = { .fd = open_device(dir, "rpmsg0", 0) };
	int sink = open_device(dir, "rpmsg1", 0);
	struct pingpong pingpong;
	int err = -errno, trying;

	if (echo.fd < 0 || sink < 0) {
		bench_fail(bench, NAME, err, "opening dev/rpmsg0 and dev/rpmsg1");
		return;
	}
	err = pingpong_start(&pingpong);
	if (err) {
		bench_fail(bench, NAME, err, "a second process");
		return;
	}
	bench_trips(bench, &echo, &pingpong);
	pingpong_stop(&pingpong);
	/* One open at a time is allowed: the second descriptor is one of another endpoint. */
	err = make_sink(dir);
	trying = open_device(dir, "rpmsg2", O_NONBLOCK);
	if (err || trying < 0)
		bench_fail(bench, NAME, err ? err : -errno, "a second endpoint");
	else
		bench_one_way(bench, sink, trying);
	close(trying);
	close(sink);
	close(echo.fd);
}

static void run(struct bench *bench, char **args, const char *dir)
{
	char board[BENCH_DIR_MAX + 16];
	char *const serve[] = { args[0],
				(char *)"--foreground",
				(char *)"--plugin-path",
				args[1],
				(char *)"--firmware-path",
				args[2],
				(char *)"--state-dir",
				(char *)dir,
				(char *)"--dtb",
				board,
				MOUNTED_DIR,
				NULL };
	struct mounted mounted;
	int err;

	snprintf(board, sizeof(board), "%s/board.dtb", dir);
	err = board_write(board, BOARD_HOST, 2);
	if (!err)
		err = mounted_start(&mounted, serve);
	if (err) {
		bench_fail(bench, NAME, err, "mounting a board of two host processors");
		return;
	}
	err = start(mounted.dir);
	if (err)
		bench_fail(bench, NAME, err, "starting the firmware");
	else
		run_started(bench, mounted.dir);
	mounted_stop(&mounted);
}

/* The board, and the locks of a server that has ended. */
static void remove_all(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

int main(int argc, char **argv)
{
	char dir[BENCH_DIR_MAX];
	struct bench bench;
	char **args;
	int err;

	args = bench_init(&bench, argc, argv, "RPROCFS HOST_PLUGIN_DIR FIRMWARE_DIR");
	if (!mounted_possible(&bench, NAME))
		return bench_exit(&bench);
	err = bench_dir(dir);
	if (err) {
		bench_fail(&bench, NAME, err, dir);
		return bench_exit(&bench);
	}
	run(&bench, args, dir);
	remove_all(dir);
	return bench_exit(&bench);
}
