/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Crashes: from the report (any thread, even a signal handler) over the loop to
 * the worker, and what recovery does. Mirrors rproc_report_crash(),
 * rproc_crash_handler_work() and rproc_trigger_recovery().
 */
#include <errno.h>
#include <stdio.h>
#include "core/internal.h"

/* Reports of one type seen at once that get a log line each; a flood gets no more. */
#define MAX_LINES 16
/* How soon the loop tries again to hand a crash to a worker that could not be made. */
#define RETRY_MS 50

/* A report is of the life in which it is made, however late it is handled. */
static void note_life(struct rproc *rproc)
{
	unsigned int life = atomic_load(&rproc->life);
	unsigned int latest = atomic_load(&rproc->crash_life);

	while (latest < life && !atomic_compare_exchange_weak(&rproc->crash_life, &latest, life))
		;
}

RPROC_API void rproc_report_crash(struct rproc *rproc, unsigned int type)
{
	if (!rproc)
		return;
	note_life(rproc);
	if (type >= RPROC_CRASH_TYPES)
		type = RPROC_CRASH_TYPES - 1;
	atomic_fetch_add(&rproc->crash_pending[type], 1);
	atomic_store(&rproc->context->crash_reported, true);
	rproc_loop_wake(rproc->context->loop);
}

/* ---- on the loop -------------------------------------------------------------------------- */

/* Print what was reported. Returns the type of a report to handle, or -1. */
static int take_reports(struct rproc *rproc)
{
	int found = -1;
	int type;

	for (type = 0; type < RPROC_CRASH_TYPES; type++) {
		unsigned int i, count = atomic_exchange(&rproc->crash_pending[type], 0);

		if (!count || atomic_load(&rproc->deleting))
			continue;
		atomic_fetch_add(&rproc->crash_reports, count);
		for (i = 0; i < count && i < MAX_LINES; i++)
			rproc_log(rproc, RPROC_LOG_ERR, "crash detected in %s: type %s",
				  rproc->name, rproc_crash_name((unsigned int)type));
		if (found < 0)
			found = type;
	}
	return found;
}

/* One processor's reports. Returns false if its worker could not be made. */
static bool collect(struct rproc *rproc)
{
	int type = take_reports(rproc);
	int owed = (int)atomic_exchange(&rproc->crash_owed, 0) - 1;
	int ret;

	if (owed >= 0)
		type = owed;
	if (type < 0 || atomic_exchange(&rproc->crash_queued, true))
		return true;
	atomic_store(&rproc->crash_type, (unsigned int)type);
	ret = rproc_queue_add(rproc, &rproc->crash_work);
	if (!ret)
		return true;
	atomic_store(&rproc->crash_queued, false);
	if (ret == -ENODEV)
		return true;
	/* It is not forgotten because memory is short just now; but told it has been. */
	atomic_store(&rproc->crash_owed, (unsigned int)type + 1);
	return false;
}

void rproc_collect_early_crash(struct rproc *rproc)
{
	if (collect(rproc))
		return;
	atomic_store(&rproc->context->crash_reported, true);
	rproc_loop_wake(rproc->context->loop);
}

unsigned int rproc_collect_crashes(struct rproc_context *context)
{
	struct rproc *rproc = NULL, *next;
	bool retry = false;

	if (!atomic_exchange(&context->crash_reported, false))
		return 0;
	while ((next = rproc_get_next(context, rproc ? rproc->index : -1))) {
		rproc_put(rproc);
		rproc = next;
		retry |= !collect(rproc);
	}
	rproc_put(rproc);
	if (!retry)
		return 0;
	atomic_store(&context->crash_reported, true);
	return RETRY_MS;
}

/* ---- on the worker -------------------------------------------------------------------------- */

static int handle_crash(struct rproc *rproc, struct rproc_work *work)
{
	enum rproc_state state = rproc_state(rproc);
	unsigned int type = atomic_load(&rproc->crash_type);
	char reason[64];

	(void)work;
	/* From here on the loop may note the next report's type. */
	atomic_store(&rproc->crash_queued, false);
	/*
	 * Only the first report of a crash is handled, and one of a dead processor is none: also
	 * where the processor was started since.
	 */
	if (atomic_load(&rproc->deleting) || state == RPROC_STATE_CRASHED ||
	    state == RPROC_STATE_OFFLINE ||
	    atomic_load(&rproc->crash_life) < atomic_load(&rproc->life))
		return 0;
	snprintf(reason, sizeof(reason), "crash: %s", rproc_crash_name(type));
	rproc_set_state(rproc, RPROC_STATE_CRASHED, reason);
	rproc_log(rproc, RPROC_LOG_ERR, "handling crash #%llu in %s",
		  atomic_fetch_add(&rproc->crashes, 1) + 1, rproc->name);
	rproc_rpmsg_crashed(rproc);
	if (atomic_load(&rproc->recovery_disabled))
		return 0;
	return rproc_do_recovery(rproc);
}

void rproc_crash_init(struct rproc *rproc)
{
	rproc->crash_work.run = handle_crash;
}

static int recover_by_attaching(struct rproc *rproc)
{
	int ret = rproc_disconnect(rproc);

	if (ret)
		return ret;
	rproc_release_resources(rproc);
	/* What was reported until now is over: the core is met as it is from here on. */
	atomic_fetch_add(&rproc->life, 1);
	return rproc_attach(rproc);
}

/* @ret_stopped: the old run is over; what is left of it has to be released on failure. */
static int recover_by_booting(struct rproc *rproc, bool *ret_stopped)
{
	/*
	 * What crashed while it was detached has no resources, and those of what was attached to are
	 * what the table of an image asked for that nobody knows.
	 */
	const bool anew = !rproc->subdevs_prepared || rproc->attached;
	struct rproc_firmware fw;
	int ret = rproc->subdevs_prepared ? 0 : rproc_reach_for_dump(rproc);

	if (!ret)
		ret = rproc_stop(rproc, true, "recovery");
	if (ret)
		return ret;
	*ret_stopped = true;
	if (rproc->ops.coredump)
		rproc->ops.coredump(rproc);
	if (atomic_load(&rproc->deleting))
		return -ENODEV;
	ret = rproc_firmware_request(rproc, &fw);
	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "request_firmware failed: %d", ret);
		return ret;
	}
	if (anew) {
		rproc_release_resources(rproc);
		ret = rproc_load_and_boot(rproc, &fw, "recovery");
	} else {
		ret = rproc_start(rproc, &fw, "recovery");
	}
	rproc_firmware_release(rproc, &fw);
	return ret;
}

static int recover(struct rproc *rproc)
{
	bool by_attaching = rproc->features & (1u << RPROC_FEAT_ATTACH_ON_RECOVERY);
	bool stopped = false;
	int ret;

	rproc_log(rproc, RPROC_LOG_ERR, "recovering %s", rproc->name);
	ret = by_attaching ? recover_by_attaching(rproc) : recover_by_booting(rproc, &stopped);
	if (!ret) {
		/* It may have crashed while nobody had booted it (detached): somebody has now. */
		if (!atomic_load(&rproc->power))
			atomic_store(&rproc->power, 1);
		atomic_fetch_add(&rproc->recoveries, 1);
		return 0;
	}
	atomic_fetch_add(&rproc->failed_recoveries, 1);
	/*
	 * The kernel leaves the resources and the count of a failed recovery behind, and the
	 * processor never starts again. Here it is cleanly offline and can boot.
	 */
	if (stopped)
		rproc_release_resources(rproc);
	if (rproc_state(rproc) == RPROC_STATE_OFFLINE || rproc_state(rproc) == RPROC_STATE_DETACHED)
		atomic_store(&rproc->power, 0);
	return ret;
}

int rproc_do_recovery(struct rproc *rproc)
{
	int ret;

	rproc_story_begin(rproc);
	if (atomic_load(&rproc->deleting)) {
		ret = rproc_story(rproc, -ENODEV, "recovery", "%s is being removed", rproc->name);
		rproc_story_end(rproc, ret, "recovery");
		return ret;
	}
	if (rproc_state(rproc) != RPROC_STATE_CRASHED)
		return 0;
	rproc_remarks_clear(rproc);
	ret = recover(rproc);
	rproc_story_end(rproc, ret, "recovery");
	return ret;
}
