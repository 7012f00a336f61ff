/* SPDX-License-Identifier: BSD-3-Clause */
/* A built image as lib/image takes it. */
#ifndef RPROC_TESTS_IMAGE_FIXTURE_H
#define RPROC_TESTS_IMAGE_FIXTURE_H

#include <librproc/firmware.h>
#include "fixture_builder.h"

static inline struct rproc_firmware firmware_of(const struct fixture_image *image)
{
	return (struct rproc_firmware){ .data = image->data, .size = image->size };
}

/* Needs <cmocka.h> before it; the caller closes it. */
static inline struct rproc_image *open_or_fail(const struct fixture_image *image)
{
	struct rproc_firmware fw = firmware_of(image);
	struct rproc_image *opened = NULL;

	assert_int_equal(rproc_image_open(&fw, NULL, &opened), 0);
	assert_non_null(opened);
	return opened;
}

#endif
