/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address space of a machine and what happens at an access. Memory is one
 * sparse file without a name, so that every mapping of an address sees the same
 * bytes. Knows no register.
 */
#include "machine.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int machine_init(struct machine *machine, struct rproc_context *context)
{
	int error;

	machine->context = context;
	machine->memory = memfd_create("rproc-machine", MFD_CLOEXEC);
	if (machine->memory < 0)
		return -errno;
	if (ftruncate(machine->memory, (off_t)MACHINE_SPACE)) {
		error = -errno;
		close(machine->memory);
		return error;
	}
	pthread_mutex_init(&machine->lock, NULL);
	return 0;
}

void machine_fini(struct machine *machine)
{
	pthread_mutex_destroy(&machine->lock);
	close(machine->memory);
}

/* ---- what is where -------------------------------------------------------------------- */

static struct machine_block *find_block(struct machine *machine, uint64_t pa)
{
	unsigned int i;

	for (i = 0; i < machine->num_blocks; i++)
		if (pa >= machine->blocks[i].pa &&
		    pa - machine->blocks[i].pa < machine->blocks[i].len)
			return &machine->blocks[i];
	return NULL;
}

static struct machine_cell *find_cell(struct machine *machine, uint64_t pa)
{
	unsigned int i;

	for (i = 0; i < machine->num_cells; i++)
		if (machine->cells[i].pa == pa)
			return &machine->cells[i];
	return NULL;
}

int machine_add_block(struct machine *machine, const struct machine_block *block)
{
	struct machine_block *place = find_block(machine, block->pa);

	if (!place && machine->num_blocks == MACHINE_BLOCKS)
		return -ENOSPC;
	if (!place)
		place = &machine->blocks[machine->num_blocks++];
	*place = *block;
	return 0;
}

int machine_add_cell(struct machine *machine, const struct machine_cell *cell)
{
	struct machine_cell *place = find_cell(machine, cell->pa);

	if (!place && machine->num_cells == MACHINE_CELLS)
		return -ENOSPC;
	if (!place)
		place = &machine->cells[machine->num_cells++];
	*place = *cell;
	return 0;
}

/* ---- words ----------------------------------------------------------------------------------- */

static int check_word(uint64_t pa)
{
	if (pa % 4)
		return -EINVAL;
	return pa < MACHINE_SPACE ? 0 : -ENXIO;
}

int machine_load(struct machine *machine, uint64_t pa, uint32_t *ret_value)
{
	uint8_t bytes[4];
	int error = check_word(pa);

	if (error)
		return error;
	if (pread(machine->memory, bytes, sizeof(bytes), (off_t)pa) != sizeof(bytes))
		return -EIO;
	*ret_value = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		     (uint32_t)bytes[3] << 24;
	return 0;
}

int machine_store(struct machine *machine, uint64_t pa, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
				   (uint8_t)(value >> 24) };
	int error = check_word(pa);

	if (error)
		return error;
	return pwrite(machine->memory, bytes, sizeof(bytes), (off_t)pa) == sizeof(bytes) ? 0 : -EIO;
}

static int read_word(struct machine *machine, uint64_t pa, uint32_t *ret_value)
{
	const struct machine_block *block = find_block(machine, pa);
	int error = check_word(pa);

	if (error || !block)
		return error ? error : machine_load(machine, pa, ret_value);
	*ret_value = block->read(block->priv, (uint32_t)(pa - block->pa));
	return 0;
}

/* @cells: let them decide what is stored. */
static int write_word(struct machine *machine, uint64_t pa, uint32_t value, bool cells)
{
	const struct machine_block *block = find_block(machine, pa);
	const struct machine_cell *cell = find_cell(machine, pa);
	int error = check_word(pa);
	uint32_t old;

	if (error)
		return error;
	if (block) {
		block->write(block->priv, (uint32_t)(pa - block->pa), value);
		return 0;
	}
	if (cell && cells) {
		error = machine_load(machine, pa, &old);
		if (error)
			return error;
		value = cell->write(cell->priv, pa, old, value);
	}
	return machine_store(machine, pa, value);
}

static void note_write(struct machine *machine, uint64_t pa, uint32_t value)
{
	if (machine->num_writes == MACHINE_WRITES) {
		machine->num_writes--;
		memmove(machine->writes, machine->writes + 1,
			machine->num_writes * sizeof(machine->writes[0]));
	}
	machine->writes[machine->num_writes++] = (struct machine_write){ pa, value };
}

int machine_read32(struct machine *machine, uint64_t pa, uint32_t *ret_value)
{
	int error;

	pthread_mutex_lock(&machine->lock);
	error = read_word(machine, pa, ret_value);
	pthread_mutex_unlock(&machine->lock);
	return error;
}

int machine_write32(struct machine *machine, uint64_t pa, uint32_t value)
{
	int error;

	pthread_mutex_lock(&machine->lock);
	error = write_word(machine, pa, value, true);
	if (!error)
		note_write(machine, pa, value);
	pthread_mutex_unlock(&machine->lock);
	return error;
}

int machine_peek(struct machine *machine, uint64_t pa, uint32_t *ret_value)
{
	return machine_read32(machine, pa, ret_value);
}

int machine_poke(struct machine *machine, uint64_t pa, uint32_t value)
{
	int error;

	pthread_mutex_lock(&machine->lock);
	error = write_word(machine, pa, value, false);
	pthread_mutex_unlock(&machine->lock);
	return error;
}

/* ---- memory ---------------------------------------------------------------------------------- */

int machine_map(struct machine *machine, uint64_t pa, size_t len, void **ret_va)
{
	size_t lead = (size_t)(pa % (uint64_t)sysconf(_SC_PAGESIZE));
	void *base;

	if (!len || pa >= MACHINE_SPACE || len > MACHINE_SPACE - pa)
		return -ENXIO;
	base = mmap(NULL, lead + len, PROT_READ | PROT_WRITE, MAP_SHARED, machine->memory,
		    (off_t)(pa - lead));
	if (base == MAP_FAILED)
		return -errno;
	*ret_va = (char *)base + lead;
	return 0;
}

void machine_unmap(void *va, size_t len)
{
	size_t lead = (size_t)((uintptr_t)va % (uintptr_t)sysconf(_SC_PAGESIZE));

	munmap((char *)va - lead, lead + len);
}

/* ---- interrupts ---------------------------------------------------------------------------- */

static struct machine_line *find_line(struct machine *machine, const char *device, unsigned int irq)
{
	unsigned int i;

	for (i = 0; i < machine->num_lines; i++)
		if (machine->lines[i].irq == irq && !strcmp(machine->lines[i].device, device))
			return &machine->lines[i];
	return NULL;
}

int machine_fire(struct machine *machine, const char *device, unsigned int irq)
{
	const struct machine_line *line = find_line(machine, device, irq);

	if (!line)
		return -ENOENT;
	line->fire(line->data);
	return 0;
}

int machine_connect(struct machine *machine, const char *device, unsigned int irq,
		    void (*fire)(void *data), void *data)
{
	struct machine_line *line;
	int error = 0;

	if (strlen(device) > MACHINE_NAME_MAX)
		return -ENAMETOOLONG;
	pthread_mutex_lock(&machine->lock);
	if (find_line(machine, device, irq)) {
		error = -EBUSY;
	} else if (machine->num_lines == MACHINE_LINES) {
		error = -ENOSPC;
	} else {
		line = &machine->lines[machine->num_lines++];
		strcpy(line->device, device);
		line->irq = irq;
		line->fire = fire;
		line->data = data;
	}
	pthread_mutex_unlock(&machine->lock);
	return error;
}

void machine_disconnect(struct machine *machine, const char *device, unsigned int irq)
{
	struct machine_line *line;

	pthread_mutex_lock(&machine->lock);
	line = find_line(machine, device, irq);
	if (line)
		*line = machine->lines[--machine->num_lines];
	pthread_mutex_unlock(&machine->lock);
}
