/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a driver noticed that is no failure: the kernel would say nothing, and the
 * processor runs, but its user may wonder. A line each, kept from the boot or
 * recovery in which it was noticed until the next.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "core/internal.h"

void rproc_remarks_clear(struct rproc *rproc)
{
	pthread_mutex_lock(&rproc->data_lock);
	rproc->remarks[0] = '\0';
	pthread_mutex_unlock(&rproc->data_lock);
}

/* With the lock. */
static bool has_line(const struct rproc *rproc, const char *line)
{
	const char *at = rproc->remarks;
	size_t len;

	for (; *at; at += len + (at[len] == '\n')) {
		len = strcspn(at, "\n");
		if (strlen(line) == len && !memcmp(at, line, len))
			return true;
	}
	return false;
}

/* With the lock. One that finds no room is left out whole: half a number misleads. */
static void append(struct rproc *rproc, const char *line)
{
	size_t have = strlen(rproc->remarks);

	if (has_line(rproc, line))
		return;
	if (have + strlen(line) + 2 > sizeof(rproc->remarks))
		return;
	snprintf(rproc->remarks + have, sizeof(rproc->remarks) - have, "%s%s", have ? "\n" : "",
		 line);
}

RPROC_API void rproc_remark(struct rproc *rproc, const char *stage, const char *fmt, ...)
{
	char text[RPROC_STORY_MAX / 2], line[RPROC_STORY_MAX / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(line, sizeof(line), "%.32s: %.450s", stage, text);
	pthread_mutex_lock(&rproc->data_lock);
	append(rproc, line);
	pthread_mutex_unlock(&rproc->data_lock);
	rproc_log(rproc, RPROC_LOG_DEBUG, "%s", line);
}

RPROC_API size_t rproc_remarks(const struct rproc *rproc, char *buf, size_t len)
{
	struct rproc *r = (struct rproc *)rproc;
	size_t ret;

	pthread_mutex_lock(&r->data_lock);
	ret = (size_t)snprintf(buf, len, "%s", r->remarks);
	pthread_mutex_unlock(&r->data_lock);
	return ret;
}
