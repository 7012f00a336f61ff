/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access to the files of a mount. Everything goes through one descriptor of the
 * mount's root, so a mount that is replaced half way does not mix two worlds.
 */
#include "mount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"
#include "trouble.h"

#define CLASS_DIR "class/remoteproc"

/* 0 if @root shows remote processors, a negative errno otherwise. */
static int try_root(const char *root, struct mount *mount)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	if (faccessat(fd, CLASS_DIR, R_OK | X_OK, 0)) {
		err = -errno;
		close(fd);
		return err;
	}
	mount->root = root;
	mount->fd = fd;
	mount->own = faccessat(fd, "librproc", F_OK, 0) == 0;
	return 0;
}

static const char *mount_remedy(int err)
{
	switch (err) {
	case -ENOTCONN:
	case -ECONNABORTED:
		return ""; /* trouble_report() knows */
	case -EACCES:
		return "run as root, or have the mount made for your group: rprocfs --gid GROUP";
	default:
		return "mount a board with `rprocfs` (examples/quickstart does it all), or name "
		       "the mount with --mount DIR; a kernel shows remote processors in "
		       "/sys/class/remoteproc once a remoteproc driver is bound";
	}
}

int mount_open(const char *wanted, struct mount *ret_mount)
{
	char what[512];
	int err;

	if (wanted) {
		err = try_root(wanted, ret_mount);
		if (!err)
			return TOOL_OK;
		snprintf(what, sizeof(what), "no remote processors under %s", wanted);
		trouble_report(what, -err, "", mount_remedy(err));
		return TOOL_NO_MOUNT;
	}
	err = try_root(MOUNT_DEFAULT, ret_mount);
	/* One that is there and fails must not turn a command for it into one for the machine. */
	if (!err || (err == -ENOENT && !try_root(MOUNT_KERNEL, ret_mount)))
		return TOOL_OK;
	snprintf(what, sizeof(what), "no remote processors under %s%s", MOUNT_DEFAULT,
		 err == -ENOENT ? ", nor in " MOUNT_KERNEL "/" CLASS_DIR : "");
	trouble_report(what, -err, "", mount_remedy(err));
	return TOOL_NO_MOUNT;
}

void mount_close(struct mount *mount)
{
	close(mount->fd);
}

int mount_open_file(const struct mount *mount, const char *dir, const char *file, int flags)
{
	char path[640];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = openat(mount->fd, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t mount_read(const struct mount *mount, const char *dir, const char *file, char *buf,
		   size_t len)
{
	size_t have = 0;
	ssize_t got = 0;
	int fd;

	buf[0] = '\0';
	fd = mount_open_file(mount, dir, file, O_RDONLY);
	if (fd < 0)
		return fd;
	while (have < len - 1) {
		got = read(fd, buf + have, len - 1 - have);
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < 0) {
		buf[0] = '\0';
		return got;
	}
	if (have && buf[have - 1] == '\n')
		have--;
	buf[have] = '\0';
	return (ssize_t)have;
}

int mount_write(const struct mount *mount, const char *dir, const char *file, const char *text)
{
	int fd = mount_open_file(mount, dir, file, O_WRONLY);

	return fd < 0 ? fd : mount_put(fd, text);
}

int mount_put(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t written;
	int err = 0;

	written = write(fd, text, len);
	if (written < 0)
		err = -errno;
	else if ((size_t)written != len)
		err = -ENAMETOOLONG; /* an attribute takes a page at most */
	close(fd);
	return err;
}

/* Number N of "remoteprocN", or -1. */
static int parse_index(const char *text)
{
	static const char prefix[] = "remoteproc";
	char *end;
	long value;

	if (strncmp(text, prefix, sizeof(prefix) - 1))
		return -1;
	text += sizeof(prefix) - 1;
	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	value = strtol(text, &end, 10);
	if (*end || errno || value > 1 << 30)
		return -1;
	return (int)value;
}

/* Where librproc keeps what is its own: by name, with `/` as `!`; a namesake by both. */
static void find_own_dir(const struct mount *mount, struct processor *processor)
{
	char name[256];

	processor->own[0] = '\0';
	if (!mount->own)
		return;
	snprintf(name, sizeof(name), "%s", processor->name);
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '!';
	snprintf(processor->own, sizeof(processor->own), "librproc/%s@remoteproc%d", name,
		 processor->index);
	if (faccessat(mount->fd, processor->own, F_OK, 0))
		snprintf(processor->own, sizeof(processor->own), "librproc/%s", name);
}

/* 0 or a negative errno. Older kernels have no names; and a processor may be gone by now. */
static int fill_processor(const struct mount *mount, int index, struct processor *processor)
{
	ssize_t len;

	memset(processor, 0, sizeof(*processor));
	processor->index = index;
	snprintf(processor->dir, sizeof(processor->dir), CLASS_DIR "/remoteproc%d", index);
	snprintf(processor->debug, sizeof(processor->debug), "kernel/debug/remoteproc/remoteproc%d",
		 index);
	len = mount_read(mount, processor->dir, "name", processor->name, sizeof(processor->name));
	if (len < 0 && len != -ENOENT && len != -ENODEV)
		return (int)len;
	find_own_dir(mount, processor);
	return 0;
}

static int compare_index(const void *a, const void *b)
{
	const struct processor *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

int mount_processors(const struct mount *mount, struct processor **ret_processors,
		     size_t *ret_count)
{
	struct processor *processors = NULL;
	size_t count = 0, room = 0;
	struct dirent *entry;
	int fd, err = 0;
	DIR *dir;

	fd = openat(mount->fd, CLASS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	while ((errno = 0, entry = readdir(dir))) {
		int index = parse_index(entry->d_name);

		if (index < 0)
			continue;
		if (count == room) {
			struct processor *more;

			room = room ? 2 * room : 8;
			more = reallocarray(processors, room, sizeof(*processors));
			if (!more) {
				err = -ENOMEM;
				goto out_close;
			}
			processors = more;
		}
		err = fill_processor(mount, index, &processors[count++]);
		if (err)
			goto out_close;
	}
	if (errno) {
		err = -errno;
		goto out_close;
	}
	if (count)
		qsort(processors, count, sizeof(*processors), compare_index);
	*ret_processors = processors;
	*ret_count = count;
	processors = NULL;
out_close:
	free(processors);
	closedir(dir);
	return err;
}

/* Does @word mean this one by something that no other has: its directory or its number? */
static bool means_exactly(const struct processor *processor, const char *word)
{
	char text[320];

	snprintf(text, sizeof(text), "remoteproc%d", processor->index);
	if (!strcmp(word, text) || !strcmp(word, text + strlen("remoteproc")))
		return true;
	snprintf(text, sizeof(text), "%s@remoteproc%d", processor->name, processor->index);
	return !strcmp(word, text);
}

static void list_names(const struct processor *processors, size_t count)
{
	if (!count)
		fputs("  try: there is no processor at all; is the board the right one?\n", stderr);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "  try: one of ", stderr);
		trouble_print(stderr, processors[i].name, strlen(processors[i].name));
		fprintf(stderr, " (remoteproc%d)", processors[i].index);
	}
	if (count)
		fputc('\n', stderr);
}

/* A name is what people write down, so it goes before a number; but it must be the only one. */
static int choose(const struct processor *processors, size_t count, const char *word,
		  const struct processor **ret_chosen)
{
	const struct processor *found = NULL;
	size_t namesakes = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(processors[i].name, word))
			continue;
		namesakes++;
		if (!found)
			found = &processors[i];
	}
	if (namesakes > 1) {
		fprintf(stderr, "rproc: %zu processors are called ", namesakes);
		trouble_print(stderr, word, strlen(word));
		fputs("\n  try: ", stderr);
		for (size_t i = 0; i < count; i++)
			if (!strcmp(processors[i].name, word))
				fprintf(stderr, "remoteproc%d%s", processors[i].index,
					--namesakes ? ", " : "\n");
		return TOOL_NO_PROCESSOR;
	}
	for (size_t i = 0; !found && i < count; i++)
		if (means_exactly(&processors[i], word))
			found = &processors[i];
	if (!found) {
		fputs("rproc: no processor ", stderr);
		trouble_print(stderr, word, strlen(word));
		fputc('\n', stderr);
		list_names(processors, count);
		return TOOL_NO_PROCESSOR;
	}
	*ret_chosen = found;
	return TOOL_OK;
}

int mount_resolve(const struct mount *mount, const char *word, struct processor *ret_processor)
{
	const struct processor *chosen;
	struct processor *processors;
	size_t count;
	int code, err;

	err = mount_processors(mount, &processors, &count);
	if (err) {
		trouble_report("list of processors", -err, "", mount_remedy(err));
		return TOOL_REFUSED;
	}
	code = choose(processors, count, word, &chosen);
	if (code == TOOL_OK)
		*ret_processor = *chosen;
	free(processors);
	return code;
}

bool mount_counter(const struct mount *mount, const struct processor *processor, const char *name,
		   unsigned long long *ret_value)
{
	size_t name_len = strlen(name);
	char text[2048];
	char *line, *rest = text;

	if (!processor->own[0] ||
	    mount_read(mount, processor->own, "counters", text, sizeof(text)) < 0)
		return false;
	while ((line = strsep(&rest, "\n"))) {
		char *end;

		if (strncmp(line, name, name_len))
			continue;
		line += name_len;
		if (*line == ':')
			line++;
		if (*line != ' ' && *line != '\t' && *line != '=')
			continue;
		line++;
		*ret_value = strtoull(line, &end, 10);
		return end != line;
	}
	return false;
}
