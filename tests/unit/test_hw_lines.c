/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines and bits in registers that many share: resets of each kind of controller, and
 * syscons. The hardware is a block of words, which is all that lib/hw asks of a model.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <librproc/hw.h>
#include "core/internal.h"
#include "devicetree_fixture.h"
#include "dtb_writer.h"

#define BASE  UINT64_C(0x1000) /* of each block, 0x100 bytes apart */
#define WORDS 256

static uint32_t words[WORDS]; /* from BASE on */
static struct rproc_context *context;
static struct rproc_board *board;
static struct rproc_report report;

/* ---- the hardware ---------------------------------------------------------------------------- */

static int power_on(struct rproc_context *ours, const char *state_dir, void **ret_machine)
{
	(void)ours;
	(void)state_dir;
	memset(words, 0, sizeof(words));
	*ret_machine = words;
	return 0;
}

static void power_off(void *machine)
{
	(void)machine;
}

static int add_node(void *machine, struct rproc_device *node)
{
	(void)machine;
	(void)node;
	return 0;
}

static int read32(void *machine, uint64_t pa, uint32_t *ret_value)
{
	if (pa < BASE || pa >= BASE + sizeof(words))
		return -ENXIO;
	*ret_value = ((uint32_t *)machine)[(pa - BASE) / 4];
	return 0;
}

static int write32(void *machine, uint64_t pa, uint32_t value)
{
	if (pa < BASE || pa >= BASE + sizeof(words))
		return -ENXIO;
	((uint32_t *)machine)[(pa - BASE) / 4] = value;
	return 0;
}

static int map(void *machine, uint64_t pa, size_t len, void **ret_va)
{
	(void)machine;
	(void)pa;
	(void)len;
	(void)ret_va;
	return -ENXIO;
}

static void unmap(void *machine, void *va, size_t len)
{
	(void)machine;
	(void)va;
	(void)len;
}

static int connect_line(void *machine, const char *device, unsigned int irq,
			void (*fire)(void *data), void *data)
{
	(void)machine;
	(void)device;
	(void)irq;
	(void)fire;
	(void)data;
	return -ENXIO;
}

static void disconnect_line(void *machine, const char *device, unsigned int irq)
{
	(void)machine;
	(void)device;
	(void)irq;
}

static int command(void *machine, const char *line, char *reply, size_t len)
{
	(void)machine;
	(void)line;
	(void)reply;
	(void)len;
	return -EINVAL;
}

static const struct rproc_hw_model model = {
	.struct_size = sizeof(model),
	.power_on = power_on,
	.power_off = power_off,
	.add_node = add_node,
	.read32 = read32,
	.write32 = write32,
	.map = map,
	.unmap = unmap,
	.connect = connect_line,
	.disconnect = disconnect_line,
	.command = command,
};

static int no_probe(struct rproc_device *device)
{
	(void)device;
	return -ENODEV;
}

static void no_remove(struct rproc_device *device)
{
	(void)device;
}

static const char *const compatibles[] = { "test,block", NULL };
static const struct rproc_plugin plugin = { RPROC_PLUGIN_INIT,		.name = "block",
					    .compatibles = compatibles, .probe = no_probe,
					    .remove = no_remove,	.hw_model = &model };

/* ---- the board ------------------------------------------------------------------------------- */

static void cell(uint8_t *bytes, uint32_t word)
{
	bytes[0] = (uint8_t)(word >> 24);
	bytes[1] = (uint8_t)(word >> 16);
	bytes[2] = (uint8_t)(word >> 8);
	bytes[3] = (uint8_t)word;
}

/* A controller with a phandle and 0x100 bytes of registers at BASE + 0x100 * @phandle. */
static void controller(struct dtb_writer *writer, const char *name, const char *compatible,
		       uint32_t phandle, uint32_t num_cells)
{
	uint8_t bytes[8];

	dtb_begin_node(writer, name);
	dtb_property(writer, "compatible", compatible, strlen(compatible) + 1);
	cell(bytes, phandle);
	dtb_property(writer, "phandle", bytes, 4);
	cell(bytes, num_cells);
	dtb_property(writer, "#reset-cells", bytes, 4);
	cell(bytes, (uint32_t)BASE + 0x100 * phandle);
	cell(bytes + 4, 0x100);
	dtb_property(writer, "reg", bytes, 8);
	dtb_end_node(writer);
}

/* A node whose property @name is the cells <@phandle @first @second>, of which @count are used. */
static void asker(struct dtb_writer *writer, const char *node, const char *name, size_t count,
		  uint32_t phandle, uint32_t first, uint32_t second)
{
	uint8_t bytes[12];

	cell(bytes, phandle);
	cell(bytes + 4, first);
	cell(bytes + 8, second);
	dtb_begin_node(writer, node);
	dtb_property(writer, name, bytes, 4 * count);
	dtb_property(writer, "reset-names", "line", 5);
	dtb_end_node(writer);
}

static void write_tree(struct dtb_writer *writer)
{
	dtb_begin_node(writer, "");
	controller(writer, "high", "snps,dw-high-reset", 1, 1);
	controller(writer, "low", "snps,dw-low-reset", 2, 1);
	controller(writer, "pair", "st,stm32mp1-rcc", 3, 1);
	controller(writer, "strange", "acme,reset", 4, 1);
	controller(writer, "two-cells", "snps,dw-high-reset", 5, 2);
	controller(writer, "nowhere", "snps,dw-high-reset", 99, 1);
	controller(writer, "protocol", "acme,scmi", 7, 1);
	asker(writer, "wants-high", "resets", 2, 1, 33, 0);
	asker(writer, "wants-low", "resets", 2, 2, 0, 0);
	asker(writer, "wants-pair", "resets", 2, 3, 31, 0);
	asker(writer, "wants-strange", "resets", 2, 4, 0, 0);
	asker(writer, "wants-two-cells", "resets", 3, 5, 0, 0);
	asker(writer, "wants-nowhere", "resets", 2, 99, 0, 0);
	asker(writer, "wants-protocol", "resets", 2, 7, 12, 0);
	asker(writer, "wants-beyond", "resets", 2, 1, 0x100 * 8, 0);
	asker(writer, "wants-nobody", "resets", 2, 98, 0, 0);
	asker(writer, "wants-no-reset", "other", 2, 1, 0, 0);
	asker(writer, "bits", "syscon", 3, 1, 8, 0xf0);
	asker(writer, "bits-beyond", "syscon", 3, 1, 0x100, 1);
	asker(writer, "bits-odd", "syscon", 3, 1, 2, 1);
	asker(writer, "bits-nowhere", "syscon", 3, 99, 0, 1);
	asker(writer, "bits-short", "syscon", 2, 1, 0, 0);
	dtb_end_node(writer);
}

static int setup(void **state)
{
	const struct rproc_context_options options = { .size = sizeof(options),
						       .hw = "model",
						       .state_dir = "/nonexistent" };
	struct dtb_writer writer = { 0 };
	size_t len;
	void *dtb;

	(void)state;
	write_tree(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(rproc_context_new(&options, &context), 0);
	assert_int_equal(rproc_context_add_plugin(context, &plugin), 0);
	assert_int_equal(rproc_context_power_on(context, dtb, len), 0);
	assert_int_equal(devicetree_make(dtb, len, &board), 0);
	free(dtb);
	memset(&report, 0, sizeof(report));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rproc_board_put(board);
	rproc_context_free(context);
	return 0;
}

/* The register at @offset of the block of @phandle. */
static uint32_t *word_of(uint32_t phandle, uint32_t offset)
{
	return &words[(0x100 * phandle + offset) / 4];
}

static struct rproc_device *device_of(const char *path)
{
	struct rproc_device *device;

	assert_int_equal(
		rproc_board_make_device(context, board, devicetree_node(board, path), &device), 0);
	return device;
}

static int get_reset(const char *path, struct rproc_reset **ret_reset)
{
	struct rproc_device *device = device_of(path);
	int error;

	memset(&report, 0, sizeof(report));
	error = rproc_reset_get(device, "line", &report, ret_reset);
	rproc_device_put(device);
	return error;
}

static int get_syscon(const char *path, struct rproc_syscon **ret_syscon)
{
	struct rproc_device *device = device_of(path);
	int error;

	memset(&report, 0, sizeof(report));
	error = rproc_syscon_get(device, "syscon", &report, ret_syscon);
	rproc_device_put(device);
	return error;
}

static void says(const char *part)
{
	if (!report.count || !strstr(report.finding[0].story, part))
		fail_msg("\"%s\" does not say \"%s\"", report.count ? report.finding[0].story : "",
			 part);
}

/* ---- resets ---------------------------------------------------------------------------------- */

static void a_reset_that_cannot_be_had_is_told_why(void **state)
{
	struct rproc_device *device = device_of("/wants-high");
	struct rproc_reset *reset = NULL;

	(void)state;
	assert_int_equal(get_reset("/wants-no-reset", &reset), -ENOENT);
	assert_int_equal(report.count, 0);
	assert_int_equal(rproc_reset_get(device, "another", &report, &reset), -ENOENT);
	assert_int_equal(get_reset("/wants-nobody", &reset), -EINVAL);
	says("entry 0 of resets names no enabled reset controller");
	assert_int_equal(get_reset("/wants-strange", &reset), -ENOTSUP);
	says("reset 0 of node /strange: no driver for this controller");
	assert_int_equal(get_reset("/wants-protocol", &reset), -ENOTSUP);
	says("reset 12 of node /protocol is behind SCMI firmware");
	assert_int_equal(get_reset("/wants-two-cells", &reset), -EINVAL);
	says("node /two-cells: #reset-cells is 2, not 1");
	assert_int_equal(get_reset("/wants-nowhere", &reset), -ENXIO);
	says("the model has nothing at 0x7300");
	assert_int_equal(get_reset("/wants-beyond", &reset), -EINVAL);
	says("node /high has no register at 0x100 for reset 2048");
	assert_null(reset);
	rproc_reset_put(NULL);
	rproc_device_put(device);
}

/* One bit a line, the others are somebody else's. */
static void a_bit_asserts_its_line_set_or_clear(void **state)
{
	static const struct {
		const char *path;
		uint32_t phandle, offset, bit;
		bool set_asserts;
	} cases[] = {
		{ "/wants-high", 1, 4, 1u << 1, true },
		{ "/wants-low", 2, 0, 1u << 0, false },
	};
	struct rproc_reset *reset;
	uint32_t *word;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		word = word_of(cases[i].phandle, cases[i].offset);
		*word = 0x5a5a5a50;
		assert_int_equal(get_reset(cases[i].path, &reset), 0);
		assert_int_equal(*word, 0x5a5a5a50); /* to have it is to leave it */
		assert_int_equal(rproc_reset_assert(reset), 0);
		assert_int_equal(*word & cases[i].bit, cases[i].set_asserts ? cases[i].bit : 0);
		assert_int_equal(rproc_reset_deassert(reset), 0);
		assert_int_equal(*word & cases[i].bit, cases[i].set_asserts ? 0 : cases[i].bit);
		assert_int_equal(*word | cases[i].bit, 0x5a5a5a50 | cases[i].bit);
		rproc_reset_put(reset);
	}
}

static void a_pair_of_registers_asserts_and_releases(void **state)
{
	struct rproc_reset *reset;

	(void)state;
	assert_int_equal(get_reset("/wants-pair", &reset), 0);
	assert_int_equal(rproc_reset_assert(reset), 0);
	assert_int_equal(*word_of(3, 0), 1u << 31);
	assert_int_equal(*word_of(3, 4), 0);
	*word_of(3, 0) = 0;
	assert_int_equal(rproc_reset_deassert(reset), 0);
	assert_int_equal(*word_of(3, 0), 0);
	assert_int_equal(*word_of(3, 4), 1u << 31);
	rproc_reset_put(reset);
}

/* ---- syscons --------------------------------------------------------------------------------- */

static void a_syscon_that_cannot_be_had_is_told_why(void **state)
{
	struct rproc_syscon *syscon = NULL;

	(void)state;
	assert_int_equal(get_syscon("/wants-high", &syscon), -ENOENT);
	assert_int_equal(report.count, 0);
	assert_int_equal(get_syscon("/bits-short", &syscon), -EINVAL);
	says("syscon is not <phandle offset mask>");
	assert_int_equal(get_syscon("/bits-beyond", &syscon), -EINVAL);
	says("syscon: node /high has no register at 0x100");
	assert_int_equal(get_syscon("/bits-odd", &syscon), -EINVAL);
	says("has no register at 0x2");
	assert_int_equal(get_syscon("/bits-nowhere", &syscon), -ENXIO);
	says("the model has nothing at");
	assert_null(syscon);
	rproc_syscon_put(NULL);
}

static void a_syscon_changes_its_own_bits(void **state)
{
	struct rproc_syscon *syscon;
	uint32_t value;

	(void)state;
	*word_of(1, 8) = 0x12345678;
	assert_int_equal(get_syscon("/bits", &syscon), 0);
	assert_int_equal(rproc_syscon_pa(syscon), BASE + 0x108);
	assert_int_equal(rproc_syscon_mask(syscon), 0xf0);
	assert_int_equal(rproc_syscon_read(syscon, &value), 0);
	assert_int_equal(value, 0x70);
	assert_int_equal(rproc_syscon_write(syscon, UINT32_MAX), 0);
	assert_int_equal(*word_of(1, 8), 0x123456f8);
	assert_int_equal(rproc_syscon_write(syscon, 0xa5), 0);
	assert_int_equal(*word_of(1, 8), 0x123456a8);
	rproc_syscon_put(syscon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_reset_that_cannot_be_had_is_told_why),
		T(a_bit_asserts_its_line_set_or_clear),
		T(a_pair_of_registers_asserts_and_releases),
		T(a_syscon_that_cannot_be_had_is_told_why),
		T(a_syscon_changes_its_own_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
