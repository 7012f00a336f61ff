/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Physical memory by way of /dev/mem, and why a kernel does not give it. Maps
 * whole pages, uncached. Knows addresses, not what is at them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/report.h"
#include "hw/backend.h"

static int refuse_open(struct rproc_report *report, int error, const char *path)
{
	const char *why = strerror(-error);

	if (error == -ENOENT)
		why = "this kernel has no CONFIG_DEVMEM, or a container hides it";
	else if (error == -EPERM || error == -EACCES)
		why = "it takes root with CAP_SYS_RAWIO and a kernel that is not locked down";
	return report_add(report, error, RPROC_LOG_ERR, "", "%s cannot be opened: %s", path, why);
}

static int refuse_map(struct rproc_report *report, int error, uint64_t pa, size_t len)
{
	const char *why = strerror(-error);

	if (error == -EPERM || error == -EACCES)
		why = "it is System RAM without no-map, or a driver claimed it and the kernel "
		      "has STRICT_DEVMEM (unbind the driver, or use UIO)";
	return report_add(report, error, RPROC_LOG_ERR, "",
			  "0x%" PRIx64 " with 0x%zx bytes cannot be mapped: %s", pa, len, why);
}

int rproc_devmem_map(const char *path, uint64_t pa, size_t len, struct rproc_report *report,
		     struct rproc_mapping *ret_mapping)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t lead = (size_t)(pa % page);
	size_t base_len = (lead + len + page - 1) / page * page;
	off_t offset = (off_t)(pa - lead);
	void *base;
	int fd, error;

	if (offset < 0 || (uint64_t)offset != pa - lead)
		return report_add(report, -EOVERFLOW, RPROC_LOG_ERR, "",
				  "0x%" PRIx64 " is beyond what this system's files can address",
				  pa);
	/* O_SYNC is what makes the kernel map it uncached */
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return refuse_open(report, -errno, path);
	base = mmap(NULL, base_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	error = base == MAP_FAILED ? -errno : 0;
	close(fd);
	if (error)
		return refuse_map(report, error, pa, len);
	ret_mapping->base = base;
	ret_mapping->base_len = base_len;
	ret_mapping->va = (char *)base + lead;
	return 0;
}

void rproc_mapping_unmap(const struct rproc_mapping *mapping)
{
	munmap(mapping->base, mapping->base_len);
}
