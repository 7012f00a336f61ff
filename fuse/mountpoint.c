/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mount points. A lock file for each, keyed by path and mount namespace, is
 * held as long as a daemon lives; so whatever of ours is mounted at a path that
 * could be locked belongs to a dead daemon, and is taken away. Without that two
 * daemons would silently stack.
 *
 * Never follows the mount point itself: on a dead mount that fails, on a living
 * one it would block.
 */
#include "mountpoint.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define FUSE_MAGIC 0x65735546
#define MAX_LINKS  40 /* as the kernel */

/* Prints what and why; returns the error. */
static int complain(const char *path, const char *what, int err)
{
	fprintf(stderr, "rprocfs: %s: %s: %s\n", path, what, strerror(-err));
	return err;
}

/* ---- path ---------------------------------------------------------------------------- */

/* Without what says nothing behind the last name: slashes, and single dots. */
static void trim(char *path)
{
	size_t len = strlen(path);

	while (len > 1 && (path[len - 1] == '/' || (path[len - 1] == '.' && path[len - 2] == '/')))
		path[--len] = '\0';
}

/* Absolute and without links, but for the last component, which is not looked at. */
static char *resolve_parent(char *path)
{
	char *real, *slash, *result;
	const char *name;

	trim(path);
	slash = strrchr(path, '/');
	name = slash ? slash + 1 : path;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return realpath(path, NULL);
	if (slash)
		*slash = '\0';
	real = realpath(!slash ? "." : *path ? path : "/", NULL);
	if (!real || asprintf(&result, "%s/%s", strcmp(real, "/") ? real : "", name) < 0)
		result = NULL;
	free(real);
	return result;
}

/* What @link says, as seen from where it stands; NULL if it is none. */
static char *follow(const char *link)
{
	char target[PATH_MAX], *path;
	/* Asks the kernel, never whoever is mounted there. */
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n < 0)
		return NULL;
	target[n] = '\0';
	if (asprintf(&path, "%.*s%s", *target == '/' ? 0 : (int)(strrchr(link, '/') + 1 - link),
		     link, target) < 0)
		return NULL;
	return path;
}

/* Absolute and without links: one mount point has one name, and one lock. */
static char *resolve(const char *path)
{
	char *next = *path ? strdup(path) : NULL;
	char *resolved = NULL;

	if (!*path)
		errno = ENOENT;
	for (int links = 0; next; links++) {
		free(resolved);
		resolved = links < MAX_LINKS ? resolve_parent(next) : NULL;
		if (links == MAX_LINKS)
			errno = ELOOP;
		free(next);
		next = resolved ? follow(resolved) : NULL;
	}
	return resolved;
}

/* ---- what a dead daemon left ------------------------------------------------------------ */

/* Undo the octal escapes of mountinfo, in place. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				       (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* Is a mount of our type at @path? One line: id parent dev root PATH opts ... - TYPE source. */
static bool mounted(const char *path)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	if (!file)
		return false;
	while (!found && getline(&line, &size, file) > 0) {
		char *type = strstr(line, " - ");
		char where[PATH_MAX];

		if (!type || strncmp(type + 3, "fuse.rproc ", 11) ||
		    sscanf(line, "%*s %*s %*s %*s %4095s", where) != 1)
			continue;
		unescape(where);
		found = !strcmp(where, path);
	}
	free(line);
	fclose(file);
	return found;
}

static int clean(const char *path)
{
	while (mounted(path)) {
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
			return complain(path, "a stale mount cannot be taken away", -errno);
		fprintf(stderr, "rprocfs: %s: took away the mount of a dead rprocfs\n", path);
	}
	return 0;
}

static int make_directory(const char *path)
{
	struct stat st;

	if (mkdir(path, 0755) && errno != EEXIST)
		return complain(path, "cannot make the directory", -errno);
	if (stat(path, &st))
		return complain(path, "cannot look at the directory", -errno);
	return S_ISDIR(st.st_mode) ? 0 : complain(path, "mount point", -ENOTDIR);
}

/* ---- the lock ----------------------------------------------------------------------------- */

/* A directory that nobody else can write to. */
static int private_dir(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	if (lstat(path, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (st.st_uid != geteuid() || st.st_mode & 022)
		return -EPERM;
	return access(path, W_OK | X_OK) ? -errno : 0;
}

static int complain_of_dir(const char *dir, const char *advice, int err)
{
	struct stat st;

	if (err != -EPERM || stat(dir, &st))
		return complain(dir, advice, err);
	fprintf(stderr,
		"rprocfs: %s: %s: it belongs to user %u with mode 0%o, and must be user %u's and "
		"writable by nobody else\n",
		dir, advice, (unsigned int)st.st_uid, (unsigned int)st.st_mode & 07777,
		(unsigned int)geteuid());
	return err;
}

/* The one asked for; else that of the machine, or of the user. */
static int choose_state_dir(const char *asked, char **ret_dir)
{
	char *dir = NULL;
	int err;

	if (asked) {
		err = private_dir(asked);
		if (err)
			return complain_of_dir(asked, "cannot keep state here", err);
		dir = strdup(asked);
	} else if (!geteuid() && !private_dir("/run/librproc")) {
		dir = strdup("/run/librproc");
	} else if (asprintf(&dir, "/tmp/librproc-%u", (unsigned int)geteuid()) < 0) {
		dir = NULL;
	}
	if (!dir)
		return complain("state directory", "cannot be named", -ENOMEM);
	err = private_dir(dir);
	if (err) {
		complain_of_dir(dir, "cannot keep state here, give --state-dir", err);
		free(dir);
		return err;
	}
	*ret_dir = dir;
	return 0;
}

/* Of a path that is too long for the name of a file. */
static uint64_t hash_path(const char *path)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * UINT64_C(0x100000001b3);
	return hash;
}

/* A mount point of the same name in another mount namespace is another one. */
static int name_lock(struct mountpoint *mountpoint)
{
	struct stat ns = { 0 };
	char name[NAME_MAX + 1];
	int start, len;

	stat("/proc/self/ns/mnt", &ns);
	start = snprintf(name, sizeof(name), "rprocfs.%lu.", (unsigned long)ns.st_ino);
	len = snprintf(name + start, sizeof(name) - (size_t)start, "%s", mountpoint->path);
	if (start + len > NAME_MAX)
		snprintf(name + start, sizeof(name) - (size_t)start, "%016llx",
			 (unsigned long long)hash_path(mountpoint->path));
	for (char *c = name + start; *c; c++)
		if (*c == '/')
			*c = '!';
	if (asprintf(&mountpoint->lock_path, "%s/%s", mountpoint->state_dir, name) < 0) {
		mountpoint->lock_path = NULL;
		return complain(mountpoint->path, "its lock", -ENOMEM);
	}
	return 0;
}

static int refuse(const struct mountpoint *mountpoint)
{
	char pid[32] = "";
	ssize_t n = pread(mountpoint->lock_fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
	fprintf(stderr, "rprocfs: %s is being served by process %s; stop it, or mount elsewhere\n",
		mountpoint->path, *pid ? pid : "(unknown)");
	return -EBUSY;
}

static int take_lock(struct mountpoint *mountpoint)
{
	int err = name_lock(mountpoint);

	if (err)
		return err;
	mountpoint->lock_fd =
		open(mountpoint->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (mountpoint->lock_fd < 0)
		return complain(mountpoint->lock_path, "cannot make the lock file", -errno);
	if (flock(mountpoint->lock_fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? refuse(mountpoint)
					    : complain(mountpoint->lock_path, "flock", -errno);
	return 0;
}

/* ---- why not ------------------------------------------------------------------------------- */

#define AS_CONTAINER "a container needs --device /dev/fuse --cap-add SYS_ADMIN"

void mountpoint_explain(const struct mountpoint *mountpoint)
{
	const unsigned int user = (unsigned int)geteuid();
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	int err = fd < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	fprintf(stderr, "rprocfs: cannot mount %s: ", mountpoint->path);
	if (err == ENOENT)
		fputs("there is no /dev/fuse\n  try: modprobe fuse; " AS_CONTAINER "\n", stderr);
	else if (err == EACCES && user)
		fprintf(stderr,
			"user %u may not open /dev/fuse\n"
			"  try: as root, chmod 666 /dev/fuse, or run this as root\n",
			user);
	else if (err)
		fprintf(stderr,
			"/dev/fuse cannot be opened: %s\n  try: modprobe fuse; " AS_CONTAINER "\n",
			strerror(err));
	else if (user)
		fprintf(stderr,
			"user %u may not mount here\n"
			"  try: unshare -Urm, for a mount namespace of your own, or run this as "
			"root\n",
			user);
	else
		fputs("the kernel refuses it\n  try: " AS_CONTAINER
		      ", and no profile that forbids mounts\n",
		      stderr);
}

/* ---- all together ---------------------------------------------------------------------------- */

int mountpoint_prepare(struct mountpoint *mountpoint, const char *path, const char *state_dir)
{
	int err;

	*mountpoint = (struct mountpoint){ .lock_fd = -1 };
	err = choose_state_dir(state_dir, &mountpoint->state_dir);
	if (err)
		return err;
	mountpoint->passed = !strncmp(path, "/dev/fd/", 8);
	mountpoint->path = mountpoint->passed ? strdup(path) : resolve(path);
	if (!mountpoint->path)
		return complain(path, "mount point", -errno);
	if (mountpoint->passed)
		return 0;
	err = take_lock(mountpoint);
	if (err)
		return err;
	err = clean(mountpoint->path);
	return err ? err : make_directory(mountpoint->path);
}

void mountpoint_sign(const struct mountpoint *mountpoint)
{
	if (mountpoint->lock_fd < 0 || ftruncate(mountpoint->lock_fd, 0))
		return;
	lseek(mountpoint->lock_fd, 0, SEEK_SET);
	dprintf(mountpoint->lock_fd, "%d\n", (int)getpid());
}

int mountpoint_check(const char *path)
{
	struct statfs st;
	char *log;
	int err = 0;

	if (!strncmp(path, "/dev/fd/", 8))
		return 0;
	if (statfs(path, &st))
		return -errno;
	if (st.f_type != FUSE_MAGIC)
		return -ENXIO;
	if (asprintf(&log, "%s/librproc/log", path) < 0)
		return -ENOMEM;
	if (access(log, F_OK))
		err = -errno;
	free(log);
	return err;
}

void mountpoint_leave(const struct mountpoint *mountpoint)
{
	if (mountpoint->lock_fd < 0)
		return;
	while (mounted(mountpoint->path))
		if (umount2(mountpoint->path, MNT_DETACH | UMOUNT_NOFOLLOW))
			return;
}

/* The file stays: were it removed, two daemons could each lock one of the same name. */
void mountpoint_fini(struct mountpoint *mountpoint)
{
	if (mountpoint->lock_fd >= 0)
		close(mountpoint->lock_fd);
	free(mountpoint->lock_path);
	free(mountpoint->state_dir);
	free(mountpoint->path);
}
