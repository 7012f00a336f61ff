/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looking at files that somebody polls: which, when, and who has to be told. Must not
 * know what they say.
 */
#include "watch.h"
#include <string.h>
#include "node.h"
#include "rprocfs.h"

#define TICK_MS 50
#define PAUSE	8 /* times what a look at long texts took */

uint64_t watch_hash(const char *bytes, size_t len)
{
	uint64_t hash = 1, word;

	for (; len >= sizeof(word); bytes += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
		hash ^= hash >> 29;
	}
	for (; len; bytes++, len--)
		hash = (hash ^ (unsigned char)*bytes) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

void watch_init(struct watch *watch, struct rprocfs *fs, struct node *node,
		uint64_t (*look)(const struct watch *watch))
{
	watch->fs = fs;
	watch->node = node;
	watch->look = look;
}

bool watch_changed(struct watch *watch, struct node_open *open)
{
	struct rprocfs *fs = watch->fs;

	if (watch->look(watch) != open->stamp)
		return true;
	if (!open->waiter || watch->on)
		return false;
	if (!fs->watched)
		fs->next_tick = fs_now_ms() + TICK_MS;
	watch->on = true;
	watch->next = fs->watched;
	fs->watched = watch;
	return false;
}

void watch_end(struct watch *watch)
{
	struct watch **p;

	if (!watch->on)
		return;
	for (p = &watch->fs->watched; *p != watch; p = &(*p)->next)
		;
	*p = watch->next;
	watch->on = false;
}

/* Is there still somebody who waits on it, and has it changed for him? */
static bool look_at(const struct watch *watch, bool *ret_changed)
{
	uint64_t hash = 0; /* not looked yet */

	*ret_changed = false;
	for (struct node_open *open = watch->node->opens; open; open = open->next_open) {
		if (!open->waiter)
			continue;
		if (!hash)
			hash = watch->look(watch);
		if (hash != open->stamp)
			*ret_changed = true;
	}
	return hash;
}

void watch_tick(struct rprocfs *fs, int64_t now_ms)
{
	struct watch *next;
	bool changed;

	if (!fs->watched)
		return;
	for (struct watch *watch = fs->watched; watch; watch = next) {
		next = watch->next;
		if (!look_at(watch, &changed)) {
			watch_end(watch);
		} else if (changed) {
			watch_end(watch); /* who still cares will poll again */
			node_notify(watch->node);
		}
	}
	fs->next_tick = fs_now_ms() + TICK_MS + PAUSE * (fs_now_ms() - now_ms);
}

int64_t watch_next_tick(const struct rprocfs *fs)
{
	return fs->watched ? fs->next_tick : -1;
}
