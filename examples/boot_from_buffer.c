/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Boots a board's first processor with firmware out of a buffer in memory: no file
 * name, no search path. Any source of bytes will do; here it is a file.
 *
 *     boot_from_buffer BOARD.dtb FIRMWARE [PLUGIN_DIR [STATE_DIR]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <librproc/rproc.h>

static void print_line(int level, const char *device, const char *text, void *data)
{
	(void)level;
	(void)data;
	printf("%s: %s\n", device, text);
}

/* The whole file; NULL if it cannot be read. */
static void *read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	char *data = NULL;
	long len;

	if (!file)
		return NULL;
	if (!fseek(file, 0, SEEK_END) && (len = ftell(file)) > 0) {
		rewind(file);
		data = malloc((size_t)len);
		*ret_len = data ? fread(data, 1, (size_t)len, file) : 0;
	}
	fclose(file);
	return data;
}

/* One boot and one shutdown. 0 or what went wrong, which is also printed. */
static int boot_once(struct rproc *rproc, const void *data, size_t len)
{
	char story[512];
	int err;

	err = rproc_set_firmware_buffer(rproc, "from-a-buffer", data, len);
	if (!err)
		err = rproc_boot(rproc);
	if (err) {
		rproc_last_error(rproc, story, sizeof(story));
		fprintf(stderr, "%s: %s\n  %s\n", rproc_name(rproc), strerror(-err), story);
		return err;
	}
	printf("%s is %s, booted at 0x%llx\n", rproc_name(rproc),
	       rproc_state_name(rproc_state(rproc)), (unsigned long long)rproc_bootaddr(rproc));
	return rproc_shutdown(rproc);
}

int main(int argc, char **argv)
{
	struct rproc_context_options options = { .size = sizeof(options), .log = print_line };
	struct rproc_context *context;
	struct rproc *rproc;
	char story[512];
	size_t len = 0;
	void *data;
	int err;

	if (argc < 3)
		return fprintf(stderr, "usage: %s BOARD.dtb FIRMWARE [PLUGIN_DIR [STATE_DIR]]\n",
			       argv[0]),
		       2;
	options.plugin_path = argc > 3 ? argv[3] : NULL;
	options.state_dir = argc > 4 ? argv[4] : NULL;
	data = read_file(argv[2], &len);
	if (!data)
		return perror(argv[2]), 1;
	err = rproc_context_new(&options, &context);
	if (err)
		return fprintf(stderr, "no context: %s\n", strerror(-err)), 1;
	err = rproc_context_add_board_file(context, argv[1], false);
	if (err > 0) {
		rproc = rproc_get_next(context, -1);
		err = boot_once(rproc, data, len);
		rproc_put(rproc);
	} else {
		rproc_context_last_error(context, story, sizeof(story));
		fprintf(stderr, "%s: no processor: %s\n", argv[1], story);
		err = -1;
	}
	rproc_context_free(context);
	free(data);
	return err ? 1 : 0;
}
