/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A machine: one physical address space of memory, in which some words are
 * registers that do something, and interrupt lines that somebody may listen on.
 * Models of SoCs and their blocks are made of these; none is known here.
 */
#ifndef RPROC_VIRTUAL_MACHINE_H
#define RPROC_VIRTUAL_MACHINE_H

#include <pthread.h>
#include <librproc/driver.h>

#define MACHINE_SPACE	 (1ull << 40) /* bytes that have an address */
#define MACHINE_BLOCKS	 16
#define MACHINE_CELLS	 32
#define MACHINE_LINES	 32
#define MACHINE_WRITES	 256 /* kept for whoever asks what a driver did */
#define MACHINE_NAME_MAX 255

/* A block whose every register is computed. Called with the machine's lock held. */
struct machine_block {
	uint64_t pa, len;
	uint32_t (*read)(void *priv, uint32_t offset);
	void (*write)(void *priv, uint32_t offset, uint32_t value);
	void *priv;
};

/* One word that decides what is stored when a driver writes it. Lock held. */
struct machine_cell {
	uint64_t pa;
	uint32_t (*write)(void *priv, uint64_t pa, uint32_t old, uint32_t value);
	void *priv;
};

/* Somebody who listens on interrupt @irq of device @device. */
struct machine_line {
	char device[MACHINE_NAME_MAX + 1];
	unsigned int irq;
	void (*fire)(void *data);
	void *data;
};

struct machine_write {
	uint64_t pa;
	uint32_t value;
};

struct machine {
	struct rproc_context *context; /* constant */
	int memory;		       /* memfd: the whole space; constant */
	pthread_mutex_t lock;	       /* guards what follows, and the blocks' own state */
	struct machine_block blocks[MACHINE_BLOCKS];
	unsigned int num_blocks;
	struct machine_cell cells[MACHINE_CELLS];
	unsigned int num_cells;
	struct machine_line lines[MACHINE_LINES];
	unsigned int num_lines;
	struct machine_write writes[MACHINE_WRITES]; /* the last ones, oldest first */
	unsigned int num_writes;
};

int machine_init(struct machine *machine, struct rproc_context *context);
void machine_fini(struct machine *machine);

/* Under the lock. A cell or block at an address that has one replaces it. -ENOSPC. */
int machine_add_block(struct machine *machine, const struct machine_block *block);
int machine_add_cell(struct machine *machine, const struct machine_cell *cell);
/* Memory as it is, no register behind it. Under the lock. -ENXIO, -EINVAL (not aligned). */
int machine_load(struct machine *machine, uint64_t pa, uint32_t *ret_value);
int machine_store(struct machine *machine, uint64_t pa, uint32_t value);
/* Tell who listens. Under the lock. -ENOENT: nobody does. */
int machine_fire(struct machine *machine, const char *device, unsigned int irq);

/* What a driver does; each takes the lock. */
int machine_read32(struct machine *machine, uint64_t pa, uint32_t *ret_value);
int machine_write32(struct machine *machine, uint64_t pa, uint32_t value);
int machine_map(struct machine *machine, uint64_t pa, size_t len, void **ret_va);
void machine_unmap(void *va, size_t len);
int machine_connect(struct machine *machine, const char *device, unsigned int irq,
		    void (*fire)(void *data), void *data);
void machine_disconnect(struct machine *machine, const char *device, unsigned int irq);

/*
 * What another master of the bus does: blocks react, cells only store. Takes the lock.
 */
int machine_peek(struct machine *machine, uint64_t pa, uint32_t *ret_value);
int machine_poke(struct machine *machine, uint64_t pa, uint32_t value);

#endif
