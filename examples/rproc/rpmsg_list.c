/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Channels out of the files. A bus is known by the directory that its devices lie in,
 * so this works for whatever carries rpmsg in a kernel, not for virtio alone.
 */
#include "rpmsg_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tool.h"
#include "trouble.h"

#define BUS_DIR	  "bus/rpmsg/devices"
#define CLASS_DIR "class/rpmsg"
#define TTY_DIR	  "class/tty"

/* How long a channel that is not there is waited for, and how often looked for. */
#define MOMENT_MS 1000
#define LOOK_MS	  20

/* A channel while the list is made. */
struct entry {
	struct channel channel;
	char bus[640]; /* the directory its device lies in */
};

struct list {
	struct entry *entries;
	size_t count, room;
};

/* ---- names of files ---------------------------------------------------------------- */

/* Call @add for each name in @dir; a directory that is not there is empty. */
static int for_each_name(const struct mount *mount, const char *dir, const char *prefix,
			 int (*add)(const char *name, void *arg), void *arg)
{
	int fd = openat(mount->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	int err = 0;
	DIR *names;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	names = fdopendir(fd);
	if (!names) {
		err = -errno;
		close(fd);
		return err;
	}
	while (!err && (entry = readdir(names)))
		if (entry->d_name[0] != '.' && !strncmp(entry->d_name, prefix, strlen(prefix)))
			err = add(entry->d_name, arg);
	closedir(names);
	return err;
}

struct first {
	char *name;
	size_t len;
};

static int keep_first(const char *name, void *arg)
{
	struct first *first = arg;

	if (!first->name[0] && strlen(name) < first->len)
		snprintf(first->name, first->len, "%s", name);
	return 0;
}

/* The first name in DIR/SUB that begins with @prefix, or "". */
static void find_child(const struct mount *mount, const char *dir, const char *sub,
		       const char *prefix, char *ret_name, size_t len)
{
	struct first first = { .name = ret_name, .len = len };
	char path[640];

	ret_name[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dir, sub);
	for_each_name(mount, path, prefix, keep_first, &first);
}

/* Where a link leads, its last component cut off; "" if it is none. */
static void read_parent(const struct mount *mount, const char *link, char *ret_dir, size_t len)
{
	ssize_t got = readlinkat(mount->fd, link, ret_dir, len - 1);
	char *slash;

	ret_dir[got > 0 ? got : 0] = '\0';
	slash = strrchr(ret_dir, '/');
	if (slash)
		*slash = '\0';
}

/* N of the component remoteprocN in @path, or -1. */
static int find_rproc(const char *path)
{
	const char *found = strstr(path, "/remoteproc/remoteproc");
	int index = -1;

	if (found)
		sscanf(found, "/remoteproc/remoteproc%d", &index);
	return index;
}

/* ---- one channel --------------------------------------------------------------------- */

/* Hexadecimal in bus/rpmsg, signed decimal in class/rpmsg. */
static uint32_t read_address(const struct mount *mount, const char *dir, const char *file)
{
	char text[32];

	if (mount_read(mount, dir, file, text, sizeof(text)) <= 0)
		return RPMSG_ANY;
	return text[0] == '-' ? RPMSG_ANY : (uint32_t)strtoul(text, NULL, 0);
}

static void fill_processor(const struct mount *mount, const char *bus, struct channel *channel)
{
	char dir[64];

	channel->rproc = find_rproc(bus);
	snprintf(dir, sizeof(dir), "class/remoteproc/remoteproc%d", channel->rproc);
	if (channel->rproc >= 0)
		mount_read(mount, dir, "name", channel->processor, sizeof(channel->processor));
}

/* What a channel and an endpoint have alike, in their directories. */
static void fill_entry(const struct mount *mount, const char *dir, struct entry *entry)
{
	struct channel *channel = &entry->channel;

	read_parent(mount, dir, entry->bus, sizeof(entry->bus));
	fill_processor(mount, entry->bus, channel);
	mount_read(mount, dir, "name", channel->name, sizeof(channel->name));
	channel->src = read_address(mount, dir, "src");
	channel->dst = read_address(mount, dir, "dst");
}

static void fill_channel(const struct mount *mount, const char *name, struct entry *entry)
{
	struct channel *channel = &entry->channel;
	char dir[256], link[300], target[640];
	ssize_t got;

	memset(entry, 0, sizeof(*entry));
	snprintf(channel->device, sizeof(channel->device), "%s", name);
	snprintf(dir, sizeof(dir), BUS_DIR "/%s", channel->device);
	fill_entry(mount, dir, entry);
	snprintf(link, sizeof(link), "%s/driver", dir);
	got = readlinkat(mount->fd, link, target, sizeof(target) - 1);
	target[got > 0 ? got : 0] = '\0';
	snprintf(channel->driver, sizeof(channel->driver), "%.39s",
		 strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
	find_child(mount, dir, "rpmsg", "rpmsg", channel->endpoint, sizeof(channel->endpoint));
	find_child(mount, dir, "tty", "ttyRPMSG", channel->tty, sizeof(channel->tty));
}

static void fill_endpoint(const struct mount *mount, const char *name, struct entry *entry)
{
	struct channel *channel = &entry->channel;
	char dir[256];

	memset(entry, 0, sizeof(*entry));
	snprintf(channel->endpoint, sizeof(channel->endpoint), "%s", name);
	snprintf(dir, sizeof(dir), CLASS_DIR "/%s", channel->endpoint);
	fill_entry(mount, dir, entry);
}

/* A serial line is on no bus: its terminal is all there is of it. */
static void fill_serial(const struct mount *mount, const char *name, struct entry *entry)
{
	struct channel *channel = &entry->channel;
	char link[128], *dir;

	memset(entry, 0, sizeof(*entry));
	channel->serial = true;
	channel->src = channel->dst = RPMSG_ANY;
	snprintf(channel->device, sizeof(channel->device), "%s", name);
	snprintf(channel->tty, sizeof(channel->tty), "%s", name);
	snprintf(link, sizeof(link), TTY_DIR "/%s", channel->tty);
	read_parent(mount, link, entry->bus, sizeof(entry->bus));
	fill_processor(mount, entry->bus, channel);
	/* .../virtio0/rproc-serial/tty */
	dir = strrchr(entry->bus, '/');
	if (dir)
		*dir = '\0';
	dir = strrchr(entry->bus, '/');
	snprintf(channel->name, sizeof(channel->name), "%.39s", dir ? dir + 1 : "");
}

/* ---- the list --------------------------------------------------------------------------- */

struct walk {
	const struct mount *mount;
	struct list list;
	void (*fill)(const struct mount *mount, const char *name, struct entry *entry);
};

static int add_entry(const char *name, void *arg)
{
	struct walk *walk = arg;
	struct list *list = &walk->list;

	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct entry *more = reallocarray(list->entries, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->entries = more;
		list->room = room;
	}
	walk->fill(walk->mount, name, &list->entries[list->count++]);
	return 0;
}

static bool is_endpoint_of_channel(const struct list *list, const char *endpoint)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].channel.device[0] &&
		    !strcmp(list->entries[i].channel.endpoint, endpoint))
			return true;
	return false;
}

/* Endpoints that are not a channel's own device. */
static int add_bare_endpoint(const char *name, void *arg)
{
	struct walk *walk = arg;

	/* rpmsg_ctrlN is of the same class. */
	if (name[strlen("rpmsg")] == '_' || is_endpoint_of_channel(&walk->list, name))
		return 0;
	return add_entry(name, arg);
}

static int add_serial(const char *name, void *arg)
{
	struct walk *walk = arg;

	for (size_t i = 0; i < walk->list.count; i++)
		if (!strcmp(walk->list.entries[i].channel.tty, name))
			return 0;
	return add_entry(name, arg);
}

static void fill_ctrl(struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct entry *ctrl = &list->entries[i];

		/* A firmware may call its own service so; that one has no such device. */
		if (strncmp(ctrl->channel.endpoint, "rpmsg_ctrl", strlen("rpmsg_ctrl")))
			continue;
		for (size_t k = 0; k < list->count; k++)
			if (!strcmp(list->entries[k].bus, ctrl->bus))
				memcpy(list->entries[k].channel.ctrl, ctrl->channel.endpoint,
				       sizeof(ctrl->channel.endpoint));
	}
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

/* The kernel's own two. A firmware's service of that name is at another address. */
static bool is_fixed(const struct channel *channel)
{
	return ends_with(channel->device, ".rpmsg_ctrl.0.0") ||
	       ends_with(channel->device, ".rpmsg_ns.53.53");
}

static int compare(const void *a, const void *b)
{
	const struct channel *left = a, *right = b;

	/* Bare endpoints come last. */
	if (!left->device[0] != !right->device[0])
		return !left->device[0] - !right->device[0];
	return strverscmp(channel_label(left), channel_label(right));
}

const char *channel_label(const struct channel *channel)
{
	return channel->device[0] ? channel->device : channel->endpoint;
}

int rpmsg_list(const struct mount *mount, bool all, struct channel **ret_channels,
	       size_t *ret_count)
{
	struct walk walk = { .mount = mount, .fill = fill_channel };
	struct channel *channels = NULL;
	size_t count = 0;
	int err;

	err = for_each_name(mount, BUS_DIR, "", add_entry, &walk);
	walk.fill = fill_serial;
	if (!err)
		err = for_each_name(mount, TTY_DIR, "ttyRPMSG", add_serial, &walk);
	walk.fill = fill_endpoint;
	if (!err)
		err = for_each_name(mount, CLASS_DIR, "rpmsg", add_bare_endpoint, &walk);
	if (err)
		goto out_free;
	fill_ctrl(&walk.list);
	channels = calloc(walk.list.count + 1, sizeof(*channels));
	if (!channels) {
		err = -ENOMEM;
		goto out_free;
	}
	for (size_t i = 0; i < walk.list.count; i++) {
		const struct channel *channel = &walk.list.entries[i].channel;

		if (all || (channel->device[0] && !is_fixed(channel)))
			channels[count++] = *channel;
	}
	qsort(channels, count, sizeof(*channels), compare);
	*ret_channels = channels;
	*ret_count = count;
out_free:
	free(walk.list.entries);
	return err;
}

/* ---- choosing ------------------------------------------------------------------------------ */

/* Does @word mean this one and no other? */
static bool means_exactly(const struct channel *channel, const char *word)
{
	if (!strncmp(word, "/dev/", 5))
		word += 5;
	else if (!strncmp(word, "dev/", 4))
		word += 4;
	return !strcmp(word, channel_label(channel)) ||
	       (channel->endpoint[0] && !is_fixed(channel) && !strcmp(word, channel->endpoint)) ||
	       (channel->tty[0] && !strcmp(word, channel->tty));
}

/* Is it a channel of that service, perhaps of a processor named before it? */
static bool means(const struct channel *channel, const char *word)
{
	char index[32];
	const char *colon;
	size_t len;

	if (!channel->device[0] || is_fixed(channel))
		return false;
	if (!strcmp(channel->name, word))
		return true;
	colon = strchr(word, ':');
	if (!colon || strcmp(colon + 1, channel->name))
		return false;
	len = (size_t)(colon - word);
	snprintf(index, sizeof(index), "remoteproc%d", channel->rproc);
	return (strlen(channel->processor) == len && !strncmp(channel->processor, word, len)) ||
	       (strlen(index) == len && !strncmp(index, word, len));
}

static void list_channels(const struct channel *channels, size_t count, const char *word)
{
	size_t shown = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_fixed(&channels[i]) || (word && !means(&channels[i], word)))
			continue;
		fputs(shown++ ? ", " : "  try: one of ", stderr);
		trouble_print(stderr, channel_label(&channels[i]),
			      strlen(channel_label(&channels[i])));
	}
	fputs(shown ? "\n"
		    : "  try: no firmware has announced one; is the processor running? rproc "
		      "list, rproc status\n",
	      stderr);
}

/* How many channels are meant, of which *ret_channel is one. */
static size_t find(const struct channel *channels, size_t count, const char *word,
		   struct channel *ret_channel)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!means_exactly(&channels[i], word))
			continue;
		*ret_channel = channels[i];
		return 1;
	}
	for (size_t i = 0; i < count; i++)
		if (means(&channels[i], word) && !found++)
			*ret_channel = channels[i];
	return found;
}

static bool somebody_runs(const struct mount *mount)
{
	struct processor *processors;
	bool runs = false;
	char state[32];
	size_t count;

	if (mount_processors(mount, &processors, &count))
		return false;
	for (size_t i = 0; i < count && !runs; i++) {
		mount_read(mount, processors[i].dir, "state", state, sizeof(state));
		runs = !strcmp(state, "running") || !strcmp(state, "attached");
	}
	free(processors);
	return runs;
}

static int refuse(const struct channel *channels, size_t count, const char *word, size_t found)
{
	fputs(found ? "rproc: there are several channels " : "rproc: no channel ", stderr);
	trouble_print(stderr, word, strlen(word));
	fputc('\n', stderr);
	list_channels(channels, count, found ? word : NULL);
	return TOOL_NO_PROCESSOR;
}

/* Firmware announces its services when it likes: one that was just started gets a moment. */
int rpmsg_resolve(const struct mount *mount, const char *word, struct channel *ret_channel)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000 };
	struct channel *channels;
	size_t count, found;
	int code, err;

	for (int waited = 0;; waited += LOOK_MS) {
		err = rpmsg_list(mount, true, &channels, &count);
		if (err) {
			trouble_report("list of channels", -err, "", "");
			return TOOL_REFUSED;
		}
		found = find(channels, count, word, ret_channel);
		if (found || waited >= MOMENT_MS || !somebody_runs(mount))
			break;
		free(channels);
		nanosleep(&look, NULL);
	}
	code = found == 1 ? TOOL_OK : refuse(channels, count, word, found);
	free(channels);
	return code;
}
