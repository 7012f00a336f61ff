/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts of a node as calls on the context's thread: from a UIO device's
 * descriptor, or from a model by way of an eventfd. /dev/mem has none. Knows
 * nothing of what an interrupt means.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/api.h"
#include "base/report.h"
#include "core/internal.h"
#include "hw/backend.h"

#define SYSFS "/sys"
#define DEV   "/dev"

struct rproc_irq {
	struct rproc_device *device; /* counted: its name is the line's */
	unsigned int index;
	rproc_irq_fn handler;
	void *data;
	int fd;
	struct rproc_watch *watch;
	const struct rproc_hw_model *model; /* NULL: a UIO device */
	void *machine;
};

/* On the context's thread. */
static void on_interrupt(int fd, void *data)
{
	struct rproc_irq *irq = data;
	eventfd_t fired;
	uint32_t count;

	if (irq->model) {
		if (eventfd_read(fd, &fired))
			return;
		irq->handler(irq->data);
		return;
	}
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return;
	irq->handler(irq->data);
	rproc_uio_enable_irq(fd);
}

/* Any thread, under the model's lock: it must only leave a note. */
static void fire(void *data)
{
	struct rproc_irq *irq = data;

	eventfd_write(irq->fd, 1);
}

static bool has_interrupt(const struct rproc_device *device, unsigned int index)
{
	const char *name;

	if (!rproc_device_property_bool(device, "interrupts") &&
	    !rproc_device_property_bool(device, "interrupts-extended"))
		return false;
	/* how long an entry is depends on its controller; names count them too */
	return !index || !rproc_device_property_string(device, "interrupt-names", index, &name);
}

static int open_model(struct rproc_irq *irq)
{
	int error;

	error = rproc_hw_machine(irq->device->context, &irq->model, &irq->machine);
	if (error)
		return error;
	irq->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return irq->fd < 0 ? -errno : 0;
}

static int open_uio(struct rproc_irq *irq, struct rproc_report *report)
{
	if (irq->index)
		return report_add(report, -ENOTSUP, RPROC_LOG_ERR, "",
				  "interrupt %u of node %.120s: UIO gives only a node's first one",
				  irq->index, irq->device->dt_path);
	irq->fd = rproc_uio_open_irq(SYSFS, DEV, irq->device->dt_path, report);
	return irq->fd < 0 ? irq->fd : 0;
}

static int open_irq(struct rproc_irq *irq, struct rproc_report *report)
{
	switch (irq->device->context->hw->backend) {
	case RPROC_HW_MODEL:
		return open_model(irq);
	case RPROC_HW_UIO:
		return open_uio(irq, report);
	default:
		return report_add(report, -ENOTSUP, RPROC_LOG_ERR, "",
				  "node %.120s: /dev/mem gives no interrupts; UIO does",
				  irq->device->dt_path);
	}
}

static int enable(struct rproc_irq *irq)
{
	int error;

	error = rproc_watch_fd(irq->device->context, irq->fd, on_interrupt, irq, &irq->watch);
	if (error)
		return error;
	if (!irq->model)
		return rproc_uio_enable_irq(irq->fd);
	return irq->model->connect(irq->machine, rproc_device_name(irq->device), irq->index, fire,
				   irq);
}

RPROC_API int rproc_irq_get(const struct rproc_device *device, unsigned int index,
			    rproc_irq_fn handler, void *data, struct rproc_report *report,
			    struct rproc_irq **ret_irq)
{
	struct rproc_irq *irq;
	int error;

	if (!has_interrupt(device, index))
		return -ENOENT;
	irq = calloc(1, sizeof(*irq));
	if (!irq)
		return -ENOMEM;
	irq->device = rproc_device_get((struct rproc_device *)device);
	irq->index = index;
	irq->handler = handler;
	irq->data = data;
	irq->fd = -1;
	error = open_irq(irq, report);
	if (!error)
		error = enable(irq);
	if (error) {
		rproc_irq_put(irq);
		return error;
	}
	*ret_irq = irq;
	return 0;
}

RPROC_API void rproc_irq_put(struct rproc_irq *irq)
{
	if (!irq)
		return;
	if (irq->watch && irq->model)
		irq->model->disconnect(irq->machine, rproc_device_name(irq->device), irq->index);
	rproc_watch_free(irq->watch);
	if (irq->fd >= 0)
		close(irq->fd);
	rproc_device_put(irq->device);
	free(irq);
}
