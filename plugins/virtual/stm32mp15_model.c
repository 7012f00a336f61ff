/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * STM32MP15 as its Cortex-M4's driver sees it. Addresses come from the processor's
 * node, so the same model plays a real board and one whose registers lie elsewhere.
 * Values are those of ST's RM0436 and of the device tree binding.
 */
#include "stm32mp15_model.h"

#include <errno.h>
#include <string.h>

#define STATE_OFF  0u
#define STATE_CRUN 2u

/* ---- registers that do something ------------------------------------------------------ */

static bool is_secured(const struct stm32mp15_model *soc)
{
	uint32_t value;

	return soc->tz.mask && !machine_load(soc->machine, soc->tz.pa, &value) &&
	       value & soc->tz.mask;
}

/* RCC drops writes of the non-secure world once it is secured. */
static uint32_t write_hold_boot(void *priv, uint64_t pa, uint32_t old, uint32_t value)
{
	(void)pa;
	return is_secured(priv) ? old : value;
}

/* RCC releases the line by itself and reads 0; other controllers keep what is written. */
static uint32_t write_reset(void *priv, uint64_t pa, uint32_t old, uint32_t value)
{
	const struct stm32mp15_model *soc = priv;

	(void)pa;
	if (is_secured(soc))
		return old;
	return soc->reset_releases_itself ? 0 : value;
}

/* ---- reading the node --------------------------------------------------------------------- */

/* One that is not there or makes no sense leaves the field empty: the driver will say so. */
static int read_field(struct rproc_device *node, const char *property,
		      struct stm32mp15_field *field)
{
	struct rproc_phandle_args args;
	struct rproc_region region;
	int error;

	error = rproc_device_parse_phandle(node, property, NULL, 2, 0, &args);
	if (error)
		return error == -ENOMEM ? error : 0;
	if (!rproc_device_reg(args.node, 0, &region) && !(args.args[0] % 4) &&
	    args.args[0] < region.len) {
		field->pa = region.pa + args.args[0];
		field->mask = args.args[1];
	}
	rproc_device_put(args.node);
	return 0;
}

/* A controller that no register model has leaves it without a line, as on the board. */
static int read_reset(struct stm32mp15_model *soc, struct rproc_device *node)
{
	struct rproc_phandle_args args;
	struct rproc_region region;
	int index = rproc_device_match_string(node, "reset-names", "mcu_rst");
	int error;

	error = rproc_device_parse_phandle(node, "resets", "#reset-cells", 0,
					   index < 0 ? 0 : (unsigned int)index, &args);
	if (error)
		return error == -ENOMEM ? error : 0;
	if (args.count == 1 && !rproc_device_reg(args.node, 0, &region)) {
		soc->reset_pa = region.pa + args.args[0] / 32 * 4;
		soc->reset_bit = UINT32_C(1) << args.args[0] % 32;
		soc->reset_releases_itself =
			rproc_device_is_compatible(args.node, "st,stm32mp1-rcc");
	}
	rproc_device_put(args.node);
	return 0;
}

static int add_core(struct stm32mp15_model *soc, struct rproc_device *node)
{
	struct machine_cell hold_boot = { .write = write_hold_boot, .priv = soc };
	struct machine_cell reset = { .write = write_reset, .priv = soc };
	int error;

	error = read_field(node, "st,syscfg-holdboot", &soc->hold_boot);
	if (!error)
		error = read_field(node, "st,syscfg-tz", &soc->tz);
	if (!error)
		error = read_field(node, "st,syscfg-m4-state", &soc->m4_state);
	if (!error)
		error = read_field(node, "st,syscfg-rsc-tbl", &soc->rsc_table);
	if (!error)
		error = read_reset(soc, node);
	if (error)
		return error;
	hold_boot.pa = soc->hold_boot.pa;
	reset.pa = soc->reset_pa;
	if (soc->hold_boot.mask)
		error = machine_add_cell(soc->machine, &hold_boot);
	if (!error && soc->reset_bit)
		error = machine_add_cell(soc->machine, &reset);
	if (!error)
		soc->node = rproc_device_get(node);
	return error;
}

int stm32mp15_add_node(struct stm32mp15_model *soc, struct machine *machine,
		       struct rproc_device *node)
{
	int error;

	soc->machine = machine;
	if (!soc->node && rproc_device_is_compatible(node, "st,stm32mp1-m4"))
		return add_core(soc, node);
	if (!soc->has_ipcc && rproc_device_is_compatible(node, "st,stm32mp1-ipcc")) {
		error = ipcc_model_add(&soc->ipcc, machine, node);
		soc->has_ipcc = !error;
		return error == -EINVAL ? 0 : error;
	}
	return 0;
}

void stm32mp15_fini(struct stm32mp15_model *soc)
{
	rproc_device_put(soc->node);
}

/* ---- what happens to it --------------------------------------------------------------------- */

int stm32mp15_watchdog(struct stm32mp15_model *soc)
{
	if (!soc->node)
		return -ENODEV;
	return machine_fire(soc->machine, rproc_device_name(soc->node), 0);
}

int stm32mp15_acknowledge(struct stm32mp15_model *soc, bool on)
{
	if (!soc->has_ipcc)
		return -ENODEV;
	ipcc_model_acknowledge(&soc->ipcc, on);
	return 0;
}

static int set_field(struct stm32mp15_model *soc, const struct stm32mp15_field *field,
		     uint32_t value)
{
	uint32_t old;
	int error;

	if (!field->mask)
		return -ENODEV;
	error = machine_load(soc->machine, field->pa, &old);
	if (error)
		return error;
	return machine_store(soc->machine, field->pa, (old & ~field->mask) | (value & field->mask));
}

int stm32mp15_bootloader(struct stm32mp15_model *soc, bool started, uint32_t table_da)
{
	int error;

	error = set_field(soc, &soc->m4_state, started ? STATE_CRUN : STATE_OFF);
	return error ? error : set_field(soc, &soc->rsc_table, table_da);
}

int stm32mp15_secure(struct stm32mp15_model *soc, bool on)
{
	return set_field(soc, &soc->tz, on ? UINT32_MAX : 0);
}

int stm32mp15_da_to_pa(const struct stm32mp15_model *soc, uint64_t da, uint64_t *ret_pa)
{
	if (!soc->node)
		return -ENODEV;
	if (da > UINT32_MAX)
		return -EINVAL;
	return rproc_device_da_to_pa(soc->node, (uint32_t)da, 4, ret_pa);
}
