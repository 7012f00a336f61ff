/* SPDX-License-Identifier: BSD-3-Clause */
/* The processor of rpmsg_world.h. */
#include "rpmsg_world.h"

#include <errno.h>
#include <string.h>
#include "fixture_builder.h"
#include "fuzz.h"

#define ALIGN 16u
#define DA    0x10000000u

static struct rpmsg_world world;
static unsigned int kicks; /* since the boot: an input does the same whatever came before */

/* ---- the processor -------------------------------------------------------------------------- */

static void carveout(struct rproc *rproc, unsigned int region, uint64_t pa, const char *name)
{
	struct rproc_mem_entry *mem;

	mem = rproc_mem_entry_init(world.device, world.region[region], pa, world.len[region],
				   DA + 0x10000 * region, NULL, NULL, "%s", name);
	FUZZ_ASSERT(mem);
	rproc_add_carveout(rproc, mem);
}

static int prepare(struct rproc *rproc)
{
	kicks = 0;
	carveout(rproc, 0, DA, "vdev0vring0");
	carveout(rproc, 1, DA + 0x10000, "vdev0vring1");
	carveout(rproc, 2, WORLD_PA, "vdev0buffer");
	return 0;
}

static int nothing(struct rproc *rproc)
{
	(void)rproc;
	return 0;
}

/* Every third does not get there: that is told, and what was sent waits for the next. */
static void kick(struct rproc *rproc, int vqid)
{
	FUZZ_ASSERT(vqid == 0 || vqid == 1);
	if (++kicks % 3 == 0)
		rproc_kick_failed(rproc, vqid, -EIO, "kick %u", kicks);
}

static int load(struct rproc *rproc, const struct rproc_firmware *fw)
{
	(void)rproc;
	(void)fw;
	return 0;
}

/* ---- its memory and its image --------------------------------------------------------------- */

static void make_memory(void)
{
	size_t ring = (size_t)(rproc_vring_size(WORLD_NUM, ALIGN) + 4095) / 4096 * 4096;
	unsigned int i;
	void *va;

	world.len[0] = world.len[1] = ring;
	world.len[2] = (size_t)2 * WORLD_NUM * WORLD_BUFFER;
	for (i = 0; i < WORLD_REGIONS; i++) {
		FUZZ_ASSERT(!posix_memalign(&va, 4096, world.len[i]));
		memset(va, 0, world.len[i]);
		world.region[i] = va;
	}
}

static void use_image(bool event_idx)
{
	struct fixture_table *table = fixture_table_new(false);
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);
	struct fixture_image image;
	uint8_t *bytes;
	size_t len;

	fixture_table_vdev(table, 7, 0, event_idx ? 0x20000001 : 1);
	fixture_table_vring(table, FIXTURE_ANY, ALIGN, WORLD_NUM, 0);
	fixture_table_vring(table, FIXTURE_ANY, ALIGN, WORLD_NUM, 0);
	bytes = fixture_table_finish(table, &len);
	fixture_load(elf, 0x1000, PF_R | PF_W, NULL, 0x400, 0x400);
	fixture_add_table_bytes(elf, 0x1000, bytes, len);
	image = fixture_build(elf);
	FUZZ_ASSERT(!rproc_set_firmware_buffer(world.rproc, "fuzz.elf", image.data, image.size));
	fixture_image_free(&image);
	free(bytes);
}

static void make_world(void)
{
	static const struct rproc_ops ops = {
		.prepare = prepare,
		.start = nothing,
		.stop = nothing,
		.kick = kick,
		.load = load,
		.parse_fw = rproc_elf_load_rsc_table,
		.sanity_check = rproc_elf_sanity_check,
	};
	const struct rproc_context_options options = { .size = sizeof(options),
						       .event_queue_len = 16,
						       .send_timeout_ms = 1 };

	FUZZ_ASSERT(!rproc_context_new(&options, &world.context));
	FUZZ_ASSERT(!rproc_device_new(world.context, "fuzz", &world.device));
	make_memory();
	world.rproc = rproc_alloc(world.device, "fuzz", &ops, NULL, 0);
	FUZZ_ASSERT(world.rproc);
	rproc_set_auto_boot(world.rproc, false);
	FUZZ_ASSERT(!rproc_add(world.rproc));
}

static uint64_t find_ctrl(void)
{
	struct rproc_rpmsg_channel_info *info;
	uint64_t id;
	size_t num;

	FUZZ_ASSERT(!rproc_rpmsg_get_channels(world.context, &info, &num));
	FUZZ_ASSERT(num == 2 && info[0].kind == RPROC_RPMSG_CTRL);
	id = info[0].id;
	free(info);
	return id;
}

struct rpmsg_world *rpmsg_world_begin(bool event_idx)
{
	if (!world.context)
		make_world();
	use_image(event_idx);
	FUZZ_ASSERT(!rproc_boot(world.rproc));
	world.taken[0] = world.taken[1] = 0;
	world.ctrl = find_ctrl();
	return &world;
}

void rpmsg_world_end(struct rpmsg_world *w)
{
	FUZZ_ASSERT(!rproc_shutdown(w->rproc));
}

/* ---- a good remote ------------------------------------------------------------------------- */

/* The next available buffer of a ring; -1: none. */
static int take(struct rpmsg_world *w, unsigned int ring)
{
	const uint8_t *avail = w->region[ring] + 16 * WORLD_NUM;
	uint16_t idx, id;

	memcpy(&idx, avail + 2, 2);
	if (idx == w->taken[ring])
		return -1;
	memcpy(&id, avail + 4 + 2 * (w->taken[ring]++ % WORLD_NUM), 2);
	return id % WORLD_NUM;
}

static void use(struct rpmsg_world *w, unsigned int ring, uint32_t id, uint32_t len)
{
	size_t end = 16 * WORLD_NUM + 2 * (3 + WORLD_NUM);
	uint8_t *used = w->region[ring] + (end + ALIGN - 1) / ALIGN * ALIGN;
	uint16_t idx;

	memcpy(&idx, used + 2, 2);
	memcpy(used + 4 + 8 * (idx % WORLD_NUM), &id, 4);
	memcpy(used + 8 + 8 * (idx % WORLD_NUM), &len, 4);
	idx++;
	memcpy(used + 2, &idx, 2);
}

bool rpmsg_world_send(struct rpmsg_world *w, uint32_t src, uint32_t dst, const void *data,
		      size_t len)
{
	uint32_t header[4] = { src, dst, 0, (uint32_t)len };
	uint64_t addr;
	uint8_t *va;
	int id = take(w, 0);

	if (id < 0)
		return false;
	memcpy(&addr, w->region[0] + 16 * (size_t)id, 8);
	if (addr < WORLD_PA || addr - WORLD_PA > w->len[2] - WORLD_BUFFER)
		return false;
	va = w->region[2] + (addr - WORLD_PA);
	memcpy(va, header, sizeof(header));
	if (len)
		memcpy(va + sizeof(header), data, len);
	use(w, 0, (uint32_t)id, (uint32_t)(sizeof(header) + len));
	rproc_vq_interrupt(w->rproc, 0);
	return true;
}

bool rpmsg_world_take(struct rpmsg_world *w)
{
	int id = take(w, 1);

	if (id < 0)
		return false;
	use(w, 1, (uint32_t)id, 0);
	rproc_vq_interrupt(w->rproc, 1);
	return true;
}
