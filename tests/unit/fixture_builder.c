/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ELF half of the fixture builder: lays out headers, segments and sections
 * and writes them in the class and byte order asked for. Uses no ELF library,
 * so that it and the code under test cannot share a mistake.
 */
#include "fixture_builder.h"

#include <stdlib.h>
#include <string.h>

struct segment {
	struct fixture_segment at;
	uint8_t *bytes; /* at.filesz of them, NULL with at_offset */
};

struct section {
	struct fixture_section at;
	char name[32];
	uint8_t *bytes; /* NULL if it lies in a segment */
	size_t segment; /* the one it lies in, if !bytes */
	uint64_t offset;
};

struct fixture {
	uint8_t elf_class;
	bool big_endian;
	bool stripped;
	bool has_entry;
	uint16_t machine;
	uint32_t flags;
	uint64_t entry;
	struct segment *segments;
	size_t num_segments;
	struct section *sections;
	size_t num_sections;
};

/* Where a field lies in its header, for each class. */
static const struct {
	const char *name;
	uint8_t at32, width32, at64, width64;
} fields[FIXTURE_FIELDS] = {
	[FIXTURE_E_TYPE] = { "e_type", 16, 2, 16, 2 },
	[FIXTURE_E_MACHINE] = { "e_machine", 18, 2, 18, 2 },
	[FIXTURE_E_VERSION] = { "e_version", 20, 4, 20, 4 },
	[FIXTURE_E_ENTRY] = { "e_entry", 24, 4, 24, 8 },
	[FIXTURE_E_PHOFF] = { "e_phoff", 28, 4, 32, 8 },
	[FIXTURE_E_SHOFF] = { "e_shoff", 32, 4, 40, 8 },
	[FIXTURE_E_FLAGS] = { "e_flags", 36, 4, 48, 4 },
	[FIXTURE_E_EHSIZE] = { "e_ehsize", 40, 2, 52, 2 },
	[FIXTURE_E_PHENTSIZE] = { "e_phentsize", 42, 2, 54, 2 },
	[FIXTURE_E_PHNUM] = { "e_phnum", 44, 2, 56, 2 },
	[FIXTURE_E_SHENTSIZE] = { "e_shentsize", 46, 2, 58, 2 },
	[FIXTURE_E_SHNUM] = { "e_shnum", 48, 2, 60, 2 },
	[FIXTURE_E_SHSTRNDX] = { "e_shstrndx", 50, 2, 62, 2 },
	[FIXTURE_P_TYPE] = { "p_type", 0, 4, 0, 4 },
	[FIXTURE_P_FLAGS] = { "p_flags", 24, 4, 4, 4 },
	[FIXTURE_P_OFFSET] = { "p_offset", 4, 4, 8, 8 },
	[FIXTURE_P_VADDR] = { "p_vaddr", 8, 4, 16, 8 },
	[FIXTURE_P_PADDR] = { "p_paddr", 12, 4, 24, 8 },
	[FIXTURE_P_FILESZ] = { "p_filesz", 16, 4, 32, 8 },
	[FIXTURE_P_MEMSZ] = { "p_memsz", 20, 4, 40, 8 },
	[FIXTURE_P_ALIGN] = { "p_align", 28, 4, 48, 8 },
	[FIXTURE_SH_NAME] = { "sh_name", 0, 4, 0, 4 },
	[FIXTURE_SH_TYPE] = { "sh_type", 4, 4, 4, 4 },
	[FIXTURE_SH_FLAGS] = { "sh_flags", 8, 4, 8, 8 },
	[FIXTURE_SH_ADDR] = { "sh_addr", 12, 4, 16, 8 },
	[FIXTURE_SH_OFFSET] = { "sh_offset", 16, 4, 24, 8 },
	[FIXTURE_SH_SIZE] = { "sh_size", 20, 4, 32, 8 },
};

static void *grow(void *memory, size_t size)
{
	void *bigger = realloc(memory, size ? size : 1);

	if (!bigger)
		abort();
	return bigger;
}

static uint8_t *copy_bytes(const void *bytes, size_t size)
{
	uint8_t *copy = grow(NULL, size);

	if (bytes && size)
		memcpy(copy, bytes, size);
	else
		memset(copy, 0, size);
	return copy;
}

uint8_t fixture_pattern(uint64_t da, uint64_t index)
{
	uint64_t mixed = (da + index) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint8_t)(mixed >> 56) | 1;
}

/* ---- collecting --------------------------------------------------------------- */

struct fixture *fixture_new(uint8_t elf_class, bool big_endian, uint16_t machine)
{
	struct fixture *elf = grow(NULL, sizeof(*elf));

	*elf = (struct fixture){
		.elf_class = elf_class,
		.big_endian = big_endian,
		.machine = machine,
	};
	return elf;
}

void fixture_set_entry(struct fixture *elf, uint64_t entry)
{
	elf->entry = entry;
	elf->has_entry = true;
}

void fixture_set_flags(struct fixture *elf, uint32_t flags)
{
	elf->flags = flags;
}

void fixture_add_segment(struct fixture *elf, const struct fixture_segment *segment)
{
	struct segment *item;

	elf->segments = grow(elf->segments, (elf->num_segments + 1) * sizeof(*elf->segments));
	item = &elf->segments[elf->num_segments++];
	*item = (struct segment){ .at = *segment };
	if (!segment->at_offset) {
		item->bytes = copy_bytes(segment->data, segment->filesz);
		for (uint64_t i = 0; !segment->data && i < segment->filesz; i++)
			item->bytes[i] = fixture_pattern(segment->da, i);
	}
	if (!elf->has_entry && segment->type == PT_LOAD)
		fixture_set_entry(elf, segment->da);
}

void fixture_load(struct fixture *elf, uint64_t da, uint32_t flags, const void *data,
		  uint64_t filesz, uint64_t memsz)
{
	fixture_add_segment(elf, &(struct fixture_segment){
					 .type = PT_LOAD,
					 .flags = flags,
					 .da = da,
					 .va = da,
					 .filesz = filesz,
					 .memsz = memsz,
					 .data = data,
				 });
}

static struct segment *segment_of(struct fixture *elf, const struct fixture_section *section)
{
	for (size_t i = 0; i < elf->num_segments; i++) {
		struct segment *segment = &elf->segments[i];

		if (segment->at.type == PT_LOAD && segment->bytes && section->size &&
		    section->da >= segment->at.va &&
		    section->da - segment->at.va <= segment->at.filesz &&
		    section->size <= segment->at.filesz - (section->da - segment->at.va))
			return segment;
	}
	return NULL;
}

void fixture_add_section(struct fixture *elf, const struct fixture_section *section)
{
	struct segment *home = NULL;
	struct section *item;

	if (section->type != SHT_NOBITS && (section->flags & SHF_ALLOC))
		home = segment_of(elf, section);
	elf->sections = grow(elf->sections, (elf->num_sections + 1) * sizeof(*elf->sections));
	item = &elf->sections[elf->num_sections++];
	*item = (struct section){ .at = *section };
	strncpy(item->name, section->name, sizeof(item->name) - 1);
	if (!home) {
		item->bytes =
			copy_bytes(section->data, section->type == SHT_NOBITS ? 0 : section->size);
		return;
	}
	item->segment = (size_t)(home - elf->segments);
	if (section->data)
		memcpy(home->bytes + (section->da - home->at.va), section->data, section->size);
}

void fixture_add_table_bytes(struct fixture *elf, uint64_t da, const void *bytes, size_t len)
{
	fixture_add_section(elf, &(struct fixture_section){
					 .name = ".resource_table",
					 .type = SHT_PROGBITS,
					 .flags = SHF_ALLOC | SHF_WRITE,
					 .da = da,
					 .data = bytes,
					 .size = len,
				 });
}

void fixture_add_table(struct fixture *elf, uint64_t da, struct fixture_table *table)
{
	size_t len;
	uint8_t *bytes = fixture_table_finish(table, &len);

	fixture_add_table_bytes(elf, da, bytes, len);
	free(bytes);
}

void fixture_strip(struct fixture *elf)
{
	elf->stripped = true;
}

/* ---- writing ------------------------------------------------------------------- */

static size_t header_size(uint8_t elf_class, char which)
{
	bool wide = elf_class == ELFCLASS64;

	if (which == 'e')
		return wide ? 64 : 52;
	if (which == 'p')
		return wide ? 56 : 32;
	return wide ? 64 : 40;
}

static void put(uint8_t *at, unsigned int width, bool big_endian, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		at[big_endian ? width - 1 - i : i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, unsigned int width, bool big_endian)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint64_t)at[big_endian ? width - 1 - i : i] << (8 * i);
	return value;
}

static uint64_t append_at(struct fixture_image *image, size_t at_least, const void *bytes,
			  size_t len)
{
	size_t offset = (image->size + 7) & ~(size_t)7;

	if (offset < at_least)
		offset = at_least;
	image->data = grow(image->data, offset + len);
	memset(image->data + image->size, 0, offset - image->size);
	if (bytes && len)
		memcpy(image->data + offset, bytes, len);
	else if (len)
		memset(image->data + offset, 0, len);
	image->size = offset + len;
	return offset;
}

static uint64_t append(struct fixture_image *image, const void *bytes, size_t len)
{
	return append_at(image, 0, bytes, len);
}

static void write_ehdr(struct fixture_image *image, const struct fixture *elf)
{
	static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };

	append(image, NULL, header_size(elf->elf_class, 'e'));
	memcpy(image->data, magic, sizeof(magic));
	image->data[EI_CLASS] = elf->elf_class;
	image->data[EI_DATA] = elf->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	image->data[EI_VERSION] = EV_CURRENT;
	fixture_set(image, FIXTURE_E_TYPE, 0, ET_EXEC);
	fixture_set(image, FIXTURE_E_MACHINE, 0, elf->machine);
	fixture_set(image, FIXTURE_E_VERSION, 0, EV_CURRENT);
	fixture_set(image, FIXTURE_E_ENTRY, 0, elf->entry);
	fixture_set(image, FIXTURE_E_FLAGS, 0, elf->flags);
	fixture_set(image, FIXTURE_E_EHSIZE, 0, header_size(elf->elf_class, 'e'));
	fixture_set(image, FIXTURE_E_PHENTSIZE, 0, header_size(elf->elf_class, 'p'));
	fixture_set(image, FIXTURE_E_PHNUM, 0, elf->num_segments);
}

static void write_segments(struct fixture_image *image, struct fixture *elf)
{
	uint64_t phoff = append(image, NULL, elf->num_segments * header_size(elf->elf_class, 'p'));

	fixture_set(image, FIXTURE_E_PHOFF, 0, elf->num_segments ? phoff : 0);
	for (size_t i = 0; i < elf->num_segments; i++) {
		struct segment *segment = &elf->segments[i];

		if (!segment->at.at_offset)
			segment->at.offset = append(image, segment->bytes, segment->at.filesz);
		fixture_set(image, FIXTURE_P_TYPE, i, segment->at.type);
		fixture_set(image, FIXTURE_P_FLAGS, i, segment->at.flags);
		fixture_set(image, FIXTURE_P_OFFSET, i, segment->at.offset);
		fixture_set(image, FIXTURE_P_VADDR, i, segment->at.va);
		fixture_set(image, FIXTURE_P_PADDR, i, segment->at.da);
		fixture_set(image, FIXTURE_P_FILESZ, i, segment->at.filesz);
		fixture_set(image, FIXTURE_P_MEMSZ, i, segment->at.memsz);
		fixture_set(image, FIXTURE_P_ALIGN, i, 4);
	}
}

static void write_shdr(struct fixture_image *image, size_t index, uint64_t name,
		       const struct fixture_section *at, uint64_t offset)
{
	fixture_set(image, FIXTURE_SH_NAME, index, name);
	fixture_set(image, FIXTURE_SH_TYPE, index, at->type);
	fixture_set(image, FIXTURE_SH_FLAGS, index, at->flags);
	fixture_set(image, FIXTURE_SH_ADDR, index, at->da);
	fixture_set(image, FIXTURE_SH_OFFSET, index, offset);
	fixture_set(image, FIXTURE_SH_SIZE, index, at->size);
}

static void place_section(struct fixture_image *image, struct fixture *elf, size_t index)
{
	struct section *section = &elf->sections[index];

	if (section->bytes && section->at.type == SHT_NOBITS) {
		section->offset = image->size;
	} else if (section->bytes) {
		section->offset =
			append_at(image, section->at.offset, section->bytes, section->at.size);
	} else {
		const struct segment *home = &elf->segments[section->segment];

		section->offset = home->at.offset + (section->at.da - home->at.va);
	}
}

static void write_sections(struct fixture_image *image, struct fixture *elf)
{
	struct fixture_section names = { .type = SHT_STRTAB };
	size_t count = elf->num_sections + 2; /* the null section first, the names last */
	char *strings = grow(NULL, (elf->num_sections + 2) * 32);
	uint64_t offset;

	memset(strings, 0, (elf->num_sections + 2) * 32);
	for (size_t i = 0; i < elf->num_sections; i++) {
		place_section(image, elf, i);
		strcpy(strings + 32 * i + 1, elf->sections[i].name);
	}
	strcpy(strings + 32 * elf->num_sections + 1, ".shstrtab");
	names.size = 32 * (elf->num_sections + 1);
	offset = append(image, strings, names.size);
	fixture_set(image, FIXTURE_E_SHOFF, 0,
		    append(image, NULL, count * header_size(elf->elf_class, 's')));
	fixture_set(image, FIXTURE_E_SHENTSIZE, 0, header_size(elf->elf_class, 's'));
	fixture_set(image, FIXTURE_E_SHNUM, 0, count);
	fixture_set(image, FIXTURE_E_SHSTRNDX, 0, count - 1);
	for (size_t i = 0; i < elf->num_sections; i++)
		write_shdr(image, i + 1, 32 * i + 1, &elf->sections[i].at, elf->sections[i].offset);
	write_shdr(image, count - 1, 32 * elf->num_sections + 1, &names, offset);
	free(strings);
}

struct fixture_image fixture_build(struct fixture *elf)
{
	struct fixture_image image = { .elf_class = elf->elf_class, .big_endian = elf->big_endian };

	write_ehdr(&image, elf);
	write_segments(&image, elf);
	if (!elf->stripped)
		write_sections(&image, elf);
	for (size_t i = 0; i < elf->num_segments; i++)
		free(elf->segments[i].bytes);
	for (size_t i = 0; i < elf->num_sections; i++)
		free(elf->sections[i].bytes);
	free(elf->segments);
	free(elf->sections);
	free(elf);
	return image;
}

void fixture_image_free(struct fixture_image *image)
{
	free(image->data);
	*image = (struct fixture_image){ 0 };
}

struct fixture_image fixture_truncated(const struct fixture_image *image, size_t size)
{
	struct fixture_image copy = *image;

	copy.data = copy_bytes(image->data, size);
	copy.size = size;
	return copy;
}

struct fixture_image fixture_wrapped(const struct fixture_image *image, const void *prefix,
				     size_t prefix_len)
{
	struct fixture_image copy = *image;

	copy.size = prefix_len + image->size;
	copy.data = grow(NULL, copy.size);
	memcpy(copy.data, prefix, prefix_len);
	memcpy(copy.data + prefix_len, image->data, image->size);
	return copy;
}

/* ---- fields ---------------------------------------------------------------------- */

static unsigned int field_width(const struct fixture_image *image, enum fixture_field field)
{
	return image->elf_class == ELFCLASS64 ? fields[field].width64 : fields[field].width32;
}

static uint8_t *field_at(const struct fixture_image *image, enum fixture_field field, size_t index)
{
	size_t at = image->elf_class == ELFCLASS64 ? fields[field].at64 : fields[field].at32;

	if (field >= FIXTURE_SH_NAME)
		at += fixture_get(image, FIXTURE_E_SHOFF, 0) +
		      index * header_size(image->elf_class, 's');
	else if (field >= FIXTURE_P_TYPE)
		at += fixture_get(image, FIXTURE_E_PHOFF, 0) +
		      index * header_size(image->elf_class, 'p');
	if (at > image->size || image->size - at < field_width(image, field))
		abort();
	return image->data + at;
}

uint64_t fixture_get(const struct fixture_image *image, enum fixture_field field, size_t index)
{
	return get(field_at(image, field, index), field_width(image, field), image->big_endian);
}

void fixture_set(struct fixture_image *image, enum fixture_field field, size_t index,
		 uint64_t value)
{
	put(field_at(image, field, index), field_width(image, field), image->big_endian, value);
}

uint64_t fixture_field_max(const struct fixture_image *image, enum fixture_field field)
{
	return UINT64_MAX >> (64 - 8 * field_width(image, field));
}

const char *fixture_field_name(enum fixture_field field)
{
	return fields[field].name;
}

size_t fixture_section_index(const struct fixture_image *image, const char *name)
{
	uint64_t count = fixture_get(image, FIXTURE_E_SHNUM, 0);
	uint64_t strings;

	if (!count)
		return 0;
	strings = fixture_get(image, FIXTURE_SH_OFFSET, fixture_get(image, FIXTURE_E_SHSTRNDX, 0));
	for (uint64_t i = 1; i < count; i++) {
		uint64_t at = strings + fixture_get(image, FIXTURE_SH_NAME, i);

		if (at < image->size &&
		    !strncmp((const char *)image->data + at, name, image->size - at))
			return i;
	}
	return 0;
}
