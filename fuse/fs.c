/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mount as a whole: which parts there are, and how events of the library
 * become changes of the tree. What a part contains is in the part's own file.
 */
#include "fs.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>
#include "rpmsg_fs.h"
#include "rprocfs.h"
#include "tree.h"
#include "tty.h"
#include "watch.h"

#define LOG_RECORDS   4096
#define EVENT_RECORDS 4096
/* As long as Linux waits. */
#define SEND_TIMEOUT_MS 15000

/* ---- nodes --------------------------------------------- */

struct node *fs_dir(struct node *parent, const char *name)
{
	return node_add_dir(parent, name, 0755, NULL, NULL);
}

struct node *fs_link(struct node *dir, const char *name, unsigned int depth, const char *fmt, ...)
{
	struct text up = { 0 };
	struct node *node = NULL;
	char *path;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&path, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	while (depth--)
		text_bytes(&up, "../", 3);
	if (!up.failed)
		node = node_add_link(dir, name, "%.*s%s", (int)up.len, up.len ? up.data : "", path);
	text_fini(&up);
	free(path);
	return node;
}

static bool holds(const struct node *dir, const struct node *node)
{
	while (node && node != dir)
		node = node->parent;
	return node;
}

void fs_put_path(struct text *text, const struct node *top, const struct node *node)
{
	if (node->parent && node->parent != top && node->parent->parent) {
		fs_put_path(text, top, node->parent);
		text_bytes(text, "/", 1);
	}
	text_bytes(text, node->name, strlen(node->name));
}

struct node *fs_link_node(struct node *dir, const char *name, const struct node *target)
{
	const struct node *top = dir;
	struct text path = { 0 };
	struct node *node = NULL;

	if (!dir || !target)
		return NULL;
	for (; !holds(top, target->parent); top = top->parent)
		text_bytes(&path, "../", 3);
	fs_put_path(&path, top, target);
	if (!path.failed)
		node = node_add_link(dir, name, "%.*s", (int)path.len, path.data);
	text_fini(&path);
	return node;
}

int fs_own_link(struct node *dir, const char *name, const struct node *target,
		struct node **ret_link)
{
	struct node *link = dir ? node_child(dir, name) : NULL;

	if (link && link->priv)
		*(struct node **)link->priv = NULL;
	node_remove(link);
	link = fs_link_node(dir, name, target);
	if (!link)
		return -ENOMEM;
	link->vanishing = true;
	link->priv = ret_link;
	*ret_link = link;
	return 0;
}

struct processor *fs_processor(struct rprocfs *fs, int index)
{
	return index >= 0 && index < fs->num_processors ? fs->processors[index] : NULL;
}

/* ---- the log ---------------------------------------------------------------------- */

struct log_line {
	int level;
	const char *device, *text;
};

/* As a record of /dev/kmsg: level, number, microseconds since boot; then the line. */
static void format_log_line(struct text *text, uint64_t number, void *data)
{
	const struct log_line *line = data;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	text_printf(text, "%d,%llu,%llu,-;", line->level, (unsigned long long)number,
		    (unsigned long long)now.tv_sec * 1000000 +
			    (unsigned long long)now.tv_nsec / 1000);
	if (*line->device) {
		text_bytes(text, line->device, strlen(line->device));
		text_bytes(text, ": ", 2);
	}
	text_bytes(text, line->text, strlen(line->text));
	text_bytes(text, "\n", 1);
}

void fs_log(int level, const char *device, const char *text, void *data)
{
	struct rprocfs *fs = data;
	struct log_line line = { .level = level, .device = device, .text = text };

	if (fs->options.echo)
		fs->options.echo(level, device, text);
	stream_append(fs->log, format_log_line, &line);
}

void fs_say(struct rprocfs *fs, int level, const char *device, const char *fmt, ...)
{
	struct text line = { 0 };
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_escaped(&line, text);
	text_bytes(&line, "", 1);
	if (!line.failed)
		fs_log(level, device, line.data, fs);
	text_fini(&line);
}

/* ---- events -------------------------------------------------------------------------- */

static int add_by_index(struct rprocfs *fs, int index)
{
	struct rproc *rproc;

	if (fs_processor(fs, index))
		return 0;
	rproc = rproc_get_by_index(fs->context, index);
	return rproc ? processor_add(fs, rproc) : 0;
}

static void remove_by_index(struct rprocfs *fs, int index)
{
	struct processor *processor = fs_processor(fs, index);

	if (processor)
		processor_remove(processor);
}

/* Events were lost: compare all there is with all we show. */
static void resync(struct rprocfs *fs)
{
	struct rproc *rproc, *next;

	for (int i = 0; i < fs->num_processors; i++) {
		rproc = rproc_get_by_index(fs->context, i);
		if (fs->processors[i] && fs->processors[i]->rproc != rproc)
			processor_remove(fs->processors[i]);
		rproc_put(rproc);
	}
	for (rproc = rproc_get_next(fs->context, -1); rproc; rproc = next) {
		add_by_index(fs, rproc_index(rproc));
		next = rproc_get_next(fs->context, rproc_index(rproc));
		rproc_put(rproc);
	}
	for (int i = 0; i < fs->num_processors; i++) {
		if (!fs->processors[i])
			continue;
		processor_refresh(fs->processors[i]);
		node_notify(fs->processors[i]->state);
	}
	devcoredump_refresh(fs);
}

static void state_changed(struct rprocfs *fs, const struct rproc_event *event)
{
	struct processor *processor = fs_processor(fs, event->index);

	if (!processor)
		return;
	/*
	 * First of all, since somebody waits; what he then asks is served when all of this
	 * is done. Linux never says that a state has changed.
	 */
	if (!fs->options.mainline)
		node_notify(processor->state);
	/* Recovery by attaching goes through here, and gives all resources up on its way. */
	if (event->new_state == RPROC_STATE_DETACHED)
		trace_forget(processor);
	processor_refresh(processor);
	node_notify(processor->last_error);
}

static void vdevs_changed(struct rprocfs *fs, int index)
{
	struct processor *processor = fs_processor(fs, index);

	if (!processor)
		return;
	device_refresh_vdevs(processor);
	node_notify(processor->last_error);
}

static void apply_event(struct rprocfs *fs, const struct rproc_event *event)
{
	switch (event->type) {
	case RPROC_EVENT_ADDED:
		if (add_by_index(fs, event->index))
			fs_log(RPROC_LOG_ERR, "rprocfs", "no memory to show a processor", fs);
		break;
	case RPROC_EVENT_REMOVED:
		remove_by_index(fs, event->index);
		break;
	case RPROC_EVENT_STATE:
		state_changed(fs, event);
		break;
	case RPROC_EVENT_COREDUMP:
	case RPROC_EVENT_COREDUMP_RELEASED:
		devcoredump_refresh(fs);
		break;
	case RPROC_EVENT_LOST:
		resync(fs);
		break;
	case RPROC_EVENT_VIRTIO_ADDED:
	case RPROC_EVENT_VIRTIO_REMOVED:
	case RPROC_EVENT_VIRTIO_FAILED:
		vdevs_changed(fs, event->index);
		break;
	case RPROC_EVENT_CHANNEL_ADDED:
	case RPROC_EVENT_CHANNEL_REMOVED:
		break; /* all of them are looked at once, at the end */
	}
	own_event(fs, event);
}

void fs_settle(struct rprocfs *fs)
{
	struct rproc_event event;
	bool any = false;

	while (rproc_event_read(fs->context, &event) == 1) {
		apply_event(fs, &event);
		any = true;
	}
	if (atomic_exchange(&fs->unloaded, false))
		driver_unload_all(fs);
	if (!any)
		return;
	rpmsg_refresh(fs);
	stream_wake(fs->events, fs->events_node);
}

int fs_poll_fd(const struct rprocfs *fs)
{
	return fs->poll_fd;
}

void fs_ready(struct rprocfs *fs)
{
	ttys_ready(fs);
	fs_settle(fs);
}

void fs_woken(struct rprocfs *fs)
{
	stream_wake(fs->log, fs->log_node);
	stream_wake(fs->events, fs->events_node);
	ports_woken(fs);
}

/* ---- time ----------------------------------------------------------------------------- */

int64_t fs_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int fs_timeout(struct rprocfs *fs)
{
	int64_t next = watch_next_tick(fs);
	int64_t ept = ept_device_next_tick(fs);
	int64_t left;

	if (next < 0 && ept < 0)
		return -1;
	if (next < 0 || (ept >= 0 && ept < next))
		next = ept;
	left = next - fs_now_ms();
	return left > 0 ? (int)left : 0;
}

void fs_tick(struct rprocfs *fs)
{
	int64_t now = fs_now_ms();

	watch_tick(fs, now);
	ept_device_tick(fs, now);
}

/* ---- life ---------------------------------------------------------------------------- */

static void choose_modes(struct rprocfs *fs)
{
	mode_t mode = fs->options.mode;

	if (!mode)
		mode = fs->options.have_gid ? 0664 : 0644;
	fs->attr_mode = mode;
	/* The device node has no readers to speak of: who may not write needs none of it. */
	fs->cdev_mode = 0600 | (mode & 0020 ? 0060 : 0) | (mode & 0002 ? 0006 : 0);
}

int fs_new(const struct fs_options *options, void (*kick)(void *data), void *data,
	   struct rprocfs **ret_fs)
{
	struct rprocfs *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return -ENOMEM;
	fs->options = *options;
	if (!fs->options.send_timeout_ms)
		fs->options.send_timeout_ms = SEND_TIMEOUT_MS;
	fs->kick = kick;
	fs->kick_data = data;
	fs->poll_fd = -1;
	choose_modes(fs);
	if (getrandom(&fs->pointer_key, sizeof(fs->pointer_key), GRND_NONBLOCK) < 0)
		fs->pointer_key = (uint64_t)(uintptr_t)fs * UINT64_C(0x9e3779b97f4a7c15);
	if (stream_new(LOG_RECORDS, kick, data, &fs->log))
		goto free_fs;
	if (stream_new(EVENT_RECORDS, NULL, NULL, &fs->events))
		goto free_log;
	if (tree_new(&fs->tree))
		goto free_events;
	tree_set_owner(fs->tree, options->uid, options->gid);
	if (options->mainline)
		tree_set_linux_only(fs->tree);
	*ret_fs = fs;
	return 0;
free_events:
	stream_free(fs->events);
free_log:
	stream_free(fs->log);
free_fs:
	free(fs);
	return -ENOMEM;
}

static int add_skeleton(struct rprocfs *fs)
{
	struct node *root = tree_root(fs->tree);
	struct node *class = fs_dir(root, "class");
	struct node *debug;

	root->priv = fs;
	root->mode = 0555; /* as that of sysfs */
	fs->devices = fs_dir(root, "devices");
	fs->class_remoteproc = fs_dir(class, "remoteproc");
	fs->dev = fs_dir(root, "dev");
	debug = node_add_dir(fs_dir(root, "kernel"), "debug", 0700, NULL, NULL);
	fs->debug = fs_dir(debug, "remoteproc");
	if (!fs->devices || !fs->class_remoteproc || !fs->dev || !fs->debug)
		return -ENOMEM;
	if (device_add_skeleton(fs, root) || devcoredump_add_skeleton(fs, root) ||
	    firmware_class_add(fs, root) || dynamic_debug_add(fs, debug) ||
	    own_add_skeleton(fs, root) || own_control_add(fs) || rpmsg_fs_new(fs))
		return -ENOMEM;
	return 0;
}

static int open_poll_fd(struct rprocfs *fs)
{
	struct epoll_event event = { .events = EPOLLIN };

	fs->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (fs->poll_fd < 0 ||
	    epoll_ctl(fs->poll_fd, EPOLL_CTL_ADD, rproc_event_fd(fs->context), &event))
		return -errno;
	return 0;
}

int fs_attach(struct rprocfs *fs, struct rproc_context *context)
{
	struct rproc *rproc, *next;
	int err;

	fs->context = context;
	err = open_poll_fd(fs);
	if (!err)
		err = add_skeleton(fs);
	if (err)
		return err;
	for (rproc = rproc_get_next(context, -1); rproc; rproc = next) {
		err = add_by_index(fs, rproc_index(rproc));
		next = rproc_get_next(context, rproc_index(rproc));
		rproc_put(rproc);
		if (err) {
			rproc_put(next);
			return err;
		}
	}
	devcoredump_refresh(fs);
	rpmsg_refresh(fs);
	fs_settle(fs);
	return 0;
}

struct tree *fs_tree(struct rprocfs *fs)
{
	return fs->tree;
}

void fs_detach(struct rprocfs *fs)
{
	errands_end(fs);
	own_control_free(fs);
	/* Dumps and processors hold nodes elsewhere: they go before the tree does. */
	while (fs->devcoredumps && fs->devcoredumps->first)
		node_remove(fs->devcoredumps->first);
	for (int i = 0; i < fs->num_processors; i++)
		remove_by_index(fs, i);
	free(fs->processors);
	fs->processors = NULL;
	fs->num_processors = 0;
	tree_free(fs->tree);
	rpmsg_fs_free(fs);
	if (fs->poll_fd >= 0)
		close(fs->poll_fd);
	fs->poll_fd = -1;
	fs->tree = NULL;
	fs->devcoredumps = NULL;
	fs->context = NULL;
}

void fs_free(struct rprocfs *fs)
{
	if (!fs)
		return;
	fs_detach(fs);
	stream_free(fs->events);
	stream_free(fs->log);
	free(fs);
}
