/* SPDX-License-Identifier: BSD-3-Clause */
/* Flattened trees of version 17, byte by byte; what is asked for is written, sense or not. */
#include "dtb_writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_WORDS 10
#define RESERVE_LEN  16 /* the empty list of memory reservations */

enum { TAG_BEGIN_NODE = 1, TAG_END_NODE = 2, TAG_PROPERTY = 3, TAG_END = 9 };

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static void append(struct dtb_writer *writer, const void *bytes, size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;

	if (writer->structs_len + padded > writer->structs_room) {
		writer->structs_room = 2 * writer->structs_room + padded;
		writer->structs = realloc(writer->structs, writer->structs_room);
		assert(writer->structs);
	}
	memset(writer->structs + writer->structs_len, 0, padded);
	if (len)
		memcpy(writer->structs + writer->structs_len, bytes, len);
	writer->structs_len += padded;
}

void dtb_tag(struct dtb_writer *writer, uint32_t tag)
{
	uint8_t bytes[4];

	put32(bytes, tag);
	append(writer, bytes, sizeof(bytes));
}

void dtb_begin_node(struct dtb_writer *writer, const char *name)
{
	dtb_tag(writer, TAG_BEGIN_NODE);
	append(writer, name, strlen(name) + 1);
}

void dtb_end_node(struct dtb_writer *writer)
{
	dtb_tag(writer, TAG_END_NODE);
}

void dtb_property(struct dtb_writer *writer, const char *name, const void *value, size_t len)
{
	size_t size = strlen(name) + 1;

	dtb_tag(writer, TAG_PROPERTY);
	dtb_tag(writer, (uint32_t)len);
	dtb_tag(writer, (uint32_t)writer->strings_len);
	append(writer, value, len);
	writer->strings = realloc(writer->strings, writer->strings_len + size);
	assert(writer->strings);
	memcpy(writer->strings + writer->strings_len, name, size);
	writer->strings_len += size;
}

void dtb_set_header(void *dtb, unsigned int index, uint32_t value)
{
	put32((uint8_t *)dtb + 4 * index, value);
}

uint32_t dtb_header(const void *dtb, unsigned int index)
{
	const uint8_t *at = (const uint8_t *)dtb + 4 * index;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void *dtb_finish(struct dtb_writer *writer, size_t *ret_len)
{
	size_t reserve = 4 * HEADER_WORDS;
	size_t structs = reserve + RESERVE_LEN;
	size_t strings, total;
	uint8_t *dtb;

	dtb_tag(writer, TAG_END);
	strings = structs + writer->structs_len;
	total = strings + writer->strings_len;
	dtb = calloc(1, total);
	assert(dtb);
	dtb_set_header(dtb, 0, 0xd00dfeed);
	dtb_set_header(dtb, 1, (uint32_t)total);
	dtb_set_header(dtb, 2, (uint32_t)structs);
	dtb_set_header(dtb, 3, (uint32_t)strings);
	dtb_set_header(dtb, 4, (uint32_t)reserve);
	dtb_set_header(dtb, 5, 17);
	dtb_set_header(dtb, 6, 16);
	dtb_set_header(dtb, 8, (uint32_t)writer->strings_len);
	dtb_set_header(dtb, 9, (uint32_t)writer->structs_len);
	memcpy(dtb + structs, writer->structs, writer->structs_len);
	if (writer->strings_len)
		memcpy(dtb + strings, writer->strings, writer->strings_len);
	free(writer->structs);
	free(writer->strings);
	*writer = (struct dtb_writer){ 0 };
	*ret_len = total;
	return dtb;
}
