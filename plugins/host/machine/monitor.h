/* SPDX-License-Identifier: BSD-3-Clause */
/* The monitor: what plays the hardware around a firmware process. */
#ifndef RPROC_HOST_MONITOR_H
#define RPROC_HOST_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "channel.h"
#include "host_firmware.h"
#include "watchdog.h"

/* machine.c -> monitor.c: argv is {name, processor's name, window length}. */
int monitor_main(int argc, char **argv);

/* ---- process.c: the firmware process ------------------------------------------ */

struct process {
	struct rproc_host_control *page; /* mapped once, for the life of the monitor */
	uint64_t window_len;
	const char *name;
	int system; /* eventfd: the firmware rings the monitor */
	pid_t pid;  /* 0: none */
	int pidfd;  /* -1: none */
	uint64_t boot;
	bool bitten; /* the watchdog's signal was sent */
	struct watchdog watchdog;
};

/* Map the page, make the bell. 0 or -errno. */
int process_init(struct process *process, const char *name, uint64_t window_len);
/* Reset the page and run the firmware. 0, or -errno with @text filled. */
int process_start(struct process *process, const struct host_layout *layout, uint64_t boot,
		  char *text, size_t text_len);
/* If it has ended: reap it, fill *ret_death, return true. Never blocks. */
bool process_reap(struct process *process, struct host_death *ret_death);
/* SIGKILL, and wait until it is gone. */
void process_kill(struct process *process, struct host_death *ret_death);
/* Drain the bell; it says "look at the page". */
void process_answer_bell(struct process *process);
/* Ask the firmware to stop. */
void process_request_shutdown(struct process *process);
bool process_shutdown_acked(const struct process *process);
/* Look at the watchdog; if it bites, send the signal that ends the firmware. */
void process_watch(struct process *process, bool changed);

/* ---- listener.c: the socket in the state directory ------------------------------ */

struct listener {
	int fd;	 /* listening; -1: none */
	int dir; /* the state directory */
	char name[108];
	ino_t inode;
};

/* Bind NAME.sock, taking the place of a dead one. -EBUSY if a monitor listens there. */
int listener_open(struct listener *listener, int dir, const char *name, char *text,
		  size_t text_len);
/* A connection of our own user; -EPERM (and it is told so) for others, -EAGAIN for none. */
int listener_accept(struct listener *listener);
/* Remove the socket, if it is still ours. */
void listener_close(struct listener *listener);

#endif
