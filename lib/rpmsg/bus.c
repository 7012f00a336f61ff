/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bus: the driver of a vdev with id 7, or 11, a serial line, which is a bus without
 * addresses. Its rings and buffers, how it comes up, what happens when a ring lies, and in
 * which order it ends. Knows nothing of what messages say. Mirrors rpmsg_probe() and
 * rpmsg_remove() of virtio_rpmsg_bus.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/bytes.h"
#include "base/clock.h"
#include "hw/barrier.h"
#include "rpmsg/bus.h"

#define ID_RPMSG  7u
#define ID_SERIAL 11u

#define STATUS_DRIVER	 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FAILED	 0x80u

/* What a driver may leave unused, and the ring's own. As the kernel's ring code. */
#define F_INDIRECT_DESC 28u
#define BIT(n)		(UINT32_C(1) << (n))
#define SERIAL_FEATURES (BIT(F_INDIRECT_DESC) | BIT(RPROC_VRING_F_EVENT_IDX))
#define FEATURES                                                                   \
	(BIT(RPROC_RPMSG_F_NS) | BIT(RPROC_RPMSG_F_BUFSZ) | BIT(F_INDIRECT_DESC) | \
	 BIT(RPROC_VRING_F_EVENT_IDX))

#define BUFFERS_MAX	256u /* in each direction */
#define BUFFER_SIZE	512u
#define SERIAL_BUFFERS	64u
#define SERIAL_SIZE	1024u
#define BUFFER_SIZE_MIN 32u
#define BUFFER_SIZE_MAX 65536u

#define LIMIT_NS INT64_C(5000000000)

/* ---- small things of everybody ------------------------------------------------------------ */

int64_t rpmsg_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC_COARSE);
}

bool rpmsg_limit(struct rpmsg_limit *limit, unsigned int burst)
{
	int64_t now = rpmsg_now_ns();

	if (!limit->since_ns || now - limit->since_ns > LIMIT_NS) {
		limit->since_ns = now;
		limit->printed = 0;
	}
	return limit->printed++ < burst;
}

void rpmsg_log(const struct rpmsg_bus *bus, int level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rproc_context_vlog(bus->context, level, bus->log_name, fmt, args);
	va_end(args);
}

/* ---- references ------------------------------------------------------------------------------ */

static void free_bus(struct rpmsg_bus *bus)
{
	if (bus->again_fd >= 0)
		close(bus->again_fd);
	pthread_cond_destroy(&bus->tx_changed);
	pthread_cond_destroy(&bus->idle);
	pthread_mutex_destroy(&bus->tx_lock);
	pthread_mutex_destroy(&bus->lock);
	free(bus->rx_slots);
	free(bus->tx_slots);
	free(bus->rx_buf.state);
	free(bus->tx_buf.state);
	free(bus->tx_free);
	free(bus->copy);
	free(bus->epts);
	free(bus);
}

void rpmsg_bus_get(struct rpmsg_bus *bus)
{
	atomic_fetch_add(&bus->refs, 1);
}

void rpmsg_bus_put(struct rpmsg_bus *bus)
{
	if (atomic_fetch_sub(&bus->refs, 1) == 1)
		free_bus(bus);
}

bool rpmsg_pin(struct rpmsg_bus *bus)
{
	atomic_fetch_add(&bus->pins, 1);
	if (!atomic_load(&bus->dead))
		return true;
	rpmsg_unpin(bus);
	return false;
}

void rpmsg_unpin(struct rpmsg_bus *bus)
{
	if (atomic_fetch_sub(&bus->pins, 1) != 1 || !atomic_load(&bus->dead))
		return;
	pthread_mutex_lock(&bus->tx_lock);
	pthread_cond_broadcast(&bus->tx_changed);
	pthread_mutex_unlock(&bus->tx_lock);
}

/* ---- a ring that lies ---------------------------------------------------------------------- */

void rpmsg_bus_break(struct rpmsg_bus *bus, unsigned int ring)
{
	const struct rproc_vring *vring = ring == RPMSG_INPUT ? &bus->rx : &bus->tx;

	if (atomic_exchange(&bus->dead, true))
		return;
	snprintf(bus->fault, sizeof(bus->fault), "%s: %s", ring == RPMSG_INPUT ? "input" : "output",
		 vring->fault);
	atomic_store(&bus->broken, true);
	eventfd_write(bus->again_fd, 1);
}

static void wake_senders(struct rpmsg_bus *bus)
{
	pthread_mutex_lock(&bus->tx_lock);
	pthread_cond_broadcast(&bus->tx_changed);
	pthread_mutex_unlock(&bus->tx_lock);
}

/* On the loop: nobody uses the rings any more; say so to everybody. */
static void give_up(struct rpmsg_bus *bus)
{
	const struct rproc_event event = {
		.type = RPROC_EVENT_VIRTIO_FAILED,
		.index = bus->rproc_index,
		.old_state = rproc_state(bus->rproc),
		.new_state = rproc_state(bus->rproc),
		.value = (uint64_t)bus->virtio,
	};
	char name[24];

	rpmsg_log(bus, RPROC_LOG_ERR, "%s", bus->fault);
	rproc_story_aside(
		bus->rproc, -EPROTO, "rpmsg",
		"virtio%d: %s; the firmware does not keep to the protocol or something writes "
		"over its memory. No more messages until it is started again",
		bus->virtio, bus->fault);
	rproc_vdev_set_status(bus->vdev, rproc_vdev_status(bus->vdev) | STATUS_FAILED);
	snprintf(name, sizeof(name), "virtio%d", bus->virtio);
	rproc_event_post(bus->context, &event, bus->rproc->name, name);
	wake_senders(bus);
	rpmsg_close_epts(bus);
	rpmsg_remove_channels(bus);
}

static void on_again(int fd, void *data)
{
	struct rpmsg_bus *bus = data;
	eventfd_t ignored;

	eventfd_read(fd, &ignored);
	if (atomic_exchange(&bus->broken, false))
		give_up(bus);
	else if (!atomic_load(&bus->dead))
		rpmsg_receive(bus);
}

static void on_input(struct rproc_vdev *vdev, unsigned int index, void *data)
{
	struct rpmsg_bus *bus = data;

	(void)vdev;
	(void)index;
	if (!atomic_load(&bus->dead))
		rpmsg_receive(bus);
}

static void on_output(struct rproc_vdev *vdev, unsigned int index, void *data)
{
	struct rpmsg_bus *bus = data;

	(void)vdev;
	(void)index;
	if (!atomic_load(&bus->dead))
		rpmsg_sent(bus);
}

/* ---- coming up ----------------------------------------------------------------------------- */

static int init_locks(struct rpmsg_bus *bus)
{
	clock_cond_init(&bus->tx_changed);
	pthread_cond_init(&bus->idle, NULL);
	pthread_mutex_init(&bus->lock, NULL);
	pthread_mutex_init(&bus->tx_lock, NULL);
	bus->again_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return bus->again_fd < 0 ? -errno : 0;
}

/* As the log has it: "virtio_rpmsg_bus virtio0". */
static void driver_name(const struct rproc_vdev *vdev, char *name, size_t len)
{
	snprintf(name, len, "%s virtio%d",
		 rproc_vdev_id(vdev) == ID_SERIAL ? "virtio_rproc_serial" : "virtio_rpmsg_bus",
		 rproc_vdev_virtio(vdev));
}

static int new_bus(struct rproc_vdev *vdev, struct rpmsg_bus **ret_bus)
{
	struct rpmsg_bus *bus = calloc(1, sizeof(*bus));
	int ret;

	if (!bus)
		return -ENOMEM;
	atomic_init(&bus->refs, 1);
	list_init(&bus->link);
	list_init(&bus->channels);
	bus->vdev = vdev;
	bus->rproc = rproc_vdev_rproc(vdev);
	bus->context = bus->rproc->context;
	bus->rproc_index = bus->rproc->index;
	bus->virtio = rproc_vdev_virtio(vdev);
	bus->delivering = UINT32_MAX;
	bus->serial = rproc_vdev_id(vdev) == ID_SERIAL;
	bus->header = bus->serial ? 0 : RPROC_RPMSG_HEADER_SIZE;
	driver_name(vdev, bus->log_name, sizeof(bus->log_name));
	ret = init_locks(bus);
	if (ret) {
		free_bus(bus);
		return ret;
	}
	*ret_bus = bus;
	return 0;
}

static bool good_size(uint32_t size)
{
	return size >= BUFFER_SIZE_MIN && size <= BUFFER_SIZE_MAX && size % 8 == 0;
}

/* What the firmware wants, or 512 bytes each. */
static int choose_sizes(struct rpmsg_bus *bus, uint32_t features)
{
	uint8_t config[8];

	bus->tx_buf.size = bus->rx_buf.size = bus->serial ? SERIAL_SIZE : BUFFER_SIZE;
	if (features & BIT(RPROC_RPMSG_F_BUFSZ)) {
		if (rproc_vdev_get_config(bus->vdev, 0, config, sizeof(config)))
			return rproc_story(
				bus->rproc, -EINVAL, "rpmsg",
				"virtio%d: buffer sizes are offered, but the config space "
				"is too short for them: 8 bytes",
				bus->virtio);
		bus->tx_buf.size = load_le32(config);
		bus->rx_buf.size = load_le32(config + 4);
	}
	bus->mtu = bus->tx_buf.size - bus->header;
	if (good_size(bus->tx_buf.size) && good_size(bus->rx_buf.size))
		return 0;
	return rproc_story(
		bus->rproc, -EINVAL, "rpmsg",
		"virtio%d: the firmware wants buffers of %u and %u bytes; multiples of 8 "
		"from %u to %u are possible",
		bus->virtio, bus->tx_buf.size, bus->rx_buf.size, BUFFER_SIZE_MIN, BUFFER_SIZE_MAX);
}

static int init_ring(struct rpmsg_bus *bus, unsigned int index, bool event_idx,
		     struct rproc_vring *vring, struct rproc_vring_slot **ret_slots)
{
	struct rproc_vring_info info;
	int ret = rproc_vdev_vring(bus->vdev, index, &info);

	if (ret || !info.va)
		return rproc_story(bus->rproc, -ENOMEM, "rpmsg", "virtio%d: vring %u has no memory",
				   bus->virtio, index);
	*ret_slots = calloc(info.num ? info.num : 1, sizeof(**ret_slots));
	if (!*ret_slots)
		return -ENOMEM;
	ret = rproc_vring_init(vring, info.va, info.len, info.num, info.align, event_idx,
			       *ret_slots);
	if (ret)
		return rproc_story(bus->rproc, ret, "rpmsg", "virtio%d: vring %u: %s", bus->virtio,
				   index, vring->fault);
	return rproc_vdev_publish_vring(bus->vdev, index);
}

static int init_rings(struct rpmsg_bus *bus, uint32_t features)
{
	bool event_idx = features & BIT(RPROC_VRING_F_EVENT_IDX);
	int ret = init_ring(bus, RPMSG_INPUT, event_idx, &bus->rx, &bus->rx_slots);

	if (!ret)
		ret = init_ring(bus, RPMSG_OUTPUT, event_idx, &bus->tx, &bus->tx_slots);
	return ret;
}

static int init_half(const struct rpmsg_bus *bus, struct rpmsg_buffers *buf, uint32_t ring_num)
{
	uint32_t max = bus->serial ? SERIAL_BUFFERS : BUFFERS_MAX;

	buf->num = ring_num < max ? ring_num : max;
	buf->state = calloc(buf->num, 1);
	return buf->state ? 0 : -ENOMEM;
}

/* One block: the remote's half first. */
static int init_buffers(struct rpmsg_bus *bus)
{
	struct rproc_memory memory;
	size_t rx_len;
	uint32_t i;
	int ret = init_half(bus, &bus->rx_buf, bus->rx.num);

	if (!ret)
		ret = init_half(bus, &bus->tx_buf, bus->tx.num);
	if (ret)
		return ret;
	rx_len = (size_t)bus->rx_buf.num * bus->rx_buf.size;
	ret = rproc_vdev_buffers(bus->vdev, rx_len + (size_t)bus->tx_buf.num * bus->tx_buf.size,
				 &memory, &bus->is_iomem);
	if (ret)
		return ret;
	bus->rx_buf.va = memory.va;
	bus->rx_buf.pa = memory.pa;
	bus->tx_buf.va = bus->rx_buf.va + rx_len;
	bus->tx_buf.pa = memory.pa + rx_len;
	bus->tx_free = calloc(bus->tx_buf.num, sizeof(*bus->tx_free));
	bus->copy = malloc(bus->rx_buf.size);
	if (!bus->tx_free || !bus->copy)
		return -ENOMEM;
	/* The first is on top: they are used in order. */
	for (i = bus->tx_buf.num; i > 0; i--)
		bus->tx_free[bus->tx_num_free++] = i - 1;
	for (i = 0; i < bus->rx_buf.num; i++)
		rpmsg_post(bus, i);
	rproc_vring_disable_cb(&bus->tx);
	return 0;
}

/* Everything but telling the remote. */
static int set_up(struct rpmsg_bus *bus, uint32_t features)
{
	uint64_t id;
	int ret = choose_sizes(bus, features);

	if (!ret)
		ret = init_rings(bus, features);
	if (!ret)
		ret = init_buffers(bus);
	if (!ret)
		ret = rproc_watch_fd(bus->context, bus->again_fd, on_again, bus, &bus->again_watch);
	if (ret)
		return ret;
	rpmsg_bus_register(bus);
	if (bus->serial)
		return rpmsg_add_channel(bus, RPROC_RPMSG_SERIAL, "rproc-serial", 0, 0, true, &id);
	ret = rpmsg_add_channel(bus, RPROC_RPMSG_CTRL, "rpmsg_ctrl", 0, 0, true, &id);
	if (!ret && bus->has_ns)
		ret = rpmsg_ns_start(bus);
	return ret;
}

/* ---- the end ------------------------------------------------------------------------------- */

/*
 * In this order: no new use of the rings, no interrupt, no call on the loop, no sender
 * in the middle of something; then nobody but applications is left, and they are told.
 */
static void take_down(struct rpmsg_bus *bus)
{
	atomic_store(&bus->dead, true);
	wake_senders(bus);
	rproc_vdev_set_callback(bus->vdev, RPMSG_INPUT, NULL, NULL);
	rproc_vdev_set_callback(bus->vdev, RPMSG_OUTPUT, NULL, NULL);
	rproc_watch_free(bus->again_watch);
	pthread_mutex_lock(&bus->tx_lock);
	while (atomic_load(&bus->pins) || bus->waiters)
		pthread_cond_wait(&bus->tx_changed, &bus->tx_lock);
	pthread_mutex_unlock(&bus->tx_lock);
	rpmsg_close_epts(bus);
	rpmsg_remove_channels(bus);
	rpmsg_bus_unregister(bus);
	if (bus->ns)
		rproc_rpmsg_destroy_ept(bus->ns);
	rpmsg_bus_put(bus);
}

/* A bus of the processor that is not dead yet, counted, or NULL. */
static struct rpmsg_bus *next_alive(struct rproc *rproc)
{
	struct rproc_rpmsg *rpmsg = &rproc->context->rpmsg;
	struct rpmsg_bus *found = NULL;
	struct list *item;

	pthread_mutex_lock(&rpmsg->lock);
	list_for_each(item, &rpmsg->buses) {
		struct rpmsg_bus *bus = list_entry(item, struct rpmsg_bus, link);

		if (bus->rproc != rproc || atomic_load(&bus->dead))
			continue;
		rpmsg_bus_get(bus);
		found = bus;
		break;
	}
	pthread_mutex_unlock(&rpmsg->lock);
	return found;
}

void rproc_rpmsg_crashed(struct rproc *rproc)
{
	struct rpmsg_bus *bus;

	while ((bus = next_alive(rproc))) {
		atomic_store(&bus->dead, true);
		wake_senders(bus);
		rpmsg_close_epts(bus);
		rpmsg_bus_put(bus);
	}
}

/* A driver that cannot is no failed boot: the device stays without one. */
static void refuse(struct rproc_vdev *vdev, int error)
{
	struct rproc *rproc = rproc_vdev_rproc(vdev);
	char name[32];

	driver_name(vdev, name, sizeof(name));
	rproc_story(rproc, error, "rpmsg", "virtio%d: %s", rproc_vdev_virtio(vdev),
		    strerror(-error));
	rproc_context_log(rproc->context, RPROC_LOG_ERR, name,
			  "probe with driver %.*s failed with error %d", (int)strcspn(name, " "),
			  name, error);
	rproc_vdev_set_status(vdev, rproc_vdev_status(vdev) | STATUS_FAILED);
}

static int start(struct rproc_vdev *vdev, void *data)
{
	bool serial = rproc_vdev_id(vdev) == ID_SERIAL;
	uint32_t features = rproc_vdev_features(vdev) & (serial ? SERIAL_FEATURES : FEATURES);
	struct rpmsg_bus *bus;
	int ret = new_bus(vdev, &bus);

	(void)data;
	rproc_vdev_set_priv(vdev, NULL);
	rproc_vdev_set_status(vdev, rproc_vdev_status(vdev) | STATUS_DRIVER);
	if (ret) {
		refuse(vdev, ret);
		return 0;
	}
	rproc_vdev_set_features(vdev, features);
	bus->has_ns = features & BIT(RPROC_RPMSG_F_NS);
	ret = set_up(bus, features);
	if (ret) {
		take_down(bus);
		refuse(vdev, ret);
		return 0;
	}
	rproc_vdev_set_priv(vdev, bus);
	bus->online_ns = rpmsg_now_ns();
	rproc_vdev_set_callback(vdev, RPMSG_INPUT, on_input, bus);
	rproc_vdev_set_callback(vdev, RPMSG_OUTPUT, on_output, bus);
	rproc_io_barrier();
	rproc_vdev_set_status(vdev, rproc_vdev_status(vdev) | STATUS_DRIVER_OK);
	/* From here on the remote may be at work, and so may our own callbacks. */
	rpmsg_receive(bus);
	if (!serial)
		rpmsg_log(bus, RPROC_LOG_INFO, "rpmsg host is online");
	return 0;
}

static void stop(struct rproc_vdev *vdev, bool crashed, void *data)
{
	struct rpmsg_bus *bus = rproc_vdev_priv(vdev);

	(void)crashed;
	(void)data;
	rproc_vdev_set_priv(vdev, NULL);
	/* The remote may look at it once more, but will not be heard. */
	rproc_vdev_set_status(vdev, 0);
	if (bus)
		take_down(bus);
}

/* What the kernel's virtio_console driver is for a remote processor. */
const struct rproc_vdev_driver rproc_serial_driver = {
	.id = ID_SERIAL,
	.name = "virtio_rproc_serial",
	.start = start,
	.stop = stop,
};

const struct rproc_vdev_driver rproc_rpmsg_driver = {
	.id = ID_RPMSG,
	.name = "virtio_rpmsg_bus",
	.start = start,
	.stop = stop,
};
