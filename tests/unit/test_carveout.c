/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Carveouts: those a driver registers, those a table asks for, how the two meet by
 * name, what is written back, and the translation of device addresses at every
 * edge.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core_images.h"
#include "recorder.h"

#define TABLE_AT (CORE_TABLE_DA - RECORDER_RAM)

/* One carveout entry, booted by a recorder that has registered more. */
static struct recorder *open_entry(uint32_t da, uint32_t len, const char *name,
				   void (*prepare)(struct recorder *rec))
{
	struct fixture_table *table = fixture_table_new(false);
	struct fixture_image image;
	struct recorder *rec = recorder_new(NULL);

	fixture_table_carveout(table, da, 0x11111111, len, 0x5, name);
	image = core_image_with(table);
	recorder_use_image(rec, &image);
	rec->prepare = prepare;
	return rec;
}

static void register_one(struct recorder *rec, uint32_t da, const char *name)
{
	struct rproc_mem_entry *mem = rproc_mem_entry_init(
		rec->device, rec->ram + 0x8000, 0x123456000, 0x1000, da, NULL, NULL, "%s", name);

	assert_non_null(mem);
	rproc_add_carveout(rec->rproc, mem);
}

static void register_at_a_place(struct recorder *rec)
{
	register_one(rec, 0x30000000, "pool");
}

static void register_anywhere(struct recorder *rec)
{
	register_one(rec, RPROC_RSC_ADDR_ANY, "pool");
}

/* ---- meeting by name ---------------------------------------------------------------------- */

struct meeting {
	void (*prepare)(struct recorder *rec);
	uint32_t da, len;
	const char *name;
	const char *log; /* of the refusal; NULL: it fits */
};

#define NO_LEN "<3> Registered carveout doesn't fit len request"
#define NO_DA  "<3> Registered carveout doesn't fit da request"

static const struct meeting meetings[] = {
	{ register_at_a_place, FIXTURE_ANY, 0x1001, "pool", NO_LEN },
	{ register_at_a_place, 0x30000000, 0x1001, "pool", NO_LEN },
	{ register_at_a_place, 0x30000001, 0x1000, "pool", NO_LEN },
	{ register_at_a_place, 0x2fffffff, 1, "pool", NO_DA },
	{ register_at_a_place, 0, 1, "pool", NO_DA },
	{ register_at_a_place, 0xfffffffe, 0x1000, "pool", NO_LEN },
	{ register_anywhere, 0x30000000, 1, "pool", "" },
	{ register_at_a_place, FIXTURE_ANY, 0x1000, "pool", NULL },
	{ register_at_a_place, 0x30000000, 0x1000, "pool", NULL },
	{ register_at_a_place, 0x30000fff, 1, "pool", NULL },
	{ register_at_a_place, 0x30000000, 0, "pool", NULL },
	{ register_anywhere, FIXTURE_ANY, 0x1000, "pool", NULL },
};

static void a_registered_carveout_serves_the_entry_of_its_name_if_it_fits(void **state)
{
	char story[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(meetings) / sizeof(meetings[0]); i++) {
		const struct meeting *meeting = &meetings[i];
		struct recorder *rec =
			open_entry(meeting->da, meeting->len, meeting->name, meeting->prepare);

		/* A mismatch is ENOMEM, not EINVAL: pitfall 4 of the specification. */
		assert_int_equal(rproc_boot(rec->rproc), meeting->log ? -ENOMEM : 0);
		if (meeting->log && *meeting->log)
			recorder_expect_line(rec, meeting->log);
		if (meeting->log) {
			recorder_expect_line(rec, "<3> Failed to process resources: -12");
			recorder_expect_story(rec, meeting->da == FIXTURE_ANY
							   ? " bytes at any address, the board has"
							   : ", the board has 0x1000 bytes at ");
			rproc_last_error(rec->rproc, story, sizeof(story));
			assert_null(strstr(story, "0xffffffff"));
		} else {
			const uint8_t *entry = core_table_payload(rec->ram + TABLE_AT, 0);

			/* What is registered is written back, whatever was asked for. */
			assert_int_equal(core_word(entry, 0), meeting->prepare == register_anywhere
								      ? FIXTURE_ANY
								      : 0x30000000);
			assert_int_equal(core_word(entry, 4), 0x23456000);
			assert_int_equal(core_word(entry, 8), 0x1000);
			recorder_expect_line(rec, "<4> Physical address cast in 32bit to fit "
						  "resource table format");
			assert_int_equal(recorder_calls(rec, REC_ALLOC), 0);
		}
		recorder_free(rec);
	}
}

static void two_entries_of_one_name_are_refused(void **state)
{
	static const char *const names[] = { "twice", "" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct fixture_table *table = fixture_table_new(false);
		struct recorder *rec = recorder_new(NULL);
		struct fixture_image image;

		fixture_table_carveout(table, FIXTURE_ANY, 0, 0x1000, 0, names[i]);
		fixture_table_carveout(table, FIXTURE_ANY, 0, 0x1000, 0, names[i]);
		image = core_image_with(table);
		recorder_use_image(rec, &image);
		assert_int_equal(rproc_boot(rec->rproc), -ENOMEM);
		recorder_expect_line(rec, "<3> Carveout already associated to resource table");
		recorder_expect_story(rec, "rsc[1] carveout");
		recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
		recorder_free(rec);
	}
}

static void the_firmwares_name_is_text_and_not_a_format(void **state)
{
	struct recorder *rec =
		open_entry(FIXTURE_ANY, 0x1000, "%s%n%x of 32 bytes, no terminator", NULL);
	struct rproc_carveout_info *info;
	size_t count;

	(void)state;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_get_carveouts(rec->rproc, &info, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(info[1].name, "%s%n%x of 32 bytes, no terminat");
	free(info);
	recorder_free(rec);
}

/* ---- made for the table -------------------------------------------------------------------- */

static void a_carveout_anywhere_gets_the_providers_address_and_clean_memory(void **state)
{
	struct recorder *rec = open_entry(FIXTURE_ANY, 0x1234, "any", NULL);
	const uint8_t *entry;
	uint8_t *va;
	int i;

	(void)state;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	entry = core_table_payload(rec->ram + TABLE_AT, 0);
	assert_int_equal(core_word(entry, 0), RECORDER_POOL);
	assert_int_equal(core_word(entry, 4), 0x40000000 + RECORDER_POOL);
	assert_int_equal(core_word(entry, 8), 0x1234);
	assert_int_equal(core_word(entry, 12), 5); /* flags are not touched */
	va = rproc_da_to_va(rec->rproc, RECORDER_POOL, 0x1234, NULL);
	assert_non_null(va);
	for (i = 0; i < 0x1234; i++)
		assert_int_equal(va[i], 0);
	recorder_free(rec);
}

static int move_it(void *priv, size_t len, size_t align, uint32_t da,
		   struct rproc_memory *ret_memory)
{
	static uint8_t bytes[0x1000];

	(void)priv;
	(void)align;
	(void)da;
	*ret_memory = (struct rproc_memory){ .va = bytes, .pa = 1, .da = 0x70000000, .len = len };
	return 0;
}

static void keep_it(void *priv, const struct rproc_memory *memory)
{
	(void)priv;
	(void)memory;
}

static void a_fixed_address_is_kept_and_a_provider_that_moves_it_is_warned_of(void **state)
{
	static const struct rproc_memory_provider moving = { move_it, keep_it, NULL };
	struct recorder *rec = open_entry(0x60000000, 0x1000, "fixed", NULL);
	const uint8_t *entry;

	(void)state;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	entry = core_table_payload(rec->ram + TABLE_AT, 0);
	assert_int_equal(core_word(entry, 0), 0x60000000);
	recorder_expect_no_line(rec, "<4> [platform dsp] Allocated carveout doesn't fit device "
				     "address request");
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	rproc_device_set_memory_provider(rec->device, &moving);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_line(rec, "<4> [platform dsp] Allocated carveout doesn't fit device "
				  "address request");
	assert_int_equal(core_word(entry, 0), 0x60000000);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_free(rec);
}

static void address_zero_is_an_address(void **state)
{
	struct recorder *rec = open_entry(0, 0x1000, "zero", NULL);

	(void)state;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_non_null(rproc_da_to_va(rec->rproc, 0, 0x1000, NULL));
	assert_null(rproc_da_to_va(rec->rproc, 0, 0x1001, NULL));
	recorder_free(rec);
}

static void a_device_without_memory_says_so(void **state)
{
	const struct recorder_options options = { .no_provider = true };
	struct fixture_image image = core_image_full();
	struct recorder *rec = recorder_new(&options);

	(void)state;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), -ENOMEM);
	recorder_expect_line(rec, "<3> [platform dsp] failed to allocate dma memory: len 0x1000");
	recorder_expect_line(rec, "<3> Unable to allocate carveout shared: -12");
	recorder_expect_story(rec, "dsp has no memory this processor can reach");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void the_carveouts_made_before_the_one_that_fails_are_given_back(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image;

	(void)state;
	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x1000, 0, "one");
	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x2000, 0, "two");
	fixture_table_carveout(table, FIXTURE_ANY, 0, RECORDER_PIECE_MAX + 1, 0, "three");
	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x3000, 0, "four");
	image = core_image_with(table);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), -ENOMEM);
	assert_int_equal(recorder_calls(rec, REC_ALLOC), 3);
	assert_int_equal(recorder_provided(rec), 0);
	recorder_expect_story(rec, "'three': no 0x1000001 bytes");
	recorder_free(rec);
}

/* ---- a driver's own alloc and release ------------------------------------------------------ */

static int own_alloc(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	struct recorder *rec = rproc_mem_priv(mem);

	recorder_note(rec, "own alloc %s", rproc_mem_name(mem));
	if (!strcmp(rproc_mem_name(mem), rec->hook_data ? (char *)rec->hook_data : ""))
		return -EIO;
	assert_ptr_equal(rproc, rec->rproc);
	rproc_mem_set(mem, rec->ram + 0x9000, 0x9000, true);
	return 0;
}

static int own_release(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	struct recorder *rec = rproc_mem_priv(mem);

	(void)rproc;
	recorder_note(rec, "own release %s", rproc_mem_name(mem));
	return 0;
}

static void register_own(struct recorder *rec)
{
	static const char *const names[] = { "x", "y", "z" };
	int i;

	for (i = 0; i < 3; i++) {
		struct rproc_mem_entry *mem = rproc_mem_entry_init(
			rec->device, NULL, 0, 0x1000, 0x50000000 + (uint32_t)i * 0x1000, own_alloc,
			own_release, "%s", names[i]);

		assert_non_null(mem);
		rproc_mem_set_priv(mem, rec);
		rproc_add_carveout(rec->rproc, mem);
	}
}

static void what_was_allocated_is_released_and_nothing_else(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image = core_image_plain();
	bool iomem = false;

	(void)state;
	recorder_use_image(rec, &image);
	rec->prepare = register_own;
	rec->hook_data = (char *)"y";
	assert_int_equal(rproc_boot(rec->rproc), -ENOMEM);
	recorder_expectf(rec, "<6> powering up dsp\nsanity_check\n"
			      "<6> Booting fw image fw.elf, size 2608\nprepare\nget_boot_addr\n"
			      "parse_fw\nown alloc x\nown alloc y\n"
			      "<3> Unable to allocate carveout y: -5\n"
			      "<3> Failed to allocate associated carveouts: -12\n"
			      "own release x\nunprepare\n");
	rec->hook_data = NULL;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_ptr_equal(rproc_da_to_va(rec->rproc, 0x50001010, 8, &iomem), rec->ram + 0x9010);
	assert_true(iomem);
	recorder_forget(rec);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect_line(rec, "own release z");
	recorder_free(rec);
}

/* prepare registered memory; the image is refused before anything was allocated. */
static void a_boot_that_fails_early_does_not_register_twice(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image = core_image_plain();
	struct rproc_carveout_info *info;
	size_t count;
	int i;

	(void)state;
	recorder_use_image(rec, &image);
	recorder_fail(rec, REC_PARSE_FW, -EIO);
	for (i = 0; i < 3; i++)
		assert_int_equal(rproc_boot(rec->rproc), -EIO);
	recorder_fail(rec, REC_PARSE_FW, 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_get_carveouts(rec->rproc, &info, &count), 0);
	assert_int_equal(count, 1);
	free(info);
	recorder_free(rec);
}

/* ---- entries ------------------------------------------------------------------------------- */

static void an_entry_remembers_what_it_was_made_with(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	struct rproc_mem_entry *mem;

	(void)state;
	mem = rproc_mem_entry_init(rec->device, rec->ram, UINT64_C(0x1234567890), 0x80, 0x77, NULL,
				   NULL, "%d%s", 7, "_a_name_of_more_than_thirty-one_bytes");
	assert_non_null(mem);
	assert_ptr_equal(rproc_mem_va(mem), rec->ram);
	assert_int_equal(rproc_mem_pa(mem), UINT64_C(0x1234567890));
	assert_int_equal(rproc_mem_len(mem), 0x80);
	assert_int_equal(rproc_mem_da(mem), 0x77);
	assert_string_equal(rproc_mem_name(mem), "7_a_name_of_more_than_thirty-on");
	assert_null(rproc_find_carveout_by_name(rec->rproc, rproc_mem_name(mem)));
	rproc_add_carveout(rec->rproc, mem);
	assert_ptr_equal(rproc_find_carveout_by_name(rec->rproc, rproc_mem_name(mem)), mem);
	assert_null(rproc_find_carveout_by_name(rec->rproc, "7_a_name"));
	mem = rproc_of_resm_mem_entry_init(rec->device, 3, 0x90, 0x88, "vdev%dbuffer", 0);
	assert_non_null(mem);
	assert_null(rproc_mem_va(mem));
	assert_int_equal(rproc_mem_len(mem), 0x90);
	rproc_add_carveout(rec->rproc, mem);
	recorder_free(rec);
}

/* ---- translation --------------------------------------------------------------------------- */

static void device_addresses_translate_inside_one_carveout_only(void **state)
{
	static const struct {
		uint64_t da;
		size_t len;
		bool there;
	} cases[] = {
		{ RECORDER_RAM, 0, true },
		{ RECORDER_RAM, RECORDER_RAM_LEN, true },
		{ RECORDER_RAM, RECORDER_RAM_LEN + 1, false },
		{ RECORDER_RAM - 1, 2, false },
		{ RECORDER_RAM + RECORDER_RAM_LEN - 1, 1, true },
		{ RECORDER_RAM + RECORDER_RAM_LEN - 1, 2, false },
		{ RECORDER_RAM + RECORDER_RAM_LEN, 1, false },
		{ RECORDER_RAM + 1, SIZE_MAX, false },
		{ UINT64_MAX, 1, false },
		{ UINT64_MAX, SIZE_MAX, false },
		{ UINT64_C(0x100000000) + RECORDER_RAM, 1, false },
	};
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(NULL);
	size_t i;

	(void)state;
	recorder_use_image(rec, &image);
	assert_null(rproc_da_to_va(rec->rproc, RECORDER_RAM, 1, NULL));
	assert_int_equal(rproc_boot(rec->rproc), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool iomem = true;
		uint8_t *va = rproc_da_to_va(rec->rproc, cases[i].da, cases[i].len, &iomem);

		if (cases[i].there)
			assert_ptr_equal(va, rec->ram + (cases[i].da - RECORDER_RAM));
		else
			assert_null(va);
		/* Written on a hit only. */
		assert_int_equal(iomem, !cases[i].there);
	}
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	assert_null(rproc_da_to_va(rec->rproc, RECORDER_RAM, 1, NULL));
	recorder_free(rec);
}

static uint8_t far_memory[0x1000];

static void register_far_memory(struct recorder *rec)
{
	struct rproc_mem_entry *mem =
		rproc_mem_entry_init(rec->device, far_memory, 0x123456000, sizeof(far_memory),
				     0x30000000, NULL, NULL, "far");

	assert_non_null(mem);
	rproc_add_carveout(rec->rproc, mem);
}

static void a_virtual_address_in_a_carveout_has_a_physical_one(void **state)
{
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(NULL);
	uint64_t pa = 1;
	uint8_t *va;

	(void)state;
	rec->prepare = register_far_memory;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_va_to_pa(rec->rproc, rec->ram, &pa), -ENOENT);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	va = rproc_da_to_va(rec->rproc, 0x30000000, 0x1000, NULL);
	assert_ptr_equal(va, far_memory);
	assert_int_equal(rproc_va_to_pa(rec->rproc, va, &pa), 0);
	assert_int_equal(pa, UINT64_C(0x123456000));
	assert_int_equal(rproc_va_to_pa(rec->rproc, va + 0xfff, &pa), 0);
	assert_int_equal(pa, UINT64_C(0x123456fff));
	assert_int_equal(rproc_va_to_pa(rec->rproc, va + 0x1000, &pa), -ENOENT);
	assert_int_equal(rproc_va_to_pa(rec->rproc, NULL, &pa), -ENOENT);
	assert_int_equal(rproc_va_to_pa(rec->rproc, &pa, &pa), -ENOENT);
	assert_int_equal(rproc_va_to_pa(rec->rproc, (void *)UINTPTR_MAX, &pa), -ENOENT);
	assert_int_equal(pa, UINT64_C(0x123456fff));
	recorder_free(rec);
}

static uint8_t tcm[16];

static void *translate_tcm(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem)
{
	(void)rproc;
	if (da > sizeof(tcm) || len > sizeof(tcm) - da)
		return NULL;
	if (ret_is_iomem)
		*ret_is_iomem = true;
	return tcm + da;
}

static void the_driver_translates_first(void **state)
{
	const struct recorder_options options = { .da_to_va = translate_tcm };
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(&options);
	bool iomem = false;

	(void)state;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_ptr_equal(rproc_da_to_va(rec->rproc, 4, 4, &iomem), tcm + 4);
	assert_true(iomem);
	assert_ptr_equal(rproc_da_to_va(rec->rproc, RECORDER_RAM, 4, NULL), rec->ram);
	assert_null(rproc_da_to_va(rec->rproc, 4, 16, NULL));
	recorder_free(rec);
}

static void a_snapshot_lists_carveouts_in_order(void **state)
{
	static const struct {
		const char *name;
		uint32_t da;
		size_t len;
	} expected[] = {
		{ "ram", RECORDER_RAM, RECORDER_RAM_LEN },
		{ "shared", RECORDER_POOL, 0x1000 },
		{ "vdev0vring0", RECORDER_POOL + 0x1000, 0x2000 },
		{ "vdev0vring1", RECORDER_POOL + 0x3000, 0x3000 },
	};
	struct fixture_image image = core_image_full();
	struct recorder *rec = recorder_new(NULL);
	struct rproc_carveout_info *info;
	size_t count, i;

	(void)state;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_get_carveouts(rec->rproc, &info, &count), 0);
	assert_int_equal(count, 0);
	free(info);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_get_carveouts(rec->rproc, &info, &count), 0);
	assert_int_equal(count, 4);
	for (i = 0; i < count; i++) {
		assert_string_equal(info[i].name, expected[i].name);
		assert_int_equal(info[i].da, expected[i].da);
		assert_int_equal(info[i].len, expected[i].len);
		assert_non_null(info[i].va);
	}
	free(info);
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_virtual_address_in_a_carveout_has_a_physical_one),
		cmocka_unit_test(a_registered_carveout_serves_the_entry_of_its_name_if_it_fits),
		cmocka_unit_test(two_entries_of_one_name_are_refused),
		cmocka_unit_test(a_device_without_memory_says_so),
		cmocka_unit_test(the_carveouts_made_before_the_one_that_fails_are_given_back),
		cmocka_unit_test(what_was_allocated_is_released_and_nothing_else),
		cmocka_unit_test(a_boot_that_fails_early_does_not_register_twice),
		cmocka_unit_test(the_firmwares_name_is_text_and_not_a_format),
		cmocka_unit_test(a_carveout_anywhere_gets_the_providers_address_and_clean_memory),
		cmocka_unit_test(a_fixed_address_is_kept_and_a_provider_that_moves_it_is_warned_of),
		cmocka_unit_test(address_zero_is_an_address),
		cmocka_unit_test(an_entry_remembers_what_it_was_made_with),
		cmocka_unit_test(device_addresses_translate_inside_one_carveout_only),
		cmocka_unit_test(the_driver_translates_first),
		cmocka_unit_test(a_snapshot_lists_carveouts_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
