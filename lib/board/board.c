/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Boards: which node of a tree becomes a device, which plugin is asked about it,
 * and what is said when none takes it. Knows neither how a tree is written nor
 * how a plugin is loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/report.h"
#include "board/board.h"
#include "core/internal.h"

#define SYSFS	    "/sys"
#define DEVICES_MAX 4096 /* of one board */

/* Bringing up one board. */
struct bringup {
	struct rproc_context *context;
	struct rproc_board *board;
	bool live;
	int devices;
	int processors;
	/* the first failure; one of a node that nobody claims gives way to a real one */
	int error;
	bool unclaimed;
	char story[RPROC_STORY_MAX];
};

static void keep_failure(struct bringup *up, int error, bool unclaimed)
{
	if (up->error && (!up->unclaimed || unclaimed))
		return;
	up->error = error;
	up->unclaimed = unclaimed;
	rproc_context_last_error(up->context, up->story, sizeof(up->story));
}

/* ---- one device --------------------------------------------------------------------------- */

static int set_string(char **field, char *value)
{
	if (!value)
		return -ENOMEM;
	free(*field);
	*field = value;
	return 0;
}

static int node_story(struct bringup *up, int node, int error, const char *why)
{
	return rproc_context_story(up->context, error, "device tree node %.255s: %s",
				   rproc_board_full_name(up->board, node), why);
}

static int make_device(struct bringup *up, int node, struct rproc_device **ret_device)
{
	struct rproc_device *device;
	const char *alias;
	int error = rproc_board_make_device(up->context, up->board, node, &device);

	if (error == -ENAMETOOLONG)
		return node_story(up, node, error,
				  "its device's name would have more than 255 bytes: shorten the "
				  "names of the nodes above it");
	if (error)
		return error;
	alias = rproc_board_alias(up->board, device->dt_path);
	error = alias ? set_string(&device->dt_alias, strdup(alias)) : 0;
	if (error) {
		rproc_device_put(device);
		return error;
	}
	*ret_device = device;
	return 0;
}

static int check_unique(const struct rproc_device *device)
{
	const struct rproc_device *other;
	struct list *item;

	list_for_each(item, &device->context->devices) {
		other = list_entry(item, struct rproc_device, link);
		if (!strcmp(other->path, device->path))
			return rproc_context_story(
				device->context, -EEXIST,
				"device tree node %s: a device %s is there already, "
				"of node %s of this board or an earlier one",
				device->dt_path, device->path, other->dt_path);
	}
	return 0;
}

static int check_live(const struct rproc_device *device)
{
	struct rproc_live_driver driver;
	int error;

	error = rproc_live_find_driver(SYSFS, device->dt_path, &driver);
	if (error == -ENOENT)
		return 0;
	if (error)
		return rproc_context_story(device->context, error,
					   "device tree node %s: cannot see in " SYSFS
					   " whether the kernel drives it: %s",
					   device->dt_path, strerror(-error));
	return rproc_context_story(device->context, -EBUSY,
				   "device tree node %s: the kernel's driver %s drives it: first "
				   "echo %s > " SYSFS "/bus/platform/drivers/%s/unbind",
				   device->dt_path, driver.driver, driver.device, driver.driver);
}

static int count_processors(const struct rproc_device *device)
{
	struct rproc_context *context = device->context;
	struct list *item;
	int count = 0;

	pthread_mutex_lock(&context->lock);
	list_for_each(item, &context->rprocs)
		if (list_entry(item, struct rproc, link)->dev == device)
			count++;
	pthread_mutex_unlock(&context->lock);
	return count;
}

static bool has_story(struct rproc_context *context)
{
	char story[2];

	return rproc_context_last_error(context, story, sizeof(story));
}

/* Ask @loaded about @device; the story so far is none. */
static int call_probe(struct rproc_device *device, const struct rproc_loaded_plugin *loaded)
{
	int error;

	error = set_string((char **)&device->plugin_name, strdup(loaded->plugin.name));
	if (error)
		return error;
	device->plugin = &loaded->plugin;
	atomic_store(&device->probing, true);
	error = loaded->plugin.probe(device);
	if (error < 0)
		rproc_device_release(device);
	atomic_store(&device->probing, false);
	if (error >= 0)
		return 0;
	if (!has_story(device->context))
		rproc_context_story(device->context, error,
				    "%s: plugin %s refuses device tree node %s: %s", device->name,
				    loaded->plugin.name, device->dt_path, strerror(-error));
	if (error != -ENODEV)
		rproc_device_log(device, RPROC_LOG_ERR, "probe with driver %s failed with error %d",
				 loaded->plugin.name, error);
	return error;
}

/* -ENODEV: the plugin says that the node is not its own. */
static int probe_node(struct bringup *up, int node, const struct rproc_loaded_plugin *loaded)
{
	struct rproc_device *device = NULL;
	int error;

	if (up->devices == DEVICES_MAX)
		return node_story(up, node, -ENOSPC, "the board has 4096 devices before it");
	error = make_device(up, node, &device);
	if (error)
		return error;
	error = check_unique(device);
	if (!error && up->live)
		error = check_live(device);
	if (!error)
		error = call_probe(device, loaded);
	if (error) {
		rproc_device_put(device);
		return error;
	}
	list_add_tail(&up->context->devices, &device->link);
	up->devices++;
	up->processors += count_processors(device);
	return 0;
}

/* ---- one node ------------------------------------------------------------------------------- */

/*
 * Would the author of the board expect a processor here? A tree is full of nodes
 * that are none of our business, so a guess: names that say it, and on a board
 * that was made for us also properties that only processors have use for.
 */
static bool names_processor(const struct bringup *up, int node, const char *compatible)
{
	size_t unused;

	if (!strncmp(compatible, "librproc,", 9) || strstr(compatible, "rproc") ||
	    strstr(compatible, "remoteproc") ||
	    !strncmp(rproc_board_base_name(up->board, node), "remoteproc", 10))
		return true;
	return !up->live && (rproc_board_property(up->board, node, "firmware-name", &unused) ||
			     rproc_board_property(up->board, node, "memory-region", &unused));
}

static void tell_unknown(struct bringup *up, int node, const char *compatible)
{
	char plugins[RPROC_STORY_MAX / 2];
	char *path;

	if (up->error && !up->unclaimed)
		return; /* one is told already */
	path = rproc_board_path(up->board, node);
	rproc_plugins_describe(up->context, plugins, sizeof(plugins));
	rproc_context_story(up->context, -ENODEV,
			    "board names unknown hardware: no plugin takes node %.200s, compatible "
			    "\"%.100s\"; %s",
			    path ? path : rproc_board_base_name(up->board, node), compatible,
			    plugins);
	free(path);
	keep_failure(up, -ENODEV, false);
}

/* Ask the plugins that take @compatible. 1: one has the node, or has failed on it. */
static int offer(struct bringup *up, int node, const char *compatible)
{
	const struct rproc_loaded_plugin *loaded = NULL;
	int error;

	while ((loaded = rproc_plugins_find(up->context, loaded, compatible))) {
		rproc_context_story(up->context, 0, "%s", "");
		error = probe_node(up, node, loaded);
		if (!error)
			return 1;
		if (!has_story(up->context))
			node_story(up, node, error, strerror(-error));
		keep_failure(up, error, error == -ENODEV);
		if (error != -ENODEV)
			return 1;
	}
	return 0;
}

/* The node's own words for what it is, the most precise first. */
static void bring_up_node(struct bringup *up, int node)
{
	const char *list, *compatible = NULL;
	bool known = false;
	size_t len;
	int error;

	list = rproc_board_property(up->board, node, "compatible", &len);
	if (!list)
		return;
	while (!(error = rproc_board_next_string(list, len, compatible, &compatible))) {
		known = known || rproc_plugins_find(up->context, NULL, compatible);
		if (offer(up, node, compatible))
			return;
	}
	if (error == -EILSEQ) {
		node_story(up, node, -EINVAL, "`compatible` is not a list of strings");
		keep_failure(up, -EINVAL, false);
	} else if (len && !known && names_processor(up, node, list)) {
		tell_unknown(up, node, list);
	}
}

/* ---- the board ----------------------------------------------------------------------------- */

static int finish(struct bringup *up)
{
	char plugins[RPROC_STORY_MAX / 2];

	if (up->error && (!up->processors || !up->unclaimed)) {
		rproc_context_story(up->context, up->error, "%s", up->story);
		return up->processors ? up->processors : up->error;
	}
	if (up->processors) {
		rproc_context_story(up->context, 0, "%s", "");
		return up->processors;
	}
	rproc_plugins_describe(up->context, plugins, sizeof(plugins));
	rproc_context_story(up->context, 0,
			    "board: none of its %d nodes is a processor that a plugin knows; %s",
			    rproc_board_num_nodes(up->board), plugins);
	return 0;
}

static int bring_up(struct rproc_context *context, struct rproc_board *board, bool live)
{
	struct bringup up = { .context = context, .board = board, .live = live };
	int error, node;

	error = rproc_plugins_search(context);
	if (error)
		return rproc_context_story(context, error, "plugins cannot be looked for: %s",
					   strerror(-error));
	error = rproc_hw_power_on(context, board);
	if (error)
		return error;
	/* the root is the board itself, not a device */
	for (node = 1; node < rproc_board_num_nodes(board); node++)
		if (rproc_board_enabled(board, node))
			bring_up_node(&up, node);
	return finish(&up);
}

RPROC_API int rproc_context_add_board(struct rproc_context *context, const void *dtb, size_t len,
				      bool live)
{
	struct rproc_report report = { 0 };
	struct rproc_board *board;
	int ret;

	if (!context)
		return -EINVAL;
	ret = rproc_board_new(dtb, len, &report, &board);
	if (ret)
		return rproc_context_story(context, ret, "%s",
					   report.count ? report.finding[0].story
							: "device tree: no memory for a copy");
	pthread_mutex_lock(&context->board_lock);
	ret = bring_up(context, board, live);
	pthread_mutex_unlock(&context->board_lock);
	rproc_board_put(board);
	return ret;
}

/* The whole file, and no more than a tree may have and one byte: that is refused later. */
static int read_file(int fd, void **ret_bytes, size_t *ret_len)
{
	size_t len = 0, size = RPROC_BOARD_MAX_SIZE + 1;
	char *bytes;
	ssize_t got;
	int error;

	bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	while (len < size) {
		got = read(fd, bytes + len, size - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error = -errno;
			free(bytes);
			return error;
		}
		if (!got)
			break;
		len += (size_t)got;
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

static int open_file(const char *path)
{
	struct stat st;
	int fd;

	/* not to wait for the other end of a pipe */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

RPROC_API int rproc_context_add_board_file(struct rproc_context *context, const char *path,
					   bool live)
{
	char story[RPROC_STORY_MAX];
	void *bytes = NULL;
	size_t len = 0;
	int fd, ret;

	if (!context || !path)
		return -EINVAL;
	fd = open_file(path);
	ret = fd < 0 ? fd : read_file(fd, &bytes, &len);
	if (fd >= 0)
		close(fd);
	if (ret == -ENOENT && live)
		return rproc_context_story(context, ret,
					   "board %s: this machine was not booted with a device "
					   "tree; use a board of its own",
					   path);
	if (ret)
		return rproc_context_story(context, ret, "board %s: cannot be read: %s", path,
					   ret == -EINVAL ? "it is not a file" : strerror(-ret));
	rproc_context_story(context, 0, "%s", ""); /* an old one is not this board's */
	ret = rproc_context_add_board(context, bytes, len, live);
	free(bytes);
	if (ret < 0 && rproc_context_last_error(context, story, sizeof(story)))
		rproc_context_story(context, ret, "board %s: %s", path, story);
	return ret;
}

/* ---- one device, from its driver and back ------------------------------------------------- */

/* What it takes to make the device anew: who still holds the old one keeps that. */
struct unbound {
	struct list link; /* context.unbound */
	struct rproc_board *board;
	int node;
	char name[RPROC_DEVICE_NAME_MAX + 1];
};

static void unbound_free(struct unbound *unbound)
{
	list_del(&unbound->link);
	rproc_board_put(unbound->board);
	free(unbound);
}

static struct rproc_device *find_device(struct rproc_context *context, const char *name)
{
	struct rproc_device *device;
	struct list *item;

	list_for_each(item, &context->devices) {
		device = list_entry(item, struct rproc_device, link);
		if (!strcmp(device->name, name))
			return device;
	}
	return NULL;
}

static void remove_device(struct rproc_device *device)
{
	list_del(&device->link);
	if (device->plugin->remove)
		device->plugin->remove(device);
	rproc_device_release(device);
	/* somebody may hold it longer than the plugin lives */
	device->plugin = NULL;
	rproc_device_put(device);
}

static int unbind_device(struct rproc_context *context, const char *name, const char *driver)
{
	struct rproc_device *device = find_device(context, name);
	struct unbound *unbound;

	if (!device || strcmp(device->plugin_name, driver))
		return rproc_context_story(context, -ENODEV,
					   "unbind: %.255s is no device that %.64s drives", name,
					   driver);
	unbound = calloc(1, sizeof(*unbound));
	if (!unbound)
		return -ENOMEM;
	unbound->board = rproc_board_get(device->board);
	unbound->node = device->node;
	strcpy(unbound->name, device->name);
	list_add_tail(&context->unbound, &unbound->link);
	remove_device(device);
	return 0;
}

RPROC_API int rproc_context_unbind(struct rproc_context *context, const char *device,
				   const char *driver)
{
	int ret;

	pthread_mutex_lock(&context->board_lock);
	ret = unbind_device(context, device, driver);
	pthread_mutex_unlock(&context->board_lock);
	return ret;
}

static struct unbound *find_unbound(struct rproc_context *context, const char *name)
{
	struct unbound *unbound;
	struct list *item;

	list_for_each(item, &context->unbound) {
		unbound = list_entry(item, struct unbound, link);
		if (!strcmp(unbound->name, name))
			return unbound;
	}
	return NULL;
}

/* The plugin of that name, if it takes one of the node's compatibles. */
static const struct rproc_loaded_plugin *
find_driver(struct rproc_context *context, const struct unbound *unbound, const char *name)
{
	const struct rproc_loaded_plugin *loaded;
	const char *compatible;

	for (unsigned int i = 0;
	     !rproc_board_string(unbound->board, unbound->node, "compatible", i, &compatible);
	     i++) {
		loaded = NULL;
		while ((loaded = rproc_plugins_find(context, loaded, compatible)))
			if (!strcmp(loaded->plugin.name, name))
				return loaded;
	}
	return NULL;
}

static int bind_device(struct rproc_context *context, const char *name, const char *driver)
{
	struct unbound *unbound = find_unbound(context, name);
	const struct rproc_loaded_plugin *loaded;
	struct bringup up = { .context = context };
	int error;

	if (!unbound && find_device(context, name))
		return rproc_context_story(context, -EBUSY, "bind: %.255s has a driver", name);
	loaded = unbound ? find_driver(context, unbound, driver) : NULL;
	if (!loaded)
		return rproc_context_story(context, -ENODEV,
					   "bind: %.255s is no device without a driver that %.64s "
					   "can drive",
					   name, driver);
	rproc_context_story(context, 0, "%s", "");
	up.board = unbound->board;
	error = probe_node(&up, unbound->node, loaded);
	if (!error)
		unbound_free(unbound);
	return error;
}

RPROC_API int rproc_context_bind(struct rproc_context *context, const char *device,
				 const char *driver)
{
	int ret;

	pthread_mutex_lock(&context->board_lock);
	ret = bind_device(context, device, driver);
	pthread_mutex_unlock(&context->board_lock);
	return ret;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void remove_devices(struct rproc_context *context)
{
	while (!list_empty(&context->unbound))
		unbound_free(list_entry(context->unbound.next, struct unbound, link));
	while (!list_empty(&context->devices))
		remove_device(list_entry(context->devices.prev, struct rproc_device, link));
}

RPROC_API void rproc_context_remove_boards(struct rproc_context *context)
{
	pthread_mutex_lock(&context->board_lock);
	remove_devices(context);
	pthread_mutex_unlock(&context->board_lock);
}

void rproc_boards_fini(struct rproc_context *context)
{
	pthread_mutex_lock(&context->board_lock);
	remove_devices(context);
	rproc_hw_power_off(context);
	rproc_plugins_unload(context);
	pthread_mutex_unlock(&context->board_lock);
}
