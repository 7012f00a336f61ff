/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where firmware comes from: a buffer the application gave, or the first file
 * of that name on the search path, read whole into private memory. The only
 * file that opens firmware files. Mirrors drivers/base/firmware_loader.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/internal.h"

/* ---- reading ------------------------------------------------------------------------------- */

static int read_whole(int fd, void *bytes, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = pread(fd, (char *)bytes + have, size - have, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EIO; /* it shrank under our hands */
		have += (size_t)n;
	}
	return 0;
}

static int read_fd(int fd, size_t max, void **ret_bytes, size_t *ret_size)
{
	struct stat st;
	void *bytes;
	int ret;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return -EINVAL;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	bytes = malloc((size_t)st.st_size);
	if (!bytes)
		return -ENOMEM;
	ret = read_whole(fd, bytes, (size_t)st.st_size);
	if (ret) {
		free(bytes);
		return ret;
	}
	*ret_bytes = bytes;
	*ret_size = (size_t)st.st_size;
	return 0;
}

static int read_file(const char *path, size_t max, void **ret_bytes, size_t *ret_size)
{
	/* Not blocking: a FIFO of that name must not hold the worker. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int ret;

	if (fd < 0)
		return -errno;
	ret = read_fd(fd, max, ret_bytes, ret_size);
	close(fd);
	return ret;
}

/* ---- searching ------------------------------------------------------------------------------- */

int rproc_firmware_name_check(const char *name)
{
	const char *part = name;

	if (!*name)
		return -EINVAL;
	for (;;) {
		size_t len = strcspn(part, "/");

		if (len == 2 && !memcmp(part, "..", 2))
			return -EINVAL;
		if (!part[len])
			return 0;
		part += len + 1;
	}
}

struct search {
	struct rproc *rproc;
	const char *name;
	struct rproc_firmware *fw;
	int last_error;
	bool stop;
	char tried[RPROC_STORY_MAX]; /* every path and what was wrong with it */
};

static void note_tried(struct search *search, const char *path, int error)
{
	size_t have = strlen(search->tried);
	const char *why = error == -ENOENT   ? ""
			  : error == -EINVAL ? " (not a regular file, or empty)"
			  : error == -EFBIG  ? " (larger than max_firmware_size)"
					     : " (unreadable)";

	snprintf(search->tried + have, sizeof(search->tried) - have, "%s%s%s", have ? ", " : "",
		 path, why);
}

/* One candidate. A failing one does not end the search, and the last one's error is its result. */
static bool try_dir(struct search *search, const char *dir, size_t dir_len)
{
	struct rproc *rproc = search->rproc;
	char path[PATH_MAX];
	void *bytes;
	int len;

	len = snprintf(path, sizeof(path), "%.*s/%s", (int)dir_len, dir, search->name);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		search->last_error = -ENAMETOOLONG;
		search->stop = true;
		note_tried(search, "(path too long)", -ENOENT);
		return false;
	}
	search->last_error =
		read_file(path, rproc->context->max_firmware_size, &bytes, &search->fw->size);
	if (!search->last_error) {
		search->fw->data = bytes;
		return true;
	}
	note_tried(search, path, search->last_error);
	if (search->last_error != -ENOENT)
		rproc_log(rproc, RPROC_LOG_WARNING, "loading %s failed with error %d", path,
			  search->last_error);
	return false;
}

static bool try_path_parameter(struct search *search)
{
	char path[256];

	rproc_context_firmware_path(search->rproc->context, path, sizeof(path));
	if (!path[0])
		return false;
	/* Kept with its newline, used without: a lone newline makes the prefix empty. */
	return try_dir(search, path, strcspn(path, "\n"));
}

static bool try_dirs(struct search *search)
{
	const char *dir = search->rproc->context->firmware_dirs;

	while (*dir && !search->stop) {
		size_t len = strcspn(dir, ":");

		if (len && try_dir(search, dir, len))
			return true;
		dir += len + (dir[len] == ':');
	}
	return false;
}

static int search_file(struct rproc *rproc, const char *name, struct rproc_firmware *ret_fw)
{
	struct search search = { .rproc = rproc, .name = name, .fw = ret_fw };

	if (rproc_firmware_name_check(name)) {
		rproc_log(rproc, RPROC_LOG_WARNING,
			  "Firmware load for '%s' refused, path contains '..' component", name);
		return rproc_story(
			rproc, -EINVAL, "firmware",
			"the name '%s' has a '..' component: name a file below one of the "
			"firmware directories",
			name);
	}
	search.last_error = -ENOENT;
	if (try_path_parameter(&search) || (!search.stop && try_dirs(&search)))
		return 0;
	rproc_log(rproc, RPROC_LOG_WARNING, "Direct firmware load for %s failed with error %d",
		  name, search.last_error);
	return rproc_story(rproc, search.last_error, "firmware",
			   "no usable file '%s'; tried %s. Copy it to one of these, or set "
			   "module/firmware_class/parameters/path",
			   name, search.tried[0] ? search.tried : "nothing: no directory is set");
}

/* ---- the source of the next boot ------------------------------------------------------------ */

int rproc_firmware_request(struct rproc *rproc, struct rproc_firmware *ret_fw)
{
	struct rproc_source *source = &rproc->source;

	/* Only this thread changes the source: what it names stays while we read. */
	if (source->bytes) {
		*ret_fw = (struct rproc_firmware){ .data = source->bytes, .size = source->size };
		return 0;
	}
	return search_file(rproc, source->name, ret_fw);
}

void rproc_firmware_release(struct rproc *rproc, struct rproc_firmware *fw)
{
	if (fw->data != rproc->source.bytes)
		free((void *)fw->data);
	*fw = (struct rproc_firmware){ 0 };
}

static void set_source(struct rproc *rproc, char *name, void *bytes, size_t size)
{
	struct rproc_source old;

	pthread_mutex_lock(&rproc->data_lock);
	old = rproc->source;
	rproc->source = (struct rproc_source){ .name = name, .bytes = bytes, .size = size };
	pthread_mutex_unlock(&rproc->data_lock);
	free(old.name);
	free(old.bytes);
}

RPROC_API size_t rproc_firmware_name(const struct rproc *rproc, char *buf, size_t len)
{
	struct rproc *r = (struct rproc *)rproc;
	size_t ret;

	pthread_mutex_lock(&r->data_lock);
	ret = (size_t)snprintf(buf, len, "%s", r->source.name);
	pthread_mutex_unlock(&r->data_lock);
	return ret;
}

/* What to boot next: the file of that name, or bytes that are copied, or a descriptor's. */
struct set_firmware {
	const char *name;
	const void *bytes;
	size_t size;
	bool from_fd;
	int fd;
};

static int may_set_firmware(struct rproc *rproc, size_t name_len)
{
	if (rproc_state(rproc) != RPROC_STATE_OFFLINE) {
		rproc_device_log(rproc->dev, RPROC_LOG_ERR, "can't change firmware while running");
		return rproc_story(rproc, -EBUSY, "firmware",
				   "%s is %s; its firmware can be changed while it is offline",
				   rproc->name, rproc_state_name(rproc_state(rproc)));
	}
	if (!name_len) {
		rproc_device_log(rproc->dev, RPROC_LOG_ERR,
				 "can't provide empty string for firmware name");
		return rproc_story(rproc, -EINVAL, "firmware", "the name is empty");
	}
	if (name_len >= PATH_MAX)
		return rproc_story(rproc, -ENAMETOOLONG, "firmware",
				   "the name has %zu bytes, %d are possible", name_len,
				   PATH_MAX - 1);
	return 0;
}

/* Private bytes, or NULL if they are to be searched for. */
static int take_bytes(struct rproc *rproc, const struct set_firmware *set, void **ret_bytes,
		      size_t *ret_size)
{
	size_t max = rproc->context->max_firmware_size;
	int ret;

	if (set->from_fd) {
		ret = read_fd(set->fd, max, ret_bytes, ret_size);
		if (!ret)
			return 0;
		return rproc_story(rproc, ret, "firmware",
				   "'%s': descriptor %d is no readable regular file of 1 to %zu "
				   "bytes%s",
				   set->name, set->fd, max,
				   set->fd < 0 ? ": could it not be opened?" : "");
	}
	*ret_bytes = NULL;
	*ret_size = set->size;
	if (!set->bytes)
		return 0;
	*ret_bytes = malloc(set->size);
	if (!*ret_bytes)
		return -ENOMEM;
	memcpy(*ret_bytes, set->bytes, set->size);
	return 0;
}

static int set_firmware(struct rproc *rproc, const struct set_firmware *set)
{
	size_t size, len = strcspn(set->name, "\n");
	void *bytes;
	char *name;
	int ret = may_set_firmware(rproc, len);

	if (ret)
		return ret;
	name = strndup(set->name, len);
	if (!name)
		return -ENOMEM;
	ret = take_bytes(rproc, set, &bytes, &size);
	if (ret) {
		free(name);
		return ret;
	}
	set_source(rproc, name, bytes, size);
	return 0;
}

static int set_and_tell(struct rproc *rproc, const struct set_firmware *set)
{
	int ret;

	rproc_story_begin(rproc);
	ret = set_firmware(rproc, set);
	rproc_story_end(rproc, ret, "firmware");
	return ret;
}

static int run_set_firmware(struct rproc *rproc, struct rproc_work *work)
{
	return set_and_tell(rproc, work->arg);
}

int rproc_run_set_firmware_name(struct rproc *rproc, struct rproc_work *work)
{
	const struct set_firmware set = { .name = work->arg };

	return set_and_tell(rproc, &set);
}

/* On the worker, the only one who touches the source; before rproc_add() there is none. */
static int set_and_wait(struct rproc *rproc, struct set_firmware *set)
{
	if (!atomic_load(&rproc->added))
		return set_and_tell(rproc, set);
	return rproc_queue_run(rproc, run_set_firmware, set);
}

RPROC_API int rproc_set_firmware(struct rproc *rproc, const char *name)
{
	struct set_firmware set = { .name = name };

	if (!rproc || !name)
		return -EINVAL;
	return set_and_wait(rproc, &set);
}

RPROC_API int rproc_set_firmware_buffer(struct rproc *rproc, const char *name, const void *data,
					size_t len)
{
	struct set_firmware set = { .name = name, .bytes = data, .size = len };

	if (!rproc || !name || !data || !len)
		return -EINVAL;
	return set_and_wait(rproc, &set);
}

RPROC_API int rproc_set_firmware_fd(struct rproc *rproc, const char *name, int fd)
{
	struct set_firmware set = { .name = name, .from_fd = true, .fd = fd };

	if (!rproc || !name)
		return -EINVAL;
	return set_and_wait(rproc, &set);
}
