/* SPDX-License-Identifier: BSD-3-Clause */
/* A JSON writer: indented, so that people can read it too. */
#include "json.h"

#include <inttypes.h>
#include <string.h>

static void new_line(const struct json *json)
{
	fputc('\n', json->out);
	for (unsigned int i = 0; i < json->depth; i++)
		fputs("  ", json->out);
}

static void begin_value(struct json *json, const char *key)
{
	if (json->comma)
		fputc(',', json->out);
	if (json->depth)
		new_line(json);
	if (key)
		fprintf(json->out, "\"%s\": ", key);
	json->comma = true;
}

static void open_level(struct json *json, const char *key, char bracket)
{
	begin_value(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->comma = false;
}

static void close_level(struct json *json, char bracket)
{
	json->depth--;
	if (json->comma)
		new_line(json);
	fputc(bracket, json->out);
	json->comma = true;
	if (!json->depth)
		fputc('\n', json->out);
}

void json_open_object(struct json *json, const char *key)
{
	open_level(json, key, '{');
}

void json_close_object(struct json *json)
{
	close_level(json, '}');
}

void json_open_array(struct json *json, const char *key)
{
	open_level(json, key, '[');
}

void json_close_array(struct json *json)
{
	close_level(json, ']');
}

/*
 * Length of the UTF-8 character at @text, or 0 if there is none: overlong forms,
 * surrogates and numbers past U+10FFFF are no characters either.
 */
static size_t utf8_len(const unsigned char *text, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t need = text[0] < 0x80		 ? 1
		      : (text[0] & 0xe0) == 0xc0 ? 2
		      : (text[0] & 0xf0) == 0xe0 ? 3
		      : (text[0] & 0xf8) == 0xf0 ? 4
						 : 0;
	uint32_t code;

	if (!need || need > len)
		return 0;
	if (need == 1)
		return 1;
	code = text[0] & (0x7fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fu);
	}
	if (code < least[need] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return need;
}

void json_text(struct json *json, const char *key, const char *text, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t i = 0;

	len = strnlen(text, len);
	begin_value(json, key);
	fputc('"', json->out);
	while (i < len) {
		size_t step = utf8_len(bytes + i, len - i);

		if (!step)
			fputs("\\ufffd", json->out);
		else if (bytes[i] == '"' || bytes[i] == '\\')
			fprintf(json->out, "\\%c", bytes[i]);
		else if (bytes[i] < 0x20 || bytes[i] == 0x7f)
			fprintf(json->out, "\\u%04x", bytes[i]);
		else
			fwrite(bytes + i, 1, step, json->out);
		i += step ? step : 1;
	}
	fputc('"', json->out);
}

void json_string(struct json *json, const char *key, const char *text)
{
	json_text(json, key, text, strlen(text));
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	begin_value(json, key);
	fprintf(json->out, "%" PRIu64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
	begin_value(json, key);
	fputs("null", json->out);
}
