/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The IPCC mailbox as the host uses it: channels without payload, occupied by a
 * sender until the receiver frees them. Knows the controller, not what a channel
 * is for.
 */
#ifndef RPROC_STM32_IPCC_H
#define RPROC_STM32_IPCC_H

#include <librproc/driver.h>

#define IPCC_CHANNELS_MAX 16
#define IPCC_QUEUE_LEN	  20u /* sends that may wait for one channel, as in Linux */

struct ipcc;

/* The other side has sent on a channel. On the context's thread, or in ipcc_send_wait(). */
typedef void (*ipcc_fn)(void *data, unsigned int channel);

/* Take over the controller @node; everything is masked. */
int ipcc_new(struct rproc_device *node, ipcc_fn received, void *data, struct rproc_report *report,
	     struct ipcc **ret_ipcc);
void ipcc_free(struct ipcc *ipcc); /* NULL is fine; no callback runs afterwards */
unsigned int ipcc_num_channels(const struct ipcc *ipcc);

/* Hear what the other side sends on @channel. */
void ipcc_listen(struct ipcc *ipcc, unsigned int channel);
/* Where there are no interrupts: look for messages while @on. On no callback. -ENOMEM. */
int ipcc_poll(struct ipcc *ipcc, bool on);
/*
 * Send, now or as soon as the channel is free; sends that wait become one. Any
 * thread; does not block. -ENOBUFS: too many wait, nobody seems to receive.
 */
int ipcc_send(struct ipcc *ipcc, unsigned int channel);
/* Send and wait until the other side has freed the channel. -ETIMEDOUT. */
int ipcc_send_wait(struct ipcc *ipcc, unsigned int channel, unsigned int timeout_ms);

#endif
