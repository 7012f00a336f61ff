/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages for people: as text, as hexadecimal, as they are. Knows nothing of where
 * they come from.
 */
#ifndef RPROC_TOOL_MESSAGE_TEXT_H
#define RPROC_TOOL_MESSAGE_TEXT_H

#include <stddef.h>
#include <sys/types.h>

enum message_form {
	MESSAGE_TEXT, /* a line each; what would steer a terminal is written \xNN */
	MESSAGE_HEX,  /* a line of hexadecimal digits each */
	MESSAGE_RAW   /* nothing added */
};

/* To the standard output, at once. 0 or a negative errno. */
int message_print(enum message_form form, const void *data, size_t len);

/* Bytes out of hexadecimal digits, blanks between them. Their number, or -EINVAL. */
ssize_t message_parse_hex(const char *text, void *buf, size_t len);

#endif
