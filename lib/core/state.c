/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state machine as a table: which call is allowed in which state, and the
 * words the kernel has for states and modes. Pure.
 */
#include <errno.h>
#include "core/internal.h"

static const char *const state_names[] = {
	[RPROC_STATE_OFFLINE] = "offline",   [RPROC_STATE_SUSPENDED] = "suspended",
	[RPROC_STATE_RUNNING] = "running",   [RPROC_STATE_CRASHED] = "crashed",
	[RPROC_STATE_ATTACHED] = "attached", [RPROC_STATE_DETACHED] = "detached",
	[RPROC_STATE_LAST] = "invalid",
};

static const char *const crash_names[] = {
	[RPROC_CRASH_MMUFAULT] = "mmufault",
	[RPROC_CRASH_WATCHDOG] = "watchdog",
	[RPROC_CRASH_FATAL_ERROR] = "fatal error",
};

static const char *const mode_names[] = {
	[RPROC_COREDUMP_DISABLED] = "disabled",
	[RPROC_COREDUMP_ENABLED] = "enabled",
	[RPROC_COREDUMP_INLINE] = "inline",
};

RPROC_API const char *rproc_state_name(enum rproc_state state)
{
	return state_names[(unsigned int)state > RPROC_STATE_LAST ? RPROC_STATE_LAST : state];
}

RPROC_API const char *rproc_crash_name(unsigned int type)
{
	return type > RPROC_CRASH_FATAL_ERROR ? "unknown" : crash_names[type];
}

RPROC_API const char *rproc_coredump_mode_name(enum rproc_coredump_mode mode)
{
	return (unsigned int)mode > RPROC_COREDUMP_INLINE ? "invalid" : mode_names[mode];
}

int rproc_state_allows(enum rproc_state state, enum rproc_call call, bool detach_running)
{
	switch (call) {
	case RPROC_CALL_BOOT:
		return 0; /* counted in every state */
	case RPROC_CALL_SHUTDOWN:
		if (state == RPROC_STATE_RUNNING || state == RPROC_STATE_ATTACHED ||
		    state == RPROC_STATE_CRASHED)
			return 0;
		return -EINVAL;
	case RPROC_CALL_DETACH:
		if (state == RPROC_STATE_ATTACHED ||
		    (state == RPROC_STATE_RUNNING && detach_running))
			return 0;
		return -EINVAL;
	}
	return -EINVAL;
}
