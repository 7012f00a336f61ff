/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The boards that are built into rprocfs: flattened device trees by name.
 */
#ifndef RPROCFS_BOARD_H
#define RPROCFS_BOARD_H

#include <stdbool.h>
#include <stddef.h>

/* "host", or "" if none is built in. */
const char *board_default(void);
bool board_known(const char *name);
/* All names, for people. */
const char *board_names(void);
/* 0 or -ENOENT. The bytes are static. */
int board_find(const char *name, const void **ret_dtb, size_t *ret_len);

#endif
