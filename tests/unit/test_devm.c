/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a driver leaves to its device, on a driver in the style of Linux: undone in
 * the reverse order whenever the two part, however they part.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core_images.h"
#include "dtb_writer.h"
#include "ported_driver.h"
#include "recorder.h"

#define DEVICE "10000000.dsp"

static char journal[4096];

static void note(const char *text)
{
	strncat(journal, text, sizeof(journal) - strlen(journal) - 1);
	strncat(journal, "\n", sizeof(journal) - strlen(journal) - 1);
}

static void keep_line(int level, const char *origin, const char *text, void *data)
{
	(void)level, (void)origin, (void)data;
	note(text);
}

static void expect(const char *text)
{
	assert_string_equal(journal, text);
	journal[0] = '\0';
}

static struct rproc_context *open_context(void)
{
	const struct rproc_context_options options = { .size = sizeof(options),
						       .log = keep_line,
						       .state_dir = "/nonexistent/state" };
	struct rproc_context *context;

	journal[0] = '\0';
	assert_int_equal(rproc_context_new(&options, &context), 0);
	assert_int_equal(rproc_context_add_plugin(context, &ported_driver), 0);
	return context;
}

static int add_board(struct rproc_context *context, bool with_memory)
{
	static const uint8_t one[] = { 0, 0, 0, 1 };
	static const uint8_t reg[] = { 0x10, 0, 0, 0, 0, 1, 0, 0 };
	struct dtb_writer writer = { 0 };
	size_t len;
	void *dtb;
	int ret;

	dtb_begin_node(&writer, "");
	dtb_property(&writer, "#address-cells", one, 4);
	dtb_property(&writer, "#size-cells", one, 4);
	dtb_begin_node(&writer, "dsp@10000000");
	dtb_property(&writer, "compatible", "acme,rproc", 11);
	dtb_property(&writer, "firmware-name", "dsp.elf", 8);
	if (with_memory)
		dtb_property(&writer, "reg", reg, sizeof(reg));
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	ret = rproc_context_add_board(context, dtb, len, false);
	free(dtb);
	return ret;
}

static struct rproc *boot(struct rproc_context *context)
{
	struct fixture_image image = core_image_plain();
	struct rproc *rproc = rproc_get_by_name(context, "dsp");

	assert_non_null(rproc);
	assert_int_equal(rproc_set_firmware_buffer(rproc, "dsp.elf", image.data, image.size), 0);
	assert_int_equal(rproc_boot(rproc), 0);
	fixture_image_free(&image);
	return rproc;
}

/* ---- a driver from Linux ------------------------------------------------------------------- */

static void a_driver_from_linux_boots_and_leaves_nothing(void **state)
{
	struct rproc_context *context = open_context();
	struct rproc *rproc;

	(void)state;
	assert_int_equal(add_board(context, true), 1);
	expect("dsp is available\n");
	rproc = boot(context);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_RUNNING);
	journal[0] = '\0';
	rproc_put(rproc);
	rproc_context_free(context);
	expect("held\nstopped remote processor dsp\npower is off\nreleasing dsp\n");
}

static void unbinding_undoes_what_was_left_to_the_device(void **state)
{
	struct rproc_context *context = open_context();
	struct rproc *rproc;

	(void)state;
	assert_int_equal(add_board(context, true), 1);
	rproc = boot(context);
	journal[0] = '\0';
	assert_int_equal(rproc_context_unbind(context, DEVICE, "acme-rproc"), 0);
	expect("held\nstopped remote processor dsp\npower is off\n");
	/* Somebody holds it still, and may. */
	assert_int_equal(rproc_boot(rproc), -ENODEV);
	rproc_put(rproc);
	expect("releasing dsp\n");
	assert_int_equal(rproc_context_bind(context, DEVICE, "acme-rproc"), 0);
	rproc_put(boot(context));
	rproc_context_free(context);
}

static void a_probe_that_fails_undoes_what_it_did(void **state)
{
	struct rproc_context *context = open_context();
	char story[512];

	(void)state;
	assert_int_equal(add_board(context, false), -ENOENT);
	rproc_context_last_error(context, story, sizeof(story));
	assert_non_null(strstr(story, "it has no memory"));
	assert_non_null(strstr(journal, "power is off\nreleasing dsp\n"));
	rproc_context_free(context);
}

/* ---- the calls ------------------------------------------------------------------------------ */

static void note_data(void *data)
{
	note(data);
}

static void actions_run_in_the_reverse_order_and_once(void **state)
{
	struct rproc_context *context = open_context();
	struct rproc_device *device;
	uint8_t *memory;
	size_t i;

	(void)state;
	assert_int_equal(rproc_device_new(context, "own", &device), 0);
	assert_int_equal(rproc_devm_add_action(device, note_data, "first"), 0);
	memory = rproc_devm_zalloc(device, 100);
	assert_non_null(memory);
	assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(memory[i], 0);
	assert_null(rproc_devm_zalloc(device, SIZE_MAX));
	assert_null(rproc_devm_zalloc(device, SIZE_MAX - 8));
	assert_int_equal(rproc_devm_add_action(device, note_data, "second"), 0);
	rproc_device_release(device);
	expect("second\nfirst\n");
	rproc_device_release(device);
	expect("");
	assert_int_equal(rproc_devm_add_action(device, note_data, "third"), 0);
	rproc_device_put(device);
	expect("third\n");
	rproc_context_free(context);
}

static int do_nothing(struct rproc *rproc)
{
	(void)rproc;
	return 0;
}

static const struct rproc_ops ops = { .start = do_nothing, .stop = do_nothing };

/* A program's own device and processor; @release: before the context goes. */
static void go_with(bool release)
{
	struct rproc_context *context = open_context();
	struct rproc_device *device;
	struct rproc *rproc;

	assert_int_equal(rproc_device_new(context, "own", &device), 0);
	rproc = devm_rproc_alloc(device, "mine", &ops, NULL, 0);
	assert_non_null(rproc);
	rproc_set_auto_boot(rproc, false);
	assert_int_equal(devm_rproc_add(device, rproc), 0);
	assert_int_equal(devm_rproc_add(device, rproc), -EINVAL);
	expect("mine is available\n");
	if (release)
		rproc_device_release(device);
	rproc_device_put(device);
	if (release)
		expect("releasing mine\n");
	rproc_context_free(context);
	expect(release ? "" : "releasing mine\n");
}

static void a_program_s_own_processor_goes_with_its_device_or_the_context(void **state)
{
	(void)state;
	go_with(true);
	go_with(false);
}

/* A program may use only one of the two calls, as drivers in Linux do. */
static void go_half_managed(bool managed_alloc, bool removed)
{
	struct rproc_context *context = open_context();
	struct rproc_device *device;
	struct rproc *rproc;

	assert_int_equal(rproc_device_new(context, "own", &device), 0);
	rproc = managed_alloc ? devm_rproc_alloc(device, "mine", &ops, NULL, 0)
			      : rproc_alloc(device, "mine", &ops, NULL, 0);
	assert_non_null(rproc);
	rproc_set_auto_boot(rproc, false);
	assert_int_equal(managed_alloc ? rproc_add(rproc) : devm_rproc_add(device, rproc), 0);
	journal[0] = '\0';
	assert_int_equal(rproc_devm_add_action(device, note_data, "last"), 0);
	if (removed) {
		assert_int_equal(rproc_del(rproc), 0);
		rproc_device_release(device);
		if (!managed_alloc)
			rproc_free(rproc);
	}
	rproc_device_put(device);
	rproc_context_free(context);
	expect("last\nreleasing mine\n");
}

static void one_managed_call_is_enough(void **state)
{
	(void)state;
	go_half_managed(true, true);
	go_half_managed(false, true);
	go_half_managed(true, false);
	go_half_managed(false, false);
}

static void what_cannot_be_made_is_left_to_nobody(void **state)
{
	struct rproc_context *context = open_context();
	struct rproc_device *device;

	(void)state;
	assert_int_equal(rproc_device_new(context, "own", &device), 0);
	assert_null(devm_rproc_alloc(device, NULL, &ops, NULL, 0));
	assert_null(devm_rproc_alloc(device, "mine", NULL, NULL, 0));
	rproc_device_put(device);
	expect("");
	rproc_context_free(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_made_is_left_to_nobody),
		cmocka_unit_test(a_probe_that_fails_undoes_what_it_did),
		cmocka_unit_test(a_driver_from_linux_boots_and_leaves_nothing),
		cmocka_unit_test(unbinding_undoes_what_was_left_to_the_device),
		cmocka_unit_test(actions_run_in_the_reverse_order_and_once),
		cmocka_unit_test(a_program_s_own_processor_goes_with_its_device_or_the_context),
		cmocka_unit_test(one_managed_call_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
