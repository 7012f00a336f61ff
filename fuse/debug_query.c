/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The query language of dynamic debug. Bytes in, verdict out; must not know what is
 * done with a query.
 *
 *	query := { keyword value } flags
 *	keyword := "file" | "module" | "func" | "line" | "format" | "class"
 *	flags := ( "+" | "-" | "=" ) { p | m | f | s | l | t | d | _ }
 */
#include "debug_query.h"
#include <errno.h>
#include <limits.h>
#include <string.h>

#define BLANKS " \t\r\v\f"

/* ---- words ------------------------------------------------------------------------------ */

/* One word, perhaps in quotes; NULL: a quote that has no end. */
static char *take_word(char **text)
{
	char *start = *text;
	char quote = *start;
	char *end;

	if (quote == '"' || quote == '\'') {
		start++;
		end = strchr(start, quote);
		if (!end)
			return NULL;
	} else {
		end = start + strcspn(start, BLANKS);
	}
	*text = *end ? end + 1 : end;
	*end = '\0';
	return start;
}

/* A comment ends the query where a word would begin. */
static int split(char *text, char **words)
{
	int count = 0;

	for (;;) {
		text += strspn(text, BLANKS);
		if (!*text || *text == '#')
			return count;
		if (count == DEBUG_QUERY_WORDS)
			return -EINVAL;
		words[count] = take_word(&text);
		if (!words[count++])
			return -EINVAL;
	}
}

/* ---- values ------------------------------------------------------------------------------ */

/* "7", also "" which leaves *ret_line as it is. */
static int parse_line(const char *text, unsigned int *ret_line)
{
	unsigned int value = 0;

	if (!*text)
		return 0;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > (UINT_MAX - 9) / 10)
			return -EINVAL;
		value = value * 10 + (unsigned int)(*text - '0');
	}
	*ret_line = value;
	return 0;
}

/* "7", "7-9", "-9", "7-": a range that is open at one end goes to that of the file. */
static int parse_range(struct debug_query *query, char *text)
{
	char *dash = strchr(text, '-');

	if (query->first_line || query->last_line)
		return -EINVAL;
	if (dash)
		*dash++ = '\0';
	if (parse_line(text, &query->first_line) || (!dash && !*text))
		return -EINVAL;
	query->last_line = dash ? UINT_MAX : query->first_line;
	if (dash && parse_line(dash, &query->last_line))
		return -EINVAL;
	return query->last_line < query->first_line ? -EINVAL : 0;
}

static int set_once(const char **word, const char *value)
{
	if (*word)
		return -EINVAL;
	*word = value;
	return 0;
}

/* "a.c", or what it has inside: "a.c:function" and "a.c:7-9". */
static int set_file(struct debug_query *query, char *value)
{
	char *inside = strchr(value, ':');

	if (set_once(&query->file, value))
		return -EINVAL;
	if (!inside)
		return 0;
	*inside++ = '\0';
	if ((*inside >= 'a' && *inside <= 'z') || (*inside >= 'A' && *inside <= 'Z') ||
	    *inside == '*' || *inside == '?')
		return set_once(&query->function, inside);
	return parse_range(query, inside);
}

/* Escapes of a format, in place: \n \t \\ \" and three octal digits. */
static void unescape(char *text)
{
	static const char letters[] = "nrtvfabe\\\"'", bytes[] = "\n\r\t\v\f\a\b\033\\\"'";
	const char *from = text;
	const char *letter;

	while (*from) {
		letter = from[0] == '\\' && from[1] ? strchr(letters, from[1]) : NULL;
		if (letter) {
			*text++ = bytes[letter - letters];
			from += 2;
		} else if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
			   from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*text++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
					 (from[3] - '0'));
			from += 4;
		} else {
			*text++ = *from++;
		}
	}
	*text = '\0';
}

static int set_keyword(struct debug_query *query, const char *keyword, char *value)
{
	if (!strcmp(keyword, "file"))
		return set_file(query, value);
	if (!strcmp(keyword, "module"))
		return set_once(&query->module, value);
	if (!strcmp(keyword, "func"))
		return set_once(&query->function, value);
	if (!strcmp(keyword, "class"))
		return set_once(&query->class, value);
	if (!strcmp(keyword, "line"))
		return parse_range(query, value);
	if (strcmp(keyword, "format"))
		return -EINVAL;
	unescape(value);
	return set_once(&query->format, value);
}

static int parse_flags(struct debug_query *query, const char *text)
{
	static const char letters[] = "pmfslt";
	const char *letter;

	if (!*text || !strchr("+-=", *text))
		return -EINVAL;
	query->op = *text++;
	for (; *text; text++) {
		letter = strchr(letters, *text);
		if (letter)
			query->flags |= 1u << (letter - letters);
		else if (*text != '_' && *text != 'd') /* d: a call trace, which is not kept here */
			return -EINVAL;
	}
	return 0;
}

/* ---- queries ------------------------------------------------------------------------------ */

static int parse(char *text, struct debug_query *query)
{
	char *words[DEBUG_QUERY_WORDS];
	int count = split(text, words);
	int err;

	*query = (struct debug_query){ 0 };
	/* Pairs, and the flags. */
	if (count < 0 || count % 2 == 0)
		return -EINVAL;
	err = parse_flags(query, words[count - 1]);
	for (int i = 0; !err && i + 1 < count; i += 2)
		err = set_keyword(query, words[i], words[i + 1]);
	return err;
}

int debug_query_next(char **text, struct debug_query *ret_query)
{
	struct debug_query query;
	char *start, *end;
	int err;

	while (**text) {
		start = *text + strspn(*text, BLANKS);
		end = start + strcspn(start, ";\n");
		*text = *end ? end + 1 : end;
		*end = '\0';
		if (!*start || *start == '#')
			continue;
		err = parse(start, &query);
		if (err)
			return err;
		*ret_query = query;
		return 1;
	}
	return 0;
}

/* ---- matching ------------------------------------------------------------------------------ */

/* Wildcards * and ?, nothing else. Goes back to the last * only, so it takes no long time. */
static bool fits(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* As the source calls it, whole or its last part. */
static bool file_fits(const char *pattern, const char *file)
{
	const char *base = strrchr(file, '/');

	return fits(pattern, file) || (base && fits(pattern, base + 1));
}

/* Anywhere in it, or with ^ in front at its beginning. */
static bool format_fits(const char *part, const char *format)
{
	if (*part == '^')
		return !strncmp(format, part + 1, strlen(part + 1));
	return strstr(format, part);
}

bool debug_query_matches(const struct debug_query *query, const struct debug_query_line *line)
{
	if (query->class) /* no line here belongs to a class */
		return false;
	if (query->module && !fits(query->module, line->module))
		return false;
	if (query->file && !file_fits(query->file, line->file))
		return false;
	if (query->function && !fits(query->function, line->function))
		return false;
	if (query->format && !format_fits(query->format, line->format))
		return false;
	if (query->first_line && line->line < query->first_line)
		return false;
	return !query->last_line || line->line <= query->last_line;
}

unsigned int debug_query_apply(const struct debug_query *query, unsigned int flags)
{
	switch (query->op) {
	case '+':
		return flags | query->flags;
	case '-':
		return flags & ~query->flags;
	default:
		return query->flags;
	}
}
