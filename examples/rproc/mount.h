/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files a processor shows: finding the mount (or the kernel's own /sys),
 * the processors in it, and reading and writing their attributes. Knows nothing
 * of commands, and nothing of who serves the files.
 */
#ifndef RPROC_TOOL_MOUNT_H
#define RPROC_TOOL_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MOUNT_DEFAULT "/run/rproc"
#define MOUNT_KERNEL  "/sys"

/* An open mount. Paths below are relative to it. */
struct mount {
	const char *root; /* as the user would type it */
	int fd;
	bool own; /* has librproc/: log, events, stories */
};

/* A processor; the directories are relative to the mount. */
struct processor {
	int index;
	char name[256];
	char dir[64];	/* class/remoteproc/remoteprocN */
	char debug[64]; /* kernel/debug/remoteproc/remoteprocN */
	char own[320];	/* librproc/NAME, "" if there is none */
};

/*
 * Open @wanted, or if NULL the default mount, or the kernel's files. Tells what
 * went wrong itself. Returns TOOL_OK or TOOL_NO_MOUNT.
 */
int mount_open(const char *wanted, struct mount *ret_mount);
void mount_close(struct mount *mount);

/* All processors by rising index; release with free(). 0 or a negative errno. */
int mount_processors(const struct mount *mount, struct processor **ret_processors,
		     size_t *ret_count);

/*
 * The processor that @word means: a name, remoteprocN, NAME@remoteprocN or an
 * index. Tells what went wrong itself. TOOL_OK, TOOL_NO_PROCESSOR or TOOL_REFUSED.
 */
int mount_resolve(const struct mount *mount, const char *word, struct processor *ret_processor);

/* Open @dir/@file; a negative errno if that fails. */
int mount_open_file(const struct mount *mount, const char *dir, const char *file, int flags);

/*
 * The whole text of @dir/@file without its last newline, at most @len - 1 bytes.
 * Returns its length or a negative errno, then @buf is "".
 */
ssize_t mount_read(const struct mount *mount, const char *dir, const char *file, char *buf,
		   size_t len);

/* Write @text in one write(), without truncating first. 0 or a negative errno. */
int mount_write(const struct mount *mount, const char *dir, const char *file, const char *text);

/* The same to a file that is open already, which it closes. */
int mount_put(int fd, const char *text);

/*
 * A number out of a file of "NAME VALUE" lines; false if it is not there. A colon
 * after the name is not looked at.
 */
bool mount_counter(const struct mount *mount, const struct processor *processor, const char *name,
		   unsigned long long *ret_value);

#endif
