/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Growing texts. Owns their memory; must not know who reads them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

void text_reset(struct text *text)
{
	text->len = 0;
	text->failed = false;
}

void text_fini(struct text *text)
{
	free(text->data);
	memset(text, 0, sizeof(*text));
}

/* Room for @more bytes behind the text. */
static bool reserve(struct text *text, size_t more)
{
	size_t cap = text->cap ? text->cap : 256;
	char *data;

	if (more <= text->cap - text->len)
		return true;
	while (cap - text->len < more)
		if (__builtin_mul_overflow(cap, (size_t)2, &cap))
			goto fail;
	data = realloc(text->data, cap);
	if (!data)
		goto fail;
	text->data = data;
	text->cap = cap;
	return true;
fail:
	text->failed = true;
	return false;
}

void text_bytes(struct text *text, const void *bytes, size_t len)
{
	if (!len || !reserve(text, len))
		return;
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
}

void text_line(struct text *text, const char *line)
{
	size_t len = strlen(line);

	if (!reserve(text, len + 1))
		return;
	memcpy(text->data + text->len, line, len);
	text->data[text->len + len] = '\n';
	text->len += len + 1;
}

void text_printf(struct text *text, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(text, (size_t)n + 1)) {
		text->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text->data + text->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	text->len += (size_t)n;
}

void text_escaped(struct text *text, const char *string)
{
	for (const unsigned char *s = (const unsigned char *)string; *s; s++) {
		if (*s >= 32 && *s < 127 && *s != '\\')
			text_bytes(text, s, 1);
		else
			text_printf(text, "\\x%02x", *s);
	}
}
