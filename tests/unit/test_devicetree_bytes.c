/* SPDX-License-Identifier: BSD-3-Clause */
/* The reader of device trees, on bytes that only look like one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "devicetree_fixture.h"
#include "dtb_writer.h"

static void nothing_and_too_much_are_refused(void **state)
{
	struct rproc_board *board = (void *)1;
	void *huge = calloc(1, RPROC_BOARD_MAX_SIZE + 1);

	(void)state;
	assert_int_equal(rproc_board_new(NULL, 100, &devicetree_report, &board), -EINVAL);
	assert_int_equal(rproc_board_new("", 0, &devicetree_report, &board), -EINVAL);
	assert_int_equal(rproc_board_new(huge, RPROC_BOARD_MAX_SIZE + 1, NULL, &board), -EINVAL);
	assert_int_equal(devicetree_make(huge, RPROC_BOARD_MAX_SIZE, &board), -EINVAL);
	devicetree_says("MAGIC");
	assert_ptr_equal(board, (void *)1);
	free(huge);
}

/* Cut anywhere; and cut with a header that does not admit it. */
static void a_tree_cut_at_any_byte_is_refused(void **state)
{
	struct rproc_board *board;
	size_t len, cut;
	void *dtb = devicetree_read(BOARD_DIR "/tree.dtb", &len);
	uint32_t strings = dtb_header(dtb, 3), structs = dtb_header(dtb, 2);

	(void)state;
	for (cut = 0; cut < len; cut++)
		assert_int_equal(devicetree_make(dtb, cut, &board), -EINVAL);
	for (cut = 40; cut < len; cut++) {
		dtb_set_header(dtb, 1, (uint32_t)cut);
		assert_int_equal(devicetree_make(dtb, cut, &board), -EINVAL);
	}
	/* and one whose blocks pretend to have been shorter */
	dtb_set_header(dtb, 1, (uint32_t)len);
	for (cut = 0; cut < strings - structs; cut++) {
		dtb_set_header(dtb, 9, (uint32_t)cut);
		assert_int_equal(devicetree_make(dtb, len, &board), -EINVAL);
	}
	dtb_set_header(dtb, 9, strings - structs);
	for (cut = 0; cut < len - strings; cut++) {
		dtb_set_header(dtb, 8, (uint32_t)cut);
		assert_int_equal(devicetree_make(dtb, len, &board), -EINVAL);
	}
	free(dtb);
}

static void every_byte_may_be_any_other_byte(void **state)
{
	static const uint8_t masks[] = { 0x01, 0x80, 0xff, 0x40 };
	struct rproc_board *board;
	unsigned int taken = 0;
	size_t len, i, m;
	uint8_t *dtb = devicetree_read(BOARD_DIR "/tree.dtb", &len);

	(void)state;
	for (i = 0; i < len; i++) {
		for (m = 0; m < sizeof(masks); m++) {
			dtb[i] ^= masks[m];
			if (!devicetree_make(dtb, len, &board)) {
				devicetree_exercise(board);
				rproc_board_put(board);
				taken++;
			} else {
				assert_true(devicetree_report.count > 0);
			}
			dtb[i] ^= masks[m];
		}
	}
	/* most bytes are values, which are judged when they are asked for */
	assert_true(taken > len);
	free(dtb);
}

static void every_header_word_is_checked(void **state)
{
	static const uint32_t values[] = { 0, 1, 16, 39, 40, 0x7fffffff, 0x80000000, 0xffffffff };
	struct rproc_board *board;
	unsigned int word;
	uint32_t old;
	size_t len, i;
	void *dtb = devicetree_read(BOARD_DIR "/tree.dtb", &len);

	(void)state;
	for (word = 0; word < 10; word++) {
		old = dtb_header(dtb, word);
		for (i = 0; i < sizeof(values) / sizeof(values[0]) + 2; i++) {
			dtb_set_header(dtb, word, i < 8 ? values[i] : i == 8 ? old - 1 : old + 1);
			if (!devicetree_make(dtb, len, &board)) {
				devicetree_exercise(board);
				rproc_board_put(board);
			} else {
				assert_true(devicetree_report.count > 0);
			}
		}
		dtb_set_header(dtb, word, old);
	}
	dtb_set_header(dtb, 5, 16);
	assert_int_equal(devicetree_make(dtb, len, &board), -EINVAL);
	devicetree_says("version 16");
	free(dtb);
}

static void refused_node_name(const char *name, const char *words)
{
	struct dtb_writer writer = { 0 };
	struct rproc_board *board;
	size_t len;
	void *dtb;

	dtb_begin_node(&writer, "");
	dtb_begin_node(&writer, name);
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(devicetree_make(dtb, len, &board), -EINVAL);
	devicetree_says(words);
	free(dtb);
}

static void names_that_cannot_be_files_are_refused(void **state)
{
	(void)state;
	refused_node_name("", "is called \"\"");
	refused_node_name(".", "is called \".\"");
	refused_node_name("..", "is called \"..\"");
	refused_node_name("..@5", "is called \"..@5\"");
	refused_node_name("@5", "is called \"@5\"");
	refused_node_name("a/b", "byte 1 of a node's name is 0x2f");
	refused_node_name("two words", "byte 3 of a node's name is 0x20");
	refused_node_name("line\n", "0x0a");
	refused_node_name("\xc3\xa4", "0xc3");
	refused_node_name("\x7f", "0x7f");
}

static int nested(int depth, bool close)
{
	struct dtb_writer writer = { 0 };
	struct rproc_board *board;
	int i, error;
	size_t len;
	void *dtb;

	for (i = 0; i <= depth; i++)
		dtb_begin_node(&writer, i ? "n" : "");
	for (i = 0; close && i <= depth; i++)
		dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	error = devicetree_make(dtb, len, &board);
	if (!error) {
		assert_int_equal(rproc_board_num_nodes(board), depth + 1);
		devicetree_exercise(board);
		rproc_board_put(board);
	}
	free(dtb);
	return error;
}

static void nesting_has_an_end(void **state)
{
	(void)state;
	assert_int_equal(nested(RPROC_BOARD_MAX_DEPTH + 1, true), -EINVAL);
	devicetree_says("deeper than 64");
	assert_int_equal(nested(100000, true), -EINVAL);
	assert_int_equal(nested(100000, false), -EINVAL);
	assert_int_equal(nested(3, false), -EINVAL);
	assert_int_equal(nested(RPROC_BOARD_MAX_DEPTH, true), 0);
	assert_int_equal(nested(0, true), 0);
}

static void unbalanced_nodes_and_unknown_tags_are_refused(void **state)
{
	struct dtb_writer writer = { 0 };
	struct rproc_board *board;
	size_t len;
	void *dtb;

	(void)state;
	dtb_begin_node(&writer, "");
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(devicetree_make(dtb, len, &board), -EINVAL);
	free(dtb);
	dtb_begin_node(&writer, "");
	dtb_tag(&writer, 5);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(devicetree_make(dtb, len, &board), -EINVAL);
	free(dtb);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(devicetree_make(dtb, len, &board), -EINVAL);
	free(dtb);
}

static int with_property_name(size_t name_len)
{
	struct dtb_writer writer = { 0 };
	struct rproc_board *board;
	char name[300] = "";
	int error;
	size_t len;
	void *dtb;

	memset(name, 'p', name_len);
	dtb_begin_node(&writer, "");
	dtb_property(&writer, name, "value", 6);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	error = devicetree_make(dtb, len, &board);
	if (!error) {
		assert_non_null(rproc_board_property(board, 0, name, &len));
		assert_int_equal(len, 6);
		rproc_board_put(board);
	}
	free(dtb);
	return error;
}

static void property_names_have_an_end(void **state)
{
	(void)state;
	assert_int_equal(with_property_name(256), -EINVAL);
	devicetree_says("property name");
	assert_int_equal(with_property_name(255), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_and_too_much_are_refused),
		cmocka_unit_test(a_tree_cut_at_any_byte_is_refused),
		cmocka_unit_test(every_byte_may_be_any_other_byte),
		cmocka_unit_test(every_header_word_is_checked),
		cmocka_unit_test(names_that_cannot_be_files_are_refused),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(unbalanced_nodes_and_unknown_tags_are_refused),
		cmocka_unit_test(property_names_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
