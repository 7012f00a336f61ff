/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the runner share. */
#ifndef ORUN_H
#define ORUN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DEADLINE_MS 1500 /* for a line of the log that has to come */

struct tok { char *s; size_t n; }; /* a word of an action */

/* orun.c */
extern int portable, patience; /* options */
extern const char *hook;
const char *ename(int e);
void esc(FILE *f, const char *p, size_t n, int nlbreak);
void res(long r, const char *stage);

/* orun_hardware.c: a line to whoever plays the hardware, and what he says. 0 or -1 */
int tell(const char *line, char *b, size_t n);
/* The same, and the answer is the result. */
void ask(const char *line);
/* Memory and interrupts of the recorded machine. */
uint32_t *phys(uint32_t pa);
void pend_spi(int spi);
/* Actions: the hardware and the loading of its driver; the remote's part of rpmsg. */
void do_hw(struct tok *t, int n);
void do_peer(struct tok *t, int n);

#endif
