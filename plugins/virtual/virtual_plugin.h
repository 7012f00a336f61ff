/* SPDX-License-Identifier: BSD-3-Clause */
/* The plugin's descriptor, for programs that compile it in. */
#ifndef RPROC_VIRTUAL_PLUGIN_H
#define RPROC_VIRTUAL_PLUGIN_H

#include <librproc/driver.h>

extern const struct rproc_plugin rproc_plugin_virtual;

#endif
