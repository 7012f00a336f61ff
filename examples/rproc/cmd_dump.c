/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `rproc dump`: copies the oldest crash dump and lets go of it. The dump is
 * released only when the copy is whole and on its medium.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "mount.h"
#include "tool.h"
#include "trouble.h"

#define DUMP_DIR "class/devcoredump"

/* The lowest N of devcdN: numbers rise and are not used again. 0: none; a negative errno. */
static long find_oldest(const struct mount *mount)
{
	struct dirent *entry;
	long oldest = 0;
	DIR *dir;
	int fd;

	fd = openat(mount->fd, DUMP_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		char *end;
		long number;

		if (strncmp(entry->d_name, "devcd", 5))
			continue;
		number = strtol(entry->d_name + 5, &end, 10);
		if (*end || end == entry->d_name + 5 || number <= 0)
			continue;
		if (!oldest || number < oldest)
			oldest = number;
	}
	closedir(dir);
	return oldest;
}

static int no_dump(const struct mount *mount)
{
	char disabled[8];

	fprintf(stderr, "rproc: dump: no crash dump waits under %s/" DUMP_DIR "\n", mount->root);
	mount_read(mount, DUMP_DIR, "disabled", disabled, sizeof(disabled));
	if (!strcmp(disabled, "1"))
		fprintf(stderr,
			"  why: dumps were switched off for good by %s/" DUMP_DIR "/disabled\n",
			mount->root);
	else
		fprintf(stderr,
			"  try: echo enabled > %s/class/remoteproc/remoteprocN/coredump, "
			"before the crash\n",
			mount->root);
	return TOOL_REFUSED;
}

/* Copies all of @from; the number of bytes, or a negative errno with the culprit named. */
static long long copy(int from, int to, const char **ret_culprit)
{
	static char buf[1 << 16];
	long long copied = 0;

	for (;;) {
		ssize_t done = 0, len = read(from, buf, sizeof(buf));

		if (len < 0) {
			*ret_culprit = "reading the dump";
			return -errno;
		}
		if (!len)
			return copied;
		while (done < len) {
			ssize_t written = write(to, buf + done, (size_t)(len - done));

			if (written < 0) {
				*ret_culprit = "writing the copy";
				return -errno;
			}
			done += written;
		}
		copied += len;
	}
}

/* Copy to what is no file of its own: a device, a pipe, a link, as /dev/stdout is one. */
static long long copy_through(int from, const char *path, const char **ret_culprit)
{
	int to = open(path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
	long long copied;

	*ret_culprit = path;
	if (to < 0)
		return -errno;
	copied = copy(from, to, ret_culprit);
	/* Only some of these have a medium. */
	if (copied >= 0 && fsync(to) && errno != EINVAL && errno != EROFS) {
		copied = -errno;
		*ret_culprit = "writing the copy";
	}
	close(to);
	return copied;
}

/* Copy to @path, which appears only when it is whole. */
static long long copy_to_file(int from, const char *path, const char **ret_culprit)
{
	char part[PATH_MAX];
	long long copied;
	int to;

	*ret_culprit = path;
	if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part))
		return -ENAMETOOLONG;
	/* One that is left from before may be somebody else's by now: never write to that. */
	unlink(part);
	to = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	copied = copy(from, to, ret_culprit);
	if (copied >= 0 && fsync(to)) {
		copied = -errno;
		*ret_culprit = "writing the copy";
	}
	close(to);
	if (copied >= 0 && rename(part, path)) {
		copied = -errno;
		*ret_culprit = path;
	}
	if (copied < 0)
		unlink(part);
	return copied;
}

static void print_summary(const struct mount *mount, const char *dir, const char *path,
			  long long copied)
{
	char device[96], name[256] = "";

	snprintf(device, sizeof(device), "%s/failing_device", dir);
	mount_read(mount, device, "name", name, sizeof(name));
	printf("%lld bytes of devcd%s", copied, strrchr(dir, 'd') + 1);
	if (name[0]) {
		fputs(", left by ", stdout);
		trouble_print(stdout, name, strlen(name));
	}
	printf(", are in %s; open it with gdb FIRMWARE %s\n", path, path);
}

/* Will a rename to @path put a file there, and take nothing else away? */
static bool makes_file(const char *path)
{
	struct stat st;

	return lstat(path, &st) || S_ISREG(st.st_mode);
}

static long long copy_out(int from, const char *path, const char **ret_culprit)
{
	if (!strcmp(path, "-"))
		return copy(from, STDOUT_FILENO, ret_culprit);
	if (makes_file(path))
		return copy_to_file(from, path, ret_culprit);
	return copy_through(from, path, ret_culprit);
}

static int dump_to(const struct mount *mount, const char *path)
{
	const char *culprit = "";
	long number = find_oldest(mount);
	long long copied;
	char dir[64];
	int fd, err;

	if (!number)
		return no_dump(mount);
	if (number < 0) {
		trouble_report("dump", (int)-number, "", "");
		return TOOL_REFUSED;
	}
	snprintf(dir, sizeof(dir), DUMP_DIR "/devcd%ld", number);
	fd = mount_open_file(mount, dir, "data", O_RDONLY);
	if (fd < 0) {
		trouble_report("opening the dump", -fd, "",
			       fd == -EACCES ? "crash dumps are for root only" : "");
		return TOOL_REFUSED;
	}
	copied = copy_out(fd, path, &culprit);
	if (copied < 0) {
		close(fd);
		trouble_report(culprit, (int)-copied, "the dump is kept, so this can be repeated",
			       "");
		return TOOL_REFUSED;
	}
	if (strcmp(path, "-") != 0 && makes_file(path))
		print_summary(mount, dir, path, copied);
	close(fd);
	/* Gone by itself after five minutes: then there is nothing to release. */
	err = mount_write(mount, dir, "data", "1");
	if (err && err != -ENOENT && err != -ENODEV) {
		trouble_report("releasing the dump", -err, "", "");
		return TOOL_REFUSED;
	}
	return TOOL_OK;
}

int cmd_dump(const struct invocation *invocation)
{
	struct mount mount;
	int code;

	if (invocation->argc != 2)
		return tool_usage(invocation, "`dump` takes the file to write, or - for output");
	/* A limit for the size of files is a reason like any other: EFBIG, and no half a copy. */
	signal(SIGXFSZ, SIG_IGN);
	code = mount_open(invocation->mount, &mount);
	if (code)
		return code;
	code = dump_to(&mount, invocation->argv[1]);
	mount_close(&mount);
	return code;
}
