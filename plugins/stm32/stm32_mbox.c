/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mailboxes of the processor: vq0 and vq1 carry notifications both ways,
 * shutdown and detach go to the remote only. Which channel each is comes from
 * the tree; one that is missing is done without, as in Linux.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "stm32.h"

static const char *const names[STM32_MBOXES] = {
	[STM32_MBOX_VQ0] = "vq0",
	[STM32_MBOX_VQ1] = "vq1",
	[STM32_MBOX_SHUTDOWN] = "shutdown",
	[STM32_MBOX_DETACH] = "detach",
};

/* On the context's thread. What comes while the processor is off has nobody to go to. */
static void on_received(void *data, unsigned int channel)
{
	struct stm32 *stm32 = data;
	int vq;

	if (!atomic_load(&stm32->live))
		return;
	for (vq = STM32_MBOX_VQ0; vq <= STM32_MBOX_VQ1; vq++)
		if (stm32->mboxes[vq].present && stm32->mboxes[vq].channel == channel)
			rproc_vq_interrupt(stm32->rproc, vq);
}

static int open_ipcc(struct stm32 *stm32, struct rproc_device *node)
{
	struct rproc_report report = { 0 };
	int error;

	if (!rproc_device_is_compatible(node, "st,stm32mp1-ipcc"))
		return rproc_device_story(stm32->device, -EINVAL, "probe",
					  "mboxes names %s, which is not an st,stm32mp1-ipcc",
					  rproc_device_name(node));
	error = ipcc_new(node, on_received, stm32, &report, &stm32->ipcc);
	if (error && !report.count)
		return rproc_device_story(
			stm32->device, error, "probe",
			"mailbox %s cannot be used (%d): its clock is off, or its node lacks "
			"st,proc-id 0 or 1 and `reg`",
			rproc_device_name(node), error);
	return rproc_device_findings(stm32->device, error, "probe", &report);
}

/* Entry @index of mboxes is mailbox @id. All are channels of one controller. */
static int get_mbox(struct stm32 *stm32, enum stm32_mbox_id id, unsigned int index,
		    struct rproc_device **controller)
{
	struct rproc_phandle_args args;
	int error;

	error = rproc_device_parse_phandle(stm32->device, "mboxes", "#mbox-cells", 0, index, &args);
	if (error)
		return rproc_device_story(stm32->device, error == -ENOMEM ? error : -EINVAL,
					  "probe",
					  "mailbox %s: entry %u of mboxes names no enabled "
					  "controller: set its status to okay",
					  names[id], index);
	if (!*controller) {
		error = open_ipcc(stm32, args.node);
		if (!error)
			*controller = rproc_device_get(args.node);
	} else if (strcmp(rproc_device_name(*controller), rproc_device_name(args.node))) {
		error = rproc_device_story(stm32->device, -EINVAL, "probe",
					   "mboxes names two controllers, %s and %s: use one",
					   rproc_device_name(*controller),
					   rproc_device_name(args.node));
	}
	if (!error && (args.count != 1 || args.args[0] >= ipcc_num_channels(stm32->ipcc)))
		error = rproc_device_story(stm32->device, -EINVAL, "probe",
					   "mailbox %s: the controller has channels 0 to %u",
					   names[id], ipcc_num_channels(stm32->ipcc) - 1);
	if (!error)
		stm32->mboxes[id] = (struct stm32_mbox){ true, args.args[0] };
	rproc_device_put(args.node);
	return error;
}

int stm32_get_mboxes(struct stm32 *stm32)
{
	struct rproc_device *controller = NULL;
	int error = 0, index;
	unsigned int id;

	for (id = 0; !error && id < STM32_MBOXES; id++) {
		index = rproc_device_match_string(stm32->device, "mbox-names", names[id]);
		if (index >= 0) {
			error = get_mbox(stm32, id, (unsigned int)index, &controller);
			continue;
		}
		rproc_device_log(
			stm32->device, RPROC_LOG_ERR,
			"mbox_request_channel_byname() could not locate channel named \"%s\"",
			names[id]);
		rproc_log(stm32->rproc, RPROC_LOG_WARNING, "cannot get %s mbox", names[id]);
	}
	for (id = STM32_MBOX_VQ0; !error && id <= STM32_MBOX_VQ1; id++)
		if (stm32->mboxes[id].present)
			ipcc_listen(stm32->ipcc, stm32->mboxes[id].channel);
	rproc_device_put(controller);
	return error;
}

int stm32_set_live(struct stm32 *stm32, bool live)
{
	atomic_store(&stm32->live, live);
	return stm32->ipcc ? ipcc_poll(stm32->ipcc, live) : 0;
}

void stm32_kick(struct rproc *rproc, int vqid)
{
	struct stm32 *stm32 = rproc_priv(rproc);
	int err;

	if (vqid < STM32_MBOX_VQ0 || vqid > STM32_MBOX_VQ1 || !stm32->mboxes[vqid].present)
		return;
	err = ipcc_send(stm32->ipcc, stm32->mboxes[vqid].channel);
	if (err &&
	    rproc_kick_failed(rproc, vqid, err,
			      "IPCC channel %u (%s) is occupied and %u kicks wait: the "
			      "firmware does not clear XSCR bit %u; is its IPCC interrupt on?",
			      stm32->mboxes[vqid].channel, names[vqid], IPCC_QUEUE_LEN,
			      stm32->mboxes[vqid].channel))
		rproc_log(rproc, RPROC_LOG_ERR, "stm32_rproc_kick: failed (%s, err:%d)",
			  names[vqid], err);
}

int stm32_tell(struct stm32 *stm32, enum stm32_mbox_id id, unsigned int timeout_ms)
{
	if (!stm32->mboxes[id].present)
		return 0;
	return ipcc_send_wait(stm32->ipcc, stm32->mboxes[id].channel, timeout_ms);
}
