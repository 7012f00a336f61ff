/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A core dump between coredump.c, which gathers and keeps it, and
 * coredump_headers.c, which knows what its file looks like.
 */
#ifndef RPROC_CORE_COREDUMP_H
#define RPROC_CORE_COREDUMP_H

#include "core/internal.h"

/* A segment of a dump, resolved on the worker. */
struct dump_piece {
	uint64_t offset; /* in the file */
	uint32_t da;
	size_t size;
	const char *name; /* of its section; NULL: none. Only while headers are made */
	const void *va;	  /* NULL: unreadable, or made by @dump */
	bool is_iomem;
	rproc_dump_fn dump;
	void *priv;
};

struct dump_shape {
	uint8_t elf_class;
	uint16_t elf_machine;
	uint64_t entry;
	bool sections; /* with names, instead of program headers */
};

/* As many as the headers can count. */
size_t rproc_dump_most_pieces(const struct dump_shape *shape);
/* Bytes before the first piece. */
size_t rproc_dump_headers_size(const struct dump_shape *shape, const struct dump_piece *pieces,
			       size_t num);
/* @dest: that many bytes, zeroed. */
void rproc_dump_write_headers(const struct dump_shape *shape, const struct dump_piece *pieces,
			      size_t num, void *dest);

#endif
