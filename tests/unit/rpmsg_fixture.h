/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A processor with an rpmsg vdev and the remote's end of its rings in the hands of the
 * test: the recording driver below, the library's own rpmsg driver above. Interrupts are
 * calls of the test's thread, so everything happens when it is told to.
 */
#ifndef RPMSG_FIXTURE_H
#define RPMSG_FIXTURE_H

#include <librproc/rpmsg.h>
#include "core_images.h"
#include "recorder.h"
#include "vring_peer.h"

#define REMOTE_PA UINT64_C(0x150000000) /* of the buffers, where no other address is */

struct remote_options {
	uint32_t id;		       /* of the virtio device; 0: 7 */
	struct rproc_context *context; /* NULL: one of its own, with a journal */
	uint16_t num;		       /* of each ring; 0: 8 */
	uint16_t num_out;	       /* 0: as num */
	uint32_t align;		       /* 0: 16 */
	uint32_t features;	       /* what the firmware offers; 0: name service */
	const void *config;
	uint32_t config_len;
	unsigned int send_timeout_ms;
	bool provider;	/* buffers from the provider, not a carveout */
	size_t buffers; /* bytes of that carveout; 0: as many as are needed */
};

struct remote {
	struct remote_options options;
	struct recorder *rec;
	struct rproc *rproc;
	struct rproc_context *context;
	uint8_t *rings[2], *buffers; /* each a heap block of exactly its length */
	size_t ring_len[2], buffers_len;
	struct vring_peer in, out; /* vring 0 and 1 */
};

/* Boots it too. @options: NULL for the defaults. */
struct remote *remote_new(const struct remote_options *options);
/* The same, and nothing was booted. */
struct remote *remote_new_offline(const struct remote_options *options);
void remote_boot(struct remote *remote);
/* After a recovery: the rings are new. */
void remote_restart(struct remote *remote);
void remote_free(struct remote *remote);
/* Only its memory: the recorder is the caller's to free, before or after. It must be stopped. */
void remote_free_memory(struct remote *remote);

/* Bytes at a bus address of a buffer. */
uint8_t *remote_va(struct remote *remote, uint64_t addr);
void remote_interrupt(struct remote *remote, int ring);

/* Put a message into the next receive buffer, without an interrupt. false: there is none. */
bool remote_put(struct remote *remote, uint32_t src, uint32_t dst, const void *data, size_t len);
/* The same with an interrupt. */
void remote_send(struct remote *remote, uint32_t src, uint32_t dst, const void *data, size_t len);
/* With the header's length and the used length as the test wants them. */
void remote_send_lying(struct remote *remote, uint32_t dst, uint16_t header_len, uint32_t used_len);
/* Announce or withdraw a service. */
void remote_ns(struct remote *remote, const char *name, uint32_t addr, bool create);
/* Announce one and return its channel. */
uint64_t remote_announce(struct remote *remote, const char *name, uint32_t addr);

struct remote_message {
	uint32_t src, dst, reserved;
	uint16_t len, flags;
	uint8_t data[65536];
};
/* Take the next message the host sent and give its buffer back. false: there is none. */
bool remote_recv(struct remote *remote, struct remote_message *ret_message);
/* Take it without giving the buffer back; return its id, -1: there is none. */
int remote_take(struct remote *remote, struct remote_message *ret_message);
/* Expect exactly this message next. */
void remote_expect(struct remote *remote, uint32_t src, uint32_t dst, const void *data, size_t len);

/* The id of the fixed channel rpmsg_ctrl. */
uint64_t remote_ctrl(struct remote *remote);
/* The counters of its bus. */
struct rproc_rpmsg_counters remote_counters(struct remote *remote);
/* How many channels there are of that name. */
unsigned int remote_count(struct remote *remote, const char *name);
/* A queueing endpoint from @src to @dst. */
struct rproc_rpmsg_ept *remote_ept(struct remote *remote, uint32_t src, uint32_t dst);

#endif
