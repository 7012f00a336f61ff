/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small integers, the lowest free one first: remoteprocN, rproc-virtio.N.auto,
 * notify ids. The owner says which lock guards a set.
 */
#ifndef RPROC_BASE_IDS_H
#define RPROC_BASE_IDS_H

#include <stddef.h>
#include <stdint.h>

struct ids {
	uint64_t *words; /* bit set: taken */
	size_t num_words;
};

int ids_get(struct ids *ids); /* >= 0, or -ENOMEM */
void ids_put(struct ids *ids, int id);
void ids_free(struct ids *ids);

#endif
