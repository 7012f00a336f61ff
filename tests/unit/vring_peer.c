/* SPDX-License-Identifier: BSD-3-Clause */
/* The device's end of a split virtqueue over plain memory. Knows no library. */
#include "vring_peer.h"

#include <string.h>

/* Whole words: the driver may look at the same time, on another thread. */
static uint16_t get16(const struct vring_peer *peer, size_t at)
{
	return __atomic_load_n((uint16_t *)(void *)(peer->va + at), __ATOMIC_SEQ_CST);
}

static void put16(struct vring_peer *peer, size_t at, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)(peer->va + at), value, __ATOMIC_SEQ_CST);
}

static uint32_t get32(const struct vring_peer *peer, size_t at)
{
	return __atomic_load_n((uint32_t *)(void *)(peer->va + at), __ATOMIC_SEQ_CST);
}

static void put32(struct vring_peer *peer, size_t at, uint32_t value)
{
	__atomic_store_n((uint32_t *)(void *)(peer->va + at), value, __ATOMIC_SEQ_CST);
}

static size_t avail_at(const struct vring_peer *peer)
{
	return 16u * peer->num;
}

void vring_peer_init(struct vring_peer *peer, void *va, uint16_t num, uint32_t align,
		     bool event_idx)
{
	size_t end = 16u * num + 2u * (3u + num);

	*peer = (struct vring_peer){ .va = va, .num = num, .event_idx = event_idx };
	peer->used_at = (end + align - 1) / align * align;
}

uint16_t vring_peer_avail_flags(const struct vring_peer *peer)
{
	return get16(peer, avail_at(peer));
}

uint16_t vring_peer_avail_idx(const struct vring_peer *peer)
{
	return get16(peer, avail_at(peer) + 2);
}

uint16_t vring_peer_used_event(const struct vring_peer *peer)
{
	return get16(peer, avail_at(peer) + 4 + 2u * peer->num);
}

uint16_t vring_peer_used_idx(const struct vring_peer *peer)
{
	return get16(peer, peer->used_at + 2);
}

struct vring_peer_desc vring_peer_desc(const struct vring_peer *peer, uint16_t id)
{
	size_t at = 16u * id;

	return (struct vring_peer_desc){
		.addr = get32(peer, at) | (uint64_t)get32(peer, at + 4) << 32,
		.len = get32(peer, at + 8),
		.flags = get16(peer, at + 12),
		.next = get16(peer, at + 14),
	};
}

bool vring_peer_take(struct vring_peer *peer, uint16_t *ret_id)
{
	if (vring_peer_avail_idx(peer) == peer->last_avail)
		return false;
	*ret_id = get16(peer, avail_at(peer) + 4 + 2u * (peer->last_avail % peer->num));
	peer->last_avail++;
	return true;
}

bool vring_peer_use(struct vring_peer *peer, uint32_t id, uint32_t len)
{
	uint16_t idx = vring_peer_used_idx(peer);

	vring_peer_set_used(peer, idx, id, len);
	vring_peer_set_used_idx(peer, (uint16_t)(idx + 1));
	if (peer->event_idx)
		return vring_peer_used_event(peer) == idx;
	return !(vring_peer_avail_flags(peer) & 1);
}

void vring_peer_want_kick(struct vring_peer *peer, bool want)
{
	if (peer->event_idx)
		vring_peer_set_avail_event(peer, (uint16_t)(vring_peer_avail_idx(peer) - !want));
	else
		vring_peer_set_used_flags(peer, !want);
}

void vring_peer_set_used_idx(struct vring_peer *peer, uint16_t idx)
{
	put16(peer, peer->used_at + 2, idx);
}

void vring_peer_set_used(struct vring_peer *peer, uint16_t at, uint32_t id, uint32_t len)
{
	size_t element = peer->used_at + 4 + 8u * (at % peer->num);

	put32(peer, element, id);
	put32(peer, element + 4, len);
}

void vring_peer_set_used_flags(struct vring_peer *peer, uint16_t flags)
{
	put16(peer, peer->used_at, flags);
}

void vring_peer_set_avail_event(struct vring_peer *peer, uint16_t idx)
{
	put16(peer, peer->used_at + 4 + 8u * peer->num, idx);
}
