/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UIO devices: which of them maps an address, which belongs to a node and so has
 * its interrupt. Reads sysfs as the kernel's Documentation/driver-api/uio-howto
 * describes it: maps/mapN/{addr,size,offset}, mapping N at N pages of the device,
 * a 4-byte count per interrupt, a written 1 lets the next one come.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/bytes.h"
#include "base/report.h"
#include "hw/backend.h"

#define MAPS_MAX 5 /* of one device */

struct uio_map {
	uint64_t addr, size, offset;
	char device[64]; /* "uio0" */
	unsigned int index;
};

static bool is_device(const char *name)
{
	return !strncmp(name, "uio", 3) && name[3] && strlen(name) < 16 &&
	       strspn(name + 3, "0123456789") == strlen(name + 3);
}

/* A file with one hexadecimal number. */
static int read_number(const char *path, uint64_t *ret_value)
{
	char text[32], *end;
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return -EIO;
	text[got] = 0;
	errno = 0;
	*ret_value = strtoull(text, &end, 16);
	return end == text || errno ? -EINVAL : 0;
}

static int read_map_number(const char *sysfs, const struct uio_map *map, const char *name,
			   uint64_t *ret_value)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/class/uio/%s/maps/map%u/%s", sysfs,
			     map->device, map->index, name) >= sizeof(path))
		return -ENAMETOOLONG;
	return read_number(path, ret_value);
}

/* The map of @device that holds the range. -ENOENT. */
static int find_map_of(const char *sysfs, const char *device, uint64_t pa, size_t len,
		       struct uio_map *ret_map)
{
	struct uio_map map = { 0 };

	snprintf(map.device, sizeof(map.device), "%.63s", device);
	for (; map.index < MAPS_MAX; map.index++) {
		if (read_map_number(sysfs, &map, "addr", &map.addr) ||
		    read_map_number(sysfs, &map, "size", &map.size))
			break;
		if (read_map_number(sysfs, &map, "offset", &map.offset))
			map.offset = 0;
		if (pa < map.addr || !range_ok(pa - map.addr, len, map.size) ||
		    map.size > RPROC_HW_MAP_MAX || map.offset > RPROC_HW_MAP_MAX)
			continue;
		*ret_map = map;
		return 0;
	}
	return -ENOENT;
}

static DIR *open_class(const char *sysfs)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/class/uio", sysfs);
	return opendir(path);
}

static int find_map(const char *sysfs, uint64_t pa, size_t len, struct uio_map *ret_map)
{
	struct dirent *entry;
	int error = -ENOENT;
	DIR *class;

	class = open_class(sysfs);
	if (!class)
		return -errno;
	while (error && (entry = readdir(class)))
		if (is_device(entry->d_name))
			error = find_map_of(sysfs, entry->d_name, pa, len, ret_map);
	closedir(class);
	return error;
}

static int open_device(const char *dev, const char *device, struct rproc_report *report)
{
	char path[PATH_MAX];
	int fd, error;

	snprintf(path, sizeof(path), "%s/%s", dev, device);
	fd = open(path, O_RDWR | O_SYNC | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	error = -errno;
	return report_add(report, error, RPROC_LOG_ERR, "", "%s cannot be opened: %s", path,
			  strerror(-error));
}

int rproc_uio_map(const char *sysfs, const char *dev, uint64_t pa, size_t len,
		  struct rproc_report *report, struct rproc_mapping *ret_mapping)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct uio_map map;
	int fd, error;

	error = find_map(sysfs, pa, len, &map);
	if (error)
		return report_add(report, error, RPROC_LOG_ERR, "",
				  "no UIO device maps 0x%" PRIx64 " with 0x%zx bytes: bind "
				  "uio_pdrv_genirq to the node (of_id=COMPATIBLE)",
				  pa, len);
	fd = open_device(dev, map.device, report);
	if (fd < 0)
		return fd;
	ret_mapping->base_len = (size_t)(map.offset % page + map.size + page - 1) / page * page;
	ret_mapping->base = mmap(NULL, ret_mapping->base_len, PROT_READ | PROT_WRITE, MAP_SHARED,
				 fd, (off_t)(map.index * page));
	error = ret_mapping->base == MAP_FAILED ? -errno : 0;
	close(fd);
	if (error)
		return report_add(report, error, RPROC_LOG_ERR, "",
				  "map %u of %s (0x%" PRIx64 ", 0x%" PRIx64
				  " bytes) cannot be mapped: %s",
				  map.index, map.device, map.addr, map.size, strerror(-error));
	ret_mapping->va = (char *)ret_mapping->base + map.offset % page + (pa - map.addr);
	return 0;
}

/* ---- interrupts ------------------------------------------------------------------------------ */

/* Is @device made from the node @dt_path? Its link ends in the node's path. */
static bool is_of_node(const char *sysfs, const char *device, const char *dt_path)
{
	static const char tree[] = "/devicetree/base";
	char path[PATH_MAX], link[PATH_MAX];
	const char *at;
	ssize_t len;

	if ((size_t)snprintf(path, sizeof(path), "%s/class/uio/%s/device/of_node", sysfs, device) >=
	    sizeof(path))
		return false;
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return false;
	link[len] = 0;
	at = strstr(link, tree);
	return at && !strcmp(at + sizeof(tree) - 1, dt_path);
}

int rproc_uio_open_irq(const char *sysfs, const char *dev, const char *dt_path,
		       struct rproc_report *report)
{
	struct dirent *entry;
	int fd = -ENOENT;
	DIR *class;

	class = open_class(sysfs);
	while (class && fd == -ENOENT && (entry = readdir(class)))
		if (is_device(entry->d_name) && is_of_node(sysfs, entry->d_name, dt_path))
			fd = open_device(dev, entry->d_name, report);
	if (class)
		closedir(class);
	if (fd != -ENOENT)
		return fd;
	return report_add(report, -ENOTSUP, RPROC_LOG_ERR, "",
			  "no UIO device belongs to node %.120s: its interrupt cannot be received",
			  dt_path);
}

int rproc_uio_enable_irq(int fd)
{
	uint32_t on = 1;

	return write(fd, &on, sizeof(on)) == sizeof(on) ? 0 : -EIO;
}
