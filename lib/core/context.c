/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A context: what are globals in the kernel (indices, lists, the log, settings).
 * Knows every processor by reference only, never what happens to it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/options.h"
#include "core/internal.h"

/* Its address tells the copies of the library apart (plugins name it). */
RPROC_API const char rproc_core = 0;

RPROC_API const char *rproc_version(void)
{
	return RPROC_VERSION;
}

static char *default_firmware_dirs(void)
{
	struct utsname host;
	char *dirs;

	uname(&host);
	if (asprintf(
		    &dirs,
		    "/lib/firmware/updates/%s:/lib/firmware/updates:/lib/firmware/%s:/lib/firmware",
		    host.release, host.release) < 0)
		return NULL;
	return dirs;
}

static char *default_state_dir(void)
{
	char *dir;

	if (!geteuid())
		return strdup("/run/librproc");
	if (asprintf(&dir, "/tmp/librproc-%u", (unsigned int)geteuid()) < 0)
		return NULL;
	return dir;
}

static void apply_numbers(struct rproc_context *context,
			  const struct rproc_context_options *options)
{
	context->log = options->log;
	context->log_data = options->log_data;
	context->state_changed = options->state_changed;
	context->state_changed_data = options->state_changed_data;
	atomic_init(&context->log_level, options->log_level ? options->log_level : RPROC_LOG_INFO);
	context->shutdown_timeout_ms =
		options->shutdown_timeout_ms ? options->shutdown_timeout_ms : 500;
	context->dump_timeout_ms = options->dump_timeout_ms ? options->dump_timeout_ms : 300000;
	context->send_timeout_ms = options->send_timeout_ms ? options->send_timeout_ms : 15000;
	context->max_firmware_size =
		options->max_firmware_size ? options->max_firmware_size : 256u << 20;
}

static int apply_strings(struct rproc_context *context, const struct rproc_context_options *options)
{
	if (options->firmware_path) {
		if (strlen(options->firmware_path) >= sizeof(context->firmware_path))
			return -ENOSPC;
		strcpy(context->firmware_path, options->firmware_path);
	}
	context->firmware_dirs =
		options->firmware_dirs ? strdup(options->firmware_dirs) : default_firmware_dirs();
	context->plugin_path =
		strdup(options->plugin_path ? options->plugin_path : RPROC_DEFAULT_PLUGIN_PATH);
	context->state_dir = options->state_dir ? strdup(options->state_dir) : default_state_dir();
	if (!context->firmware_dirs || !context->plugin_path || !context->state_dir)
		return -ENOMEM;
	return 0;
}

static void free_strings(struct rproc_context *context)
{
	free(context->firmware_dirs);
	free(context->plugin_path);
	free(context->state_dir);
}

RPROC_API int rproc_context_new(const struct rproc_context_options *given,
				struct rproc_context **ret_context)
{
	struct rproc_context_options options;
	struct rproc_context *context;
	int ret;

	ret = options_read(given, &options, sizeof(options));
	if (ret)
		return ret;
	context = calloc(1, sizeof(*context));
	if (!context)
		return -ENOMEM;
	list_init(&context->rprocs);
	list_init(&context->vdev_drivers);
	list_init(&context->plugins);
	list_init(&context->debug_plugins);
	list_init(&context->devices);
	list_init(&context->unbound);
	apply_numbers(context, &options);
	ret = apply_strings(context, &options);
	if (!ret)
		ret = rproc_hw_new(options.hw, &context->hw);
	if (ret)
		goto err_strings;
	ret = rproc_events_init(&context->events,
				options.event_queue_len ? options.event_queue_len : 4096);
	if (ret)
		goto err_strings;
	pthread_mutex_init(&context->lock, NULL);
	pthread_mutex_init(&context->board_lock, NULL);
	rproc_dumps_init(&context->dumps);
	rproc_rpmsg_init(&context->rpmsg);
	ret = rproc_loop_new(context, &context->loop);
	if (ret)
		goto err_dumps;
	*ret_context = context;
	return 0;

err_dumps:
	rproc_rpmsg_fini(&context->rpmsg);
	rproc_dumps_fini(context);
	pthread_mutex_destroy(&context->board_lock);
	pthread_mutex_destroy(&context->lock);
	rproc_events_fini(&context->events);
err_strings:
	rproc_hw_free(context->hw);
	free_strings(context);
	free(context);
	return ret;
}

static void free_vdev_drivers(struct rproc_context *context)
{
	struct list *item, *next;

	list_for_each_safe(item, next, &context->vdev_drivers)
		free(list_entry(item, struct rproc_vdev_binding, link));
}

/* A program's own processors that it has not removed: stopped, and freed in its stead. */
static void remove_rest(struct rproc_context *context)
{
	struct rproc *rproc;

	while ((rproc = rproc_get_next(context, -1))) {
		struct rproc_device *device = rproc_device_get(rproc->dev);
		bool del_managed = rproc->del_managed, free_managed = rproc->free_managed;

		/* What is left to the device comes after what a driver does itself. */
		if (!del_managed)
			rproc_del(rproc);
		if (del_managed || free_managed)
			rproc_device_release(device);
		if (!free_managed)
			rproc_free(rproc);
		rproc_put(rproc);
		rproc_device_put(device);
	}
}

RPROC_API void rproc_context_free(struct rproc_context *context)
{
	if (!context)
		return;
	rproc_boards_fini(context);
	remove_rest(context);
	rproc_rpmsg_end_sockets(context);
	rproc_loop_free(context->loop);
	rproc_rpmsg_fini(&context->rpmsg);
	rproc_dumps_fini(context);
	free_vdev_drivers(context);
	rproc_debug_free(context);
	ids_free(&context->indices);
	ids_free(&context->vdev_numbers);
	ids_free(&context->virtio_numbers);
	pthread_mutex_destroy(&context->board_lock);
	pthread_mutex_destroy(&context->lock);
	rproc_events_fini(&context->events);
	rproc_hw_free(context->hw);
	free_strings(context);
	free(context);
}

/* ---- log and story ------------------------------------------------------------------- */

/* One record is one line: what a user or a firmware sent is escaped, as /dev/kmsg does. */
static void escape(char *out, const char *text)
{
	const unsigned char *c;

	for (c = (const unsigned char *)text; *c; c++) {
		if (*c >= ' ' && *c < 0x7f && *c != '\\')
			*out++ = (char)*c;
		else
			out += sprintf(out, "\\x%02x", *c);
	}
	*out = '\0';
}

void rproc_context_vprint(struct rproc_context *context, int level, const char *device,
			  const char *fmt, va_list args)
{
	char text[RPROC_LINE_MAX], escaped[4 * RPROC_LINE_MAX];
	size_t prefix = *device ? strlen(device) + strlen(": ") : 0;
	size_t len;

	if (!context->log)
		return;
	/* A line of the kernel's log has room for its device and its text together. */
	vsnprintf(text, prefix < sizeof(text) ? sizeof(text) - prefix : 1, fmt, args);
	/* The newline of a driver's own format ends the line; one that a user sent does not. */
	len = strlen(text);
	if (len && text[len - 1] == '\n' && fmt[strlen(fmt) - 1] == '\n')
		text[len - 1] = '\0';
	escape(escaped, text);
	context->log(level, device, escaped, context->log_data);
}

void rproc_context_vlog(struct rproc_context *context, int level, const char *device,
			const char *fmt, va_list args)
{
	if (level <= atomic_load(&context->log_level))
		rproc_context_vprint(context, level, device, fmt, args);
}

void rproc_context_log(struct rproc_context *context, int level, const char *device,
		       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rproc_context_vlog(context, level, device, fmt, args);
	va_end(args);
}

RPROC_API void rproc_context_set_log_level(struct rproc_context *context, int level)
{
	atomic_store(&context->log_level, level);
}

RPROC_API int rproc_context_story(struct rproc_context *context, int error, const char *fmt, ...)
{
	char story[RPROC_STORY_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(story, sizeof(story), fmt, args);
	va_end(args);
	pthread_mutex_lock(&context->lock);
	strcpy(context->story, story);
	pthread_mutex_unlock(&context->lock);
	return error;
}

RPROC_API size_t rproc_context_last_error(struct rproc_context *context, char *buf, size_t len)
{
	size_t ret;

	pthread_mutex_lock(&context->lock);
	ret = (size_t)snprintf(buf, len, "%s", context->story);
	pthread_mutex_unlock(&context->lock);
	return ret;
}

/* ---- settings --------------------------------------------------------------------------- */

RPROC_API int rproc_context_set_firmware_path(struct rproc_context *context, const char *path)
{
	if (strlen(path) >= sizeof(context->firmware_path))
		return rproc_context_story(context, -ENOSPC,
					   "firmware path: %zu bytes do not fit in %zu",
					   strlen(path), sizeof(context->firmware_path) - 1);
	pthread_mutex_lock(&context->lock);
	strcpy(context->firmware_path, path);
	pthread_mutex_unlock(&context->lock);
	return 0;
}

RPROC_API size_t rproc_context_firmware_path(struct rproc_context *context, char *buf, size_t len)
{
	size_t ret;

	pthread_mutex_lock(&context->lock);
	ret = (size_t)snprintf(buf, len, "%s", context->firmware_path);
	pthread_mutex_unlock(&context->lock);
	return ret;
}

RPROC_API int rproc_context_add_vdev_driver(struct rproc_context *context,
					    const struct rproc_vdev_driver *driver, void *data)
{
	struct rproc_vdev_binding *binding = calloc(1, sizeof(*binding));
	struct list *item;
	int ret = 0;

	if (!binding)
		return -ENOMEM;
	binding->driver = driver;
	binding->data = data;
	pthread_mutex_lock(&context->lock);
	list_for_each(item, &context->vdev_drivers) {
		if (list_entry(item, struct rproc_vdev_binding, link)->driver->id == driver->id)
			ret = -EEXIST;
	}
	if (!ret)
		list_add_tail(&context->vdev_drivers, &binding->link);
	pthread_mutex_unlock(&context->lock);
	if (ret)
		free(binding);
	return ret;
}

/* ---- finding processors ------------------------------------------------------------------- */

/* Does @rproc answer to @key? */
typedef bool (*match_fn)(const struct rproc *rproc, const void *key);

static struct rproc *find(struct rproc_context *context, match_fn match, const void *key)
{
	struct rproc *found = NULL;
	struct list *item;

	if (!context || !key)
		return NULL;
	pthread_mutex_lock(&context->lock);
	list_for_each(item, &context->rprocs) {
		struct rproc *rproc = list_entry(item, struct rproc, link);

		if (match(rproc, key)) {
			found = rproc_get(rproc);
			break;
		}
	}
	pthread_mutex_unlock(&context->lock);
	return found;
}

static bool match_phandle(const struct rproc *rproc, const void *key)
{
	uint32_t phandle = rproc_device_phandle(rproc->dev);

	return phandle && phandle == *(const uint32_t *)key;
}

RPROC_API struct rproc *rproc_get_by_phandle(struct rproc_context *context, uint32_t phandle)
{
	return find(context, match_phandle, &phandle);
}

static bool match_name(const struct rproc *rproc, const void *key)
{
	return !strcmp(rproc->name, key);
}

RPROC_API struct rproc *rproc_get_by_name(struct rproc_context *context, const char *name)
{
	return find(context, match_name, name);
}

static bool match_index(const struct rproc *rproc, const void *key)
{
	return rproc->index == *(const int *)key;
}

RPROC_API struct rproc *rproc_get_by_index(struct rproc_context *context, int index)
{
	return find(context, match_index, &index);
}

static bool match_above(const struct rproc *rproc, const void *key)
{
	return rproc->index > *(const int *)key;
}

RPROC_API struct rproc *rproc_get_next(struct rproc_context *context, int index)
{
	return find(context, match_above, &index);
}
