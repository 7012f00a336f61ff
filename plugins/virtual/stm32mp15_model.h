/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of an STM32MP15 its Cortex-M4 is driven by: bits of RCC, PWR and TAMP where
 * the processor's node says they are, the reset line, the watchdog's interrupt
 * and the IPCC. No core executes.
 */
#ifndef RPROC_VIRTUAL_STM32MP15_MODEL_H
#define RPROC_VIRTUAL_STM32MP15_MODEL_H

#include "ipcc_model.h"
#include "machine.h"

/* A field of a register; mask 0: the node does not name it. */
struct stm32mp15_field {
	uint64_t pa;
	uint32_t mask;
};

struct stm32mp15_model {
	struct machine *machine;
	struct rproc_device *node; /* the processor's, counted; NULL: no such board yet */
	struct stm32mp15_field hold_boot, tz, m4_state, rsc_table;
	uint64_t reset_pa;
	uint32_t reset_bit;
	bool reset_releases_itself;
	bool has_ipcc;
	struct ipcc_model ipcc;
};

/* A node of the board; one that was here before stays as it is. Under the machine's lock. */
int stm32mp15_add_node(struct stm32mp15_model *soc, struct machine *machine,
		       struct rproc_device *node);
void stm32mp15_fini(struct stm32mp15_model *soc);

/* What happens to the board from outside; each under the lock. -ENODEV: nothing of the kind. */
int stm32mp15_watchdog(struct stm32mp15_model *soc);
int stm32mp15_acknowledge(struct stm32mp15_model *soc, bool on);
/* A boot loader has started the core: M4_STATE and the resource table's address say so. */
int stm32mp15_bootloader(struct stm32mp15_model *soc, bool started, uint32_t table_da);
int stm32mp15_secure(struct stm32mp15_model *soc, bool on);
int stm32mp15_da_to_pa(const struct stm32mp15_model *soc, uint64_t da, uint64_t *ret_pa);

#endif
