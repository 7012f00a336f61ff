/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The recording driver: its ops, its memory and its journal. Waiting and checking
 * for tests are in recorder_wait.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "recorder.h"

#define PAGE 4096u

static const char *const op_names[REC_OPS] = {
	[REC_PREPARE] = "prepare",
	[REC_UNPREPARE] = "unprepare",
	[REC_START] = "start",
	[REC_STOP] = "stop",
	[REC_ATTACH] = "attach",
	[REC_DETACH] = "detach",
	[REC_KICK] = "kick",
	[REC_PARSE_FW] = "parse_fw",
	[REC_HANDLE_RSC] = "handle_rsc",
	[REC_FIND_LOADED] = "find_loaded_rsc_table",
	[REC_GET_LOADED] = "get_loaded_rsc_table",
	[REC_LOAD] = "load",
	[REC_SANITY_CHECK] = "sanity_check",
	[REC_GET_BOOT_ADDR] = "get_boot_addr",
	[REC_COREDUMP] = "coredump",
	[REC_A_PREPARE] = "a.prepare",
	[REC_A_START] = "a.start",
	[REC_A_STOP] = "a.stop",
	[REC_A_UNPREPARE] = "a.unprepare",
	[REC_B_PREPARE] = "b.prepare",
	[REC_B_START] = "b.start",
	[REC_B_STOP] = "b.stop",
	[REC_B_UNPREPARE] = "b.unprepare",
	[REC_VDEV_START] = "vdev.start",
	[REC_VDEV_STOP] = "vdev.stop",
	[REC_ALLOC] = "alloc",
};

const char *recorder_op_name(enum recorder_op op)
{
	return op_names[op];
}

/* ---- the journal --------------------------------------------------------------------- */

static void vnote(struct recorder *rec, const char *format, va_list args)
{
	size_t room;
	int len;

	if (rec->options.no_journal)
		return;
	pthread_mutex_lock(&rec->lock);
	room = sizeof(rec->journal) - rec->journal_len;
	len = vsnprintf(rec->journal + rec->journal_len, room, format, args);
	if (len > 0 && (size_t)len + 1 < room) {
		rec->journal_len += (size_t)len;
		rec->journal[rec->journal_len++] = '\n';
	}
	rec->journal[rec->journal_len] = '\0';
	pthread_mutex_unlock(&rec->lock);
}

void recorder_note(struct recorder *rec, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vnote(rec, format, args);
	va_end(args);
}

static void on_log(int level, const char *device, const char *text, void *data)
{
	if (!strncmp(device, "remoteproc remoteproc", 21))
		recorder_note(data, "<%d> %s", level, text);
	else
		recorder_note(data, "<%d> [%s] %s", level, device, text);
}

/* ---- what every op does -------------------------------------------------------------------- */

/* Wait as long as the test wants it to. Called with the lock. */
static void dwell(struct recorder *rec, enum recorder_op op)
{
	struct timespec until;

	rec->inside[op]++;
	pthread_cond_broadcast(&rec->changed);
	while (rec->blocked[op])
		pthread_cond_wait(&rec->changed, &rec->lock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += rec->linger_ms[op] / 1000;
	until.tv_nsec += rec->linger_ms[op] % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	while (rec->linger_ms[op] &&
	       pthread_cond_timedwait(&rec->changed, &rec->lock, &until) != ETIMEDOUT)
		;
	rec->inside[op]--;
}

/* @detail: "" or what makes the line of the journal longer. Returns the error to answer. */
static int enter(struct recorder *rec, enum recorder_op op, const char *detail)
{
	int ret;

	recorder_note(rec, "%s%s", op_names[op], detail);
	if (rec->hook) {
		ret = rec->hook(rec, op);
		if (ret)
			return ret;
	}
	pthread_mutex_lock(&rec->lock);
	rec->calls[op]++;
	dwell(rec, op);
	ret = rec->fail[op];
	pthread_mutex_unlock(&rec->lock);
	return ret;
}

static struct recorder *of(struct rproc *rproc)
{
	return *(struct recorder **)rproc_priv(rproc);
}

/* ---- ops ----------------------------------------------------------------------------------- */

static int op_prepare(struct rproc *rproc)
{
	struct recorder *rec = of(rproc);
	struct rproc_mem_entry *mem;
	int ret = enter(rec, REC_PREPARE, "");

	if (ret)
		return ret;
	if (!rec->options.no_ram) {
		mem = rproc_mem_entry_init(rec->device, rec->ram, RECORDER_RAM, RECORDER_RAM_LEN,
					   RECORDER_RAM, NULL, NULL, "ram");
		if (!mem)
			return -ENOMEM;
		rproc_add_carveout(rproc, mem);
	}
	if (rec->prepare)
		rec->prepare(rec);
	return rec->prepare_result;
}

static int op_unprepare(struct rproc *rproc)
{
	return enter(of(rproc), REC_UNPREPARE, "");
}

static int op_start(struct rproc *rproc)
{
	return enter(of(rproc), REC_START, "");
}

static int op_stop(struct rproc *rproc)
{
	return enter(of(rproc), REC_STOP, "");
}

static int op_attach(struct rproc *rproc)
{
	return enter(of(rproc), REC_ATTACH, "");
}

static int op_detach(struct rproc *rproc)
{
	return enter(of(rproc), REC_DETACH, "");
}

static void op_kick(struct rproc *rproc, int vqid)
{
	struct recorder *rec = of(rproc);
	char detail[16];
	int err;

	snprintf(detail, sizeof(detail), " %d", vqid);
	err = enter(rec, REC_KICK, detail);
	if (err && rproc_kick_failed(rproc, vqid, err, "bell %d is broken", vqid))
		rproc_log(rproc, RPROC_LOG_ERR, "bell %d: %d", vqid, err);
}

static int op_parse_fw(struct rproc *rproc, const struct rproc_firmware *fw)
{
	int ret = enter(of(rproc), REC_PARSE_FW, "");

	return ret ? ret : rproc_elf_load_rsc_table(rproc, fw);
}

static int op_handle_rsc(struct rproc *rproc, uint32_t rsc_type, void *rsc, int offset, int avail)
{
	struct recorder *rec = of(rproc);
	char detail[64];
	int ret;

	snprintf(detail, sizeof(detail), " %u first byte %d at %d avail %d", rsc_type,
		 avail ? *(uint8_t *)rsc : -1, offset, avail);
	ret = enter(rec, REC_HANDLE_RSC, detail);
	return ret ? ret : rec->handle_rsc_result;
}

static struct rproc_resource_table *op_find_loaded(struct rproc *rproc,
						   const struct rproc_firmware *fw)
{
	if (enter(of(rproc), REC_FIND_LOADED, ""))
		return NULL;
	return rproc_elf_find_loaded_rsc_table(rproc, fw);
}

static int op_get_loaded(struct rproc *rproc, struct rproc_resource_table **ret_table,
			 size_t *ret_size)
{
	struct recorder *rec = of(rproc);
	int ret = enter(rec, REC_GET_LOADED, "");

	if (ret)
		return ret;
	*ret_table = rec->running_table;
	*ret_size = rec->running_table_size;
	return 0;
}

static int op_load(struct rproc *rproc, const struct rproc_firmware *fw)
{
	int ret = enter(of(rproc), REC_LOAD, "");

	return ret ? ret : rproc_elf_load_segments(rproc, fw);
}

static int op_sanity_check(struct rproc *rproc, const struct rproc_firmware *fw)
{
	int ret = enter(of(rproc), REC_SANITY_CHECK, "");

	return ret ? ret : rproc_elf_sanity_check(rproc, fw);
}

static uint64_t op_get_boot_addr(struct rproc *rproc, const struct rproc_firmware *fw)
{
	return enter(of(rproc), REC_GET_BOOT_ADDR, "") ? 0 : rproc_elf_get_boot_addr(rproc, fw);
}

static void op_coredump(struct rproc *rproc)
{
	struct recorder *rec = of(rproc);

	if (!enter(rec, REC_COREDUMP, ""))
		(rec->coredump ? rec->coredump : rproc_coredump)(rproc);
}

#define UNLESS(op, fn) (without & REC_BIT(op) ? NULL : (fn))

static struct rproc_ops make_ops(const struct recorder_options *options)
{
	uint32_t without = options->without;

	return (struct rproc_ops){
		.da_to_va = options->da_to_va,
		.prepare = UNLESS(REC_PREPARE, op_prepare),
		.unprepare = UNLESS(REC_UNPREPARE, op_unprepare),
		.start = UNLESS(REC_START, op_start),
		.stop = UNLESS(REC_STOP, op_stop),
		.attach = UNLESS(REC_ATTACH, op_attach),
		.detach = UNLESS(REC_DETACH, op_detach),
		.kick = UNLESS(REC_KICK, op_kick),
		.parse_fw = UNLESS(REC_PARSE_FW, op_parse_fw),
		.handle_rsc = UNLESS(REC_HANDLE_RSC, op_handle_rsc),
		.find_loaded_rsc_table = UNLESS(REC_FIND_LOADED, op_find_loaded),
		.get_loaded_rsc_table = UNLESS(REC_GET_LOADED, op_get_loaded),
		.load = UNLESS(REC_LOAD, op_load),
		.sanity_check = UNLESS(REC_SANITY_CHECK, op_sanity_check),
		.get_boot_addr = UNLESS(REC_GET_BOOT_ADDR, op_get_boot_addr),
		.coredump = UNLESS(REC_COREDUMP, op_coredump),
	};
}

/* ---- subdevices and vdevs ------------------------------------------------------------------ */

#define DEFINE_SUBDEV(letter, LETTER)                                        \
	static int letter##_prepare(void *priv)                              \
	{                                                                    \
		return enter(priv, REC_##LETTER##_PREPARE, "");              \
	}                                                                    \
	static int letter##_start(void *priv)                                \
	{                                                                    \
		return enter(priv, REC_##LETTER##_START, "");                \
	}                                                                    \
	static void letter##_stop(void *priv, bool crashed)                  \
	{                                                                    \
		enter(priv, REC_##LETTER##_STOP, crashed ? " crashed" : ""); \
	}                                                                    \
	static void letter##_unprepare(void *priv)                           \
	{                                                                    \
		enter(priv, REC_##LETTER##_UNPREPARE, "");                   \
	}                                                                    \
	static const struct rproc_subdev_ops letter##_ops = {                \
		.prepare = letter##_prepare,                                 \
		.start = letter##_start,                                     \
		.stop = letter##_stop,                                       \
		.unprepare = letter##_unprepare,                             \
	};
DEFINE_SUBDEV(a, A)
DEFINE_SUBDEV(b, B)
#undef DEFINE_SUBDEV

static int vdev_start(struct rproc_vdev *vdev, void *data)
{
	struct recorder *rec = data;
	int ret = enter(rec, REC_VDEV_START, "");

	pthread_mutex_lock(&rec->lock);
	rec->vdev = ret ? NULL : vdev;
	pthread_mutex_unlock(&rec->lock);
	return ret;
}

static void vdev_stop(struct rproc_vdev *vdev, bool crashed, void *data)
{
	struct recorder *rec = data;

	(void)vdev;
	enter(rec, REC_VDEV_STOP, crashed ? " crashed" : "");
	pthread_mutex_lock(&rec->lock);
	rec->vdev = NULL;
	pthread_mutex_unlock(&rec->lock);
}

void recorder_claim_vdevs(struct recorder *rec, uint32_t id)
{
	static const struct rproc_vdev_driver rpmsg = {
		.id = 7, .name = "recorder", .start = vdev_start, .stop = vdev_stop
	};
	static const struct rproc_vdev_driver serial = {
		.id = 11, .name = "recorder", .start = vdev_start, .stop = vdev_stop
	};

	assert_int_equal(
		rproc_context_add_vdev_driver(rec->context, id == 7 ? &rpmsg : &serial, rec), 0);
}

/* ---- memory -------------------------------------------------------------------------------- */

/* Every piece is a heap block of exactly its length: a sanitizer sees any overrun. */
static int provide(void *priv, size_t len, size_t align, uint32_t da,
		   struct rproc_memory *ret_memory)
{
	struct recorder *rec = priv;
	char detail[32];
	void *va;
	int ret;

	snprintf(detail, sizeof(detail), " 0x%zx", len);
	ret = enter(rec, REC_ALLOC, detail);
	if (ret)
		return ret;
	if (len > RECORDER_PIECE_MAX || posix_memalign(&va, align, len ? len : 1))
		return -ENOMEM;
	memset(va, 0xa5, len);
	pthread_mutex_lock(&rec->lock);
	if (da == RPROC_RSC_ADDR_ANY) {
		da = rec->next_da;
		rec->next_da += (uint32_t)((len + PAGE - 1) / PAGE * PAGE);
	}
	rec->provided++;
	pthread_mutex_unlock(&rec->lock);
	*ret_memory = (struct rproc_memory){
		.va = va, .pa = UINT64_C(0x40000000) + da, .da = da, .len = len
	};
	return 0;
}

static void take_back(void *priv, const struct rproc_memory *memory)
{
	struct recorder *rec = priv;

	recorder_note(rec, "free 0x%zx", memory->len);
	pthread_mutex_lock(&rec->lock);
	rec->provided--;
	pthread_mutex_unlock(&rec->lock);
	free(memory->va);
}

/* ---- made and freed ------------------------------------------------------------------------ */

static int open_context(struct recorder *rec)
{
	struct rproc_context_options options = rec->options.more;

	if (rec->options.context) {
		rec->context = rec->options.context;
		return 0;
	}
	options.size = sizeof(options);
	options.log = on_log;
	options.log_data = rec;
	options.firmware_dirs = rec->options.firmware_dirs ? rec->options.firmware_dirs : "/no/dir";
	rec->own_context = true;
	return rproc_context_new(&options, &rec->context);
}

static int open_device(struct recorder *rec)
{
	const struct rproc_memory_provider provider = { provide, take_back, rec };
	const char *name = rec->options.name ? rec->options.name : "dsp";
	int ret = rproc_device_new(rec->context, name, &rec->device);

	if (ret)
		return ret;
	if (!rec->options.no_provider)
		rproc_device_set_memory_provider(rec->device, &provider);
	return 0;
}

static int configure(struct recorder *rec)
{
	const struct recorder_options *options = &rec->options;
	struct rproc_subdev *subdev;
	int ret = 0;

	*(struct recorder **)rproc_priv(rec->rproc) = rec;
	rproc_set_auto_boot(rec->rproc, options->auto_boot);
	rproc_set_iommu(rec->rproc, options->iommu);
	if (options->detached)
		rproc_set_initial_state(rec->rproc, RPROC_STATE_DETACHED);
	if (options->attach_on_recovery)
		rproc_set_feature(rec->rproc, RPROC_FEAT_ATTACH_ON_RECOVERY);
	if (options->detach_running)
		rproc_set_feature(rec->rproc, RPROC_FEAT_DETACH_RUNNING);
	if (!options->no_subdevs) {
		ret = rproc_add_subdev(rec->rproc, &a_ops, rec, &subdev);
		if (!ret)
			ret = rproc_add_subdev(rec->rproc, &b_ops, rec, &subdev);
	}
	return ret;
}

static int open_rproc(struct recorder *rec)
{
	const struct rproc_ops ops = make_ops(&rec->options);
	const char *name = rec->options.name ? rec->options.name : "dsp";
	int ret;

	rec->rproc = rproc_alloc(rec->device, name, &ops, rec->options.firmware, sizeof(rec));
	if (!rec->rproc)
		return -ENOMEM;
	ret = configure(rec);
	if (!ret && !rec->options.not_added)
		ret = rproc_add(rec->rproc);
	return ret;
}

int recorder_open(const struct recorder_options *options, struct recorder **ret_rec)
{
	struct recorder *rec = calloc(1, sizeof(*rec));
	pthread_condattr_t monotonic;
	int ret = -ENOMEM;

	if (!rec)
		return -ENOMEM;
	if (options)
		rec->options = *options;
	rec->next_da = RECORDER_POOL;
	pthread_mutex_init(&rec->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&rec->changed, &monotonic);
	rec->ram = calloc(1, RECORDER_RAM_LEN);
	if (rec->ram)
		ret = open_context(rec);
	if (!ret)
		ret = open_device(rec);
	if (!ret)
		ret = open_rproc(rec);
	if (ret) {
		recorder_free(rec);
		return ret;
	}
	*ret_rec = rec;
	return 0;
}

struct recorder *recorder_new(const struct recorder_options *options)
{
	struct recorder *rec = NULL;

	assert_int_equal(recorder_open(options, &rec), 0);
	/* An auto boot writes already. */
	if (!options || !options->auto_boot)
		recorder_forget(rec);
	return rec;
}

void recorder_free(struct recorder *rec)
{
	if (!rec)
		return;
	if (rec->rproc)
		rproc_del(rec->rproc);
	rproc_free(rec->rproc);
	rproc_device_put(rec->device);
	if (rec->own_context)
		rproc_context_free(rec->context);
	pthread_cond_destroy(&rec->changed);
	pthread_mutex_destroy(&rec->lock);
	free(rec->ram);
	free(rec);
}

void recorder_use_image(struct recorder *rec, struct fixture_image *image)
{
	assert_int_equal(rproc_set_firmware_buffer(rec->rproc, "fw.elf", image->data, image->size),
			 0);
	fixture_image_free(image);
}
