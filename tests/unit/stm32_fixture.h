/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An STM32MP15 for tests: a context whose hardware is the model, a board, the
 * driver, a log that can be asked, and the control interface. Knows nothing of
 * what a test expects.
 */
#ifndef STM32_FIXTURE_H
#define STM32_FIXTURE_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <librproc/driver.h>
#include "fixture_builder.h"

#define STM32_WAIT_MS  20000 /* a test that waits longer has failed */
#define STM32_TABLE_DA 0x10020000u
#define STM32_TRACE_DA 0x10030000u

struct stm32_fixture {
	struct rproc_context *context;
	struct rproc *rproc;  /* NULL: no processor came up */
	char *dir;	      /* scratch */
	pthread_mutex_t lock; /* guards the log */
	char log[1 << 16];
	size_t log_len;
};

/* Board @name of the test boards ("stm32mp157": the plugin's own); 0 or what probing answered. */
int stm32_open(const char *name, unsigned int shutdown_ms, struct stm32_fixture **ret_fix);
/* The same where it must come up. */
struct stm32_fixture *stm32_new(const char *name);
void stm32_close(struct stm32_fixture *fix);
/* The model and the driver, for a context of the test's own. */
void stm32_add_plugins(struct rproc_context *context);

/* Power is on and nothing is probed; stm32_probe_board() goes on. */
struct stm32_fixture *stm32_new_unprobed(const char *name, unsigned int shutdown_ms);
int stm32_probe_board(struct stm32_fixture *fix, const char *name);

/* A command of the control interface that must succeed; the answer is static. */
const char *stm32_command(struct stm32_fixture *fix, const char *fmt, ...) RPROC_PRINTF(2, 3);
uint32_t stm32_peek(struct stm32_fixture *fix, uint32_t pa);
/* The register writes since the last call are exactly these: "0xADDRESS=0xVALUE ...". */
void stm32_expect_writes(struct stm32_fixture *fix, const char *writes);

/* Firmware: vectors in RETRAM and code; with @table (finished) at STM32_TABLE_DA, unless NULL. */
struct fixture_image stm32_image(struct fixture_table *table);
/* A trace at STM32_TRACE_DA and an rpmsg vdev with rings where the board has memory for them. */
struct fixture_table *stm32_table(void);
/* Boot from @image from now on; it is freed. */
void stm32_use(struct stm32_fixture *fix, struct fixture_image *image);
/* Put a running firmware's table in place and let the boot loader have started the core. */
void stm32_bootloader(struct stm32_fixture *fix, struct fixture_table *table);

/* The processor's story, its remarks, or the context's story contain @part. */
void stm32_expect_story(struct stm32_fixture *fix, const char *part);
void stm32_expect_remark(struct stm32_fixture *fix, const char *part);
void stm32_expect_note(struct stm32_fixture *fix, const char *part);
/* The log contains @line since it was last forgotten; or not. */
void stm32_expect_log(struct stm32_fixture *fix, const char *line);
void stm32_expect_no_log(struct stm32_fixture *fix, const char *line);
void stm32_forget_log(struct stm32_fixture *fix);
void stm32_wait_state(struct stm32_fixture *fix, enum rproc_state state);
/* Until the descriptor is readable; the test fails if it never is. */
void stm32_wait_readable(int fd);

#endif
