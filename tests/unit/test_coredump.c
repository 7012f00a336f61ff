/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Core dumps as files: what makes one and what does not, and every byte of it in
 * both classes. What becomes of a dump is in test_coredump_life.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "coredump_fixture.h"

/* ---- none ---------------------------------------------------------------------------------- */

static void a_dump_needs_a_class_a_segment_and_a_mode(void **state)
{
	struct recorder *rec = coredump_open(NULL, 0, RPROC_COREDUMP_ENABLED);

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_line(rec, "<3> ELF class is not set");
	assert_true(coredump_none(rec, 0));
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);

	rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_DISABLED);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(coredump_none(rec, 0));
	recorder_free(rec);

	rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	rec->prepare = NULL;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(coredump_none(rec, 0));
	recorder_free(rec);
}

static void what_is_no_class_mode_or_dump_is_refused(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	char byte;

	(void)state;
	assert_int_equal(rproc_coredump_set_elf_info(rec->rproc, 0, EM_ARM), -EINVAL);
	assert_int_equal(rproc_coredump_set_elf_info(rec->rproc, 3, EM_ARM), -EINVAL);
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, (enum rproc_coredump_mode)3), -EINVAL);
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, (enum rproc_coredump_mode) - 1),
			 -EINVAL);
	recorder_expect(rec, "<3> Invalid coredump configuration\n"
			     "<3> Invalid coredump configuration\n");
	assert_int_equal(rproc_coredump_mode(rec->rproc), RPROC_COREDUMP_DISABLED);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 1, 0), -ENODEV);
	assert_int_equal(rproc_coredump_release(rec->context, 0), -ENODEV);
	assert_int_equal(rproc_coredump_release(rec->context, 1), -ENODEV);
	recorder_free(rec);
}

static void a_dump_over_a_gibibyte_is_not_made(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS64, RPROC_COREDUMP_ENABLED);

	(void)state;
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, 0, SIZE_MAX), 0);
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, 0, SIZE_MAX), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(coredump_none(rec, 0));
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
}

static void a_dump_of_more_segments_than_a_header_counts_is_not_made(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;
	int i;

	(void)state;
	for (i = 3; i < 65534; i++)
		assert_int_equal(rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, 1), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(rec->context, 0, &info), 0);
	assert_int_equal(rproc_coredump_release(rec->context, info.number), 0);
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, 1), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(coredump_none(rec, 0));
	recorder_free(rec);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void a_dump_of_32_bits_is_this_file(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;
	Elf32_Ehdr ehdr;
	Elf32_Phdr phdr[3];
	uint8_t *bytes;
	uint32_t offset = COREDUMP_HEAD32;
	int i;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_line(
		rec, "<3> invalid copy request for segment 0x0000000020000000 with offset 0 "
		     "and size 7)");
	bytes = coredump_read(rec, 0, 4096, &info);
	assert_int_equal(info.number, 1);
	assert_int_equal(info.index, 0);
	assert_string_equal(info.name, "dsp");
	assert_false(info.inline_dump);
	assert_int_equal(info.size, COREDUMP_HEAD32 + 0x101 + 7 + 0x33);
	memcpy(&ehdr, bytes, sizeof(ehdr));
	assert_memory_equal(ehdr.e_ident, "\177ELF\1\1\1\0\0\0\0\0\0\0\0\0", EI_NIDENT);
	assert_int_equal(ehdr.e_type, ET_CORE);
	assert_int_equal(ehdr.e_machine, EM_ARM);
	assert_int_equal(ehdr.e_version, 1);
	assert_int_equal(ehdr.e_entry, 0x10000000);
	assert_int_equal(ehdr.e_phoff, 52);
	assert_int_equal(ehdr.e_ehsize, 52);
	assert_int_equal(ehdr.e_phentsize, 32);
	assert_int_equal(ehdr.e_phnum, 3);
	assert_int_equal(ehdr.e_flags | ehdr.e_shoff | ehdr.e_shnum | ehdr.e_shstrndx, 0);
	memcpy(phdr, bytes + 52, sizeof(phdr));
	for (i = 0; i < 3; i++) {
		assert_int_equal(phdr[i].p_type, PT_LOAD);
		assert_int_equal(phdr[i].p_offset, offset);
		assert_int_equal(phdr[i].p_vaddr, coredump_segments[i].da);
		assert_int_equal(phdr[i].p_paddr, coredump_segments[i].da);
		assert_int_equal(phdr[i].p_filesz, coredump_segments[i].size);
		assert_int_equal(phdr[i].p_memsz, coredump_segments[i].size);
		assert_int_equal(phdr[i].p_flags, 7);
		assert_int_equal(phdr[i].p_align, 0);
		offset += coredump_segments[i].size;
	}
	coredump_assert_data(bytes + COREDUMP_HEAD32);
	free(bytes);
	recorder_free(rec);
}

static void a_dump_of_64_bits_is_this_file(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS64, RPROC_COREDUMP_ENABLED);
	const size_t head = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr);
	struct rproc_coredump_info info;
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	uint8_t *bytes;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	bytes = coredump_read(rec, 0, 1, &info);
	assert_int_equal(info.size, head + 0x101 + 7 + 0x33);
	memcpy(&ehdr, bytes, sizeof(ehdr));
	assert_memory_equal(ehdr.e_ident, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", EI_NIDENT);
	assert_int_equal(ehdr.e_type, ET_CORE);
	assert_int_equal(ehdr.e_entry, 0x10000000);
	assert_int_equal(ehdr.e_phoff, 64);
	assert_int_equal(ehdr.e_phentsize, 56);
	assert_int_equal(ehdr.e_phnum, 3);
	memcpy(&phdr, bytes + 64 + 56, sizeof(phdr));
	assert_int_equal(phdr.p_offset, head + 0x101);
	assert_int_equal(phdr.p_paddr, 0x20000000);
	assert_int_equal(phdr.p_memsz, 7);
	coredump_assert_data(bytes + head);
	free(bytes);
	recorder_free(rec);
}

static void register_anew(struct recorder *rec)
{
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, 4096), 0);
	rproc_coredump_cleanup(rec->rproc);
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, 16), 0);
}

static void segments_can_be_forgotten_and_others_registered(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;

	(void)state;
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	rec->prepare = register_anew;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(rec->context, 0, &info), 0);
	assert_int_equal(info.size, sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr) + 16);
	recorder_free(rec);
}

/* Of three segments: the first has no name, the others those below. */
static void name_segments(struct recorder *rec)
{
	static const char *const names[] = { NULL, "nowhere", "ram" };
	static const uint32_t das[] = { RECORDER_RAM + 0x4000, 0x20000000, RECORDER_RAM };
	size_t i;

	for (i = 0; i < 3; i++)
		assert_int_equal(rproc_coredump_add_custom_segment(rec->rproc, das[i],
								   (uint32_t)i + 8, NULL,
								   (void *)names[i]),
				 0);
}

static struct recorder *open_sections(uint8_t elf_class, enum rproc_coredump_mode mode)
{
	struct recorder *rec = coredump_open(NULL, elf_class, mode);

	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	rec->prepare = name_segments;
	rec->coredump = rproc_coredump_using_sections;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	memcpy(rec->ram, "what is in ram", 14);
	memcpy(rec->ram + 0x4000, "no name!", 8);
	return rec;
}

#define NAMES	   "\0STR_TBL\0nowhere\0ram"
#define SECTIONS32 (sizeof(Elf32_Ehdr) + 5 * sizeof(Elf32_Shdr))

static void a_dump_of_sections_is_this_file(void **state)
{
	struct recorder *rec = open_sections(ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;
	const uint8_t *data;
	Elf32_Ehdr ehdr;
	Elf32_Shdr shdr[5], none = { 0 };
	uint8_t *bytes;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	bytes = coredump_read(rec, 0, 4096, &info);
	assert_int_equal(info.size, SECTIONS32 + sizeof(NAMES) + 8 + 9 + 10);
	memcpy(&ehdr, bytes, sizeof(ehdr));
	assert_int_equal(ehdr.e_type, ET_CORE);
	assert_int_equal(ehdr.e_machine, EM_ARM);
	assert_int_equal(ehdr.e_entry, 0x10000000);
	assert_int_equal(ehdr.e_phoff | ehdr.e_phnum | ehdr.e_phentsize | ehdr.e_flags, 0);
	assert_int_equal(ehdr.e_shoff, 52);
	assert_int_equal(ehdr.e_shentsize, 40);
	assert_int_equal(ehdr.e_shnum, 5);
	assert_int_equal(ehdr.e_shstrndx, 1);
	memcpy(shdr, bytes + 52, sizeof(shdr));
	assert_memory_equal(&shdr[0], &none, sizeof(none));
	assert_int_equal(shdr[1].sh_name, 1);
	assert_int_equal(shdr[1].sh_type, SHT_STRTAB);
	assert_int_equal(shdr[1].sh_offset, SECTIONS32);
	assert_int_equal(shdr[1].sh_size, sizeof(NAMES));
	assert_memory_equal(bytes + SECTIONS32, NAMES, sizeof(NAMES));
	assert_int_equal(shdr[2].sh_name, 0);
	assert_int_equal(shdr[3].sh_name, 9);
	assert_int_equal(shdr[4].sh_name, 17);
	assert_int_equal(shdr[4].sh_type, SHT_PROGBITS);
	assert_int_equal(shdr[4].sh_flags, SHF_WRITE);
	assert_int_equal(shdr[4].sh_addr, RECORDER_RAM);
	assert_int_equal(shdr[4].sh_size, 10);
	data = bytes + SECTIONS32 + sizeof(NAMES);
	assert_int_equal(shdr[4].sh_offset, (size_t)(data - bytes) + 8 + 9);
	assert_memory_equal(data, "no name!\xff\xff\xff\xff\xff\xff\xff\xff\xffwhat is in", 27);
	free(bytes);
	recorder_free(rec);
}

static void a_dump_of_sections_has_a_class_a_mode_and_a_limit_too(void **state)
{
	struct recorder *rec = open_sections(ELFCLASS64, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;
	int i;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(rec->context, 0, &info), 0);
	assert_int_equal(info.size,
			 sizeof(Elf64_Ehdr) + 5 * sizeof(Elf64_Shdr) + sizeof(NAMES) + 27);
	assert_int_equal(rproc_coredump_release(rec->context, info.number), 0);
	for (i = 3; i < SHN_LORESERVE - 2; i++)
		assert_int_equal(rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, 1), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(coredump_none(rec, 0));
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_DISABLED), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(coredump_none(rec, 0));
	recorder_free(rec);
}

static void a_dump_is_a_copy_and_can_be_read_at_any_offset(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	uint8_t byte, two[2];

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	memset(rec->ram, 0, RECORDER_RAM_LEN);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 1, COREDUMP_HEAD32 + 5), 1);
	assert_int_equal(byte, 15);
	assert_int_equal(
		rproc_coredump_read(rec->context, 1, two, 2, COREDUMP_HEAD32 + 0x101 + 7 + 0x32),
		1);
	assert_int_equal(two[0], 0x32);
	assert_int_equal(
		rproc_coredump_read(rec->context, 1, &byte, 1, COREDUMP_HEAD32 + 0x101 + 7 + 0x33),
		0);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 1, UINT64_MAX), 0);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 0, 0), 0);
	recorder_free(rec);
}

/* ---- tools that read core files ------------------------------------------------------------ */

/* Closes @rec. */
static void write_for_tools(const char *dir, struct recorder *rec, const char *name)
{
	struct rproc_coredump_info info;
	uint8_t *bytes;

	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	bytes = coredump_read(rec, 0, 4096, &info);
	scratch_write(dir, name, bytes, info.size);
	free(bytes);
	recorder_free(rec);
}

/* With an argument: leave a dump of each class in that directory for the tools to open. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_needs_a_class_a_segment_and_a_mode),
		cmocka_unit_test(what_is_no_class_mode_or_dump_is_refused),
		cmocka_unit_test(a_dump_over_a_gibibyte_is_not_made),
		cmocka_unit_test(a_dump_of_more_segments_than_a_header_counts_is_not_made),
		cmocka_unit_test(a_dump_of_32_bits_is_this_file),
		cmocka_unit_test(a_dump_of_64_bits_is_this_file),
		cmocka_unit_test(segments_can_be_forgotten_and_others_registered),
		cmocka_unit_test(a_dump_of_sections_is_this_file),
		cmocka_unit_test(a_dump_of_sections_has_a_class_a_mode_and_a_limit_too),
		cmocka_unit_test(a_dump_is_a_copy_and_can_be_read_at_any_offset),
	};

	if (argc > 1) {
		const enum rproc_coredump_mode on = RPROC_COREDUMP_ENABLED;

		write_for_tools(argv[1], coredump_open(NULL, ELFCLASS32, on), "dump32.elf");
		write_for_tools(argv[1], coredump_open(NULL, ELFCLASS64, on), "dump64.elf");
		write_for_tools(argv[1], open_sections(ELFCLASS32, on), "sections32.elf");
		write_for_tools(argv[1], open_sections(ELFCLASS64, on), "sections64.elf");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
