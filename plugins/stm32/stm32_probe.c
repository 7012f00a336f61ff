/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plugin: what the tree says of an STM32MP15's Cortex-M4, and in which state
 * the core is found. Bindings are those of the kernel's
 * st,stm32-rproc.yaml.
 */
#include <errno.h>
#include <string.h>
#include "stm32.h"
#include "stm32_plugin.h"

#define ELF_CLASS_32 1

/* ---- lines --------------------------------------------------------------------------------- */

static void on_watchdog(void *data)
{
	struct stm32 *stm32 = data;

	rproc_report_crash(stm32->rproc, RPROC_CRASH_WATCHDOG);
}

static int get_watchdog(struct stm32 *stm32)
{
	struct rproc_report report = { 0 };
	int error;

	error = rproc_irq_get(stm32->device, 0, on_watchdog, stm32, &report, &stm32->watchdog);
	if (error == -ENOENT)
		return 0;
	if (error == -ENOTSUP) {
		rproc_device_log(stm32->device, RPROC_LOG_DEBUG, "no watchdog: %s",
				 report.count ? report.finding[0].story : "");
		return 0;
	}
	if (error) {
		rproc_device_log(stm32->device, RPROC_LOG_ERR, "failed to request wdg irq");
		return rproc_device_findings(stm32->device, error, "probe", &report);
	}
	rproc_device_log(stm32->device, RPROC_LOG_INFO, "wdg irq registered");
	return 0;
}

static int get_resets(struct stm32 *stm32)
{
	struct rproc_report report = { 0 };
	int error;

	error = rproc_reset_get(stm32->device, "mcu_rst", &report, &stm32->reset);
	if (error == -ENOENT)
		error = rproc_reset_get_by_index(stm32->device, 0, &report, &stm32->reset);
	if (error) {
		rproc_device_log(stm32->device, RPROC_LOG_ERR, "failed to get mcu_reset");
		rproc_device_findings(stm32->device, error, "probe", &report);
		return rproc_device_story(stm32->device, error == -ENOENT ? -EINVAL : error,
					  "probe", "needs `resets`: the line that resets the core");
	}
	error = rproc_reset_get(stm32->device, "hold_boot", &report, &stm32->hold_boot_reset);
	return error == -ENOENT ? 0 : rproc_device_findings(stm32->device, error, "probe", &report);
}

/* ---- bits ------------------------------------------------------------------------------------ */

/* 1: the tree names it; 0: it does not. */
static int get_syscon(struct stm32 *stm32, const char *property, struct rproc_syscon **ret_syscon)
{
	struct rproc_report report = { 0 };
	int error;

	error = rproc_syscon_get(stm32->device, property, &report, ret_syscon);
	if (error == -ENOENT)
		return 0;
	return error ? rproc_device_findings(stm32->device, error, "probe", &report) : 1;
}

/* The direct way to hold-boot; there must be one unless a reset line does it. */
static int get_hold_boot(struct stm32 *stm32)
{
	int found;

	if (stm32->hold_boot_reset)
		return 0;
	found = get_syscon(stm32, "st,syscfg-tz", &stm32->tz);
	if (found >= 0)
		found = get_syscon(stm32, "st,syscfg-holdboot", &stm32->hold_boot);
	if (found > 0)
		return 0;
	rproc_device_log(stm32->device, RPROC_LOG_ERR, "failed to get hold boot");
	return found ? found
		     : rproc_device_story(
			       stm32->device, -EINVAL, "probe",
			       "needs st,syscfg-holdboot, or \"hold_boot\" in reset-names");
}

static int get_bits(struct stm32 *stm32)
{
	int found;

	found = get_syscon(stm32, "st,syscfg-pdds", &stm32->pdds);
	if (found < 0)
		return found;
	if (!found)
		rproc_device_log(stm32->device, RPROC_LOG_INFO, "failed to get pdds");
	found = get_syscon(stm32, "st,syscfg-m4-state", &stm32->m4_state);
	if (found < 0)
		return found;
	if (!found) {
		rproc_device_log(stm32->device, RPROC_LOG_WARNING, "m4 state not supported");
		return 0; /* nobody could attach, so where the table is does not matter */
	}
	found = get_syscon(stm32, "st,syscfg-rsc-tbl", &stm32->rsc_table);
	if (!found)
		rproc_device_log(stm32->device, RPROC_LOG_WARNING, "rsc tbl syscon not supported");
	return found < 0 ? found : 0;
}

static int check_dma_ranges(struct stm32 *stm32)
{
	uint64_t pa;

	if (rproc_device_da_to_pa(stm32->device, 0, 1, &pa) != -ENOENT)
		return 0;
	return rproc_device_story(
		stm32->device, -EINVAL, "probe",
		"its bus has no dma-ranges: the processor's addresses are not those "
		"of Linux, and nothing says how they differ");
}

/* ---- probe and remove ---------------------------------------------------------------------- */

static int set_up(struct stm32 *stm32)
{
	int error;

	rproc_coredump_set_elf_info(stm32->rproc, ELF_CLASS_32, 0);
	error = check_dma_ranges(stm32);
	if (!error)
		error = get_watchdog(stm32);
	if (!error)
		error = get_resets(stm32);
	if (!error)
		error = get_hold_boot(stm32);
	if (!error)
		error = get_bits(stm32);
	if (error)
		return error;
	rproc_set_auto_boot(stm32->rproc,
			    rproc_device_property_bool(stm32->device, "st,auto-boot"));
	/* what a boot loader started is attached to; Linux takes no other value for that */
	if (stm32_read_state(stm32) == STM32_M4_CRUN)
		rproc_set_initial_state(stm32->rproc, RPROC_STATE_DETACHED);
	error = stm32_get_mboxes(stm32);
	if (!error) {
		rproc_device_use_board_memory(stm32->device);
		error = rproc_add(stm32->rproc);
	}
	return error;
}

static void stm32_free(struct stm32 *stm32)
{
	/* first what could still call */
	rproc_irq_put(stm32->watchdog);
	ipcc_free(stm32->ipcc);
	rproc_reset_put(stm32->reset);
	rproc_reset_put(stm32->hold_boot_reset);
	rproc_syscon_put(stm32->hold_boot);
	rproc_syscon_put(stm32->tz);
	rproc_syscon_put(stm32->pdds);
	rproc_syscon_put(stm32->m4_state);
	rproc_syscon_put(stm32->rsc_table);
	rproc_iomem_unmap(stm32->table);
	stm32_free_memories(stm32);
	rproc_device_set_memory_provider(stm32->device, NULL);
	rproc_free(stm32->rproc);
}

static int stm32_probe(struct rproc_device *device)
{
	const char *firmware = NULL;
	struct stm32 *stm32;
	struct rproc *rproc;
	int error;

	error = rproc_of_parse_firmware(device, 0, &firmware);
	if (error && error != -ENOENT)
		return rproc_device_story(device, error, "probe", "firmware-name is not a string");
	rproc = rproc_alloc(device, rproc_device_node_name(device), &stm32_ops, firmware,
			    sizeof(*stm32));
	if (!rproc)
		return -ENOMEM;
	stm32 = rproc_priv(rproc);
	stm32->rproc = rproc;
	stm32->device = device;
	atomic_init(&stm32->live, false);
	rproc_device_set_priv(device, stm32);
	error = set_up(stm32);
	if (error)
		stm32_free(stm32);
	return error;
}

static void stm32_remove(struct rproc_device *device)
{
	struct stm32 *stm32 = rproc_device_priv(device);

	rproc_del(stm32->rproc);
	stm32_free(stm32);
}

static const char *const compatibles[] = { "st,stm32mp1-m4", NULL };

/*
 * The loadable plugin calls it rproc_plugin, which is where the loader looks. The
 * name is that of Linux's driver: the log shows it.
 */
__attribute__((visibility("default"))) const struct rproc_plugin rproc_plugin_stm32 = {
	RPROC_PLUGIN_INIT,    .name = "stm32-rproc",  .compatibles = compatibles,
	.probe = stm32_probe, .remove = stm32_remove,
};
