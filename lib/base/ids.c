/* SPDX-License-Identifier: BSD-3-Clause */
/* A growing bitmap of taken integers. */
#include "base/ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int grow(struct ids *ids)
{
	size_t num = ids->num_words ? 2 * ids->num_words : 1;
	uint64_t *words = realloc(ids->words, num * sizeof(*words));

	if (!words)
		return -ENOMEM;
	memset(words + ids->num_words, 0, (num - ids->num_words) * sizeof(*words));
	ids->words = words;
	ids->num_words = num;
	return 0;
}

int ids_get(struct ids *ids)
{
	size_t word = 0;
	int bit;

	while (word < ids->num_words && ids->words[word] == UINT64_MAX)
		word++;
	if (word == ids->num_words && grow(ids))
		return -ENOMEM;
	bit = __builtin_ctzll(~ids->words[word]);
	ids->words[word] |= UINT64_C(1) << bit;
	return (int)(word * 64) + bit;
}

void ids_put(struct ids *ids, int id)
{
	ids->words[id / 64] &= ~(UINT64_C(1) << (id % 64));
}

void ids_free(struct ids *ids)
{
	free(ids->words);
	*ids = (struct ids){ 0 };
}
