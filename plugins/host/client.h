/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's end of one powered processor: its memory, its bells, its monitor.
 * Commands are for one thread at a time; kick, notified and read_death may be
 * called from any other meanwhile.
 */
#ifndef RPROC_HOST_CLIENT_H
#define RPROC_HOST_CLIENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "protocol.h"

/* Which processor: all outlive the client. */
struct host_identity {
	const char *name;      /* its socket is NAME.sock */
	const char *state_dir; /* made 0700 if missing */
	uint64_t window_len;   /* bytes, whole pages */
	bool no_memory_exec;   /* run the monitor from a file, not from memory */
};

struct host_client {
	int control;  /* connection to the monitor; -1: none */
	int event;    /* deaths come here; readable at the monitor's end too */
	int doorbell; /* eventfd: firmware to host */
	int memory;   /* memfd: control page, then window */
	int monitor;  /* pidfd */
	uint8_t *map; /* of memory; NULL: powered off */
	uint64_t window_len;
	uint64_t boot; /* number of the last start; later ones are greater. Atomic */
	int32_t monitor_pid, firmware_pid; /* for people */
	uint32_t other_version;		   /* that the monitor speaks, if it is not ours */
	uint32_t power;			   /* enum host_power at the claim */
	struct host_layout layout;	   /* of the running firmware */
	struct host_death death;	   /* if power is DEAD */
	char story[256];		   /* of the last failure */

	pthread_mutex_t kick_lock; /* guards page and firmware against power_off */
	struct rproc_host_control *page;
	int firmware; /* pidfd; -1: none */
};

/* How a stop went. */
struct host_stop_result {
	enum host_stop how;
	uint64_t elapsed_us;
};

void host_client_init(struct host_client *client);
void host_client_fini(struct host_client *client);

/*
 * What runs under this name? 0 with *ret_status filled; -ENOENT: nothing (a stale
 * socket is removed); -EPERM: another user's; -EPROTONOSUPPORT: of another version.
 */
int host_client_query(struct host_client *client, const struct host_identity *identity,
		      struct host_message *ret_status);
/* A new processor with fresh memory, halted. -EBUSY: one of this name runs. */
int host_client_power_on(struct host_client *client, const struct host_identity *identity);
/* Become the host of a detached one; if we go away it stays. -ENOENT, -EBUSY, -EPERM. */
int host_client_claim(struct host_client *client, const struct host_identity *identity);
/* From now on our end is its end. */
int host_client_attach(struct host_client *client);
/* Run the image in memory. Makes a new monitor around the old memory if that one died. */
int host_client_start(struct host_client *client, const struct host_identity *identity,
		      const struct host_layout *layout);
/* Ask, wait, reset. Cannot fail: a monitor that does not answer is reset as well. */
void host_client_stop(struct host_client *client, unsigned int timeout_ms,
		      struct host_stop_result *ret_result);
/* From now on it lives without us. */
int host_client_detach(struct host_client *client);
/*
 * Let go of it: ends the processor if we control it (@end), leaves it otherwise.
 * Waits until the monitor is gone. Unmaps the memory.
 */
void host_client_power_off(struct host_client *client, bool end);

/*
 * Interrupt the firmware for notify id @vqid. Any thread; a few microseconds. -ECHRNG: there is
 * no such bell; else what the kernel says of a firmware that cannot be signalled.
 */
int host_client_kick(struct host_client *client, unsigned int vqid);
/* Take the notify ids that the firmware rang for. Does not empty the bell: watch its edges. */
uint64_t host_client_take_notified(struct host_client *client);
/*
 * A death of the present boot: 1 and *ret_death, or 0. At the monitor's end the
 * death has cause HOST_DEATH_MONITOR and -ENOTCONN is returned: stop watching.
 */
int host_client_read_death(struct host_client *client, struct host_death *ret_death);

/* The window in our address space. */
static inline void *host_client_window(const struct host_client *client)
{
	return client->map ? client->map + RPROC_HOST_CONTROL_SIZE : NULL;
}

#endif
