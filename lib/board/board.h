/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of lib/board share, grouped by the file that defines it. A node
 * is called by its number: 0 is the root, a parent comes before its children.
 * Everything that reads a tree is pure: it says what is wrong in a report.
 */
#ifndef RPROC_BOARD_BOARD_H
#define RPROC_BOARD_BOARD_H

#include <librproc/driver.h>
#include "base/list.h"

#define RPROC_BOARD_MAX_SIZE  (2u << 20) /* bytes of a tree: what Linux takes on arm64 */
#define RPROC_BOARD_MAX_DEPTH 64	 /* what Linux follows */
#define RPROC_DEVICE_NAME_MAX 255	 /* bytes: one component of a path */

struct rproc_board;

/* devicetree.c: one reference to a checked, private copy of @dtb. -EINVAL, -ENOMEM. */
int rproc_board_new(const void *dtb, size_t len, struct rproc_report *report,
		    struct rproc_board **ret_board);
struct rproc_board *rproc_board_get(struct rproc_board *board);
void rproc_board_put(struct rproc_board *board); /* NULL is fine */
int rproc_board_num_nodes(const struct rproc_board *board);
/* Are the node and all above it enabled? */
bool rproc_board_enabled(const struct rproc_board *board, int node);
int rproc_board_parent(const struct rproc_board *board, int node); /* -1: it is the root */
const char *rproc_board_full_name(const struct rproc_board *board, int node);	 /* "m4@5b000000" */
const char *rproc_board_base_name(const struct rproc_board *board, int node);	 /* "m4" */
uint32_t rproc_board_phandle(const struct rproc_board *board, int node);	 /* 0: none */
int rproc_board_find_phandle(const struct rproc_board *board, uint32_t phandle); /* -ENOENT */
/* NULL: it has none. The bytes live as long as the board. */
const void *rproc_board_property(const struct rproc_board *board, int node, const char *name,
				 size_t *ret_len);
/* Its path in the tree, "/soc/m4@5b000000", to be freed; NULL: no memory. */
char *rproc_board_path(const struct rproc_board *board, int node);
/* The name under /aliases of the node with that path; NULL: none. */
const char *rproc_board_alias(const struct rproc_board *board, const char *path);

/* property.c: the values a property may hold. Errors as driver.h says. */
int rproc_board_u32(const struct rproc_board *board, int node, const char *name, unsigned int index,
		    uint32_t *ret_value);
int rproc_board_string(const struct rproc_board *board, int node, const char *name,
		       unsigned int index, const char **ret_value);

/* The string behind @last in @len bytes of a list (NULL: the first). -ENODATA, -EILSEQ. */
int rproc_board_next_string(const char *list, size_t len, const char *last,
			    const char **ret_string);

/* region.c: addresses. -ENOENT past the end, -EINVAL for what makes no sense. */
int rproc_board_reg(const struct rproc_board *board, int node, unsigned int index,
		    struct rproc_report *report, struct rproc_region *ret_region);
int rproc_board_memory_region(const struct rproc_board *board, int node, unsigned int index,
			      struct rproc_report *report, struct rproc_region *ret_region);
/* The address of its first `reg` as the CPU sees it. */
int rproc_board_cpu_address(const struct rproc_board *board, int node, uint64_t *ret_pa);

/* As rproc_device_pa_to_da() and rproc_device_da_to_pa() say. */
int rproc_board_pa_to_da(const struct rproc_board *board, int node, uint64_t pa, uint64_t len,
			 uint32_t *ret_da);
int rproc_board_da_to_pa(const struct rproc_board *board, int node, uint32_t da, uint64_t len,
			 uint64_t *ret_pa);

/* node.c: a device for a node, with no driver. To be put. -ENOMEM, -ENAMETOOLONG. */
int rproc_board_make_device(struct rproc_context *context, struct rproc_board *board, int node,
			    struct rproc_device **ret_device);

/* device_path.c: "platform/soc/soc:ahb/5b000000.m4". -ENOMEM, -ENAMETOOLONG. */
int rproc_board_device_path(const struct rproc_board *board, int node, char **ret_path);

/*
 * live.c: the driver of the running kernel that holds the node with that path.
 * @sysfs: where sysfs is mounted. 0, -ENOENT if there is none, or an errno.
 */
struct rproc_live_driver {
	char device[RPROC_DEVICE_NAME_MAX + 1];
	char driver[RPROC_DEVICE_NAME_MAX + 1];
};
int rproc_live_find_driver(const char *sysfs, const char *dt_path,
			   struct rproc_live_driver *ret_driver);

/* plugin.c; all with context.board_lock held */
struct rproc_loaded_plugin {
	struct list link;	    /* context.plugins */
	struct rproc_plugin plugin; /* a copy: zero beyond what the plugin knows */
	char *path;		    /* NULL: compiled in */
	void *handle;		    /* of dlopen(); NULL: compiled in or refused */
	char *refusal;		    /* NULL: it may be used */
};
/* Load what lies in the plugin path; the first call only. -ENOMEM. */
int rproc_plugins_search(struct rproc_context *context);
/* The next plugin behind @last (NULL: the first) that takes @compatible; NULL: none. */
const struct rproc_loaded_plugin *rproc_plugins_find(struct rproc_context *context,
						     const struct rproc_loaded_plugin *last,
						     const char *compatible);
/* For stories: "loaded: a, b; refused: c.so: why". Cut at @len. */
void rproc_plugins_describe(struct rproc_context *context, char *buf, size_t len);
void rproc_plugins_unload(struct rproc_context *context);

#endif
