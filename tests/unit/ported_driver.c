/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver as they are written for Linux, out of its tree: ops, probe, everything
 * managed by the device. From there it differs in its includes and in the lines
 * that say so. It has no remove, because nothing is left for one.
 */
#include "from_linux.h"
#include "ported_driver.h"

struct acme_rproc {
	struct device *dev;
	void *sram;
	u64 pa;
	u32 len;
	bool powered;
};

static int acme_prepare(struct rproc *rproc)
{
	struct acme_rproc *acme = rproc_priv(rproc); /* Linux: rproc->priv */
	struct rproc_mem_entry *mem;

	mem = rproc_mem_entry_init(acme->dev, acme->sram, acme->pa, acme->len, (u32)acme->pa, NULL,
				   NULL, "sram");
	if (!mem)
		return -ENOMEM;
	rproc_add_carveout(rproc, mem);
	return rproc_coredump_add_custom_segment(rproc, (u32)acme->pa, acme->len, NULL, "sram");
}

static int acme_parse_fw(struct rproc *rproc, const struct firmware *fw)
{
	int ret = rproc_elf_load_rsc_table(rproc, fw);

	if (ret == -EINVAL)
		dev_info(rproc_device(rproc), "no resource table"); /* Linux: &rproc->dev */
	return ret == -EINVAL ? 0 : ret;
}

static int acme_handle_rsc(struct rproc *rproc, u32 type, void *rsc, int offset, int avail)
{
	(void)rproc, (void)rsc, (void)offset;
	return type == 130 && avail >= 4 ? RSC_HANDLED : RSC_IGNORED;
}

static int acme_start(struct rproc *rproc)
{
	struct acme_rproc *acme = rproc_priv(rproc); /* Linux: rproc->priv */

	if (!rproc_da_to_va(rproc, rproc_bootaddr(rproc), 4, NULL)) { /* Linux: rproc->bootaddr */
		dev_err(acme->dev, "boot address is nowhere");
		return -EINVAL;
	}
	return 0;
}

static int acme_stop(struct rproc *rproc)
{
	dev_info(rproc_device(rproc), "held"); /* Linux: &rproc->dev */
	return 0;
}

static void acme_kick(struct rproc *rproc, int vqid)
{
	rproc_vq_interrupt(rproc, vqid);
}

static const struct rproc_ops acme_ops = {
	.prepare = acme_prepare,
	.start = acme_start,
	.stop = acme_stop,
	.kick = acme_kick,
	.load = rproc_elf_load_segments,
	.parse_fw = acme_parse_fw,
	.handle_rsc = acme_handle_rsc,
	.find_loaded_rsc_table = rproc_elf_find_loaded_rsc_table,
	.sanity_check = rproc_elf_sanity_check,
	.get_boot_addr = rproc_elf_get_boot_addr,
	.coredump = rproc_coredump_using_sections,
};

static void acme_power_off(void *data)
{
	struct acme_rproc *acme = data;

	acme->powered = false;
	dev_info(acme->dev, "power is off");
}

static int acme_probe(struct device *dev) /* Linux: struct platform_device *pdev */
{
	struct rproc_region res; /* Linux: struct resource *res */
	struct acme_rproc *acme;
	const char *fw_name;
	struct rproc *rproc;
	int ret;

	ret = rproc_of_parse_firmware(dev, 0, &fw_name);
	if (ret)
		return dev_err_probe(dev, ret, "firmware-name is missing");
	rproc = devm_rproc_alloc(dev, rproc_device_node_name(dev), &acme_ops, fw_name,
				 sizeof(*acme));
	if (!rproc)
		return -ENOMEM;
	rproc_set_auto_boot(rproc, false); /* Linux: rproc->auto_boot = false */
	acme = rproc_priv(rproc);	   /* Linux: rproc->priv */
	acme->dev = dev;
	acme->powered = true;
	ret = devm_add_action_or_reset(dev, acme_power_off, acme);
	if (ret)
		return ret;
	ret = rproc_device_reg(dev, 0, &res); /* Linux: platform_get_resource(pdev, ...) */
	if (ret)
		return dev_err_probe(dev, ret, "it has no memory");
	acme->pa = res.pa;
	acme->len = (u32)res.len;
	acme->sram = devm_kzalloc(dev, acme->len, GFP_KERNEL);
	if (!acme->sram)
		return -ENOMEM;
	rproc_coredump_set_elf_info(rproc, 1, 40);
	return devm_rproc_add(dev, rproc);
}

static const char *const acme_of_match[] = { "acme,rproc", NULL };

/* Linux: struct platform_driver, module_platform_driver() */
const struct rproc_plugin ported_driver = {
	RPROC_PLUGIN_INIT,
	.name = "acme-rproc",
	.compatibles = acme_of_match,
	.probe = acme_probe,
};
