/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The split virtqueue of vring.h. Knows the layout of a ring and nothing of what
 * the buffers are for. Every access to the ring is as wide as its field and
 * aligned, so it also works where the memory takes no others.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <librproc/resource_table.h>
#include "hw/barrier.h"
#include "virtio/vring.h"

#define DESC_SIZE  16u
#define DESC_LEN   8u
#define DESC_FLAGS 12u
#define DESC_NEXT  14u
#define DESC_WRITE 2u /* the remote writes it */

#define RING_FLAGS 0u
#define RING_IDX   2u
#define RING_BASE  4u
#define NO_NOTIFY  1u /* of used, and NO_INTERRUPT of avail */
#define USED_SIZE  8u
#define RING_ALIGN 16u
#define RING_WORD  4u

/* ---- words in device memory: whole, aligned, little endian -------------------------------- */

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LE16(x) __builtin_bswap16(x)
#define LE32(x) __builtin_bswap32(x)
#define LE64(x) __builtin_bswap64(x)
#else
#define LE16(x) (x)
#define LE32(x) (x)
#define LE64(x) (x)
#endif

/*
 * The other side may be another kind of processor, beyond what the compiler's
 * memory model knows. On x86 loads and stores keep their order anyway.
 */
static inline void order(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("" ::: "memory");
#else
	rproc_io_barrier();
#endif
}

/*
 * A store before a load, too. On x86 a locked operation does that for memory, at a third of
 * an mfence, which every message would pay.
 */
static inline void order_all(void)
{
#if defined(__x86_64__)
	__asm__ volatile("lock; addl $0, -4(%%rsp)" ::: "memory", "cc");
#else
	rproc_io_barrier();
#endif
}

static uint16_t read16(const uint8_t *p)
{
	uint16_t value = __atomic_load_n((const uint16_t *)(const void *)p, __ATOMIC_ACQUIRE);

	order();
	return LE16(value);
}

static uint32_t read32(const uint8_t *p)
{
	return LE32(__atomic_load_n((const uint32_t *)(const void *)p, __ATOMIC_RELAXED));
}

static void write16(uint8_t *p, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)p, LE16(value), __ATOMIC_RELAXED);
}

/* Everything written before is there when the remote sees this. */
static void publish16(uint8_t *p, uint16_t value)
{
	order();
	__atomic_store_n((uint16_t *)(void *)p, LE16(value), __ATOMIC_RELEASE);
}

static void write32(uint8_t *p, uint32_t value)
{
	__atomic_store_n((uint32_t *)(void *)p, LE32(value), __ATOMIC_RELAXED);
}

static uint8_t *avail_ring(const struct rproc_vring *vring, uint16_t index)
{
	return vring->avail + RING_BASE + 2u * (index & (vring->num - 1u));
}

static uint8_t *used_ring(const struct rproc_vring *vring, uint16_t index)
{
	return vring->used + RING_BASE + USED_SIZE * (index & (vring->num - 1u));
}

/* When the remote should notify: at the end of the available ring. */
static uint8_t *used_event(const struct rproc_vring *vring)
{
	return vring->avail + RING_BASE + 2u * vring->num;
}

/* When we should kick: at the end of the used ring. */
static uint8_t *avail_event(const struct rproc_vring *vring)
{
	return vring->used + RING_BASE + USED_SIZE * vring->num;
}

/* ---- making it ----------------------------------------------------------------------------- */

static int fault(struct rproc_vring *vring, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fault(struct rproc_vring *vring, int error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(vring->fault, sizeof(vring->fault), fmt, args);
	va_end(args);
	vring->broken = true;
	return error;
}

/* What precedes it ends with the used event, rounded up. */
static size_t used_offset(uint32_t num, uint32_t align)
{
	return (size_t)(rproc_vring_size(num, align) - 6 - USED_SIZE * (uint64_t)num);
}

static int check_shape(struct rproc_vring *vring, const void *va, size_t len, uint32_t num,
		       uint32_t align)
{
	/*
	 * As Linux: also a number that is no power of two, though the places of the ring then
	 * are not those that the remote will look at.
	 */
	if (!num || num > RPROC_VRING_MAX)
		return fault(vring, -EINVAL, "%u buffers; a ring has 1, 2, 4, ... %u", num,
			     RPROC_VRING_MAX);
	/* As Linux: any, but here the words of the used ring must be where words can be. */
	if (!align || used_offset(num, align) % RING_WORD)
		return fault(vring, -EINVAL,
			     "alignment %u puts the used ring at an address that no word can have",
			     align);
	if ((uintptr_t)va % RING_ALIGN)
		return fault(vring, -EINVAL, "its memory at %p is not aligned to %u", va,
			     RING_ALIGN);
	if (rproc_vring_size(num, align) > len)
		return fault(vring, -EINVAL,
			     "%u buffers at alignment %u need %llu bytes, it has %zu", num, align,
			     (unsigned long long)rproc_vring_size(num, align), len);
	return 0;
}

int rproc_vring_init(struct rproc_vring *vring, void *va, size_t len, uint32_t num, uint32_t align,
		     bool event_idx, struct rproc_vring_slot *slots)
{
	uint32_t i;
	int ret;

	*vring = (struct rproc_vring){ .event_idx = event_idx };
	ret = check_shape(vring, va, len, num, align);
	if (ret)
		return ret;
	vring->num = (uint16_t)num;
	vring->num_free = (uint16_t)num;
	vring->slots = slots;
	vring->desc = va;
	vring->avail = vring->desc + DESC_SIZE * num;
	vring->used = vring->desc + used_offset(num, align);
	rproc_iomem_fill(va, 0, (size_t)rproc_vring_size(num, align));
	for (i = 0; i < num; i++)
		slots[i] = (struct rproc_vring_slot){ .next = (uint16_t)(i + 1) };
	return 0;
}

/* ---- giving -------------------------------------------------------------------------------- */

int rproc_vring_add(struct rproc_vring *vring, uint64_t addr, uint32_t len, bool writable,
		    uint32_t token)
{
	uint16_t head = vring->free_head;
	struct rproc_vring_slot *slot = &vring->slots[head];
	uint8_t *desc = vring->desc + DESC_SIZE * (size_t)head;

	if (vring->broken)
		return -EPROTO;
	if (!vring->num_free)
		return -ENOSPC;
	vring->free_head = slot->next;
	vring->num_free--;
	slot->token = token;
	slot->len = writable ? len : 0;
	slot->out = true;
	__atomic_store_n((uint64_t *)(void *)desc, LE64(addr), __ATOMIC_RELAXED);
	write32(desc + DESC_LEN, len);
	write16(desc + DESC_FLAGS, writable ? DESC_WRITE : 0);
	/* Without the flag it means nothing; as in Linux it names the next that is free. */
	write16(desc + DESC_NEXT, slot->next < vring->num ? slot->next : 0);
	write16(avail_ring(vring, vring->avail_idx), head);
	publish16(vring->avail + RING_IDX, ++vring->avail_idx);
	return 0;
}

/* Does the way from @old to @new pass @event? (virtio 1.2 section 2.7.7.2) */
static bool passes(uint16_t event, uint16_t new, uint16_t old)
{
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

bool rproc_vring_kick_prepare(struct rproc_vring *vring)
{
	uint16_t old = vring->kicked_idx;

	if (old == vring->avail_idx || vring->broken)
		return false;
	/* The index must be out before we look whether the remote sleeps. */
	order_all();
	vring->kicked_idx = vring->avail_idx;
	if (vring->event_idx)
		return passes(read16(avail_event(vring)), vring->avail_idx, old);
	return !(read16(vring->used + RING_FLAGS) & NO_NOTIFY);
}

/* ---- taking back --------------------------------------------------------------------------- */

/* Read the remote's index anew. It cannot be ahead by more than it was given. */
static int look(struct rproc_vring *vring)
{
	uint16_t idx = read16(vring->used + RING_IDX);
	uint16_t ahead = (uint16_t)(idx - vring->last_used);

	if (ahead > rproc_vring_outstanding(vring))
		return fault(vring, -EPROTO,
			     "the used index is %u, which is %u ahead of what was taken, but the "
			     "remote has %u buffers",
			     idx, ahead, rproc_vring_outstanding(vring));
	/* One that goes to and fro would have us look for ever. */
	if (ahead < (uint16_t)(vring->seen_used - vring->last_used))
		return fault(vring, -EPROTO, "the used index went back from %u to %u",
			     vring->seen_used, idx);
	vring->seen_used = idx;
	return 0;
}

int rproc_vring_check(struct rproc_vring *vring)
{
	return vring->broken ? -EPROTO : look(vring);
}

static void put_slot(struct rproc_vring *vring, uint16_t head)
{
	vring->slots[head].out = false;
	vring->slots[head].next = vring->free_head;
	vring->free_head = head;
	vring->num_free++;
}

int rproc_vring_get(struct rproc_vring *vring, uint32_t *ret_token, uint32_t *ret_len)
{
	struct rproc_vring_slot *slot;
	const uint8_t *element;
	uint32_t id, len;

	if (vring->broken)
		return -EPROTO;
	if (vring->seen_used == vring->last_used) {
		if (look(vring))
			return -EPROTO;
		if (vring->seen_used == vring->last_used)
			return 0;
	}
	element = used_ring(vring, vring->last_used);
	id = read32(element);
	len = read32(element + 4);
	if (id >= vring->num)
		return fault(vring, -EPROTO, "used element %u: id %u out of range, there are %u",
			     vring->last_used, id, vring->num);
	slot = &vring->slots[id];
	if (!slot->out)
		return fault(vring, -EPROTO,
			     "used element %u: id %u is not a head, the remote does not have it",
			     vring->last_used, id);
	if (slot->len && len > slot->len)
		return fault(vring, -EPROTO, "used element %u: length %u, the buffer has %u",
			     vring->last_used, len, slot->len);
	*ret_token = slot->token;
	*ret_len = len;
	put_slot(vring, (uint16_t)id);
	vring->last_used++;
	return 1;
}

bool rproc_vring_has_used(const struct rproc_vring *vring)
{
	return vring->broken || read16(vring->used + RING_IDX) != vring->last_used;
}

/* ---- notifications ------------------------------------------------------------------------- */

void rproc_vring_disable_cb(struct rproc_vring *vring)
{
	if (vring->broken)
		return;
	/* With an event index: one that is passed already, so that it is not passed again. */
	if (vring->event_idx)
		write16(used_event(vring), (uint16_t)(vring->last_used - 1));
	else
		write16(vring->avail + RING_FLAGS, NO_NOTIFY);
}

bool rproc_vring_enable_cb(struct rproc_vring *vring, uint16_t count)
{
	if (vring->broken)
		return true;
	if (vring->event_idx)
		write16(used_event(vring), (uint16_t)(vring->last_used + count - 1));
	else
		write16(vring->avail + RING_FLAGS, 0);
	/* Either the remote sees the wish or we see what it has done. */
	order_all();
	return look(vring) || (uint16_t)(vring->seen_used - vring->last_used) >= count;
}
