/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A split virtqueue, the driver's side, over raw device memory (virtio 1.2
 * section 2.7). Pure: bytes in, verdict out; no context, no allocation, no I/O.
 * What the remote writes is read once, checked, then used; what this side wrote
 * is never read back from the ring. The caller serialises the calls of one ring.
 */
#ifndef RPROC_VIRTIO_VRING_H
#define RPROC_VIRTIO_VRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RPROC_VRING_MAX		32768u
#define RPROC_VRING_F_EVENT_IDX 29u /* a feature bit */
#define RPROC_VRING_FAULT_MAX	128

/* What is known about one descriptor: our own memory, so the remote cannot change it. */
struct rproc_vring_slot {
	uint32_t token; /* the caller's */
	uint32_t len;	/* that the remote may write; 0 for a buffer it only reads */
	uint16_t next;	/* free slot */
	bool out;	/* the remote has it */
};

struct rproc_vring {
	/* constant after rproc_vring_init() */
	uint16_t num;
	bool event_idx;
	uint8_t *desc, *avail, *used;	/* in device memory */
	struct rproc_vring_slot *slots; /* the caller's, num of them */

	uint16_t free_head, num_free;
	uint16_t avail_idx;  /* as published */
	uint16_t kicked_idx; /* avail_idx when a kick was last thought of */
	uint16_t last_used;  /* the next used element to take */
	uint16_t seen_used;  /* the remote's index when it was last read, and checked */
	bool broken;
	char fault[RPROC_VRING_FAULT_MAX]; /* why it is broken */
};

/*
 * Make an empty ring in @len bytes at @va, which are zeroed as far as the ring goes.
 * -EINVAL (fault says why): @num is 0 or too large, @align misplaces the used ring,
 * @va is not aligned to 16, @len is too short.
 */
int rproc_vring_init(struct rproc_vring *vring, void *va, size_t len, uint32_t num, uint32_t align,
		     bool event_idx, struct rproc_vring_slot *slots);

/* Give the remote a buffer of @len bytes at bus address @addr. -ENOSPC: the ring is full. */
int rproc_vring_add(struct rproc_vring *vring, uint64_t addr, uint32_t len, bool writable,
		    uint32_t token);

/*
 * Take back a buffer. 1: *ret_token and *ret_len are set; 0: there is none;
 * -EPROTO: the ring lies, is broken from now on, and fault says how.
 */
int rproc_vring_get(struct rproc_vring *vring, uint32_t *ret_token, uint32_t *ret_len);
/* Is the remote's index a possible one? 0, or -EPROTO: the ring is broken from now on. */
int rproc_vring_check(struct rproc_vring *vring);
/* Would rproc_vring_get() have something to say? */
bool rproc_vring_has_used(const struct rproc_vring *vring);

/* Does the remote want to be told of what was added since the last call? */
bool rproc_vring_kick_prepare(struct rproc_vring *vring);

/* Ask not to be notified. Only a hint. */
void rproc_vring_disable_cb(struct rproc_vring *vring);
/*
 * Ask to be notified once @count more buffers (1: the next) have been used. true: so many
 * have been already, and perhaps nobody will say so; or the ring lies, as a get will tell.
 */
bool rproc_vring_enable_cb(struct rproc_vring *vring, uint16_t count);

/* Buffers that the remote has. */
static inline unsigned int rproc_vring_outstanding(const struct rproc_vring *vring)
{
	return (unsigned int)vring->num - vring->num_free;
}

#endif
