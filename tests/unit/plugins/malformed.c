/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A plugin with one thing wrong, chosen by a definition: what a loader must
 * refuse. None of its functions may ever be called.
 */
#include <stdlib.h>
#include <librproc/driver.h>

/* each may be left out of the descriptor */
#define MAYBE __attribute__((unused))

MAYBE static const char *const compatibles[] = {
#ifndef EMPTY_COMPATIBLES
	"librproc,malformed",
#endif
	NULL
};

MAYBE static int probe(struct rproc_device *device)
{
	(void)device;
	abort();
}

MAYBE static void remove_device(struct rproc_device *device)
{
	(void)device;
	abort();
}

#ifdef UNRESOLVED
int rproc_function_of_the_future(void);

__attribute__((constructor)) static void call(void)
{
	rproc_function_of_the_future();
}
#endif

__attribute__((visibility("default"))) const struct rproc_plugin rproc_plugin = {
#if defined(STRUCT_SIZE)
	.struct_size = STRUCT_SIZE,
	.abi = RPROC_PLUGIN_ABI,
	.core = &rproc_core,
#elif defined(ABI)
	.struct_size = sizeof(struct rproc_plugin),
	.abi = ABI,
	.core = &rproc_core,
#else
	RPROC_PLUGIN_INIT,
#endif
#if defined(NAME)
	.name = NAME,
#elif !defined(NO_NAME)
	.name = "malformed",
#endif
#ifndef NO_COMPATIBLES
	.compatibles = compatibles,
#endif
#ifndef NO_PROBE
	.probe = probe,
#endif
	.remove = remove_device,
};
