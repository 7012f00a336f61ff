/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words for failures. The names of errno values are a table of this file's own:
 * not every libc has them, and a script wants EINVAL, not a translated sentence.
 */
#include "trouble.h"

#include <errno.h>
#include <string.h>

static const struct {
	int error;
	const char *name;
} names[] = {
	{ EPERM, "EPERM" },
	{ ENOENT, "ENOENT" },
	{ EINTR, "EINTR" },
	{ EIO, "EIO" },
	{ ENXIO, "ENXIO" },
	{ ENOEXEC, "ENOEXEC" },
	{ EAGAIN, "EAGAIN" },
	{ ENOMEM, "ENOMEM" },
	{ EACCES, "EACCES" },
	{ EFAULT, "EFAULT" },
	{ EBUSY, "EBUSY" },
	{ EEXIST, "EEXIST" },
	{ ENODEV, "ENODEV" },
	{ ENOTDIR, "ENOTDIR" },
	{ EISDIR, "EISDIR" },
	{ EINVAL, "EINVAL" },
	{ EFBIG, "EFBIG" },
	{ ENOSPC, "ENOSPC" },
	{ EROFS, "EROFS" },
	{ EPIPE, "EPIPE" },
	{ ERANGE, "ERANGE" },
	{ EDEADLK, "EDEADLK" },
	{ ENAMETOOLONG, "ENAMETOOLONG" },
	{ ENOSYS, "ENOSYS" },
	{ ELOOP, "ELOOP" },
	{ ENODATA, "ENODATA" },
	{ ETIME, "ETIME" },
	{ EOVERFLOW, "EOVERFLOW" },
	{ EOPNOTSUPP, "EOPNOTSUPP" },
	{ EMSGSIZE, "EMSGSIZE" },
	{ EADDRINUSE, "EADDRINUSE" },
	{ ENETRESET, "ENETRESET" },
	{ ENOBUFS, "ENOBUFS" },
	{ ECONNABORTED, "ECONNABORTED" },
	{ ENOTCONN, "ENOTCONN" },
	{ ETIMEDOUT, "ETIMEDOUT" },
	{ EKEYREJECTED, "EKEYREJECTED" },
};

const char *trouble_errno_name(int error)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	return NULL;
}

bool trouble_steers(char before, char now)
{
	const unsigned char c = (unsigned char)now, behind = (unsigned char)before;

	if (c < 0x20 || c == 0x7f)
		return true;
	/* Within a longer character of UTF-8 these are its later bytes. */
	return c >= 0x80 && c < 0xa0 && (behind < 0x80 || behind == 0xc2);
}

void trouble_print(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (trouble_steers(i ? text[i - 1] : 0, text[i]))
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

/* Stories may have several lines: each is indented as far as the first. */
static void print_paragraph(const char *label, const char *text)
{
	if (!text || !*text)
		return;
	fprintf(stderr, "  %s ", label);
	while (*text) {
		size_t len = strcspn(text, "\n");

		trouble_print(stderr, text, len);
		fputc('\n', stderr);
		text += len;
		if (*text)
			text++;
		if (*text)
			fputs("       ", stderr);
	}
}

void trouble_report(const char *what, int error, const char *story, const char *remedy)
{
	const char *name = trouble_errno_name(error);

	/* Whatever was being done: the same thing happened, and the same helps. */
	if ((error == ENOTCONN || error == ECONNABORTED) && !(remedy && *remedy))
		remedy = "the program behind the mount is gone: start rprocfs again, which takes "
			 "the dead mount away, or umount -l DIR";
	/* What a command has printed so far comes before what stopped it. */
	fflush(stdout);
	fputs("rproc: ", stderr);
	trouble_print(stderr, what, strlen(what));
	if (name)
		fprintf(stderr, ": %s (%s)\n", strerror(error), name);
	else
		fprintf(stderr, ": %s (errno %d)\n", strerror(error), error);
	print_paragraph("why:", story);
	print_paragraph("try:", remedy);
}
