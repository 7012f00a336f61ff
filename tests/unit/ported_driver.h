/* SPDX-License-Identifier: BSD-3-Clause */
/* A driver that was written for Linux: one "acme,rproc" with its SRAM in `reg`. */
#ifndef PORTED_DRIVER_H
#define PORTED_DRIVER_H

#include <librproc/driver.h>

extern const struct rproc_plugin ported_driver;

#endif
