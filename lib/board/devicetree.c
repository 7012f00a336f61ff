/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only file that knows libfdt: a flattened tree is copied, checked once from
 * end to end and indexed; after that no lookup can leave the copy, and none but
 * that of a property scans more than an array. What a property means, what a
 * device is and what a processor is are not known here.
 */
#include <errno.h>
#include <libfdt.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/report.h"
#include "board/board.h"

/*
 * Longest property name taken. The specification says 31; some bindings are
 * longer. The limit keeps the comparisons of one lookup short whatever the tree holds.
 */
#define PROPERTY_NAME_MAX 255
#define DTB_VERSION	  17 /* every compiler since 2007 writes it; older ones lack sizes */

struct board_node {
	int offset; /* libfdt's */
	int parent;
	size_t full_name, base_name; /* in names */
	uint32_t phandle;
	bool enabled;
};

struct rproc_board {
	atomic_uint refs;
	/* constant */
	void *fdt;
	struct board_node *nodes;
	int num_nodes;
	int aliases; /* number of /aliases, or -1 */
	char *names;
};

static int refuse(struct rproc_report *report, int fdt_error)
{
	return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
			  "device tree: %s (libfdt %d): compile it again with dtc",
			  fdt_strerror(fdt_error), fdt_error);
}

/* Names are found by comparing them with strings of this block: none may be endless. */
static int check_strings(const void *fdt, struct rproc_report *report)
{
	const char *strings = (const char *)fdt + fdt_off_dt_strings(fdt);
	size_t size = fdt_size_dt_strings(fdt);
	size_t start = 0;
	const char *end;

	while (start < size) {
		end = memchr(strings + start, 0, size - start);
		if (!end || end > strings + start + PROPERTY_NAME_MAX)
			return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
					  "device tree: the property name at byte %zu of its "
					  "strings is longer than %u or has no end",
					  start, PROPERTY_NAME_MAX);
		start = (size_t)(end - strings) + 1;
	}
	return 0;
}

static int check_tree(const void *fdt, size_t len, struct rproc_report *report)
{
	int error;

	error = fdt_check_header(fdt);
	if (error)
		return refuse(report, error);
	if (fdt_version(fdt) < DTB_VERSION)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
				  "device tree: format version %u, at least %u is needed: compile "
				  "it again with dtc",
				  fdt_version(fdt), DTB_VERSION);
	if (fdt_totalsize(fdt) > len)
		return report_add(
			report, -EINVAL, RPROC_LOG_ERR, "",
			"device tree: its header says %u bytes, %zu are there: it was cut",
			fdt_totalsize(fdt), len);
	if (check_strings(fdt, report))
		return -EINVAL;
	error = fdt_check_full(fdt, len);
	return error ? refuse(report, error) : 0;
}

static bool is_enabled(const void *fdt, int offset)
{
	const char *status;
	int len;

	status = fdt_getprop(fdt, offset, "status", &len);
	if (!status)
		return true;
	return (len >= 5 && !memcmp(status, "okay", 5)) || (len >= 3 && !memcmp(status, "ok", 3));
}

/* Names become names of files: no separator, nothing that cannot be printed. The byte, or -1. */
static int find_wrong_byte(const char *name)
{
	int i;

	for (i = 0; name[i]; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/')
			return i;
	return -1;
}

/* "." and "..", also before a unit address: the name without it is used as well. */
static bool is_dots(const char *name)
{
	size_t dots = strspn(name, ".");

	return (dots == 1 || dots == 2) && (!name[dots] || name[dots] == '@');
}

static int check_node_name(const char *name, struct rproc_report *report)
{
	int at = find_wrong_byte(name);

	if (!*name || *name == '@' || is_dots(name))
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
				  "device tree: a node is called \"%.32s\": give it a name", name);
	if (at >= 0)
		return report_add(
			report, -EINVAL, RPROC_LOG_ERR, "",
			"device tree: byte %d of a node's name is 0x%02x: letters, digits "
			"and ,._+-@ make a name",
			at, (unsigned char)name[at]);
	return 0;
}

static size_t add_name(struct rproc_board *board, size_t *used, const char *name, size_t len)
{
	size_t at = *used;

	memcpy(board->names + at, name, len);
	board->names[at + len] = 0;
	*used = at + len + 1;
	return at;
}

static int add_node(struct rproc_board *board, int offset, int parent, size_t *used,
		    struct rproc_report *report)
{
	struct board_node *node = &board->nodes[board->num_nodes];
	const char *name, *unit;
	int len;

	name = fdt_get_name(board->fdt, offset, &len);
	if (!name)
		return refuse(report, len);
	if (parent >= 0 && check_node_name(name, report))
		return -EINVAL;
	unit = memchr(name, '@', (size_t)len);
	node->offset = offset;
	node->parent = parent;
	node->full_name = add_name(board, used, name, (size_t)len);
	node->base_name =
		unit ? add_name(board, used, name, (size_t)(unit - name)) : node->full_name;
	node->phandle = fdt_get_phandle(board->fdt, offset);
	if (node->phandle == UINT32_MAX)
		node->phandle = 0;
	node->enabled =
		is_enabled(board->fdt, offset) && (parent < 0 || board->nodes[parent].enabled);
	if (parent == 0 && !strcmp(name, "aliases"))
		board->aliases = board->num_nodes;
	board->num_nodes++;
	return 0;
}

/* Counts the nodes and the bytes of their names; the walk that fills the index is the same. */
static int measure(const void *fdt, struct rproc_report *report, int *ret_nodes, size_t *ret_bytes)
{
	size_t bytes = 0;
	int offset, len, nodes = 0, depth = 0;

	for (offset = 0; offset >= 0 && depth >= 0; offset = fdt_next_node(fdt, offset, &depth)) {
		if (depth > RPROC_BOARD_MAX_DEPTH)
			return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
					  "device tree: nodes lie deeper than %d levels",
					  RPROC_BOARD_MAX_DEPTH);
		if (!fdt_get_name(fdt, offset, &len))
			return refuse(report, len);
		bytes += 2 * ((size_t)len + 1); /* full and base name */
		nodes++;
	}
	*ret_nodes = nodes;
	*ret_bytes = bytes;
	return 0;
}

static int index_nodes(struct rproc_board *board, struct rproc_report *report)
{
	int above[RPROC_BOARD_MAX_DEPTH + 2]; /* number of the last node at depth - 1 */
	int offset, error, nodes = 0, depth = 0;
	size_t bytes = 0, used = 0;

	error = measure(board->fdt, report, &nodes, &bytes);
	if (error)
		return error;
	board->nodes = calloc((size_t)nodes, sizeof(*board->nodes));
	board->names = malloc(bytes);
	if (!board->nodes || !board->names)
		return -ENOMEM;
	above[0] = -1;
	for (offset = 0; offset >= 0 && depth >= 0;
	     offset = fdt_next_node(board->fdt, offset, &depth)) {
		above[depth + 1] = board->num_nodes;
		error = add_node(board, offset, above[depth], &used, report);
		if (error)
			return error;
	}
	return 0;
}

static void board_free(struct rproc_board *board)
{
	free(board->names);
	free(board->nodes);
	free(board->fdt);
	free(board);
}

int rproc_board_new(const void *dtb, size_t len, struct rproc_report *report,
		    struct rproc_board **ret_board)
{
	struct rproc_board *board;
	int error;

	if (!dtb || len < sizeof(struct fdt_header))
		return report_add(
			report, -EINVAL, RPROC_LOG_ERR, "",
			"device tree: %zu bytes are less than its header: is this a .dtb?",
			dtb ? len : 0);
	if (len > RPROC_BOARD_MAX_SIZE)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
				  "device tree: %zu bytes, the most one may have is %u", len,
				  RPROC_BOARD_MAX_SIZE);
	board = calloc(1, sizeof(*board));
	if (!board)
		return -ENOMEM;
	atomic_init(&board->refs, 1);
	board->aliases = -1;
	board->fdt = malloc(len);
	if (!board->fdt) {
		error = -ENOMEM;
		goto err_free;
	}
	memcpy(board->fdt, dtb, len);
	error = check_tree(board->fdt, len, report);
	if (error)
		goto err_free;
	error = index_nodes(board, report);
	if (error)
		goto err_free;
	*ret_board = board;
	return 0;

err_free:
	board_free(board);
	return error;
}

struct rproc_board *rproc_board_get(struct rproc_board *board)
{
	atomic_fetch_add(&board->refs, 1);
	return board;
}

void rproc_board_put(struct rproc_board *board)
{
	if (board && atomic_fetch_sub(&board->refs, 1) == 1)
		board_free(board);
}

int rproc_board_num_nodes(const struct rproc_board *board)
{
	return board->num_nodes;
}

bool rproc_board_enabled(const struct rproc_board *board, int node)
{
	return board->nodes[node].enabled;
}

int rproc_board_parent(const struct rproc_board *board, int node)
{
	return board->nodes[node].parent;
}

const char *rproc_board_full_name(const struct rproc_board *board, int node)
{
	return board->names + board->nodes[node].full_name;
}

const char *rproc_board_base_name(const struct rproc_board *board, int node)
{
	return board->names + board->nodes[node].base_name;
}

uint32_t rproc_board_phandle(const struct rproc_board *board, int node)
{
	return board->nodes[node].phandle;
}

int rproc_board_find_phandle(const struct rproc_board *board, uint32_t phandle)
{
	int node;

	if (!phandle)
		return -ENOENT;
	for (node = 0; node < board->num_nodes; node++)
		if (board->nodes[node].phandle == phandle)
			return node;
	return -ENOENT;
}

const void *rproc_board_property(const struct rproc_board *board, int node, const char *name,
				 size_t *ret_len)
{
	const void *value;
	int len;

	value = fdt_getprop(board->fdt, board->nodes[node].offset, name, &len);
	if (!value || len < 0)
		return NULL;
	*ret_len = (size_t)len;
	return value;
}

char *rproc_board_path(const struct rproc_board *board, int node)
{
	size_t len = 1, name_len;
	char *path, *at;
	int i;

	if (!node)
		return strdup("/");
	for (i = node; i > 0; i = board->nodes[i].parent)
		len += strlen(rproc_board_full_name(board, i)) + 1;
	path = malloc(len);
	if (!path)
		return NULL;
	/* from the end to the front, as the parents are found */
	at = path + len - 1;
	*at = 0;
	for (i = node; i > 0; i = board->nodes[i].parent) {
		name_len = strlen(rproc_board_full_name(board, i));
		at -= name_len;
		memcpy(at, rproc_board_full_name(board, i), name_len);
		*--at = '/';
	}
	return path;
}

const char *rproc_board_alias(const struct rproc_board *board, const char *path)
{
	size_t size = strlen(path) + 1;
	const char *name;
	const void *value;
	int property, len;

	if (board->aliases < 0)
		return NULL;
	fdt_for_each_property_offset(property, board->fdt, board->nodes[board->aliases].offset)
	{
		value = fdt_getprop_by_offset(board->fdt, property, &name, &len);
		if (!value || (size_t)len != size || memcmp(value, path, size))
			continue;
		/* one that no file could have is as good as none */
		if (*name && !is_dots(name) && find_wrong_byte(name) < 0)
			return name;
	}
	return NULL;
}
