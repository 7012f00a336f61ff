/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device: the place a processor hangs at, with what its driver left there. The
 * device tree behind it, if there is one, is the business of lib/board.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"

#define NAME_BYTES 255 /* of a device: a component of a path */

static void device_free(struct rproc_device *device)
{
	rproc_device_release(device);
	rproc_board_put(device->board);
	free((char *)device->plugin_name);
	free(device->dt_alias);
	free(device->dt_path);
	free(device->path);
	free(device->name);
	free(device);
}

int rproc_device_create(struct rproc_context *context, const char *path,
			struct rproc_device **ret_device)
{
	const char *slash = strrchr(path, '/');
	struct rproc_device *device = calloc(1, sizeof(*device));

	if (!device)
		return -ENOMEM;
	atomic_init(&device->refs, 1);
	device->context = context;
	device->name = strdup(slash ? slash + 1 : path);
	device->path = strdup(path);
	device->dt_path = strdup("");
	device->dt_alias = strdup("");
	device->plugin_name = strdup("");
	list_init(&device->link);
	list_init(&device->managed);
	if (!device->name || !device->path || !device->dt_path || !device->dt_alias ||
	    !device->plugin_name) {
		device_free(device);
		return -ENOMEM;
	}
	*ret_device = device;
	return 0;
}

/* A name becomes the name of a directory. */
static bool is_name(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	if (!len || len > NAME_BYTES || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (i = 0; i < len; i++)
		if (name[i] == '/' || (unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	return true;
}

RPROC_API int rproc_device_new(struct rproc_context *context, const char *name,
			       struct rproc_device **ret_device)
{
	char path[sizeof("platform/") + NAME_BYTES];

	if (!context || !ret_device)
		return -EINVAL;
	if (!name || !is_name(name))
		return rproc_context_story(context, -EINVAL,
					   "device name \"%.64s\": 1 to %d characters without '/'",
					   name ? name : "", NAME_BYTES);
	snprintf(path, sizeof(path), "platform/%s", name);
	return rproc_device_create(context, path, ret_device);
}

RPROC_API struct rproc_device *rproc_device_get(struct rproc_device *device)
{
	atomic_fetch_add(&device->refs, 1);
	return device;
}

RPROC_API void rproc_device_put(struct rproc_device *device)
{
	if (device && atomic_fetch_sub(&device->refs, 1) == 1)
		device_free(device);
}

RPROC_API struct rproc_context *rproc_device_context(const struct rproc_device *device)
{
	return device->context;
}

RPROC_API const char *rproc_device_name(const struct rproc_device *device)
{
	return device->name;
}

RPROC_API void rproc_device_set_priv(struct rproc_device *device, void *priv)
{
	device->priv = priv;
}

RPROC_API void *rproc_device_priv(const struct rproc_device *device)
{
	return device->priv;
}

RPROC_API void rproc_device_set_memory_provider(struct rproc_device *device,
						const struct rproc_memory_provider *provider)
{
	device->has_provider = provider;
	device->provider = provider ? *provider : (struct rproc_memory_provider){ 0 };
}

RPROC_API const char *rproc_device_state_dir(const struct rproc_device *device)
{
	return device->context->state_dir;
}

RPROC_API unsigned int rproc_device_shutdown_timeout_ms(const struct rproc_device *device)
{
	return device->context->shutdown_timeout_ms;
}

/* ---- log and story ------------------------------------------------------------------- */

RPROC_API void rproc_device_log(const struct rproc_device *device, int level, const char *fmt, ...)
{
	char origin[64 + NAME_BYTES + 1];
	va_list args;

	if (!rproc_debug_plugin(device->context, level, device->plugin_name))
		return;
	/* as the kernel: the driver and the device, or the bus of one without a driver */
	snprintf(origin, sizeof(origin), "%.63s %s",
		 *device->plugin_name ? device->plugin_name : "platform", device->name);
	va_start(args, fmt);
	rproc_context_vprint(device->context, level, origin, fmt, args);
	va_end(args);
}

static int tell(const struct rproc_device *device, int error, const char *fmt, va_list args)
{
	char text[RPROC_STORY_MAX];

	/* the first one was told where most was known */
	if (atomic_load(&((struct rproc_device *)device)->probing) &&
	    rproc_context_last_error(device->context, text, sizeof(text)))
		return error;
	vsnprintf(text, sizeof(text), fmt, args);
	return rproc_context_story(device->context, error, "%s: %s", device->name, text);
}

int rproc_device_tell(const struct rproc_device *device, int error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tell(device, error, fmt, args);
	va_end(args);
	return error;
}

RPROC_API int rproc_device_story(struct rproc_device *device, int error, const char *stage,
				 const char *fmt, ...)
{
	char text[RPROC_STORY_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return rproc_device_tell(device, error, "%s: %s", stage, text);
}
