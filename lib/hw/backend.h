/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of lib/hw share, grouped by the file that defines it. Paths of the
 * host are arguments, so that a test can give its own. What the rest of the library
 * asks of lib/hw is in core/internal.h.
 */
#ifndef RPROC_HW_BACKEND_H
#define RPROC_HW_BACKEND_H

#include <pthread.h>
#include <librproc/driver.h>
#include "base/list.h"

#define RPROC_HW_MAP_MAX (1ull << 30) /* bytes of one range: no SoC has more to map */

struct rproc_board;
struct rproc_dma_pool;

/* hw.c: what a context knows of its hardware */
struct rproc_hw {
	enum rproc_hw_backend backend;	/* constant */
	pthread_mutex_t registers_lock; /* a read-modify-write of a register that many share */
	pthread_mutex_t lock;		/* guards what follows; they change only to be set once */
	const struct rproc_hw_model *model;
	void *machine;
	struct rproc_dma_pool *pool;
};

/* The machine that is on, or -ENODEV. It stays until rproc_hw_power_off(). */
int rproc_hw_machine(struct rproc_context *context, const struct rproc_hw_model **ret_model,
		     void **ret_machine);

/* devmem.c: @path is /dev/mem. What was mapped begins at *ret_base. */
struct rproc_mapping {
	void *base;
	size_t base_len;
	void *va; /* of the address that was asked for */
};
int rproc_devmem_map(const char *path, uint64_t pa, size_t len, struct rproc_report *report,
		     struct rproc_mapping *ret_mapping);
void rproc_mapping_unmap(const struct rproc_mapping *mapping);

/* uio.c: @sysfs is /sys, @dev is /dev. */
int rproc_uio_map(const char *sysfs, const char *dev, uint64_t pa, size_t len,
		  struct rproc_report *report, struct rproc_mapping *ret_mapping);
/* The UIO device of the node @dt_path, opened for its interrupt: a descriptor, or -errno. */
int rproc_uio_open_irq(const char *sysfs, const char *dev, const char *dt_path,
		       struct rproc_report *report);
/* Let the next interrupt come. */
int rproc_uio_enable_irq(int fd);

/* dma_pool.c: free memory of a board, to be handed out */
struct rproc_range {
	uint64_t start, end; /* end: the first byte behind it */
};
/* -ENOMEM, also where the board has no memory to spare. */
int rproc_dma_pool_new(const struct rproc_board *board, struct rproc_dma_pool **ret_pool);
void rproc_dma_pool_free(struct rproc_dma_pool *pool); /* NULL is fine */
struct rproc_range rproc_dma_pool_range(const struct rproc_dma_pool *pool);
int rproc_dma_pool_get(struct rproc_dma_pool *pool, size_t len, size_t align, uint64_t *ret_pa);
void rproc_dma_pool_put(struct rproc_dma_pool *pool, uint64_t pa);

#endif
