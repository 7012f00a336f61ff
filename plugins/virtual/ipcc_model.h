/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The IPCC mailbox of STM32: two processors, a register set each, channels that one
 * side marks occupied and the other side frees. Registers as in ST's RM0436
 * chapter "Inter-processor communication controller".
 */
#ifndef RPROC_VIRTUAL_IPCC_MODEL_H
#define RPROC_VIRTUAL_IPCC_MODEL_H

#include "machine.h"

#define IPCC_MODEL_CHANNELS 6

struct ipcc_model {
	struct machine *machine;
	char device[MACHINE_NAME_MAX + 1]; /* whose lines rx and tx are */
	unsigned int host;		   /* which of the two processors listens on them */
	unsigned int rx_irq, tx_irq;
	bool acknowledge; /* the far side frees a channel at once */
	uint32_t control[2], mask[2], occupied[2];
};

/* Put it at the node's `reg`. Under the machine's lock. */
int ipcc_model_add(struct ipcc_model *ipcc, struct machine *machine, struct rproc_device *node);
/* The far side frees what the host sends, from now on and what waits. Under the lock. */
void ipcc_model_acknowledge(struct ipcc_model *ipcc, bool on);

#endif
