/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only file that loads code: plugins compiled in, loaded by name or found in
 * the plugin path, their descriptors checked and copied before use. Which device
 * a plugin is for, and when it is asked, is decided in board.c.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "board/board.h"
#include "core/internal.h"

#define DESCRIPTOR	"rproc_plugin" /* the symbol a plugin exports */
#define STRUCT_SIZE_MAX 4096	       /* no descriptor of any ABI will be so long */
#define NAME_BYTES	63	       /* of a plugin */

/* Why a plugin is refused; the caller says which one. */
struct reason {
	char text[RPROC_STORY_MAX / 2];
};

static int refuse(struct reason *reason, int error, const char *fmt, ...) RPROC_PRINTF(3, 4);

static int refuse(struct reason *reason, int error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason->text, sizeof(reason->text), fmt, args);
	va_end(args);
	return error;
}

/* ---- the descriptor -------------------------------------------------------------------- */

static bool is_plugin_name(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		"._+-";
	size_t len = strlen(name);

	return len && len <= NAME_BYTES && strspn(name, allowed) == len;
}

static int check_members(const struct rproc_plugin *plugin, struct reason *reason)
{
	const struct {
		const char *name;
		bool missing;
	} members[] = {
		{ "name", !plugin->name },
		{ "compatibles", !plugin->compatibles },
		{ "probe", !plugin->probe },
	};
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (members[i].missing)
			return refuse(
				reason, -EINVAL,
				"its descriptor of %zu bytes lacks the mandatory member `%s` (ABI "
				"%u has %zu bytes): fill it in and compile the plugin again",
				plugin->struct_size, members[i].name, RPROC_PLUGIN_ABI,
				sizeof(*plugin));
	if (!is_plugin_name(plugin->name))
		return refuse(reason, -EINVAL,
			      "its name \"%.70s\" is not 1 to %d letters, digits and ._+-",
			      plugin->name, NAME_BYTES);
	if (!plugin->compatibles[0])
		return refuse(reason, -EINVAL, "plugin %s names no `compatible` it is for",
			      plugin->name);
	return 0;
}

/* Fills our own copy, zero beyond what the plugin knows. -EINVAL. */
static int copy_descriptor(const struct rproc_plugin *given, struct rproc_plugin *copy,
			   struct reason *reason)
{
	size_t size = given->struct_size;

	if (size < offsetof(struct rproc_plugin, name) || size > STRUCT_SIZE_MAX)
		return refuse(reason, -EINVAL,
			      "its descriptor says it has %zu bytes, ABI %u has %zu: fill it with "
			      "RPROC_PLUGIN_INIT",
			      size, RPROC_PLUGIN_ABI, sizeof(*copy));
	if (given->abi != RPROC_PLUGIN_ABI)
		return refuse(reason, -EINVAL,
			      "it was made for plugin ABI %u, librproc %s speaks %u: compile it "
			      "against this librproc",
			      given->abi, rproc_version(), RPROC_PLUGIN_ABI);
	if (given->core != &rproc_core)
		return refuse(
			reason, -EINVAL,
			"it is linked to another copy of librproc than this program: link both "
			"to the same librproc.so");
	memset(copy, 0, sizeof(*copy));
	memcpy(copy, given, size < sizeof(*copy) ? size : sizeof(*copy));
	return check_members(copy, reason);
}

/* ---- the list: context.plugins ------------------------------------------------------------ */

static void loaded_free(struct rproc_loaded_plugin *loaded)
{
	if (loaded->handle)
		dlclose(loaded->handle);
	free(loaded->refusal);
	free(loaded->path);
	free(loaded);
}

static struct rproc_loaded_plugin *find_by_name(struct rproc_context *context, const char *name)
{
	struct rproc_loaded_plugin *loaded;
	struct list *item;

	list_for_each(item, &context->plugins) {
		loaded = list_entry(item, struct rproc_loaded_plugin, link);
		if (!loaded->refusal && !strcmp(loaded->plugin.name, name))
			return loaded;
	}
	return NULL;
}

/* Check and take @given; @loaded is the caller's until 0 is returned. */
static int add_descriptor(struct rproc_context *context, const struct rproc_plugin *given,
			  struct rproc_loaded_plugin *loaded, struct reason *reason)
{
	const struct rproc_loaded_plugin *other;
	int error;

	error = copy_descriptor(given, &loaded->plugin, reason);
	if (error)
		return error;
	other = find_by_name(context, loaded->plugin.name);
	if (other)
		return refuse(reason, -EEXIST, "a plugin called %s is there already (%s)",
			      loaded->plugin.name, other->path ? other->path : "compiled in");
	list_add_tail(&context->plugins, &loaded->link);
	return 0;
}

RPROC_API int rproc_context_add_plugin(struct rproc_context *context,
				       const struct rproc_plugin *plugin)
{
	struct rproc_loaded_plugin *loaded;
	struct reason reason;
	int error;

	if (!context || !plugin)
		return -EINVAL;
	loaded = calloc(1, sizeof(*loaded));
	if (!loaded)
		return -ENOMEM;
	pthread_mutex_lock(&context->board_lock);
	error = add_descriptor(context, plugin, loaded, &reason);
	pthread_mutex_unlock(&context->board_lock);
	if (!error)
		return 0;
	loaded_free(loaded);
	return rproc_context_story(context, error, "plugin compiled into the program: %s",
				   reason.text);
}

/* ---- shared objects ------------------------------------------------------------------------ */

/* The main program is the first object the linker reports; 1: it holds this code, 2: not. */
static int look_for_this_code(struct dl_phdr_info *info, size_t size, void *data)
{
	ElfW(Addr) here = (ElfW(Addr))(uintptr_t)data;
	ElfW(Addr) start;
	int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		if (info->dlpi_phdr[i].p_type == PT_LOAD && here >= start &&
		    here - start < info->dlpi_phdr[i].p_memsz)
			return 1;
	}
	return 2;
}

/*
 * A plugin brings librproc.so with it; a program that holds a copy of its own
 * would then have two. A function's address tells, a variable's would not: the
 * linker may have copied that into the program.
 */
static bool is_static_copy(void)
{
	return dl_iterate_phdr(look_for_this_code, (void *)(uintptr_t)&look_for_this_code) == 1;
}

static int check_file(const char *path, struct reason *reason)
{
	struct stat st;

	if (stat(path, &st))
		return refuse(reason, -errno, "cannot be read: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(reason, -ENOEXEC, "is not a file");
	return 0;
}

/* What the linker says names the file again; that is said once. */
static int refuse_object(struct reason *reason, const char *path)
{
	const char *text = dlerror();
	size_t len = strlen(path);

	if (!text)
		text = "the linker does not say why";
	if (!strncmp(text, path, len) && !strncmp(text + len, ": ", 2))
		text += len + 2;
	return refuse(reason, -ENOEXEC,
		      "cannot be linked: %s: a plugin is a shared object linked with -lrproc",
		      text);
}

static int load_object(struct rproc_context *context, struct rproc_loaded_plugin *loaded,
		       struct reason *reason)
{
	const struct rproc_plugin *descriptor;
	int error;

	error = check_file(loaded->path, reason);
	if (error)
		return error;
	loaded->handle = dlopen(loaded->path, RTLD_NOW | RTLD_LOCAL);
	if (!loaded->handle)
		return refuse_object(reason, loaded->path);
	descriptor = dlsym(loaded->handle, DESCRIPTOR);
	if (!descriptor)
		return refuse(reason, -ENOEXEC,
			      "exports no `" DESCRIPTOR
			      "`: it is not a plugin, or hides the symbol");
	error = add_descriptor(context, descriptor, loaded, reason);
	return error == -EINVAL ? -ENOEXEC : error;
}

/* A bare name is a file of this directory, not one of the linker's. */
static char *file_path(const char *path)
{
	char *ret;

	if (strchr(path, '/'))
		return strdup(path);
	return asprintf(&ret, "./%s", path) < 0 ? NULL : ret;
}

static int load(struct rproc_context *context, const char *path, struct reason *reason)
{
	struct rproc_loaded_plugin *loaded;
	int error;

	reason->text[0] = 0;
	loaded = calloc(1, sizeof(*loaded));
	if (!loaded)
		return -ENOMEM;
	loaded->path = file_path(path);
	error = loaded->path ? load_object(context, loaded, reason) : -ENOMEM;
	if (error)
		loaded_free(loaded);
	return error;
}

RPROC_API int rproc_context_load_plugin(struct rproc_context *context, const char *path)
{
	struct reason reason;
	int error;

	if (!context || !path || !*path)
		return -EINVAL;
	if (is_static_copy())
		return rproc_context_story(
			context, -ENOTSUP,
			"plugin %s: this program holds a static librproc, which "
			"loads no plugins: link it to librproc.so, or compile the "
			"plugin in and call rproc_context_add_plugin()",
			path);
	pthread_mutex_lock(&context->board_lock);
	error = load(context, path, &reason);
	pthread_mutex_unlock(&context->board_lock);
	if (!error || !reason.text[0])
		return error;
	return rproc_context_story(context, error, "plugin %s: %s", path, reason.text);
}

/* ---- the plugin path ------------------------------------------------------------------------- */

/* Remember why @path cannot be used: a board may need it later. */
static int add_refusal(struct rproc_context *context, const char *path, const struct reason *reason)
{
	struct rproc_loaded_plugin *refused = calloc(1, sizeof(*refused));

	if (!refused)
		return -ENOMEM;
	refused->path = strdup(path);
	refused->refusal = strdup(reason->text);
	if (!refused->path || !refused->refusal) {
		loaded_free(refused);
		return -ENOMEM;
	}
	list_add_tail(&context->plugins, &refused->link);
	rproc_context_log(context, RPROC_LOG_WARNING, "librproc", "plugin %s: %s", path,
			  reason->text);
	return 0;
}

static int load_found(struct rproc_context *context, const char *directory, const char *name)
{
	struct reason reason;
	char *path;
	int error;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return -ENOMEM;
	error = load(context, path, &reason);
	if (error == -EEXIST) /* an earlier directory, or the program itself, has it */
		error = 0;
	else if (error && error != -ENOMEM)
		error = add_refusal(context, path, &reason);
	free(path);
	return error;
}

static int is_object(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 3 && !strcmp(entry->d_name + len - 3, ".so");
}

static int search_directory(struct rproc_context *context, const char *directory)
{
	struct dirent **entries;
	int count, i, error = 0;

	count = scandir(directory, &entries, is_object, alphasort);
	if (count < 0)
		return errno == ENOMEM ? -ENOMEM : 0; /* a directory that is not there has none */
	for (i = 0; i < count; i++) {
		if (!error)
			error = load_found(context, directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return error;
}

int rproc_plugins_search(struct rproc_context *context)
{
	char *directories, *directory, *next;
	int error = 0;

	if (context->plugins_searched || is_static_copy())
		return 0;
	directories = strdup(context->plugin_path);
	if (!directories)
		return -ENOMEM;
	for (next = directories; !error && (directory = strsep(&next, ":"));)
		if (*directory)
			error = search_directory(context, directory);
	free(directories);
	context->plugins_searched = !error;
	return error;
}

/* ---- for board.c --------------------------------------------------------------------------- */

static bool takes(const struct rproc_plugin *plugin, const char *compatible)
{
	const char *const *known;

	for (known = plugin->compatibles; *known; known++)
		if (!strcmp(*known, compatible))
			return true;
	return false;
}

const struct rproc_loaded_plugin *rproc_plugins_find(struct rproc_context *context,
						     const struct rproc_loaded_plugin *last,
						     const char *compatible)
{
	const struct rproc_loaded_plugin *loaded;
	const struct list *item = last ? &last->link : &context->plugins;

	for (item = item->next; item != &context->plugins; item = item->next) {
		loaded = list_entry(item, const struct rproc_loaded_plugin, link);
		if (!loaded->refusal && takes(&loaded->plugin, compatible))
			return loaded;
	}
	return NULL;
}

static void append(char *buf, size_t len, const char *fmt, ...) RPROC_PRINTF(3, 4);

static void append(char *buf, size_t len, const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf + used, len - used, fmt, args);
	va_end(args);
}

/* What of the plugin path cannot be looked through: more often misspelt than meant. */
static void describe_missing(struct rproc_context *context, char *buf, size_t len)
{
	char *directories = strdup(context->plugin_path), *directory, *next = directories;
	DIR *dir;

	while ((directory = strsep(&next, ":"))) {
		if (!*directory)
			continue;
		dir = opendir(directory);
		if (dir)
			closedir(dir);
		else
			append(buf, len, "; %.200s: %s", directory, strerror(errno));
	}
	free(directories);
}

void rproc_plugins_describe(struct rproc_context *context, char *buf, size_t len)
{
	const struct rproc_loaded_plugin *loaded;
	const char *sep = "";
	struct list *item;

	buf[0] = 0;
	if (is_static_copy())
		append(buf, len, "this program has compiled-in plugins only: ");
	else
		append(buf, len, "plugins in the plugin path (%.200s): ", context->plugin_path);
	list_for_each(item, &context->plugins) {
		loaded = list_entry(item, struct rproc_loaded_plugin, link);
		if (loaded->refusal)
			append(buf, len, "%srefused %s (%s)", sep, loaded->path, loaded->refusal);
		else
			append(buf, len, "%s%s", sep, loaded->plugin.name);
		sep = ", ";
	}
	if (!*sep)
		append(buf, len, "none");
	if (!is_static_copy())
		describe_missing(context, buf, len);
}

void rproc_plugins_unload(struct rproc_context *context)
{
	struct list *item;

	while (!list_empty(&context->plugins)) {
		item = context->plugins.prev;
		list_del(item);
		loaded_free(list_entry(item, struct rproc_loaded_plugin, link));
	}
	context->plugins_searched = false;
}
