/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest legal plugin: a processor with memory of its own and no core that
 * would run. It shows what a driver must do and when; what a SoC does instead is
 * said at each place. Knows <librproc/driver.h> and nothing below it.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <librproc/driver.h>

#define PAGE	4096u
#define RAM_MAX (64u << 20)

/*
 * One processor. Its memory is cut in two: the lower half is the firmware's own,
 * from the upper half the core takes what the resource table asks for.
 */
struct template_core {
	uint8_t *ram;
	uint32_t da;
	size_t len;	 /* of ram: an even number of pages */
	uint8_t *used;	 /* one byte a page of the upper half */
	size_t num_used; /* entries of used */
};

/* ---- memory: what the core hands out ------------------------------------------------ */

static bool pages_free(const struct template_core *core, size_t first, size_t count)
{
	size_t i;

	if (first > core->num_used || count > core->num_used - first)
		return false;
	for (i = first; i < first + count; i++)
		if (core->used[i])
			return false;
	return true;
}

/* Both callbacks run on the processor's worker: nothing else touches the map. */
static int provider_alloc(void *priv, size_t len, size_t align, uint32_t da,
			  struct rproc_memory *ret_memory)
{
	struct template_core *core = priv;
	size_t count = len / PAGE + !!(len % PAGE);
	size_t base = core->len / 2;
	size_t first;

	if (!len)
		return -ENOMEM;
	for (first = 0; first < core->num_used; first++) {
		uint32_t at = core->da + (uint32_t)(base + first * PAGE);

		if (da != RPROC_RSC_ADDR_ANY && da != at)
			continue;
		if (at % align || !pages_free(core, first, count))
			continue;
		memset(core->used + first, 1, count);
		ret_memory->va = core->ram + base + first * PAGE;
		ret_memory->pa = at; /* there is no other bus to have an address on */
		ret_memory->da = at;
		ret_memory->len = len;
		return 0;
	}
	return -ENOMEM;
}

static void provider_free(void *priv, const struct rproc_memory *memory)
{
	struct template_core *core = priv;
	size_t first = (memory->da - core->da - core->len / 2) / PAGE;

	memset(core->used + first, 0, memory->len / PAGE + !!(memory->len % PAGE));
}

/* ---- ops: on the processor's worker, never two at once -------------------------------- */

/* A SoC: clocks and power on. Carveouts live until unprepare, so each boot adds them again. */
static int template_prepare(struct rproc *rproc)
{
	struct template_core *core = rproc_priv(rproc);
	struct rproc_mem_entry *mem;

	mem = rproc_mem_entry_init(rproc_device(rproc), core->ram, core->da, core->len / 2,
				   core->da, NULL, NULL, "ram");
	if (!mem)
		return -ENOMEM;
	rproc_add_carveout(rproc, mem);
	return rproc_coredump_add_segment(rproc, core->da, core->len / 2);
}

/* A SoC: write the boot address where the core looks for it, release its reset. */
static int template_start(struct rproc *rproc)
{
	rproc_device_log(rproc_device(rproc), RPROC_LOG_INFO, "core released at 0x%" PRIx64,
			 rproc_bootaddr(rproc));
	return 0;
}

/* A SoC: ask the firmware to end, wait for the answer, hold the reset. */
static int template_stop(struct rproc *rproc)
{
	rproc_device_log(rproc_device(rproc), RPROC_LOG_INFO, "core held");
	return 0;
}

/*
 * A SoC: ring its mailbox. From any thread; must not block. Where the mailbox takes no more,
 * rproc_kick_failed() says which and what to do; there is nobody to return an error to.
 */
static void template_kick(struct rproc *rproc, int vqid)
{
	rproc_device_log(rproc_device(rproc), RPROC_LOG_DEBUG, "kick of vring %d", vqid);
}

/*
 * Without `load` the core installs its own loader for whatever format the image
 * has: parse_fw, load, find_loaded_rsc_table, sanity_check and get_boot_addr.
 */
static const struct rproc_ops template_ops = {
	.prepare = template_prepare,
	.start = template_start,
	.stop = template_stop,
	.kick = template_kick,
};

/* ---- probe and remove --------------------------------------------------------------------- */

/* The tree is input like any other: check it, and say what is wrong with it. */
static int read_reg(struct rproc_device *device, struct rproc_region *region)
{
	int error = rproc_device_reg(device, 0, region);

	if (error)
		return rproc_device_story(
			device, error, "probe",
			"needs `reg`: where its memory begins and how long it is");
	if (region->bus % PAGE || !region->len || region->len % (2 * PAGE) ||
	    region->len > RAM_MAX || region->bus > UINT32_MAX - region->len)
		return rproc_device_story(device, -EINVAL, "probe",
					  "reg is 0x%" PRIx64 " with 0x%" PRIx64
					  " bytes: whole pages of 0x%x, an even number of them, at "
					  "most 0x%x bytes, below 4 GiB",
					  region->bus, region->len, PAGE, RAM_MAX);
	return 0;
}

static int core_init(struct template_core *core, const struct rproc_region *region)
{
	core->da = (uint32_t)region->bus;
	core->len = (size_t)region->len;
	core->num_used = core->len / PAGE / 2;
	core->ram = aligned_alloc(PAGE, core->len);
	core->used = calloc(core->num_used, 1);
	if (!core->ram || !core->used)
		return -ENOMEM;
	memset(core->ram, 0, core->len);
	return 0;
}

static void core_fini(struct template_core *core)
{
	free(core->used);
	free(core->ram);
}

static void template_remove(struct rproc_device *device)
{
	struct rproc *rproc = rproc_device_priv(device);

	/* stops it, and returns when nothing of it runs any more */
	rproc_del(rproc);
	rproc_device_set_memory_provider(device, NULL);
	core_fini(rproc_priv(rproc));
	rproc_free(rproc);
}

static int template_probe(struct rproc_device *device)
{
	struct rproc_memory_provider provider = { provider_alloc, provider_free, NULL };
	const char *firmware = NULL;
	struct rproc_region region;
	struct rproc *rproc;
	int error;

	error = read_reg(device, &region);
	if (error)
		return error;
	/* without a name in the tree the core asks for rproc-NAME-fw */
	error = rproc_of_parse_firmware(device, 0, &firmware);
	if (error && error != -ENOENT)
		return rproc_device_story(device, error, "probe", "firmware-name is not a string");
	rproc = rproc_alloc(device, rproc_device_node_name(device), &template_ops, firmware,
			    sizeof(struct template_core));
	if (!rproc)
		return -ENOMEM;
	error = core_init(rproc_priv(rproc), &region);
	if (error)
		goto err_core;
	provider.priv = rproc_priv(rproc);
	rproc_device_set_memory_provider(device, &provider);
	rproc_device_set_priv(device, rproc);
	/* what core dumps are made as; without it none is: name the machine of your core */
	rproc_coredump_set_elf_info(rproc, ELFCLASS32, EM_NONE);
	rproc_set_auto_boot(rproc, rproc_device_property_bool(device, "librproc,auto-boot"));
	error = rproc_add(rproc);
	if (error)
		goto err_provider;
	return 0;

err_provider:
	rproc_device_set_memory_provider(device, NULL);
err_core:
	core_fini(rproc_priv(rproc));
	rproc_free(rproc);
	return error;
}

static const char *const compatibles[] = { "librproc,template", NULL };

/* The one symbol the loader looks for. */
__attribute__((visibility("default"))) const struct rproc_plugin rproc_plugin = {
	RPROC_PLUGIN_INIT,	 .name = "template",	    .compatibles = compatibles,
	.probe = template_probe, .remove = template_remove,
};
