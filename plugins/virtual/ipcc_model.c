/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How an IPCC answers. A status bit belongs to the sender: set by it, cleared by
 * the receiver. Lines are levels, told again after every change that leaves one
 * high.
 */
#include "ipcc_model.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define SET_LEN	 0x10u /* of one processor */
#define XCR	 0x00u
#define XMR	 0x04u
#define XSCR	 0x08u
#define XTOYSR	 0x0cu
#define HWCFGR	 0x3f0u
#define VERR	 0x3f4u
#define VERSION	 0x10u /* 1.0 */
#define CR_RXOIE (1u << 0)
#define CR_TXOIE (1u << 16)
#define CHANNELS ((1u << IPCC_MODEL_CHANNELS) - 1)

static void update_lines(struct ipcc_model *ipcc)
{
	unsigned int host = ipcc->host;
	uint32_t control = ipcc->control[host];
	uint32_t mask = ipcc->mask[host];
	uint32_t received = ipcc->occupied[!host] & ~mask & CHANNELS;
	uint32_t free = ~ipcc->occupied[host] & ~(mask >> 16) & CHANNELS;

	if (control & CR_RXOIE && received)
		machine_fire(ipcc->machine, ipcc->device, ipcc->rx_irq);
	if (control & CR_TXOIE && free)
		machine_fire(ipcc->machine, ipcc->device, ipcc->tx_irq);
}

/* Low half: channels of the other side that are taken; high half: own ones that are sent. */
static void write_status(struct ipcc_model *ipcc, unsigned int who, uint32_t value)
{
	ipcc->occupied[!who] &= ~(value & CHANNELS);
	ipcc->occupied[who] |= value >> 16 & CHANNELS;
	if (ipcc->acknowledge)
		ipcc->occupied[ipcc->host] = 0;
}

static uint32_t ipcc_read(void *priv, uint32_t offset)
{
	const struct ipcc_model *ipcc = priv;
	unsigned int who = offset / SET_LEN;

	if (offset == HWCFGR)
		return IPCC_MODEL_CHANNELS;
	if (offset == VERR)
		return VERSION;
	if (who > 1)
		return 0;
	switch (offset % SET_LEN) {
	case XCR:
		return ipcc->control[who];
	case XMR:
		return ipcc->mask[who];
	case XTOYSR:
		return ipcc->occupied[who];
	default:
		return 0;
	}
}

static void ipcc_write(void *priv, uint32_t offset, uint32_t value)
{
	struct ipcc_model *ipcc = priv;
	unsigned int who = offset / SET_LEN;

	if (who > 1)
		return;
	switch (offset % SET_LEN) {
	case XCR:
		ipcc->control[who] = value & (CR_RXOIE | CR_TXOIE);
		break;
	case XMR:
		ipcc->mask[who] = value;
		break;
	case XSCR:
		write_status(ipcc, who, value);
		break;
	default:
		return;
	}
	update_lines(ipcc);
}

void ipcc_model_acknowledge(struct ipcc_model *ipcc, bool on)
{
	ipcc->acknowledge = on;
	if (!on)
		return;
	ipcc->occupied[ipcc->host] = 0;
	update_lines(ipcc);
}

int ipcc_model_add(struct ipcc_model *ipcc, struct machine *machine, struct rproc_device *node)
{
	struct machine_block block = { .read = ipcc_read, .write = ipcc_write, .priv = ipcc };
	struct rproc_region region;
	int rx, tx;

	if (rproc_device_reg(node, 0, &region) || region.len < VERR + 4)
		return -EINVAL;
	rx = rproc_device_match_string(node, "interrupt-names", "rx");
	tx = rproc_device_match_string(node, "interrupt-names", "tx");
	if (strlen(rproc_device_name(node)) > MACHINE_NAME_MAX)
		return -EINVAL;
	memset(ipcc, 0, sizeof(*ipcc));
	if (rproc_device_property_u32(node, "st,proc-id", 0, &ipcc->host) || ipcc->host > 1)
		return -EINVAL;
	ipcc->machine = machine;
	strcpy(ipcc->device, rproc_device_name(node));
	/* a line without a name is one that nobody can listen on */
	ipcc->rx_irq = rx < 0 ? UINT_MAX : (unsigned int)rx;
	ipcc->tx_irq = tx < 0 ? UINT_MAX : (unsigned int)tx;
	/* after reset everything is masked */
	ipcc->mask[0] = ipcc->mask[1] = UINT32_MAX;
	block.pa = region.pa;
	block.len = region.len;
	return machine_add_block(machine, &block);
}
