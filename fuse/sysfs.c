/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * class/remoteproc/remoteprocN: the attributes of a processor as Linux has
 * them, their words, their answers, and the lines their handlers log. Must not
 * know how a request is carried out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "rprocfs.h"

#define SYSFS (NODE_STRICT | NODE_PAGED)

static struct processor *processor_of(const struct node_open *open)
{
	return open->node->priv;
}

/* ---- state ------------------------------------------------------------------------- */

static void state_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, rproc_state_name(rproc_state(processor_of(open)->rproc)));
	node_call_done(call, 0);
}

static void boot_answered(struct rproc *rproc, int result, void *data)
{
	if (result)
		rproc_log(rproc, RPROC_LOG_ERR, "Boot failed: %d", result);
	processor_request_done(data, result);
}

static void state_store(struct node_open *open, struct node_call *call)
{
	static const char *const words[] = { "start", "stop", "detach", NULL };
	struct processor *processor = processor_of(open);
	size_t len = input_text_len(call->data, call->data_size);

	switch (input_sysfs_word(call->data, call->data_size, words)) {
	case 0:
		processor_request(processor, call, RPROC_REQUEST_BOOT, NULL, boot_answered);
		break;
	case 1:
		processor_request(processor, call, RPROC_REQUEST_SHUTDOWN, NULL, processor_answer);
		break;
	case 2:
		processor_request(processor, call, RPROC_REQUEST_DETACH, NULL, processor_answer);
		break;
	default:
		rproc_log(processor->rproc, RPROC_LOG_ERR, "Unrecognised option: %.*s", (int)len,
			  call->data);
		node_call_done(call, processor_refuse(processor->rproc, call, -EINVAL, "state",
						      "start, stop or detach"));
	}
}

static unsigned int state_poll(struct node_open *open)
{
	return node_poll_notified(open);
}

/* ---- firmware ------------------------------------------------------------------------ */

static void firmware_show(struct node_open *open, struct node_call *call)
{
	struct rproc *rproc = processor_of(open)->rproc;
	char name[NODE_PAGE];

	if (rproc_state(rproc) == RPROC_STATE_ATTACHED) {
		text_line(&open->text, "unknown");
	} else {
		rproc_firmware_name(rproc, name, sizeof(name));
		text_line(&open->text, name);
	}
	node_call_done(call, 0);
}

/* Waits its turn behind a boot, as it waits for the processor's mutex in Linux. */
static void firmware_store(struct node_open *open, struct node_call *call)
{
	char name[NODE_PAGE + 1];
	size_t len = input_text_len(call->data, call->data_size);

	if (len > NODE_PAGE)
		len = NODE_PAGE;
	memcpy(name, call->data, len);
	name[len] = '\0';
	processor_request(processor_of(open), call, RPROC_REQUEST_SET_FIRMWARE, name,
			  processor_answer);
}

/* ---- name, fw_format, uevent ----------------------------------------------------------- */

static void name_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, rproc_name(processor_of(open)->rproc));
	node_call_done(call, 0);
}

/* ST's kernels have it: what kind of image this processor takes. */
static void fw_format_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, rproc_fw_format(processor_of(open)->rproc));
	node_call_done(call, 0);
}

static void uevent_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, "DEVTYPE=remoteproc");
	node_call_done(call, 0);
}

/* ---- recovery, coredump ------------------------------------------------------------------ */

const char *const recovery_words[] = { "enabled", "disabled", "recover", NULL };
const char *const coredump_words[] = { "disabled", "enabled", "inline", NULL };

void recovery_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text,
		  rproc_recovery_enabled(processor_of(open)->rproc) ? "enabled" : "disabled");
	node_call_done(call, 0);
}

/* Whatever the recovery meets, the writer is not told. */
static void recovery_answered(struct rproc *rproc, int result, void *data)
{
	(void)rproc;
	processor_request_done(data, result == -EINTR ? result : 0);
}

void recovery_store(struct processor *processor, struct node_call *call, int word)
{
	if (word < 0) {
		node_call_done(call, processor_refuse(processor->rproc, call, word, "recovery",
						      "enabled, disabled or recover"));
		return;
	}
	if (word <= 1)
		rproc_set_recovery(processor->rproc, word == 0);
	if (word == 1) {
		node_call_done(call, (ssize_t)call->size);
		return;
	}
	processor_request(processor, call, RPROC_REQUEST_RECOVER, NULL, recovery_answered);
}

static void sysfs_recovery_store(struct node_open *open, struct node_call *call)
{
	recovery_store(processor_of(open), call,
		       input_sysfs_word(call->data, call->data_size, recovery_words));
}

void coredump_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text,
		  rproc_coredump_mode_name(rproc_coredump_mode(processor_of(open)->rproc)));
	node_call_done(call, 0);
}

/* A word that is none goes down too: the state is looked at first, and the refusal logged. */
void coredump_store(struct processor *processor, struct node_call *call, int word)
{
	int mode = word < 0 ? RPROC_COREDUMP_INLINE + 1 : word;
	int err = rproc_set_coredump_mode(processor->rproc, (enum rproc_coredump_mode)mode);

	if (err == -EBUSY)
		rproc_story_aside(processor->rproc, err, "coredump",
				  "it cannot be changed while the processor is crashed; stop it, "
				  "or write recover to recovery, first");
	else if (err)
		processor_refuse(processor->rproc, call, err, "coredump",
				 "disabled, enabled or inline");
	node_call_done(call, err ? err : (ssize_t)call->size);
}

static void sysfs_coredump_store(struct node_open *open, struct node_call *call)
{
	coredump_store(processor_of(open), call,
		       input_sysfs_word(call->data, call->data_size, coredump_words));
}

/* ---- the directory -------------------------------------------------------------------------- */

static const struct node_ops state_ops = {
	.flags = SYSFS, .show = state_show, .store = state_store, .poll = state_poll
};
static const struct node_ops firmware_ops = { .flags = SYSFS,
					      .show = firmware_show,
					      .store = firmware_store };
static const struct node_ops recovery_ops = { .flags = SYSFS,
					      .show = recovery_show,
					      .store = sysfs_recovery_store };
static const struct node_ops coredump_ops = { .flags = SYSFS,
					      .show = coredump_show,
					      .store = sysfs_coredump_store };
static const struct node_ops name_ops = { .flags = SYSFS, .show = name_show };
static const struct node_ops fw_format_ops = { .flags = SYSFS, .show = fw_format_show };

static const struct node_ops uevent_ops = { .flags = SYSFS,
					    .show = uevent_show,
					    .store = uevent_store };

/* The children that come and go: vdevs, and the link to a dump. */
static void refresh(struct node *dir, const char *name)
{
	struct processor *processor = dir->priv;

	if (!name || !strncmp(name, "rproc-virtio.", 13))
		device_refresh_vdevs(processor);
	if (!name || !strcmp(name, "devcoredump"))
		devcoredump_refresh(processor->fs);
}

static const struct node_ops dir_ops = { .refresh = refresh };

int sysfs_add(struct processor *processor, struct node *glue)
{
	static const struct {
		const char *name;
		const struct node_ops *ops;
		mode_t mode;
	} files[] = {
		{ "coredump", &coredump_ops, 0644 }, { "firmware", &firmware_ops, 0644 },
		{ "name", &name_ops, 0444 },	     { "recovery", &recovery_ops, 0644 },
		{ "state", &state_ops, 0644 },
	};
	struct rprocfs *fs = processor->fs;
	bool read_only = rproc_read_only(processor->rproc);
	struct node *dir = node_add_dir(glue, processor->sysname, 0755, &dir_ops, processor);
	const char *parent = strrchr(rproc_device_path(processor->rproc), '/');

	if (!dir)
		return -ENOMEM;
	processor->sysfs = dir;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!node_add_file(dir, files[i].name,
				   read_only || files[i].mode == 0444 ? 0444 : fs->attr_mode,
				   files[i].ops, processor))
			return -ENOMEM;
	processor->state = node_child(dir, "state");
	/* Linux never says that a state has changed. */
	if (!fs->options.mainline)
		processor->state->bell = fs_state_bell(processor->index);
	if (!fs->options.mainline &&
	    !node_add_file(dir, "fw_format", 0444, &fw_format_ops, processor))
		return -ENOMEM;
	parent = parent ? parent + 1 : rproc_device_path(processor->rproc);
	if (!node_add_file(dir, "uevent", 0644, &uevent_ops, processor) ||
	    !fs_link(dir, "device", 3, "%s", parent) ||
	    !fs_link(dir, "subsystem", processor->depth + 1, "class/remoteproc"))
		return -ENOMEM;
	return device_add_power(dir);
}
