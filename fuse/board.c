/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of boards: built in, whose files the build names, or in a file. Must
 * not look into them.
 */
#include "board.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (4u << 20) /* bytes of a device tree */

struct board {
	const char *name;
	const char *start, *end;
};

#ifdef RPROCFS_HOST_DTB
__asm__(".section .rodata\n"
	".balign 8\n"
	"rprocfs_host_dtb:\n"
	".incbin \"" RPROCFS_HOST_DTB "\"\n"
	"rprocfs_host_dtb_end:\n"
	".previous\n");
extern const char rprocfs_host_dtb[], rprocfs_host_dtb_end[];
#define HOST_BOARD { "host", rprocfs_host_dtb, rprocfs_host_dtb_end },
#else
#define HOST_BOARD
#endif

static const struct board boards[] = { HOST_BOARD{ NULL, NULL, NULL } };

static const struct board *find(const char *name)
{
	for (const struct board *board = boards; board->name; board++)
		if (!strcmp(board->name, name))
			return board;
	return NULL;
}

const char *board_default(void)
{
	return boards[0].name ? boards[0].name : "";
}

bool board_known(const char *name)
{
	return find(name);
}

const char *board_names(void)
{
	return boards[0].name ? boards[0].name : "none, give --dtb or --live";
}

int board_find(const char *name, const void **ret_dtb, size_t *ret_len)
{
	const struct board *board = find(name);

	if (!board)
		return -ENOENT;
	*ret_dtb = board->start;
	*ret_len = (size_t)(board->end - board->start);
	return 0;
}

int board_read(const char *path, void **ret_dtb, size_t *ret_len)
{
	FILE *file = fopen(path, "rbe");
	void *dtb;
	int err = 0;

	if (!file)
		return -errno;
	dtb = malloc(FILE_MAX);
	if (!dtb) {
		fclose(file);
		return -ENOMEM;
	}
	*ret_len = fread(dtb, 1, FILE_MAX, file);
	if (ferror(file))
		err = -EIO;
	fclose(file);
	if (err)
		free(dtb);
	else
		*ret_dtb = dtb;
	return err;
}
