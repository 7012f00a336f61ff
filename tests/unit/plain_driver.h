/* SPDX-License-Identifier: BSD-3-Clause */
/* A driver whose processors start, stop and do nothing else: for tests of who gets one. */
#ifndef RPROC_TESTS_PLAIN_DRIVER_H
#define RPROC_TESTS_PLAIN_DRIVER_H

#include <librproc/driver.h>

/*
 * A plugin's probe: a processor of the node's name and, if it has one, its firmware; not
 * booted by itself. 0 or a negative errno.
 */
int plain_probe(struct rproc_device *device);
/* A plugin's remove. */
void plain_remove(struct rproc_device *device);

#endif
