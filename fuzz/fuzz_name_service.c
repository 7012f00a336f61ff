/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: what a remote says to the name service. The input is a row of messages,
 * each with a length byte before it. Against a model: the channels there are, are those
 * announced and not withdrawn, first come first served, each name printable, none twice,
 * no more than there may be.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include "rpmsg_world.h"

struct service {
	char name[RPROC_RPMSG_NAME_SIZE];
	uint32_t addr;
};

struct model {
	struct service service[RPROC_RPMSG_CHANNELS_MAX];
	size_t num;
};

static uint32_t word(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static struct service read_service(const uint8_t *message)
{
	struct service service = { .addr = word(message + 32) };
	size_t i;

	for (i = 0; i < sizeof(service.name) - 1 && message[i]; i++)
		service.name[i] =
			(char)(message[i] < 0x20 || message[i] == 0x7f ? '?' : message[i]);
	return service;
}

/* The kernel takes an address of all ones for any. */
static bool matches(const struct service *there, const struct service *asked)
{
	return !strcmp(there->name, asked->name) &&
	       (asked->addr == UINT32_MAX || there->addr == asked->addr);
}

static size_t find(const struct model *model, const struct service *asked)
{
	size_t i;

	for (i = 0; i < model->num && !matches(&model->service[i], asked); i++)
		;
	return i;
}

/* The fixed channels take part in the comparison, too, but cannot be withdrawn. */
static bool is_fixed(const struct service *asked)
{
	static const struct service fixed[] = { { "rpmsg_ctrl", 0 }, { "rpmsg_ns", 53 } };

	return matches(&fixed[0], asked) || matches(&fixed[1], asked);
}

static void model_message(struct model *model, const uint8_t *message, size_t len)
{
	struct service asked;
	size_t at;

	if (len != 40)
		return;
	asked = read_service(message);
	at = find(model, &asked);
	if (!(word(message + 36) & 1)) {
		if (at == model->num && !is_fixed(&asked) &&
		    model->num + 2 < RPROC_RPMSG_CHANNELS_MAX)
			model->service[model->num++] = asked;
		return;
	}
	if (at == model->num || is_fixed(&asked))
		return;
	model->num--;
	memmove(&model->service[at], &model->service[at + 1],
		(model->num - at) * sizeof(model->service[0]));
}

static void compare(const struct rpmsg_world *world, const struct model *model)
{
	struct rproc_rpmsg_channel_info *info;
	size_t num, i;
	const char *c;

	FUZZ_ASSERT(!rproc_rpmsg_get_channels(world->context, &info, &num));
	FUZZ_ASSERT(num == model->num + 2);
	for (i = 0; i < model->num; i++) {
		FUZZ_ASSERT(!strcmp(info[i + 2].name, model->service[i].name));
		FUZZ_ASSERT(info[i + 2].dst == model->service[i].addr);
		FUZZ_ASSERT(!info[i + 2].open && !info[i + 2].announce);
		for (c = info[i + 2].device; *c; c++)
			FUZZ_ASSERT((uint8_t)*c >= 0x20 && *c != 0x7f);
	}
	free(info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model model;
	struct rpmsg_world *world = rpmsg_world_begin(false);
	size_t len;

	model.num = 0;
	while (size) {
		len = *data++;
		size--;
		/* Most messages should have the right length. */
		len = len < 0xc0 ? 40 : len - 0xc0;
		if (len > size)
			len = size;
		FUZZ_ASSERT(rpmsg_world_send(world, 1, RPROC_RPMSG_NS_ADDR, data, len));
		model_message(&model, data, len);
		data += len;
		size -= len;
	}
	compare(world, &model);
	rpmsg_world_end(world);
	return 0;
}
