/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop and the calls in flight: waits for the kernel's requests, for
 * answers from other threads and for the hooks' descriptors; answers each
 * request once. One thread; only session_kick() and the completion of a call
 * come from others. What each request means is in session_ops.c. Must not know
 * what the nodes are.
 *
 * Never touches the mount itself, and never sends an invalidation: from the
 * thread that serves, both deadlock.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "session_internal.h"

/* Requests served before other descriptors get their turn. */
#define BATCH 64
/* Pollers that one ring takes before it tells them. */
#define RUNG_AT_ONCE 16
/* Descriptors of the hooks. */
#define MAX_FDS 6

/* The call whose operation runs now; set on the loop's thread only. */
static _Thread_local struct node_call *running_call;
static _Thread_local bool running_done;

/* ---- answers ---------------------------------------------------------------- */

static void reply_bytes(fuse_req_t req, const struct node_call *call)
{
	if (call->kind == NODE_CALL_IOCTL)
		fuse_reply_ioctl(req, 0, call->out, (size_t)call->result);
	else
		fuse_reply_buf(req, call->out, (size_t)call->result);
}

static void answer(struct node_call *call)
{
	fuse_req_t req = call->ticket;

	node_call_settle(call);
	if (call->result < 0)
		fuse_reply_err(req, (int)-call->result);
	else if (call->kind == NODE_CALL_STORE)
		fuse_reply_write(req, (size_t)call->result);
	else
		reply_bytes(req, call);
	node_call_put(call);
}

static void link_deferred(struct session *session, struct node_call *call)
{
	call->deferred = true;
	call->prev_deferred = NULL;
	call->next_deferred = session->deferred;
	if (session->deferred)
		session->deferred->prev_deferred = call;
	session->deferred = call;
	if (call->kind == NODE_CALL_STORE)
		call->open->node->pending++;
}

static void unlink_deferred(struct session *session, struct node_call *call)
{
	if (call->prev_deferred)
		call->prev_deferred->next_deferred = call->next_deferred;
	else
		session->deferred = call->next_deferred;
	if (call->next_deferred)
		call->next_deferred->prev_deferred = call->prev_deferred;
	if (call->kind == NODE_CALL_STORE)
		call->open->node->pending--;
}

/* The client got a signal. Only asks: the answer comes through the queue. */
static void interrupt_call(struct node_call *call)
{
	if (call->cancel)
		call->cancel(call);
	else
		node_call_done(call, -EINTR);
}

static void on_interrupt(fuse_req_t req, void *data)
{
	(void)req;
	interrupt_call(data);
}

static void call_completed(struct node_call *call)
{
	struct session *session = call->front;

	if (call == running_call) {
		running_done = true;
		return;
	}
	call->next_done = NULL;
	pthread_mutex_lock(&session->lock);
	if (session->done_tail)
		session->done_tail->next_done = call;
	else
		session->done_head = call;
	session->done_tail = call;
	/* Under the lock: once the loop can see the call, the session may go away. */
	session_kick(session);
	pthread_mutex_unlock(&session->lock);
}

void session_call(struct session *session, fuse_req_t req, struct node_call *call)
{
	call->ticket = req;
	call->scratch = session->scratch;
	call->scratch_size = session->scratch_size;
	running_call = call;
	running_done = false;
	node_call_start(call);
	running_call = NULL;
	if (running_done) {
		answer(call);
		return;
	}
	/* Its data and the scratch memory are no longer there when it completes. */
	call->data = NULL;
	call->scratch = NULL;
	call->scratch_size = 0;
	link_deferred(session, call);
	fuse_req_interrupt_func(req, on_interrupt, call);
}

struct node_call *session_call_new(struct session *session, enum node_call_kind kind,
				   struct node_open *open)
{
	return node_call_new(kind, open, call_completed, session);
}

/* Answer what other threads, or this one outside of an operation, completed. */
static void answer_completed(struct session *session)
{
	struct node_call *call, *next;

	pthread_mutex_lock(&session->lock);
	call = session->done_head;
	session->done_head = session->done_tail = NULL;
	pthread_mutex_unlock(&session->lock);
	if (!call)
		return;
	session->hooks.settle(session->hooks.data);
	for (; call; call = next) {
		next = call->next_done;
		unlink_deferred(session, call);
		answer(call);
	}
}

/* ---- polls -------------------------------------------------------------------- */

static struct fuse_pollhandle *take_handle(struct session_poller *poller)
{
	struct fuse_pollhandle *handle = poller->handle;

	poller->handle = NULL;
	return handle;
}

/* The only notification that may be sent from the thread that serves: it takes no lock. */
static void notify(struct fuse_pollhandle *handle)
{
	if (!handle)
		return;
	fuse_lowlevel_notify_poll(handle);
	fuse_pollhandle_destroy(handle);
}

static struct session_poller *new_poller(struct session *session, struct node_open *open)
{
	struct session_poller *poller = calloc(1, sizeof(*poller));

	if (!poller)
		return NULL;
	poller->bell = open->node->bell;
	pthread_mutex_lock(&session->poll_lock);
	poller->next = session->pollers;
	if (session->pollers)
		session->pollers->prev = poller;
	session->pollers = poller;
	pthread_mutex_unlock(&session->poll_lock);
	open->waiter = poller;
	return poller;
}

int session_poll(struct session *session, struct node_open *open, struct fuse_pollhandle *handle)
{
	struct session_poller *poller = open->waiter ? open->waiter : new_poller(session, open);
	struct fuse_pollhandle *old = handle;

	if (poller) {
		pthread_mutex_lock(&session->poll_lock);
		old = take_handle(poller);
		poller->handle = handle;
		pthread_mutex_unlock(&session->poll_lock);
	}
	if (old)
		fuse_pollhandle_destroy(old);
	return poller ? 0 : -ENOMEM;
}

static void drop_waiter(struct node_open *open, void *data)
{
	struct session_poller *poller = open->waiter;
	struct session *session = data;

	pthread_mutex_lock(&session->poll_lock);
	if (poller->next)
		poller->next->prev = poller->prev;
	if (poller->prev)
		poller->prev->next = poller->next;
	else
		session->pollers = poller->next;
	pthread_mutex_unlock(&session->poll_lock);
	if (poller->handle)
		fuse_pollhandle_destroy(poller->handle);
	free(poller);
	open->waiter = NULL;
}

static void wake_waiter(struct node_open *open, void *data)
{
	struct session *session = data;
	struct fuse_pollhandle *handle;

	pthread_mutex_lock(&session->poll_lock);
	handle = take_handle(open->waiter);
	pthread_mutex_unlock(&session->poll_lock);
	notify(handle);
	drop_waiter(open, session);
}

/* With the lock: whom that ring is to wake, each once however soon he asks again. */
static size_t take_rung(struct session *session, unsigned int bell, uint64_t ring,
			struct fuse_pollhandle **handles)
{
	struct session_poller *poller;
	size_t n = 0;

	for (poller = session->pollers; poller && n < RUNG_AT_ONCE; poller = poller->next) {
		if (poller->bell != bell || !poller->handle || poller->ring >= ring)
			continue;
		poller->ring = ring;
		handles[n++] = take_handle(poller);
	}
	/* He asks again at once, and is not to be told what was before. */
	if (n)
		atomic_store(&session->rung, true);
	return n;
}

/* Tells without the lock: who is woken comes back for it while this goes on. */
void session_ring(struct session *session, unsigned int bell)
{
	struct fuse_pollhandle *handles[RUNG_AT_ONCE];
	uint64_t ring = atomic_fetch_add(&session->rings, 1) + 1;
	size_t n;

	do {
		pthread_mutex_lock(&session->poll_lock);
		n = take_rung(session, bell, ring, handles);
		pthread_mutex_unlock(&session->poll_lock);
		for (size_t i = 0; i < n; i++)
			notify(handles[i]);
	} while (n == RUNG_AT_ONCE);
}

/* ---- the loop ------------------------------------------------------------------- */

void session_kick(struct session *session)
{
	uint64_t one = 1;

	if (atomic_exchange(&session->kicked, true))
		return;
	while (write(session->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void take_kick(struct session *session)
{
	uint64_t count;

	while (read(session->wake_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	atomic_store(&session->kicked, false);
	session->hooks.woken(session->hooks.data);
	answer_completed(session);
}

/* Requests until there are none, or it is somebody else's turn. */
static int serve(struct session *session)
{
	for (int i = 0; i < BATCH && !fuse_session_exited(session->se); i++) {
		int n = fuse_session_receive_buf(session->se, &session->request);

		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			return 0;
		if (n <= 0) /* unmounted, or the connection was aborted */
			return n ? n : -ENODEV;
		fuse_session_process_buf(session->se, &session->request);
		if (atomic_load_explicit(&session->kicked, memory_order_relaxed))
			return 0;
	}
	return 0;
}

static int wait_for_work(struct session *session, struct pollfd *fds, nfds_t n)
{
	int timeout = session->hooks.timeout(session->hooks.data);

	if (poll(fds, n, timeout) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static int run_once(struct session *session, struct pollfd *fds, nfds_t n)
{
	int err = wait_for_work(session, fds, n);

	if (err)
		return err;
	for (nfds_t i = 2; i < n; i++)
		if (fds[i].revents)
			session->hooks.ready(fds[i].fd, session->hooks.data);
	if (fds[1].revents)
		take_kick(session);
	if (session->hooks.timeout(session->hooks.data) == 0)
		session->hooks.tick(session->hooks.data);
	if (fds[0].revents && !session->stop)
		return serve(session);
	return 0;
}

int session_run(struct session *session)
{
	struct pollfd fds[2 + MAX_FDS] = {
		{ .fd = fuse_session_fd(session->se), .events = POLLIN },
		{ .fd = session->wake_fd, .events = POLLIN },
	};
	nfds_t n = 2;
	int err = 0;

	for (size_t i = 0; i < session->hooks.num_fds && i < MAX_FDS; i++)
		fds[n++] = (struct pollfd){ .fd = session->hooks.fds[i], .events = POLLIN };
	while (!err && !session->stop && !fuse_session_exited(session->se)) {
		for (nfds_t i = 0; i < n; i++)
			fds[i].revents = 0;
		err = run_once(session, fds, n);
	}
	return err == -ENODEV ? 0 : err;
}

void session_exit(struct session *session)
{
	session->stop = true;
}

/* ---- life ----------------------------------------------------------------------- */

static struct session *log_session;

/* libfuse has one log for the whole program. */
static void fuse_log_line(enum fuse_log_level level, const char *fmt, va_list ap)
{
	char text[512];
	size_t len;
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	if (n < 0 || !log_session)
		return;
	len = strcspn(text, "\n");
	text[len] = '\0';
	/* Each request, when it is debugged: not for a log that is read through requests. */
	if (level == FUSE_LOG_DEBUG)
		fprintf(stderr, "%s\n", text);
	else if (len)
		log_session->hooks.log(level, text, log_session->hooks.data);
}

static struct fuse_session *make_fuse_session(struct session *session, bool debug)
{
	static const char options[] = "allow_other,default_permissions,nosuid,nodev,noexec,"
				      "fsname=rproc,subtype=rproc";
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *se = NULL;

	if (!fuse_opt_add_arg(&args, "rprocfs") && !fuse_opt_add_arg(&args, "-o") &&
	    !fuse_opt_add_arg(&args, options) && (!debug || !fuse_opt_add_arg(&args, "-d")))
		se = fuse_session_new(&args, &session_ops, sizeof(session_ops), session);
	fuse_opt_free_args(&args);
	return se;
}

int session_new(struct tree *tree, const struct session_hooks *hooks, bool debug,
		struct session **ret_session)
{
	struct session *session = calloc(1, sizeof(*session));
	const struct tree_front front = { .wake = wake_waiter,
					  .drop = drop_waiter,
					  .data = session };
	int err = -ENOMEM;

	if (!session)
		return -ENOMEM;
	session->tree = tree;
	session->hooks = *hooks;
	session->log_stores = hooks->log_stores;
	session->scratch_size = SESSION_MAX_IO;
	session->scratch = malloc(session->scratch_size);
	if (!session->scratch)
		goto free_session;
	session->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (session->wake_fd < 0) {
		err = -errno;
		goto free_scratch;
	}
	pthread_mutex_init(&session->lock, NULL);
	pthread_mutex_init(&session->poll_lock, NULL);
	log_session = session;
	fuse_set_log_func(fuse_log_line);
	session->se = make_fuse_session(session, debug);
	if (!session->se)
		goto close_wake;
	tree_set_front(tree, &front);
	*ret_session = session;
	return 0;
close_wake:
	log_session = NULL;
	pthread_mutex_destroy(&session->poll_lock);
	pthread_mutex_destroy(&session->lock);
	close(session->wake_fd);
free_scratch:
	free(session->scratch);
free_session:
	free(session);
	return err;
}

int session_mount(struct session *session, const char *mountpoint)
{
	int fd;

	if (fuse_session_mount(session->se, mountpoint))
		return -EIO;
	session->mounted = true;
	fd = fuse_session_fd(session->se);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	return 0;
}

/* Let everybody go who still waits. Each call completes at once: the work may go on. */
static void interrupt_all(struct session *session)
{
	struct pollfd wake = { .fd = session->wake_fd, .events = POLLIN };
	struct node_call *next;

	for (struct node_call *call = session->deferred; call; call = next) {
		next = call->next_deferred;
		interrupt_call(call);
	}
	answer_completed(session);
	/* One may be on its way from another thread, which still uses the session. */
	while (session->deferred) {
		poll(&wake, 1, -1);
		take_kick(session);
	}
}

void session_free(struct session *session)
{
	const struct tree_front none = { 0 };

	if (!session)
		return;
	interrupt_all(session);
	if (session->mounted)
		fuse_session_unmount(session->se);
	tree_close_all(session->tree);
	tree_set_front(session->tree, &none);
	fuse_session_destroy(session->se);
	log_session = NULL;
	free(session->request.mem);
	pthread_mutex_destroy(&session->poll_lock);
	pthread_mutex_destroy(&session->lock);
	close(session->wake_fd);
	free(session->scratch);
	free(session);
}
