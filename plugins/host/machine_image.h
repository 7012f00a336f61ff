/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine (monitor and launcher), as bytes inside the plugin. */
#ifndef RPROC_HOST_MACHINE_IMAGE_H
#define RPROC_HOST_MACHINE_IMAGE_H

extern const unsigned char host_machine_image[];
extern const unsigned char host_machine_image_end[];

#endif
