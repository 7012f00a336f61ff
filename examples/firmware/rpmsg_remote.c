/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device's side of rpmsg (virtio 1.2 section 2.7, legacy layout). The host is trusted
 * no more than it must be: addresses and lengths in descriptors are taken as they are, for
 * the host owns this memory anyway.
 */
#include "rpmsg_remote.h"

#define DESC_SIZE    16u
#define RING_IDX     2u
#define RING_BASE    4u
#define NO_NOTIFY    1u
#define STATUS_READY 4u
#define GATHER_NS    300u

struct endpoint {
	uint32_t addr;
	rpmsg_handler handler;
	char name[RPMSG_NAME]; /* of the service; "": the host was told of none */
};

struct rpmsg_ring rpmsg_to_host, rpmsg_from_host;
static struct endpoint endpoints[RPMSG_ENDPOINTS];
static uint32_t num_endpoints;
static int event_idx;
static uint32_t header_len; /* in front of each payload; 0 on a serial line */
static int taken = -1;	    /* the buffer that rpmsg_get_buffer() gave */

/* ---- words ------------------------------------------------------------------------------- */

uint16_t rpmsg_read16(volatile const uint8_t *at)
{
	return __atomic_load_n((volatile const uint16_t *)at, __ATOMIC_ACQUIRE);
}

void rpmsg_write16(volatile uint8_t *at, uint16_t value)
{
	__atomic_store_n((volatile uint16_t *)at, value, __ATOMIC_RELEASE);
}

uint32_t rpmsg_read32(volatile const uint8_t *at)
{
	return __atomic_load_n((volatile const uint32_t *)at, __ATOMIC_RELAXED);
}

void rpmsg_write32(volatile uint8_t *at, uint32_t value)
{
	__atomic_store_n((volatile uint32_t *)at, value, __ATOMIC_RELAXED);
}

typedef uint64_t __attribute__((may_alias, aligned(1))) any_word;

void rpmsg_copy(void *to, const void *from, uint32_t len)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	for (; len >= 8; len -= 8, d += 8, s += 8)
		*(any_word *)d = *(const any_word *)s;
	while (len--)
		*d++ = *s++;
}

/* ---- rings -------------------------------------------------------------------------------- */

static void open_ring(struct rpmsg_ring *ring, volatile const struct rpmsg_vring_entry *entry)
{
	uint32_t driver = DESC_SIZE * entry->num + 2 * (3 + entry->num);

	ring->num = (uint16_t)entry->num;
	ring->last_avail = ring->seen_avail = ring->used_idx = ring->told = 0;
	ring->notifyid = entry->notifyid;
	ring->desc = (volatile uint8_t *)(uintptr_t)entry->da;
	ring->avail = ring->desc + DESC_SIZE * entry->num;
	ring->used = ring->desc + (driver + entry->align - 1) / entry->align * entry->align;
}

/* What only we write to is as we left it, unless a host that attached has laid out the ring anew. */
static int is_same(const struct rpmsg_ring *ring)
{
	return rpmsg_read16(ring->used + RING_IDX) == ring->used_idx;
}

/* Is the host there that the rings were opened for? */
static int host_is_there(void)
{
	return resource_table.status & STATUS_READY && is_same(&rpmsg_to_host) &&
	       is_same(&rpmsg_from_host);
}

/* The host's index, read anew: how far it got. */
static uint16_t look(struct rpmsg_ring *ring)
{
	return ring->seen_avail = rpmsg_read16(ring->avail + RING_IDX);
}

int rpmsg_take(struct rpmsg_ring *ring)
{
	uint16_t at;

	/* Not for each buffer: the host, on another CPU, would wait for this word each time. */
	if (ring->seen_avail == ring->last_avail && look(ring) == ring->last_avail)
		return -1;
	at = ring->last_avail++ & (ring->num - 1);
	return rpmsg_read16(ring->avail + RING_BASE + 2 * at) & (ring->num - 1);
}

uint8_t *rpmsg_buffer(const struct rpmsg_ring *ring, uint32_t id, uint32_t *ret_len)
{
	volatile const uint8_t *desc = ring->desc + DESC_SIZE * id;

	*ret_len = rpmsg_read32(desc + 8);
	return (uint8_t *)(uintptr_t)rpmsg_read32(desc);
}

void rpmsg_use(struct rpmsg_ring *ring, uint32_t id, uint32_t len)
{
	volatile uint8_t *element = ring->used + RING_BASE + 8 * (ring->used_idx & (ring->num - 1));

	rpmsg_write32(element, id);
	rpmsg_write32(element + 4, len);
	rpmsg_write16(ring->used + RING_IDX, ++ring->used_idx);
}

/* Notify the host of what was used since the last time, if it wants to know. */
static void notify(struct rpmsg_ring *ring)
{
	uint16_t old = ring->told, event;

	if (ring->used_idx == old)
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring->told = ring->used_idx;
	if (event_idx) {
		event = rpmsg_read16(ring->avail + RING_BASE + 2 * ring->num);
		if ((uint16_t)(ring->used_idx - event - 1) >= (uint16_t)(ring->used_idx - old))
			return;
	} else if (rpmsg_read16(ring->avail) & NO_NOTIFY) {
		return;
	}
	services->notify(ring->notifyid);
}

/* Ask for a kick at the next available buffer. Not 0: there is one already. */
static int want_kick(struct rpmsg_ring *ring)
{
	if (event_idx)
		rpmsg_write16(ring->used + RING_BASE + 8 * ring->num, ring->last_avail);
	else
		rpmsg_write16(ring->used, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return rpmsg_read16(ring->avail + RING_IDX) != ring->last_avail;
}

/* Without an event index a flag says that we are awake; with one the old event does. */
static void want_no_kick(struct rpmsg_ring *ring)
{
	if (!event_idx)
		rpmsg_write16(ring->used, NO_NOTIFY);
}

/* ---- messages ------------------------------------------------------------------------------- */

uint8_t *rpmsg_get_buffer(uint32_t *ret_len)
{
	uint8_t *buffer;

	if (taken < 0)
		taken = rpmsg_take(&rpmsg_to_host);
	if (taken < 0)
		return 0;
	buffer = rpmsg_buffer(&rpmsg_to_host, (uint32_t)taken, ret_len);
	*ret_len -= header_len;
	return buffer + header_len;
}

void rpmsg_send_buffer(uint32_t src, uint32_t dst, uint32_t len)
{
	uint32_t ignored, *header;

	header = (uint32_t *)(void *)rpmsg_buffer(&rpmsg_to_host, (uint32_t)taken, &ignored);
	if (header_len) {
		header[0] = src;
		header[1] = dst;
		header[2] = 0;
		header[3] = len; /* and no flags */
	}
	rpmsg_use(&rpmsg_to_host, (uint32_t)taken, header_len + len);
	taken = -1;
}

int rpmsg_send(uint32_t src, uint32_t dst, const void *data, uint32_t len)
{
	uint8_t *buffer;
	uint32_t room;

	while (!(buffer = rpmsg_get_buffer(&room))) {
		if (shutdown_requested() || !host_is_there())
			return 0;
		/* It can only give some back that it knows of. */
		notify(&rpmsg_to_host);
		if (!want_kick(&rpmsg_to_host))
			services->wait(UINT64_MAX);
	}
	if (len > room)
		return 0;
	rpmsg_copy(buffer, data, len);
	rpmsg_send_buffer(src, dst, len);
	return 1;
}

static struct endpoint *find(uint32_t addr)
{
	uint32_t i;

	for (i = 0; i < num_endpoints; i++) {
		if (endpoints[i].addr == addr)
			return &endpoints[i];
	}
	return 0;
}

static void copy_name(char *to, const char *from)
{
	uint32_t i;

	for (i = 0; i < RPMSG_NAME; i++)
		to[i] = '\0';
	for (i = 0; i < RPMSG_NAME - 1 && from[i]; i++)
		to[i] = from[i];
}

void rpmsg_announce(const char *name, uint32_t addr, int create)
{
	struct endpoint *const endpoint = find(addr);
	struct {
		char name[RPMSG_NAME];
		uint32_t addr, flags;
	} message;

	copy_name(message.name, name);
	message.addr = addr;
	message.flags = !create;
	if (endpoint)
		copy_name(endpoint->name, create ? message.name : "");
	rpmsg_send(addr, RPMSG_NS_ADDR, &message, sizeof(message));
	notify(&rpmsg_to_host);
}

int rpmsg_listen(uint32_t addr, rpmsg_handler handler)
{
	if (find(addr) || num_endpoints == RPMSG_ENDPOINTS)
		return 0;
	endpoints[num_endpoints].addr = addr;
	endpoints[num_endpoints++].handler = handler;
	return 1;
}

int rpmsg_serve(const char *name, uint32_t addr, rpmsg_handler handler)
{
	if (!rpmsg_listen(addr, handler))
		return 0;
	rpmsg_announce(name, addr, 1);
	return 1;
}

static void dispatch(const uint8_t *message, uint32_t len)
{
	const uint32_t *header = (const uint32_t *)(const void *)message;
	const struct endpoint *endpoint;
	uint32_t payload;

	if (!header_len) {
		if (num_endpoints)
			endpoints[0].handler(0, 0, message, len);
		return;
	}
	if (len < RPMSG_HEADER)
		return;
	payload = header[3] & 0xffff;
	if (payload > len - RPMSG_HEADER)
		return;
	endpoint = find(header[1]);
	if (endpoint)
		endpoint->handler(header[0], header[1], message + RPMSG_HEADER, payload);
}

/* ---- the loop ------------------------------------------------------------------------------ */

/*
 * Messages that follow each other closely are let gather. Whoever looks for each of them
 * takes the ring's words from the host's cache each time, and the host, on another CPU, has
 * to wait until it gets them back before it can send the next.
 */
static void let_gather(void)
{
	const uint64_t begin = services->clock_ns();

	while (services->clock_ns() - begin < GATHER_NS)
		;
}

static void tell_host(void)
{
	notify(&rpmsg_to_host);
	notify(&rpmsg_from_host);
}

/* Wait until a host has set up the rings, and open them. 0: it asks to stop instead. */
static int meet_host(void)
{
	while (!(resource_table.status & STATUS_READY)) {
		if (shutdown_requested())
			return 0;
		services->wait(UINT64_MAX);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	event_idx = resource_table.gfeatures & RPMSG_F_EVENT_IDX ? 1 : 0;
	header_len = resource_table.id == RPROC_SERIAL_ID ? 0 : RPMSG_HEADER;
	taken = -1;
	open_ring(&rpmsg_to_host, &resource_table.vring[0]);
	open_ring(&rpmsg_from_host, &resource_table.vring[1]);
	return 1;
}

/* The host has gone, or gone and come back: it knows of no service any more. */
static int meet_host_again(void)
{
	uint32_t i;

	if (!meet_host())
		return 0;
	for (i = 0; i < num_endpoints; i++) {
		if (endpoints[i].name[0])
			rpmsg_announce(endpoints[i].name, endpoints[i].addr, 1);
	}
	return 1;
}

uint32_t rpmsg_poll(void)
{
	uint32_t count = 0, len;
	const uint8_t *message;
	uint16_t end;
	int id;

	if (!host_is_there() && !meet_host_again())
		return 0;
	want_no_kick(&rpmsg_from_host);
	for (end = look(&rpmsg_from_host); rpmsg_from_host.last_avail != end;) {
		id = rpmsg_take(&rpmsg_from_host);
		message = rpmsg_buffer(&rpmsg_from_host, (uint32_t)id, &len);
		dispatch(message, len);
		rpmsg_use(&rpmsg_from_host, (uint32_t)id, 0);
		/* A burst is told of as it goes on, not at its end: the host works meanwhile. */
		if (++count % 16 == 0)
			tell_host();
	}
	tell_host();
	if (count > 1)
		let_gather();
	return count;
}

void rpmsg_wait(void)
{
	if (host_is_there() && !want_kick(&rpmsg_from_host))
		services->wait(UINT64_MAX);
}

int rpmsg_init(void)
{
	services->irq_disable();
	return meet_host();
}

_Noreturn void rpmsg_run(void)
{
	while (!shutdown_requested()) {
		if (!rpmsg_poll())
			rpmsg_wait();
	}
	power_down();
}
