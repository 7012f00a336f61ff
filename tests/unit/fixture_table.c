/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The resource table half of the fixture builder: appends entries as bytes and
 * writes the header and the offsets in front of them at the end. Never includes
 * the library's own view of the layout, so that the two check each other.
 */
#include "fixture_builder.h"

#include <stdlib.h>
#include <string.h>

struct fixture_table {
	bool big_endian;
	uint8_t *entries; /* one after the other, each with its type word */
	size_t len;
	size_t room;
	uint32_t *starts; /* of each entry, in @entries */
	uint32_t num;
};

#define VDEV_CONFIG_LEN 20 /* offsets within an entry, behind the type word's start */
#define VDEV_NUM_VRINGS 25

static void *grow(void *memory, size_t size)
{
	void *bigger = realloc(memory, size ? size : 1);

	if (!bigger)
		abort();
	return bigger;
}

static void put32(uint8_t *at, bool big_endian, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[big_endian ? 3 - i : i] = (uint8_t)(value >> (8 * i));
}

static void append(struct fixture_table *table, const void *bytes, size_t len)
{
	if (table->len + len > table->room) {
		table->room = 2 * (table->len + len);
		table->entries = grow(table->entries, table->room);
	}
	if (len && bytes)
		memcpy(table->entries + table->len, bytes, len);
	else if (len)
		memset(table->entries + table->len, 0, len);
	table->len += len;
}

static void append_words(struct fixture_table *table, const uint32_t *words, size_t count)
{
	uint8_t word[4];

	for (size_t i = 0; i < count; i++) {
		put32(word, table->big_endian, words[i]);
		append(table, word, sizeof(word));
	}
}

static void append_name(struct fixture_table *table, const char *name)
{
	char field[32] = { 0 };
	size_t len = strlen(name);

	memcpy(field, name, len < sizeof(field) ? len : sizeof(field));
	append(table, field, sizeof(field));
}

static void begin(struct fixture_table *table, uint32_t type)
{
	table->starts = grow(table->starts, (table->num + 1) * sizeof(*table->starts));
	table->starts[table->num++] = (uint32_t)table->len;
	append_words(table, &type, 1);
}

struct fixture_table *fixture_table_new(bool big_endian)
{
	struct fixture_table *table = grow(NULL, sizeof(*table));

	*table = (struct fixture_table){ .big_endian = big_endian };
	return table;
}

static void append_memory(struct fixture_table *table, uint32_t type, const uint32_t words[5],
			  const char *name)
{
	begin(table, type);
	append_words(table, words, 5);
	append_name(table, name);
}

void fixture_table_carveout(struct fixture_table *table, uint32_t da, uint32_t pa, uint32_t len,
			    uint32_t flags, const char *name)
{
	append_memory(table, 0, (uint32_t[]){ da, pa, len, flags, 0 }, name);
}

void fixture_table_devmem(struct fixture_table *table, uint32_t da, uint32_t pa, uint32_t len,
			  uint32_t flags, const char *name)
{
	append_memory(table, 1, (uint32_t[]){ da, pa, len, flags, 0 }, name);
}

void fixture_table_trace(struct fixture_table *table, uint32_t da, uint32_t len, const char *name)
{
	begin(table, 2);
	append_words(table, (uint32_t[]){ da, len, 0 }, 3);
	append_name(table, name);
}

void fixture_table_vdev(struct fixture_table *table, uint32_t id, uint32_t notifyid,
			uint32_t dfeatures)
{
	begin(table, 3);
	append_words(table, (uint32_t[]){ id, notifyid, dfeatures, 0, 0 }, 5);
	append(table, NULL, 4); /* status, num_of_vrings, reserved */
}

void fixture_table_vring(struct fixture_table *table, uint32_t da, uint32_t align, uint32_t num,
			 uint32_t notifyid)
{
	append_words(table, (uint32_t[]){ da, align, num, notifyid, 0 }, 5);
	table->entries[table->starts[table->num - 1] + VDEV_NUM_VRINGS]++;
}

void fixture_table_config(struct fixture_table *table, const void *bytes, uint32_t len)
{
	put32(table->entries + table->starts[table->num - 1] + VDEV_CONFIG_LEN, table->big_endian,
	      len);
	append(table, bytes, len);
}

void fixture_table_entry(struct fixture_table *table, uint32_t type, const void *payload,
			 size_t len)
{
	begin(table, type);
	append(table, payload, len);
}

uint8_t *fixture_table_finish(struct fixture_table *table, size_t *ret_len)
{
	size_t head = 16 + 4 * (size_t)table->num;
	size_t len = head + table->len;
	uint8_t *bytes = grow(NULL, len);

	memset(bytes, 0, head);
	put32(bytes, table->big_endian, 1);
	put32(bytes + 4, table->big_endian, table->num);
	for (uint32_t i = 0; i < table->num; i++)
		put32(bytes + 16 + 4 * i, table->big_endian, (uint32_t)head + table->starts[i]);
	if (table->len)
		memcpy(bytes + head, table->entries, table->len);
	free(table->entries);
	free(table->starts);
	free(table);
	*ret_len = len;
	return bytes;
}
