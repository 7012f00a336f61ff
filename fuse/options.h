/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line of rprocfs, checked and made absolute. Knows nothing of what
 * is done with it.
 */
#ifndef RPROCFS_OPTIONS_H
#define RPROCFS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include "fs.h"

#define OPTIONS_DEFAULT_MOUNTPOINT "/run/rproc"

struct options {
	const char *mountpoint;
	const char *board; /* NULL with dtb or live */
	char *dtb;
	bool live;
	char *firmware_dirs; /* all directories in the order they are searched */
	char *plugin_path;   /* NULL: the library's own */
	const char *hw;	     /* NULL: the library's default */
	bool bare;	     /* only switch the machine on */
	char *state_dir;     /* NULL: found by the program */
	char **starts;	     /* NAME or NAME=FIRMWARE */
	size_t num_starts;
	struct fs_options fs;
	bool foreground;
	bool debug;
	int log_level;
};

/*
 * Read argv. 0: go on; otherwise exit with *ret_code, everything has been said.
 * Release with options_fini() in both cases.
 */
int options_parse(struct options *options, int argc, char **argv, int *ret_code);
void options_fini(struct options *options);

#endif
