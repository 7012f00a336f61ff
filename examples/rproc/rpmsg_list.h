/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rpmsg channels a mount shows: finding them and choosing one by a word. Knows
 * the files of bus/rpmsg, class/rpmsg and class/tty, and nothing of messages.
 */
#ifndef RPROC_TOOL_RPMSG_LIST_H
#define RPROC_TOOL_RPMSG_LIST_H

#include <stdbool.h>
#include <stdint.h>
#include "mount.h"

#define RPMSG_ANY UINT32_MAX

/* A channel, or, without `device`, an endpoint that somebody made through rpmsg_ctrlN. */
struct channel {
	char device[128]; /* virtio0.rpmsg-raw.-1.1024 */
	char name[40];	  /* the service */
	uint32_t src, dst;
	int rproc;	    /* N of remoteprocN, or -1: no remote processor's */
	char processor[64]; /* its name */
	char driver[40];    /* who has the channel here, or "" */
	char endpoint[24];  /* rpmsgN, or "" */
	char tty[24];	    /* ttyRPMSGN, or "" */
	char ctrl[24];	    /* rpmsg_ctrlN of its bus, or "" */
	bool serial;	    /* rproc_serial: bytes and no messages, `device` is its terminal's */
};

/*
 * All channels by their devices' names, the kernel's own two kinds (rpmsg_ctrl, rpmsg_ns)
 * and bare endpoints only with @all; release with free(). 0 or a negative errno.
 */
int rpmsg_list(const struct mount *mount, bool all, struct channel **ret_channels,
	       size_t *ret_count);

/*
 * The channel that @word means: a device's name, a service's name if it is one channel's
 * alone, PROCESSOR:SERVICE, rpmsgN or ttyRPMSGN. Waits a moment for one that is not there while a
 * processor runs. Tells what went wrong itself. TOOL_OK, TOOL_NO_PROCESSOR or TOOL_REFUSED.
 */
int rpmsg_resolve(const struct mount *mount, const char *word, struct channel *ret_channel);

/* What to type to mean this one. */
const char *channel_label(const struct channel *channel);

#endif
