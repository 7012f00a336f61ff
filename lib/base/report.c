/* SPDX-License-Identifier: BSD-3-Clause */
/* Findings of checks: fixed room, no allocation, an error is never lost. */
#include "base/report.h"

#include <stdarg.h>
#include <stdio.h>

int report_add(struct rproc_report *report, int error, int level, const char *log,
	       const char *story_fmt, ...)
{
	struct rproc_finding *finding;
	va_list args;

	if (!report)
		return error;
	if (report->count == RPROC_REPORT_MAX) {
		report->dropped++;
		if (!error)
			return 0;
		report->count--;
	}
	finding = &report->finding[report->count++];
	finding->error = error;
	finding->level = level;
	snprintf(finding->log, sizeof(finding->log), "%s", log);
	va_start(args, story_fmt);
	vsnprintf(finding->story, sizeof(finding->story), story_fmt, args);
	va_end(args);
	return error;
}
