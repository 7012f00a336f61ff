/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a node of a device tree becomes a host processor, and the plugin's
 * descriptor. Knows the node's properties; what the processor does is in host.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "host.h"

#define DEFAULT_WINDOW (UINT32_C(16) << 20)
/* Up to this the window ends below 4 GiB, where device addresses end. */
#define MAX_WINDOW UINT32_C(0xe0000000)
/* Whole pages on machines with large ones, too. */
#define WINDOW_GRAIN UINT32_C(0x10000)

static int read_window(struct rproc_device *device, uint64_t *ret_len)
{
	uint32_t len = DEFAULT_WINDOW;
	int ret;

	ret = rproc_device_property_u32(device, "memory-size", 0, &len);
	if (ret && ret != -ENOENT)
		return rproc_device_story(device, ret, "probe",
					  "memory-size is not a cell: one number of bytes");
	if (!len || len % WINDOW_GRAIN || len > MAX_WINDOW)
		return rproc_device_story(device, -EINVAL, "probe",
					  "memory-size 0x%" PRIx32 ": a multiple of 0x%" PRIx32
					  " bytes, at most 0x%" PRIx32,
					  len, WINDOW_GRAIN, MAX_WINDOW);
	*ret_len = len;
	return 0;
}

/* The node's name; of a device without a node, its own. Also the name of a file. */
static int read_name(struct rproc_device *device, char *name, size_t len)
{
	const char *from = rproc_device_node_name(device);
	char *slash;

	if (!from[0])
		from = rproc_device_name(device);
	if (snprintf(name, len, "%s", from) >= (int)len)
		return rproc_device_story(device, -ENAMETOOLONG, "probe",
					  "the name \"%s\" has more than %zu characters", from,
					  len - 1);
	for (slash = strchr(name, '/'); slash; slash = strchr(slash, '/'))
		*slash = '!';
	return 0;
}

/* Does a monitor run under this name? Then this processor is detached, if nobody has it. */
static int look_for_running(struct host *host)
{
	struct host_message status;
	int ret;

	ret = host_client_query(&host->client, &host->identity, &status);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return rproc_device_story(host->device, ret, "probe", "%s", host->client.story);
	if (status.controlled)
		return rproc_device_story(
			host->device, -EBUSY, "probe",
			"another program controls processor %s (monitor process %d, socket %s.sock "
			"in "
			"%s): end that program or detach the processor there, or use another state "
			"directory",
			host->name, status.monitor, host->name, host->identity.state_dir);
	rproc_device_log(host->device, RPROC_LOG_INFO,
			 "%s runs already, detached (monitor process %d)", host->name,
			 status.monitor);
	return rproc_set_initial_state(host->rproc, RPROC_STATE_DETACHED);
}

static int set_up(struct host *host)
{
	struct rproc_memory_provider provider = host_provider;
	int ret;

	ret = look_for_running(host);
	if (!ret)
		ret = rproc_coredump_set_elf_info(host->rproc, ELFCLASS64, HOST_ARCH_MACHINE);
	if (!ret)
		ret = rproc_set_feature(host->rproc, RPROC_FEAT_DETACH_RUNNING);
	if (ret)
		return ret;
	rproc_set_auto_boot(host->rproc,
			    rproc_device_property_bool(host->device, "librproc,auto-boot"));
	provider.priv = host;
	rproc_device_set_memory_provider(host->device, &provider);
	return rproc_add(host->rproc);
}

static void host_free(struct rproc *rproc)
{
	struct host *const host = rproc_priv(rproc);

	rproc_device_set_memory_provider(host->device, NULL);
	host_client_fini(&host->client);
	rproc_free(rproc);
}

static int host_probe(struct rproc_device *device)
{
	const char *firmware = NULL;
	struct rproc *rproc;
	struct host *host;
	uint64_t window = 0;
	char name[64];
	int ret;

	ret = read_window(device, &window);
	if (!ret)
		ret = read_name(device, name, sizeof(name));
	if (ret)
		return ret;
	ret = rproc_of_parse_firmware(device, 0, &firmware);
	if (ret && ret != -ENOENT)
		return rproc_device_story(device, ret, "probe", "firmware-name is not a string");
	rproc = rproc_alloc(device, name, &host_ops, firmware, sizeof(struct host));
	if (!rproc)
		return -ENOMEM;
	host = rproc_priv(rproc);
	host->rproc = rproc;
	host->device = device;
	memcpy(host->name, name, sizeof(name));
	host->identity.name = host->name;
	host->identity.state_dir = rproc_device_state_dir(device);
	host->identity.window_len = window;
	host_client_init(&host->client);
	rproc_device_set_priv(device, rproc);
	ret = set_up(host);
	if (ret)
		host_free(rproc);
	return ret;
}

static void host_remove(struct rproc_device *device)
{
	struct rproc *const rproc = rproc_device_priv(device);

	rproc_del(rproc);
	host_free(rproc);
}

static const char *const compatibles[] = { "librproc,host", NULL };

/* The loadable plugin calls it rproc_plugin, which is where the loader looks. */
__attribute__((visibility("default"))) const struct rproc_plugin rproc_plugin_host = {
	RPROC_PLUGIN_INIT,   .name = "host",	    .compatibles = compatibles,
	.probe = host_probe, .remove = host_remove,
};
