/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other end of a split virtqueue, for tests: what a well-behaved remote does with a
 * ring, and access to each word for one that does not. Written from the virtio
 * specification, not from the library: it shares no code with it.
 */
#ifndef VRING_PEER_H
#define VRING_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vring_peer {
	uint8_t *va;
	uint16_t num;
	size_t used_at; /* offset of the used ring */
	uint16_t last_avail;
	bool event_idx;
};

struct vring_peer_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

void vring_peer_init(struct vring_peer *peer, void *va, uint16_t num, uint32_t align,
		     bool event_idx);
uint16_t vring_peer_avail_flags(const struct vring_peer *peer);
uint16_t vring_peer_avail_idx(const struct vring_peer *peer);
uint16_t vring_peer_used_event(const struct vring_peer *peer);
uint16_t vring_peer_used_idx(const struct vring_peer *peer);
struct vring_peer_desc vring_peer_desc(const struct vring_peer *peer, uint16_t id);
/* The next buffer the driver made available; false: there is none. */
bool vring_peer_take(struct vring_peer *peer, uint16_t *ret_id);
/* Hand one back. Returns whether the driver wants to be notified of it. */
bool vring_peer_use(struct vring_peer *peer, uint32_t id, uint32_t len);
/* Ask for a kick at the next available buffer, or for none at all. */
void vring_peer_want_kick(struct vring_peer *peer, bool want);
/* Raw words, for lies. */
void vring_peer_set_used_idx(struct vring_peer *peer, uint16_t idx);
void vring_peer_set_used(struct vring_peer *peer, uint16_t at, uint32_t id, uint32_t len);
void vring_peer_set_used_flags(struct vring_peer *peer, uint16_t flags);
void vring_peer_set_avail_event(struct vring_peer *peer, uint16_t idx);

#endif
