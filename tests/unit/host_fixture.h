/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of the host processor share: a state directory, images in memory, waiting. */
#ifndef RPROC_TEST_HOST_FIXTURE_H
#define RPROC_TEST_HOST_FIXTURE_H

#include <stdbool.h>

#include "client.h"

#define HOST_TEST_WINDOW (16u << 20)
/* How long anything may take on a machine that is busy with other things. */
#define HOST_TEST_MS 20000

struct host_fixture {
	struct host_identity identity;
	struct host_client client;
	struct host_layout layout; /* of the image loaded last */
	char state_dir[64];
	char name[9]; /* that no other program uses at the moment */
};

/*
 * Setup and teardown of a test; *@state is its fixture. A fresh state directory and a client
 * without power; power off, the directory removed and no process left.
 */
int host_fixture_setup(void **state);
int host_fixture_teardown(void **state);
/* Copy NAME.elf of the example firmware into the window. */
void host_fixture_load(struct host_fixture *fixture, const char *name);
/* Power on, load, start. */
void host_fixture_boot(struct host_fixture *fixture, const char *name);
/* Start time must not matter: wait until the trace has @text. */
void host_fixture_await_trace(struct host_fixture *fixture, const char *text);
/* Wait for the firmware's death. */
void host_fixture_await_death(struct host_fixture *fixture, struct host_death *ret_death);
/* Empty the bell and take the notify ids that the firmware rang for. */
uint64_t host_fixture_notified(struct host_fixture *fixture);
/* Wait until @fd is readable; false after HOST_TEST_MS. */
bool host_fixture_await_fd(int fd);
/* Wait until a word in shared memory reaches @value; false after HOST_TEST_MS. */
bool host_fixture_await_word(const uint64_t *word, uint64_t value);
/* What crash_fpe dies of: not every instruction set traps a division by zero. */
#if defined(__x86_64__)
#define HOST_TEST_FPE_SIGNAL SIGFPE
#define HOST_TEST_FPE_WORDS  "SIGFPE"
#else
#define HOST_TEST_FPE_SIGNAL 0
#define HOST_TEST_FPE_WORDS  "does not trap a division by zero"
#endif

/* Living processes whose name begins with "rproc:@name" or "fw:@name". */
int host_fixture_count_processes(const char *name);
/* The process id of the living process of that name; 0: none. */
int host_fixture_find_process(const char *comm);
/* Wait until there are @count, or none. */
bool host_fixture_await_processes(const char *name, int count);
bool host_fixture_await_no_processes(const char *name);
/* Open descriptors of this process. */
int host_fixture_count_fds(void);
int64_t host_fixture_now_ns(void);

#endif
