/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies on device memory. There an access must be as wide as it is aligned, and no
 * wider than the bus: bytes up to the first word, words, bytes to the end. What
 * lies on the other side is memory of our own and may be unaligned. Knows no
 * mapping and no processor.
 */
#include <string.h>
#include "base/api.h"
#include "hw/barrier.h"

#define WORD sizeof(uint32_t)

/* Bytes from @va to the next word, at most @len. */
static size_t head_len(const volatile void *va, size_t len)
{
	size_t head = -(uintptr_t)va % WORD;

	return head < len ? head : len;
}

RPROC_API void rproc_iomem_copy_to(void *iomem_va, const void *from, size_t len)
{
	volatile uint8_t *to = iomem_va;
	const uint8_t *bytes = from;
	size_t head = head_len(to, len);
	uint32_t word;

	for (len -= head; head; head--)
		*to++ = *bytes++;
	for (; len >= WORD; len -= WORD) {
		memcpy(&word, bytes, WORD);
		*(volatile uint32_t *)to = word;
		to += WORD;
		bytes += WORD;
	}
	while (len--)
		*to++ = *bytes++;
	rproc_io_barrier();
}

RPROC_API void rproc_iomem_copy_from(void *to, const void *iomem_va, size_t len)
{
	const volatile uint8_t *from = iomem_va;
	size_t head = head_len(from, len);
	uint8_t *bytes = to;
	uint32_t word;

	rproc_io_barrier();
	for (len -= head; head; head--)
		*bytes++ = *from++;
	for (; len >= WORD; len -= WORD) {
		word = *(const volatile uint32_t *)from;
		memcpy(bytes, &word, WORD);
		from += WORD;
		bytes += WORD;
	}
	while (len--)
		*bytes++ = *from++;
}

RPROC_API void rproc_iomem_fill(void *iomem_va, uint8_t byte, size_t len)
{
	volatile uint8_t *to = iomem_va;
	size_t head = head_len(to, len);
	uint32_t word = UINT32_C(0x01010101) * byte;

	for (len -= head; head; head--)
		*to++ = byte;
	for (; len >= WORD; len -= WORD) {
		*(volatile uint32_t *)to = word;
		to += WORD;
	}
	while (len--)
		*to++ = byte;
	rproc_io_barrier();
}
