/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kicks, and what is known of those that failed: the op has no result, so a driver says it
 * beside it. Knows neither what is in a ring nor how a driver rings.
 */
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "virtio/vdev.h"

/* Failures that follow each other closer than this are one flood. */
#define FLOOD_NS INT64_C(5000000000)

RPROC_API void rproc_vdev_kick(struct rproc_vdev *vdev, unsigned int index)
{
	struct rproc *rproc = vdev->rproc;

	if (index >= vdev->num_vrings || !rproc->ops.kick)
		return;
	atomic_fetch_add(&rproc->kicks, 1);
	rproc_debug_in(rproc->context, vdev->log_name, KICK, vdev->vrings[index].notifyid);
	rproc->ops.kick(rproc, vdev->vrings[index].notifyid);
}

/* ---- those that failed -------------------------------------------------------------------- */

/* With the lock: one more. Returns whether people are to be told of it now. */
static bool count_failure(struct failed_kicks *failed, int error, const char *why)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC_COARSE);
	bool due = !failed->count || now - failed->told_ns >= FLOOD_NS;

	failed->count++;
	failed->last_ns = now;
	failed->error = error;
	strcpy(failed->why, why);
	if (due)
		failed->told_ns = now;
	return due;
}

RPROC_API bool rproc_kick_failed(struct rproc *rproc, int vqid, int error, const char *fmt, ...)
{
	char why[RPROC_KICK_WHY_MAX], text[RPROC_KICK_WHY_MAX + 128];
	struct rproc_vdev *vdev;
	struct vring *vring;
	bool due = false;
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	atomic_fetch_add(&rproc->kick_failures, 1);
	pthread_mutex_lock(&rproc->data_lock);
	vring = vqid < 0 ? NULL : rproc_find_vring(rproc, vqid, &vdev);
	if (vring) {
		due = count_failure(&vring->failed, error, why);
		snprintf(text, sizeof(text), "vring %u of vdev %d (notify id %d): %s; %llu so far",
			 (unsigned int)(vring - vdev->vrings), vdev->index, vqid, why,
			 (unsigned long long)vring->failed.count);
		rproc_story_set_aside(rproc, due, error, "kick", text);
	}
	pthread_mutex_unlock(&rproc->data_lock);
	return due;
}

void rproc_forget_failed_kicks(struct rproc_vdev *vdev)
{
	struct rproc *rproc = vdev->rproc;
	unsigned int i;

	pthread_mutex_lock(&rproc->data_lock);
	for (i = 0; i < vdev->num_vrings; i++)
		vdev->vrings[i].failed = (struct failed_kicks){ 0 };
	pthread_mutex_unlock(&rproc->data_lock);
}

/* With the lock. */
static void describe(const struct rproc_vdev *vdev, unsigned int index,
		     struct rproc_kick_trouble *ret)
{
	const struct failed_kicks *failed = &vdev->vrings[index].failed;

	*ret = (struct rproc_kick_trouble){
		.virtio = vdev->virtio,
		.vring = index,
		.failed = failed->count,
		.error = failed->error,
		.age_ns = clock_ns(CLOCK_MONOTONIC_COARSE) - failed->last_ns,
	};
	strcpy(ret->why, failed->why);
}

bool rproc_next_kick_trouble(struct rproc *rproc, unsigned int *at, struct rproc_kick_trouble *ret)
{
	struct list *item;
	unsigned int i, number = 0;
	bool found = false;

	pthread_mutex_lock(&rproc->data_lock);
	list_for_each(item, &rproc->vdevs) {
		struct rproc_vdev *vdev = list_entry(item, struct rproc_vdev, link);

		for (i = 0; i < vdev->num_vrings && !found; i++) {
			if (number++ < *at || !vdev->vrings[i].failed.count || vdev->virtio < 0)
				continue;
			describe(vdev, i, ret);
			*at = number;
			found = true;
		}
	}
	pthread_mutex_unlock(&rproc->data_lock);
	return found;
}
