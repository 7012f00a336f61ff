/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One processor in the tree: its parts come and go together here, and what is
 * asked of it on behalf of a store passes through here. Must not know the
 * grammar of any file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rprocfs.h"

/* ---- requests on behalf of a store ---------------------------------------------- */

void processor_request_done(struct node_call *call, int result)
{
	node_call_done(call, result < 0 ? result : (ssize_t)call->size);
	node_call_put(call);
}

void processor_answer(struct rproc *rproc, int result, void *data)
{
	(void)rproc;
	processor_request_done(data, result);
}

/*
 * The client got a signal. What has not begun is withdrawn, and its done
 * callback says so; what has begun goes on, and only the client is let go. A node
 * that is gone has taken the reference to its processor with it.
 */
static void cancel_request(struct node_call *call)
{
	if (call->open->node->removed || rproc_request_cancel(call->priv, call->request) == -EBUSY)
		node_call_done(call, -EINTR);
}

void processor_request(struct processor *processor, struct node_call *call,
		       enum rproc_request request, const char *arg, rproc_done_fn done)
{
	int64_t id;

	call->priv = processor->rproc;
	call->cancel = cancel_request;
	node_call_hold(call);
	id = rproc_request(processor->rproc, request, arg, done, call);
	if (id < 0) {
		node_call_done(call, (ssize_t)id);
		node_call_put(call);
		return;
	}
	call->request = id;
}

/* ---- what comes and goes with a boot ----------------------------------------------- */

uint64_t processor_incarnation(const struct processor *processor)
{
	struct rproc_counters counters;

	rproc_counters(processor->rproc, &counters);
	return counters.shutdowns + counters.detaches + counters.failures +
	       counters.failed_recoveries;
}

void processor_refresh(struct processor *processor)
{
	trace_refresh(processor);
	device_refresh_vdevs(processor);
}

/* ---- life ------------------------------------------------------------------------------ */

static int make_room(struct rprocfs *fs, int index)
{
	struct processor **processors;
	int num = fs->num_processors ? fs->num_processors : 16;

	if (index < fs->num_processors)
		return 0;
	while (num <= index)
		num *= 2;
	processors = realloc(fs->processors, (size_t)num * sizeof(struct processor *));
	if (!processors)
		return -ENOMEM;
	memset(processors + fs->num_processors, 0,
	       (size_t)(num - fs->num_processors) * sizeof(struct processor *));
	fs->processors = processors;
	fs->num_processors = num;
	return 0;
}

static int name_paths(struct processor *processor)
{
	snprintf(processor->sysname, sizeof(processor->sysname), "remoteproc%d", processor->index);
	if (asprintf(&processor->path, "%s/remoteproc/%s", rproc_device_path(processor->rproc),
		     processor->sysname) < 0) {
		processor->path = NULL;
		return -ENOMEM;
	}
	processor->depth = 1;
	for (const char *c = processor->path; *c; c++)
		processor->depth += *c == '/';
	return 0;
}

static int add_parts(struct processor *processor)
{
	struct rprocfs *fs = processor->fs;
	struct node *glue;
	int err;

	err = device_add(processor, &glue);
	if (err)
		return err;
	err = sysfs_add(processor, glue);
	if (err)
		return err;
	processor->class_link =
		fs_link(fs->class_remoteproc, processor->sysname, 2, "devices/%s", processor->path);
	if (!processor->class_link)
		return -ENOMEM;
	err = debugfs_add(processor);
	if (err)
		return err;
	err = cdev_add(processor);
	if (err)
		return err;
	return own_add(processor);
}

int processor_add(struct rprocfs *fs, struct rproc *rproc)
{
	struct processor *processor = NULL;
	int index = rproc_index(rproc);
	int err = make_room(fs, index);

	if (err)
		goto put_rproc;
	err = -ENOMEM;
	processor = calloc(1, sizeof(*processor));
	if (!processor)
		goto put_rproc;
	processor->fs = fs;
	processor->rproc = rproc;
	processor->index = index;
	err = name_paths(processor);
	if (err)
		goto free_processor;
	fs->processors[index] = processor;
	processor->incarnation = processor_incarnation(processor);
	err = add_parts(processor);
	if (err) {
		processor_remove(processor);
		return err;
	}
	processor_refresh(processor);
	return 0;
free_processor:
	free(processor);
put_rproc:
	rproc_put(rproc);
	return err;
}

void processor_remove(struct processor *processor)
{
	struct rprocfs *fs = processor->fs;

	own_remove(processor);
	node_remove(processor->cdev);
	node_remove(processor->debug);
	node_remove(processor->class_link);
	node_remove(processor->sysfs);
	device_remove(processor);
	fs->processors[processor->index] = NULL;
	rproc_put(processor->rproc);
	free(processor->path);
	free(processor);
}
