/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Subdevices: told of the processor's life in registration order, and of its
 * end in reverse. Runs on the worker. Mirrors rproc_prepare_subdevices() ff.
 */
#include <errno.h>
#include <stdlib.h>
#include "core/internal.h"

RPROC_API int rproc_add_subdev(struct rproc *rproc, const struct rproc_subdev_ops *ops, void *priv,
			       struct rproc_subdev **ret_subdev)
{
	struct rproc_subdev *subdev = calloc(1, sizeof(*subdev));

	if (!subdev)
		return -ENOMEM;
	subdev->ops = ops;
	subdev->priv = priv;
	list_add_tail(&rproc->subdevs, &subdev->link);
	*ret_subdev = subdev;
	return 0;
}

RPROC_API void rproc_remove_subdev(struct rproc *rproc, struct rproc_subdev *subdev)
{
	(void)rproc;
	list_del(&subdev->link);
	free(subdev);
}

/* Undo prepare for those before @end, last first. */
static void unprepare_before(struct rproc *rproc, struct list *end)
{
	struct list *item;

	for (item = end->prev; item != &rproc->subdevs; item = item->prev) {
		struct rproc_subdev *subdev = list_entry(item, struct rproc_subdev, link);

		if (subdev->ops->unprepare)
			subdev->ops->unprepare(subdev->priv);
	}
}

static void stop_before(struct rproc *rproc, struct list *end, bool crashed)
{
	struct list *item;

	for (item = end->prev; item != &rproc->subdevs; item = item->prev) {
		struct rproc_subdev *subdev = list_entry(item, struct rproc_subdev, link);

		if (subdev->ops->stop)
			subdev->ops->stop(subdev->priv, crashed);
	}
}

int rproc_prepare_subdevs(struct rproc *rproc)
{
	struct list *item;

	list_for_each(item, &rproc->subdevs) {
		struct rproc_subdev *subdev = list_entry(item, struct rproc_subdev, link);
		int ret = subdev->ops->prepare ? subdev->ops->prepare(subdev->priv) : 0;

		if (ret) {
			unprepare_before(rproc, item);
			return ret;
		}
	}
	rproc->subdevs_prepared = true;
	return 0;
}

int rproc_start_subdevs(struct rproc *rproc)
{
	struct list *item;

	list_for_each(item, &rproc->subdevs) {
		struct rproc_subdev *subdev = list_entry(item, struct rproc_subdev, link);
		int ret = subdev->ops->start ? subdev->ops->start(subdev->priv) : 0;

		if (ret) {
			stop_before(rproc, item, true);
			return ret;
		}
	}
	rproc->subdevs_started = true;
	return 0;
}

void rproc_stop_subdevs(struct rproc *rproc, bool crashed)
{
	/* A stop op that failed is tried again; the subdevices were told already. */
	if (!rproc->subdevs_started)
		return;
	rproc->subdevs_started = false;
	stop_before(rproc, &rproc->subdevs, crashed);
}

void rproc_unprepare_subdevs(struct rproc *rproc)
{
	/* A core that crashed while it was detached: nothing had been prepared. */
	if (!rproc->subdevs_prepared)
		return;
	rproc->subdevs_prepared = false;
	unprepare_before(rproc, &rproc->subdevs);
}
