/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An endpoint as a descriptor: between a SOCK_SEQPACKET socket and an endpoint's queue
 * and ring, on the context's loop. What the socket does not take waits in front of it,
 * what the ring does not take stays in the socket: nothing is lost here. Uses endpoints as
 * an application does, but for one callback that it puts in.
 *
 * The loop watches one epoll descriptor, which is readable while there is something to do.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "rpmsg/bus.h"

/* Messages each way in one go before others on the loop have their turn. */
#define BUDGET 32u

struct rpmsg_socket {
	struct list link; /* rpmsg.lock */
	struct rproc_context *context;
	struct rproc_rpmsg_ept *ept;
	struct rproc_watch *watch;
	int fd, bell, epoll_fd; /* bell: the endpoint's; readable while it has something */
	/* the rest is the loop's */
	uint8_t *outgoing, *incoming; /* a message each */
	size_t incoming_len;
	bool has_incoming; /* which the socket has no room for */
};

enum verdict { GO_ON, WAIT, OVER };

static void watch_for(const struct rpmsg_socket *s, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, fd, &event) && errno == ENOENT)
		epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* A buffer is free again; on any thread. Whether it was waited for, the loop knows. */
static void on_writable(struct rproc_rpmsg_ept *ept, void *data)
{
	const struct rpmsg_socket *s = data;

	(void)ept;
	watch_for(s, s->fd, EPOLLIN | EPOLLOUT);
}

static bool hung_up(int fd)
{
	struct pollfd pfd = { .fd = fd };

	return poll(&pfd, 1, 0) == 1 && pfd.revents & (POLLHUP | POLLERR);
}

/*
 * The ring is full: the socket is of no interest before a buffer is free. Its other end may
 * be closed, which cannot be unheard but by not listening at all.
 */
static void stop_taking(const struct rpmsg_socket *s)
{
	if (hung_up(s->fd))
		epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	else
		watch_for(s, s->fd, s->has_incoming ? EPOLLOUT : 0);
}

/* ---- from the socket to the ring ------------------------------------------------------------ */

/* One packet into a transmit buffer, which is used up. */
static enum verdict take_packet(struct rpmsg_socket *s, void *buf, size_t mtu)
{
	ssize_t len = recv(s->fd, s->outgoing, mtu + 1, MSG_DONTWAIT);

	if (len < 0) {
		rproc_rpmsg_release_tx_buffer(s->ept, buf);
		return errno == EAGAIN || errno == EINTR ? WAIT : OVER;
	}
	/* An empty packet and the end look alike. */
	if (!len && hung_up(s->fd)) {
		rproc_rpmsg_release_tx_buffer(s->ept, buf);
		return OVER;
	}
	if ((size_t)len > mtu) {
		rproc_rpmsg_release_tx_buffer(s->ept, buf);
		rproc_context_log(s->context, RPROC_LOG_ERR, s->ept->log_name,
				  "message is too big (%zd)", len);
		return GO_ON;
	}
	rpmsg_copy_to(s->ept->bus, buf, s->outgoing, (size_t)len);
	if (!rproc_rpmsg_send_nocopy(s->ept, buf, (size_t)len))
		return GO_ON;
	rproc_rpmsg_release_tx_buffer(s->ept, buf);
	return OVER;
}

static enum verdict take_packets(struct rpmsg_socket *s)
{
	enum verdict verdict = GO_ON;
	unsigned int i;
	void *buf;
	size_t mtu;
	int ret;

	for (i = 0; i < BUDGET && verdict == GO_ON; i++) {
		ret = rproc_rpmsg_get_tx_buffer(s->ept, false, &buf, &mtu);
		if (ret == -ENOMEM)
			return WAIT;
		if (ret)
			return OVER;
		verdict = take_packet(s, buf, mtu);
		if (verdict == WAIT)
			return GO_ON; /* the socket is empty: it is still of interest */
	}
	return verdict;
}

/* ---- from the queue to the socket ------------------------------------------------------------ */

static enum verdict give_packet(struct rpmsg_socket *s)
{
	ssize_t ret = send(s->fd, s->incoming, s->incoming_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	s->has_incoming = ret < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS);
	if (s->has_incoming)
		return WAIT;
	return ret < 0 ? OVER : GO_ON;
}

static enum verdict give_packets(struct rpmsg_socket *s)
{
	enum verdict verdict = s->has_incoming ? give_packet(s) : GO_ON;
	unsigned int i;
	ssize_t len;

	for (i = 0; i < BUDGET && verdict == GO_ON; i++) {
		len = rproc_rpmsg_recv(s->ept, s->incoming, s->ept->bus->rx_buf.size, 0, NULL);
		if (len == -EAGAIN)
			return GO_ON;
		if (len == -ENOBUFS) {
			rproc_context_log(s->context, RPROC_LOG_WARNING, s->ept->log_name,
					  "messages were lost: the socket was not read");
			continue;
		}
		if (len < 0)
			return OVER;
		s->incoming_len = (size_t)len;
		verdict = give_packet(s);
	}
	return verdict;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void free_socket(struct rpmsg_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	free(s->outgoing);
	free(s->incoming);
	free(s);
}

/* On the loop. */
static void end_socket(struct rpmsg_socket *s)
{
	pthread_mutex_lock(&s->context->rpmsg.lock);
	list_del(&s->link);
	pthread_mutex_unlock(&s->context->rpmsg.lock);
	rproc_watch_free(s->watch);
	rproc_rpmsg_destroy_ept(s->ept);
	free_socket(s);
}

static void on_ready(int fd, void *data)
{
	struct rpmsg_socket *s = data;
	struct epoll_event events[2];
	enum verdict in, out;

	/* Only to learn what the watch is about; all is looked at anyway. */
	epoll_wait(fd, events, 2, 0);
	in = give_packets(s);
	out = take_packets(s);
	if (out == WAIT) {
		/* First not to listen, then to ask again: whoever frees a buffer makes us listen.
		 */
		stop_taking(s);
		out = take_packets(s);
	}
	if (in == OVER || out == OVER) {
		end_socket(s);
		return;
	}
	watch_for(s, s->bell, in == WAIT ? 0 : EPOLLIN);
	if (out == GO_ON)
		watch_for(s, s->fd, EPOLLIN | (in == WAIT ? EPOLLOUT : 0));
}

static void end_all(void *arg)
{
	struct rproc_rpmsg *rpmsg = &((struct rproc_context *)arg)->rpmsg;
	struct list *item;

	for (;;) {
		pthread_mutex_lock(&rpmsg->lock);
		item = list_empty(&rpmsg->sockets) ? NULL : rpmsg->sockets.next;
		pthread_mutex_unlock(&rpmsg->lock);
		if (!item)
			return;
		end_socket(list_entry(item, struct rpmsg_socket, link));
	}
}

void rproc_rpmsg_end_sockets(struct rproc_context *context)
{
	rproc_loop_call(context->loop, end_all, context);
}

static int add_to_epoll(const struct rpmsg_socket *s, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int new_socket(struct rproc_rpmsg_ept *ept, struct rpmsg_socket **ret_socket, int *ret_fd)
{
	struct rpmsg_socket *s = calloc(1, sizeof(*s));
	int pair[2] = { -1, -1 }, ret = -ENOMEM;

	if (!s)
		return -ENOMEM;
	s->ept = ept;
	s->context = ept->bus->context;
	s->fd = s->epoll_fd = -1;
	s->outgoing = malloc(ept->bus->mtu + 1);
	s->incoming = malloc(ept->bus->rx_buf.size);
	if (!s->outgoing || !s->incoming)
		goto err_free;
	s->bell = rproc_rpmsg_ept_fd(ept);
	ret = s->bell;
	if (ret < 0)
		goto err_free;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		ret = -errno;
		goto err_free;
	}
	s->fd = pair[0];
	*ret_fd = pair[1];
	ret = add_to_epoll(s, s->fd);
	if (!ret)
		ret = add_to_epoll(s, s->bell);
	if (!ret) {
		*ret_socket = s;
		return 0;
	}
	close(pair[1]);
err_free:
	free_socket(s);
	return ret;
}

/* When this returns the callback of before does not run any more. */
static void set_writable(struct rproc_rpmsg_ept *ept, struct rpmsg_socket *s)
{
	struct rpmsg_bus *bus = ept->bus;

	pthread_mutex_lock(&bus->lock);
	pthread_mutex_lock(&bus->tx_lock);
	ept->options.writable = s ? on_writable : NULL;
	ept->options.data = s;
	pthread_mutex_unlock(&bus->tx_lock);
	rpmsg_await_callbacks(ept);
	pthread_mutex_unlock(&bus->lock);
}

RPROC_API int rproc_rpmsg_ept_to_socket(struct rproc_rpmsg_ept *ept, int *ret_fd)
{
	const struct rproc_rpmsg_ept_options *options = &ept->options;
	struct rproc_rpmsg *rpmsg = &ept->bus->context->rpmsg;
	struct rpmsg_socket *s = NULL;
	int fd = -1, ret;

	if (options->receive || options->closed || options->writable ||
	    (ept->dst == RPROC_RPMSG_ADDR_ANY && !ept->bus->serial))
		return -EINVAL;
	if (atomic_load(&ept->dead))
		return -EPIPE;
	ret = new_socket(ept, &s, &fd);
	if (ret)
		return ret;
	set_writable(ept, s);
	pthread_mutex_lock(&rpmsg->lock);
	list_add_tail(&rpmsg->sockets, &s->link);
	pthread_mutex_unlock(&rpmsg->lock);
	/* From here on the loop may end it at any time. */
	ret = rproc_watch_fd(s->context, s->epoll_fd, on_ready, s, &s->watch);
	if (!ret) {
		*ret_fd = fd;
		return 0;
	}
	pthread_mutex_lock(&rpmsg->lock);
	list_del(&s->link);
	pthread_mutex_unlock(&rpmsg->lock);
	set_writable(ept, NULL);
	close(fd);
	free_socket(s);
	return ret;
}
