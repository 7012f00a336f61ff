/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the firmware process: its launch, its control page, its death. Runs in the
 * monitor, which is its parent. What the firmware writes on the page is read
 * once and only ever compared or copied.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bell.h"
#include "launcher.h"
#include "monitor.h"

#define LAUNCH_TIMEOUT_MS 10000

int process_init(struct process *process, const char *name, uint64_t window_len)
{
	void *page;

	memset(process, 0, sizeof(*process));
	process->name = name;
	process->window_len = window_len;
	process->pidfd = -1;
	process->system = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (process->system < 0)
		return -errno;
	page = mmap(NULL, RPROC_HOST_CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		    HOST_FD_MEMORY, 0);
	if (page == MAP_FAILED)
		return -errno;
	process->page = page;
	return 0;
}

static void reset_page(struct process *process, const struct host_layout *layout)
{
	struct rproc_host_control *const page = process->page;

	memset(page, 0, sizeof(*page));
	page->magic = RPROC_HOST_MAGIC;
	page->version = RPROC_HOST_VERSION;
	page->window_da = RPROC_HOST_WINDOW_DA;
	page->window_len = process->window_len;
	page->boot = process->boot;
	page->table_da = layout->table_da;
	page->table_len = layout->table_len;
}

/* In the child: put @fds on 3, 4, ... without treading on one another. Few may be allowed. */
static int place_fds(const int *fds, int count)
{
	int high[LAUNCH_FD_END];
	int i;

	for (i = 0; i < count; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, LAUNCH_FD_END);
		if (high[i] < 0)
			return -errno;
	}
	for (i = 0; i < count; i++) {
		if (dup2(high[i], LAUNCH_FD_MEMORY + i) < 0)
			return -errno;
	}
	return 0;
}

static _Noreturn void become_launcher(const struct process *process, uint64_t entry, pid_t monitor,
				      int status)
{
	const int fds[] = { HOST_FD_MEMORY, HOST_FD_DOORBELL, process->system, status };
	char window[24], where[24], parent[24];
	char *argv[] = { "rproc-launcher", (char *)process->name, window, where, parent, NULL };
	char *envp[] = { NULL };
	struct launch_failure failure = { .error = 0 };
	int exec, high, ret;
	ssize_t written;

	snprintf(window, sizeof(window), "%llu", (unsigned long long)process->window_len);
	snprintf(where, sizeof(where), "%llu", (unsigned long long)entry);
	snprintf(parent, sizeof(parent), "%ld", (long)monitor);
	exec = fcntl(HOST_FD_EXEC, F_DUPFD_CLOEXEC, LAUNCH_FD_END);
	high = fcntl(status, F_DUPFD_CLOEXEC, LAUNCH_FD_END);
	ret = exec < 0 || high < 0 ? -errno : place_fds(fds, 4);
	if (!ret) {
		syscall(SYS_execveat, exec, "", argv, envp, AT_EMPTY_PATH);
		ret = -errno;
	}
	failure.error = -ret;
	snprintf(failure.stage, sizeof(failure.stage), "executing the launcher");
	/* Never in silence: the pipe's end alone would mean that it runs. */
	written = write(high < 0 ? status : high, &failure, sizeof(failure));
	_exit(written == sizeof(failure) ? 1 : 2);
}

/* The status pipe ends when the launcher has jumped; before that it may say why it cannot. */
static int await_launch(int status, char *text, size_t text_len)
{
	struct launch_failure failure;
	ssize_t len;
	int ret;

	ret = host_await(status, LAUNCH_TIMEOUT_MS);
	if (ret) {
		snprintf(text, text_len, "waiting for the launcher, at most %d ms: %s",
			 LAUNCH_TIMEOUT_MS, strerror(-ret));
		return ret;
	}
	len = read(status, &failure, sizeof(failure));
	if (!len)
		return 0;
	if (len != sizeof(failure) || failure.error <= 0) {
		snprintf(text, text_len, "the launcher failed without a reason");
		return -EIO;
	}
	failure.stage[sizeof(failure.stage) - 1] = '\0';
	snprintf(text, text_len, "%s: %s", failure.stage, strerror(failure.error));
	return -failure.error;
}

int process_start(struct process *process, const struct host_layout *layout, uint64_t boot,
		  char *text, size_t text_len)
{
	const pid_t monitor = getpid();
	struct host_death ignored;
	int status[2], ret;

	process->boot = boot;
	process->bitten = false;
	memset(&process->watchdog, 0, sizeof(process->watchdog));
	process_answer_bell(process);
	reset_page(process, layout);
	if (pipe2(status, O_CLOEXEC)) {
		snprintf(text, text_len, "no pipe for the launcher: %s", strerror(errno));
		return -errno;
	}
	process->pid = fork();
	if (!process->pid)
		become_launcher(process, layout->entry, monitor, status[1]);
	ret = -errno;
	close(status[1]);
	if (process->pid < 0) {
		process->pid = 0;
		snprintf(text, text_len, "no process for the firmware: %s", strerror(-ret));
		close(status[0]);
		return ret;
	}
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	ret = process->pidfd < 0 ? -errno : await_launch(status[0], text, text_len);
	if (process->pidfd < 0)
		snprintf(text, text_len, "pidfd_open: %s (needs Linux 5.3)", strerror(-ret));
	close(status[0]);
	if (ret)
		process_kill(process, &ignored);
	return ret;
}

static void forget(struct process *process)
{
	host_close(&process->pidfd);
	process->pid = 0;
	process->watchdog.period_ms = 0;
}

/* Last words and the fault record are the firmware's: copy once, make printable. */
static void read_last_words(const struct process *process, struct host_death *death)
{
	size_t i;

	memcpy(&death->fault, &process->page->fault, sizeof(death->fault));
	memcpy(death->message, process->page->message, sizeof(death->message));
	death->message[sizeof(death->message) - 1] = '\0';
	for (i = 0; death->message[i]; i++) {
		if (death->message[i] < ' ' || death->message[i] > '~')
			death->message[i] = '?';
	}
}

static void describe(const struct process *process, const siginfo_t *info, struct host_death *death)
{
	memset(death, 0, sizeof(*death));
	death->boot = process->boot;
	if (info->si_code == CLD_EXITED) {
		death->cause = HOST_DEATH_EXIT;
		death->status = info->si_status;
	} else {
		death->cause = HOST_DEATH_SIGNAL;
		death->signal = info->si_status;
	}
	read_last_words(process, death);
	if (process->bitten) {
		death->cause = HOST_DEATH_WATCHDOG;
		death->period = process->watchdog.period_ms;
	}
}

static bool reap(struct process *process, int options, struct host_death *ret_death)
{
	siginfo_t info = { .si_pid = 0 };
	int ret;

	do {
		ret = waitid(P_PID, (id_t)process->pid, &info, WEXITED | options);
	} while (ret && errno == EINTR);
	if (ret || !info.si_pid)
		return false;
	describe(process, &info, ret_death);
	forget(process);
	return true;
}

bool process_reap(struct process *process, struct host_death *ret_death)
{
	return process->pid && reap(process, WNOHANG, ret_death);
}

void process_kill(struct process *process, struct host_death *ret_death)
{
	if (!process->pid)
		return;
	kill(process->pid, SIGKILL);
	if (!reap(process, 0, ret_death))
		forget(process);
}

void process_answer_bell(struct process *process)
{
	uint64_t rings;
	ssize_t len;

	do {
		len = read(process->system, &rings, sizeof(rings));
	} while (len < 0 && errno == EINTR);
}

void process_request_shutdown(struct process *process)
{
	__atomic_store_n(&process->page->shutdown_request, 1, __ATOMIC_RELEASE);
	host_ring(process->page, process->pidfd);
}

bool process_shutdown_acked(const struct process *process)
{
	return __atomic_load_n(&process->page->shutdown_ack, __ATOMIC_ACQUIRE) == 1;
}

void process_watch(struct process *process, bool changed)
{
	const uint32_t period =
		__atomic_load_n(&process->page->watchdog_period_ms, __ATOMIC_ACQUIRE);
	const uint64_t feed = __atomic_load_n(&process->page->watchdog_feed, __ATOMIC_ACQUIRE);

	if (!process->pid || process->bitten)
		return;
	if (!watchdog_look(&process->watchdog, period, feed, changed, host_now_ms()))
		return;
	process->bitten = true;
	kill(process->pid, HOST_BITE_SIGNAL);
}
