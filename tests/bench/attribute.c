/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads and writes attributes. An answer that is none is an error: a benchmark
 * that measures failures measures nothing.
 */
#include "attribute.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BUF_SIZE 4096

int attribute_read(void *attribute)
{
	const struct attribute *a = attribute;
	char buf[BUF_SIZE];
	ssize_t n;
	int fd = open(a->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	n = read(fd, buf, sizeof(buf));
	close(fd);
	return n > 0 ? 0 : n ? -errno : -ENODATA;
}

int attribute_pread(void *attribute)
{
	const struct attribute *a = attribute;
	char buf[BUF_SIZE];
	ssize_t n = pread(a->fd, buf, sizeof(buf), 0);

	return n > 0 ? 0 : n ? -errno : -ENODATA;
}

static int write_word(const struct attribute *a, int flags)
{
	size_t len = strlen(a->word);
	int fd = open(a->path, O_WRONLY | O_CLOEXEC | flags, 0666);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, a->word, len) != (ssize_t)len)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

int attribute_write(void *attribute)
{
	return write_word(attribute, 0);
}

int attribute_write_truncated(void *attribute)
{
	return write_word(attribute, O_CREAT | O_TRUNC);
}
