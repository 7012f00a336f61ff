/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A processor that leaves core dumps, and how a test reads them through the API.
 * Knows what is in the segments, nothing of the file around them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "coredump_fixture.h"

const struct coredump_segment coredump_segments[3] = { { RECORDER_RAM + 0x4000, 0x101 },
						       { 0x20000000, 7 },
						       { 0x30000000, 0x33 } };

static void dump_counting(struct rproc *rproc, void *priv, void *dest, size_t offset, size_t size)
{
	uint8_t *bytes = dest;
	size_t i;

	(void)rproc;
	assert_ptr_equal(priv, coredump_segments);
	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(offset + i);
}

static void register_segments(struct recorder *rec)
{
	size_t i;

	for (i = 0; i < 0x101; i++)
		rec->ram[0x4000 + i] = (uint8_t)(i * 3);
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, coredump_segments[0].da,
						    coredump_segments[0].size),
			 0);
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, coredump_segments[1].da,
						    coredump_segments[1].size),
			 0);
	assert_int_equal(rproc_coredump_add_custom_segment(rec->rproc, coredump_segments[2].da,
							   coredump_segments[2].size, dump_counting,
							   (void *)coredump_segments),
			 0);
}

struct recorder *coredump_open(const struct recorder_options *options, uint8_t elf_class,
			       enum rproc_coredump_mode mode)
{
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(options);

	rec->prepare = register_segments;
	if (elf_class)
		assert_int_equal(rproc_coredump_set_elf_info(rec->rproc, elf_class, EM_ARM), 0);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, mode), 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_forget(rec);
	return rec;
}

/* The dump numbered above @after, read in pieces of @step bytes. */
uint8_t *coredump_read(struct recorder *rec, uint64_t after, size_t step,
		       struct rproc_coredump_info *ret_info)
{
	uint8_t *bytes;
	size_t have = 0;
	ssize_t n;

	assert_int_equal(rproc_coredump_next(rec->context, after, ret_info), 0);
	bytes = malloc(ret_info->size + step);
	assert_non_null(bytes);
	while ((n = rproc_coredump_read(rec->context, ret_info->number, bytes + have, step, have)))
		have += (size_t)n;
	assert_int_equal(have, ret_info->size);
	return bytes;
}

bool coredump_none(struct recorder *rec, uint64_t after)
{
	struct rproc_coredump_info info;

	return rproc_coredump_next(rec->context, after, &info) == -ENOENT;
}

void coredump_assert_data(const uint8_t *data)
{
	size_t i;

	for (i = 0; i < 0x101; i++)
		assert_int_equal(data[i], (uint8_t)(i * 3));
	for (i = 0; i < 7; i++)
		assert_int_equal(data[0x101 + i], 0xff);
	for (i = 0; i < 0x33; i++)
		assert_int_equal(data[0x101 + 7 + i], i);
}
