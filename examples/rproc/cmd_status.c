/* SPDX-License-Identifier: BSD-3-Clause */
/* `rproc list` and `rproc status`: what the files say, in one screen. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "mount.h"
#include "tool.h"
#include "trouble.h"

static void print_text(const char *text)
{
	trouble_print(stdout, text, strlen(text));
}

/* A column @width wide; a text that is too long pushes the next one along. */
static void print_column(const char *text, int width)
{
	print_text(text);
	printf("%*s", width > (int)strlen(text) ? width - (int)strlen(text) : 1, "");
}

static int list_one(const struct mount *mount, const struct processor *processor)
{
	char device[32], state[32], firmware[512];
	ssize_t len;

	snprintf(device, sizeof(device), "remoteproc%d", processor->index);
	len = mount_read(mount, processor->dir, "state", state, sizeof(state));
	/* It went away since the directory was read. */
	if (len == -ENOENT || len == -ENODEV)
		return TOOL_OK;
	if (len < 0) {
		trouble_report(device, (int)-len, "", "");
		return TOOL_REFUSED;
	}
	mount_read(mount, processor->dir, "firmware", firmware, sizeof(firmware));
	print_column(device, 15);
	print_column(processor->name, 20);
	print_column(state, 11);
	print_text(firmware);
	putchar('\n');
	return TOOL_OK;
}

int cmd_list(const struct invocation *invocation)
{
	struct processor *processors;
	struct mount mount;
	size_t count;
	int code, err;

	if (invocation->argc != 1)
		return tool_usage(invocation, "`list` takes no argument");
	code = mount_open(invocation->mount, &mount);
	if (code)
		return code;
	err = mount_processors(&mount, &processors, &count);
	if (err) {
		trouble_report("list", -err, "", "");
		code = TOOL_REFUSED;
		goto out_close;
	}
	if (!count)
		fprintf(stderr, "rproc: there is no processor under %s\n", mount.root);
	for (size_t i = 0; i < count && code == TOOL_OK; i++)
		code = list_one(&mount, &processors[i]);
	free(processors);
out_close:
	mount_close(&mount);
	return code;
}

static void print_field(const struct mount *mount, const char *dir, const char *file,
			const char *label)
{
	char text[4200];

	if (!dir[0] || mount_read(mount, dir, file, text, sizeof(text)) <= 0)
		return;
	printf("  %-12s ", label);
	print_text(text);
	putchar('\n');
}

/* Lines of a file, each behind the label's column. */
static void print_lines(const struct mount *mount, const char *dir, const char *file,
			const char *label)
{
	char text[4200];
	char *line, *rest = text;

	if (!dir[0] || mount_read(mount, dir, file, text, sizeof(text)) <= 0)
		return;
	while ((line = strsep(&rest, "\n"))) {
		printf("  %-12s ", label);
		print_text(line);
		putchar('\n');
		label = "";
	}
}

/* Counters that say something: those that are not zero, on one line. */
static void print_counters(const struct mount *mount, const struct processor *processor)
{
	char text[2048];
	char *line, *rest = text;
	int shown = 0;

	if (!processor->own[0] ||
	    mount_read(mount, processor->own, "counters", text, sizeof(text)) <= 0)
		return;
	while ((line = strsep(&rest, "\n"))) {
		size_t name_len = strcspn(line, ": =\t");
		const char *value = line + name_len + strspn(line + name_len, ": =\t");

		if (!*value || !strcmp(value, "0"))
			continue;
		printf(shown++ ? ", " : "  counters     ");
		trouble_print(stdout, line, name_len);
		putchar(' ');
		print_text(value);
	}
	if (shown)
		putchar('\n');
}

static void print_traces(const struct mount *mount, const struct processor *processor)
{
	for (int i = 0; i < 64; i++) {
		char file[128];

		snprintf(file, sizeof(file), "%s/trace%d", processor->debug, i);
		if (faccessat(mount->fd, file, F_OK, 0))
			return;
		printf("  %-12s %s/%s\n", i ? "" : "trace", mount->root, file);
	}
}

static void print_dump(const struct mount *mount, const struct processor *processor)
{
	char file[128];

	/* A link that is there while a dump of this processor waits. */
	snprintf(file, sizeof(file), "%s/devcoredump", processor->dir);
	if (!faccessat(mount->fd, file, F_OK, AT_SYMLINK_NOFOLLOW))
		printf("  %-12s one waits: rproc dump FILE\n", "crash dump");
}

static int print_status(const struct mount *mount, const struct processor *processor)
{
	char state[32];
	ssize_t len = mount_read(mount, processor->dir, "state", state, sizeof(state));

	if (len < 0) {
		trouble_report("status", (int)-len, "", "");
		return TOOL_REFUSED;
	}
	print_text(processor->name);
	printf(" is ");
	print_text(state);
	printf("\n  %-12s %s/%s\n", "files", mount->root, processor->dir);
	print_field(mount, processor->dir, "firmware", "firmware");
	print_field(mount, processor->own, "boot_address", "boot address");
	print_field(mount, processor->own, "plugin", "plugin");
	print_field(mount, processor->dir, "recovery", "recovery");
	print_field(mount, processor->dir, "coredump", "coredump");
	print_counters(mount, processor);
	print_traces(mount, processor);
	print_dump(mount, processor);
	print_lines(mount, processor->own, "remarks", "remarks");
	print_lines(mount, processor->own, "rpmsg_findings", "rpmsg");
	print_lines(mount, processor->own, "last_error", "last error");
	return TOOL_OK;
}

static int print_all(const struct mount *mount)
{
	struct processor *processors;
	int code = TOOL_OK, err;
	size_t count;

	err = mount_processors(mount, &processors, &count);
	if (err) {
		trouble_report("status", -err, "", "");
		return TOOL_REFUSED;
	}
	for (size_t i = 0; i < count && code == TOOL_OK; i++)
		code = print_status(mount, &processors[i]);
	free(processors);
	return code;
}

int cmd_status(const struct invocation *invocation)
{
	struct processor processor;
	struct mount mount;
	int code;

	if (invocation->argc > 2)
		return tool_usage(invocation, "`status` takes one name, or none for all");
	code = mount_open(invocation->mount, &mount);
	if (code)
		return code;
	if (invocation->argc == 1) {
		code = print_all(&mount);
	} else {
		code = mount_resolve(&mount, invocation->argv[1], &processor);
		if (code == TOOL_OK)
			code = print_status(&mount, &processor);
	}
	mount_close(&mount);
	return code;
}
