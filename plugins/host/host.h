/* SPDX-License-Identifier: BSD-3-Clause */
/* One host processor, between probe and ops. Fields are the worker's unless said otherwise. */
#ifndef RPROC_HOST_HOST_H
#define RPROC_HOST_HOST_H

#include <stdatomic.h>
#include <stdlib.h>
#include <librproc/driver.h>

#include "client.h"
#include "window.h"

struct host {
	struct rproc *rproc;
	struct rproc_device *device;
	char name[64]; /* of the processor and its socket */
	struct host_identity identity;
	struct host_client client;
	struct host_window window;
	struct host_layout layout;		   /* of the image that boots next */
	bool ours;				   /* our end is the firmware's end */
	bool traces_dumped;			   /* they are part of the dump already */
	unsigned int forced_stops;		   /* shutdowns that nobody acknowledged */
	_Atomic(struct rproc_watch *) event_watch; /* worker, or its own callback */
	_Atomic(struct rproc_watch *) doorbell_watch;
};

/* host.c */
extern const struct rproc_ops host_ops;
/* To be copied, with priv set to the struct host. */
extern const struct rproc_memory_provider host_provider;

/* host_probe.c */
extern const struct rproc_plugin rproc_plugin_host;

#endif
