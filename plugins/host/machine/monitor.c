/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the life of one powered processor: who controls it, when its firmware
 * starts, stops, is reset by the watchdog, and who is told of its death. One
 * thread, one poll loop, nothing in it waits but a launch. Knows nothing of
 * images, tables and vrings.
 */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_CALLERS	  8
#define CALLER_TIMEOUT_MS 5000
/* What a bitten firmware has to note where it hung, before SIGKILL. */
#define BITE_GRACE_MS 1000
/* How often a watchdog that is not armed is looked at: a firmware may only write its period. */
#define UNARMED_LOOK_MS 1000

/* A connection that has not said what it wants. */
struct caller {
	int sock; /* -1: free */
	int64_t deadline;
};

struct monitor {
	struct listener listener;
	struct process process;
	struct host_layout layout;
	struct host_death death; /* of the last boot, while power is DEAD */
	enum host_power power;
	int client;	 /* the one connection that may command; -1: none */
	bool controlled; /* its end ends us */
	int event;	 /* pipe to the client; -1: none */
	struct caller callers[MAX_CALLERS];
	bool stopping;
	int64_t stop_began_us, stop_deadline, bite_deadline;
	bool quit;
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fill_status(const struct monitor *monitor, struct host_message *message)
{
	message->power = monitor->power;
	message->controlled = monitor->controlled;
	message->monitor = getpid();
	message->firmware = monitor->process.pid;
	message->window_len = monitor->process.window_len;
	message->boot = monitor->process.boot;
	message->layout = monitor->layout;
	message->death = monitor->death;
}

static void drop_client(struct monitor *monitor)
{
	host_close(&monitor->client);
	host_close(&monitor->event);
}

/* All descriptors a program needs to be the host, on the client's connection. */
static void welcome(struct monitor *monitor)
{
	int fds[HELLO_FD_COUNT], event[2], count = HELLO_FD_FIRMWARE;
	struct host_message hello;
	int ret;

	host_message_init(&hello, HOST_MSG_HELLO);
	fill_status(monitor, &hello);
	host_close(&monitor->event);
	if (pipe2(event, O_CLOEXEC | O_NONBLOCK)) {
		drop_client(monitor);
		return;
	}
	monitor->event = event[1];
	fds[HELLO_FD_EVENT] = event[0];
	fds[HELLO_FD_MONITOR] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	fds[HELLO_FD_MEMORY] = HOST_FD_MEMORY;
	fds[HELLO_FD_DOORBELL] = HOST_FD_DOORBELL;
	if (monitor->process.pidfd >= 0)
		fds[count++] = monitor->process.pidfd;
	ret = fds[HELLO_FD_MONITOR] < 0
		      ? -errno
		      : host_send(monitor->client, &hello, fds, (unsigned int)count);
	host_close(&fds[HELLO_FD_EVENT]);
	host_close(&fds[HELLO_FD_MONITOR]);
	if (ret)
		drop_client(monitor);
}

static void reply(struct monitor *monitor, struct host_message *message, int error)
{
	int fd = monitor->process.pidfd;

	message->type = HOST_MSG_REPLY;
	message->error = error;
	fill_status(monitor, message);
	host_send(monitor->client, message, &fd, fd >= 0 ? 1 : 0);
}

static void answer_start(struct monitor *monitor, const struct host_message *request)
{
	struct host_message answer;
	int ret;

	host_message_init(&answer, HOST_MSG_REPLY);
	if (monitor->power == HOST_POWER_RUNNING) {
		snprintf(answer.text, sizeof(answer.text), "it runs already, as process %d",
			 monitor->process.pid);
		reply(monitor, &answer, -EBUSY);
		return;
	}
	monitor->layout = request->layout;
	if (monitor->layout.num_ranges > HOST_MAX_RANGES)
		monitor->layout.num_ranges = HOST_MAX_RANGES;
	memset(&monitor->death, 0, sizeof(monitor->death));
	monitor->bite_deadline = 0;
	ret = process_start(&monitor->process, &monitor->layout, request->boot, answer.text,
			    sizeof(answer.text));
	monitor->power = ret ? HOST_POWER_HALTED : HOST_POWER_RUNNING;
	reply(monitor, &answer, ret);
}

static void finish_stop(struct monitor *monitor, enum host_stop how)
{
	struct host_message answer;

	host_message_init(&answer, HOST_MSG_REPLY);
	answer.stop = how;
	if (monitor->stopping)
		answer.elapsed_us = (uint64_t)(now_us() - monitor->stop_began_us);
	monitor->stopping = false;
	monitor->power = HOST_POWER_HALTED;
	memset(&monitor->death, 0, sizeof(monitor->death));
	reply(monitor, &answer, 0);
}

static void begin_stop(struct monitor *monitor, uint32_t timeout_ms)
{
	if (monitor->power != HOST_POWER_RUNNING) {
		finish_stop(monitor, HOST_STOP_IDLE);
		return;
	}
	monitor->stopping = true;
	monitor->stop_began_us = now_us();
	monitor->stop_deadline = host_now_ms() + timeout_ms;
	process_request_shutdown(&monitor->process);
}

static void answer_detach(struct monitor *monitor)
{
	struct host_message answer;

	host_message_init(&answer, HOST_MSG_REPLY);
	if (monitor->power == HOST_POWER_HALTED) {
		snprintf(answer.text, sizeof(answer.text), "no firmware to leave running");
		reply(monitor, &answer, -EINVAL);
		return;
	}
	monitor->controlled = false;
	reply(monitor, &answer, 0);
}

static void hear_client(struct monitor *monitor)
{
	struct host_message message;
	int ret;

	ret = host_recv(monitor->client, &message, NULL, NULL, 0);
	if (ret == -ETIMEDOUT || ret == -EAGAIN)
		return;
	if (ret) {
		drop_client(monitor);
		monitor->quit = monitor->controlled;
		return;
	}
	switch (message.type) {
	case HOST_MSG_ATTACH:
		monitor->controlled = true;
		reply(monitor, &message, 0);
		break;
	case HOST_MSG_START:
		answer_start(monitor, &message);
		break;
	case HOST_MSG_STOP:
		begin_stop(monitor, message.timeout_ms);
		break;
	case HOST_MSG_DETACH:
		answer_detach(monitor);
		break;
	case HOST_MSG_QUIT:
		reply(monitor, &message, 0);
		monitor->quit = true;
		break;
	default:
		snprintf(message.text, sizeof(message.text), "message %u is not known",
			 message.type);
		reply(monitor, &message, -EPROTO);
	}
}

static struct caller *find_place(struct monitor *monitor)
{
	int i;

	for (i = 0; i < MAX_CALLERS; i++) {
		if (monitor->callers[i].sock < 0)
			return &monitor->callers[i];
	}
	return NULL;
}

static void accept_caller(struct monitor *monitor)
{
	struct caller *const caller = find_place(monitor);

	if (!caller)
		return;
	caller->sock = listener_accept(&monitor->listener);
	caller->deadline = host_now_ms() + CALLER_TIMEOUT_MS;
}

/* One that claimed and went away, which we have not come to notice, holds no place. */
static void forget_gone_client(struct monitor *monitor)
{
	struct pollfd pfd = { .fd = monitor->client, .events = POLLRDHUP };

	if (monitor->client >= 0 && !monitor->controlled && poll(&pfd, 1, 0) == 1)
		drop_client(monitor);
}

static void hear_caller(struct monitor *monitor, struct caller *caller)
{
	struct host_message message, hello;
	int ret;

	ret = host_recv(caller->sock, &message, NULL, NULL, 0);
	if (ret == -ETIMEDOUT || ret == -EAGAIN)
		return;
	if (!ret && message.type == HOST_MSG_CLAIM)
		forget_gone_client(monitor);
	if (!ret && message.type == HOST_MSG_CLAIM && monitor->client < 0) {
		monitor->client = caller->sock;
		caller->sock = -1;
		welcome(monitor);
		return;
	}
	host_message_init(&hello, HOST_MSG_HELLO);
	fill_status(monitor, &hello);
	if (ret) {
		hello.error = ret;
	} else if (message.type == HOST_MSG_CLAIM) {
		hello.error = -EBUSY;
		snprintf(hello.text, sizeof(hello.text), "another program controls it");
	} else if (message.type != HOST_MSG_QUERY) {
		hello.error = -EPROTO;
	}
	host_send(caller->sock, &hello, NULL, 0);
	host_close(&caller->sock);
}

static void tell_death(struct monitor *monitor)
{
	ssize_t written;

	monitor->power = HOST_POWER_DEAD;
	if (monitor->event < 0)
		return;
	written = write(monitor->event, &monitor->death, sizeof(monitor->death));
	/* A client that reads nothing learns it from the next status. */
	(void)written;
}

static void check_process(struct monitor *monitor)
{
	struct host_death death;
	bool acked, ended;

	if (!monitor->process.pid)
		return;
	ended = process_reap(&monitor->process, &death);
	acked = monitor->stopping && process_shutdown_acked(&monitor->process);
	if (ended) {
		monitor->death = death;
		if (monitor->stopping)
			finish_stop(monitor, acked ? HOST_STOP_ACKED : HOST_STOP_EXITED);
		else
			tell_death(monitor);
		return;
	}
	if (!monitor->stopping)
		return;
	if (acked || host_now_ms() >= monitor->stop_deadline) {
		process_kill(&monitor->process, &death);
		finish_stop(monitor, acked ? HOST_STOP_ACKED : HOST_STOP_FORCED);
	}
}

static void check_watchdog(struct monitor *monitor, bool rung)
{
	struct host_death death;

	if (!monitor->process.pid)
		return;
	if (!monitor->stopping)
		process_watch(&monitor->process, rung);
	if (!monitor->process.bitten)
		return;
	if (!monitor->bite_deadline)
		monitor->bite_deadline = host_now_ms() + BITE_GRACE_MS;
	if (host_now_ms() < monitor->bite_deadline)
		return;
	memset(&death, 0, sizeof(death));
	process_kill(&monitor->process, &death);
	monitor->death = death;
	tell_death(monitor);
}

static void earlier(int64_t *when, int64_t other)
{
	if (other < *when)
		*when = other;
}

/* Milliseconds until something is due; -1: nothing is. */
static int until_due(const struct monitor *monitor)
{
	int64_t when = INT64_MAX, left;
	int i;

	if (monitor->stopping)
		earlier(&when, monitor->stop_deadline);
	if (monitor->process.pid && monitor->process.bitten)
		earlier(&when, monitor->bite_deadline);
	else if (monitor->process.pid && !monitor->stopping)
		earlier(&when, monitor->process.watchdog.period_ms
				       ? monitor->process.watchdog.deadline
				       : host_now_ms() + UNARMED_LOOK_MS);
	for (i = 0; i < MAX_CALLERS; i++) {
		if (monitor->callers[i].sock >= 0)
			earlier(&when, monitor->callers[i].deadline);
	}
	if (when == INT64_MAX)
		return -1;
	left = when - host_now_ms();
	if (left < 0)
		return 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

enum { POLL_LISTENER, POLL_CLIENT, POLL_PROCESS, POLL_BELL, POLL_CALLERS };

static void hear_callers(struct monitor *monitor, const struct pollfd *pfd)
{
	struct caller *caller;
	int i;

	for (i = 0; i < MAX_CALLERS; i++) {
		caller = &monitor->callers[i];
		if (caller->sock < 0 || caller->sock != pfd[i].fd)
			continue;
		if (pfd[i].revents)
			hear_caller(monitor, caller);
		else if (host_now_ms() >= caller->deadline)
			host_close(&caller->sock);
	}
}

/* One turn of the loop. */
static void turn(struct monitor *monitor)
{
	struct pollfd pfd[POLL_CALLERS + MAX_CALLERS];
	bool rung;
	int i;

	/* Whoever finds every place taken waits in the queue: to be cut off looks like absence. */
	pfd[POLL_LISTENER].fd = find_place(monitor) ? monitor->listener.fd : -1;
	pfd[POLL_CLIENT].fd = monitor->client;
	pfd[POLL_PROCESS].fd = monitor->process.pidfd;
	pfd[POLL_BELL].fd = monitor->process.system;
	for (i = 0; i < MAX_CALLERS; i++)
		pfd[POLL_CALLERS + i].fd = monitor->callers[i].sock;
	for (i = 0; i < POLL_CALLERS + MAX_CALLERS; i++) {
		pfd[i].events = POLLIN;
		pfd[i].revents = 0;
	}
	if (poll(pfd, POLL_CALLERS + MAX_CALLERS, until_due(monitor)) < 0)
		return;
	rung = pfd[POLL_BELL].revents;
	if (rung)
		process_answer_bell(&monitor->process);
	check_process(monitor);
	check_watchdog(monitor, rung);
	if (pfd[POLL_CLIENT].revents && monitor->client == pfd[POLL_CLIENT].fd)
		hear_client(monitor);
	/* Whoever calls now comes after the end of what he would be told of. */
	if (monitor->quit)
		return;
	hear_callers(monitor, &pfd[POLL_CALLERS]);
	if (pfd[POLL_LISTENER].revents)
		accept_caller(monitor);
}

/*
 * A process group of its own, which host_spawn() has seen to, and no terminal: what ends
 * a session passes it by. It stays in the session, since the scheduler may weigh sessions
 * against each other (sched_autogroup_enabled), and a program and its processors, which
 * wait for each other all the time, are one thing.
 */
static void leave_terminal(void)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (tty < 0)
		return;
	ioctl(tty, TIOCNOTTY);
	close(tty);
}

/* Nobody's child, nobody's terminal, nobody's descriptors but our own. */
static int become_daemon(const char *name)
{
	char comm[16];
	pid_t child;
	int fd;

	child = fork();
	if (child)
		_exit(child < 0);
	leave_terminal();
	/* Nothing can be read from or written to a mere path; and "/" is always there. */
	fd = open("/", O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
	host_close_from(HOST_FD_END);
	/* The control connection is answered without waiting, and no child may hold it. */
	if (fcntl(HOST_FD_CONTROL, F_SETFL, O_NONBLOCK) ||
	    fcntl(HOST_FD_CONTROL, F_SETFD, FD_CLOEXEC))
		return -errno;
	for (fd = HOST_FD_STATE_DIR; fd < HOST_FD_END; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	snprintf(comm, sizeof(comm), "rproc:%s", name);
	prctl(PR_SET_NAME, comm, 0, 0, 0);
	return 0;
}

static void refuse(int error, const char *text)
{
	struct host_message hello;

	host_message_init(&hello, HOST_MSG_HELLO);
	hello.error = error;
	snprintf(hello.text, sizeof(hello.text), "%s", text);
	host_send(HOST_FD_CONTROL, &hello, NULL, 0);
}

int monitor_main(int argc, char **argv)
{
	static struct monitor monitor;
	struct host_death ignored;
	char text[160] = "";
	int i, ret;

	if (argc != 3 || become_daemon(argv[1]))
		return 2;
	for (i = 0; i < MAX_CALLERS; i++)
		monitor.callers[i].sock = -1;
	monitor.client = HOST_FD_CONTROL;
	monitor.controlled = true;
	monitor.event = -1;
	ret = process_init(&monitor.process, argv[1], strtoull(argv[2], NULL, 10));
	if (ret) {
		refuse(ret, "the monitor has no page and no bell");
		return 1;
	}
	ret = listener_open(&monitor.listener, HOST_FD_STATE_DIR, argv[1], text, sizeof(text));
	if (ret) {
		refuse(ret, text);
		return 1;
	}
	close(HOST_FD_STATE_DIR);
	welcome(&monitor);
	monitor.quit = monitor.client < 0;
	while (!monitor.quit)
		turn(&monitor);
	process_kill(&monitor.process, &ignored);
	listener_close(&monitor.listener);
	return 0;
}
