/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The processor as an object: made, added, deleted, counted, described. What
 * happens to it is in lifecycle.c and sequence.c. Mirrors rproc_alloc(),
 * rproc_add(), rproc_del(), rproc_free() of remoteproc_core.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"

/* ---- made ---------------------------------------------------------------------------------- */

static int take_index(struct rproc *rproc, struct rproc_context *context)
{
	pthread_mutex_lock(&context->lock);
	rproc->index = ids_get(&context->indices);
	rproc->serial = ++context->last_serial;
	pthread_mutex_unlock(&context->lock);
	return rproc->index;
}

static char *default_firmware_name(const char *name)
{
	char *firmware;

	return asprintf(&firmware, "rproc-%s-fw", name) < 0 ? NULL : firmware;
}

static void init_ops(struct rproc *rproc, const struct rproc_ops *ops, size_t ops_size)
{
	memcpy(&rproc->ops, ops, ops_size < sizeof(rproc->ops) ? ops_size : sizeof(rproc->ops));
	if (!rproc->ops.coredump)
		rproc->ops.coredump = rproc_coredump;
	if (!rproc->ops.load)
		rproc_install_loader(&rproc->ops);
}

static void init_fields(struct rproc *rproc, struct rproc_device *device)
{
	rproc->context = device->context;
	rproc->dev = rproc_device_get(device);
	rproc->auto_boot = true;
	rproc->fw_format = NULL;
	atomic_init(&rproc->refs, 1);
	atomic_init(&rproc->state, RPROC_STATE_OFFLINE);
	rproc_queue_init(&rproc->queue);
	rproc_crash_init(rproc);
	list_init(&rproc->link);
	pthread_mutex_init(&rproc->data_lock, NULL);
	pthread_cond_init(&rproc->vq_idle, NULL);
	pthread_cond_init(&rproc->traces_idle, NULL);
	list_init(&rproc->carveouts);
	list_init(&rproc->traces);
	list_init(&rproc->vdevs);
	list_init(&rproc->subdevs);
	list_init(&rproc->segments);
}

RPROC_API struct rproc *rproc_alloc_sized(struct rproc_device *device, const char *name,
					  const struct rproc_ops *ops, size_t ops_size,
					  const char *firmware, size_t len)
{
	struct rproc *rproc;

	if (!device || !name || !ops)
		return NULL;
	rproc = calloc(1, sizeof(*rproc));
	if (!rproc)
		return NULL;
	rproc->name = strdup(name);
	rproc->priv = calloc(1, len ? len : 1);
	rproc->source.name = firmware ? strdup(firmware) : default_firmware_name(name);
	if (!rproc->name || !rproc->priv || !rproc->source.name)
		goto err_free;
	if (take_index(rproc, device->context) < 0)
		goto err_free;
	snprintf(rproc->log_name, sizeof(rproc->log_name), "remoteproc remoteproc%d", rproc->index);
	init_ops(rproc, ops, ops_size);
	init_fields(rproc, device);
	return rproc;

err_free:
	free(rproc->source.name);
	free(rproc->priv);
	free(rproc->name);
	free(rproc);
	return NULL;
}

static void release(struct rproc *rproc)
{
	struct rproc_context *context = rproc->context;
	struct list *item, *next;

	rproc_log(rproc, RPROC_LOG_INFO, "releasing %s", rproc->name);
	/* What a driver registered for a boot that never came. */
	rproc_resource_cleanup(rproc);
	rproc_table_set(rproc, NULL, NULL, 0);
	list_for_each_safe(item, next, &rproc->subdevs)
		rproc_remove_subdev(rproc, list_entry(item, struct rproc_subdev, link));
	pthread_mutex_lock(&context->lock);
	ids_put(&context->indices, rproc->index);
	pthread_mutex_unlock(&context->lock);
	ids_free(&rproc->notify_ids);
	rproc_queue_fini(&rproc->queue);
	pthread_cond_destroy(&rproc->traces_idle);
	pthread_cond_destroy(&rproc->vq_idle);
	pthread_mutex_destroy(&rproc->data_lock);
	rproc_device_put(rproc->dev);
	free(rproc->clean_table);
	free(rproc->source.bytes);
	free(rproc->source.name);
	free(rproc->priv);
	free(rproc->name);
	free(rproc);
}

RPROC_API struct rproc *rproc_get(struct rproc *rproc)
{
	atomic_fetch_add(&rproc->refs, 1);
	return rproc;
}

RPROC_API void rproc_put(struct rproc *rproc)
{
	if (rproc && atomic_fetch_sub(&rproc->refs, 1) == 1)
		release(rproc);
}

RPROC_API void rproc_free(struct rproc *rproc)
{
	rproc_put(rproc);
}

/* ---- added and deleted --------------------------------------------------------------------- */

static int validate(struct rproc *rproc)
{
	switch (rproc_state(rproc)) {
	case RPROC_STATE_OFFLINE:
		if (rproc->ops.start)
			return 0;
		return rproc_story(rproc, -EINVAL, "add", "an offline processor needs a start op");
	case RPROC_STATE_DETACHED:
		if (rproc->ops.attach)
			return 0;
		return rproc_story(rproc, -EINVAL, "add",
				   "a detached processor needs an attach op");
	default:
		return rproc_story(rproc, -EINVAL, "add",
				   "a processor is added offline or detached");
	}
}

/* Insert by index, so that a walk by index is a walk over the list. */
static void publish(struct rproc *rproc)
{
	struct rproc_context *context = rproc->context;
	struct list *item;

	pthread_mutex_lock(&context->lock);
	list_for_each(item, &context->rprocs) {
		if (list_entry(item, struct rproc, link)->index > rproc->index)
			break;
	}
	list_add_tail(item, &rproc->link);
	/* Before anybody can find it: nothing that happens to it is told earlier. */
	rproc_event_add(rproc, RPROC_EVENT_ADDED, rproc_state(rproc), rproc_state(rproc), "add");
	pthread_mutex_unlock(&context->lock);
}

/* The last work of a processor. Not counted: it is going, however many have booted it. */
static int run_delete(struct rproc *rproc, struct rproc_work *work)
{
	bool up = !rproc_state_allows(rproc_state(rproc), RPROC_CALL_SHUTDOWN, false);

	(void)work;
	if (up)
		atomic_store(&rproc->power, 1);
	/* Whoever holds a reference may outlive the driver: no callback is left for later. */
	if (up && rproc_do_shutdown(rproc))
		rproc_abandon(rproc);
	rproc_resource_cleanup(rproc);
	return 0;
}

static void take_away(struct rproc *rproc)
{
	struct rproc_context *context = rproc->context;
	enum rproc_state state;
	int ret;

	rproc_coredump_wake(context);
	ret = rproc_queue_run(rproc, run_delete, NULL);
	rproc_queue_close(rproc);
	/*
	 * No thread was to be had, or rproc_add() on one that must not wait takes back what had
	 * none: the queue was empty and is closed, so this one serves.
	 */
	if (ret == -EAGAIN || ret == -EDEADLK)
		run_delete(rproc, NULL);
	state = rproc_state(rproc);
	pthread_mutex_lock(&context->lock);
	list_del(&rproc->link);
	pthread_mutex_unlock(&context->lock);
	rproc_event_add(rproc, RPROC_EVENT_REMOVED, state, state, "remove");
}

RPROC_API int rproc_del(struct rproc *rproc)
{
	if (!rproc || !atomic_load(&rproc->added))
		return -EINVAL;
	if (rproc_must_not_wait(rproc))
		return -EDEADLK;
	if (atomic_exchange(&rproc->deleting, true))
		return -EINVAL;
	take_away(rproc);
	return 0;
}

RPROC_API int rproc_add(struct rproc *rproc)
{
	int ret;

	if (!rproc || atomic_load(&rproc->added) || atomic_load(&rproc->deleting))
		return -EINVAL;
	rproc_story_begin(rproc);
	ret = validate(rproc);
	if (ret)
		return ret;
	atomic_store(&rproc->added, true);
	rproc_log(rproc, RPROC_LOG_INFO, "%s is available", rproc->name);
	publish(rproc);
	/* Before an auto boot, which would make an old report one of a healthy processor. */
	rproc_collect_early_crash(rproc);
	if (!rproc->auto_boot)
		return 0;
	rproc->boot_work.run = rproc_do_auto_boot;
	ret = rproc_queue_add(rproc, &rproc->boot_work);
	if (ret) {
		rproc_log(rproc, RPROC_LOG_ERR, "request_firmware_nowait err: %d", ret);
		if (!atomic_exchange(&rproc->deleting, true))
			take_away(rproc);
	}
	return ret;
}

/* ---- set up by the driver before rproc_add() ----------------------------------------------- */

RPROC_API int rproc_set_initial_state(struct rproc *rproc, enum rproc_state state)
{
	if (state != RPROC_STATE_OFFLINE && state != RPROC_STATE_DETACHED)
		return -EINVAL;
	if (atomic_load(&rproc->added))
		return -EBUSY;
	atomic_store(&rproc->state, (int)state);
	return 0;
}

RPROC_API void rproc_set_auto_boot(struct rproc *rproc, bool auto_boot)
{
	rproc->auto_boot = auto_boot;
}

RPROC_API void rproc_set_read_only(struct rproc *rproc, bool read_only)
{
	rproc->read_only = read_only;
}

RPROC_API void rproc_set_iommu(struct rproc *rproc, bool has_iommu)
{
	rproc->has_iommu = has_iommu;
}

RPROC_API void rproc_set_fw_format(struct rproc *rproc, const char *format)
{
	rproc->fw_format = format;
}

RPROC_API int rproc_set_feature(struct rproc *rproc, unsigned int feature)
{
	if (feature > RPROC_FEAT_DETACH_RUNNING)
		return -EINVAL;
	rproc->features |= 1u << feature;
	return 0;
}

/* ---- state --------------------------------------------------------------------------------- */

void rproc_set_state(struct rproc *rproc, enum rproc_state state, const char *reason)
{
	enum rproc_state old = (enum rproc_state)atomic_exchange(&rproc->state, (int)state);

	if (old != state)
		rproc_event_add(rproc, RPROC_EVENT_STATE, old, state, reason);
}

RPROC_API enum rproc_state rproc_state(const struct rproc *rproc)
{
	return (enum rproc_state)atomic_load(&((struct rproc *)rproc)->state);
}

/* ---- what it is ---------------------------------------------------------------------------- */

RPROC_API const char *rproc_name(const struct rproc *rproc)
{
	return rproc->name;
}

RPROC_API int rproc_index(const struct rproc *rproc)
{
	return rproc->index;
}

RPROC_API const char *rproc_plugin_name(const struct rproc *rproc)
{
	return rproc->dev->plugin_name ? rproc->dev->plugin_name : "";
}

RPROC_API const char *rproc_device_path(const struct rproc *rproc)
{
	return rproc->dev->path;
}

RPROC_API const char *rproc_dt_path(const struct rproc *rproc)
{
	return rproc->dev->dt_path ? rproc->dev->dt_path : "";
}

RPROC_API const char *rproc_dt_alias(const struct rproc *rproc)
{
	return rproc->dev->dt_alias ? rproc->dev->dt_alias : "";
}

RPROC_API bool rproc_read_only(const struct rproc *rproc)
{
	return rproc->read_only;
}

RPROC_API const char *rproc_fw_format(const struct rproc *rproc)
{
	return rproc->fw_format ? rproc->fw_format : "ELF";
}

RPROC_API uint64_t rproc_bootaddr(const struct rproc *rproc)
{
	return atomic_load(&((struct rproc *)rproc)->bootaddr);
}

RPROC_API void *rproc_priv(const struct rproc *rproc)
{
	return rproc->priv;
}

RPROC_API struct rproc_device *rproc_device(const struct rproc *rproc)
{
	return rproc->dev;
}

RPROC_API bool rproc_recovery_enabled(const struct rproc *rproc)
{
	return !atomic_load(&((struct rproc *)rproc)->recovery_disabled);
}

RPROC_API void rproc_set_recovery(struct rproc *rproc, bool enabled)
{
	atomic_store(&rproc->recovery_disabled, !enabled);
}

RPROC_API enum rproc_coredump_mode rproc_coredump_mode(const struct rproc *rproc)
{
	return (enum rproc_coredump_mode)atomic_load(&((struct rproc *)rproc)->dump_mode);
}

RPROC_API int rproc_set_coredump_mode(struct rproc *rproc, enum rproc_coredump_mode mode)
{
	if (!rproc)
		return -EINVAL;
	if (rproc_state(rproc) == RPROC_STATE_CRASHED) {
		rproc_log(rproc, RPROC_LOG_ERR, "can't change coredump configuration");
		return -EBUSY;
	}
	if ((unsigned int)mode > RPROC_COREDUMP_INLINE) {
		rproc_log(rproc, RPROC_LOG_ERR, "Invalid coredump configuration");
		return -EINVAL;
	}
	atomic_store(&rproc->dump_mode, (int)mode);
	return 0;
}

RPROC_API void rproc_counters(const struct rproc *rproc, struct rproc_counters *ret_counters)
{
	struct rproc *r = (struct rproc *)rproc;

	*ret_counters = (struct rproc_counters){
		.boots = atomic_load(&r->boots),
		.attaches = atomic_load(&r->attaches),
		.shutdowns = atomic_load(&r->shutdowns),
		.detaches = atomic_load(&r->detaches),
		.failures = atomic_load(&r->failures),
		.crashes = atomic_load(&r->crashes),
		.crash_reports = atomic_load(&r->crash_reports),
		.recoveries = atomic_load(&r->recoveries),
		.failed_recoveries = atomic_load(&r->failed_recoveries),
		.kicks = atomic_load(&r->kicks),
		.kick_failures = atomic_load(&r->kick_failures),
		.notifications = atomic_load(&r->notifications),
		.power = atomic_load(&r->power),
	};
}
