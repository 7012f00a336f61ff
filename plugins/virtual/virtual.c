/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plugin: a machine with the models of all SoCs that are modelled, offered to
 * the library as hardware, and the commands of its control interface. It drives no
 * processor; the drivers that run on it do not know it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "control.h"
#include "control_socket.h"
#include "machine.h"
#include "stm32mp15_model.h"
#include "virtual_plugin.h"

struct virtual_board {
	struct machine machine;
	struct stm32mp15_model stm32mp15;
	struct control_socket *socket;
};

/* ---- commands ------------------------------------------------------------------------- */

static int resolve(struct virtual_board *board, const struct control_command *command,
		   uint64_t *ret_pa)
{
	int error;

	if (!command->is_da) {
		*ret_pa = command->address;
		return 0;
	}
	pthread_mutex_lock(&board->machine.lock);
	error = stm32mp15_da_to_pa(&board->stm32mp15, command->address, ret_pa);
	pthread_mutex_unlock(&board->machine.lock);
	return error;
}

static int run_poke(struct virtual_board *board, const struct control_command *command)
{
	unsigned int i;
	uint64_t pa;
	int error = resolve(board, command, &pa);

	for (i = 0; !error && i < command->count; i++)
		error = machine_poke(&board->machine, pa + 4 * (uint64_t)i, command->values[i]);
	return error;
}

static int run_peek(struct virtual_board *board, const struct control_command *command, char *reply,
		    size_t len)
{
	size_t used = 0;
	unsigned int i;
	uint32_t value;
	uint64_t pa;
	int error = resolve(board, command, &pa);

	for (i = 0; !error && i < command->count && used < len; i++) {
		error = machine_peek(&board->machine, pa + 4 * (uint64_t)i, &value);
		if (!error)
			used += (size_t)snprintf(reply + used, len - used, "%s0x%08x", i ? " " : "",
						 value);
	}
	return error;
}

/* What drivers have written to registers since the last time this was asked. */
static void run_writes(struct virtual_board *board, char *reply, size_t len)
{
	struct machine *machine = &board->machine;
	size_t used = 0;
	unsigned int i;

	pthread_mutex_lock(&machine->lock);
	for (i = 0; i < machine->num_writes && used < len; i++)
		used += (size_t)snprintf(reply + used, len - used, "%s0x%08" PRIx64 "=0x%08x",
					 i ? " " : "", machine->writes[i].pa,
					 machine->writes[i].value);
	machine->num_writes = 0;
	pthread_mutex_unlock(&machine->lock);
}

static int run_on_soc(struct virtual_board *board, const struct control_command *command)
{
	struct stm32mp15_model *soc = &board->stm32mp15;
	int error;

	pthread_mutex_lock(&board->machine.lock);
	switch (command->verb) {
	case CONTROL_WATCHDOG:
		error = stm32mp15_watchdog(soc);
		break;
	case CONTROL_ACK:
		error = stm32mp15_acknowledge(soc, command->on);
		break;
	case CONTROL_SECURED:
		error = stm32mp15_secure(soc, command->on);
		break;
	default:
		error = stm32mp15_bootloader(soc, command->verb == CONTROL_BOOTLOADER_STARTED,
					     command->values[0]);
		break;
	}
	pthread_mutex_unlock(&board->machine.lock);
	return error;
}

static int virtual_command(void *data, const char *line, char *reply, size_t len)
{
	struct virtual_board *board = data;
	struct control_command command;
	int error = control_parse(line, &command, reply, len);

	if (error)
		return error;
	switch (command.verb) {
	case CONTROL_HELP:
		snprintf(reply, len, "%s", control_help);
		return 0;
	case CONTROL_POKE:
		error = run_poke(board, &command);
		break;
	case CONTROL_PEEK:
		error = run_peek(board, &command, reply, len);
		break;
	case CONTROL_WRITES:
		run_writes(board, reply, len);
		return 0;
	default:
		error = run_on_soc(board, &command);
		break;
	}
	if (error == -ENOENT)
		snprintf(reply, len, "no driver listens on this interrupt");
	else if (error == -ENODEV)
		snprintf(reply, len, "this board has nothing of the kind");
	else if (error)
		snprintf(reply, len, "%s", strerror(-error));
	return error;
}

/* ---- the model ---------------------------------------------------------------------------- */

static int virtual_power_on(struct rproc_context *context, const char *state_dir,
			    void **ret_machine)
{
	struct virtual_board *board = calloc(1, sizeof(*board));
	int error;

	if (!board)
		return -ENOMEM;
	error = machine_init(&board->machine, context);
	if (error)
		goto err_free;
	error = control_socket_new(context, state_dir, virtual_command, board, &board->socket);
	if (error)
		goto err_machine;
	*ret_machine = board;
	return 0;

err_machine:
	machine_fini(&board->machine);
err_free:
	free(board);
	return error;
}

static void virtual_power_off(void *data)
{
	struct virtual_board *board = data;

	control_socket_free(board->socket);
	stm32mp15_fini(&board->stm32mp15);
	machine_fini(&board->machine);
	free(board);
}

static int virtual_add_node(void *data, struct rproc_device *node)
{
	struct virtual_board *board = data;
	int error;

	pthread_mutex_lock(&board->machine.lock);
	error = stm32mp15_add_node(&board->stm32mp15, &board->machine, node);
	pthread_mutex_unlock(&board->machine.lock);
	if (error == -ENOSPC)
		return rproc_device_story(node, error, "model",
					  "the machine has no room for more blocks");
	return error;
}

static int virtual_read32(void *data, uint64_t pa, uint32_t *ret_value)
{
	return machine_read32(&((struct virtual_board *)data)->machine, pa, ret_value);
}

static int virtual_write32(void *data, uint64_t pa, uint32_t value)
{
	return machine_write32(&((struct virtual_board *)data)->machine, pa, value);
}

static int virtual_map(void *data, uint64_t pa, size_t len, void **ret_va)
{
	return machine_map(&((struct virtual_board *)data)->machine, pa, len, ret_va);
}

static void virtual_unmap(void *data, void *va, size_t len)
{
	(void)data;
	machine_unmap(va, len);
}

static int virtual_connect(void *data, const char *device, unsigned int irq,
			   void (*fire)(void *data), void *fire_data)
{
	return machine_connect(&((struct virtual_board *)data)->machine, device, irq, fire,
			       fire_data);
}

static void virtual_disconnect(void *data, const char *device, unsigned int irq)
{
	machine_disconnect(&((struct virtual_board *)data)->machine, device, irq);
}

static const struct rproc_hw_model model = {
	.struct_size = sizeof(struct rproc_hw_model),
	.power_on = virtual_power_on,
	.power_off = virtual_power_off,
	.add_node = virtual_add_node,
	.read32 = virtual_read32,
	.write32 = virtual_write32,
	.map = virtual_map,
	.unmap = virtual_unmap,
	.connect = virtual_connect,
	.disconnect = virtual_disconnect,
	.command = virtual_command,
};

/* ---- the plugin ----------------------------------------------------------------------------- */

/* It drives nothing, so no node is its own. */
static int virtual_probe(struct rproc_device *device)
{
	(void)device;
	return -ENODEV;
}

static void virtual_remove(struct rproc_device *device)
{
	(void)device;
}

static const char *const compatibles[] = { "librproc,virtual", NULL };

/* The loadable plugin calls it rproc_plugin, which is where the loader looks. */
__attribute__((visibility("default"))) const struct rproc_plugin rproc_plugin_virtual = {
	RPROC_PLUGIN_INIT,	.name = "virtual",	  .compatibles = compatibles,
	.probe = virtual_probe, .remove = virtual_remove, .hw_model = &model,
};
