/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mount that recordings of a kernel are replayed on: the session and the
 * contents of rprocfs, with the SoC drivers and models compiled in, and somebody
 * who loads and unloads the driver and plays the hardware.
 *
 *	model_server MOUNTPOINT BOARD.dtb STATE_DIR CONTROL_SOCKET
 *
 * Prints "ready" when it serves. Each connection to the control socket brings one
 * line and takes one away: "setup" and "teardown" load and unload the driver,
 * "memset-table FILE DA" writes a file into the processor's memory, all else goes
 * to the model. The answer is what the recording's machine printed. Ends at the
 * end of standard input.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <librproc/driver.h>
#include "fs.h"
#include "session.h"
#include "stm32_plugin.h"
#include "virtual_plugin.h"

#define DTB_MAX	    (1 << 20)
#define BLOCK_WORDS 32 /* of one poke */

struct server {
	struct rproc_context *context;
	struct rprocfs *fs;
	struct session *session;
	pthread_mutex_t lock; /* session, for kicks */
	int fds[2];	      /* events, end of input */
	int listener;	      /* of the control socket */
	void *dtb;
	size_t dtb_len;
};

/* ---- commands ------------------------------------------------------------------------- */

static int load_file(const char *path, uint32_t da, struct server *server)
{
	char line[1024], answer[256];
	uint32_t word;
	int copied = 0, error = 0;
	size_t got, len, words;
	FILE *file = fopen(path, "rb");

	if (!file)
		return -errno;
	do {
		len = (size_t)snprintf(line, sizeof(line), "poke da:0x%x",
				       (unsigned int)(da + (uint32_t)copied));
		for (words = 0; words < BLOCK_WORDS; words++) {
			word = 0;
			got = fread(&word, 1, sizeof(word), file);
			if (!got)
				break;
			copied += (int)got;
			len += (size_t)snprintf(line + len, sizeof(line) - len, " 0x%x", word);
		}
		if (words)
			error = rproc_context_hw_command(server->context, line, answer,
							 sizeof(answer));
	} while (!error && words == BLOCK_WORDS);
	fclose(file);
	return error ? error : copied;
}

static void run(struct server *server, const char *line, char *answer, size_t len)
{
	char path[512], reply[4096] = "";
	unsigned int da;
	int ret;

	if (!strcmp(line, "setup")) {
		ret = rproc_context_add_board(server->context, server->dtb, server->dtb_len, false);
		ret = ret < 0 ? ret : 0;
	} else if (!strcmp(line, "teardown")) {
		rproc_context_remove_boards(server->context);
		ret = 0;
	} else if (sscanf(line, "memset-table %511s %i", path, (int *)&da) == 2) {
		ret = load_file(path, da, server);
	} else {
		ret = rproc_context_hw_command(server->context, line, reply, sizeof(reply));
	}
	if (ret < 0)
		snprintf(answer, len, "%s\n", strerrorname_np(-ret));
	else if (*reply)
		snprintf(answer, len, "%s\n", reply);
	else
		snprintf(answer, len, "%d\n", ret);
}

static void *serve_commands(void *data)
{
	struct server *server = data;
	char line[1024], answer[4200];
	ssize_t len;
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		len = recv(fd, line, sizeof(line) - 1, 0);
		if (len > 0) {
			line[len] = 0;
			line[strcspn(line, "\n")] = 0;
			run(server, line, answer, sizeof(answer));
			if (write(fd, answer, strlen(answer)) < 0)
				perror("model_server: control socket");
		}
		close(fd);
	}
	return NULL;
}

static void *wait_for_end(void *data)
{
	struct server *server = data;
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
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
		fs_settle(server->fs);
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
	fs_log(level, "model_server", text, ((struct server *)data)->fs);
}

static void on_line(int level, const char *device, const char *text, void *data)
{
	fs_log(level, device, text, ((struct server *)data)->fs);
}

/* ---- life ---------------------------------------------------------------------------------- */

static int complain(const char *what, int err)
{
	fprintf(stderr, "model_server: %s: %s\n", what, strerror(-err));
	return EXIT_FAILURE;
}

static int read_board(struct server *server, const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		return -errno;
	server->dtb = malloc(DTB_MAX);
	if (server->dtb)
		server->dtb_len = fread(server->dtb, 1, DTB_MAX, file);
	fclose(file);
	return server->dtb ? 0 : -ENOMEM;
}

static int open_context(struct server *server, const char *state_dir)
{
	const struct rproc_context_options options = {
		.size = sizeof(options),
		.log = on_line,
		.log_data = server,
		.state_dir = state_dir,
		.hw = "model",
	};
	int err = rproc_context_new(&options, &server->context);

	if (!err)
		err = rproc_context_add_plugin(server->context, &rproc_plugin_virtual);
	if (!err)
		err = rproc_context_add_plugin(server->context, &rproc_plugin_stm32);
	if (!err)
		err = rproc_context_power_on(server->context, server->dtb, server->dtb_len);
	return err;
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
	int err;

	server->fds[0] = rproc_event_fd(server->context);
	err = session_new(fs_tree(server->fs), &hooks, false, &session);
	if (err)
		return err;
	pthread_mutex_lock(&server->lock);
	server->session = session;
	pthread_mutex_unlock(&server->lock);
	return session_mount(session, mountpoint);
}

static int open_control(struct server *server, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->listener < 0 ||
	    bind(server->listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(server->listener, 8))
		return -errno;
	return 0;
}

/* Serve until the input ends. */
static int serve(struct server *server)
{
	pthread_t commands, end;
	int err;

	err = -pthread_create(&commands, NULL, serve_commands, server);
	if (err)
		return err;
	err = -pthread_create(&end, NULL, wait_for_end, server);
	if (!err) {
		puts("ready");
		fflush(stdout);
		err = session_run(server->session);
		pthread_join(end, NULL);
	}
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(commands, NULL);
	return err;
}

static void close_session(struct server *server)
{
	struct session *session = server->session;

	pthread_mutex_lock(&server->lock);
	server->session = NULL;
	pthread_mutex_unlock(&server->lock);
	session_free(session);
}

int main(int argc, char **argv)
{
	const struct fs_options fs_options = { .uid = geteuid(),
					       .gid = getegid(),
					       .mainline = true };
	struct server server = { .listener = -1 };
	int err;

	if (argc != 5)
		return complain("usage: MOUNTPOINT BOARD.dtb STATE_DIR CONTROL_SOCKET", -EINVAL);
	pthread_mutex_init(&server.lock, NULL);
	server.fds[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = read_board(&server, argv[2]);
	if (err)
		return complain(argv[2], err);
	err = fs_new(&fs_options, kick, &server, &server.fs);
	if (err)
		return complain("contents", err);
	err = open_context(&server, argv[3]);
	if (err)
		return complain("context", err);
	err = fs_attach(server.fs, server.context);
	if (!err)
		err = open_session(&server, argv[1]);
	if (err)
		return complain(argv[1], err);
	err = open_control(&server, argv[4]);
	if (!err)
		err = serve(&server);
	close_session(&server);
	fs_detach(server.fs);
	rproc_context_free(server.context);
	fs_free(server.fs);
	free(server.dtb);
	return err ? complain("serving", err) : EXIT_SUCCESS;
}
