/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Option structures that grow: each begins with a size_t, the bytes that the program which
 * fills it knows of. Knows no structure in particular.
 */
#ifndef RPROC_BASE_OPTIONS_H
#define RPROC_BASE_OPTIONS_H

#include <stddef.h>

/*
 * Copy @given (NULL: nothing is asked for) to the @size bytes that we know of. What an older
 * program does not know of is 0; -EINVAL if @given has no size, or a newer one asks for more.
 */
int options_read(const void *given, void *ret_options, size_t size);

#endif
