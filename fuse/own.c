/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librproc/ at the root of the mount: what Linux does not have. The log and the
 * events as streams, and a directory a processor with the story of its last
 * failure, its counters and where it comes from. Nothing here may ever be mixed
 * into the mirrored files.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rprocfs.h"
#include "watch.h"

/* ---- events ------------------------------------------------------------------------- */

static void put_what(struct text *text, const struct rproc_event *event)
{
	unsigned long long value = (unsigned long long)event->value;

	switch (event->type) {
	case RPROC_EVENT_ADDED:
		text_printf(text, "added");
		break;
	case RPROC_EVENT_REMOVED:
		text_printf(text, "removed");
		break;
	case RPROC_EVENT_STATE:
		text_printf(text, "%s -> %s", rproc_state_name(event->old_state),
			    rproc_state_name(event->new_state));
		break;
	case RPROC_EVENT_COREDUMP:
		text_printf(text, "coredump devcd%llu", value);
		break;
	case RPROC_EVENT_COREDUMP_RELEASED:
		text_printf(text, "coredump devcd%llu released", value);
		break;
	case RPROC_EVENT_LOST:
		text_printf(text, "%llu events lost", value);
		break;
	case RPROC_EVENT_VIRTIO_ADDED:
		text_printf(text, "virtio added");
		break;
	case RPROC_EVENT_VIRTIO_REMOVED:
		text_printf(text, "virtio removed");
		break;
	case RPROC_EVENT_VIRTIO_FAILED:
		text_printf(text, "virtio failed");
		break;
	case RPROC_EVENT_CHANNEL_ADDED:
		text_printf(text, "channel added");
		break;
	case RPROC_EVENT_CHANNEL_REMOVED:
		text_printf(text, "channel removed");
		break;
	}
}

/* SEQUENCE SECONDS.NANOSECONDS remoteprocN NAME WHAT[: REASON] */
static void format_event(struct text *text, uint64_t number, void *data)
{
	const struct rproc_event *event = data;

	(void)number;
	text_printf(text, "%llu %lld.%09lld ", (unsigned long long)event->sequence,
		    (long long)event->time_ns / 1000000000, (long long)event->time_ns % 1000000000);
	if (event->type != RPROC_EVENT_LOST) {
		text_printf(text, "remoteproc%d ", event->index);
		text_escaped(text, event->name);
		text_bytes(text, " ", 1);
	}
	put_what(text, event);
	if (event->reason[0]) {
		text_bytes(text, ": ", 2);
		text_escaped(text, event->reason);
	}
	text_bytes(text, "\n", 1);
}

void own_event(struct rprocfs *fs, const struct rproc_event *event)
{
	/* The file is about processors; what a bus brings shows in the tree. */
	if (event->type > RPROC_EVENT_LOST)
		return;
	stream_append(fs->events, format_event, (void *)event);
}

/* ---- a processor's files ------------------------------------------------------------------ */

/* One whose text changes without an event: who polls it is told of what he has not read. */
struct own_file {
	struct watch watch; /* first */
	void (*put)(struct text *text, void *subject);
	void *subject; /* the processor, or the mount */
};

/* A story, or nothing. */
static void put_story(struct text *text, const char *story)
{
	if (*story)
		text_line(text, story);
}

static void put_last_error(struct text *text, void *subject)
{
	const struct processor *processor = subject;
	char story[NODE_PAGE];

	rproc_last_error(processor->rproc, story, sizeof(story));
	put_story(text, story);
}

static void put_remarks(struct text *text, void *subject)
{
	const struct processor *processor = subject;
	char remarks[NODE_PAGE];

	rproc_remarks(processor->rproc, remarks, sizeof(remarks));
	put_story(text, remarks);
}

static void put_context_error(struct text *text, void *subject)
{
	const struct rprocfs *fs = subject;
	char story[NODE_PAGE];

	rproc_context_last_error(fs->context, story, sizeof(story));
	put_story(text, story);
}

static void put_counters(struct text *text, void *subject)
{
	const struct processor *processor = subject;
	struct rproc_counters c;

	rproc_counters(processor->rproc, &c);
	const struct {
		const char *name;
		uint64_t value;
	} lines[] = {
		{ "boots", c.boots },
		{ "attaches", c.attaches },
		{ "shutdowns", c.shutdowns },
		{ "detaches", c.detaches },
		{ "failures", c.failures },
		{ "crashes", c.crashes },
		{ "crash_reports", c.crash_reports },
		{ "recoveries", c.recoveries },
		{ "failed_recoveries", c.failed_recoveries },
		{ "kicks", c.kicks },
		{ "kick_failures", c.kick_failures },
		{ "notifications", c.notifications },
		{ "power", (uint64_t)c.power },
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		text_printf(text, "%s %llu\n", lines[i].name, (unsigned long long)lines[i].value);
}

static void put_boot_address(struct text *text, void *subject)
{
	const struct processor *processor = subject;

	text_printf(text, "0x%llx\n", (unsigned long long)rproc_bootaddr(processor->rproc));
}

static void put_plugin(struct text *text, void *subject)
{
	const struct processor *processor = subject;

	text_line(text, rproc_plugin_name(processor->rproc));
}

static void own_show(struct node_open *open, struct node_call *call)
{
	const struct own_file *file = open->node->priv;

	file->put(&open->text, file->subject);
	open->stamp = watch_hash(open->text.data, open->text.len);
	node_call_done(call, 0);
}

static uint64_t look(const struct watch *watch)
{
	const struct own_file *file = (const struct own_file *)watch;
	struct text text = { 0 };
	uint64_t hash;

	file->put(&text, file->subject);
	hash = watch_hash(text.data, text.len);
	text_fini(&text);
	return hash;
}

static unsigned int own_poll(struct node_open *open)
{
	struct own_file *file = open->node->priv;

	return watch_changed(&file->watch, open) ? NODE_POLL_DEFAULT | POLLERR | POLLPRI
						 : NODE_POLL_DEFAULT;
}

static void own_removed(struct node *node)
{
	struct own_file *file = node->priv;

	watch_end(&file->watch);
	node->priv = NULL;
	free(file);
}

static const struct node_ops own_ops = {
	.flags = NODE_STRICT | NODE_PAGED,
	.show = own_show,
	.poll = own_poll,
	.removed = own_removed,
};

static int add_file(struct rprocfs *fs, struct node *dir, const char *name,
		    void (*put)(struct text *text, void *subject), void *subject)
{
	struct own_file *file = calloc(1, sizeof(*file));
	struct node *node;

	if (!file)
		return -ENOMEM;
	file->put = put;
	file->subject = subject;
	node = node_add_file(dir, name, 0444, &own_ops, file);
	if (!node) {
		free(file);
		return -ENOMEM;
	}
	watch_init(&file->watch, fs, node, look);
	return 0;
}

/* ---- names --------------------------------------------------------------------------------- */

static void replace_slashes(char *name)
{
	for (; *name; name++)
		if (*name == '/')
			*name = '!';
}

/*
 * The processor's name, or NAME@remoteprocN where that is taken or cannot be a
 * file's name, and more of them where somebody is called so.
 */
static void choose_name(const struct processor *processor, char *name, size_t size)
{
	const char *wanted = rproc_name(processor->rproc);
	size_t len;

	snprintf(name, size, "%s", wanted);
	replace_slashes(name);
	if (*name && strcmp(name, ".") && strcmp(name, "..") && strlen(wanted) < size &&
	    !node_child(processor->fs->own, name))
		return;
	snprintf(name, size, "%.200s@%s", wanted, processor->sysname);
	replace_slashes(name);
	for (len = strlen(name); len + 1 < size && node_child(processor->fs->own, name); len++) {
		name[len] = '@';
		name[len + 1] = '\0';
	}
}

/* Several processors of one device have one path: its link leads to one of them. */
static int add_link(struct node *dir, const char *name, const struct node *own,
		    struct node **ret_link)
{
	if (node_child(dir, name))
		return 0;
	*ret_link = node_add_link(dir, name, "../%s", own->name);
	return *ret_link ? 0 : -ENOMEM;
}

static int add_aliases(struct processor *processor)
{
	struct rprocfs *fs = processor->fs;
	const char *path = rproc_dt_path(processor->rproc);
	const char *alias = rproc_dt_alias(processor->rproc);
	char name[256];
	int err = 0;

	/* Longer ones cannot be the name of a file. */
	if (*path && strlen(path) < sizeof(name)) {
		snprintf(name, sizeof(name), "%s", path + (*path == '/'));
		replace_slashes(name);
		err = add_link(fs->by_path, *name ? name : "!", processor->own,
			       &processor->path_link);
	}
	if (!err && *alias)
		err = add_link(fs->by_alias, alias, processor->own, &processor->alias_link);
	return err;
}

int own_add(struct processor *processor)
{
	static const struct {
		const char *name;
		void (*put)(struct text *text, void *subject);
	} files[] = {
		{ "last_error", put_last_error }, { "remarks", put_remarks },
		{ "counters", put_counters },	  { "boot_address", put_boot_address },
		{ "plugin", put_plugin },
	};
	struct rprocfs *fs = processor->fs;
	char name[256];

	choose_name(processor, name, sizeof(name));
	processor->own = fs_dir(fs->own, name);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (add_file(fs, processor->own, files[i].name, files[i].put, processor))
			return -ENOMEM;
	if (own_rpmsg_add(processor))
		return -ENOMEM;
	processor->last_error = node_child(processor->own, "last_error");
	if (!node_add_link(processor->own, "remoteproc", "../../class/remoteproc/%s",
			   processor->sysname))
		return -ENOMEM;
	return add_aliases(processor);
}

void own_remove(struct processor *processor)
{
	struct rprocfs *fs = processor->fs;
	bool linked = processor->path_link || processor->alias_link;

	node_remove(processor->path_link);
	node_remove(processor->alias_link);
	node_remove(processor->own);
	processor->own = NULL;
	/* The links of a device go to whoever is left of it. */
	for (int i = 0; linked && i < fs->num_processors; i++) {
		struct processor *other = fs->processors[i];

		if (other && other->own && other->device == processor->device && add_aliases(other))
			return; /* without memory there is just no link */
	}
}

int own_add_skeleton(struct rprocfs *fs, struct node *root)
{
	fs->own = fs_dir(root, "librproc");
	fs->log_node = node_add_file(fs->own, "log", 0444, &stream_ops, fs->log);
	fs->events_node = node_add_file(fs->own, "events", 0444, &stream_ops, fs->events);
	fs->by_path = fs_dir(fs->own, "by-path");
	fs->by_alias = fs_dir(fs->own, "by-alias");
	if (!fs->log_node || !fs->events_node || !fs->by_path || !fs->by_alias ||
	    add_file(fs, fs->own, "last_error", put_context_error, fs))
		return -ENOMEM;
	return 0;
}
