/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ELF images: the sanity check in the kernel's order, then headers decoded one
 * at a time by libelf's translators from ranges that were checked before. The
 * only file that includes libelf. Reads headers and the section names; never
 * the bytes of a segment, and never writes.
 *
 * libelf's descriptor interface is not used on purpose: it normalises what a
 * header says (extended numbering, counts cut to the file's size), and then the
 * checks would be about other numbers than the loader's.
 */
#include "image/image.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/report.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_DATA ELFDATA2LSB
#else
#define HOST_DATA ELFDATA2MSB
#endif

/* The words of the file header that a loader uses, in one width. */
struct elf_header {
	uint8_t elf_class;
	uint16_t machine;
	uint64_t entry;
	uint64_t phoff;
	uint64_t shoff;
	uint32_t phnum;
	uint32_t shnum;
	uint32_t shstrndx;
	uint32_t phentsize;
	uint32_t shentsize;
};

struct elf_section {
	uint64_t name; /* offset in the string table */
	uint64_t addr;
	uint64_t offset;
	uint64_t size;
};

static bool is_wide(uint8_t elf_class)
{
	return elf_class == ELFCLASS64;
}

/* The sizes are the ABI's, not e_phentsize and e_shentsize: the kernel reads those of no image. */
static uint64_t phdr_size(uint8_t elf_class)
{
	return is_wide(elf_class) ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

static uint64_t shdr_size(uint8_t elf_class)
{
	return is_wide(elf_class) ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

/*
 * Translate one header of @size bytes at @offset, which the caller has checked
 * to lie inside the image, to @ret.
 */
static int translate(const struct rproc_firmware *fw, uint8_t elf_class, uint64_t offset,
		     Elf_Type type, void *ret, size_t size)
{
	/* libelf only reads the source, but its type cannot say so */
	Elf_Data from = {
		.d_buf = (void *)((uintptr_t)fw->data + (uintptr_t)offset),
		.d_type = type,
		.d_version = EV_CURRENT,
		.d_size = size,
	};
	Elf_Data to = {
		.d_buf = ret,
		.d_type = type,
		.d_version = EV_CURRENT,
		.d_size = size,
	};
	Elf_Data *done;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return -EINVAL;
	done = is_wide(elf_class) ? elf64_xlatetom(&to, &from, HOST_DATA)
				  : elf32_xlatetom(&to, &from, HOST_DATA);
	return done ? 0 : -EINVAL;
}

static int read_header(const struct rproc_firmware *fw, uint8_t elf_class,
		       struct elf_header *ret_header)
{
	Elf32_Ehdr narrow;
	Elf64_Ehdr wide;

	if (is_wide(elf_class)) {
		if (translate(fw, elf_class, 0, ELF_T_EHDR, &wide, sizeof(wide)))
			return -EINVAL;
		*ret_header = (struct elf_header){
			.elf_class = elf_class,
			.machine = wide.e_machine,
			.entry = wide.e_entry,
			.phoff = wide.e_phoff,
			.shoff = wide.e_shoff,
			.phnum = wide.e_phnum,
			.shnum = wide.e_shnum,
			.shstrndx = wide.e_shstrndx,
			.phentsize = wide.e_phentsize,
			.shentsize = wide.e_shentsize,
		};
		return 0;
	}
	if (translate(fw, elf_class, 0, ELF_T_EHDR, &narrow, sizeof(narrow)))
		return -EINVAL;
	*ret_header = (struct elf_header){
		.elf_class = elf_class,
		.machine = narrow.e_machine,
		.entry = narrow.e_entry,
		.phoff = narrow.e_phoff,
		.shoff = narrow.e_shoff,
		.phnum = narrow.e_phnum,
		.shnum = narrow.e_shnum,
		.shstrndx = narrow.e_shstrndx,
		.phentsize = narrow.e_phentsize,
		.shentsize = narrow.e_shentsize,
	};
	return 0;
}

static int read_segment(const struct rproc_firmware *fw, uint8_t elf_class, uint64_t offset,
			struct rproc_image_segment *ret_segment)
{
	Elf32_Phdr narrow;
	Elf64_Phdr wide;

	if (is_wide(elf_class)) {
		if (translate(fw, elf_class, offset, ELF_T_PHDR, &wide, sizeof(wide)))
			return -EINVAL;
	} else {
		if (translate(fw, elf_class, offset, ELF_T_PHDR, &narrow, sizeof(narrow)))
			return -EINVAL;
		wide = (Elf64_Phdr){
			.p_type = narrow.p_type,
			.p_flags = narrow.p_flags,
			.p_offset = narrow.p_offset,
			.p_vaddr = narrow.p_vaddr,
			.p_paddr = narrow.p_paddr,
			.p_filesz = narrow.p_filesz,
			.p_memsz = narrow.p_memsz,
		};
	}
	*ret_segment = (struct rproc_image_segment){
		.type = wide.p_type,
		.flags = wide.p_flags,
		.offset = wide.p_offset,
		.da = wide.p_paddr,
		.va = wide.p_vaddr,
		.filesz = wide.p_filesz,
		.memsz = wide.p_memsz,
		.load = wide.p_type == PT_LOAD && wide.p_memsz != 0,
	};
	return 0;
}

static int read_section(const struct rproc_firmware *fw, uint8_t elf_class, uint64_t offset,
			struct elf_section *ret_section)
{
	Elf32_Shdr narrow;
	Elf64_Shdr wide;

	if (is_wide(elf_class)) {
		if (translate(fw, elf_class, offset, ELF_T_SHDR, &wide, sizeof(wide)))
			return -EINVAL;
		*ret_section = (struct elf_section){
			.name = wide.sh_name,
			.addr = wide.sh_addr,
			.offset = wide.sh_offset,
			.size = wide.sh_size,
		};
		return 0;
	}
	if (translate(fw, elf_class, offset, ELF_T_SHDR, &narrow, sizeof(narrow)))
		return -EINVAL;
	*ret_section = (struct elf_section){
		.name = narrow.sh_name,
		.addr = narrow.sh_addr,
		.offset = narrow.sh_offset,
		.size = narrow.sh_size,
	};
	return 0;
}

/* ---- sanity check ---------------------------------------------------------------- */

static int refuse(struct rproc_report *report, const char *log, const char *what, uint64_t value,
		  size_t size)
{
	return report_add(report, -EINVAL, RPROC_LOG_ERR, log,
			  "ELF header: %s 0x%" PRIx64
			  " of an image of 0x%zx bytes: the file is cut "
			  "short or damaged, copy or link it again",
			  what, value, size);
}

static int check_ident(const uint8_t ident[EI_NIDENT], size_t size, struct rproc_report *report)
{
	char log[64];

	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) {
		snprintf(log, sizeof(log), "Unsupported class: %d", ident[EI_CLASS]);
		return refuse(report, log, "class is neither 1 nor 2 but", ident[EI_CLASS], size);
	}
	if (is_wide(ident[EI_CLASS]) && size < sizeof(Elf64_Ehdr))
		return refuse(report, "elf64 header is too small",
			      "ELF64 header needs 0x40 bytes, there are", size, size);
	if (ident[EI_DATA] != HOST_DATA)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "Unsupported firmware endianness",
				  "ELF header: byte order %u (1 little, 2 big) is not that of this "
				  "host (%u): build the firmware for the host's byte order",
				  ident[EI_DATA], HOST_DATA);
	return 0;
}

/*
 * The section headers: first as Linux 7.2 bounds them (one must fit, even if none needs to
 * exist), then as 6.12.117 does, for what 7.2 would read beyond the file.
 */
static int check_sections(const struct elf_header *header, size_t size, struct rproc_report *report)
{
	uint64_t each = shdr_size(header->elf_class);

	if (add_sat(header->shoff, each) > size)
		return refuse(report, "Image is too small", "section headers (e_shoff) end at",
			      add_sat(header->shoff, each), size);
	if (header->shnum && add_sat(header->shoff, header->shnum * each) > size)
		return refuse(report, "Section headers are out of bounds",
			      "section headers (e_shnum of them) end at",
			      add_sat(header->shoff, header->shnum * each), size);
	if (add_sat(header->shoff, (header->shstrndx + UINT64_C(1)) * each) > size)
		return refuse(report, "Image is too small",
			      "header of the section names (e_shstrndx) ends at",
			      add_sat(header->shoff, (header->shstrndx + UINT64_C(1)) * each),
			      size);
	return 0;
}

static int check_segments(const struct elf_header *header, size_t size, struct rproc_report *report)
{
	uint64_t end;

	if (!header->phnum)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "No loadable segments",
				  "ELF header: e_phnum is 0: an object file, or linked without "
				  "segments; link an executable");
	if (header->phoff > size)
		return refuse(report, "Firmware size is too small", "program headers at e_phoff",
			      header->phoff, size);
	/* The kernel goes on and reads past the end here. */
	end = add_sat(header->phoff, header->phnum * phdr_size(header->elf_class));
	if (end > size)
		return refuse(report, "Firmware size is too small",
			      "program headers (e_phnum of them) end at", end, size);
	return 0;
}

/* Check the whole header; a copy of what was checked goes to @ret_header. */
static int check_header(const struct rproc_firmware *fw, struct rproc_report *report,
			struct elf_header *ret_header)
{
	uint8_t ident[EI_NIDENT];
	struct elf_header header;
	int ret;

	if (fw->size < sizeof(Elf32_Ehdr))
		return refuse(report, "Image is too small", "header needs 0x34 bytes, there are",
			      fw->size, fw->size);
	memcpy(ident, fw->data, sizeof(ident));
	ret = check_ident(ident, fw->size, report);
	if (ret)
		return ret;
	ret = read_header(fw, ident[EI_CLASS], &header);
	if (ret)
		return refuse(report, "", "libelf cannot read it, error", (unsigned int)elf_errno(),
			      fw->size);
	ret = check_sections(&header, fw->size, report);
	if (ret)
		return ret;
	ret = check_segments(&header, fw->size, report);
	if (ret)
		return ret;
	*ret_header = header;
	return 0;
}

static int elf_check(const struct rproc_firmware *fw, struct rproc_report *report)
{
	struct elf_header header;

	return check_header(fw, report, &header);
}

static bool elf_probe(const struct rproc_firmware *fw)
{
	return fw->size >= SELFMAG && !memcmp(fw->data, ELFMAG, SELFMAG);
}

/* ---- decoding ----------------------------------------------------------------------- */

static void remark_on_header(const struct elf_header *header, struct rproc_report *report)
{
	if (header->phentsize != phdr_size(header->elf_class))
		report_add(report, 0, RPROC_LOG_NOTICE, "",
			   "ELF header: e_phentsize is %u, %" PRIu64 " is used as the kernel does",
			   header->phentsize, phdr_size(header->elf_class));
	if (header->shnum && header->shentsize != shdr_size(header->elf_class))
		report_add(report, 0, RPROC_LOG_NOTICE, "",
			   "ELF header: e_shentsize is %u, %" PRIu64 " is used as the kernel does",
			   header->shentsize, shdr_size(header->elf_class));
	if (!header->shnum && header->shoff)
		report_add(report, 0, RPROC_LOG_NOTICE, "",
			   "ELF header: e_shnum is 0 although e_shoff is 0x%" PRIx64
			   ": no section is looked at, so no resource table can be found",
			   header->shoff);
}

static int decode_segments(struct rproc_image *image, const struct elf_header *header)
{
	uint64_t each = phdr_size(header->elf_class);

	image->segments = calloc(header->phnum, sizeof(*image->segments));
	if (!image->segments)
		return -ENOMEM;
	for (uint32_t i = 0; i < header->phnum; i++)
		if (read_segment(&image->fw, header->elf_class, header->phoff + i * each,
				 &image->segments[i]))
			return -EINVAL;
	image->info.num_segments = header->phnum;
	return 0;
}

/* Note where the section headers and their names are. No names, no sections. */
static int decode_sections(struct rproc_image *image, const struct elf_header *header,
			   struct rproc_report *report)
{
	uint64_t each = shdr_size(header->elf_class);
	struct elf_section names;

	if (!header->shnum)
		return 0;
	if (read_section(&image->fw, header->elf_class, header->shoff + header->shstrndx * each,
			 &names))
		return -EINVAL;
	if (!range_ok(names.offset, names.size, image->fw.size)) {
		report_add(report, 0, RPROC_LOG_NOTICE, "",
			   "section names at 0x%" PRIx64 " with 0x%" PRIx64
			   " bytes do not lie in the image of 0x%zx bytes: no section can be found",
			   names.offset, names.size, image->fw.size);
		return 0;
	}
	image->sections = (struct rproc_image_sections){
		.offset = header->shoff,
		.count = header->shnum,
		.names_offset = names.offset,
		.names_len = names.size,
	};
	return 0;
}

/* The first section whose name is exactly @name. */
static int find_section(const struct rproc_image *image, const char *name,
			struct elf_section *ret_section)
{
	const struct rproc_image_sections *sections = &image->sections;
	const char *names = (const char *)image->fw.data + sections->names_offset;
	uint64_t each = shdr_size(image->info.elf_class);
	size_t len = strlen(name) + 1;
	struct elf_section section;

	for (uint32_t i = 0; i < sections->count; i++) {
		if (read_section(&image->fw, image->info.elf_class, sections->offset + i * each,
				 &section))
			return -ENOENT;
		if (!range_ok(section.name, len, sections->names_len))
			continue;
		if (memcmp(names + section.name, name, len))
			continue;
		*ret_section = section;
		return 0;
	}
	return -ENOENT;
}

static int elf_decode(struct rproc_image *image, struct rproc_report *report)
{
	struct elf_header header;
	struct elf_section table;
	int ret;

	ret = check_header(&image->fw, report, &header);
	if (ret)
		return ret;
	remark_on_header(&header, report);
	image->info.elf_class = header.elf_class;
	image->info.elf_machine = header.machine;
	image->info.bootaddr = header.entry;
	ret = decode_segments(image, &header);
	if (ret)
		return ret;
	ret = decode_sections(image, &header, report);
	if (ret)
		return ret;
	if (find_section(image, ".resource_table", &table))
		return 0;
	image->table_found = true;
	image->table_offset = table.offset;
	image->table_size = table.size;
	image->table_da = table.addr;
	return 0;
}

static int elf_section(const struct rproc_image *image, const char *name, uint64_t *ret_da,
		       uint64_t *ret_size)
{
	struct elf_section section;
	int ret;

	ret = find_section(image, name, &section);
	if (ret)
		return ret;
	*ret_da = section.addr;
	*ret_size = section.size;
	return 0;
}

const struct rproc_image_format rproc_image_format_elf = {
	.name = "ELF",
	.probe = elf_probe,
	.check = elf_check,
	.decode = elf_decode,
	.section = elf_section,
};
