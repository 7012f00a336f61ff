/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The resource table: the wire layout a firmware image carries in its section
 * `.resource_table`, a validator, and an iterator. Usable without a context.
 * Mirrors include/linux/rsc_table.h and include/linux/remoteproc.h of Linux;
 * all words are little endian and packed.
 */
#ifndef LIBRPROC_RESOURCE_TABLE_H
#define LIBRPROC_RESOURCE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "Any address will do", in a da or pa word. Address 0 is a real address. */
#define RPROC_RSC_ADDR_ANY UINT32_C(0xffffffff)

/* Entry types ("enum fw_resource_type" in Linux). */
#define RPROC_RSC_CARVEOUT     0u
#define RPROC_RSC_DEVMEM       1u
#define RPROC_RSC_TRACE	       2u
#define RPROC_RSC_VDEV	       3u
#define RPROC_RSC_LAST	       4u
/* Vendor entries, both ends included, are handed to the driver's handle_rsc. */
#define RPROC_RSC_VENDOR_START 128u
#define RPROC_RSC_VENDOR_END   512u

/* The vring count a vdev may have (RVDEV_NUM_VRINGS in Linux). */
#define RPROC_VDEV_MAX_VRINGS 2

/* "struct resource_table"; num words of offsets from the table's start follow. */
struct rproc_resource_table {
	uint32_t ver;	      /* 1 */
	uint32_t num;	      /* entries */
	uint32_t reserved[2]; /* zero */
};

/* "struct fw_rsc_hdr": precedes the payload of each entry. */
struct rproc_rsc_hdr {
	uint32_t type;
};

/* "struct fw_rsc_carveout": memory the remote needs. */
struct rproc_rsc_carveout {
	uint32_t da;
	uint32_t pa; /* written by the host */
	uint32_t len;
	uint32_t flags;
	uint32_t reserved; /* zero */
	uint8_t name[32];  /* not necessarily terminated */
};

/* "struct fw_rsc_devmem": a mapping request for a processor behind an IOMMU. */
struct rproc_rsc_devmem {
	uint32_t da;
	uint32_t pa;
	uint32_t len;
	uint32_t flags;
	uint32_t reserved;
	uint8_t name[32];
};

/* "struct fw_rsc_trace": a text buffer the remote writes. */
struct rproc_rsc_trace {
	uint32_t da;
	uint32_t len;
	uint32_t reserved;
	uint8_t name[32];
};

/* "struct fw_rsc_vdev_vring". */
struct rproc_rsc_vdev_vring {
	uint32_t da;	   /* written by the host when the ring is taken into use */
	uint32_t align;	   /* bytes, a power of two */
	uint32_t num;	   /* buffers, a power of two */
	uint32_t notifyid; /* written by the host before start */
	uint32_t pa;
};

/* "struct fw_rsc_vdev"; num_of_vrings vrings and config_len bytes follow. */
struct rproc_rsc_vdev {
	uint32_t id; /* virtio device id: 7 is rpmsg */
	uint32_t notifyid;
	uint32_t dfeatures;
	uint32_t gfeatures;  /* written by the host */
	uint32_t config_len; /* bytes */
	uint8_t status;	     /* virtio status, written by the host */
	uint8_t num_of_vrings;
	uint8_t reserved[2];
};

/* Findings of a check -------------------------------------------------- */

/*
 * One thing found in bytes from outside.
 * @error: a negative errno if it refuses the bytes, 0 for a remark
 * @level: level of @log, one of enum rproc_log_level (rproc.h)
 * @log:   the line the kernel prints in this case, "" where it prints none
 * @story: which object, which numbers, what to do about it
 */
struct rproc_finding {
	int error;
	int level;
	char log[128];
	char story[256];
};

/* Findings in the order they were made. Zero it before use; owned by the caller. */
#define RPROC_REPORT_MAX 16
struct rproc_report {
	unsigned int count;   /* findings held */
	unsigned int dropped; /* remarks that found no room; an error always finds room */
	struct rproc_finding finding[RPROC_REPORT_MAX];
};

/*
 * One entry of a table. @payload points behind the type word, into the bytes
 * the entry was read from, and @avail bytes may be read there.
 */
struct rproc_rsc {
	uint32_t index;
	uint32_t type;
	uint32_t offset; /* of the type word, from the table's start */
	size_t avail;
	const void *payload;
};

/*
 * Check a whole table: header, bounds, each entry's own rules.
 * @bytes, @len: the table; may be unaligned; not modified
 * @report: filled if not NULL
 * Returns 0 if a processor would take it, the kernel's errno otherwise
 * (-EINVAL, or -ENOMEM for two carveouts of one name). Any thread; no allocation. Source: kernel
 * remoteproc_elf_loader.c find_table(), remoteproc_core.c
 * rproc_handle_resources() and its handlers.
 */
int rproc_resource_table_check(const void *bytes, size_t len, struct rproc_report *report);

/* The header part of the check alone: what the image loader looks at. */
int rproc_resource_table_check_header(const void *bytes, size_t len, struct rproc_report *report);

/*
 * Entry number @index of a table whose header was checked.
 * Returns 0, -ENOENT if there are fewer entries, -EINVAL if the offset points
 * outside the table or into its header. @ret_rsc is written on success only.
 */
int rproc_resource_table_entry(const void *bytes, size_t len, uint32_t index,
			       struct rproc_rsc *ret_rsc);

/*
 * Check the payload of one entry of type 0..3 as the kernel's handler does
 * (remarks are made on vendor and unknown types). Returns 0 or -EINVAL.
 */
int rproc_rsc_check(const struct rproc_rsc *rsc, struct rproc_report *report);

/*
 * Bytes a split virtqueue of @num buffers needs at alignment @align
 * (virtio 1.2 section 2.7; vring_size() in Linux). @align must not be 0.
 * Cannot overflow: the result is 64 bits wide.
 */
uint64_t rproc_vring_size(uint32_t num, uint32_t align);

#ifdef __cplusplus
}
#endif
#endif
