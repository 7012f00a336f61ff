/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest program that boots a processor of its own from bytes in memory.
 * It is linked statically and its size measured; it also runs, to show that the
 * linker left nothing out: exit status 0 if the image arrived.
 */
#include <stdint.h>
#include <string.h>
#include <elf.h>
#include <librproc/driver.h>

#define DA 0x1000u

static char memory[16];

static void *da_to_va(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem)
{
	(void)rproc;
	if (ret_is_iomem)
		*ret_is_iomem = false;
	return da == DA && len <= sizeof(memory) ? memory : NULL;
}

static int power(struct rproc *rproc)
{
	(void)rproc;
	return 0;
}

static const struct rproc_ops ops = {
	.start = power,
	.stop = power,
	.da_to_va = da_to_va,
	.load = rproc_elf_load_segments,
	.sanity_check = rproc_elf_sanity_check,
	.get_boot_addr = rproc_elf_get_boot_addr,
};

/* One segment of eight bytes. */
static const struct {
	Elf32_Ehdr header;
	Elf32_Phdr segment;
	char bytes[8];
	Elf32_Shdr sections[1];
} image = {
	.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
				 EV_CURRENT },
		    .e_type = ET_EXEC,
		    .e_machine = EM_ARM,
		    .e_version = EV_CURRENT,
		    .e_entry = DA,
		    .e_phoff = sizeof(Elf32_Ehdr),
		    .e_shoff = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr) + 8,
		    .e_ehsize = sizeof(Elf32_Ehdr),
		    .e_phentsize = sizeof(Elf32_Phdr),
		    .e_phnum = 1,
		    .e_shentsize = sizeof(Elf32_Shdr) },
	.segment = { .p_type = PT_LOAD,
		     .p_offset = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
		     .p_paddr = DA,
		     .p_filesz = 8,
		     .p_memsz = 8 },
	.bytes = "firmware",
};

static int boot(struct rproc *rproc)
{
	int err;

	rproc_set_auto_boot(rproc, false);
	err = rproc_add(rproc);
	if (!err)
		err = rproc_set_firmware_buffer(rproc, "minimal", &image, sizeof(image));
	if (!err)
		err = rproc_boot(rproc);
	if (!err)
		err = memcmp(memory, image.bytes, sizeof(image.bytes));
	rproc_del(rproc);
	return err;
}

int main(void)
{
	struct rproc_context *context;
	struct rproc_device *device;
	struct rproc *rproc;
	int err = 1;

	if (rproc_context_new(NULL, &context))
		return 1;
	if (!rproc_device_new(context, "core", &device)) {
		rproc = rproc_alloc(device, "core", &ops, NULL, 0);
		if (rproc)
			err = boot(rproc);
		rproc_free(rproc);
		rproc_device_put(device);
	}
	rproc_context_free(context);
	return err ? 1 : 0;
}
