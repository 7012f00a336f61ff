/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading log records as /dev/kmsg writes them: "PRIORITY,SEQUENCE,USEC,FLAGS;TEXT". */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int record_open_log(const struct mount *mount, bool block)
{
	int flags = O_RDONLY | (block ? 0 : O_NONBLOCK);
	int fd;

	if (mount->own)
		return mount_open_file(mount, "librproc", "log", flags);
	fd = open("/dev/kmsg", flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool parse(char *line, struct record *ret_record)
{
	unsigned int priority;
	unsigned long long sequence;
	char *text = strchr(line, ';');

	if (!text)
		return false;
	if (sscanf(line, "%u,%llu,%llu", &priority, &sequence, &ret_record->usec) != 3)
		return false;
	text++;
	/* Lines behind the first are the record's dictionary, which says nothing new. */
	text[strcspn(text, "\n")] = '\0';
	ret_record->level = (int)(priority & 7);
	snprintf(ret_record->text, sizeof(ret_record->text), "%s", text);
	return true;
}

int record_read(int fd, struct record *ret_record)
{
	char line[8192];

	for (;;) {
		ssize_t len = read(fd, line, sizeof(line) - 1);

		/* The reader fell behind: the position is now at the oldest record kept. */
		if (len < 0 && errno == EPIPE)
			continue;
		if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (len < 0)
			return -errno;
		if (!len)
			return 0;
		line[len] = '\0';
		if (parse(line, ret_record))
			return 1;
	}
}

bool record_is_of(const struct record *record, int index)
{
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "remoteproc remoteproc%d: ", index);
	return !strncmp(record->text, prefix, strlen(prefix));
}

bool record_is_ours(const struct record *record)
{
	return strstr(record->text, "rproc") || strstr(record->text, "remoteproc") ||
	       strstr(record->text, "rpmsg");
}
