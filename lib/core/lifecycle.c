/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a user asks of a processor, and the power count. Runs on the worker.
 * Boots are counted, and the count is not the state: see kernel-style notes at
 * each function. Mirrors rproc_boot(), rproc_shutdown(), rproc_detach().
 */
#include <errno.h>
#include "core/internal.h"

/* A boot from bytes that are at hand, or (NULL) from whatever the source names. */
static int power_up(struct rproc *rproc, const struct rproc_firmware *prefetched)
{
	struct rproc_firmware fw;
	int ret;

	if (rproc_state(rproc) == RPROC_STATE_CRASHED) {
		ret = rproc_end_detached(rproc, "start");
		if (ret)
			return ret;
	}
	rproc_log(rproc, RPROC_LOG_INFO, "powering up %s", rproc->name);
	if (prefetched)
		return rproc_load_and_boot(rproc, prefetched, "start");
	ret = rproc_firmware_request(rproc, &fw);
	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "request_firmware failed: %d", ret);
		return ret;
	}
	ret = rproc_load_and_boot(rproc, &fw, "start");
	rproc_firmware_release(rproc, &fw);
	return ret;
}

static int boot(struct rproc *rproc, const struct rproc_firmware *prefetched)
{
	bool attaching;
	int ret;

	if (atomic_load(&rproc->deleting)) {
		rproc_log(rproc, RPROC_LOG_ERR, "can't boot deleting rproc %s", rproc->name);
		return rproc_story(rproc, -ENODEV, "boot", "%s is being removed", rproc->name);
	}
	/* Whatever the state is: the kernel counts, and does nothing above one. */
	if (atomic_fetch_add(&rproc->power, 1) > 0)
		return 0;
	rproc_remarks_clear(rproc);
	attaching = rproc_state(rproc) == RPROC_STATE_DETACHED;
	ret = attaching ? rproc_attach(rproc) : power_up(rproc, prefetched);
	if (ret) {
		atomic_fetch_sub(&rproc->power, 1);
		atomic_fetch_add(&rproc->failures, 1);
		return ret;
	}
	atomic_fetch_add(attaching ? &rproc->attaches : &rproc->boots, 1);
	rproc_story_clear(rproc);
	return 0;
}

static int boot_and_tell(struct rproc *rproc, const struct rproc_firmware *prefetched)
{
	int ret;

	rproc_story_begin(rproc);
	ret = boot(rproc, prefetched);
	rproc_story_end(rproc, ret, "boot");
	return ret;
}

int rproc_do_boot(struct rproc *rproc)
{
	return boot_and_tell(rproc, NULL);
}

int rproc_do_auto_boot(struct rproc *rproc, struct rproc_work *work)
{
	struct rproc_firmware fw;
	int ret;

	(void)work;
	if (rproc_state(rproc) != RPROC_STATE_OFFLINE)
		return rproc_do_boot(rproc);
	/* As the kernel does it: look for the firmware first, and boot even if it is not there. */
	rproc_story_begin(rproc);
	if (rproc_firmware_request(rproc, &fw))
		return rproc_do_boot(rproc);
	ret = boot_and_tell(rproc, &fw);
	rproc_firmware_release(rproc, &fw);
	return ret;
}

/* Is @call allowed now? Tells the story if not. */
static int allowed(struct rproc *rproc, enum rproc_call call, const char *word, const char *when)
{
	enum rproc_state state = rproc_state(rproc);
	int ret = rproc_state_allows(state, call,
				     rproc->features & (1u << RPROC_FEAT_DETACH_RUNNING));

	if (!ret)
		return 0;
	return rproc_story(rproc, ret, word, "%s is %s; only %s processor can %s", rproc->name,
			   rproc_state_name(state), when, word);
}

static int shut_down(struct rproc *rproc)
{
	int ret = allowed(rproc, RPROC_CALL_SHUTDOWN, "stop", "a running, attached or crashed");

	if (ret)
		return ret;
	/*
	 * The count can be 0 here: a processor that crashed while it was detached. The kernel
	 * counts on to -1 and never stops it; we stop it.
	 */
	if (atomic_load(&rproc->power) > 1) {
		atomic_fetch_sub(&rproc->power, 1);
		return 0;
	}
	ret = rproc_stop(rproc, rproc_state(rproc) == RPROC_STATE_CRASHED, "stop");
	if (ret)
		return ret;
	rproc_release_resources(rproc);
	atomic_store(&rproc->power, 0);
	atomic_fetch_add(&rproc->shutdowns, 1);
	return 0;
}

int rproc_do_shutdown(struct rproc *rproc)
{
	int ret;

	rproc_story_begin(rproc);
	ret = shut_down(rproc);
	rproc_story_end(rproc, ret, "stop");
	return ret;
}

static int detach(struct rproc *rproc)
{
	int ret;

	ret = allowed(rproc, RPROC_CALL_DETACH, "detach",
		      rproc->features & (1u << RPROC_FEAT_DETACH_RUNNING) ? "a running or attached"
									  : "an attached");
	if (ret)
		return ret;
	if (atomic_load(&rproc->power) > 1) {
		atomic_fetch_sub(&rproc->power, 1);
		return 0;
	}
	ret = rproc_disconnect(rproc);
	if (ret)
		return ret;
	rproc_release_resources(rproc);
	atomic_store(&rproc->power, 0);
	atomic_fetch_add(&rproc->detaches, 1);
	return 0;
}

int rproc_do_detach(struct rproc *rproc)
{
	int ret;

	rproc_story_begin(rproc);
	ret = detach(rproc);
	rproc_story_end(rproc, ret, "detach");
	return ret;
}
