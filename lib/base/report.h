/* SPDX-License-Identifier: BSD-3-Clause */
/* How a check writes down what it found (struct rproc_report). Pure. */
#ifndef RPROC_BASE_REPORT_H
#define RPROC_BASE_REPORT_H

#include <librproc/resource_table.h>

/*
 * Add a finding: @error (0 for a remark), the kernel's line @log ("" for none)
 * and a story. @report may be NULL. When there is no room a remark is dropped and
 * an error takes the last place. Returns @error.
 */
int report_add(struct rproc_report *report, int error, int level, const char *log,
	       const char *story_fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
