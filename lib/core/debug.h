/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's debug lines: each has a name, a format and a place in Linux (debug.c). */
#ifndef RPROC_CORE_DEBUG_H
#define RPROC_CORE_DEBUG_H

#include <stdarg.h>
#include <stdint.h>
#include "base/api.h"

struct rproc_context;

enum rproc_debug_name {
	RPROC_DEBUG_ELF_CLASS,
	RPROC_DEBUG_SEGMENT,
	RPROC_DEBUG_RESOURCE,
	RPROC_DEBUG_CARVEOUT,
	RPROC_DEBUG_VDEV,
	RPROC_DEBUG_KICK,
	RPROC_DEBUG_NOTIFIED,
	RPROC_DEBUG_NO_USED,
	RPROC_DEBUG_NAMES
};

#define RPROC_DEBUG_ELF_CLASS_FORMAT "Firmware is an elf%d file"
#define RPROC_DEBUG_SEGMENT_FORMAT   "segment %zu: da 0x%llx, %llu of %llu bytes from the file"
#define RPROC_DEBUG_RESOURCE_FORMAT  "rsc[%u]: type %u, %zu bytes left for it"
#define RPROC_DEBUG_CARVEOUT_FORMAT  "carveout %s: da 0x%x, pa 0x%llx, 0x%zx bytes"
#define RPROC_DEBUG_VDEV_FORMAT	     "vdev %d: id %u, features 0x%x, %u vrings"
#define RPROC_DEBUG_KICK_FORMAT	     "kick of vring %d"
#define RPROC_DEBUG_NOTIFIED_FORMAT  "notified of vring %d"
#define RPROC_DEBUG_NO_USED_FORMAT   "uhm, incoming signal, but no used buffer ?"

/* rproc_debug(rproc, SEGMENT, arguments of its format...): if it is wanted. Any thread. */
#define rproc_debug(rproc, name, ...) \
	rproc_debug_in((rproc)->context, (rproc)->log_name, name, ##__VA_ARGS__)
#define rproc_debug_in(context, device, name, ...)                                          \
	rproc_debug_print(context, device, RPROC_DEBUG_##name, RPROC_DEBUG_##name##_FORMAT, \
			  ##__VA_ARGS__)
void rproc_debug_print(struct rproc_context *context, const char *device,
		       enum rproc_debug_name name, const char *fmt, ...) RPROC_PRINTF(4, 5);

/* Are lines of @level of that plugin printed? */
bool rproc_debug_plugin(struct rproc_context *context, int level, const char *plugin);
void rproc_debug_free(struct rproc_context *context);

#endif
