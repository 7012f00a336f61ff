/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes flattened trees byte by byte, so that a test can make ones that no
 * compiler would. Knows the format, not the library that reads it.
 */
#ifndef RPROC_TESTS_DTB_WRITER_H
#define RPROC_TESTS_DTB_WRITER_H

#include <stddef.h>
#include <stdint.h>

struct dtb_writer {
	uint8_t *structs;
	size_t structs_len, structs_room;
	char *strings;
	size_t strings_len;
};

void dtb_begin_node(struct dtb_writer *writer, const char *name);
void dtb_end_node(struct dtb_writer *writer);
void dtb_property(struct dtb_writer *writer, const char *name, const void *value, size_t len);
/* A tag that is not one, or a node's end too many. */
void dtb_tag(struct dtb_writer *writer, uint32_t tag);
/* The whole tree, to be freed; ends and resets the writer. */
void *dtb_finish(struct dtb_writer *writer, size_t *ret_len);

/* Header word @index (0 magic, 1 total size, 2 structs, 3 strings, ... 5 version) of a tree. */
void dtb_set_header(void *dtb, unsigned int index, uint32_t value);
uint32_t dtb_header(const void *dtb, unsigned int index);

#endif
