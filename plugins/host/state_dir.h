/* SPDX-License-Identifier: BSD-3-Clause */
/* The directory where a running processor is found again. */
#ifndef RPROC_HOST_STATE_DIR_H
#define RPROC_HOST_STATE_DIR_H

#include <stddef.h>

/* Open it, making it 0700 if missing; must be ours alone to write. A descriptor or -errno. */
int host_state_dir_open(const char *path, char *story, size_t story_len);
/* Connect to NAME.sock in it. A socket; -ENOENT (a stale one is removed) or -errno. */
int host_state_dir_connect(const char *path, const char *name, char *story, size_t story_len);

#endif
