/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Look into a firmware image without a processor: its format, segments,
 * resource table and what is wrong with it. Pure functions over bytes that the
 * caller keeps alive; any thread.
 */
#ifndef LIBRPROC_FIRMWARE_H
#define LIBRPROC_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <librproc/resource_table.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An image in memory ("struct firmware" in Linux). Never written through. */
struct rproc_firmware {
	const void *data;
	size_t size;
};

/* An opened image: decoded headers over bytes that stay with the caller. */
struct rproc_image;

/* What an image is, decided by its first bytes. */
struct rproc_image_info {
	const char *format;    /* "ELF", "TEE", ... static storage */
	uint8_t elf_class;     /* 1 (32 bit) or 2 (64 bit), 0 if not ELF */
	uint16_t elf_machine;  /* EM_*, 0 if not ELF */
	uint64_t bootaddr;     /* e_entry */
	size_t num_segments;   /* program headers, of any type */
	bool has_table;	       /* a section named exactly `.resource_table` exists */
	uint64_t table_offset; /* in the file; checked to lie inside it, if has_table */
	uint64_t table_da;     /* sh_addr: where the whole table is copied before start */
	size_t table_size;     /* bytes */
};

/* One program header. Only those with @load set are copied. */
struct rproc_image_segment {
	uint32_t type;	 /* PT_* */
	uint32_t flags;	 /* PF_* */
	uint64_t offset; /* in the file */
	uint64_t da;	 /* p_paddr */
	uint64_t va;	 /* p_vaddr */
	uint64_t filesz;
	uint64_t memsz;
	bool load; /* PT_LOAD with memsz != 0 */
};

/*
 * The sanity check: would a loader touch this image at all?
 * Returns 0 or -EINVAL, with the kernel's line and a story in @report (may be
 * NULL). Source: kernel remoteproc_elf_loader.c rproc_elf_sanity_check().
 */
int rproc_image_check(const struct rproc_firmware *fw, struct rproc_report *report);

/*
 * Open an image that passes the sanity check.
 * The bytes of @fw must outlive the image. Free with rproc_image_close().
 * A malformed resource table is a finding in @report and has_table is false;
 * it does not refuse the image (the driver decides, see
 * rproc_image_table()). Returns 0, -EINVAL or -ENOMEM.
 */
int rproc_image_open(const struct rproc_firmware *fw, struct rproc_report *report,
		     struct rproc_image **ret_image);
void rproc_image_close(struct rproc_image *image); /* NULL is fine */

/* What the headers say. Cannot fail. */
void rproc_image_info(const struct rproc_image *image, struct rproc_image_info *ret_info);

/* Program header @index; -ENOENT past the end. */
int rproc_image_segment(const struct rproc_image *image, size_t index,
			struct rproc_image_segment *ret_segment);

/*
 * Check what can be checked of one loadable segment without a memory map
 * (filesz against memsz and the file, memsz against size_t): 0, -EINVAL or
 * -EOVERFLOW. Segments with load unset pass.
 */
int rproc_image_segment_check(const struct rproc_image *image, size_t index,
			      struct rproc_report *report);

/*
 * The resource table: its bytes inside the image, with the header checked.
 * -ENOENT: no such section. -EINVAL: there is one and it is malformed; the
 * kernel's line for it is in @report. Entries are not checked here.
 */
int rproc_image_table(const struct rproc_image *image, struct rproc_report *report,
		      const void **ret_table, size_t *ret_size, uint64_t *ret_da);

/*
 * The section @name (exact): its address and size. -ENOENT if there is none.
 * Drivers use it for a boot address (".isr_vectors", ".interrupts").
 */
int rproc_image_section(const struct rproc_image *image, const char *name, uint64_t *ret_da,
			uint64_t *ret_size);

#ifdef __cplusplus
}
#endif
#endif
