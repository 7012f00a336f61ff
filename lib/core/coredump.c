/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Core dumps: the segments a driver registers, the ELF core made of them, and
 * the dumps that wait for a reader (devcoredump in the kernel). A dump is a
 * private copy, or (inline) headers and the memory itself, which stays because
 * recovery waits. Knows nothing of files.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "core/coredump.h"

/* All segments of one dump together; what a hostile table can ask for is bounded. */
#define DUMP_MAX (UINT64_C(1) << 30)

struct dump {
	struct list link;		 /* this and all but the constant fields: dumps.lock */
	struct rproc_coredump_info info; /* constant once it has a number */
	uint64_t owner;			 /* serial of the processor, which may be gone; constant */
	unsigned int readers;
	int64_t deadline_ms;
	/* constant from here on */
	struct rproc *rproc; /* inline: borrowed, it waits for us; else NULL */
	/* else a reference: as in Linux its index is free again when its dump is gone */
	struct rproc *held;
	char *bytes;	     /* headers (inline), or the whole file */
	size_t num_bytes;
	size_t num_pieces;
	struct dump_piece pieces[];
};

/* ---- segments ---------------------------------------------------------------------------- */

RPROC_API int rproc_coredump_add_custom_segment(struct rproc *rproc, uint32_t da, size_t size,
						rproc_dump_fn dump, void *priv)
{
	struct rproc_segment *segment = calloc(1, sizeof(*segment));

	if (!segment)
		return -ENOMEM;
	segment->da = da;
	segment->size = size;
	segment->dump = dump;
	segment->priv = priv;
	list_add_tail(&rproc->segments, &segment->link);
	return 0;
}

RPROC_API int rproc_coredump_add_segment(struct rproc *rproc, uint32_t da, size_t size)
{
	return rproc_coredump_add_custom_segment(rproc, da, size, NULL, NULL);
}

RPROC_API int rproc_coredump_set_elf_info(struct rproc *rproc, uint8_t elf_class, uint16_t machine)
{
	if (elf_class != ELFCLASS32 && elf_class != ELFCLASS64)
		return -EINVAL;
	rproc->elf_class = elf_class;
	rproc->elf_machine = machine;
	return 0;
}

RPROC_API void rproc_coredump_cleanup(struct rproc *rproc)
{
	struct list *item, *next;

	list_for_each_safe(item, next, &rproc->segments)
		free(list_entry(item, struct rproc_segment, link));
	list_init(&rproc->segments);
}

/* ---- making the file ----------------------------------------------------------------------- */

/* Copy [@offset, @offset + @len) of a piece. No lock is held: it may call the driver. */
static void copy_piece(struct rproc *rproc, const struct dump_piece *piece, void *dest,
		       size_t offset, size_t len)
{
	if (piece->dump) {
		piece->dump(rproc, piece->priv, dest, offset, len);
	} else if (piece->va && piece->is_iomem) {
		rproc_iomem_copy_from(dest, (const char *)piece->va + offset, len);
	} else if (piece->va) {
		memcpy(dest, (const char *)piece->va + offset, len);
	} else {
		rproc_log(rproc, RPROC_LOG_ERR,
			  "invalid copy request for segment 0x%016x with offset %zu and size %zu)",
			  piece->da, offset, len);
		memset(dest, 0xff, len);
	}
}

/* The segments in the order of their registration, without places. */
static void gather(struct rproc *rproc, const struct dump_shape *shape, struct dump *dump)
{
	struct dump_piece *piece = dump->pieces;
	struct list *item;

	list_for_each(item, &rproc->segments) {
		const struct rproc_segment *segment = list_entry(item, struct rproc_segment, link);

		*piece++ = (struct dump_piece){
			.da = segment->da,
			.size = segment->size,
			.name = shape->sections ? segment->priv : NULL,
			.dump = segment->dump,
			.priv = segment->priv,
		};
	}
}

/* Where each piece is in the file, and its end; 0 if that is beyond what is allowed. */
static uint64_t place(struct dump *dump, uint64_t offset)
{
	struct dump_piece *piece;

	for (piece = dump->pieces; piece < dump->pieces + dump->num_pieces; piece++) {
		if (offset > DUMP_MAX || piece->size > DUMP_MAX - offset)
			return 0;
		piece->offset = offset;
		offset += piece->size;
	}
	return offset;
}

static void resolve(struct rproc *rproc, struct dump *dump)
{
	struct dump_piece *piece;

	for (piece = dump->pieces; piece < dump->pieces + dump->num_pieces; piece++) {
		if (!piece->dump)
			piece->va = rproc_da_to_va(rproc, piece->da, piece->size, &piece->is_iomem);
	}
}

static void describe(struct rproc *rproc, struct dump *dump, uint64_t size, bool inline_dump)
{
	list_init(&dump->link);
	dump->owner = rproc->serial;
	dump->info.size = (size_t)size;
	dump->info.index = rproc->index;
	dump->info.inline_dump = inline_dump;
	dump->rproc = inline_dump ? rproc : NULL;
	snprintf(dump->info.name, sizeof(dump->info.name), "%s", rproc->name);
}

static struct dump *new_dump(struct rproc *rproc, const struct dump_shape *shape, size_t num,
			     bool inline_dump)
{
	const size_t most = rproc_dump_most_pieces(shape);
	struct dump *dump = calloc(1, sizeof(*dump) + num * sizeof(dump->pieces[0]));
	uint64_t size = 0;
	size_t headers;

	if (!dump)
		return NULL;
	dump->num_pieces = num;
	gather(rproc, shape, dump);
	headers = rproc_dump_headers_size(shape, dump->pieces, num);
	if (num <= most)
		size = place(dump, headers);
	if (!size) {
		rproc_story(rproc, -EFBIG, "coredump",
			    "%zu segments: a dump has %zu at most, and %llu bytes", num, most,
			    (unsigned long long)DUMP_MAX);
		goto err_free;
	}
	resolve(rproc, dump);
	dump->num_bytes = inline_dump ? headers : (size_t)size;
	dump->bytes = calloc(1, dump->num_bytes);
	if (!dump->bytes)
		goto err_free;
	describe(rproc, dump, size, inline_dump);
	rproc_dump_write_headers(shape, dump->pieces, num, dump->bytes);
	return dump;

err_free:
	free(dump);
	return NULL;
}

static void free_dump(struct dump *dump)
{
	rproc_put(dump->held);
	free(dump->bytes);
	free(dump);
}

static void fill(struct rproc *rproc, struct dump *dump)
{
	size_t i;

	for (i = 0; !dump->info.inline_dump && i < dump->num_pieces; i++)
		copy_piece(rproc, &dump->pieces[i], dump->bytes + dump->pieces[i].offset, 0,
			   dump->pieces[i].size);
}

/* ---- the dumps that wait --------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

static struct dump *find_dump(struct rproc_dumps *dumps, uint64_t number)
{
	struct list *item;

	list_for_each(item, &dumps->list) {
		struct dump *dump = list_entry(item, struct dump, link);

		if (dump->info.number == number)
			return dump;
	}
	return NULL;
}

/* Does this processor have an unread dump? A second one is thrown away, as in the kernel. */
static bool has_dump(struct rproc_dumps *dumps, uint64_t owner)
{
	struct list *item;

	list_for_each(item, &dumps->list) {
		if (list_entry(item, struct dump, link)->owner == owner)
			return true;
	}
	return false;
}

/* With the lock, so that of one dump the events come in the order of its life. */
static void tell(struct rproc_context *context, const struct dump *dump, enum rproc_event_type type,
		 const char *reason)
{
	rproc_event_post(context,
			 &(const struct rproc_event){
				 .type = type,
				 .index = dump->info.index,
				 .value = dump->info.number,
			 },
			 dump->info.name, reason);
}

/* Returns its number, or 0 if it is not wanted. From then on anybody may release it. */
static uint64_t publish(struct rproc *rproc, struct dump *dump)
{
	struct rproc_dumps *dumps = &rproc->context->dumps;
	uint64_t number = 0;

	pthread_mutex_lock(&dumps->lock);
	if (!dumps->disabled && !has_dump(dumps, rproc->serial)) {
		number = dump->info.number = ++dumps->last_number;
		dump->deadline_ms = now_ms() + rproc->context->dump_timeout_ms;
		dump->held = dump->rproc ? NULL : rproc_get(rproc);
		list_add_tail(&dumps->list, &dump->link);
		tell(rproc->context, dump, RPROC_EVENT_COREDUMP, "coredump");
	}
	pthread_mutex_unlock(&dumps->lock);
	return number;
}

/* Nobody finds it any more; a reader may still be in it. With the lock. */
static void unlist(struct rproc_context *context, struct dump *dump)
{
	if (list_empty(&dump->link))
		return;
	list_del(&dump->link);
	tell(context, dump, RPROC_EVENT_COREDUMP_RELEASED, "coredump released");
	pthread_cond_broadcast(&context->dumps.changed);
}

/* Take a dump out of the list and wait until its last reader has left. With the lock. */
static void take_out(struct rproc_context *context, struct dump *dump)
{
	unlist(context, dump);
	while (dump->readers)
		pthread_cond_wait(&context->dumps.changed, &context->dumps.lock);
}

/* The inline dump's owner: wait for the release, and free the dump itself. */
static void wait_for_release(struct rproc *rproc, struct dump *dump)
{
	struct rproc_context *context = rproc->context;
	struct rproc_dumps *dumps = &context->dumps;

	pthread_mutex_lock(&dumps->lock);
	while (!list_empty(&dump->link) && !atomic_load(&rproc->deleting)) {
		struct timespec until = { .tv_sec = dump->deadline_ms / 1000,
					  .tv_nsec = dump->deadline_ms % 1000 * 1000000 };

		if (pthread_cond_timedwait(&dumps->changed, &dumps->lock, &until) == ETIMEDOUT)
			break;
	}
	take_out(context, dump);
	pthread_mutex_unlock(&dumps->lock);
	free_dump(dump);
}

static void make_dump(struct rproc *rproc, bool sections)
{
	const struct dump_shape shape = {
		.elf_class = rproc->elf_class,
		.elf_machine = rproc->elf_machine,
		.entry = rproc_bootaddr(rproc),
		.sections = sections,
	};
	enum rproc_coredump_mode mode = rproc_coredump_mode(rproc);
	struct dump *dump;
	struct list *item;
	size_t num = 0;

	list_for_each(item, &rproc->segments)
		num++;
	if (mode == RPROC_COREDUMP_DISABLED || !num)
		return;
	if (!rproc->elf_class) {
		rproc_log(rproc, RPROC_LOG_ERR, "ELF class is not set");
		return;
	}
	dump = new_dump(rproc, &shape, num, mode == RPROC_COREDUMP_INLINE);
	if (!dump)
		return;
	fill(rproc, dump);
	if (!publish(rproc, dump)) {
		free_dump(dump);
		return;
	}
	if (mode == RPROC_COREDUMP_INLINE)
		wait_for_release(rproc, dump);
	else
		rproc_loop_wake(rproc->context->loop); /* its timer learns the deadline */
}

RPROC_API void rproc_coredump(struct rproc *rproc)
{
	make_dump(rproc, false);
}

RPROC_API void rproc_coredump_using_sections(struct rproc *rproc)
{
	make_dump(rproc, true);
}

void rproc_coredump_wake(struct rproc_context *context)
{
	pthread_mutex_lock(&context->dumps.lock);
	pthread_cond_broadcast(&context->dumps.changed);
	pthread_mutex_unlock(&context->dumps.lock);
}

/* ---- reading and releasing ----------------------------------------------------------------- */

RPROC_API int rproc_coredump_next(struct rproc_context *context, uint64_t number,
				  struct rproc_coredump_info *ret_info)
{
	struct rproc_dumps *dumps = &context->dumps;
	struct list *item;
	int ret = -ENOENT;

	pthread_mutex_lock(&dumps->lock);
	list_for_each(item, &dumps->list) {
		const struct dump *dump = list_entry(item, struct dump, link);

		if (dump->info.number > number) {
			*ret_info = dump->info;
			ret = 0;
			break;
		}
	}
	pthread_mutex_unlock(&dumps->lock);
	return ret;
}

/* What one segment has at @offset, up to @len bytes; 0: none has it. */
static size_t read_piece(const struct dump *dump, uint8_t *buf, size_t len, uint64_t offset)
{
	size_t i;

	for (i = 0; i < dump->num_pieces; i++) {
		const struct dump_piece *piece = &dump->pieces[i];
		uint64_t into = offset - piece->offset;

		if (offset < piece->offset || into >= piece->size)
			continue;
		if (len > piece->size - into)
			len = piece->size - (size_t)into;
		copy_piece(dump->rproc, piece, buf, (size_t)into, len);
		return len;
	}
	return 0;
}

/* A read never crosses the boundary between headers and data; it says when it met the end. */
static ssize_t read_dump(const struct dump *dump, uint8_t *buf, size_t len, uint64_t offset)
{
	size_t done = 0, n;

	if (offset < dump->num_bytes) {
		if (len > dump->num_bytes - offset)
			len = dump->num_bytes - (size_t)offset;
		memcpy(buf, dump->bytes + offset, len);
		return (ssize_t)len;
	}
	if (!dump->rproc)
		return 0;
	for (; done < len; done += n) {
		n = read_piece(dump, buf + done, len - done, offset + done);
		if (!n) {
			rproc_log(dump->rproc, RPROC_LOG_INFO, "Ramdump done, %lld bytes read",
				  (long long)(offset + done));
			break;
		}
	}
	return (ssize_t)done;
}

RPROC_API ssize_t rproc_coredump_read(struct rproc_context *context, uint64_t number, void *buf,
				      size_t len, uint64_t offset)
{
	struct rproc_dumps *dumps = &context->dumps;
	struct dump *dump;
	ssize_t ret;

	pthread_mutex_lock(&dumps->lock);
	dump = find_dump(dumps, number);
	if (dump)
		dump->readers++;
	pthread_mutex_unlock(&dumps->lock);
	if (!dump)
		return -ENODEV;
	ret = read_dump(dump, buf, len, offset);
	pthread_mutex_lock(&dumps->lock);
	dump->readers--;
	pthread_cond_broadcast(&dumps->changed);
	pthread_mutex_unlock(&dumps->lock);
	return ret;
}

/* Take the dump out; an inline one is freed by the worker that waits for it. */
static int release_dump(struct rproc_context *context, uint64_t number)
{
	struct rproc_dumps *dumps = &context->dumps;
	struct dump *dump;

	pthread_mutex_lock(&dumps->lock);
	dump = find_dump(dumps, number);
	if (dump && dump->rproc) {
		unlist(context, dump);
		pthread_mutex_unlock(&dumps->lock);
		return 0;
	}
	if (dump)
		take_out(context, dump);
	pthread_mutex_unlock(&dumps->lock);
	if (!dump)
		return -ENODEV;
	free_dump(dump);
	return 0;
}

RPROC_API int rproc_coredump_release(struct rproc_context *context, uint64_t number)
{
	return release_dump(context, number);
}

RPROC_API void rproc_coredump_disable(struct rproc_context *context)
{
	struct rproc_coredump_info info;

	pthread_mutex_lock(&context->dumps.lock);
	context->dumps.disabled = true;
	pthread_mutex_unlock(&context->dumps.lock);
	while (!rproc_coredump_next(context, 0, &info))
		release_dump(context, info.number);
}

RPROC_API bool rproc_coredump_disabled(struct rproc_context *context)
{
	bool disabled;

	pthread_mutex_lock(&context->dumps.lock);
	disabled = context->dumps.disabled;
	pthread_mutex_unlock(&context->dumps.lock);
	return disabled;
}

/* ---- life ---------------------------------------------------------------------------------- */

void rproc_dumps_init(struct rproc_dumps *dumps)
{
	pthread_mutex_init(&dumps->lock, NULL);
	clock_cond_init(&dumps->changed);
	list_init(&dumps->list);
}

void rproc_dumps_fini(struct rproc_context *context)
{
	struct rproc_dumps *dumps = &context->dumps;
	struct list *item, *next;

	list_for_each_safe(item, next, &dumps->list)
		free_dump(list_entry(item, struct dump, link));
	pthread_cond_destroy(&dumps->changed);
	pthread_mutex_destroy(&dumps->lock);
}

unsigned int rproc_coredump_expire(struct rproc_context *context)
{
	struct rproc_dumps *dumps = &context->dumps;
	int64_t now = now_ms(), next = 0;
	uint64_t expired;

	do {
		struct list *item;

		expired = 0;
		next = 0;
		pthread_mutex_lock(&dumps->lock);
		list_for_each(item, &dumps->list) {
			const struct dump *dump = list_entry(item, struct dump, link);

			if (dump->deadline_ms <= now)
				expired = dump->info.number;
			else if (!next || dump->deadline_ms < next)
				next = dump->deadline_ms;
		}
		pthread_mutex_unlock(&dumps->lock);
		if (expired)
			release_dump(context, expired);
	} while (expired);
	return next ? (unsigned int)(next - now) : 0;
}
