/* SPDX-License-Identifier: BSD-3-Clause */
/* The remote of rpmsg_fixture.h. Knows the wire format by itself, not from the library. */
#include "rpmsg_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_IDX (UINT32_C(1) << 29)

/* ---- memory ------------------------------------------------------------------------------ */

static void *block(size_t len)
{
	void *va = NULL;

	assert_int_equal(posix_memalign(&va, 4096, len), 0);
	memset(va, 0xa5, len);
	return va;
}

static void add_carveout(struct remote *remote, void *va, uint64_t pa, size_t len, uint32_t da,
			 const char *name)
{
	struct rproc_mem_entry *mem;

	mem = rproc_mem_entry_init(remote->rec->device, va, pa, len, da, NULL, NULL, "%s", name);
	/* This is the worker, where a test cannot fail, and memory may be short. */
	if (mem)
		rproc_add_carveout(remote->rproc, mem);
	else
		remote->rec->prepare_result = -ENOMEM;
}

static void prepare(struct recorder *rec)
{
	struct remote *remote = rec->hook_data;

	rec->prepare_result = 0;
	add_carveout(remote, remote->rings[0], 0x60000000, remote->ring_len[0], 0x60000000,
		     "vdev0vring0");
	add_carveout(remote, remote->rings[1], 0x61000000, remote->ring_len[1], 0x61000000,
		     "vdev0vring1");
	if (!remote->options.provider)
		add_carveout(remote, remote->buffers, REMOTE_PA, remote->buffers_len, 0x62000000,
			     "vdev0buffer");
}

uint8_t *remote_va(struct remote *remote, uint64_t addr)
{
	assert_true(addr >= REMOTE_PA && addr - REMOTE_PA < remote->buffers_len);
	return remote->buffers + (addr - REMOTE_PA);
}

/* ---- made and freed ------------------------------------------------------------------------- */

static size_t whole_pages(size_t len)
{
	return (len + 4095) / 4096 * 4096;
}

static void fill_options(struct remote_options *options)
{
	if (!options->num)
		options->num = 8;
	if (!options->num_out)
		options->num_out = options->num;
	if (!options->align)
		options->align = 16;
	if (!options->features)
		options->features = 1;
}

static void allocate(struct remote *remote)
{
	const struct remote_options *options = &remote->options;
	size_t rx = options->num < 256 ? options->num : 256;
	size_t tx = options->num_out < 256 ? options->num_out : 256;
	size_t sizes[2] = { 512, 512 };
	uint32_t words[2];

	if (options->features & 4 && options->config_len >= 8) {
		memcpy(words, options->config, sizeof(words));
		sizes[0] = words[1];
		sizes[1] = words[0];
	}
	remote->ring_len[0] = whole_pages((size_t)rproc_vring_size(options->num, options->align));
	remote->ring_len[1] =
		whole_pages((size_t)rproc_vring_size(options->num_out, options->align));
	remote->buffers_len = options->buffers ? options->buffers : rx * sizes[0] + tx * sizes[1];
	remote->rings[0] = block(remote->ring_len[0]);
	remote->rings[1] = block(remote->ring_len[1]);
	remote->buffers = block(remote->buffers_len ? remote->buffers_len : 1);
}

static struct fixture_image make_image(const struct remote_options *options)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_vdev(table, options->id ? options->id : 7, 0, options->features);
	fixture_table_vring(table, FIXTURE_ANY, options->align, options->num, 0);
	fixture_table_vring(table, FIXTURE_ANY, options->align, options->num_out, 0);
	if (options->config)
		fixture_table_config(table, options->config, options->config_len);
	return core_image_with(table);
}

struct remote *remote_new_offline(const struct remote_options *options)
{
	struct remote *remote = calloc(1, sizeof(*remote));
	struct recorder_options recorder = { .no_subdevs = true };
	struct fixture_image image;

	assert_non_null(remote);
	if (options)
		remote->options = *options;
	fill_options(&remote->options);
	allocate(remote);
	recorder.context = remote->options.context;
	recorder.no_journal = remote->options.context;
	recorder.more.send_timeout_ms = remote->options.send_timeout_ms;
	remote->rec = recorder_new(&recorder);
	remote->rec->hook_data = remote;
	remote->rec->prepare = prepare;
	remote->rproc = remote->rec->rproc;
	remote->context = remote->rec->context;
	image = make_image(&remote->options);
	recorder_use_image(remote->rec, &image);
	return remote;
}

void remote_restart(struct remote *remote)
{
	const struct remote_options *options = &remote->options;
	bool event_idx = options->features & EVENT_IDX;

	vring_peer_init(&remote->in, remote->rings[0], options->num, options->align, event_idx);
	vring_peer_init(&remote->out, remote->rings[1], options->num_out, options->align,
			event_idx);
}

void remote_boot(struct remote *remote)
{
	assert_int_equal(rproc_boot(remote->rproc), 0);
	remote_restart(remote);
}

struct remote *remote_new(const struct remote_options *options)
{
	struct remote *remote = remote_new_offline(options);

	remote_boot(remote);
	recorder_forget(remote->rec);
	return remote;
}

void remote_free_memory(struct remote *remote)
{
	free(remote->rings[0]);
	free(remote->rings[1]);
	free(remote->buffers);
	free(remote);
}

void remote_free(struct remote *remote)
{
	recorder_free(remote->rec);
	remote_free_memory(remote);
}

/* ---- to the host --------------------------------------------------------------------------- */

void remote_interrupt(struct remote *remote, int ring)
{
	assert_int_equal(rproc_vq_interrupt(remote->rproc, ring), 1);
}

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, (uint16_t)value);
	put16(p + 2, (uint16_t)(value >> 16));
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

bool remote_put(struct remote *remote, uint32_t src, uint32_t dst, const void *data, size_t len)
{
	struct vring_peer_desc desc;
	uint8_t *va;
	uint16_t id;

	if (!vring_peer_take(&remote->in, &id))
		return false;
	desc = vring_peer_desc(&remote->in, id);
	assert_int_equal(desc.flags, 2);
	assert_true(len + 16 <= desc.len);
	va = remote_va(remote, desc.addr);
	put32(va, src);
	put32(va + 4, dst);
	put32(va + 8, 0);
	put16(va + 12, (uint16_t)len);
	put16(va + 14, 0);
	if (len)
		memcpy(va + 16, data, len);
	vring_peer_use(&remote->in, id, (uint32_t)len + 16);
	return true;
}

void remote_send(struct remote *remote, uint32_t src, uint32_t dst, const void *data, size_t len)
{
	assert_true(remote_put(remote, src, dst, data, len));
	remote_interrupt(remote, 0);
}

void remote_send_lying(struct remote *remote, uint32_t dst, uint16_t header_len, uint32_t used_len)
{
	uint8_t *va;
	uint16_t id;

	assert_true(vring_peer_take(&remote->in, &id));
	va = remote_va(remote, vring_peer_desc(&remote->in, id).addr);
	memset(va, 0, 16);
	put32(va + 4, dst);
	put16(va + 12, header_len);
	vring_peer_use(&remote->in, id, used_len);
	remote_interrupt(remote, 0);
}

void remote_ns(struct remote *remote, const char *name, uint32_t addr, bool create)
{
	uint8_t message[40] = { 0 };

	memcpy(message, name, strnlen(name, 32));
	put32(message + 32, addr);
	put32(message + 36, !create);
	remote_send(remote, addr, 53, message, sizeof(message));
}

uint64_t remote_announce(struct remote *remote, const char *name, uint32_t addr)
{
	struct rproc_rpmsg_channel_info info;

	remote_ns(remote, name, addr, true);
	assert_int_equal(rproc_rpmsg_wait_channel(remote->rproc, name, 0, &info), 0);
	assert_int_equal(info.dst, addr);
	return info.id;
}

/* ---- from the host ------------------------------------------------------------------------- */

int remote_take(struct remote *remote, struct remote_message *message)
{
	struct vring_peer_desc desc;
	const uint8_t *va;
	uint16_t id;

	if (!vring_peer_take(&remote->out, &id))
		return -1;
	desc = vring_peer_desc(&remote->out, id);
	assert_int_equal(desc.flags, 0);
	assert_true(desc.len >= 16);
	va = remote_va(remote, desc.addr);
	message->src = get32(va);
	message->dst = get32(va + 4);
	message->reserved = get32(va + 8);
	message->len = (uint16_t)get32(va + 12);
	message->flags = (uint16_t)(get32(va + 12) >> 16);
	assert_int_equal(desc.len, message->len + 16u);
	memcpy(message->data, va + 16, message->len);
	return id;
}

bool remote_recv(struct remote *remote, struct remote_message *message)
{
	int id = remote_take(remote, message);

	if (id < 0)
		return false;
	vring_peer_use(&remote->out, (uint32_t)id, 0);
	return true;
}

void remote_expect(struct remote *remote, uint32_t src, uint32_t dst, const void *data, size_t len)
{
	struct remote_message *message = malloc(sizeof(*message));

	assert_non_null(message);
	assert_true(remote_recv(remote, message));
	assert_int_equal(message->src, src);
	assert_int_equal(message->dst, dst);
	assert_int_equal(message->reserved, 0);
	assert_int_equal(message->flags, 0);
	assert_int_equal(message->len, len);
	if (len)
		assert_memory_equal(message->data, data, len);
	free(message);
}

/* ---- channels ------------------------------------------------------------------------------ */

static unsigned int find(struct remote *remote, const char *name, uint64_t *ret_id)
{
	struct rproc_rpmsg_channel_info *info;
	unsigned int found = 0;
	size_t num, i;

	assert_int_equal(rproc_rpmsg_get_channels(remote->context, &info, &num), 0);
	for (i = 0; i < num; i++) {
		if (strcmp(info[i].name, name) != 0)
			continue;
		found++;
		*ret_id = info[i].id;
	}
	free(info);
	return found;
}

struct rproc_rpmsg_counters remote_counters(struct remote *remote)
{
	struct rproc_rpmsg_counters count;

	assert_int_equal(rproc_rpmsg_get_counters(remote->context, remote_ctrl(remote), &count), 0);
	return count;
}

unsigned int remote_count(struct remote *remote, const char *name)
{
	uint64_t ignored;

	return find(remote, name, &ignored);
}

uint64_t remote_ctrl(struct remote *remote)
{
	uint64_t id = 0;

	assert_int_equal(find(remote, "rpmsg_ctrl", &id), 1);
	return id;
}

struct rproc_rpmsg_ept *remote_ept(struct remote *remote, uint32_t src, uint32_t dst)
{
	struct rproc_rpmsg_ept *ept;

	assert_int_equal(rproc_rpmsg_create_ept(remote->context, remote_ctrl(remote), "test", src,
						dst, NULL, &ept),
			 0);
	return ept;
}
