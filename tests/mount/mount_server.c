/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mount for tests: the session and the contents of rprocfs with recording
 * drivers behind them, whose ops wait, fail and linger as a test tells them to.
 *
 *	mount_server MOUNTPOINT PROCESSORS
 *
 * Prints "ready" when it serves. Then reads commands, a line each, and answers
 * each with "ok" or "error": block N, release N, inside N (waits until the
 * driver is in its start op), linger N MS, crash N TYPE, trace N TEXT, remove N,
 * add NAME. Ends at the end of its input.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "core_images.h"
#include "fs.h"
#include "recorder.h"
#include "session.h"

#define MAX_PROCESSORS 1200

struct server {
	struct rproc_context *context;
	struct rprocfs *fs;
	struct session *session;
	pthread_mutex_t lock; /* session, for kicks */
	int fds[2];	      /* the contents', end of input */
	/* The commands' thread only, once it runs: */
	struct recorder *recs[MAX_PROCESSORS];
};

/* ---- commands ------------------------------------------------------------------------- */

static void add_segment(struct recorder *rec)
{
	rproc_coredump_set_elf_info(rec->rproc, 1, 40);
	rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, RECORDER_RAM_LEN);
}

static int add_processor(struct server *server, const char *name)
{
	const struct recorder_options options = { .context = server->context,
						  .name = name,
						  .no_journal = true };
	struct fixture_image image = core_image_full();

	for (int i = 0; i < MAX_PROCESSORS; i++) {
		if (server->recs[i])
			continue;
		server->recs[i] = recorder_new(&options);
		server->recs[i]->prepare = add_segment;
		recorder_use_image(server->recs[i], &image);
		return 0;
	}
	return -ENOSPC;
}

/*
 * As a remote would: behind the back of this program, which reads at any time. So
 * not by a store of its own.
 */
static int write_trace(struct recorder *rec, const char *text)
{
	uint8_t *to = rec->ram + (CORE_TRACE_DA - RECORDER_RAM);
	char buf[0x100] = "";
	int fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	snprintf(buf, sizeof(buf), "%s\n", text);
	n = pwrite(fd, buf, sizeof(buf), (off_t)(uintptr_t)to);
	close(fd);
	return n == sizeof(buf) ? 0 : -EIO;
}

static int run(struct server *server, char *line)
{
	char word[32] = "", arg[256] = "";
	int n = 0, used = 0;
	struct recorder *rec;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "add %255s", arg) == 1)
		return add_processor(server, arg);
	if (sscanf(line, "%31s %d %n", word, &n, &used) < 2 || n < 0 || n >= MAX_PROCESSORS)
		return -EINVAL;
	rec = server->recs[n];
	if (!rec)
		return -ENOENT;
	if (!strcmp(word, "block"))
		recorder_block(rec, REC_START);
	else if (!strcmp(word, "release"))
		recorder_release(rec, REC_START);
	else if (!strcmp(word, "inside"))
		recorder_wait_inside(rec, REC_START);
	else if (!strcmp(word, "linger"))
		recorder_linger(rec, REC_START, (unsigned int)atoi(line + used));
	else if (!strcmp(word, "crash"))
		rproc_report_crash(rec->rproc, (unsigned int)atoi(line + used));
	else if (!strcmp(word, "trace"))
		return write_trace(rec, line + used);
	else if (!strcmp(word, "remove"))
		server->recs[n] = (recorder_free(rec), NULL);
	else
		return -EINVAL;
	return 0;
}

static void *read_commands(void *data)
{
	struct server *server = data;
	char line[512];

	while (fgets(line, sizeof(line), stdin)) {
		puts(run(server, line) ? "error" : "ok");
		fflush(stdout);
	}
	eventfd_write(server->fds[1], 1);
	return NULL;
}

/* ---- the loop's hooks -------------------------------------------------------------------- */

static void kick(void *data)
{
	struct server *server = data;

	pthread_mutex_lock(&server->lock);
	if (server->session)
		session_kick(server->session);
	pthread_mutex_unlock(&server->lock);
}

static void on_ready(int fd, void *data)
{
	struct server *server = data;

	if (fd == server->fds[0])
		fs_ready(server->fs);
	else
		session_exit(server->session);
}

static void on_woken(void *data)
{
	fs_woken(((struct server *)data)->fs);
}

static void on_settle(void *data)
{
	fs_settle(((struct server *)data)->fs);
}

static int on_timeout(void *data)
{
	return fs_timeout(((struct server *)data)->fs);
}

static void on_tick(void *data)
{
	fs_tick(((struct server *)data)->fs);
}

static void on_log(int level, const char *text, void *data)
{
	fs_log(level, "mount_server", text, ((struct server *)data)->fs);
}

/* ---- life ---------------------------------------------------------------------------------- */

static int complain(const char *what, int err)
{
	fprintf(stderr, "mount_server: %s: %s\n", what, strerror(-err));
	return EXIT_FAILURE;
}

static int open_session(struct server *server, const char *mountpoint)
{
	const struct session_hooks hooks = {
		.fds = server->fds,
		.num_fds = 2,
		.ready = on_ready,
		.woken = on_woken,
		.settle = on_settle,
		.timeout = on_timeout,
		.tick = on_tick,
		.log = on_log,
		.data = server,
	};
	struct session *session;
	int err = session_new(fs_tree(server->fs), &hooks, false, &session);

	if (err)
		return err;
	pthread_mutex_lock(&server->lock);
	server->session = session;
	pthread_mutex_unlock(&server->lock);
	return session_mount(session, mountpoint);
}

static void close_all(struct server *server)
{
	struct session *session = server->session;

	pthread_mutex_lock(&server->lock);
	server->session = NULL;
	pthread_mutex_unlock(&server->lock);
	session_free(session);
	fs_detach(server->fs);
	for (int i = 0; i < MAX_PROCESSORS; i++) {
		if (!server->recs[i])
			continue;
		recorder_release(server->recs[i], REC_START);
		recorder_free(server->recs[i]);
	}
	rproc_context_free(server->context);
	fs_free(server->fs);
}

static int serve(struct server *server, const char *mountpoint)
{
	pthread_t thread;
	int err = fs_attach(server->fs, server->context);

	if (err)
		return complain("tree", err);
	server->fds[0] = fs_poll_fd(server->fs);
	server->fds[1] = eventfd(0, EFD_CLOEXEC);
	err = open_session(server, mountpoint);
	if (err)
		return complain(mountpoint, err);
	puts("ready");
	fflush(stdout);
	if (pthread_create(&thread, NULL, read_commands, server))
		return EXIT_FAILURE;
	err = session_run(server->session);
	if (err)
		return complain("session", err);
	pthread_join(thread, NULL);
	close_all(server);
	close(server->fds[1]);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct server server = { .lock = PTHREAD_MUTEX_INITIALIZER };
	const struct fs_options fs_options = { 0 };
	struct rproc_context_options options = { .size = sizeof(options), .log = fs_log };
	char name[32];
	int err;

	if (argc != 3)
		return complain("usage: mount_server MOUNTPOINT PROCESSORS", -EINVAL);
	err = fs_new(&fs_options, kick, &server, &server.fs);
	if (err)
		return complain("contents", err);
	options.log_data = server.fs;
	err = rproc_context_new(&options, &server.context);
	if (err)
		return complain("context", err);
	for (int i = 0; i < atoi(argv[2]); i++) {
		snprintf(name, sizeof(name), "cpu%d", i);
		if (add_processor(&server, name))
			return complain(name, -ENOSPC);
	}
	return serve(&server, argv[1]);
}
