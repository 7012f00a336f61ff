/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes from outside: range checks that cannot wrap, and little- and
 * big-endian loads and stores that do not care about alignment or the host's byte order.
 */
#ifndef RPROC_BASE_BYTES_H
#define RPROC_BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>

/* Do @len bytes at @offset lie inside @size bytes? */
static inline bool range_ok(uint64_t offset, uint64_t len, uint64_t size)
{
	return offset <= size && len <= size - offset;
}

/* Saturating sum. */
static inline uint64_t add_sat(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static inline uint16_t load_le16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t load_le32(const void *p)
{
	const uint8_t *b = p;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint32_t load_be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void store_le32(void *p, uint32_t value)
{
	uint8_t *b = p;

	b[0] = (uint8_t)value;
	b[1] = (uint8_t)(value >> 8);
	b[2] = (uint8_t)(value >> 16);
	b[3] = (uint8_t)(value >> 24);
}

#endif
