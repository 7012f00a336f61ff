/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages as text and hexadecimal, both ways. */
#include "message_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "trouble.h"

int message_print(enum message_form form, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	switch (form) {
	case MESSAGE_TEXT:
		/* Most say their lines with an end of their own. */
		if (len && bytes[len - 1] == '\n')
			len--;
		trouble_print(stdout, data, len);
		putchar('\n');
		break;
	case MESSAGE_HEX:
		for (size_t i = 0; i < len; i++)
			printf(i ? " %02x" : "%02x", bytes[i]);
		putchar('\n');
		break;
	case MESSAGE_RAW:
		fwrite(data, 1, len, stdout);
		break;
	}
	return fflush(stdout) ? -errno : 0;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return found ? (int)(found - digits) : -1;
}

ssize_t message_parse_hex(const char *text, void *buf, size_t len)
{
	uint8_t *bytes = buf;
	size_t count = 0;

	for (; *text; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (count == len || digit(text[0]) < 0 || digit(text[1]) < 0)
			return -EINVAL;
		bytes[count++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
		text++;
	}
	return (ssize_t)count;
}
