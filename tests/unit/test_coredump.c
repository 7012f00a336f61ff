/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Core dumps: the file byte for byte in both classes, what makes one and what
 * does not, and its life: a second one thrown away, the age limit, inline dumps
 * that recovery waits for, and removal in the middle of that wait.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core_images.h"
#include "recorder.h"

#define HEAD32 (sizeof(Elf32_Ehdr) + 3 * sizeof(Elf32_Phdr))

/* Three segments: memory, an address that is nowhere, and one the driver makes. */
static const struct {
	uint32_t da;
	uint32_t size;
} segments[] = { { RECORDER_RAM + 0x4000, 0x101 }, { 0x20000000, 7 }, { 0x30000000, 0x33 } };

static void dump_counting(struct rproc *rproc, void *priv, void *dest, size_t offset, size_t size)
{
	uint8_t *bytes = dest;
	size_t i;

	(void)rproc;
	assert_ptr_equal(priv, segments);
	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(offset + i);
}

static void register_segments(struct recorder *rec)
{
	size_t i;

	for (i = 0; i < 0x101; i++)
		rec->ram[0x4000 + i] = (uint8_t)(i * 3);
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, segments[0].da, segments[0].size),
			 0);
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, segments[1].da, segments[1].size),
			 0);
	assert_int_equal(rproc_coredump_add_custom_segment(rec->rproc, segments[2].da,
							   segments[2].size, dump_counting,
							   (void *)segments),
			 0);
}

static struct recorder *open_dumping(const struct recorder_options *options, uint8_t elf_class,
				     enum rproc_coredump_mode mode)
{
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(options);

	rec->prepare = register_segments;
	if (elf_class)
		assert_int_equal(rproc_coredump_set_elf_info(rec->rproc, elf_class, EM_ARM), 0);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, mode), 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_forget(rec);
	return rec;
}

/* The dump numbered above @after, read in pieces of @step bytes. */
static uint8_t *read_dump(struct recorder *rec, uint64_t after, size_t step,
			  struct rproc_coredump_info *ret_info)
{
	uint8_t *bytes;
	size_t have = 0;
	ssize_t n;

	assert_int_equal(rproc_coredump_next(rec->context, after, ret_info), 0);
	bytes = malloc(ret_info->size + step);
	assert_non_null(bytes);
	while ((n = rproc_coredump_read(rec->context, ret_info->number, bytes + have, step, have)))
		have += (size_t)n;
	assert_int_equal(have, ret_info->size);
	return bytes;
}

static bool no_dump(struct recorder *rec, uint64_t after)
{
	struct rproc_coredump_info info;

	return rproc_coredump_next(rec->context, after, &info) == -ENOENT;
}

/* ---- none ---------------------------------------------------------------------------------- */

static void a_dump_needs_a_class_a_segment_and_a_mode(void **state)
{
	struct recorder *rec = open_dumping(NULL, 0, RPROC_COREDUMP_ENABLED);

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_line(rec, "<3> ELF class is not set");
	assert_true(no_dump(rec, 0));
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);

	rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_DISABLED);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(no_dump(rec, 0));
	recorder_free(rec);

	rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	rec->prepare = NULL;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(no_dump(rec, 0));
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
	struct recorder *rec = open_dumping(NULL, ELFCLASS64, RPROC_COREDUMP_ENABLED);

	(void)state;
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, 0, SIZE_MAX), 0);
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, 0, SIZE_MAX), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(no_dump(rec, 0));
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
}

static void a_dump_of_more_segments_than_a_header_counts_is_not_made(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
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
	assert_true(no_dump(rec, 0));
	recorder_free(rec);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void assert_data(const uint8_t *data)
{
	size_t i;

	for (i = 0; i < 0x101; i++)
		assert_int_equal(data[i], (uint8_t)(i * 3));
	for (i = 0; i < 7; i++)
		assert_int_equal(data[0x101 + i], 0xff);
	for (i = 0; i < 0x33; i++)
		assert_int_equal(data[0x101 + 7 + i], i);
}

static void a_dump_of_32_bits_is_this_file(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;
	Elf32_Ehdr ehdr;
	Elf32_Phdr phdr[3];
	uint8_t *bytes;
	uint32_t offset = HEAD32;
	int i;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_line(rec, "<3> invalid copy request for segment 0x20000000 with offset 0 "
				  "and size 7)");
	bytes = read_dump(rec, 0, 4096, &info);
	assert_int_equal(info.number, 1);
	assert_int_equal(info.index, 0);
	assert_string_equal(info.name, "dsp");
	assert_false(info.inline_dump);
	assert_int_equal(info.size, HEAD32 + 0x101 + 7 + 0x33);
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
		assert_int_equal(phdr[i].p_vaddr, segments[i].da);
		assert_int_equal(phdr[i].p_paddr, segments[i].da);
		assert_int_equal(phdr[i].p_filesz, segments[i].size);
		assert_int_equal(phdr[i].p_memsz, segments[i].size);
		assert_int_equal(phdr[i].p_flags, 7);
		assert_int_equal(phdr[i].p_align, 0);
		offset += segments[i].size;
	}
	assert_data(bytes + HEAD32);
	free(bytes);
	recorder_free(rec);
}

static void a_dump_of_64_bits_is_this_file(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS64, RPROC_COREDUMP_ENABLED);
	const size_t head = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr);
	struct rproc_coredump_info info;
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	uint8_t *bytes;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	bytes = read_dump(rec, 0, 1, &info);
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
	assert_data(bytes + head);
	free(bytes);
	recorder_free(rec);
}

static void a_dump_is_a_copy_and_can_be_read_at_any_offset(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	uint8_t byte, two[2];

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	memset(rec->ram, 0, RECORDER_RAM_LEN);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 1, HEAD32 + 5), 1);
	assert_int_equal(byte, 15);
	assert_int_equal(rproc_coredump_read(rec->context, 1, two, 2, HEAD32 + 0x101 + 7 + 0x32),
			 1);
	assert_int_equal(two[0], 0x32);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 1, HEAD32 + 0x101 + 7 + 0x33),
			 0);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 1, UINT64_MAX), 0);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 0, 0), 0);
	recorder_free(rec);
}

/* ---- its life ----------------------------------------------------------------------------------
 */

static void a_second_dump_of_one_processor_is_thrown_away(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;
	char byte;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(rec->context, 0, &info), 0);
	assert_int_equal(info.number, 1);
	assert_true(no_dump(rec, 1));
	assert_int_equal(rproc_coredump_release(rec->context, 1), 0);
	assert_int_equal(rproc_coredump_release(rec->context, 1), -ENODEV);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 1, 0), -ENODEV);
	/* Numbers are never used again. */
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(rec->context, 0, &info), 0);
	assert_int_equal(info.number, 2);
	recorder_free(rec);
}

static void dumps_of_different_processors_do_not_hinder_each_other(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct recorder_options options = { .context = rec->context, .name = "second" };
	struct recorder *other = open_dumping(&options, ELFCLASS64, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_crash(other, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(rec->context, 1, &info), 0);
	assert_int_equal(info.number, 2);
	assert_int_equal(info.index, 1);
	assert_string_equal(info.name, "second");
	recorder_free(other);
	recorder_free(rec);
}

/* A dump outlives its processor, and is not taken for that of the next one of its index. */
static void a_dump_of_a_processor_that_is_gone_does_not_hinder_the_next(void **state)
{
	struct recorder *keeper = recorder_new(NULL);
	struct recorder_options options = { .context = keeper->context, .name = "first" };
	struct recorder *rec = open_dumping(&options, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_free(rec);
	options.name = "next";
	rec = open_dumping(&options, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	assert_int_equal(rproc_index(rec->rproc), 1);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(keeper->context, 0, &info), 0);
	assert_string_equal(info.name, "first");
	assert_int_equal(rproc_coredump_next(keeper->context, 1, &info), 0);
	assert_string_equal(info.name, "next");
	recorder_free(rec);
	recorder_free(keeper);
}

static void an_unread_dump_has_an_age_limit(void **state)
{
	const struct recorder_options options = { .more = { .dump_timeout_ms = 30 } };
	struct recorder *rec = open_dumping(&options, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_event event;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	event = recorder_wait_event(rec, RPROC_EVENT_COREDUMP);
	assert_int_equal(event.value, 1);
	event = recorder_wait_event(rec, RPROC_EVENT_COREDUMP_RELEASED);
	assert_int_equal(event.value, 1);
	assert_true(no_dump(rec, 0));
	recorder_free(rec);
}

static void disabling_releases_every_dump_and_makes_no_more(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_false(rproc_coredump_disabled(rec->context));
	rproc_coredump_disable(rec->context);
	assert_true(rproc_coredump_disabled(rec->context));
	assert_true(no_dump(rec, 0));
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(no_dump(rec, 0));
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_INLINE), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
}

/* ---- inline
 * ---------------------------------------------------------------------------------------- */

static void recovery_waits_for_the_release_of_an_inline_dump(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_INLINE);
	struct rproc_coredump_info info;
	uint8_t buf[4096], *bytes;

	(void)state;
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	assert_int_equal(recorder_wait_event(rec, RPROC_EVENT_COREDUMP).value, 1);
	assert_int_equal(rproc_state(rec->rproc), RPROC_STATE_OFFLINE);
	assert_int_equal(recorder_calls(rec, REC_START), 1);
	/* A read never crosses the boundary between headers and data. */
	assert_int_equal(rproc_coredump_read(rec->context, 1, buf, sizeof(buf), 10), HEAD32 - 10);
	assert_int_equal(rproc_coredump_read(rec->context, 1, buf, sizeof(buf), HEAD32), 0x101);
	recorder_forget(rec);
	bytes = read_dump(rec, 0, 100, &info);
	recorder_expect(rec, "<6> Ramdump done, 463 bytes read\n");
	assert_true(info.inline_dump);
	assert_data(bytes + HEAD32);
	free(bytes);
	/* The memory itself, as it is now. */
	rec->ram[0x4000] = 0x77;
	assert_int_equal(rproc_coredump_read(rec->context, 1, buf, 1, HEAD32), 1);
	assert_int_equal(buf[0], 0x77);
	assert_int_equal(rproc_coredump_release(rec->context, 1), 0);
	recorder_wait_state(rec, RPROC_STATE_RUNNING);
	assert_true(no_dump(rec, 0));
	recorder_free(rec);
}

static void an_inline_dump_that_nobody_wants_holds_recovery_for_its_life(void **state)
{
	const struct recorder_options options = { .more = { .dump_timeout_ms = 30 } };
	struct recorder *rec = open_dumping(&options, ELFCLASS32, RPROC_COREDUMP_INLINE);

	(void)state;
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	recorder_wait_event(rec, RPROC_EVENT_COREDUMP_RELEASED);
	recorder_wait_state(rec, RPROC_STATE_RUNNING);
	recorder_free(rec);
}

static void disabling_lets_an_inline_recovery_go_on(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_INLINE);

	(void)state;
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	recorder_wait_event(rec, RPROC_EVENT_COREDUMP);
	rproc_coredump_disable(rec->context);
	recorder_wait_state(rec, RPROC_STATE_RUNNING);
	recorder_free(rec);
}

static void removal_does_not_wait_for_an_inline_dump(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_INLINE);
	char byte;

	(void)state;
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	recorder_wait_event(rec, RPROC_EVENT_COREDUMP);
	assert_int_equal(rproc_del(rec->rproc), 0);
	assert_int_equal(rproc_state(rec->rproc), RPROC_STATE_OFFLINE);
	assert_int_equal(recorder_calls(rec, REC_START), 1);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 1, 0), -ENODEV);
	recorder_free(rec);
}

static void a_second_dump_does_not_hold_an_inline_recovery(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_INLINE), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
}

/* ---- readers and writers at once
 * ---------------------------------------------------------------------- */

struct consumer {
	pthread_t thread;
	struct rproc_context *context;
	atomic_bool stop;
	atomic_uint taken;
};

/* Reads whatever dump there is and throws it away. */
static void *consume(void *arg)
{
	struct consumer *self = arg;
	struct rproc_coredump_info info;
	char buf[256];

	while (!atomic_load(&self->stop)) {
		uint64_t offset = 0;
		ssize_t n;

		if (rproc_coredump_next(self->context, 0, &info)) {
			sched_yield();
			continue;
		}
		while ((n = rproc_coredump_read(self->context, info.number, buf, sizeof(buf),
						offset)) > 0)
			offset += (uint64_t)n;
		if (!rproc_coredump_release(self->context, info.number))
			atomic_fetch_add(&self->taken, 1);
	}
	return NULL;
}

static void dumps_are_read_and_released_while_others_are_made(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_counters counters;
	struct consumer consumers[3];
	unsigned int taken = 0;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		consumers[i].context = rec->context;
		atomic_init(&consumers[i].stop, false);
		atomic_init(&consumers[i].taken, 0);
		assert_int_equal(pthread_create(&consumers[i].thread, NULL, consume, &consumers[i]),
				 0);
	}
	for (i = 0; i < 60; i++) {
		assert_int_equal(
			rproc_set_coredump_mode(rec->rproc, i & 1 ? RPROC_COREDUMP_INLINE
								  : RPROC_COREDUMP_ENABLED),
			0);
		recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	}
	for (i = 0; i < 3; i++) {
		atomic_store(&consumers[i].stop, true);
		pthread_join(consumers[i].thread, NULL);
		taken += atomic_load(&consumers[i].taken);
	}
	rproc_counters(rec->rproc, &counters);
	assert_int_equal(counters.recoveries, 60);
	assert_true(taken > 0);
	recorder_free(rec);
}

/* Of one dump the appearance is told first and the release second, whoever is how fast. */
static void the_events_of_a_dump_come_in_order(void **state)
{
	struct recorder *rec = open_dumping(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct consumer consumer = { .context = rec->context };
	struct rproc_event event;
	uint64_t number;
	int i;

	(void)state;
	assert_int_equal(pthread_create(&consumer.thread, NULL, consume, &consumer), 0);
	for (i = 0; i < 100; i++)
		recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	while (!no_dump(rec, 0))
		sched_yield();
	atomic_store(&consumer.stop, true);
	pthread_join(consumer.thread, NULL);
	for (number = 1; number <= atomic_load(&consumer.taken); number++) {
		do {
			event = recorder_event(rec->context);
		} while (event.type != RPROC_EVENT_COREDUMP &&
			 event.type != RPROC_EVENT_COREDUMP_RELEASED);
		assert_int_equal(event.type, RPROC_EVENT_COREDUMP);
		assert_int_equal(event.value, number);
		do {
			event = recorder_event(rec->context);
		} while (event.type != RPROC_EVENT_COREDUMP &&
			 event.type != RPROC_EVENT_COREDUMP_RELEASED);
		assert_int_equal(event.type, RPROC_EVENT_COREDUMP_RELEASED);
		assert_int_equal(event.value, number);
	}
	recorder_free(rec);
}

/* ---- tools that read core files
 * -------------------------------------------------------------------------- */

static void write_for_tools(const char *dir, uint8_t elf_class, const char *name)
{
	struct recorder *rec = open_dumping(NULL, elf_class, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;
	uint8_t *bytes;

	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	bytes = read_dump(rec, 0, 4096, &info);
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
		cmocka_unit_test(a_second_dump_of_one_processor_is_thrown_away),
		cmocka_unit_test(a_dump_of_a_processor_that_is_gone_does_not_hinder_the_next),
		cmocka_unit_test(a_second_dump_does_not_hold_an_inline_recovery),
		cmocka_unit_test(removal_does_not_wait_for_an_inline_dump),
		cmocka_unit_test(an_inline_dump_that_nobody_wants_holds_recovery_for_its_life),
		cmocka_unit_test(an_unread_dump_has_an_age_limit),
		cmocka_unit_test(disabling_releases_every_dump_and_makes_no_more),
		cmocka_unit_test(disabling_lets_an_inline_recovery_go_on),
		cmocka_unit_test(dumps_are_read_and_released_while_others_are_made),
		cmocka_unit_test(the_events_of_a_dump_come_in_order),
		cmocka_unit_test(a_dump_of_32_bits_is_this_file),
		cmocka_unit_test(a_dump_of_64_bits_is_this_file),
		cmocka_unit_test(a_dump_is_a_copy_and_can_be_read_at_any_offset),
		cmocka_unit_test(dumps_of_different_processors_do_not_hinder_each_other),
		cmocka_unit_test(recovery_waits_for_the_release_of_an_inline_dump),
	};

	if (argc > 1) {
		write_for_tools(argv[1], ELFCLASS32, "dump32.elf");
		write_for_tools(argv[1], ELFCLASS64, "dump64.elf");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
