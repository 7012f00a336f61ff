/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads option structures of older and newer programs; knows only their first member. */
#include <errno.h>
#include <string.h>
#include "base/options.h"

int options_read(const void *given, void *ret_options, size_t size)
{
	const char *bytes = given;
	size_t given_size = 0, i;

	if (given) {
		memcpy(&given_size, given, sizeof(given_size));
		if (given_size < sizeof(given_size))
			return -EINVAL;
	}
	for (i = size; i < given_size; i++) {
		if (bytes[i])
			return -EINVAL;
	}
	memset(ret_options, 0, size);
	if (given)
		memcpy(ret_options, given, given_size < size ? given_size : size);
	return 0;
}
