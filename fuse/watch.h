/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files whose text changes without anybody saying so: a trace, counters, a story. While
 * somebody polls one, and only then, it is compared from time to time with what he has
 * read. Everything on the tree's thread.
 */
#ifndef RPROCFS_WATCH_H
#define RPROCFS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;
struct node_open;
struct rprocfs;

/* Part of what such a node has in priv. Zeroed before watch_init(). */
struct watch {
	struct rprocfs *fs;
	struct node *node;
	/* A hash of what the file says now, never 0. A read puts it into open->stamp. */
	uint64_t (*look)(const struct watch *watch);
	bool on; /* in fs->watched */
	struct watch *next;
};

void watch_init(struct watch *watch, struct rprocfs *fs, struct node *node,
		uint64_t (*look)(const struct watch *watch));
/* Has the file changed since @open read it? If not, and @open is polled, it is looked at. */
bool watch_changed(struct watch *watch, struct node_open *open);
/* The node is gone. */
void watch_end(struct watch *watch);

void watch_tick(struct rprocfs *fs, int64_t now_ms);
int64_t watch_next_tick(const struct rprocfs *fs); /* -1: nobody waits */

/* The hash of a text, to go into look(). */
uint64_t watch_hash(const char *bytes, size_t len);

#endif
