/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ELF headers of a core dump, in both classes: program headers, as debuggers
 * want them, or sections with names. Pure: numbers in, bytes out.
 */
#include <elf.h>
#include <string.h>
#include "core/coredump.h"

#define STRING_TABLE "STR_TBL" /* the section of names, called as in the kernel's dumps */

static size_t name_size(const struct dump_piece *piece)
{
	return piece->name ? strlen(piece->name) + 1 : 0;
}

/* A NUL, which is the empty name; that of the table; those of the pieces. */
static size_t strings_size(const struct dump_piece *pieces, size_t num)
{
	size_t size = 1 + sizeof(STRING_TABLE);
	size_t i;

	for (i = 0; i < num; i++)
		size += name_size(&pieces[i]);
	return size;
}

/* Put the name at *@at in the table @strings, and move on; the name's place. */
static uint32_t add_name(char *strings, size_t *at, const char *name)
{
	const size_t place = *at;

	if (!name)
		return 0;
	strcpy(strings + place, name);
	*at += strlen(name) + 1;
	return (uint32_t)place;
}

size_t rproc_dump_most_pieces(const struct dump_shape *shape)
{
	return shape->sections ? SHN_LORESERVE - 3 : PN_XNUM - 1;
}

size_t rproc_dump_headers_size(const struct dump_shape *shape, const struct dump_piece *pieces,
			       size_t num)
{
	const bool narrow = shape->elf_class == ELFCLASS32;
	const size_t header = narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);

	if (!shape->sections)
		return header + num * (narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr));
	return header + (num + 2) * (narrow ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr)) +
	       strings_size(pieces, num);
}

static void init_ident(unsigned char *ident, uint8_t elf_class)
{
	memcpy(ident, ELFMAG, SELFMAG);
	ident[EI_CLASS] = elf_class;
	ident[EI_DATA] = ELFDATA2LSB;
	ident[EI_VERSION] = EV_CURRENT;
	ident[EI_OSABI] = ELFOSABI_NONE;
}

#define DEFINE_WRITE(bits)                                                                       \
	static void write_file##bits(const struct dump_shape *shape, Elf##bits##_Ehdr *ehdr)     \
	{                                                                                        \
		init_ident(ehdr->e_ident, shape->elf_class);                                     \
		ehdr->e_type = ET_CORE;                                                          \
		ehdr->e_machine = shape->elf_machine;                                            \
		ehdr->e_version = EV_CURRENT;                                                    \
		ehdr->e_entry = (Elf##bits##_Addr)shape->entry;                                  \
		ehdr->e_ehsize = sizeof(*ehdr);                                                  \
	}                                                                                        \
                                                                                                 \
	static void write_program##bits(Elf##bits##_Ehdr *ehdr, const struct dump_piece *piece,  \
					size_t num)                                              \
	{                                                                                        \
		Elf##bits##_Phdr *phdr = (Elf##bits##_Phdr *)(ehdr + 1);                         \
		const struct dump_piece *end = piece + num;                                      \
                                                                                                 \
		ehdr->e_phoff = sizeof(*ehdr);                                                   \
		ehdr->e_phentsize = sizeof(*phdr);                                               \
		ehdr->e_phnum = (Elf##bits##_Half)num;                                           \
		for (; piece < end; piece++, phdr++) {                                           \
			phdr->p_type = PT_LOAD;                                                  \
			phdr->p_offset = (Elf##bits##_Off)piece->offset;                         \
			phdr->p_vaddr = phdr->p_paddr = piece->da;                               \
			phdr->p_filesz = phdr->p_memsz = (Elf##bits##_Word)piece->size;          \
			phdr->p_flags = PF_R | PF_W | PF_X;                                      \
		}                                                                                \
	}                                                                                        \
                                                                                                 \
	static void write_sections##bits(Elf##bits##_Ehdr *ehdr, const struct dump_piece *piece, \
					 size_t num)                                             \
	{                                                                                        \
		Elf##bits##_Shdr *shdr = (Elf##bits##_Shdr *)(ehdr + 1);                         \
		const struct dump_piece *end = piece + num;                                      \
		char *strings = (char *)(shdr + num + 2);                                        \
		size_t at = 1;                                                                   \
                                                                                                 \
		ehdr->e_shoff = sizeof(*ehdr);                                                   \
		ehdr->e_shentsize = sizeof(*shdr);                                               \
		ehdr->e_shnum = (Elf##bits##_Half)(num + 2);                                     \
		ehdr->e_shstrndx = 1;                                                            \
		shdr++; /* the first is the one that is none */                                  \
		shdr->sh_name = add_name(strings, &at, STRING_TABLE);                            \
		shdr->sh_type = SHT_STRTAB;                                                      \
		shdr->sh_offset = (Elf##bits##_Off)(strings - (char *)ehdr);                     \
		shdr->sh_size = (Elf##bits##_Word)strings_size(piece, num);                      \
		for (shdr++; piece < end; piece++, shdr++) {                                     \
			shdr->sh_name = add_name(strings, &at, piece->name);                     \
			shdr->sh_type = SHT_PROGBITS;                                            \
			shdr->sh_flags = SHF_WRITE;                                              \
			shdr->sh_addr = piece->da;                                               \
			shdr->sh_offset = (Elf##bits##_Off)piece->offset;                        \
			shdr->sh_size = (Elf##bits##_Word)piece->size;                           \
		}                                                                                \
	}                                                                                        \
                                                                                                 \
	static void write_headers##bits(const struct dump_shape *shape,                          \
					const struct dump_piece *pieces, size_t num, void *dest) \
	{                                                                                        \
		write_file##bits(shape, dest);                                                   \
		if (shape->sections)                                                             \
			write_sections##bits(dest, pieces, num);                                 \
		else                                                                             \
			write_program##bits(dest, pieces, num);                                  \
	}
DEFINE_WRITE(32)
DEFINE_WRITE(64)
#undef DEFINE_WRITE

void rproc_dump_write_headers(const struct dump_shape *shape, const struct dump_piece *pieces,
			      size_t num, void *dest)
{
	if (shape->elf_class == ELFCLASS32)
		write_headers32(shape, pieces, num, dest);
	else
		write_headers64(shape, pieces, num, dest);
}
