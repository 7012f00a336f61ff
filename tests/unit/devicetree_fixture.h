/* SPDX-License-Identifier: BSD-3-Clause */
/* Boards for the tests of the device tree reader, and what it had to say of them. */
#ifndef RPROC_TESTS_DEVICETREE_FIXTURE_H
#define RPROC_TESTS_DEVICETREE_FIXTURE_H

#include "board/board.h"

/* What the last tree that was made, or the last question, found. */
extern struct rproc_report devicetree_report;

/* The bytes of a file; the caller frees them. */
void *devicetree_read(const char *path, size_t *ret_len);
/* A board of a copy that ends where the bytes do; rproc_board_new()'s answer. */
int devicetree_make(const void *dtb, size_t len, struct rproc_board **ret_board);
/* boards/@name.dts; the caller puts it. */
struct rproc_board *devicetree_board(const char *name);
/* The node of that path; fails where there is none. */
int devicetree_node(const struct rproc_board *board, const char *path);
/* The first finding has these words. */
void devicetree_says(const char *words);
/* Ask everything that can be asked; the sanitizers watch. */
void devicetree_exercise(const struct rproc_board *board);

#endif
