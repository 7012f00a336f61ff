/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two channels, never mixed: the log carries the kernel's lines, the story of a
 * failure names the thing, the numbers and the remedy. One story a processor:
 * that of its last failure.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "core/internal.h"

RPROC_API void rproc_log(const struct rproc *rproc, int level, const char *fmt, ...)
{
	va_list args;

	if (!rproc_debug_plugin(rproc->context, level, rproc->dev->plugin_name))
		return;
	va_start(args, fmt);
	rproc_context_vprint(rproc->context, level, rproc->log_name, fmt, args);
	va_end(args);
}

void rproc_story_begin(struct rproc *rproc)
{
	pthread_mutex_lock(&rproc->data_lock);
	rproc->story_set = false;
	rproc->story_aside = false;
	pthread_mutex_unlock(&rproc->data_lock);
}

void rproc_story_clear(struct rproc *rproc)
{
	pthread_mutex_lock(&rproc->data_lock);
	/* What a crash told while the operation was still ending is not an old story. */
	if (!rproc->story_set && !rproc->story_aside)
		rproc->story[0] = '\0';
	pthread_mutex_unlock(&rproc->data_lock);
}

/* With the lock. */
static void write_story(struct rproc *rproc, int error, const char *stage, const char *text)
{
	const char *name = strerrorname_np(-error);

	snprintf(rproc->story, sizeof(rproc->story), "%s: %.900s (%s)", stage, text,
		 name ? name : "unknown");
}

static void tell(struct rproc *rproc, int error, const char *stage, const char *text)
{
	pthread_mutex_lock(&rproc->data_lock);
	/* The first story of an operation stays: the deepest knows most. */
	if (!rproc->story_set) {
		write_story(rproc, error, stage, text);
		rproc->story_aside = false;
	}
	rproc->story_set = true;
	pthread_mutex_unlock(&rproc->data_lock);
}

void rproc_story_set_aside(struct rproc *rproc, bool anew, int error, const char *stage,
			   const char *text)
{
	if (rproc->story_set || (!anew && !rproc->story_aside))
		return;
	write_story(rproc, error, stage, text);
	rproc->story_aside = true;
}

RPROC_API int rproc_story_aside(struct rproc *rproc, int error, const char *stage, const char *fmt,
				...)
{
	char text[RPROC_STORY_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pthread_mutex_lock(&rproc->data_lock);
	rproc_story_set_aside(rproc, true, error, stage, text);
	pthread_mutex_unlock(&rproc->data_lock);
	return error;
}

RPROC_API int rproc_story(struct rproc *rproc, int error, const char *stage, const char *fmt, ...)
{
	char text[RPROC_STORY_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	tell(rproc, error, stage, text);
	return error;
}

void rproc_story_end(struct rproc *rproc, int error, const char *stage)
{
	if (error == -ENOMEM)
		tell(rproc, error, stage, "the host has no memory left");
	else if (error)
		tell(rproc, error, stage, strerror(-error));
	/* A crash that comes now has a story of its own. */
	pthread_mutex_lock(&rproc->data_lock);
	rproc->story_set = false;
	pthread_mutex_unlock(&rproc->data_lock);
}

void rproc_log_findings(struct rproc *rproc, const struct rproc_report *report)
{
	unsigned int i;

	for (i = 0; i < report->count; i++) {
		if (report->finding[i].log[0])
			rproc_log(rproc, report->finding[i].level, "%s", report->finding[i].log);
	}
}

RPROC_API int rproc_report_findings(struct rproc *rproc, int error, const char *stage,
				    const struct rproc_report *report)
{
	unsigned int i;

	rproc_log_findings(rproc, report);
	for (i = 0; i < report->count; i++) {
		if (report->finding[i].error)
			tell(rproc, report->finding[i].error, stage, report->finding[i].story);
	}
	return error;
}

RPROC_API size_t rproc_last_error(const struct rproc *rproc, char *buf, size_t len)
{
	struct rproc *r = (struct rproc *)rproc;
	size_t ret;

	pthread_mutex_lock(&r->data_lock);
	ret = (size_t)snprintf(buf, len, "%s", r->story);
	pthread_mutex_unlock(&r->data_lock);
	return ret;
}
