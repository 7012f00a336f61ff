/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which hardware a context's boards stand on, and the one machine of a context
 * that stands on a model: found among the plugins, switched on with the first
 * board, off with the context. Knows no register and no SoC.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/api.h"
#include "base/report.h"
#include "board/board.h"
#include "core/internal.h"
#include "hw/backend.h"

static const char *const backend_names[] = {
	[RPROC_HW_DEVMEM] = "devmem",
	[RPROC_HW_UIO] = "uio",
	[RPROC_HW_MODEL] = "model",
};

int rproc_hw_new(const char *name, struct rproc_hw **ret_hw)
{
	struct rproc_hw *hw;
	size_t i = 0;

	for (; name && i < sizeof(backend_names) / sizeof(backend_names[0]); i++)
		if (!strcmp(name, backend_names[i]))
			break;
	if (i == sizeof(backend_names) / sizeof(backend_names[0]))
		return -EINVAL;
	hw = calloc(1, sizeof(*hw));
	if (!hw)
		return -ENOMEM;
	hw->backend = (enum rproc_hw_backend)i;
	pthread_mutex_init(&hw->registers_lock, NULL);
	pthread_mutex_init(&hw->lock, NULL);
	*ret_hw = hw;
	return 0;
}

void rproc_hw_free(struct rproc_hw *hw)
{
	if (!hw)
		return;
	pthread_mutex_destroy(&hw->lock);
	pthread_mutex_destroy(&hw->registers_lock);
	free(hw);
}

RPROC_API enum rproc_hw_backend rproc_device_hw(const struct rproc_device *device)
{
	return device->context->hw->backend;
}

RPROC_API int rproc_device_findings(struct rproc_device *device, int error, const char *stage,
				    const struct rproc_report *report)
{
	unsigned int i;

	for (i = 0; error && i < report->count; i++)
		if (report->finding[i].error)
			return rproc_device_story(device, error, stage, "%s",
						  report->finding[i].story);
	return error;
}

/* ---- the machine --------------------------------------------------------------------------- */

static bool is_complete(const struct rproc_hw_model *model)
{
	return model->struct_size >= sizeof(*model) && model->power_on && model->power_off &&
	       model->add_node && model->read32 && model->write32 && model->map && model->unmap &&
	       model->connect && model->disconnect && model->command;
}

static const struct rproc_hw_model *find_model(struct rproc_context *context)
{
	const struct rproc_loaded_plugin *loaded;
	struct list *item;

	list_for_each(item, &context->plugins) {
		loaded = list_entry(item, const struct rproc_loaded_plugin, link);
		if (!loaded->refusal && loaded->plugin.hw_model &&
		    is_complete(loaded->plugin.hw_model))
			return loaded->plugin.hw_model;
	}
	return NULL;
}

/* board_lock is held: nobody else switches it on. */
static int switch_on(struct rproc_context *context, struct rproc_board *board)
{
	struct rproc_hw *hw = context->hw;
	const struct rproc_hw_model *model = find_model(context);
	struct rproc_dma_pool *pool = NULL;
	void *machine;
	int error;

	if (!model)
		return rproc_context_story(context, -ENODEV,
					   "hardware is to be a model, and no plugin has one: put "
					   "the plugin `virtual` into the plugin path");
	error = model->power_on(context, context->state_dir, &machine);
	if (error)
		return rproc_context_story(context, error, "the model cannot be switched on: %s",
					   strerror(-error));
	/* a board without free memory is a board all the same */
	if (rproc_dma_pool_new(board, &pool))
		pool = NULL;
	pthread_mutex_lock(&hw->lock);
	hw->model = model;
	hw->machine = machine;
	hw->pool = pool;
	pthread_mutex_unlock(&hw->lock);
	return 0;
}

static int add_nodes(struct rproc_context *context, struct rproc_board *board)
{
	const struct rproc_hw_model *model = context->hw->model;
	struct rproc_device *device;
	int error = 0, node;

	for (node = 1; !error && node < rproc_board_num_nodes(board); node++) {
		if (!rproc_board_enabled(board, node))
			continue;
		error = rproc_board_make_device(context, board, node, &device);
		if (error == -ENAMETOOLONG) {
			error = 0; /* nor will it become a device */
			continue;
		}
		if (error)
			break;
		error = model->add_node(context->hw->machine, device);
		rproc_device_put(device);
	}
	return error;
}

int rproc_hw_power_on(struct rproc_context *context, struct rproc_board *board)
{
	int error = 0;

	if (context->hw->backend != RPROC_HW_MODEL)
		return 0;
	if (!context->hw->machine)
		error = switch_on(context, board);
	return error ? error : add_nodes(context, board);
}

void rproc_hw_power_off(struct rproc_context *context)
{
	struct rproc_hw *hw = context->hw;

	if (!hw->machine)
		return;
	hw->model->power_off(hw->machine);
	rproc_dma_pool_free(hw->pool);
	pthread_mutex_lock(&hw->lock);
	hw->model = NULL;
	hw->machine = NULL;
	hw->pool = NULL;
	pthread_mutex_unlock(&hw->lock);
}

int rproc_hw_machine(struct rproc_context *context, const struct rproc_hw_model **ret_model,
		     void **ret_machine)
{
	struct rproc_hw *hw = context->hw;
	int error = -ENODEV;

	pthread_mutex_lock(&hw->lock);
	if (hw->machine) {
		*ret_model = hw->model;
		*ret_machine = hw->machine;
		error = 0;
	}
	pthread_mutex_unlock(&hw->lock);
	return error;
}

RPROC_API int rproc_context_power_on(struct rproc_context *context, const void *dtb, size_t len)
{
	struct rproc_report report = { 0 };
	struct rproc_board *board;
	int error;

	if (!context)
		return -EINVAL;
	if (context->hw->backend != RPROC_HW_MODEL)
		return rproc_context_story(context, -ENOTSUP,
					   "real hardware is switched on by hand: only a context "
					   "with hw \"model\" has a machine of its own");
	error = rproc_board_new(dtb, len, &report, &board);
	if (error)
		return rproc_context_story(context, error, "%s",
					   report.count ? report.finding[0].story
							: "device tree: no memory for a copy");
	pthread_mutex_lock(&context->board_lock);
	error = rproc_plugins_search(context);
	if (!error)
		error = rproc_hw_power_on(context, board);
	pthread_mutex_unlock(&context->board_lock);
	rproc_board_put(board);
	return error;
}

RPROC_API int rproc_context_hw_command(struct rproc_context *context, const char *line, char *reply,
				       size_t len)
{
	const struct rproc_hw_model *model;
	void *machine;
	int error;

	if (!context || !line || !reply || !len)
		return -EINVAL;
	reply[0] = 0;
	error = rproc_hw_machine(context, &model, &machine);
	return error ? error : model->command(machine, line, reply, len);
}
