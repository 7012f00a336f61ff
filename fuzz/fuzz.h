/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every fuzz target shares: libFuzzer's entry points and a check that
 * stays in optimised builds. Knows no parser.
 */
#ifndef RPROC_FUZZ_H
#define RPROC_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A property that must hold for any input; a crash with its text if it does not. */
#define FUZZ_ASSERT(property)                                                             \
	do {                                                                              \
		if (!(property)) {                                                        \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
				#property);                                               \
			abort();                                                          \
		}                                                                         \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
/* libFuzzer's own mutations; in a replay program they change nothing. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#endif
