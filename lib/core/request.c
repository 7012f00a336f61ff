/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests to a processor's worker: the blocking calls of the API, and the same
 * without waiting, which can be withdrawn until they begin.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"

static int run_boot(struct rproc *rproc, struct rproc_work *work)
{
	(void)work;
	return rproc_do_boot(rproc);
}

static int run_shutdown(struct rproc *rproc, struct rproc_work *work)
{
	(void)work;
	return rproc_do_shutdown(rproc);
}

static int run_detach(struct rproc *rproc, struct rproc_work *work)
{
	(void)work;
	return rproc_do_detach(rproc);
}

static int run_recover(struct rproc *rproc, struct rproc_work *work)
{
	(void)work;
	return rproc_do_recovery(rproc);
}

/* What the kernel's character device does at its last close. */
static int run_release(struct rproc *rproc, struct rproc_work *work)
{
	switch (rproc_state(rproc)) {
	case RPROC_STATE_RUNNING:
		return run_shutdown(rproc, work);
	case RPROC_STATE_ATTACHED:
		return run_detach(rproc, work);
	default:
		return 0;
	}
}

RPROC_API int rproc_boot(struct rproc *rproc)
{
	return rproc ? rproc_queue_run(rproc, run_boot, NULL) : -EINVAL;
}

RPROC_API int rproc_shutdown(struct rproc *rproc)
{
	return rproc ? rproc_queue_run(rproc, run_shutdown, NULL) : -EINVAL;
}

RPROC_API int rproc_detach(struct rproc *rproc)
{
	return rproc ? rproc_queue_run(rproc, run_detach, NULL) : -EINVAL;
}

RPROC_API int rproc_trigger_recovery(struct rproc *rproc)
{
	return rproc ? rproc_queue_run(rproc, run_recover, NULL) : -EINVAL;
}

/* ---- without waiting -------------------------------------------------------------------- */

struct request {
	struct rproc_work work;
	rproc_done_fn done;
	void *data;
	char arg[]; /* the firmware's name */
};

static void finish(struct rproc *rproc, struct rproc_work *work, int result)
{
	struct request *request = list_entry(work, struct request, work);

	if (request->done)
		request->done(rproc, result, request->data);
	free(request);
}

static int (*const runners[])(struct rproc *, struct rproc_work *) = {
	[RPROC_REQUEST_BOOT] = run_boot,
	[RPROC_REQUEST_SHUTDOWN] = run_shutdown,
	[RPROC_REQUEST_DETACH] = run_detach,
	[RPROC_REQUEST_RECOVER] = run_recover,
	[RPROC_REQUEST_SET_FIRMWARE] = rproc_run_set_firmware_name,
	[RPROC_REQUEST_RELEASE] = run_release,
};

RPROC_API int64_t rproc_request(struct rproc *rproc, enum rproc_request type, const char *arg,
				rproc_done_fn done, void *data)
{
	size_t len = arg ? strlen(arg) : 0;
	struct request *request;
	int64_t id;

	if (!rproc || type < RPROC_REQUEST_BOOT || type > RPROC_REQUEST_RELEASE)
		return -EINVAL;
	request = calloc(1, sizeof(*request) + len + 1);
	if (!request)
		return -ENOMEM;
	if (arg)
		memcpy(request->arg, arg, len);
	request->work.run = runners[type];
	request->work.done = finish;
	request->work.arg = request->arg;
	request->done = done;
	request->data = data;
	/* The worker may finish and free it before this returns. */
	id = rproc_queue_add_id(rproc, &request->work);
	if (id < 0)
		free(request);
	return id;
}

RPROC_API int rproc_request_cancel(struct rproc *rproc, int64_t id)
{
	return rproc ? rproc_queue_cancel(rproc, id) : -EINVAL;
}
