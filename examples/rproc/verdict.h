/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The verdict on a firmware image without a processor: what a boot would do with
 * it, in the order a boot does it. Bytes in, verdict out; files and words are
 * somebody else's.
 */
#ifndef RPROC_TOOL_VERDICT_H
#define RPROC_TOOL_VERDICT_H

#include <stdbool.h>
#include <librproc/firmware.h>

/* How the table came out. */
enum verdict_table {
	VERDICT_NO_TABLE,      /* the section is absent */
	VERDICT_TABLE_REFUSED, /* there is one and its header is wrong */
	VERDICT_TABLE	       /* bytes to be decoded */
};

struct verdict {
	/* 0: it would load; else the (negative) errno of the first thing that refuses it. */
	int error;
	/* What that thing was; "" if it would load. */
	char story[256];

	struct rproc_image *image; /* NULL: not even an image */
	struct rproc_image_info info;
	uint64_t bytes_copied, bytes_zeroed;
	size_t segments_loaded;

	enum verdict_table table_kind;
	const void *table; /* in the image */
	size_t table_size;
	uint64_t table_da;

	struct rproc_report report; /* all findings, those that refuse and remarks */
};

/* The bytes of @fw must outlive the verdict. 0 or -ENOMEM, then there is none. */
int verdict_make(const struct rproc_firmware *fw, struct verdict *ret_verdict);
void verdict_fini(struct verdict *verdict);

/* A verdict on what could not even be read: @error (negative) and a story about it. */
void verdict_unreadable(int error, const char *story, struct verdict *ret_verdict);

/* "ARM" for 40; "" for a machine that has no name here. */
const char *verdict_machine_name(uint16_t machine);
/* "carveout", ..., "vendor" or "unknown". */
const char *verdict_entry_name(uint32_t type);

/* Print it. @file is what the user called it. */
void verdict_print_text(const struct verdict *verdict, const char *file);
void verdict_print_json(const struct verdict *verdict, const char *file);

#endif
