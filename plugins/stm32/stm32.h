/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the STM32MP15 driver share. */
#ifndef RPROC_STM32_H
#define RPROC_STM32_H

#include <stdatomic.h>
#include <librproc/driver.h>
#include "ipcc.h"

#define STM32_TABLE_SIZE 1024u /* what a running core's table may have: fixed, as in Linux */

/* Values of the backup register that the firmware, U-Boot and the driver share. */
enum stm32_m4_state {
	STM32_M4_OFF = 0,
	STM32_M4_INIT = 1,
	STM32_M4_CRUN = 2,
	STM32_M4_CSTOP = 3,
	STM32_M4_STANDBY = 4,
	STM32_M4_CRASH = 5
};

enum stm32_mbox_id {
	STM32_MBOX_VQ0,
	STM32_MBOX_VQ1,
	STM32_MBOX_SHUTDOWN,
	STM32_MBOX_DETACH,
	STM32_MBOXES
};

struct stm32_mbox {
	bool present;
	unsigned int channel;
};

/* One entry of memory-region while the processor is prepared. */
struct stm32_memory {
	struct rproc_region region;
	struct rproc_iomem *iomem; /* NULL: not mapped */
};

/*
 * One processor. Fields are constant after probe, or touched by its worker only,
 * unless said otherwise.
 */
struct stm32 {
	struct rproc *rproc;
	struct rproc_device *device;
	struct rproc_syscon *hold_boot, *tz, *pdds, *m4_state,
		*rsc_table; /* NULL: not in the tree */
	struct rproc_reset *reset, *hold_boot_reset;
	struct rproc_irq *watchdog;
	struct ipcc *ipcc; /* NULL: no mailbox at all */
	struct stm32_mbox mboxes[STM32_MBOXES];
	atomic_bool live; /* the remote may notify: from before it runs until after it is held */
	struct stm32_memory *memories;
	unsigned int num_memories;
	bool traces_added;	   /* to the core dump, since prepare */
	struct rproc_iomem *table; /* of a core that somebody else started */
};

/* stm32_ops.c */
extern const struct rproc_ops stm32_ops;

/* stm32_state.c */
/* OFF where the tree does not name the register. */
uint32_t stm32_read_state(struct stm32 *stm32);

/* stm32_memory.c */
int stm32_prepare(struct rproc *rproc);
int stm32_unprepare(struct rproc *rproc);
void stm32_free_memories(struct stm32 *stm32);
int stm32_add_traces(struct stm32 *stm32);

/* stm32_image.c */
int stm32_load(struct rproc *rproc, const struct rproc_firmware *fw);
int stm32_parse_fw(struct rproc *rproc, const struct rproc_firmware *fw);
int stm32_get_loaded_rsc_table(struct rproc *rproc, struct rproc_resource_table **ret_table,
			       size_t *ret_size);

/* stm32_mbox.c */
int stm32_get_mboxes(struct stm32 *stm32);
void stm32_kick(struct rproc *rproc, int vqid);
/* Let notifications through, or no more. */
int stm32_set_live(struct stm32 *stm32, bool live);
/* Send and wait. 0, also where there is no such mailbox; -ETIMEDOUT. */
int stm32_tell(struct stm32 *stm32, enum stm32_mbox_id id, unsigned int timeout_ms);

#endif
