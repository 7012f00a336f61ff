/* SPDX-License-Identifier: BSD-3-Clause */
/* What leaves the library: everything else is hidden (-fvisibility=hidden). */
#ifndef RPROC_BASE_API_H
#define RPROC_BASE_API_H

#define RPROC_API __attribute__((visibility("default")))

#endif
