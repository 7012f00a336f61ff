/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing JSON: commas, quotes and indentation, for whoever has things to say.
 * Knows nothing of what is said.
 */
#ifndef RPROC_TOOL_JSON_H
#define RPROC_TOOL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A value being written. Zero it but for @out. */
struct json {
	FILE *out;
	unsigned int depth;
	bool comma; /* something stands before, on this level */
};

/* Each @key is NULL in an array and at the top. */
void json_open_object(struct json *json, const char *key);
void json_close_object(struct json *json);
void json_open_array(struct json *json, const char *key);
void json_close_array(struct json *json);

/* Up to the first NUL or @len bytes; bytes that are no valid text become U+FFFD. */
void json_text(struct json *json, const char *key, const char *text, size_t len);
void json_string(struct json *json, const char *key, const char *text);
/* 64-bit numbers are written in full: a reader with doubles loses bits above 2^53. */
void json_number(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif
