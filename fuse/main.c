/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rprocfs, the program: options, daemon, context, mount, and their order. What
 * is in the mount is made by fs.c, how it is served is session.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <librproc/hw.h>
#include <librproc/rproc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "board.h"
#include "fs.h"
#include "mountpoint.h"
#include "notify.h"
#include "options.h"
#include "session.h"

#define LIVE_TREE "/sys/firmware/fdt"

struct daemon {
	struct options options;
	struct mountpoint mountpoint;
	struct rproc_context *context;
	struct rprocfs *fs;
	int signal_fd;
	int loop_fds[2]; /* signals, everything of the contents */
	int ready_fd;	 /* to the process that started us; -1: none */
	pthread_mutex_t lock;
	struct session *session; /* under lock: the log kicks it from any thread */
};

/* ---- log ----------------------------------------------------------------------------- */

/* The level in front is what the service manager sorts them by. */
static void echo_line(int level, const char *device, const char *text)
{
	fprintf(stderr, "<%d>%s%s%s\n", level, device, *device ? ": " : "", text);
}

static void kick(void *data)
{
	struct daemon *daemon = data;

	pthread_mutex_lock(&daemon->lock);
	if (daemon->session)
		session_kick(daemon->session);
	pthread_mutex_unlock(&daemon->lock);
}

/* On the thread that changes the state: who polls it waits for no other thread of ours. */
static void state_changed(const struct rproc_event *event, void *data)
{
	struct daemon *daemon = data;

	pthread_mutex_lock(&daemon->lock);
	if (daemon->session)
		session_ring(daemon->session, fs_state_bell(event->index));
	pthread_mutex_unlock(&daemon->lock);
}

/* ---- what the loop calls ----------------------------------------------------------------- */

static void on_ready(int fd, void *data)
{
	struct daemon *daemon = data;
	struct signalfd_siginfo info;

	if (fd != daemon->signal_fd) {
		fs_ready(daemon->fs);
		return;
	}
	if (read(fd, &info, sizeof(info)) == sizeof(info))
		session_exit(daemon->session);
}

static void on_woken(void *data)
{
	fs_woken(((struct daemon *)data)->fs);
}

static void on_settle(void *data)
{
	fs_settle(((struct daemon *)data)->fs);
}

static int on_timeout(void *data)
{
	return fs_timeout(((struct daemon *)data)->fs);
}

static void on_tick(void *data)
{
	fs_tick(((struct daemon *)data)->fs);
}

static void on_log(int level, const char *text, void *data)
{
	fs_log(level, "rprocfs", text, ((struct daemon *)data)->fs);
}

/* Says what cannot be; returns the error. */
static int complain(const char *what, int err)
{
	fprintf(stderr, "rprocfs: %s: %s\n", what, strerror(-err));
	return err;
}

/* ---- bringing it up -------------------------------------------------------------------------- */

static int open_context(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	const struct rproc_context_options context_options = {
		.size = sizeof(context_options),
		.log = fs_log,
		.log_data = daemon->fs,
		.state_changed = state_changed,
		.state_changed_data = daemon,
		.log_level = options->log_level,
		.firmware_dirs = options->firmware_dirs,
		.plugin_path = options->plugin_path,
		.state_dir = daemon->mountpoint.state_dir,
		.hw = options->hw,
	};
	int err = rproc_context_new(&context_options, &daemon->context);

	return err ? complain("cannot make a context", err) : 0;
}

/* Load the drivers of the board: its processors, or a negative errno. Any thread. */
static int load_board(void *data)
{
	struct daemon *daemon = data;
	const struct options *options = &daemon->options;
	const void *dtb;
	size_t len;

	if (options->live)
		return rproc_context_add_board_file(daemon->context, LIVE_TREE, true);
	if (options->dtb)
		return rproc_context_add_board_file(daemon->context, options->dtb, false);
	if (board_find(options->board, &dtb, &len))
		return -ENOENT;
	return rproc_context_add_board(daemon->context, dtb, len, false);
}

/* The machine of the board and nothing else: drivers are loaded by librproc/control. */
static int switch_on(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	const void *built_in;
	void *dtb = NULL;
	size_t len;
	int err;

	if (!options->dtb) {
		err = board_find(options->board, &built_in, &len);
		return err ? err : rproc_context_power_on(daemon->context, built_in, len);
	}
	err = board_read(options->dtb, &dtb, &len);
	if (!err)
		err = rproc_context_power_on(daemon->context, dtb, len);
	free(dtb);
	return err;
}

/* A board may come up though one of its processors does not: that is told, too. */
static int add_board(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	const char *what = options->live ? LIVE_TREE : options->dtb ? options->dtb : options->board;
	int ret = options->bare ? switch_on(daemon) : load_board(daemon);
	size_t told;
	char story[4096];

	/* The library names a board that it read itself. */
	told = rproc_context_last_error(daemon->context, story, sizeof(story));
	if (ret >= 0 && !told)
		return 0;
	if (!told)
		fprintf(stderr, "rprocfs: board %s: %s\n", what, strerror(-ret));
	else if (strncmp(story, "board ", 6) != 0)
		fprintf(stderr, "rprocfs: board %s: %s\n", what, story);
	else
		fprintf(stderr, "rprocfs: %s\n", story);
	return ret < 0 ? ret : 0;
}

/* Whoever tests with a model loads and unloads drivers, too. */
static int make_fs(struct daemon *daemon)
{
	struct fs_options *options = &daemon->options.fs;

	if (daemon->options.foreground)
		options->echo = echo_line;
	if (daemon->options.hw && !strcmp(daemon->options.hw, "model")) {
		options->setup = load_board;
		options->setup_data = daemon;
	}
	return fs_new(options, kick, daemon, &daemon->fs);
}

static int open_session(struct daemon *daemon)
{
	const struct session_hooks hooks = {
		.fds = daemon->loop_fds,
		.num_fds = 2,
		.ready = on_ready,
		.woken = on_woken,
		.settle = on_settle,
		.timeout = on_timeout,
		.tick = on_tick,
		.log = on_log,
		.log_stores = daemon->options.log_level >= RPROC_LOG_DEBUG,
		.data = daemon,
	};
	struct session *session;
	int err;

	daemon->loop_fds[0] = daemon->signal_fd;
	daemon->loop_fds[1] = fs_poll_fd(daemon->fs);
	err = session_new(fs_tree(daemon->fs), &hooks, daemon->options.debug, &session);

	if (err)
		return complain("cannot make a session", err);
	pthread_mutex_lock(&daemon->lock);
	daemon->session = session;
	pthread_mutex_unlock(&daemon->lock);
	err = session_mount(session, daemon->mountpoint.path);
	if (err)
		mountpoint_explain(&daemon->mountpoint);
	return err;
}

static void close_session(struct daemon *daemon)
{
	struct session *session = daemon->session;

	pthread_mutex_lock(&daemon->lock);
	daemon->session = NULL;
	pthread_mutex_unlock(&daemon->lock);
	session_free(session);
}

/* ---- --start ------------------------------------------------------------------------------- */

static void started(struct rproc *rproc, int result, void *data)
{
	char story[2048], text[2304];

	if (!result)
		return;
	rproc_last_error(rproc, story, sizeof(story));
	snprintf(text, sizeof(text), "--start %s: %s", rproc_name(rproc),
		 *story ? story : strerror(-result));
	fs_log(RPROC_LOG_ERR, "rprocfs", text, ((struct daemon *)data)->fs);
}

/* It has its firmware, and starts with that or not at all. */
static void named(struct rproc *rproc, int result, void *data)
{
	int64_t id = result;

	if (!result)
		id = rproc_request(rproc, RPROC_REQUEST_BOOT, NULL, started, data);
	if (id < 0)
		started(rproc, (int)id, data);
}

/* A processor by its name, or as remoteprocN. */
static struct rproc *find_processor(struct rproc_context *context, const char *name)
{
	struct rproc *rproc = rproc_get_by_name(context, name);
	int index, end = 0;

	if (rproc || sscanf(name, "remoteproc%d%n", &index, &end) != 1 || name[end])
		return rproc;
	return rproc_get_by_index(context, index);
}

static int start_one(struct daemon *daemon, const char *start)
{
	const char *firmware = strchr(start, '=');
	char *name = strndup(start, firmware ? (size_t)(firmware - start) : strlen(start));
	struct rproc *rproc = name ? find_processor(daemon->context, name) : NULL;
	int64_t id;

	if (!rproc) {
		fprintf(stderr, "rprocfs: --start %s: there is no such processor\n", start);
		free(name);
		return -ENOENT;
	}
	if (firmware)
		id = rproc_request(rproc, RPROC_REQUEST_SET_FIRMWARE, firmware + 1, named, daemon);
	else
		id = rproc_request(rproc, RPROC_REQUEST_BOOT, NULL, started, daemon);
	if (id < 0)
		fprintf(stderr, "rprocfs: --start %s: %s\n", start, strerror((int)-id));
	rproc_put(rproc);
	free(name);
	return id < 0 ? (int)id : 0;
}

static int start_all(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->options.num_starts; i++) {
		int err = start_one(daemon, daemon->options.starts[i]);

		if (err)
			return err;
	}
	return 0;
}

/* ---- serving ------------------------------------------------------------------------------- */

/* The terminal gets its prompt back; from here on the log is where to look. */
static void report_ready(struct daemon *daemon)
{
	int null;

	notify_ready();
	if (daemon->ready_fd < 0)
		return;
	if (write(daemon->ready_fd, "", 1) != 1)
		return;
	close(daemon->ready_fd);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0) /* a mere path, which can neither be read nor written, does as well */
		null = open("/", O_PATH | O_CLOEXEC);
	if (null < 0)
		return;
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

/* Signals come through a descriptor: all threads that follow inherit the mask. */
static int open_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* memory of processors counts as files: EFBIG tells enough */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int serve(struct daemon *daemon)
{
	int err;

	daemon->signal_fd = open_signals();
	if (daemon->signal_fd < 0)
		return complain("no descriptor for signals", -errno);
	err = make_fs(daemon);
	if (err) {
		complain("cannot make the tree", err);
		goto close_signals;
	}
	err = open_context(daemon);
	if (err)
		goto free_fs;
	err = add_board(daemon);
	if (err)
		goto free_context;
	err = fs_attach(daemon->fs, daemon->context);
	if (err) {
		complain("cannot show the processors", err);
		goto detach_fs;
	}
	err = open_session(daemon);
	if (err)
		goto free_session;
	err = start_all(daemon);
	if (err)
		goto free_session;
	mountpoint_sign(&daemon->mountpoint);
	report_ready(daemon);
	err = session_run(daemon->session);
	notify_stopping();
free_session:
	if (daemon->session) {
		close_session(daemon);
		mountpoint_leave(&daemon->mountpoint);
	}
detach_fs:
	fs_detach(daemon->fs);
free_context:
	rproc_context_free(daemon->context);
free_fs:
	fs_free(daemon->fs);
close_signals:
	close(daemon->signal_fd);
	return err;
}

/* ---- the daemon ---------------------------------------------------------------------------- */

/* In the process that was started: wait until the other one mounted, and see for itself. */
static int wait_until_ready(struct daemon *daemon, int fd, pid_t child)
{
	char byte;
	ssize_t n;
	int status, err;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1) {
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		return EXIT_FAILURE; /* it has said why */
	}
	alarm(30); /* ends us: a mount that does not answer is none */
	err = mountpoint_check(daemon->mountpoint.path);
	if (!err)
		return EXIT_SUCCESS;
	fprintf(stderr, "rprocfs: %s does not answer: %s\n", daemon->mountpoint.path,
		strerror(-err));
	kill(child, SIGTERM);
	return EXIT_FAILURE;
}

static int run_as_daemon(struct daemon *daemon)
{
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC)) {
		perror("rprocfs: pipe");
		return EXIT_FAILURE;
	}
	child = fork();
	if (child < 0) {
		perror("rprocfs: fork");
		return EXIT_FAILURE;
	}
	if (child) {
		close(fds[1]);
		return wait_until_ready(daemon, fds[0], child);
	}
	close(fds[0]);
	daemon->ready_fd = fds[1];
	setsid();
	if (chdir("/"))
		return EXIT_FAILURE;
	return serve(daemon) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct daemon daemon = { .ready_fd = -1, .signal_fd = -1 };
	int code;

	if (options_parse(&daemon.options, argc, argv, &code))
		goto free_options;
	code = EXIT_FAILURE;
	pthread_mutex_init(&daemon.lock, NULL);
	if (mountpoint_prepare(&daemon.mountpoint, daemon.options.mountpoint,
			       daemon.options.state_dir))
		goto free_mountpoint;
	if (daemon.options.foreground)
		code = serve(&daemon) ? EXIT_FAILURE : EXIT_SUCCESS;
	else
		code = run_as_daemon(&daemon);
free_mountpoint:
	mountpoint_fini(&daemon.mountpoint);
	pthread_mutex_destroy(&daemon.lock);
free_options:
	options_fini(&daemon.options);
	return code;
}
