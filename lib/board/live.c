/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does the running kernel drive a node already? Asked of sysfs, where a platform
 * device points to its node and to its driver. Knows no board and no context.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "board/board.h"

/* The part of an of_node link behind this is the path in the tree. */
static const char tree_root[] = "/devicetree/base";

/* The text of link @device/@name under @dir. -ENOENT if there is none. */
static int read_link(int dir, const char *device, const char *name, char *buf, size_t size)
{
	char path[RPROC_DEVICE_NAME_MAX + 16];
	ssize_t len;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", device, name) >= sizeof(path))
		return -ENAMETOOLONG;
	len = readlinkat(dir, path, buf, size - 1);
	if (len < 0)
		return -errno;
	buf[len] = 0;
	return 0;
}

static bool is_node(int dir, const char *device, const char *dt_path)
{
	char link[PATH_MAX];
	const char *at;

	if (read_link(dir, device, "of_node", link, sizeof(link)))
		return false;
	at = strstr(link, tree_root);
	return at && !strcmp(at + sizeof(tree_root) - 1, dt_path);
}

int rproc_live_find_driver(const char *sysfs, const char *dt_path,
			   struct rproc_live_driver *ret_driver)
{
	char path[PATH_MAX], link[PATH_MAX];
	const char *base;
	struct dirent *entry;
	int error = -ENOENT;
	DIR *dir;

	if ((size_t)snprintf(path, sizeof(path), "%s/bus/platform/devices", sysfs) >= sizeof(path))
		return -ENAMETOOLONG;
	dir = opendir(path);
	if (!dir) /* no sysfs: nothing can be said, which is not "none" */
		return errno == ENOENT ? -ENOTSUP : -errno;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !is_node(dirfd(dir), entry->d_name, dt_path))
			continue;
		error = read_link(dirfd(dir), entry->d_name, "driver", link, sizeof(link));
		if (error)
			break;
		base = strrchr(link, '/');
		snprintf(ret_driver->device, sizeof(ret_driver->device), "%s", entry->d_name);
		snprintf(ret_driver->driver, sizeof(ret_driver->driver), "%.255s",
			 base ? base + 1 : link);
		break;
	}
	closedir(dir);
	return error;
}
