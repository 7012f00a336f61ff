/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `rproc check`: reads a firmware file as a loader would, has it judged and the
 * verdict printed. Needs no mount and no processor.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool.h"
#include "trouble.h"
#include "verdict.h"

/* The library's own limit, by default. */
#define MAX_FIRMWARE_SIZE (256ull << 20)

/* Why a file is no firmware, by the rules of the firmware search; NULL if it may be. */
static const char *refuse_file(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "this is no regular file: firmware is loaded from regular files only";
	if (!st->st_size)
		return "the file is empty";
	return NULL;
}

/* All of an open file, in memory of its own: it may be written to while it is judged. */
static int read_all(int fd, size_t size, struct rproc_firmware *ret_fw)
{
	size_t have = 0;
	char *data = malloc(size);

	if (!data)
		return -ENOMEM;
	while (have < size) {
		ssize_t got = read(fd, data + have, size - have);

		if (got < 0) {
			int err = -errno;

			free(data);
			return err;
		}
		if (!got)
			break;
		have += (size_t)got;
	}
	ret_fw->data = data;
	ret_fw->size = have;
	return 0;
}

static int read_firmware(const char *file, struct rproc_firmware *ret_fw, const char **ret_story)
{
	struct stat st;
	int err, fd;

	*ret_story = "the file cannot be read";
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		err = -errno;
	} else if (refuse_file(&st)) {
		*ret_story = refuse_file(&st);
		err = -EINVAL;
	} else if ((unsigned long long)st.st_size > MAX_FIRMWARE_SIZE) {
		*ret_story = "the file is larger than 256 MiB, the library's default limit "
			     "(max_firmware_size)";
		err = -EFBIG;
	} else {
		err = read_all(fd, (size_t)st.st_size, ret_fw);
	}
	close(fd);
	return err;
}

static int check_file(const char *file, bool as_json)
{
	struct rproc_firmware fw = { 0 };
	struct verdict verdict;
	const char *story;
	int code, err;

	err = read_firmware(file, &fw, &story);
	if (err)
		verdict_unreadable(err, story, &verdict);
	else if (verdict_make(&fw, &verdict))
		verdict_unreadable(-ENOMEM, "there is not enough memory to judge it", &verdict);
	if (as_json)
		verdict_print_json(&verdict, file);
	else
		verdict_print_text(&verdict, file);
	code = verdict.error ? TOOL_REFUSED : TOOL_OK;
	verdict_fini(&verdict);
	free((void *)fw.data);
	return code;
}

int cmd_check(const struct invocation *invocation)
{
	const char *file = NULL;
	bool as_json = false, no_options = false;

	for (int i = 1; i < invocation->argc; i++) {
		const char *arg = invocation->argv[i];

		if (!no_options && !strcmp(arg, "--"))
			no_options = true;
		else if (!no_options && !strcmp(arg, "--json"))
			as_json = true;
		else if (!no_options && arg[0] == '-')
			return tool_usage(invocation, "`check` has no option %s", arg);
		else if (file)
			return tool_usage(invocation, "`check` takes one file");
		else
			file = arg;
	}
	if (!file)
		return tool_usage(invocation, "which file?");
	return check_file(file, as_json);
}
