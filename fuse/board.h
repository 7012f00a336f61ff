/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Boards as bytes: flattened device trees that are built into rprocfs, or in files.
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
/* A file's bytes, to be released with free(): 4 MiB of them at most. 0 or a negative errno. */
int board_read(const char *path, void **ret_dtb, size_t *ret_len);

#endif
