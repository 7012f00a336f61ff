/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input grammars of the mirrored files. Owns the decision which bytes mean
 * which word or number; must not know what the words do. Nothing here
 * allocates, reads beyond its bytes, or keeps them.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include "input.h"

size_t input_text_len(const char *buf, size_t len)
{
	return strnlen(buf, len);
}

int input_sysfs_word(const char *buf, size_t len, const char *const *words)
{
	len = input_text_len(buf, len < INPUT_SYSFS_MAX ? len : INPUT_SYSFS_MAX);
	if (len && buf[len - 1] == '\n')
		len--;
	for (int i = 0; words[i]; i++)
		if (strlen(words[i]) == len && !memcmp(words[i], buf, len))
			return i;
	return -EINVAL;
}

/* Equal in the first @len bytes, where a NUL in both ends the comparison ("strncmp"). */
static bool starts_alike(const char *buf, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++) {
		if (buf[i] != word[i])
			return false;
		if (!word[i])
			return true;
	}
	return true;
}

static int find_word(const char *buf, size_t len, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (starts_alike(buf, len, words[i]))
			return i;
	return -EINVAL;
}

int input_debugfs_word(const char *buf, size_t len, size_t max, const char *const *words)
{
	char copy[INPUT_DEBUGFS_COREDUMP_MAX];

	if (max > sizeof(copy))
		max = sizeof(copy);
	if (len < 1 || len > max)
		return -EINVAL;
	memcpy(copy, buf, len);
	if (copy[len - 1] == '\n')
		copy[len - 1] = '\0';
	return find_word(copy, len, words);
}

int input_cdev_word(const char *buf, size_t len, const char *const *words)
{
	if (len < 1 || len > INPUT_CDEV_MAX)
		return -EINVAL;
	return find_word(buf, len, words);
}

/* Value of a digit, or 99 for what is none in any base. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 99;
}

/* Take "0x" or nothing off the front and say which base the rest is in. */
static unsigned int take_base(const char *text, size_t *pos)
{
	const char *s = text + *pos;

	if (s[0] != '0')
		return 10;
	if ((s[1] == 'x' || s[1] == 'X') && digit_value(s[2]) < 16) {
		*pos += 2;
		return 16;
	}
	return 8;
}

int input_uint(const char *buf, size_t len, unsigned int *ret_value)
{
	char text[36]; /* a 64-bit number in octal and its surroundings; all the kernel looks at */
	size_t n = len < 34 ? len : 34;
	size_t pos = 0, start;
	unsigned int base;
	uint64_t value = 0;
	bool overflow = false;

	memset(text, 0, sizeof(text));
	memcpy(text, buf, n);
	if (text[0] == '+')
		pos++;
	base = take_base(text, &pos);
	for (start = pos; digit_value(text[pos]) < base; pos++)
		overflow |= __builtin_mul_overflow(value, base, &value) ||
			    __builtin_add_overflow(value, digit_value(text[pos]), &value);
	if (overflow)
		return -ERANGE;
	if (pos == start)
		return -EINVAL;
	if (text[pos] == '\n')
		pos++;
	if (text[pos])
		return -EINVAL;
	if (value > UINT_MAX)
		return -ERANGE;
	*ret_value = (unsigned int)value;
	return 0;
}

long input_leading_long(const char *buf, size_t len)
{
	bool minus = len && buf[0] == '-';
	long value = 0;

	for (size_t i = minus; i < len && buf[i] >= '0' && buf[i] <= '9'; i++) {
		if (value > (LONG_MAX - 9) / 10)
			return LONG_MAX; /* no caller wants a number of that size */
		value = value * 10 + (buf[i] - '0');
	}
	return minus ? -value : value;
}

static bool uuid_ok(const char *s, size_t len)
{
	if (len < 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : digit_value(s[i]) >= 16)
			return false;
	}
	return true;
}

static bool letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* " KEY=VALUE" any number of times, keys and values of letters and digits. */
static bool pairs_ok(const char *s, size_t len)
{
	size_t pos = 0;

	while (pos < len) {
		size_t start;

		if (s[pos++] != ' ')
			return false;
		for (start = pos; pos < len && letter_or_digit(s[pos]); pos++)
			;
		if (pos == start || pos == len || s[pos++] != '=')
			return false;
		for (start = pos; pos < len && letter_or_digit(s[pos]); pos++)
			;
		if (pos == start)
			return false;
	}
	return true;
}

const char *input_uevent_wrong(const char *buf, size_t len)
{
	static const char *const actions[] = { "add",	  "remove", "change", "move", "online",
					       "offline", "bind",   "unbind", NULL };
	const char *space;
	size_t word;

	len = input_text_len(buf, len < INPUT_SYSFS_MAX ? len : INPUT_SYSFS_MAX);
	if (len && buf[len - 1] == '\n')
		len--;
	space = memchr(buf, ' ', len);
	word = space ? (size_t)(space - buf) : len;
	for (int i = 0; actions[i]; i++) {
		if (strlen(actions[i]) != word || memcmp(actions[i], buf, word))
			continue;
		if (!space)
			return NULL;
		buf += word + 1;
		len -= word + 1;
		return uuid_ok(buf, len) && pairs_ok(buf + 36, len - 36)
			       ? NULL
			       : "incorrect uevent action arguments";
	}
	return "unknown uevent action string";
}
