/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shapes that real tool chains give to firmware images, each rebuilt from
 * nothing under a name of its own, with the verdict it deserves. Holds no test:
 * tests, fuzz seeds and make_fixtures all draw from this one list.
 */
#include "fixture_builder.h"

#include <stdlib.h>
#include <string.h>

#define BASE 0x10000000u /* where the host board's memory begins */
#define CODE (PF_R | PF_X)
#define DATA (PF_R | PF_W)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* A loop for a machine that really jumps there: pause; jmp -4. */
static const uint8_t loop_x86[16] = { 0xf3, 0x90, 0xeb, 0xfc };
/* A Cortex-M vector table (stack, reset, NMI, hard fault) and `b .` behind it. */
static const uint8_t loop_arm[20] = { 0x00, 0x00, 0x01, 0x10, 0x11, 0x00, 0x00, 0x10, 0x11,
				      0x00, 0x00, 0x10, 0x11, 0x00, 0x00, 0x10, 0xfe, 0xe7 };

static struct fixture *new_elf(uint8_t elf_class, bool big_endian)
{
	return fixture_new(elf_class, big_endian, elf_class == ELFCLASS64 ? EM_X86_64 : EM_ARM);
}

static void load_code(struct fixture *elf, uint8_t elf_class, uint64_t da)
{
	bool wide = elf_class == ELFCLASS64;

	if (wide)
		fixture_load(elf, da, CODE, loop_x86, sizeof(loop_x86), sizeof(loop_x86));
	else
		fixture_load(elf, da, CODE, loop_arm, sizeof(loop_arm), sizeof(loop_arm));
	fixture_set_entry(elf, wide ? da : da + 0x11);
}

/* ---- plain images ---------------------------------------------------------------- */

static struct fixture_table *openamp_table(bool big_endian, uint32_t da, uint32_t second_notifyid)
{
	struct fixture_table *table = fixture_table_new(big_endian);
	bool any = da == FIXTURE_ANY;

	fixture_table_carveout(table, da, 0, 0x8000, 0, "shared");
	fixture_table_trace(table, BASE + 0x8000, 0x1000, "trace0");
	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, any ? da : da + 0x10000, 4096, 256, 0);
	fixture_table_vring(table, any ? da : da + 0x14000, 4096, 256, second_notifyid);
	return table;
}

static struct fixture_image plain(uint8_t elf_class, bool big_endian, struct fixture_table *table,
				  bool stripped)
{
	struct fixture *elf = new_elf(elf_class, big_endian);

	load_code(elf, elf_class, BASE);
	fixture_load(elf, BASE + 0x4000, DATA, NULL, 0x400, 0x6000);
	if (table)
		fixture_add_table(elf, BASE + 0x4000, table);
	if (stripped)
		fixture_strip(elf);
	return fixture_build(elf);
}

static struct fixture_image elf32_le_table(void)
{
	return plain(ELFCLASS32, false, openamp_table(false, FIXTURE_ANY, 1), false);
}

static struct fixture_image elf64_le_table(void)
{
	return plain(ELFCLASS64, false, openamp_table(false, FIXTURE_ANY, 1), false);
}

static struct fixture_image elf32_be_table(void)
{
	return plain(ELFCLASS32, true, openamp_table(true, FIXTURE_ANY, 1), false);
}

static struct fixture_image elf64_be_table(void)
{
	return plain(ELFCLASS64, true, openamp_table(true, FIXTURE_ANY, 1), false);
}

static struct fixture_image elf32_le_no_table(void)
{
	return plain(ELFCLASS32, false, NULL, false);
}

static struct fixture_image elf64_le_no_table(void)
{
	return plain(ELFCLASS64, false, NULL, false);
}

static struct fixture_image elf32_be_no_table(void)
{
	return plain(ELFCLASS32, true, NULL, false);
}

static struct fixture_image elf64_be_no_table(void)
{
	return plain(ELFCLASS64, true, NULL, false);
}

static struct fixture_image openamp_fixed_da(void)
{
	return plain(ELFCLASS64, false, openamp_table(false, BASE + 0x100000, 1), false);
}

static struct fixture_image openamp_notify_ids_both_0(void)
{
	return plain(ELFCLASS64, false, openamp_table(false, FIXTURE_ANY, 0), false);
}

static struct fixture_image pair_stripped(void)
{
	return plain(ELFCLASS64, false, NULL, true);
}

static struct fixture_image elf32_stripped(void)
{
	return plain(ELFCLASS32, false, NULL, true);
}

/* ---- tables ------------------------------------------------------------------------ */

static struct fixture_image with_table(struct fixture_table *table)
{
	return plain(ELFCLASS64, false, table, false);
}

static struct fixture_image with_table_bytes(const void *bytes, size_t len)
{
	struct fixture *elf = new_elf(ELFCLASS64, false);

	load_code(elf, ELFCLASS64, BASE);
	fixture_load(elf, BASE + 0x4000, DATA, NULL, 0x400, 0x6000);
	fixture_add_table_bytes(elf, BASE + 0x4000, bytes, len);
	return fixture_build(elf);
}

static struct fixture_image dra7_ipu_18_entries(void)
{
	struct fixture_table *table = fixture_table_new(false);
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);

	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, 0x60000000, 4096, 256, 1);
	fixture_table_vring(table, 0x60004000, 4096, 256, 2);
	fixture_table_carveout(table, 0, 0, 0x600000, 0, "IPU_MEM_TEXT");
	fixture_table_carveout(table, 0x80000000, 0, 0x6000000, 0, "IPU_MEM_DATA");
	fixture_table_carveout(table, 0x60100000, 0, 0x100000, 0, "IPU_MEM_IPC_DATA");
	fixture_table_trace(table, 0x9f000000, 0x8000, "trace:sysm3");
	for (uint32_t i = 0; i < 13; i++)
		fixture_table_devmem(table, 0x60800000 + (i << 20), 0x48000000 + (i << 20),
				     0x100000, 0, "IPU_PERIPHERAL");
	fixture_load(elf, 0, CODE, NULL, 0x400, 0x400);
	fixture_load(elf, 0x80000000, DATA, NULL, 0x800, 0x800);
	fixture_add_table(elf, 0x80000000, table);
	return fixture_build(elf);
}

static struct fixture_image table_of_size_0(void)
{
	return with_table_bytes("", 0);
}

static struct fixture_image table_under_16_bytes(void)
{
	return with_table_bytes("\1\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
}

static struct fixture_image table_without_entries(void)
{
	return with_table(fixture_table_new(false));
}

static struct fixture_image table_of_version_2(void)
{
	static const uint8_t bytes[16] = { 2 };

	return with_table_bytes(bytes, sizeof(bytes));
}

static struct fixture_image table_types_4_and_5(void)
{
	struct fixture_table *table = openamp_table(false, FIXTURE_ANY, 1);

	fixture_table_entry(table, 4, NULL, 24);
	fixture_table_entry(table, 5, NULL, 40);
	return with_table(table);
}

static struct fixture_image table_vendor_entry_last(void)
{
	struct fixture_table *table = openamp_table(false, FIXTURE_ANY, 1);

	fixture_table_entry(table, 128, NULL, 0);
	return with_table(table);
}

static struct fixture_image table_truncated_carveout(void)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_entry(table, 0, NULL, 51);
	return with_table(table);
}

static struct fixture_image table_duplicate_carveout(void)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x1000, 0, "twice");
	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x2000, 0, "twice");
	return with_table(table);
}

static struct fixture_image table_vring_num_0(void)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 0, 0);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 1);
	return with_table(table);
}

/* A table run at one address and stored at another: the host alone puts it in its place. */
static struct fixture_image table_lma_differs_from_vma(void)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);

	load_code(elf, ELFCLASS32, BASE);
	fixture_add_segment(elf, &(struct fixture_segment){
					 .type = PT_LOAD,
					 .flags = DATA,
					 .da = BASE + 0x1000,
					 .va = BASE + 0x20000,
					 .filesz = 0x400,
					 .memsz = 0x400,
				 });
	fixture_add_table(elf, BASE + 0x20000, openamp_table(false, FIXTURE_ANY, 1));
	return fixture_build(elf);
}

/* Zero-fill that runs over the segment with the table. */
static struct fixture_image bss_overlaps_table(void)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ALTERA_NIOS2);

	fixture_load(elf, BASE, CODE, NULL, 0x200, 0x200);
	fixture_load(elf, BASE + 0x100000, DATA, NULL, 0x400, 0x400);
	fixture_load(elf, BASE + 0x1000, DATA, NULL, 0x100, 8400 * 1024);
	fixture_add_table(elf, BASE + 0x100000, openamp_table(false, FIXTURE_ANY, 1));
	return fixture_build(elf);
}

/* ---- memory maps --------------------------------------------------------------------- */

static struct fixture_image vectors_in_tcm_code_in_ddr(void)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);

	fixture_load(elf, 0, CODE, loop_arm, sizeof(loop_arm), 0x240);
	fixture_load(elf, 0x80000000, CODE, NULL, 0x1000, 0x1000);
	fixture_load(elf, 0x80010000, DATA, NULL, 0x400, 0x8000);
	fixture_add_section(elf, &(struct fixture_section){ .name = ".interrupts",
							    .type = SHT_PROGBITS,
							    .flags = SHF_ALLOC,
							    .size = 16 });
	fixture_add_table(elf, 0x80010000, openamp_table(false, FIXTURE_ANY, 1));
	return fixture_build(elf);
}

static struct fixture_image nothing_at_0(void)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);

	fixture_load(elf, 0x3ed00000, CODE, NULL, 0x1000, 0x1000);
	fixture_load(elf, 0x3ed20000, DATA, NULL, 0x400, 0x400);
	fixture_add_table(elf, 0x3ed20000, openamp_table(false, FIXTURE_ANY, 1));
	return fixture_build(elf);
}

/* The linker aligned the segment down to a page and so put the ELF header into it. */
static struct fixture_image header_pulled_into_segment(void)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);

	fixture_add_segment(elf, &(struct fixture_segment){
					 .type = PT_LOAD,
					 .flags = CODE,
					 .da = 0x1fff0000,
					 .va = 0x1fff0000,
					 .filesz = 0x8240,
					 .memsz = 0x8240,
					 .at_offset = true,
				 });
	fixture_add_section(elf, &(struct fixture_section){ .name = ".interrupts",
							    .type = SHT_PROGBITS,
							    .flags = SHF_ALLOC,
							    .da = 0x1fff8000,
							    .data = loop_arm,
							    .size = sizeof(loop_arm),
							    .offset = 0x8000 });
	fixture_add_section(elf, &(struct fixture_section){ .name = ".text",
							    .type = SHT_PROGBITS,
							    .flags = SHF_ALLOC | SHF_EXECINSTR,
							    .da = 0x1fff8018,
							    .size = 0x228,
							    .offset = 0x8018 });
	return fixture_build(elf);
}

static struct fixture_image pru_two_spaces_at_0(void)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_TI_PRU);

	fixture_add_segment(
		elf, &(struct fixture_segment){ .type = PT_LOPROC, .filesz = 0x40, .memsz = 0 });
	fixture_load(elf, 0, CODE, NULL, 0x300, 0x300);
	fixture_load(elf, 0, DATA, NULL, 0x80, 0x200);
	return fixture_build(elf);
}

static struct fixture_image r5f_14_loads(void)
{
	struct fixture_table *table = fixture_table_new(false);
	struct fixture *elf = fixture_new(ELFCLASS64, false, EM_X86_64);

	load_code(elf, ELFCLASS64, BASE);
	fixture_load(elf, BASE + 0x2000, DATA, NULL, 0x400, 0x400);
	for (uint32_t i = 2; i < 13; i++)
		fixture_load(elf, BASE + i * 0x4000, i % 2 ? DATA : CODE, NULL,
			     i % 3 ? 0x100 * i : 0, 0x1000);
	fixture_load(elf, BASE + 0x100000, DATA, NULL, 0, 12800 * 1024);
	fixture_table_trace(table, BASE + 0x200000, 512 * 1024, "trace:r5f0");
	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 0);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 1);
	fixture_add_table(elf, BASE + 0x2000, table);
	return fixture_build(elf);
}

static struct fixture_image foreign_program_headers(void)
{
	struct fixture *elf = new_elf(ELFCLASS64, false);

	/* ARM_EXIDX first, RISC-V attributes with more file than memory, TLS and NOTE last */
	fixture_add_segment(
		elf, &(struct fixture_segment){
			     .type = 0x70000001, .da = 0x40, .va = 0x40, .filesz = 8, .memsz = 8 });
	fixture_add_segment(
		elf, &(struct fixture_segment){ .type = 0x70000003, .filesz = 0x5d, .memsz = 0 });
	load_code(elf, ELFCLASS64, BASE);
	fixture_load(elf, BASE + 0x4000, DATA, NULL, 0x400, 0x6000);
	fixture_add_segment(elf, &(struct fixture_segment){
					 .type = PT_TLS, .da = BASE, .va = BASE, .memsz = 16 });
	fixture_add_segment(elf,
			    &(struct fixture_segment){ .type = PT_NOTE, .filesz = 20, .memsz = 0 });
	return fixture_build(elf);
}

static struct fixture_image empty_segment_anywhere(void)
{
	struct fixture *elf = new_elf(ELFCLASS64, false);

	load_code(elf, ELFCLASS64, BASE);
	fixture_add_segment(elf, &(struct fixture_segment){ .type = PT_LOAD,
							    .flags = DATA,
							    .da = UINT64_C(0xdeadbeef00000000),
							    .filesz = 0,
							    .memsz = 0,
							    .at_offset = true,
							    .offset = 0x7fffffff });
	return fixture_build(elf);
}

static struct fixture_image odd_alignment(void)
{
	struct fixture_table *table = fixture_table_new(false);
	struct fixture *elf = new_elf(ELFCLASS64, false);

	fixture_table_trace(table, BASE + 0x955, 0x401, "odd");
	load_code(elf, ELFCLASS64, BASE);
	fixture_load(elf, BASE + 0x801, DATA, "!", 1, 1);
	fixture_load(elf, BASE + 0x4003, DATA, NULL, 0x101, 0x203);
	fixture_add_table(elf, BASE + 0x4003, table);
	return fixture_build(elf);
}

/* ---- images that are refused ------------------------------------------------------------ */

static struct fixture_image truncated_inside_segment(void)
{
	struct fixture_image whole = plain(ELFCLASS64, false, NULL, true);
	struct fixture_image cut = fixture_truncated(&whole, whole.size - 0x123);

	fixture_image_free(&whole);
	return cut;
}

static struct fixture_image truncated_section_headers(void)
{
	struct fixture_image whole = elf64_le_table();
	struct fixture_image cut = fixture_truncated(&whole, whole.size - 1);

	fixture_image_free(&whole);
	return cut;
}

static struct fixture_image filesz_above_memsz(void)
{
	struct fixture *elf = new_elf(ELFCLASS64, false);

	load_code(elf, ELFCLASS64, BASE);
	fixture_load(elf, BASE + 0x4000, DATA, NULL, 0x101, 0x100);
	return fixture_build(elf);
}

static struct fixture_image no_program_headers(void)
{
	return fixture_build(new_elf(ELFCLASS64, false));
}

/* ST's container: header, TLVs and signature in front of a whole ELF. */
static struct fixture_image st_signed(size_t elf_at)
{
	static const uint8_t magic[4] = { 0x68, 0xa4, 0x43, 0x35 };
	struct fixture_image inner = elf32_le_table();
	struct fixture_image outer;
	uint8_t header[0x2bc] = { 0 };

	memcpy(header, magic, sizeof(magic));
	header[4] = 1; /* version */
	header[8] = (uint8_t)(elf_at - 20 - 0x200);
	header[13] = 0x02; /* signature of 0x200 bytes */
	outer = fixture_wrapped(&inner, header, elf_at);
	fixture_image_free(&inner);
	return outer;
}

static struct fixture_image st_signed_27c(void)
{
	return st_signed(0x27c);
}

static struct fixture_image st_signed_2bc(void)
{
	return st_signed(0x2bc);
}

static struct fixture_image foreign(const void *first, size_t len)
{
	struct fixture_image image = { .size = 256, .elf_class = ELFCLASS32 };

	image.data = calloc(1, image.size);
	if (!image.data)
		abort();
	memcpy(image.data, first, len);
	return image;
}

static struct fixture_image foreign_gzip(void)
{
	return foreign("\x1f\x8b\x08", 3);
}

static struct fixture_image foreign_raw_cortex_m(void)
{
	return foreign(loop_arm, sizeof(loop_arm));
}

static struct fixture_image foreign_intel_hex(void)
{
	return foreign(":020000041000EA\n:00000001FF\n", 28);
}

static struct fixture_image foreign_u_boot(void)
{
	return foreign("\x27\x05\x19\x56", 4);
}

/* ---- the list ----------------------------------------------------------------------------- */

#define SHAPE(fn, file, verdict, host)  \
	{                               \
		file, verdict, host, fn \
	}

const struct fixture_shape fixture_shapes[] = {
	SHAPE(elf32_le_table, "elf32-le-table", FIXTURE_LOADS, true),
	SHAPE(elf64_le_table, "elf64-le-table", FIXTURE_LOADS, true),
	SHAPE(elf32_be_table, "elf32-be-table", FIXTURE_REFUSED, false),
	SHAPE(elf64_be_table, "elf64-be-table", FIXTURE_REFUSED, false),
	SHAPE(elf32_le_no_table, "elf32-le-no-table", FIXTURE_NO_TABLE, true),
	SHAPE(elf64_le_no_table, "elf64-le-no-table", FIXTURE_NO_TABLE, true),
	SHAPE(elf32_be_no_table, "elf32-be-no-table", FIXTURE_REFUSED, false),
	SHAPE(elf64_be_no_table, "elf64-be-no-table", FIXTURE_REFUSED, false),
	SHAPE(elf64_le_table, "openamp-da-any", FIXTURE_LOADS, true),
	SHAPE(openamp_fixed_da, "openamp-da-fixed", FIXTURE_LOADS, true),
	SHAPE(openamp_notify_ids_both_0, "openamp-notify-ids-both-0", FIXTURE_LOADS, true),
	SHAPE(dra7_ipu_18_entries, "dra7-ipu-18-entries", FIXTURE_NEEDS_IOMMU, false),
	SHAPE(vectors_in_tcm_code_in_ddr, "vectors-in-tcm-code-in-ddr", FIXTURE_LOADS, false),
	SHAPE(nothing_at_0, "nothing-at-0", FIXTURE_LOADS, false),
	SHAPE(header_pulled_into_segment, "header-pulled-into-segment", FIXTURE_NO_TABLE, false),
	SHAPE(pru_two_spaces_at_0, "pru-two-spaces-at-0", FIXTURE_NO_TABLE, false),
	SHAPE(r5f_14_loads, "r5f-14-loads", FIXTURE_LOADS, true),
	SHAPE(elf32_stripped, "section-headers-stripped", FIXTURE_NO_TABLE, true),
	SHAPE(elf64_le_no_table, "pair-unstripped", FIXTURE_NO_TABLE, true),
	SHAPE(pair_stripped, "pair-stripped", FIXTURE_NO_TABLE, true),
	SHAPE(truncated_inside_segment, "truncated-inside-segment", FIXTURE_BAD_SEGMENT, false),
	SHAPE(truncated_section_headers, "truncated-section-headers", FIXTURE_REFUSED, false),
	SHAPE(filesz_above_memsz, "filesz-above-memsz", FIXTURE_BAD_SEGMENT, false),
	SHAPE(no_program_headers, "no-program-headers", FIXTURE_REFUSED, false),
	SHAPE(st_signed_27c, "st-signed-elf-at-27c", FIXTURE_REFUSED, false),
	SHAPE(st_signed_2bc, "st-signed-elf-at-2bc", FIXTURE_REFUSED, false),
	SHAPE(table_of_size_0, "table-of-size-0", FIXTURE_NO_TABLE, true),
	SHAPE(table_under_16_bytes, "table-under-16-bytes", FIXTURE_NO_TABLE, true),
	SHAPE(table_of_version_2, "table-of-version-2", FIXTURE_NO_TABLE, true),
	SHAPE(table_without_entries, "table-without-entries", FIXTURE_LOADS, true),
	SHAPE(table_types_4_and_5, "table-types-4-and-5", FIXTURE_LOADS, true),
	SHAPE(table_vendor_entry_last, "table-vendor-entry-last", FIXTURE_LOADS, true),
	SHAPE(table_vring_num_0, "table-vring-num-0", FIXTURE_LOADS, true),
	SHAPE(table_truncated_carveout, "table-truncated-carveout", FIXTURE_BAD_TABLE, true),
	SHAPE(table_duplicate_carveout, "table-duplicate-carveout", FIXTURE_BAD_TABLE, true),
	SHAPE(table_lma_differs_from_vma, "table-lma-differs-from-vma", FIXTURE_LOADS, true),
	SHAPE(bss_overlaps_table, "bss-overlaps-table", FIXTURE_LOADS, true),
	SHAPE(foreign_program_headers, "foreign-program-headers", FIXTURE_NO_TABLE, true),
	SHAPE(empty_segment_anywhere, "empty-segment-anywhere", FIXTURE_NO_TABLE, true),
	SHAPE(odd_alignment, "odd-alignment", FIXTURE_LOADS, true),
	SHAPE(foreign_gzip, "foreign-gzip", FIXTURE_REFUSED, false),
	SHAPE(foreign_raw_cortex_m, "foreign-raw-cortex-m", FIXTURE_REFUSED, false),
	SHAPE(foreign_intel_hex, "foreign-intel-hex", FIXTURE_REFUSED, false),
	SHAPE(foreign_u_boot, "foreign-u-boot", FIXTURE_REFUSED, false),
};
const size_t fixture_num_shapes = ARRAY_SIZE(fixture_shapes);

struct fixture_image fixture_shape_build(const char *name)
{
	for (size_t i = 0; i < fixture_num_shapes; i++)
		if (!strcmp(fixture_shapes[i].name, name))
			return fixture_shapes[i].build();
	abort();
}
