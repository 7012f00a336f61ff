/* SPDX-License-Identifier: BSD-3-Clause */
/* Boards for the tests of the device tree reader: read from files, or made of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "devicetree_fixture.h"

struct rproc_report devicetree_report;

void *devicetree_read(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	void *bytes;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	bytes = malloc((size_t)st.st_size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)st.st_size, file), (size_t)st.st_size);
	fclose(file);
	*ret_len = (size_t)st.st_size;
	return bytes;
}

int devicetree_make(const void *dtb, size_t len, struct rproc_board **ret_board)
{
	/* a block of exactly that size: a byte read too far is seen by the sanitizer */
	void *exact = malloc(len ? len : 1);
	int error;

	assert_non_null(exact);
	memcpy(exact, dtb, len);
	memset(&devicetree_report, 0, sizeof(devicetree_report));
	error = rproc_board_new(exact, len, &devicetree_report, ret_board);
	free(exact);
	return error;
}

struct rproc_board *devicetree_board(const char *name)
{
	struct rproc_board *board;
	char path[512];
	size_t len;
	void *dtb;

	snprintf(path, sizeof(path), "%s/%s.dtb", BOARD_DIR, name);
	dtb = devicetree_read(path, &len);
	assert_int_equal(devicetree_make(dtb, len, &board), 0);
	free(dtb);
	return board;
}

int devicetree_node(const struct rproc_board *board, const char *path)
{
	int node, found = -1;
	char *own;

	for (node = 0; node < rproc_board_num_nodes(board) && found < 0; node++) {
		own = rproc_board_path(board, node);
		assert_non_null(own);
		if (!strcmp(own, path))
			found = node;
		free(own);
	}
	if (found < 0)
		fail_msg("no node %s", path);
	return found;
}

void devicetree_says(const char *words)
{
	if (!devicetree_report.count || !strstr(devicetree_report.finding[0].story, words))
		fail_msg("story \"%s\" does not say \"%s\"",
			 devicetree_report.count ? devicetree_report.finding[0].story : "", words);
}

void devicetree_exercise(const struct rproc_board *board)
{
	struct rproc_region region;
	const char *string;
	uint32_t word;
	unsigned int i;
	char *path;
	int node;

	for (node = 0; node < rproc_board_num_nodes(board); node++) {
		for (i = 0; i < 6; i++) {
			rproc_board_reg(board, node, i, &devicetree_report, &region);
			rproc_board_memory_region(board, node, i, &devicetree_report, &region);
			rproc_board_string(board, node, "compatible", i, &string);
			rproc_board_u32(board, node, "words", i, &word);
		}
		if (!rproc_board_device_path(board, node, &path))
			free(path);
		path = rproc_board_path(board, node);
		assert_non_null(path);
		rproc_board_alias(board, path);
		free(path);
		word = rproc_board_phandle(board, node);
		if (word)
			assert_true(rproc_board_find_phandle(board, word) >= 0);
		assert_true(rproc_board_parent(board, node) < node);
	}
}
