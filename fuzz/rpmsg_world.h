/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For fuzz targets: a processor with an rpmsg vdev whose remote is the input. The
 * context lives for the whole program, the processor boots for each input.
 */
#ifndef RPROC_FUZZ_RPMSG_WORLD_H
#define RPROC_FUZZ_RPMSG_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <librproc/driver.h>
#include <librproc/rpmsg.h>

#define WORLD_NUM     8u /* buffers of each ring */
#define WORLD_BUFFER  512u
#define WORLD_PA      UINT64_C(0x100000000)
#define WORLD_REGIONS 3u

struct rpmsg_world {
	struct rproc_context *context;
	struct rproc_device *device;
	struct rproc *rproc;
	uint8_t *region[WORLD_REGIONS]; /* vring 0, vring 1, buffers: heap blocks */
	size_t len[WORLD_REGIONS];
	uint16_t taken[2]; /* available buffers that the good remote has taken */
	uint64_t ctrl;	   /* the fixed channel */
};

/* Boot with fresh rings. @event_idx: the firmware offers it. */
struct rpmsg_world *rpmsg_world_begin(bool event_idx);
void rpmsg_world_end(struct rpmsg_world *world);
/* A good remote: a message in the next receive buffer, and the interrupt. false: no buffer. */
bool rpmsg_world_send(struct rpmsg_world *world, uint32_t src, uint32_t dst, const void *data,
		      size_t len);
/* A good remote: give back the next message, and the interrupt. */
bool rpmsg_world_take(struct rpmsg_world *world);

#endif
