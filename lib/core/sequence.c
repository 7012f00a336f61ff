/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is done to a processor, in the kernel's order: load and start, stop,
 * attach, disconnect, and how each unwinds. Runs on the worker. Mirrors
 * rproc_fw_boot(), rproc_start(), rproc_stop(), rproc_attach(),
 * __rproc_detach() of remoteproc_core.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"

/* ---- tables over the life of a run ------------------------------------------------------ */

/* A private copy of the table as the remote has it now; NULL if there is no memory. */
static struct rproc_resource_table *copy_table(struct rproc *rproc)
{
	struct rproc_resource_table *copy = malloc(rproc->table_size);

	if (copy)
		rproc_iomem_copy_from(copy, rproc->table_ptr, rproc->table_size);
	return copy;
}

static void free_clean_table(struct rproc *rproc)
{
	free(rproc->clean_table);
	rproc->clean_table = NULL;
}

/* The table in device memory as it was found. Readers of the table may be at work. */
static void restore_table(struct rproc *rproc)
{
	pthread_mutex_lock(&rproc->data_lock);
	rproc_iomem_copy_to(rproc->table_ptr, rproc->clean_table, rproc->table_size);
	pthread_mutex_unlock(&rproc->data_lock);
}

/* From here on device memory is not touched: the remote may be gone with it. */
static int reset_table_on_stop(struct rproc *rproc)
{
	struct rproc_resource_table *copy;

	if (!rproc->table_ptr)
		return 0;
	if (rproc->cached_table) {
		rproc_table_set(rproc, rproc->cached_table, rproc->cached_table, rproc->table_size);
		return 0;
	}
	copy = copy_table(rproc);
	if (!copy)
		return -ENOMEM;
	rproc_table_set(rproc, copy, copy, rproc->table_size);
	return 0;
}

/* Leave the table as it was found, for whoever attaches next. */
static int reset_table_on_detach(struct rproc *rproc)
{
	struct rproc_resource_table *device = rproc->table_ptr;
	struct rproc_resource_table *copy;

	/* Never in device memory, or restored by an attempt to detach that failed after this. */
	if (!device || device == rproc->cached_table) {
		free_clean_table(rproc);
		return 0;
	}
	if (!rproc->clean_table)
		return rproc_story(rproc, -EINVAL, "detach",
				   "there is no copy of the table as it was found");
	copy = copy_table(rproc);
	if (!copy)
		return -ENOMEM;
	restore_table(rproc);
	rproc_table_set(rproc, copy, copy, rproc->table_size);
	free_clean_table(rproc);
	return 0;
}

static void point_at_cached_table(struct rproc *rproc)
{
	rproc_table_set(rproc, rproc->cached_table, rproc->cached_table, rproc->table_size);
}

/* ---- optional ops --------------------------------------------------------------------------- */

static int prepare_device(struct rproc *rproc)
{
	int ret = rproc->ops.prepare ? rproc->ops.prepare(rproc) : 0;

	rproc->prepared = !ret;
	if (!ret)
		return 0;
	rproc_log(rproc, RPROC_LOG_ERR, "can't prepare rproc %s: %d", rproc->name, ret);
	/* What it registered before it failed must not meet the next attempt. */
	rproc_resource_cleanup(rproc);
	return ret;
}

/*
 * The driver needs to reach what it is to stop or to detach from, also a core that crashed while
 * nobody had booted it.
 */
static int reach(struct rproc *rproc)
{
	return rproc->prepared ? 0 : prepare_device(rproc);
}

int rproc_reach_for_dump(struct rproc *rproc)
{
	int ret = reach(rproc);

	if (ret || rproc_coredump_mode(rproc) == RPROC_COREDUMP_DISABLED)
		return ret;
	/* What cannot be had is missing in the dump; that is no reason to let the core run. */
	if (rproc_alloc_carveouts(rproc))
		rproc_story_begin(rproc);
	return 0;
}

void rproc_release_resources(struct rproc *rproc)
{
	rproc_resource_cleanup(rproc);
	/* Not twice, and not of a core that was left to itself when it crashed. */
	if (rproc->prepared && rproc->ops.unprepare)
		rproc->ops.unprepare(rproc);
	rproc->prepared = false;
	rproc->attached = false;
	rproc_table_set(rproc, NULL, NULL, 0);
	free_clean_table(rproc);
}

/* ---- start ----------------------------------------------------------------------------------- */

/* What get_boot_addr and find_loaded_rsc_table could not answer. */
static int take_loader_error(struct rproc *rproc)
{
	int ret = rproc->loader_error;

	rproc->loader_error = 0;
	return ret;
}

static int load(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct rproc_resource_table *loaded = NULL;
	int ret = rproc->ops.load ? rproc->ops.load(rproc, fw) : -EINVAL;

	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "Failed to load program segments: %d", ret);
		return ret;
	}
	if (rproc->ops.find_loaded_rsc_table)
		loaded = rproc->ops.find_loaded_rsc_table(rproc, fw);
	ret = take_loader_error(rproc);
	if (ret)
		return ret;
	rproc_story_begin(rproc); /* finding none is no failure */
	if (loaded && rproc->cached_table) {
		rproc_iomem_copy_to(loaded, rproc->cached_table, rproc->table_size);
		rproc_table_set(rproc, rproc->cached_table, loaded, rproc->table_size);
	}
	rproc_resolve_traces(rproc);
	return 0;
}

/*
 * The core and what hangs at it: subdevices prepared, @op (start or attach) called, subdevices
 * started; all undone if one fails, by the stop op whichever way the core came up.
 */
static int bring_up(struct rproc *rproc, int (*op)(struct rproc *rproc), const char *failed)
{
	int ret = rproc_prepare_subdevs(rproc);

	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "failed to prepare subdevices for %s: %d",
			  rproc->name, ret);
		return ret;
	}
	ret = op(rproc);
	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "can't %s rproc %s: %d", failed, rproc->name, ret);
		goto err_unprepare;
	}
	ret = rproc_start_subdevs(rproc);
	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "failed to probe subdevices for %s: %d",
			  rproc->name, ret);
		goto err_stop;
	}
	return 0;

err_stop:
	/* To attach once more would find nothing that runs. */
	if (rproc->ops.stop && !rproc->ops.stop(rproc) && rproc->ops.start &&
	    rproc_state(rproc) == RPROC_STATE_DETACHED)
		rproc_set_state(rproc, RPROC_STATE_OFFLINE, "attach failed");
err_unprepare:
	rproc_unprepare_subdevs(rproc);
	return ret;
}

static int call_start(struct rproc *rproc)
{
	int ret = rproc->ops.start ? rproc->ops.start(rproc) : -EINVAL;

	if (ret)
		rproc_story(rproc, ret, "start", "the driver could not start %s", rproc->name);
	return ret;
}

int rproc_start(struct rproc *rproc, const struct rproc_firmware *fw, const char *reason)
{
	int ret;

	/* Crashes reported until now are of the run before. */
	atomic_fetch_add(&rproc->life, 1);
	ret = load(rproc, fw);
	if (ret)
		return ret;
	ret = bring_up(rproc, call_start, "start");
	if (ret) {
		point_at_cached_table(rproc);
		return ret;
	}
	rproc_set_state(rproc, RPROC_STATE_RUNNING, reason);
	rproc_log(rproc, RPROC_LOG_INFO, "remote processor %s is now up", rproc->name);
	return 0;
}

/* What detach will restore is kept before the walk writes into the table. */
static int keep_clean_table(struct rproc *rproc)
{
	free_clean_table(rproc);
	if (!rproc->table_ptr || !(rproc->features & (1u << RPROC_FEAT_DETACH_RUNNING)))
		return 0;
	rproc->clean_table = copy_table(rproc);
	return rproc->clean_table ? 0 : -ENOMEM;
}

static int acquire_resources(struct rproc *rproc, const void *table)
{
	int ret;

	rproc->num_vdevs = 0;
	if (table) {
		ret = rproc_handle_resources(rproc, table, rproc->table_size);
		if (ret) {
			rproc_log(rproc, RPROC_LOG_ERR, "Failed to process resources: %d", ret);
			return ret;
		}
	}
	ret = rproc_alloc_carveouts(rproc);
	if (ret)
		rproc_log(rproc, RPROC_LOG_ERR, "Failed to allocate associated carveouts: %d", ret);
	return ret;
}

int rproc_load_and_boot(struct rproc *rproc, const struct rproc_firmware *fw, const char *reason)
{
	int ret = rproc->ops.sanity_check ? rproc->ops.sanity_check(rproc, fw) : 0;
	char name[RPROC_STORY_MAX]; /* as long as a line of the log */

	if (ret)
		return ret;
	rproc_firmware_name(rproc, name, sizeof(name));
	rproc_log(rproc, RPROC_LOG_INFO, "Booting fw image %s, size %zd", name, fw->size);
	ret = prepare_device(rproc);
	if (ret)
		return ret;
	atomic_store(&rproc->bootaddr,
		     rproc->ops.get_boot_addr ? rproc->ops.get_boot_addr(rproc, fw) : 0);
	ret = take_loader_error(rproc);
	if (!ret && rproc->ops.parse_fw)
		ret = rproc->ops.parse_fw(rproc, fw);
	if (ret)
		goto err_release;
	/* What the driver let pass is no failure: a later one has its own story. */
	rproc_story_begin(rproc);
	ret = keep_clean_table(rproc);
	if (ret)
		goto err_release;
	ret = acquire_resources(rproc, rproc->table_ptr);
	if (ret)
		goto err_release;
	ret = rproc_start(rproc, fw, reason);
	if (ret)
		goto err_release;
	return 0;

err_release:
	rproc_release_resources(rproc);
	return ret;
}

/* ---- stop ----------------------------------------------------------------------------------- */

int rproc_stop(struct rproc *rproc, bool crashed, const char *reason)
{
	struct rproc_resource_table *device = rproc->table_ptr;
	bool cached = rproc->cached_table;
	int ret;

	if (!rproc->ops.stop)
		return rproc_story(rproc, -EINVAL, "stop", "the driver of %s cannot stop it",
				   rproc->name);
	ret = reach(rproc);
	if (ret)
		return ret;
	rproc_stop_subdevs(rproc, crashed);
	ret = reset_table_on_stop(rproc);
	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "can't reset resource table: %d", ret);
		return ret;
	}
	ret = rproc->ops.stop(rproc);
	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "can't stop rproc: %d", ret);
		/* It goes on, and its table with it: a detach still has that to restore. */
		rproc_table_set(rproc, cached ? rproc->cached_table : NULL, device,
				rproc->table_size);
		return ret;
	}
	/* The clean table stays: a recovery starts from it, and may be left to itself then. */
	rproc_unprepare_subdevs(rproc);
	rproc_set_state(rproc, RPROC_STATE_OFFLINE, reason);
	rproc_log(rproc, RPROC_LOG_INFO, "stopped remote processor %s", rproc->name);
	return 0;
}

int rproc_end_detached(struct rproc *rproc, const char *reason)
{
	int ret = reach(rproc);

	if (!ret && rproc->ops.stop)
		ret = rproc->ops.stop(rproc);
	if (ret)
		return ret;
	rproc_set_state(rproc, RPROC_STATE_OFFLINE, reason);
	rproc_release_resources(rproc);
	return 0;
}

void rproc_abandon(struct rproc *rproc)
{
	rproc_stop_subdevs(rproc, rproc_state(rproc) == RPROC_STATE_CRASHED);
	/* The table may lie in memory that is released next. */
	point_at_cached_table(rproc);
	rproc_unprepare_subdevs(rproc);
	rproc_release_resources(rproc);
}

/* ---- attach and detach ---------------------------------------------------------------------- */

/* Ask the driver for the running core's table. @ret_walk: a private copy to be read. */
static int find_running_table(struct rproc *rproc, struct rproc_resource_table **ret_walk)
{
	struct rproc_resource_table *table = NULL, *walk;
	size_t size = 0;
	int ret;

	*ret_walk = NULL;
	if (!rproc->ops.get_loaded_rsc_table)
		return 0;
	ret = rproc->ops.get_loaded_rsc_table(rproc, &table, &size);
	if (ret) {
		/* The kernel prints this in the helper and again in its caller. */
		rproc_log(rproc, RPROC_LOG_ERR, "can't load resource table: %d", ret);
		rproc_log(rproc, RPROC_LOG_ERR, "can't load resource table: %d", ret);
		return ret;
	}
	if (!table)
		return 0;
	if (size < sizeof(*table) || size > RPROC_TABLE_MAX)
		return rproc_story(
			rproc, -EINVAL, "attach",
			"the running firmware's table has %zu bytes; 16 to %u are possible", size,
			RPROC_TABLE_MAX);
	walk = malloc(size);
	if (!walk)
		return -ENOMEM;
	/* The core runs and may rewrite its table: it is read once. */
	rproc_iomem_copy_from(walk, table, size);
	rproc_table_set(rproc, NULL, table, size);
	*ret_walk = walk;
	return 0;
}

static int call_attach(struct rproc *rproc)
{
	return rproc->ops.attach ? rproc->ops.attach(rproc) : 0;
}

int rproc_attach(struct rproc *rproc)
{
	struct rproc_resource_table *walk;
	int ret;

	rproc_log(rproc, RPROC_LOG_INFO, "attaching to %s", rproc->name);
	ret = prepare_device(rproc);
	if (ret)
		return ret;
	ret = find_running_table(rproc, &walk);
	if (ret)
		goto err_release;
	/* The copy that is walked is also the table as it was found: nothing writes to it. */
	rproc->clean_table = walk;
	ret = acquire_resources(rproc, walk);
	if (ret)
		goto err_release;
	rproc_resolve_traces(rproc);
	ret = bring_up(rproc, call_attach, "attach to");
	if (ret)
		goto err_release;
	if (!rproc->ops.detach)
		free_clean_table(rproc);
	rproc->attached = true;
	rproc_set_state(rproc, RPROC_STATE_ATTACHED, "attach");
	rproc_log(rproc, RPROC_LOG_INFO, "remote processor %s is now attached", rproc->name);
	return 0;

err_release:
	/*
	 * The core goes on: give it back the table it had. It may lie in a carveout, so
	 * nothing writes to it from here on.
	 */
	if (rproc->clean_table)
		restore_table(rproc);
	point_at_cached_table(rproc);
	rproc_release_resources(rproc);
	return ret;
}

int rproc_disconnect(struct rproc *rproc)
{
	int ret;

	if (!rproc->ops.detach)
		return rproc_story(rproc, -EINVAL, "detach", "the driver of %s cannot detach it",
				   rproc->name);
	ret = reach(rproc);
	if (ret)
		return ret;
	rproc_stop_subdevs(rproc, false);
	ret = reset_table_on_detach(rproc);
	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "can't reset resource table: %d", ret);
		return ret;
	}
	ret = rproc->ops.detach(rproc);
	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "can't detach from rproc: %d", ret);
		return ret;
	}
	rproc_unprepare_subdevs(rproc);
	rproc_set_state(rproc, RPROC_STATE_DETACHED, "detach");
	rproc_log(rproc, RPROC_LOG_INFO, "detached remote processor %s", rproc->name);
	return 0;
}
