/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hardware for SoC plugins: register blocks, memories, interrupts, resets and
 * syscon fields of a device tree node, on the real thing or on a software model.
 * The same driver runs on both and cannot tell them apart. Included by driver.h.
 *
 * A context's option `hw` says where its boards find their hardware:
 *   "devmem"	/dev/mem; there are no interrupts, drivers poll
 *   "uio"	UIO devices: their maps, and the interrupt of the node's own device
 *   "model"	a machine that a plugin models (struct rproc_hw_model)
 *
 * What goes wrong is written into a struct rproc_report (may be NULL), for the
 * caller to pass on: rproc_report_findings() in an op, rproc_device_findings() in
 * probe. Unless said otherwise functions may be called from any thread.
 */
#ifndef LIBRPROC_HW_H
#define LIBRPROC_HW_H

#include <librproc/rproc.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rproc_device;
struct rproc_region;

enum rproc_hw_backend { RPROC_HW_DEVMEM = 0, RPROC_HW_UIO = 1, RPROC_HW_MODEL = 2 };
enum rproc_hw_backend rproc_device_hw(const struct rproc_device *device);

/* Make the first error of @report the story of a probe. Returns @error. */
int rproc_device_findings(struct rproc_device *device, int error, const char *stage,
			  const struct rproc_report *report);

/* ---- the tree around a node -------------------------------------------------------- */

#define RPROC_PHANDLE_ARGS_MAX 8
/* "struct of_phandle_args" in Linux. @node is counted: rproc_device_put(). */
struct rproc_phandle_args {
	struct rproc_device *node;
	unsigned int count;
	uint32_t args[RPROC_PHANDLE_ARGS_MAX];
};
/*
 * Entry @index of a list of phandles with arguments. How many follow a phandle is
 * said by property @cells of the node it names, or is @count if @cells is NULL.
 * -ENOENT: no such property or entry; -ENODEV: the node is disabled; -EINVAL: no
 * such node, or a list that ends early. -ENOMEM.
 */
int rproc_device_parse_phandle(const struct rproc_device *device, const char *property,
			       const char *cells, unsigned int count, unsigned int index,
			       struct rproc_phandle_args *ret_args);
/* Index of @string in a string list; -ENOENT, -ENODATA (not in it), -EILSEQ. */
int rproc_device_match_string(const struct rproc_device *device, const char *property,
			      const char *string);
bool rproc_device_is_compatible(const struct rproc_device *device, const char *compatible);
/*
 * Through the dma-ranges above the node. -ENOENT: its bus has none; -EINVAL: they
 * do not hold all @len bytes, or the device address has more than 32 bits.
 */
int rproc_device_pa_to_da(const struct rproc_device *device, uint64_t pa, uint64_t len,
			  uint32_t *ret_da);
int rproc_device_da_to_pa(const struct rproc_device *device, uint32_t da, uint64_t len,
			  uint64_t *ret_pa);

/* ---- ranges of addresses ------------------------------------------------------------- */

struct rproc_iomem;

enum rproc_iomem_kind {
	RPROC_IOMEM_REGISTERS = 0, /* 32-bit registers that others may use too */
	RPROC_IOMEM_EXCLUSIVE = 1, /* the same, and no driver of the kernel may have them */
	RPROC_IOMEM_MEMORY = 2	   /* memory of the processor; must be no-map on real hardware */
};
/*
 * Map a range. @owner is the node that it was read from: the one that a kernel
 * driver could be bound to. -EBUSY: one is; -EPERM, -EACCES, -ENOENT, ...: the host
 * forbids it; -EINVAL: empty, or memory that is not no-map; -ENXIO: nothing is there.
 */
int rproc_iomem_map(const struct rproc_device *owner, const struct rproc_region *region,
		    enum rproc_iomem_kind kind, struct rproc_report *report,
		    struct rproc_iomem **ret_iomem);
void rproc_iomem_unmap(struct rproc_iomem *iomem); /* NULL is fine */
uint64_t rproc_iomem_pa(const struct rproc_iomem *iomem);
size_t rproc_iomem_len(const struct rproc_iomem *iomem);
/* Memory: where it is. Registers: NULL. Only the copies below may touch it. */
void *rproc_iomem_va(const struct rproc_iomem *iomem);
/*
 * One register. -EINVAL: not a multiple of 4, outside, or not registers; else what the
 * model answers: -ENXIO, nothing is there. Any thread.
 */
int rproc_iomem_read32(struct rproc_iomem *iomem, uint64_t offset, uint32_t *ret_value);
int rproc_iomem_write32(struct rproc_iomem *iomem, uint64_t offset, uint32_t value);
/*
 * Does memory keep what is written to it? Writes and restores its first word: only
 * while the processor is off. -EIO: no clock, no power, or somebody forbids it.
 */
int rproc_iomem_check_write(struct rproc_iomem *iomem, struct rproc_report *report);

/*
 * Copies on device memory, with aligned accesses of at most 32 bits: an unaligned or
 * a vector access is a bus error there, so memcpy() and memset() must not be used.
 */
void rproc_iomem_copy_to(void *iomem_va, const void *from, size_t len);
void rproc_iomem_copy_from(void *to, const void *iomem_va, size_t len);
void rproc_iomem_fill(void *iomem_va, uint8_t byte, size_t len);

/*
 * Let carveouts and vrings that nobody registered come from the board's free memory.
 * 0, or -ENOTSUP on real hardware, whose memory is Linux's. In probe.
 */
int rproc_device_use_board_memory(struct rproc_device *device);

/* ---- syscon: a few bits of a register that many share ---------------------------------- */

struct rproc_syscon;
/*
 * Property @property is <phandle offset mask>. 0 with one that is the caller's to put.
 * -ENOENT: there is none; -EINVAL: it is something else, or no register is there; -ENODEV:
 * the node is disabled; -ENOMEM; else as rproc_iomem_map(). @report says which.
 */
int rproc_syscon_get(const struct rproc_device *device, const char *property,
		     struct rproc_report *report, struct rproc_syscon **ret_syscon);
void rproc_syscon_put(struct rproc_syscon *syscon); /* NULL is fine */
/* The register, masked. */
int rproc_syscon_read(struct rproc_syscon *syscon, uint32_t *ret_value);
/* Change the masked bits to those of @value, under a lock of the context. Any thread. */
int rproc_syscon_write(struct rproc_syscon *syscon, uint32_t value);
uint64_t rproc_syscon_pa(const struct rproc_syscon *syscon);
uint32_t rproc_syscon_mask(const struct rproc_syscon *syscon);

/* ---- resets ------------------------------------------------------------------------------ */

struct rproc_reset;
/*
 * The reset called @name in reset-names; 0 with one that is the caller's to put, and that
 * is as it was. -ENOENT: there is none; -ENOTSUP: its controller is behind firmware (SCMI),
 * or unknown; -EINVAL: no such controller or register; -ENODEV: it is disabled; -ENOMEM; else
 * as rproc_iomem_map(). @report says which.
 */
int rproc_reset_get(const struct rproc_device *device, const char *name,
		    struct rproc_report *report, struct rproc_reset **ret_reset);
/* Entry @index of `resets`. */
int rproc_reset_get_by_index(const struct rproc_device *device, unsigned int index,
			     struct rproc_report *report, struct rproc_reset **ret_reset);
void rproc_reset_put(struct rproc_reset *reset); /* NULL is fine */
/* As rproc_iomem_read32(). Any thread. */
int rproc_reset_assert(struct rproc_reset *reset);
int rproc_reset_deassert(struct rproc_reset *reset);

/* ---- interrupts --------------------------------------------------------------------------- */

struct rproc_irq;
/* On the context's thread; must not block. */
typedef void (*rproc_irq_fn)(void *data);
/*
 * Interrupt @index of the node. -ENOENT: it has none such; -ENOTSUP: this host
 * cannot receive it, the caller may poll. Not from the context's thread.
 */
int rproc_irq_get(const struct rproc_device *device, unsigned int index, rproc_irq_fn handler,
		  void *data, struct rproc_report *report, struct rproc_irq **ret_irq);
/* When it returns the handler is not running and will not run again. NULL is fine. */
void rproc_irq_put(struct rproc_irq *irq);

/* ---- models: hardware made of software ----------------------------------------------------- */

/*
 * What a plugin with a model exports in its descriptor (struct rproc_plugin.hw_model).
 * A context with `hw` = "model" has one machine of the first plugin that has a model;
 * it is switched on with the first board, survives the drivers, and is switched
 * off with the context. All members but @struct_size are mandatory callbacks; all but
 * power_on, power_off and add_node may be called from several threads at once.
 */
struct rproc_hw_model {
	size_t struct_size;
	/* @state_dir: where it may keep a socket (struct rproc_context_options). */
	int (*power_on)(struct rproc_context *context, const char *state_dir, void **ret_machine);
	void (*power_off)(void *machine);
	/* An enabled node of a board, parents first. The same node may come again. */
	int (*add_node)(void *machine, struct rproc_device *node);
	/* A register. -ENXIO: nothing is there. */
	int (*read32)(void *machine, uint64_t pa, uint32_t *ret_value);
	int (*write32)(void *machine, uint64_t pa, uint32_t value);
	/* Whole pages of memory, shared with whoever else maps or reads them. -ENXIO. */
	int (*map)(void *machine, uint64_t pa, size_t len, void **ret_va);
	void (*unmap)(void *machine, void *va, size_t len);
	/* @fire may be called from any thread until disconnect returns; it does not block. */
	int (*connect)(void *machine, const char *device, unsigned int irq,
		       void (*fire)(void *data), void *data);
	void (*disconnect)(void *machine, const char *device, unsigned int irq);
	/* One command of whoever tests with the model; see rproc_context_hw_command(). */
	int (*command)(void *machine, const char *line, char *reply, size_t len);
};

/*
 * Switch the machine of a board on before any driver is there; nothing is probed.
 * rproc_context_add_board() does it by itself. Returns 0, -ENOTSUP unless `hw` is
 * "model", -ENODEV (no plugin has a model), -EINVAL (no tree), -ENOMEM.
 */
int rproc_context_power_on(struct rproc_context *context, const void *dtb, size_t len);
/*
 * Do to the model what the outside world would ("help" lists the commands). The
 * answer is one line without a newline. 0, -ENODEV: no machine is on; or the model's.
 */
int rproc_context_hw_command(struct rproc_context *context, const char *line, char *reply,
			     size_t len);

#ifdef __cplusplus
}
#endif
#endif
