/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The few images that the tests of the core boot, all made for the recorder's
 * memory map, and a scratch directory to put files in. Built by fixture_builder.
 */
#ifndef CORE_IMAGES_H
#define CORE_IMAGES_H

#include "fixture_builder.h"

/* Where the table lies: the whole second segment's beginning. */
#define CORE_TABLE_DA 0x10001000u
#define CORE_TRACE_DA 0x10002000u

/* Two segments and a table without entries: the smallest that boots. */
struct fixture_image core_image_plain(void);
/* No section `.resource_table`. */
struct fixture_image core_image_without_table(void);
/* The two segments with this table, which is finished and freed. */
struct fixture_image core_image_with(struct fixture_table *table);
/* The same with these bytes for a table. */
struct fixture_image core_image_with_bytes(const void *table, size_t len);
/*
 * What an OpenAMP firmware asks for: carveout "shared" of 0x1000 bytes anywhere, a
 * vendor entry 130, a trace at CORE_TRACE_DA, and an rpmsg vdev with two vrings
 * (0x2000 and 0x3000 bytes, anywhere) and four bytes of config space.
 */
struct fixture_image core_image_full(void);
struct fixture_table *core_table_full(void);
/* The entry's payload in a table's bytes, checked by the wire format alone. */
uint8_t *core_table_payload(uint8_t *table, unsigned int index);
uint32_t core_word(const void *bytes, size_t offset);

/* A new directory, to be taken away with everything in it by scratch_free(). */
char *scratch_new(void);
void scratch_free(char *dir);
/* Write a file; returns its path (static, until the next call). */
const char *scratch_write(const char *dir, const char *name, const void *data, size_t size);
const char *scratch_path(const char *dir, const char *name);

#endif
