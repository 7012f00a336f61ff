/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which debug lines are wanted although the log level forbids them, one by one: the
 * library's own by name, those of a plugin together. Knows where Linux has such
 * lines, never what they are about.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "core/internal.h"

#define FLAGS_ALL 63u

#define CORE   "drivers/remoteproc/remoteproc_core.c", "remoteproc"
#define ELF    "drivers/remoteproc/remoteproc_elf_loader.c", "remoteproc"
#define VIRTIO "drivers/remoteproc/remoteproc_virtio.c", "remoteproc"
#define RPMSG  "drivers/rpmsg/virtio_rpmsg_bus.c", "virtio_rpmsg_bus"

static const struct place {
	const char *file, *module, *function, *format;
	unsigned int line;
} places[RPROC_DEBUG_NAMES] = {
	[RPROC_DEBUG_ELF_CLASS] = { ELF, "rproc_elf_sanity_check", RPROC_DEBUG_ELF_CLASS_FORMAT,
				    1 },
	[RPROC_DEBUG_SEGMENT] = { ELF, "rproc_elf_load_segments", RPROC_DEBUG_SEGMENT_FORMAT, 2 },
	[RPROC_DEBUG_RESOURCE] = { CORE, "rproc_handle_resources", RPROC_DEBUG_RESOURCE_FORMAT, 1 },
	[RPROC_DEBUG_CARVEOUT] = { CORE, "rproc_alloc_registered_carveouts",
				   RPROC_DEBUG_CARVEOUT_FORMAT, 2 },
	[RPROC_DEBUG_VDEV] = { CORE, "rproc_handle_vdev", RPROC_DEBUG_VDEV_FORMAT, 3 },
	[RPROC_DEBUG_KICK] = { VIRTIO, "rproc_virtio_notify", RPROC_DEBUG_KICK_FORMAT, 1 },
	[RPROC_DEBUG_NOTIFIED] = { VIRTIO, "rproc_vq_interrupt", RPROC_DEBUG_NOTIFIED_FORMAT, 2 },
	[RPROC_DEBUG_NO_USED] = { RPMSG, "rpmsg_recv_done", RPROC_DEBUG_NO_USED_FORMAT, 1 },
};

/* Flags of the lines of a plugin that somebody has asked for. */
struct plugin_flags {
	struct list link; /* context.debug_plugins */
	unsigned int flags;
	char name[];
};

/* ---- printing ---------------------------------------------------------------------------- */

/* "[12] remoteproc:rproc_elf_load_segments:2: ", or as much of it as is asked for. */
static void put_prefix(char *buf, size_t size, const struct place *place, unsigned int flags)
{
	char line[16], thread[24];

	snprintf(line, sizeof(line), "%u:", place->line);
	snprintf(thread, sizeof(thread), "[%ld] ", (long)syscall(SYS_gettid));
	snprintf(buf, size, "%s%s%s%s%s%s%s%s%s", flags & RPROC_DEBUG_THREAD ? thread : "",
		 flags & RPROC_DEBUG_MODULE ? place->module : "",
		 flags & RPROC_DEBUG_MODULE ? ":" : "",
		 flags & RPROC_DEBUG_FUNCTION ? place->function : "",
		 flags & RPROC_DEBUG_FUNCTION ? ":" : "",
		 flags & RPROC_DEBUG_SOURCE ? place->file : "",
		 flags & RPROC_DEBUG_SOURCE ? ":" : "", flags & RPROC_DEBUG_LINE ? line : "",
		 flags & (RPROC_DEBUG_MODULE | RPROC_DEBUG_FUNCTION | RPROC_DEBUG_SOURCE |
			  RPROC_DEBUG_LINE)
			 ? " "
			 : "");
}

void rproc_debug_print(struct rproc_context *context, const char *device,
		       enum rproc_debug_name name, const char *fmt, ...)
{
	unsigned int flags = atomic_load(&context->debug[name]);
	char origin[512];
	size_t used;
	va_list args;

	if (!(flags & RPROC_DEBUG_PRINT) && atomic_load(&context->log_level) < RPROC_LOG_DEBUG)
		return;
	put_prefix(origin, sizeof(origin), &places[name], flags);
	used = strlen(origin);
	snprintf(origin + used, sizeof(origin) - used, "%s", device);
	va_start(args, fmt);
	rproc_context_vprint(context, RPROC_LOG_DEBUG, origin, fmt, args);
	va_end(args);
}

/* With the context's lock. */
static struct plugin_flags *find_plugin(struct rproc_context *context, const char *plugin)
{
	struct list *item;

	list_for_each(item, &context->debug_plugins) {
		struct plugin_flags *found = list_entry(item, struct plugin_flags, link);

		if (!strcmp(found->name, plugin))
			return found;
	}
	return NULL;
}

static unsigned int plugin_flags(struct rproc_context *context, const char *plugin)
{
	const struct plugin_flags *found;
	unsigned int flags;

	pthread_mutex_lock(&context->lock);
	found = find_plugin(context, plugin);
	flags = found ? found->flags : 0;
	pthread_mutex_unlock(&context->lock);
	return flags;
}

bool rproc_debug_plugin(struct rproc_context *context, int level, const char *plugin)
{
	if (level <= atomic_load(&context->log_level))
		return true;
	return level == RPROC_LOG_DEBUG && plugin_flags(context, plugin) & RPROC_DEBUG_PRINT;
}

void rproc_debug_free(struct rproc_context *context)
{
	struct list *item, *next;

	list_for_each_safe(item, next, &context->debug_plugins)
		free(list_entry(item, struct plugin_flags, link));
}

/* ---- asking and switching ------------------------------------------------------------------ */

/* Has a processor before this one the same plugin? With the context's lock. */
static bool is_repeated(struct rproc_context *context, const struct rproc *rproc)
{
	struct list *item;

	list_for_each(item, &context->rprocs) {
		const struct rproc *other = list_entry(item, const struct rproc, link);

		if (other == rproc)
			return false;
		if (!strcmp(other->dev->plugin_name, rproc->dev->plugin_name))
			return true;
	}
	return false;
}

/* The @index-th plugin that has a processor, by its name; -ENOENT. */
static int plugin_name(struct rproc_context *context, unsigned int index, char *buf, size_t size)
{
	struct list *item;
	int ret = -ENOENT;

	pthread_mutex_lock(&context->lock);
	list_for_each(item, &context->rprocs) {
		const struct rproc *rproc = list_entry(item, const struct rproc, link);

		if (!*rproc->dev->plugin_name || is_repeated(context, rproc) || index--)
			continue;
		snprintf(buf, size, "%s", rproc->dev->plugin_name);
		ret = 0;
		break;
	}
	pthread_mutex_unlock(&context->lock);
	return ret;
}

/* a-b is drivers/remoteproc/a_b.c, and the module a_b. */
static void describe_plugin(struct rproc_debug_line *line, const char *plugin)
{
	size_t half = sizeof(line->buf) / 2;
	char module[64];
	char *c;

	snprintf(module, sizeof(module), "%s", plugin);
	while ((c = strchr(module, '-')))
		*c = '_';
	snprintf(line->buf, half, "drivers/remoteproc/%s.c", module);
	snprintf(line->buf + half, half, "%s", module);
	line->file = line->buf;
	line->module = line->buf + half;
	line->function = line->format = "";
}

RPROC_API int rproc_context_debug_line(struct rproc_context *context, unsigned int index,
				       struct rproc_debug_line *ret_line)
{
	char name[64];

	if (index < RPROC_DEBUG_NAMES) {
		const struct place *place = &places[index];

		*ret_line = (struct rproc_debug_line){
			.file = place->file,
			.module = place->module,
			.function = place->function,
			.format = place->format,
			.line = place->line,
			.flags = atomic_load(&context->debug[index]),
		};
		return 0;
	}
	if (plugin_name(context, index - RPROC_DEBUG_NAMES, name, sizeof(name)))
		return -ENOENT;
	*ret_line = (struct rproc_debug_line){ .flags = plugin_flags(context, name) };
	describe_plugin(ret_line, name);
	return 0;
}

static int set_plugin_flags(struct rproc_context *context, const char *name, unsigned int flags)
{
	struct plugin_flags *found;
	int ret = 0;

	pthread_mutex_lock(&context->lock);
	found = find_plugin(context, name);
	if (!found) {
		found = calloc(1, sizeof(*found) + strlen(name) + 1);
		if (found) {
			strcpy(found->name, name);
			list_add_tail(&context->debug_plugins, &found->link);
		}
	}
	if (found)
		found->flags = flags;
	else
		ret = -ENOMEM;
	pthread_mutex_unlock(&context->lock);
	return ret;
}

RPROC_API int rproc_context_set_debug_flags(struct rproc_context *context, unsigned int index,
					    unsigned int flags)
{
	char name[64];

	flags &= FLAGS_ALL;
	if (index < RPROC_DEBUG_NAMES) {
		atomic_store(&context->debug[index], flags);
		return 0;
	}
	if (plugin_name(context, index - RPROC_DEBUG_NAMES, name, sizeof(name)))
		return -ENOENT;
	return set_plugin_flags(context, name, flags);
}
