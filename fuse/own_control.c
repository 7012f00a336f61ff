/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librproc/control, on modelled hardware only: whoever tests with a model loads
 * and unloads the drivers and plays the outside world. One line a write, which
 * succeeds or fails as the command does; the file then reads as its answer. Must
 * not know what a command of the model means.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rprocfs.h"

#define LINE_MAX_BYTES 1024 /* of a command, with its newline */
#define ANSWER_MAX     8192
#define WORDS_AT_ONCE  32 /* of a file, in one command of the model */

struct own_control {
	pthread_mutex_t lock; /* guards the answer */
	char answer[ANSWER_MAX];
};

/* ---- commands, on the thread ---------------------------------------------------------- */

/* Write what @file still has to @da of the processor, a command's worth. Returns the bytes. */
static int store_words(struct rprocfs *fs, FILE *file, uint64_t da, char *reply, size_t len)
{
	char line[LINE_MAX_BYTES];
	size_t used, got, total = 0;
	uint32_t word;
	int err;

	used = (size_t)snprintf(line, sizeof(line), "poke da:0x%" PRIx64, da);
	for (int i = 0; i < WORDS_AT_ONCE; i++) {
		word = 0;
		got = fread(&word, 1, sizeof(word), file);
		if (!got)
			break;
		total += got;
		used += (size_t)snprintf(line + used, sizeof(line) - used, " 0x%" PRIx32, word);
	}
	if (!total)
		return 0;
	err = rproc_context_hw_command(fs->context, line, reply, len);
	return err ? err : (int)total;
}

/* memset-table FILE DA: a file's bytes into the processor's memory. */
static int load_file(struct rprocfs *fs, const char *path, uint32_t da, char *reply, size_t len)
{
	FILE *file = fopen(path, "rbe");
	uint64_t total = 0;
	int n;

	if (!file) {
		n = -errno;
		snprintf(reply, len, "%s: %s", path, strerror(-n));
		return n;
	}
	do {
		n = store_words(fs, file, da + total, reply, len);
		total += n > 0 ? (uint64_t)n : 0;
	} while (n > 0);
	fclose(file);
	if (!n)
		snprintf(reply, len, "%" PRIu64, total);
	return n;
}

static int run(struct rprocfs *fs, const char *line, char *reply, size_t len)
{
	char path[LINE_MAX_BYTES];
	int ret, da, end = 0;

	if (!strcmp(line, "setup")) {
		ret = fs->options.setup(fs->options.setup_data);
		if (ret < 0)
			rproc_context_last_error(fs->context, reply, len);
		return ret < 0 ? ret : 0;
	}
	if (!strcmp(line, "teardown")) {
		rproc_context_remove_boards(fs->context);
		atomic_store(&fs->unloaded, true);
		return 0;
	}
	if (sscanf(line, "memset-table %1023s %i%n", path, &da, &end) == 2 && !line[end])
		return load_file(fs, path, (uint32_t)da, reply, len);
	return rproc_context_hw_command(fs->context, line, reply, len);
}

static void answer(struct own_control *control, const char *reply)
{
	pthread_mutex_lock(&control->lock);
	strcpy(control->answer, reply);
	pthread_mutex_unlock(&control->lock);
}

static int carry_out(struct rprocfs *fs, const char *subject, const char *line)
{
	char reply[ANSWER_MAX] = "";
	int err = run(fs, line, reply, sizeof(reply));

	(void)subject;
	answer(fs->control, reply);
	return err;
}

/* ---- the file ---------------------------------------------------------------------------- */

static void control_store(struct node_open *open, struct node_call *call)
{
	struct rprocfs *fs = open->node->priv;
	char reply[64];

	if (call->data_size <= LINE_MAX_BYTES) {
		errand_add(fs, call, carry_out, "");
		return;
	}
	snprintf(reply, sizeof(reply), "a command has at most %d bytes", LINE_MAX_BYTES);
	answer(fs->control, reply);
	node_call_done(call, -EINVAL);
}

static void control_show(struct node_open *open, struct node_call *call)
{
	struct own_control *control = ((struct rprocfs *)open->node->priv)->control;

	pthread_mutex_lock(&control->lock);
	if (*control->answer)
		text_line(&open->text, control->answer);
	pthread_mutex_unlock(&control->lock);
	node_call_done(call, 0);
}

static const struct node_ops control_ops = { .flags = NODE_STRICT,
					     .show = control_show,
					     .store = control_store };

/* ---- life ----------------------------------------------------------------------------------- */

int own_control_add(struct rprocfs *fs)
{
	struct own_control *control;

	if (!fs->options.setup)
		return 0;
	control = calloc(1, sizeof(*control));
	if (!control)
		return -ENOMEM;
	pthread_mutex_init(&control->lock, NULL);
	fs->control = control;
	return node_add_file(fs->own, "control", 0600, &control_ops, fs) ? 0 : -ENOMEM;
}

void own_control_free(struct rprocfs *fs)
{
	if (!fs->control)
		return;
	pthread_mutex_destroy(&fs->control->lock);
	free(fs->control);
	fs->control = NULL;
}
