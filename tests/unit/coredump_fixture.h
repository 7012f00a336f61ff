/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A recorder whose processor leaves core dumps of three segments: memory of a
 * known pattern, an address that is nowhere, and one that the driver makes.
 */
#ifndef COREDUMP_FIXTURE_H
#define COREDUMP_FIXTURE_H

#include "core_images.h"
#include "recorder.h"

#define COREDUMP_HEAD32 (sizeof(Elf32_Ehdr) + 3 * sizeof(Elf32_Phdr))

struct coredump_segment {
	uint32_t da;
	uint32_t size;
};
extern const struct coredump_segment coredump_segments[3];

/* Running, with @mode set; @elf_class 0: unset. */
struct recorder *coredump_open(const struct recorder_options *options, uint8_t elf_class,
			       enum rproc_coredump_mode mode);
/* The dump numbered above @after, read in pieces of @step bytes; to be freed. */
uint8_t *coredump_read(struct recorder *rec, uint64_t after, size_t step,
		       struct rproc_coredump_info *ret_info);
/* Is there no dump numbered above @after? */
bool coredump_none(struct recorder *rec, uint64_t after);
/* The bytes behind the headers are those of the three segments. */
void coredump_assert_data(const uint8_t *data);

#endif
