/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the host's end of a powered processor: making it, finding it again,
 * commanding its monitor, ringing it. Knows messages and memory, nothing of
 * librproc's core; every failure leaves a sentence in client->story.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bell.h"
#include "channel.h"
#include "machine_image.h"
#include "host_spawn.h"
#include "state_dir.h"

/* The monitor answers at once, but the machine may be busy. */
#define ANSWER_MS 15000
#define END_MS	  5000
/* A week. */
#define MAX_PATIENCE_MS (7u * 24 * 60 * 60 * 1000)

static int fail(struct host_client *client, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct host_client *client, int error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(client->story, sizeof(client->story), fmt, args);
	va_end(args);
	return error;
}

void host_client_init(struct host_client *client)
{
	memset(client, 0, sizeof(*client));
	client->control = client->event = client->doorbell = -1;
	client->memory = client->monitor = client->firmware = -1;
	pthread_mutex_init(&client->kick_lock, NULL);
}

void host_client_fini(struct host_client *client)
{
	host_client_power_off(client, true);
	pthread_mutex_destroy(&client->kick_lock);
}

static void set_firmware(struct host_client *client, int fd)
{
	int old;

	pthread_mutex_lock(&client->kick_lock);
	old = client->firmware;
	client->firmware = fd;
	pthread_mutex_unlock(&client->kick_lock);
	if (old >= 0)
		close(old);
}

/* ---- memory ------------------------------------------------------------------ */

static int map_memory(struct host_client *client, uint64_t window_len)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW;
	const uint64_t len = RPROC_HOST_CONTROL_SIZE + window_len;
	struct stat st;
	void *map;

	/* A size that cannot change is what keeps our own accesses free of SIGBUS. */
	if (window_len > INT64_MAX - RPROC_HOST_CONTROL_SIZE || fstat(client->memory, &st) ||
	    (uint64_t)st.st_size != len || (fcntl(client->memory, F_GET_SEALS) & seals) != seals)
		return fail(client, -EPROTO, "the memory is not %llu sealed bytes",
			    (unsigned long long)len);
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, client->memory, 0);
	if (map == MAP_FAILED)
		return fail(client, -errno, "cannot map %llu bytes of memory: %s",
			    (unsigned long long)len, strerror(errno));
	client->map = map;
	client->window_len = window_len;
	pthread_mutex_lock(&client->kick_lock);
	client->page = map;
	pthread_mutex_unlock(&client->kick_lock);
	return 0;
}

static int make_memory(struct host_client *client, uint64_t window_len)
{
	const uint64_t len = RPROC_HOST_CONTROL_SIZE + window_len;

	client->memory = memfd_create("rproc-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (client->memory < 0)
		return fail(client, -errno, "memfd_create: %s", strerror(errno));
	if (ftruncate(client->memory, (off_t)len) ||
	    fcntl(client->memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fail(client, -errno, "cannot make %llu bytes of memory: %s%s",
			    (unsigned long long)len, strerror(errno),
			    errno == EFBIG ? ": is the size of files limited (ulimit -f)?" : "");
	client->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (client->doorbell < 0)
		return fail(client, -errno, "eventfd: %s", strerror(errno));
	return map_memory(client, window_len);
}

/* ---- messages ------------------------------------------------------------------ */

static int talk_error(struct host_client *client, int error, const char *doing)
{
	if (error == -ETIMEDOUT)
		return fail(client, error, "%s: the monitor (process %d) does not answer", doing,
			    client->monitor_pid);
	if (error == -ENOTCONN)
		return fail(client, error, "%s: the monitor (process %d) is gone", doing,
			    client->monitor_pid);
	if (error == -EPROTONOSUPPORT)
		return fail(
			client, error,
			"%s: the monitor (process %d) is of another version of librproc, %u where "
			"this is %u: attach with a program of that version, or end that process, "
			"and the firmware with it",
			doing, client->monitor_pid, client->other_version, HOST_PROTOCOL_VERSION);
	return fail(client, error, "%s: talking to the monitor: %s", doing, strerror(-error));
}

/* As host_recv(); of one that speaks another version, who it is. */
static int hear(struct host_client *client, int sock, struct host_message *message, int *fds,
		unsigned int *count, int timeout_ms)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int ret;

	ret = host_recv(sock, message, fds, count, timeout_ms);
	if (ret != -EPROTONOSUPPORT)
		return ret;
	client->other_version = message->version;
	if (!getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		client->monitor_pid = peer.pid;
	return ret;
}

/*
 * Heard at once by the monitor, which then may have another client. A mere close is not while a
 * child of ours, on its way to become some other monitor, has a copy of the descriptor.
 */
static void hang_up(struct host_client *client)
{
	if (client->control >= 0)
		shutdown(client->control, SHUT_RDWR);
	host_close(&client->control);
}

static void take_fd(int *mine, int fd)
{
	if (*mine >= 0)
		close(fd);
	else
		*mine = fd;
}

static int receive_hello(struct host_client *client, struct host_message *hello)
{
	unsigned int count = HELLO_FD_COUNT;
	int fds[HELLO_FD_COUNT], ret;

	ret = hear(client, client->control, hello, fds, &count, ANSWER_MS);
	if (ret)
		return talk_error(client, ret, "greeting");
	if (count >= HELLO_FD_FIRMWARE && !hello->error) {
		take_fd(&client->event, fds[HELLO_FD_EVENT]);
		take_fd(&client->monitor, fds[HELLO_FD_MONITOR]);
		take_fd(&client->memory, fds[HELLO_FD_MEMORY]);
		take_fd(&client->doorbell, fds[HELLO_FD_DOORBELL]);
		if (count == HELLO_FD_COUNT)
			set_firmware(client, fds[HELLO_FD_FIRMWARE]);
		client->monitor_pid = hello->monitor;
		client->firmware_pid = hello->firmware;
		return 0;
	}
	while (count)
		close(fds[--count]);
	if (!hello->error)
		return fail(client, -EPROTO, "the monitor's greeting lacks descriptors");
	return fail(client, hello->error > 0 ? -EPROTO : hello->error, "%s",
		    hello->text[0] ? hello->text : strerror(-hello->error));
}

/* A request and its reply, on the controlling connection. */
static int command(struct host_client *client, struct host_message *message, unsigned int patience,
		   const char *doing)
{
	unsigned int count = 1;
	int fd = -1, ret;

	if (client->control < 0)
		return fail(client, -ENOTCONN, "%s: the processor has no power", doing);
	ret = host_send(client->control, message, NULL, 0);
	if (!ret)
		ret = hear(client, client->control, message, &fd, &count,
			   ANSWER_MS + (int)patience);
	if (ret) {
		/* What comes later would answer the wrong question. */
		hang_up(client);
		return talk_error(client, ret, doing);
	}
	if (count) {
		if (message->error)
			close(fd);
		else
			set_firmware(client, fd);
	}
	client->firmware_pid = message->firmware;
	if (message->error)
		return fail(client, message->error > 0 ? -EPROTO : message->error, "%s: %s", doing,
			    message->text[0] ? message->text : strerror(-message->error));
	return 0;
}

/* ---- power ------------------------------------------------------------------------ */

/* A monitor around client->memory and client->doorbell. */
static int make_monitor(struct host_client *client, const struct host_identity *identity)
{
	const size_t image_len = (size_t)(host_machine_image_end - host_machine_image);
	int fds[HOST_FD_END - HOST_FD_CONTROL], pair[2], dir, ret;
	struct host_exec exec;
	struct host_message hello;
	char len[24];
	char *argv[] = { "rproc-monitor", (char *)identity->name, len, NULL };

	snprintf(len, sizeof(len), "%llu", (unsigned long long)identity->window_len);
	dir = host_state_dir_open(identity->state_dir, client->story, sizeof(client->story));
	if (dir < 0)
		return dir;
	ret = host_exec_open(&exec, host_machine_image, image_len, identity->state_dir,
			     !identity->no_memory_exec, client->story, sizeof(client->story));
	if (ret)
		goto close_dir;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		ret = fail(client, -errno, "socketpair: %s", strerror(errno));
		goto close_exec;
	}
	fds[HOST_FD_CONTROL - HOST_FD_CONTROL] = pair[1];
	fds[HOST_FD_STATE_DIR - HOST_FD_CONTROL] = dir;
	fds[HOST_FD_EXEC - HOST_FD_CONTROL] = exec.fd;
	fds[HOST_FD_MEMORY - HOST_FD_CONTROL] = client->memory;
	fds[HOST_FD_DOORBELL - HOST_FD_CONTROL] = client->doorbell;
	ret = host_spawn(&exec, argv, fds, HOST_FD_END - HOST_FD_CONTROL);
	close(pair[1]);
	client->control = pair[0];
	if (ret)
		fail(client, ret, "cannot start the processor's monitor from %s: %s", exec.path,
		     strerror(-ret));
	else
		ret = receive_hello(client, &hello);
	if (ret)
		hang_up(client);
close_exec:
	host_exec_close(&exec);
close_dir:
	close(dir);
	return ret;
}

int host_client_power_on(struct host_client *client, const struct host_identity *identity)
{
	int ret;

	if (client->map)
		return fail(client, -EBUSY, "the processor has power already");
	client->power = HOST_POWER_HALTED;
	ret = make_memory(client, identity->window_len);
	if (!ret)
		ret = make_monitor(client, identity);
	if (ret)
		host_client_power_off(client, true);
	return ret;
}

int host_client_query(struct host_client *client, const struct host_identity *identity,
		      struct host_message *ret_status)
{
	struct host_message message;
	int sock, ret;

	sock = host_state_dir_connect(identity->state_dir, identity->name, client->story,
				      sizeof(client->story));
	if (sock < 0)
		return sock;
	host_message_init(&message, HOST_MSG_QUERY);
	ret = host_send(sock, &message, NULL, 0);
	if (!ret)
		ret = hear(client, sock, &message, NULL, NULL, ANSWER_MS);
	close(sock);
	/* It was on its way out when we called. */
	if (ret == -ENOTCONN)
		return -ENOENT;
	if (ret)
		return talk_error(client, ret, "asking what runs");
	if (message.error)
		return fail(client, message.error > 0 ? -EPROTO : message.error, "%s",
			    message.text[0] ? message.text : strerror(-message.error));
	*ret_status = message;
	return 0;
}

static int claim(struct host_client *client, const struct host_identity *identity)
{
	struct host_message hello;
	int ret;

	ret = host_state_dir_connect(identity->state_dir, identity->name, client->story,
				     sizeof(client->story));
	if (ret == -ENOENT)
		return fail(client, ret, "no processor %s runs any more", identity->name);
	if (ret < 0)
		return ret;
	client->control = ret;
	host_message_init(&hello, HOST_MSG_CLAIM);
	ret = host_send(client->control, &hello, NULL, 0);
	if (ret)
		talk_error(client, ret, "claiming");
	else
		ret = receive_hello(client, &hello);
	if (!ret)
		ret = map_memory(client, hello.window_len);
	if (ret) {
		host_client_power_off(client, false);
		return ret;
	}
	client->power = hello.power;
	client->layout = hello.layout;
	if (client->layout.num_ranges > HOST_MAX_RANGES)
		client->layout.num_ranges = HOST_MAX_RANGES;
	client->death = hello.death;
	__atomic_store_n(&client->boot, hello.boot, __ATOMIC_RELEASE);
	return 0;
}

int host_client_claim(struct host_client *client, const struct host_identity *identity)
{
	int ret;

	if (client->map)
		return fail(client, -EBUSY, "the processor is ours already");
	ret = claim(client, identity);
	/* It was on its way out when we called: by now there is none, or another one. */
	return ret == -ENOTCONN ? claim(client, identity) : ret;
}

int host_client_attach(struct host_client *client)
{
	struct host_message message;
	int ret;

	host_message_init(&message, HOST_MSG_ATTACH);
	ret = command(client, &message, 0, "attaching");
	if (ret)
		return ret;
	/* The last host may have counted a kick and died before it rang. */
	pthread_mutex_lock(&client->kick_lock);
	if (client->page && client->firmware >= 0)
		host_ring(client->page, client->firmware);
	pthread_mutex_unlock(&client->kick_lock);
	return 0;
}

/* Is the monitor still there? One that is not cannot start anything. */
static bool monitor_lives(const struct host_client *client)
{
	return client->control >= 0 && client->monitor >= 0 &&
	       host_await(client->monitor, 0) == -ETIMEDOUT;
}

/* Until the kernel says it is gone; one that does not go is reset. */
static void await_end(int pidfd)
{
	if (pidfd < 0)
		return;
	if (host_await(pidfd, END_MS)) {
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		host_await(pidfd, END_MS);
	}
	/* Where we are process 1 or a subreaper it is ours to bury. */
	waitid(P_PIDFD, (id_t)pidfd, &(siginfo_t){ 0 }, WEXITED | WNOHANG);
}

/*
 * The monitor, then the firmware, which it takes along: until that is gone, too, it
 * may still write to the memory that the next image is loaded to.
 */
static void await_both(struct host_client *client)
{
	await_end(client->monitor);
	await_end(client->firmware);
}

int host_client_start(struct host_client *client, const struct host_identity *identity,
		      const struct host_layout *layout)
{
	struct host_message message;
	int ret;

	if (!client->map)
		return fail(client, -ENOTCONN, "starting: the processor has no power");
	if (!monitor_lives(client)) {
		hang_up(client);
		await_both(client);
		set_firmware(client, -1);
		host_close(&client->event);
		host_close(&client->monitor);
		ret = make_monitor(client, identity);
		if (ret)
			return ret;
	}
	host_message_init(&message, HOST_MSG_START);
	message.layout = *layout;
	/* Before the firmware can die: its death carries this number. */
	message.boot = __atomic_add_fetch(&client->boot, 1, __ATOMIC_ACQ_REL);
	ret = command(client, &message, 0, "starting");
	if (!ret)
		client->layout = *layout;
	return ret;
}

void host_client_stop(struct host_client *client, unsigned int timeout_ms,
		      struct host_stop_result *ret_result)
{
	struct host_message message;
	int ret;

	/* "For ever" must stay a time on the way through poll() and int. */
	if (timeout_ms > MAX_PATIENCE_MS)
		timeout_ms = MAX_PATIENCE_MS;
	host_message_init(&message, HOST_MSG_STOP);
	message.timeout_ms = timeout_ms;
	ret = command(client, &message, timeout_ms, "stopping");
	/* It ends when it sees our end; if it cannot even do that, by force. */
	if (ret)
		await_both(client);
	set_firmware(client, -1);
	if (ret) {
		ret_result->how = HOST_STOP_FORCED;
		ret_result->elapsed_us = 0;
		return;
	}
	ret_result->how = (enum host_stop)message.stop;
	ret_result->elapsed_us = message.elapsed_us;
}

int host_client_detach(struct host_client *client)
{
	struct host_message message;

	host_message_init(&message, HOST_MSG_DETACH);
	return command(client, &message, 0, "detaching");
}

void host_client_power_off(struct host_client *client, bool end)
{
	struct host_message message;

	if (end && client->control >= 0) {
		host_message_init(&message, HOST_MSG_QUIT);
		host_send(client->control, &message, NULL, 0);
	}
	hang_up(client);
	if (end)
		await_both(client);
	pthread_mutex_lock(&client->kick_lock);
	client->page = NULL;
	host_close(&client->firmware);
	pthread_mutex_unlock(&client->kick_lock);
	host_close(&client->event);
	host_close(&client->monitor);
	host_close(&client->doorbell);
	host_close(&client->memory);
	if (client->map)
		munmap(client->map, RPROC_HOST_CONTROL_SIZE + client->window_len);
	client->map = NULL;
}

/* ---- bells --------------------------------------------------------------------------- */

int host_client_kick(struct host_client *client, unsigned int vqid)
{
	int ret = 0;

	if (vqid >= RPROC_HOST_VQS)
		return -ECHRNG;
	pthread_mutex_lock(&client->kick_lock);
	if (client->page && client->firmware >= 0) {
		/* Count, mark, ring: in this order nothing is ever seen too late. */
		__atomic_fetch_add(&client->page->kicks[vqid], 1, __ATOMIC_RELAXED);
		__atomic_fetch_or(&client->page->irq_pending, UINT64_C(1) << vqid,
				  __ATOMIC_RELEASE);
		ret = host_ring(client->page, client->firmware);
	}
	pthread_mutex_unlock(&client->kick_lock);
	/* Its end is told by the monitor, which knows more. */
	return ret == -ESRCH ? 0 : ret;
}

uint64_t host_client_take_notified(struct host_client *client)
{
	uint64_t pending = 0;

	pthread_mutex_lock(&client->kick_lock);
	if (client->page)
		pending = __atomic_exchange_n(&client->page->notify_pending, 0, __ATOMIC_ACQ_REL);
	pthread_mutex_unlock(&client->kick_lock);
	return pending;
}

int host_client_read_death(struct host_client *client, struct host_death *ret_death)
{
	const uint64_t boot = __atomic_load_n(&client->boot, __ATOMIC_ACQUIRE);
	struct host_death death;
	ssize_t len;

	do {
		len = read(client->event, &death, sizeof(death));
	} while (len < 0 && errno == EINTR);
	if (!len) {
		memset(&death, 0, sizeof(death));
		death.cause = HOST_DEATH_MONITOR;
		death.boot = boot;
		*ret_death = death;
		return -ENOTCONN;
	}
	/* The death of an earlier boot is old news. */
	if (len != (ssize_t)sizeof(death) || death.boot != boot)
		return 0;
	death.message[sizeof(death.message) - 1] = '\0';
	*ret_death = death;
	return 1;
}
