/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the ring to endpoints. One thread at a time delivers; another that comes meanwhile
 * only leaves word. A message's header is read once into private memory, checked, then
 * used. Mirrors rpmsg_recv_done() of virtio_rpmsg_bus.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include "base/bytes.h"
#include "rpmsg/bus.h"

/* Messages taken in one go before others on the loop have their turn. */
#define BUDGET 256u
/* The kernel's own limit. */
#define NO_RECIPIENT_LINES 10u
#define MALFORMED_LINES	   10u

#define SRC_AT 0u
#define DST_AT 4u
#define LEN_AT 12u

static void copy_from(const struct rpmsg_bus *bus, void *to, const void *from, size_t len)
{
	if (bus->is_iomem)
		rproc_iomem_copy_from(to, from, len);
	else
		memcpy(to, from, len);
}

void rpmsg_post(struct rpmsg_bus *bus, uint32_t index)
{
	struct rpmsg_buffers *buf = &bus->rx_buf;

	buf->state[index] = RPMSG_RX_REMOTE;
	/* There is room: the ring has a slot for each of its buffers. */
	rproc_vring_add(&bus->rx, buf->pa + (uint64_t)index * buf->size, buf->size, true, index);
}

/* ---- delivery, called with the lock, which is not held around callbacks --------------------- */

static void deliver_to_callback(struct rpmsg_bus *bus, struct rproc_rpmsg_ept *ept,
				struct rproc_rpmsg_message *message)
{
	struct rpmsg_frame frame;

	rpmsg_enter(&frame, ept);
	if (ept->options.in_place)
		frame.data = message->data;
	pthread_mutex_unlock(&bus->lock);
	if (!ept->options.in_place) {
		copy_from(bus, bus->copy, message->data, message->len);
		message->data = bus->copy;
	}
	ept->options.receive(ept, message, ept->options.data);
	pthread_mutex_lock(&bus->lock);
	rpmsg_leave(&frame);
}

static void deliver(struct rpmsg_bus *bus, struct rproc_rpmsg_ept *ept,
		    struct rproc_rpmsg_message *message)
{
	bus->count.rx_messages++;
	bus->count.rx_bytes += message->len;
	if (ept->options.receive)
		deliver_to_callback(bus, ept, message);
	else if (!rpmsg_queue_put(&ept->queue, message->data, message->len, bus->is_iomem,
				  message->src))
		bus->count.lost++;
}

static void nobody(struct rpmsg_bus *bus)
{
	bus->count.no_recipient++;
	/* Nobody listens to a serial line all the time. */
	if (bus->serial || !rpmsg_limit(&bus->no_recipient_lines, NO_RECIPIENT_LINES))
		return;
	pthread_mutex_unlock(&bus->lock);
	rpmsg_log(bus, RPROC_LOG_WARNING, "msg received with no recipient");
	pthread_mutex_lock(&bus->lock);
}

static void malformed(struct rpmsg_bus *bus, uint32_t used, size_t len)
{
	bus->count.malformed++;
	if (!rpmsg_limit(&bus->malformed_lines, MALFORMED_LINES))
		return;
	pthread_mutex_unlock(&bus->lock);
	rpmsg_log(bus, RPROC_LOG_WARNING, "inbound msg too big: (%u, %zu)", used, len);
	pthread_mutex_lock(&bus->lock);
}

/* Read the header once, and check it. false: the message is none. */
static bool read_message(struct rpmsg_bus *bus, const uint8_t *va, uint32_t used,
			 struct rproc_rpmsg_message *message)
{
	uint8_t header[RPROC_RPMSG_HEADER_SIZE];

	message->data = va + bus->header;
	if (bus->serial) {
		message->len = used;
		message->src = message->dst = 0;
		return true;
	}
	copy_from(bus, header, va, sizeof(header));
	message->len = load_le16(header + LEN_AT);
	message->src = load_le32(header + SRC_AT);
	message->dst = load_le32(header + DST_AT);
	return used >= sizeof(header) && message->len <= used - sizeof(header);
}

static void take_message(struct rpmsg_bus *bus, uint32_t index, uint32_t used)
{
	const struct rpmsg_buffers *buf = &bus->rx_buf;
	struct rproc_rpmsg_message message;
	struct rproc_rpmsg_ept *ept;

	/* A piece of nothing would look like the end of a stream. */
	if (bus->serial && !used)
		return;
	if (!read_message(bus, buf->va + (size_t)index * buf->size, used, &message)) {
		malformed(bus, used, message.len);
		return;
	}
	ept = rpmsg_ept_by_addr(bus, message.dst);
	if (ept)
		deliver(bus, ept, &message);
	else
		nobody(bus);
}

static void handle(struct rpmsg_bus *bus, uint32_t index, uint32_t used)
{
	bus->delivering = index;
	bus->rx_buf.state[index] = RPMSG_RX_HERE;
	take_message(bus, index, used);
	bus->delivering = UINT32_MAX;
	if (bus->rx_buf.state[index] == RPMSG_RX_HERE)
		rpmsg_post(bus, index);
}

/* ---- the interrupt ------------------------------------------------------------------------- */

/*
 * With the lock, until there is nothing more. Returns what is left of the budget: 0: there may
 * be more, but others have waited, or it is another's.
 */
static unsigned int drain(struct rpmsg_bus *bus)
{
	unsigned int budget = BUDGET;
	uint32_t index, used;
	int ret;

	do {
		bus->again = false;
		rproc_vring_disable_cb(&bus->rx);
		while (!atomic_load(&bus->dead)) {
			/* Made since it began, while the lock was let go of. */
			if (bus->lent && bus->num_callers)
				return 0;
			ret = rproc_vring_get(&bus->rx, &index, &used);
			if (ret < 0)
				rpmsg_bus_break(bus, RPMSG_INPUT);
			if (ret <= 0)
				break;
			handle(bus, index, used);
			if (!--budget)
				return 0;
		}
	} while (!atomic_load(&bus->dead) && (rproc_vring_enable_cb(&bus->rx, 1) || bus->again));
	return budget;
}

/* ---- the remote's turn ----------------------------------------------------------------------- */

static bool wants_kick(struct rpmsg_bus *bus)
{
	if (atomic_load(&bus->dead) || bus->rx.kicked_idx == bus->rx.avail_idx)
		return false;
	if (!rproc_vring_kick_prepare(&bus->rx)) {
		bus->count.kicks_saved++;
		return false;
	}
	bus->count.kicks++;
	return true;
}

/*
 * With the lock, by the one who receives; until there is no more, or @until has a message.
 * Returns what is left of the budget. *ret_turns: how often it was looked.
 */
static unsigned int receive(struct rpmsg_bus *bus, struct rpmsg_queue *until,
			    unsigned int *ret_turns)
{
	unsigned int left, turns = 0;

	bus->receiving = true;
	bus->lent = until;
	do {
		left = drain(bus);
		if (wants_kick(bus)) {
			pthread_mutex_unlock(&bus->lock);
			rproc_vdev_kick(bus->vdev, RPMSG_INPUT);
			pthread_mutex_lock(&bus->lock);
		}
		if (until && rpmsg_queue_ready(until) && !bus->again)
			break;
	} while (left && ++turns < BUDGET && (bus->again || rpmsg_stay_awake(bus)));
	if (turns == BUDGET)
		left = 0;
	bus->receiving = false;
	*ret_turns = turns;
	return left;
}

/* With no lock: what the budget has left over is the loop's. */
static void leave_rest(struct rpmsg_bus *bus, unsigned int left)
{
	if (!left)
		eventfd_write(bus->again_fd, 1);
}

void rpmsg_receive(struct rpmsg_bus *bus)
{
	unsigned int left, turns;

	pthread_mutex_lock(&bus->lock);
	bus->count.interrupts++;
	if (bus->receiving) {
		bus->again = true;
		pthread_mutex_unlock(&bus->lock);
		return;
	}
	left = receive(bus, NULL, &turns);
	pthread_mutex_unlock(&bus->lock);
	leave_rest(bus, left);
	if (left == BUDGET && turns < 2)
		rproc_debug_in(bus->context, bus->log_name, NO_USED);
}

void rpmsg_receive_for(struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_bus *bus = ept->bus;
	unsigned int ignored, left = BUDGET;

	if (!rpmsg_pin(bus))
		return;
	pthread_mutex_lock(&bus->lock);
	if (!bus->receiving && !bus->num_callers)
		left = receive(bus, &ept->queue, &ignored);
	pthread_mutex_unlock(&bus->lock);
	leave_rest(bus, left);
	rpmsg_unpin(bus);
}

/* ---- buffers that applications keep -------------------------------------------------------- */

RPROC_API int rproc_rpmsg_hold_rx_buffer(struct rproc_rpmsg_ept *ept, const void *data)
{
	const struct rpmsg_frame *frame = rpmsg_frame_of(ept);
	struct rpmsg_bus *bus = ept->bus;
	int ret = -EINVAL;

	if (!frame || !data || frame->data != data)
		return -EINVAL;
	pthread_mutex_lock(&bus->lock);
	if (bus->rx_buf.state[bus->delivering] == RPMSG_RX_HERE) {
		bus->rx_buf.state[bus->delivering] = RPMSG_RX_HELD;
		bus->count.rx_held++;
		ret = 0;
	}
	pthread_mutex_unlock(&bus->lock);
	return ret;
}

/* With the lock: the buffer that @data is the payload of; false if it is not a held one. */
static bool held_buffer(const struct rpmsg_bus *bus, const void *data, uint32_t *ret_index)
{
	const struct rpmsg_buffers *buf = &bus->rx_buf;
	uintptr_t offset = (uintptr_t)data - (uintptr_t)buf->va - bus->header;

	if (offset % buf->size || offset / buf->size >= buf->num ||
	    buf->state[offset / buf->size] != RPMSG_RX_HELD)
		return false;
	*ret_index = (uint32_t)(offset / buf->size);
	return true;
}

RPROC_API void rproc_rpmsg_release_rx_buffer(struct rproc_rpmsg_ept *ept, const void *data)
{
	struct rpmsg_bus *bus = ept->bus;
	bool kick = false;
	uint32_t index;

	if (!rpmsg_pin(bus))
		return;
	pthread_mutex_lock(&bus->lock);
	if (held_buffer(bus, data, &index)) {
		bus->count.rx_held--;
		/* Its callback still runs: whoever called that will post it. */
		if (index == bus->delivering)
			bus->rx_buf.state[index] = RPMSG_RX_HERE;
		else
			rpmsg_post(bus, index);
		kick = !bus->receiving && wants_kick(bus);
	}
	pthread_mutex_unlock(&bus->lock);
	if (kick)
		rproc_vdev_kick(bus->vdev, RPMSG_INPUT);
	rpmsg_unpin(bus);
}
