/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From endpoints to the ring: transmit buffers, waiting for one, kicks. Mirrors
 * rpmsg_send_offchannel_raw() of virtio_rpmsg_bus.c, but that a sleeper is woken once a
 * good part of the buffers is free, not at each.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include "base/bytes.h"
#include "base/clock.h"
#include "rpmsg/bus.h"

/* How long a sleeper hopes for many buffers before it asks for one. */
#define HOPE_MS 1u

/* ---- the lock ------------------------------------------------------------------------------ */

/*
 * Take tx_lock; false: all is over, and it is not taken. Those who say so take it once more
 * before the rings go, so whoever holds it and got in needs no pin of his own: two
 * atomic operations less for each message.
 */
static bool enter(struct rpmsg_bus *bus)
{
	pthread_mutex_lock(&bus->tx_lock);
	if (!atomic_load(&bus->dead))
		return true;
	pthread_mutex_unlock(&bus->tx_lock);
	return false;
}

/* Let go of it; a kick takes place without it, and keeps the vdev until it is done. */
static void leave(struct rpmsg_bus *bus, bool kick)
{
	if (kick)
		atomic_fetch_add(&bus->pins, 1);
	pthread_mutex_unlock(&bus->tx_lock);
	if (!kick)
		return;
	rproc_vdev_kick(bus->vdev, RPMSG_OUTPUT);
	rpmsg_unpin(bus);
}

/* ---- buffers, all with tx_lock ------------------------------------------------------------ */

/* The index of a free one; -EAGAIN: none is; -EPIPE: the ring lies. */
static int take_buffer(struct rpmsg_bus *bus)
{
	uint32_t index, used;
	int ret;

	if (atomic_load(&bus->dead))
		return -EPIPE;
	if (bus->tx_num_free) {
		index = bus->tx_free[--bus->tx_num_free];
	} else {
		ret = rproc_vring_get(&bus->tx, &index, &used);
		if (ret < 0) {
			rpmsg_bus_break(bus, RPMSG_OUTPUT);
			return -EPIPE;
		}
		if (!ret)
			return -EAGAIN;
		bus->tx_progress_ns = rpmsg_now_ns();
	}
	bus->tx_buf.state[index] = RPMSG_TX_TAKEN;
	return (int)index;
}

static void put_buffer(struct rpmsg_bus *bus, uint32_t index)
{
	bus->tx_buf.state[index] = RPMSG_TX_FREE;
	bus->tx_free[bus->tx_num_free++] = index;
}

static bool buffer_is_free(const struct rpmsg_bus *bus)
{
	return bus->tx_num_free || rproc_vring_has_used(&bus->tx);
}

/* How many used buffers are worth waking up for. */
static uint16_t many(const struct rpmsg_bus *bus)
{
	unsigned int half = rproc_vring_outstanding(&bus->tx) / 2;

	return half ? (uint16_t)half : 1;
}

/* With tx_lock, which is let go of meanwhile, by one who is counted as a waiter. */
static void tell_timeout(struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_bus *bus = ept->bus;
	unsigned int out, used;
	uint64_t kicks;

	bus->tx_count.timeouts++;
	kicks = bus->tx_count.kicks;
	out = rproc_vring_outstanding(&bus->tx);
	used = bus->tx.last_used;
	pthread_mutex_unlock(&bus->tx_lock);
	rproc_context_log(bus->context, RPROC_LOG_ERR, ept->log_name,
			  "timeout waiting for a tx buffer");
	rproc_story_aside(
		bus->rproc, -ETIMEDOUT, "rpmsg",
		"virtio%d: no buffer was free for %u ms: the remote has %u of %u, its used index "
		"stopped at %u after %llu kicks; it hangs, or reads another ring",
		bus->virtio, bus->context->send_timeout_ms, out, bus->tx_buf.num, used,
		(unsigned long long)kicks);
	pthread_mutex_lock(&bus->tx_lock);
}

/* Sleep until the remote says that it used some; a positive number: too late. */
static int sleep_for_buffers(struct rpmsg_bus *bus, bool hope, const struct timespec *deadline)
{
	struct timespec soon;

	if (rproc_vring_enable_cb(&bus->tx, hope ? many(bus) : 1))
		return 0;
	/* It may have used a few already, and will not say so before there are many. */
	if (rproc_vring_has_used(&bus->tx))
		return 0;
	if (!hope)
		return pthread_cond_timedwait(&bus->tx_changed, &bus->tx_lock, deadline);
	clock_deadline(&soon, HOPE_MS);
	pthread_cond_timedwait(&bus->tx_changed, &bus->tx_lock, &soon);
	return 0;
}

static int await_buffer(struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_bus *bus = ept->bus;
	struct timespec deadline;
	bool hope = true;
	int index, late = 0;

	clock_deadline(&deadline, bus->context->send_timeout_ms);
	bus->tx_count.waits++;
	bus->waiters++;
	ept->senders++;
	for (;;) {
		index = atomic_load(&ept->dead) ? -EPIPE : take_buffer(bus);
		if (index != -EAGAIN)
			break;
		if (late) {
			index = -ETIMEDOUT;
			break;
		}
		late = sleep_for_buffers(bus, hope && !bus->want_writable, &deadline);
		hope = false;
	}
	if (index == -ETIMEDOUT)
		tell_timeout(ept);
	ept->senders--;
	if (!--bus->waiters && !bus->want_writable)
		rproc_vring_disable_cb(&bus->tx);
	if (atomic_load(&ept->dead) || atomic_load(&bus->dead))
		pthread_cond_broadcast(&bus->tx_changed);
	return index;
}

/* Ask for a call of `writable`. true: there is a buffer after all. */
static bool want_writable(struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_bus *bus = ept->bus;

	ept->want_writable = true;
	bus->want_writable = true;
	return rproc_vring_enable_cb(&bus->tx, 1);
}

static int get_buffer(struct rproc_rpmsg_ept *ept, bool wait)
{
	int index = take_buffer(ept->bus);

	if (index != -EAGAIN)
		return index;
	if (!wait) {
		if (ept->options.writable && want_writable(ept))
			index = take_buffer(ept->bus);
		return index == -EAGAIN ? -ENOMEM : index;
	}
	if (rpmsg_must_not_wait(ept->bus->context))
		return -EDEADLK;
	return await_buffer(ept);
}

/* ---- a message ------------------------------------------------------------------------------- */

static uint8_t *buffer_va(const struct rpmsg_bus *bus, uint32_t index)
{
	return bus->tx_buf.va + (size_t)index * bus->tx_buf.size;
}

void rpmsg_copy_to(const struct rpmsg_bus *bus, void *to, const void *from, size_t len)
{
	if (bus->is_iomem)
		rproc_iomem_copy_to(to, from, len);
	else if (len)
		memcpy(to, from, len);
}

static void write_header(struct rpmsg_bus *bus, uint32_t index, uint32_t src, uint32_t dst,
			 size_t len)
{
	uint8_t header[RPROC_RPMSG_HEADER_SIZE] = { 0 };

	store_le32(header, src);
	store_le32(header + 4, dst);
	store_le32(header + 12, (uint32_t)len); /* 16 bits of length, 16 of flags: none */
	rpmsg_copy_to(bus, buffer_va(bus, index), header, sizeof(header));
}

/* With tx_lock: hand over a buffer whose payload is written. Returns whether to kick. */
static bool publish(struct rpmsg_bus *bus, uint32_t index, uint32_t src, uint32_t dst, size_t len)
{
	const struct rpmsg_buffers *buf = &bus->tx_buf;

	if (!bus->serial)
		write_header(bus, index, src, dst, len);
	if (!rproc_vring_outstanding(&bus->tx))
		bus->tx_progress_ns = rpmsg_now_ns();
	buf->state[index] = RPMSG_TX_REMOTE;
	/* There is room: the ring has a slot for each of its buffers. */
	rproc_vring_add(&bus->tx, buf->pa + (uint64_t)index * buf->size,
			(uint32_t)(bus->header + len), false, index);
	bus->tx_count.tx_messages++;
	atomic_store_explicit(&bus->sends, bus->tx_count.tx_messages, memory_order_relaxed);
	bus->tx_count.tx_bytes += len;
	if (!rproc_vring_kick_prepare(&bus->tx)) {
		bus->tx_count.kicks_saved++;
		return false;
	}
	bus->tx_count.kicks++;
	return true;
}

static int check(struct rproc_rpmsg_ept *ept, uint32_t src, uint32_t dst, size_t len)
{
	struct rpmsg_bus *bus = ept->bus;

	if (atomic_load(&ept->dead))
		return -EPIPE;
	if (src == RPROC_RPMSG_ADDR_ANY || dst == RPROC_RPMSG_ADDR_ANY) {
		rproc_context_log(bus->context, RPROC_LOG_ERR, ept->log_name,
				  "invalid addr (src 0x%x, dst 0x%x)", src, dst);
		return -EINVAL;
	}
	if (len > bus->mtu) {
		rproc_context_log(bus->context, RPROC_LOG_ERR, ept->log_name,
				  "message is too big (%zu)", len);
		return -EMSGSIZE;
	}
	/* There are no empty buffers. */
	return bus->serial && !len ? -EINVAL : 0;
}

int rpmsg_send_from(struct rproc_rpmsg_ept *ept, uint32_t src, uint32_t dst, const void *data,
		    size_t len, bool wait)
{
	struct rpmsg_bus *bus = ept->bus;
	bool kick = false;
	int ret = check(ept, src, dst, len);

	if (ret)
		return ret;
	if (!enter(bus))
		return -EPIPE;
	ret = get_buffer(ept, wait);
	if (ret >= 0) {
		uint32_t index = (uint32_t)ret;

		rpmsg_copy_to(bus, buffer_va(bus, index) + bus->header, data, len);
		kick = publish(bus, index, src, dst, len);
		ret = 0;
	}
	leave(bus, kick);
	return ret;
}

RPROC_API int rproc_rpmsg_send(struct rproc_rpmsg_ept *ept, const void *data, size_t len)
{
	return rpmsg_send_from(ept, ept->addr, ept->dst, data, len, true);
}

RPROC_API int rproc_rpmsg_sendto(struct rproc_rpmsg_ept *ept, const void *data, size_t len,
				 uint32_t dst)
{
	return rpmsg_send_from(ept, ept->addr, dst, data, len, true);
}

RPROC_API int rproc_rpmsg_trysend(struct rproc_rpmsg_ept *ept, const void *data, size_t len)
{
	return rpmsg_send_from(ept, ept->addr, ept->dst, data, len, false);
}

RPROC_API int rproc_rpmsg_trysendto(struct rproc_rpmsg_ept *ept, const void *data, size_t len,
				    uint32_t dst)
{
	return rpmsg_send_from(ept, ept->addr, dst, data, len, false);
}

/* ---- without a copy ------------------------------------------------------------------------ */

RPROC_API int rproc_rpmsg_get_tx_buffer(struct rproc_rpmsg_ept *ept, bool wait, void **ret_buf,
					size_t *ret_len)
{
	struct rpmsg_bus *bus = ept->bus;
	int ret;

	if (atomic_load(&ept->dead) || !enter(bus))
		return -EPIPE;
	ret = get_buffer(ept, wait);
	if (ret >= 0) {
		*ret_buf = buffer_va(bus, (uint32_t)ret) + bus->header;
		*ret_len = bus->mtu;
		ret = 0;
	}
	leave(bus, false);
	return ret;
}

/* With tx_lock: the buffer that @buf is the payload of; false if nobody has taken it. */
static bool taken_buffer(const struct rpmsg_bus *bus, const void *payload, uint32_t *ret_index)
{
	const struct rpmsg_buffers *buf = &bus->tx_buf;
	uintptr_t offset = (uintptr_t)payload - (uintptr_t)buf->va - bus->header;

	if (offset % buf->size || offset / buf->size >= buf->num ||
	    buf->state[offset / buf->size] != RPMSG_TX_TAKEN)
		return false;
	*ret_index = (uint32_t)(offset / buf->size);
	return true;
}

RPROC_API int rproc_rpmsg_sendto_nocopy(struct rproc_rpmsg_ept *ept, void *payload, size_t len,
					uint32_t dst)
{
	struct rpmsg_bus *bus = ept->bus;
	bool kick = false;
	uint32_t index;
	int ret = check(ept, ept->addr, dst, len);

	if (ret)
		return ret;
	if (!enter(bus))
		return -EPIPE;
	if (!taken_buffer(bus, payload, &index))
		ret = -EINVAL;
	else
		kick = publish(bus, index, ept->addr, dst, len);
	leave(bus, kick);
	return ret;
}

RPROC_API int rproc_rpmsg_send_nocopy(struct rproc_rpmsg_ept *ept, void *payload, size_t len)
{
	return rproc_rpmsg_sendto_nocopy(ept, payload, len, ept->dst);
}

RPROC_API void rproc_rpmsg_release_tx_buffer(struct rproc_rpmsg_ept *ept, void *payload)
{
	struct rpmsg_bus *bus = ept->bus;
	uint32_t index;

	if (!enter(bus))
		return;
	if (taken_buffer(bus, payload, &index)) {
		put_buffer(bus, index);
		pthread_cond_signal(&bus->tx_changed);
	}
	leave(bus, false);
}

/* ---- who waits ----------------------------------------------------------------------------- */

/* With both locks: the endpoint with the lowest address from @from on that is to be told. */
static struct rproc_rpmsg_ept *next_writable(struct rpmsg_bus *bus, uint64_t from)
{
	size_t i;

	for (i = 0; i < bus->num_epts; i++) {
		struct rproc_rpmsg_ept *ept = bus->epts[i];

		if (ept->addr < from || !ept->want_writable)
			continue;
		ept->want_writable = false;
		if (ept->options.writable)
			return ept;
	}
	return NULL;
}

static void tell_writable(struct rpmsg_bus *bus)
{
	void (*writable)(struct rproc_rpmsg_ept * ept, void *data);
	struct rproc_rpmsg_ept *ept;
	struct rpmsg_frame frame;
	uint64_t from = 0;
	void *arg;

	pthread_mutex_lock(&bus->lock);
	for (;;) {
		pthread_mutex_lock(&bus->tx_lock);
		ept = next_writable(bus, from);
		pthread_mutex_unlock(&bus->tx_lock);
		if (!ept)
			break;
		from = (uint64_t)ept->addr + 1;
		/* Unlike the other callbacks this one may be put in later (socket.c). */
		writable = ept->options.writable;
		arg = ept->options.data;
		rpmsg_enter(&frame, ept);
		pthread_mutex_unlock(&bus->lock);
		writable(ept, arg);
		pthread_mutex_lock(&bus->lock);
		rpmsg_leave(&frame);
	}
	pthread_mutex_unlock(&bus->lock);
}

void rpmsg_sent(struct rpmsg_bus *bus)
{
	bool tell;

	pthread_mutex_lock(&bus->tx_lock);
	bus->tx_count.interrupts++;
	if (rproc_vring_check(&bus->tx))
		rpmsg_bus_break(bus, RPMSG_OUTPUT);
	if (bus->waiters)
		pthread_cond_broadcast(&bus->tx_changed);
	tell = bus->want_writable && buffer_is_free(bus);
	if (tell) {
		bus->want_writable = false;
		if (!bus->waiters)
			rproc_vring_disable_cb(&bus->tx);
	}
	pthread_mutex_unlock(&bus->tx_lock);
	if (tell)
		tell_writable(bus);
}

RPROC_API short rproc_rpmsg_poll(struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_bus *bus = ept->bus;
	short ready = 0;

	if (atomic_load(&ept->dead))
		return POLLERR;
	pthread_mutex_lock(&ept->queue.lock);
	if (ept->queue.len || ept->queue.lost)
		ready = POLLIN;
	pthread_mutex_unlock(&ept->queue.lock);
	if (!enter(bus))
		return POLLERR;
	if (buffer_is_free(bus) || want_writable(ept))
		ready |= POLLOUT;
	leave(bus, false);
	return ready;
}
