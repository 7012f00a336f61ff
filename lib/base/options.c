/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads option structures of older and newer programs; knows only their first member. */
#include <errno.h>
#include <string.h>
#include "base/options.h"

int options_read(void *ret, size_t size, const void *given)
{
	const char *bytes = given;
	size_t given_size, i;

	memset(ret, 0, size);
	if (!given)
		return 0;
	memcpy(&given_size, given, sizeof(given_size));
	if (given_size < sizeof(given_size))
		return -EINVAL;
	for (i = size; i < given_size; i++) {
		if (bytes[i])
			return -EINVAL;
	}
	memcpy(ret, given, given_size < size ? given_size : size);
	return 0;
}
