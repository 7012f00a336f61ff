/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the image formats share: the decoded form of an image and the ops that
 * each format fills in. Private to lib/image; knows no format by name.
 */
#ifndef RPROC_IMAGE_IMAGE_H
#define RPROC_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librproc/firmware.h>
#include <librproc/rproc.h>

/*
 * A format of the registry (image.c). A container that carries another format
 * inside checks its own wrapping, then decodes the inner bytes with that
 * format's ops and moves the file offsets.
 */
struct rproc_image_format {
	const char *name;
	/* Is @fw meant to be one, judged by its first bytes? */
	bool (*probe)(const struct rproc_firmware *fw);
	/* The sanity check; 0 or -EINVAL with a finding. */
	int (*check)(const struct rproc_firmware *fw, struct rproc_report *report);
	/* Check and fill @image, whose fw and format are set. 0, -EINVAL or -ENOMEM. */
	int (*decode)(struct rproc_image *image, struct rproc_report *report);
	/* -ENOENT if there is no section of that name. */
	int (*section)(const struct rproc_image *image, const char *name, uint64_t *ret_da,
		       uint64_t *ret_size);
};

/* The section headers, checked to lie inside the image. */
struct rproc_image_sections {
	uint64_t offset;
	uint32_t count;
	uint64_t names_offset; /* of the string table; inside the image with its length */
	uint64_t names_len;
};

struct rproc_image {
	const struct rproc_image_format *format;
	struct rproc_firmware fw;
	struct rproc_image_info info;
	struct rproc_image_segment *segments; /* info.num_segments of them; ours */
	struct rproc_image_sections sections;
	/* The table's section as the image states it; not checked. */
	bool table_found;
	uint64_t table_offset;
	uint64_t table_size;
	uint64_t table_da;
};

/* elf.c */
extern const struct rproc_image_format rproc_image_format_elf;

/* foreign.c: what the bytes seem to be if they are no image, as the end of a sentence. */
#define RPROC_IMAGE_HINT_LEN 192
void rproc_image_foreign_hint(const struct rproc_firmware *fw, char hint[RPROC_IMAGE_HINT_LEN]);

#endif
