/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtual board in a context of its own, for tests through the public API:
 * processors with names that no other program on this machine uses at the moment.
 */
#ifndef RPROC_TEST_HOST_BOARD_FIXTURE_H
#define RPROC_TEST_HOST_BOARD_FIXTURE_H

#include <stdbool.h>
#include <librproc/driver.h>

extern const struct rproc_plugin rproc_plugin_host;

extern char board_state_dir[64];
/* What stands in the place of "host" in the names of processors. */
extern char board_tag[5];
extern struct rproc_context *board_context;

/* cmocka's: a state directory, a context, the board; and the end of it all. */
int board_setup(void **state);
int board_teardown(void **state);
struct rproc_context *board_new_context(const char *dir);
/* The number of processors, as rproc_context_add_board() has it. */
int board_add(struct rproc_context *to);
/* "host2" -> what it is called here. Each of four buffers in turn. */
const char *board_named(const char *name);
struct rproc *board_get(const char *name);
void board_boot(struct rproc *rproc, const char *firmware);
void board_await_trace(struct rproc *rproc, const char *text);
/* Wait for the event that says @rproc went from one state to another. */
void board_await_transition(struct rproc *rproc, enum rproc_state from, enum rproc_state to,
			    const char *reason);
void board_expect_story(struct rproc *rproc, const char *text);
bool board_logged(const char *text);

#endif
