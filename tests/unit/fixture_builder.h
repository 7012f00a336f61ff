/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builds firmware images and resource tables for tests, byte by byte: either
 * class, either byte order, any segments and sections, and every field can be
 * spoilt afterwards. Knows the wire formats only, nothing of the library under
 * test. A program that runs out of memory here aborts: this is test code.
 *
 *	struct fixture_table *table = fixture_table_new(false);
 *	fixture_table_trace(table, 0x10010000, 0x1000, "trace0");
 *	fixture_table_vdev(table, 7, 0, 1);
 *	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 0);
 *	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 1);
 *
 *	struct fixture *elf = fixture_new(ELFCLASS64, false, EM_X86_64);
 *	fixture_load(elf, 0x10000000, PF_R | PF_X, NULL, 0x200, 0x1000);
 *	fixture_load(elf, 0x10002000, PF_R | PF_W, NULL, 0x400, 0x400);
 *	fixture_add_table(elf, 0x10002000, table);
 *	struct fixture_image image = fixture_build(elf);
 *	... image.data, image.size ...
 *	fixture_image_free(&image);
 */
#ifndef FIXTURE_BUILDER_H
#define FIXTURE_BUILDER_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIXTURE_ANY UINT32_C(0xffffffff)

/* ---- resource tables ------------------------------------------------------ */

/* A table in the making; entries are laid out in the order they are added. */
struct fixture_table;

struct fixture_table *fixture_table_new(bool big_endian);
void fixture_table_carveout(struct fixture_table *table, uint32_t da, uint32_t pa, uint32_t len,
			    uint32_t flags, const char *name);
void fixture_table_devmem(struct fixture_table *table, uint32_t da, uint32_t pa, uint32_t len,
			  uint32_t flags, const char *name);
void fixture_table_trace(struct fixture_table *table, uint32_t da, uint32_t len, const char *name);
/* A vdev without rings; the vrings, then the config bytes, follow right behind it. */
void fixture_table_vdev(struct fixture_table *table, uint32_t id, uint32_t notifyid,
			uint32_t dfeatures);
void fixture_table_vring(struct fixture_table *table, uint32_t da, uint32_t align, uint32_t num,
			 uint32_t notifyid);
void fixture_table_config(struct fixture_table *table, const void *bytes, uint32_t len);
/* Any type with any payload: vendor entries, unknown types. */
void fixture_table_entry(struct fixture_table *table, uint32_t type, const void *payload,
			 size_t len);
/* The bytes, to be released with free(); frees the builder. */
uint8_t *fixture_table_finish(struct fixture_table *table, size_t *ret_len);

/* ---- images ----------------------------------------------------------------- */

struct fixture;

/* A whole image. @data is from malloc(), exactly @size bytes: a sanitizer sees any overrun. */
struct fixture_image {
	uint8_t *data;
	size_t size;
	uint8_t elf_class;
	bool big_endian;
};

/* One program header and the bytes it covers. */
struct fixture_segment {
	uint32_t type;
	uint32_t flags;
	uint64_t da; /* p_paddr */
	uint64_t va; /* p_vaddr */
	uint64_t filesz;
	uint64_t memsz;
	const void *data; /* filesz bytes, copied; NULL: the pattern of fixture_pattern() */
	bool at_offset;	  /* take @offset as it is and write no bytes */
	uint64_t offset;
};

struct fixture_section {
	const char *name; /* at most 31 characters */
	uint32_t type;	  /* SHT_* */
	uint32_t flags;	  /* SHF_* */
	uint64_t da;	  /* sh_addr */
	const void *data; /* NULL: zeroes, or the bytes of the segment it lies in */
	uint64_t size;
	uint64_t offset; /* pad the file so that bytes of its own begin here; 0: anywhere */
};

/* @elf_class: ELFCLASS32 or ELFCLASS64. The entry is the first loadable segment's address. */
struct fixture *fixture_new(uint8_t elf_class, bool big_endian, uint16_t machine);
void fixture_set_entry(struct fixture *elf, uint64_t entry);
void fixture_set_flags(struct fixture *elf, uint32_t flags);
void fixture_add_segment(struct fixture *elf, const struct fixture_segment *segment);
/* The usual PT_LOAD, run where it is loaded. */
void fixture_load(struct fixture *elf, uint64_t da, uint32_t flags, const void *data,
		  uint64_t filesz, uint64_t memsz);
/*
 * Add a section. Its bytes lie inside the file bytes of a PT_LOAD segment added
 * before whose *va* range holds it (and are written there), or else on their own.
 */
void fixture_add_section(struct fixture *elf, const struct fixture_section *section);
/* `.resource_table` at @da; finishes and frees @table. */
void fixture_add_table(struct fixture *elf, uint64_t da, struct fixture_table *table);
/* The same with any bytes. */
void fixture_add_table_bytes(struct fixture *elf, uint64_t da, const void *bytes, size_t len);
/* Leave out the section headers: e_shoff, e_shnum and e_shstrndx become 0. */
void fixture_strip(struct fixture *elf);
/* The image; frees the builder. */
struct fixture_image fixture_build(struct fixture *elf);
void fixture_image_free(struct fixture_image *image);

/* A copy cut to its first @size bytes. */
struct fixture_image fixture_truncated(const struct fixture_image *image, size_t size);
/* The whole image behind @prefix_len bytes of @prefix: a container. */
struct fixture_image fixture_wrapped(const struct fixture_image *image, const void *prefix,
				     size_t prefix_len);
/* The byte of pattern at @index of a segment whose da is @da; never 0. */
uint8_t fixture_pattern(uint64_t da, uint64_t index);

/* ---- spoiling fields -------------------------------------------------------- */

enum fixture_field {
	/* file header */
	FIXTURE_E_TYPE,
	FIXTURE_E_MACHINE,
	FIXTURE_E_VERSION,
	FIXTURE_E_ENTRY,
	FIXTURE_E_PHOFF,
	FIXTURE_E_SHOFF,
	FIXTURE_E_FLAGS,
	FIXTURE_E_EHSIZE,
	FIXTURE_E_PHENTSIZE,
	FIXTURE_E_PHNUM,
	FIXTURE_E_SHENTSIZE,
	FIXTURE_E_SHNUM,
	FIXTURE_E_SHSTRNDX,
	/* program header */
	FIXTURE_P_TYPE,
	FIXTURE_P_FLAGS,
	FIXTURE_P_OFFSET,
	FIXTURE_P_VADDR,
	FIXTURE_P_PADDR,
	FIXTURE_P_FILESZ,
	FIXTURE_P_MEMSZ,
	FIXTURE_P_ALIGN,
	/* section header */
	FIXTURE_SH_NAME,
	FIXTURE_SH_TYPE,
	FIXTURE_SH_FLAGS,
	FIXTURE_SH_ADDR,
	FIXTURE_SH_OFFSET,
	FIXTURE_SH_SIZE,
	FIXTURE_FIELDS
};

/*
 * Read or write a field of the file header (@index is not looked at), of
 * program header @index or section header @index, wherever e_phoff and e_shoff
 * say they are at that moment. Values are cut to the field's width.
 */
uint64_t fixture_get(const struct fixture_image *image, enum fixture_field field, size_t index);
void fixture_set(struct fixture_image *image, enum fixture_field field, size_t index,
		 uint64_t value);
/* The largest value the field can hold. */
uint64_t fixture_field_max(const struct fixture_image *image, enum fixture_field field);
const char *fixture_field_name(enum fixture_field field);
/* The index of the section header of that name; 0 if there is none. */
size_t fixture_section_index(const struct fixture_image *image, const char *name);

/* ---- shapes -------------------------------------------------------------------- */

/* What a processor with an open memory map should make of a shape. */
enum fixture_verdict {
	FIXTURE_LOADS,	     /* boots, with a resource table */
	FIXTURE_NO_TABLE,    /* loads; there is no table, or one that the driver may forgive */
	FIXTURE_NEEDS_IOMMU, /* loads where there is an IOMMU; its devmems are refused elsewhere */
	FIXTURE_BAD_TABLE,   /* loads; an entry of the table refuses the boot */
	FIXTURE_BAD_SEGMENT, /* passes the sanity check, a segment refuses the boot */
	FIXTURE_REFUSED	     /* fails the sanity check */
};

/* A named image like one that somebody's tool chain makes. */
struct fixture_shape {
	const char *name; /* also the file's name */
	enum fixture_verdict verdict;
	bool on_host_board; /* its addresses lie within 0x10000000..0x11000000 */
	struct fixture_image (*build)(void);
};

extern const struct fixture_shape fixture_shapes[];
extern const size_t fixture_num_shapes;
/* The shape of that name built, or aborts. */
struct fixture_image fixture_shape_build(const char *name);

#endif
