/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Start, stop, attach and detach: which bits are written in which order. The core
 * is released and held again at once, so that one that crashes stays down. What
 * was written to hold-boot is read back: a secured RCC drops writes without a word.
 */
#include <errno.h>
#include <inttypes.h>
#include "stm32.h"

/* ---- hold boot --------------------------------------------------------------------------- */

static bool is_secured(struct stm32 *stm32)
{
	uint32_t value = 0;

	return stm32->tz && !rproc_syscon_read(stm32->tz, &value) && value;
}

static int check_hold_boot(struct stm32 *stm32, uint32_t wrote, const char *stage)
{
	uint32_t reads = wrote;
	int error;

	error = rproc_syscon_read(stm32->hold_boot, &reads);
	if (error || reads == wrote)
		return error;
	return rproc_story(stm32->rproc, is_secured(stm32) ? -EPERM : -EIO, stage,
			   "hold-boot write did not stick (wrote %u, reads %u at 0x%" PRIx64
			   "): %s, use SCMI or SMC, which only the kernel's driver can call",
			   wrote != 0, reads != 0, rproc_syscon_pa(stm32->hold_boot),
			   stm32->tz ? is_secured(stm32) ? "RCC is secured (TZEN is 1)"
							 : "RCC is not secured (TZEN is 0) but "
							   "somebody guards it"
				     : "RCC may be secured");
}

static int write_hold_boot(struct stm32 *stm32, bool hold, const char *stage)
{
	uint32_t value = hold ? 0 : rproc_syscon_mask(stm32->hold_boot);
	int error;

	error = rproc_syscon_write(stm32->hold_boot, value);
	return error ? error : check_hold_boot(stm32, value, stage);
}

static int set_hold_boot(struct stm32 *stm32, bool hold, const char *stage)
{
	int error;

	if (stm32->hold_boot_reset)
		error = hold ? rproc_reset_assert(stm32->hold_boot_reset)
			     : rproc_reset_deassert(stm32->hold_boot_reset);
	else
		error = write_hold_boot(stm32, hold, stage);
	if (error)
		rproc_log(stm32->rproc, RPROC_LOG_ERR, "failed to set hold boot");
	return error;
}

/* Deep sleep of the core: allowed while it is off. The tree may not name the bit. */
static int set_pdds(struct stm32 *stm32, bool on)
{
	int error;

	if (!stm32->pdds)
		return 0;
	error = rproc_syscon_write(stm32->pdds, on ? UINT32_MAX : 0);
	if (error)
		rproc_log(stm32->rproc, RPROC_LOG_ERR, "failed to %s pdds", on ? "set" : "clear");
	return error;
}

/* ---- start and attach ----------------------------------------------------------------------- */

static int release_core(struct stm32 *stm32)
{
	int error;

	error = set_pdds(stm32, false);
	if (error)
		return error;
	error = set_hold_boot(stm32, false, "start");
	if (!error)
		error = set_hold_boot(stm32, true, "start");
	if (error)
		set_pdds(stm32, true);
	return error;
}

/* The core that @up leaves running is heard from before it can speak. */
static int bring_up(struct stm32 *stm32, int (*up)(struct stm32 *stm32))
{
	int error;

	error = stm32_add_traces(stm32);
	if (!error)
		error = stm32_set_live(stm32, true);
	if (error)
		return error;
	error = up(stm32);
	if (error)
		stm32_set_live(stm32, false);
	return error;
}

static int stm32_start(struct rproc *rproc)
{
	return bring_up(rproc_priv(rproc), release_core);
}

/* It runs already; one that crashes from now on stays down. */
static int hold_core(struct stm32 *stm32)
{
	return set_hold_boot(stm32, true, "attach");
}

static int stm32_attach(struct rproc *rproc)
{
	return bring_up(rproc_priv(rproc), hold_core);
}

/* ---- stop and detach ----------------------------------------------------------------------- */

static void ask_to_shut_down(struct stm32 *stm32)
{
	unsigned int ms = rproc_device_shutdown_timeout_ms(stm32->device);
	enum rproc_state state = rproc_state(stm32->rproc);

	/* nobody is there to answer */
	if (state == RPROC_STATE_OFFLINE || state == RPROC_STATE_CRASHED)
		return;
	if (!stm32_tell(stm32, STM32_MBOX_SHUTDOWN, ms))
		return;
	rproc_log(stm32->rproc, RPROC_LOG_WARNING, "warning: remote FW shutdown without ack");
	rproc_story(
		stm32->rproc, -ETIMEDOUT, "stop",
		"channel %u still occupied after %u ms: the firmware never cleared XSCR bit %u; "
		"it was stopped all the same",
		stm32->mboxes[STM32_MBOX_SHUTDOWN].channel, ms,
		stm32->mboxes[STM32_MBOX_SHUTDOWN].channel);
}

static int stm32_stop(struct rproc *rproc)
{
	struct stm32 *stm32 = rproc_priv(rproc);
	int error;

	ask_to_shut_down(stm32);
	error = set_hold_boot(stm32, true, "stop");
	if (error)
		return error;
	error = rproc_reset_assert(stm32->reset);
	if (error) {
		rproc_log(rproc, RPROC_LOG_ERR, "failed to assert the reset");
		return error;
	}
	stm32_set_live(stm32, false);
	error = set_pdds(stm32, true);
	if (error || !stm32->m4_state)
		return error;
	error = rproc_syscon_write(stm32->m4_state, STM32_M4_OFF);
	if (error)
		rproc_log(rproc, RPROC_LOG_ERR, "failed to set copro state");
	return error;
}

static void announce_detach(struct stm32 *stm32)
{
	/* 200 ms where a shutdown may take 500, as in Linux */
	unsigned int ms = rproc_device_shutdown_timeout_ms(stm32->device) / 5 * 2;

	if (!stm32->mboxes[STM32_MBOX_DETACH].present) {
		rproc_story(stm32->rproc, -ENOENT, "detach",
			    "mbox-names has no \"detach\": the firmware is not told, and will not "
			    "stop using the vrings");
		return;
	}
	if (!stm32_tell(stm32, STM32_MBOX_DETACH, ms))
		return;
	rproc_log(stm32->rproc, RPROC_LOG_WARNING, "warning: remote FW detach without ack");
	rproc_story(
		stm32->rproc, -ETIMEDOUT, "detach",
		"channel %u still occupied after %u ms: the firmware does not handle \"detach\" "
		"and may go on using the vrings",
		stm32->mboxes[STM32_MBOX_DETACH].channel, ms);
}

static int stm32_detach(struct rproc *rproc)
{
	struct stm32 *stm32 = rproc_priv(rproc);
	int error;

	announce_detach(stm32);
	/* from here on a core that crashes may start itself again */
	error = set_hold_boot(stm32, false, "detach");
	if (!error)
		stm32_set_live(stm32, false);
	return error;
}

const struct rproc_ops stm32_ops = {
	.prepare = stm32_prepare,
	.unprepare = stm32_unprepare,
	.start = stm32_start,
	.stop = stm32_stop,
	.attach = stm32_attach,
	.detach = stm32_detach,
	.kick = stm32_kick,
	.load = stm32_load,
	.parse_fw = stm32_parse_fw,
	.find_loaded_rsc_table = rproc_elf_find_loaded_rsc_table,
	.get_loaded_rsc_table = stm32_get_loaded_rsc_table,
	.sanity_check = rproc_elf_sanity_check,
	.get_boot_addr = rproc_elf_get_boot_addr,
};
