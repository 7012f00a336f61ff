/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the plugin and the monitor say to each other: fixed-size messages on a
 * SOCK_SEQPACKET socket, descriptors beside them, and death notices on a pipe.
 * Both ends check magic, version and length, because the two may come from
 * different builds: a monitor outlives the program that started it.
 */
#ifndef RPROC_HOST_PROTOCOL_H
#define RPROC_HOST_PROTOCOL_H

#include <signal.h>
#include <stdint.h>

#include "host_firmware.h"

#define HOST_PROTOCOL_MAGIC UINT32_C(0x706d7072)
/*
 * Of the messages, and of what both ends do with the control page: 1 rang by signals only,
 * which a firmware that sleeps does not hear any more.
 */
#define HOST_PROTOCOL_VERSION UINT32_C(2)

/* A kick. A classic signal, so that the kernel itself coalesces what is pending. */
#define HOST_KICK_SIGNAL SIGUSR1
/* The watchdog's bite: the launcher's handler notes where the firmware hung, then dies. */
#define HOST_BITE_SIGNAL SIGABRT

/* Descriptors of the machine when it is exec'd as the monitor. */
enum {
	HOST_FD_CONTROL = 3, /* the controlling connection */
	HOST_FD_STATE_DIR,   /* where the socket goes */
	HOST_FD_EXEC,	     /* the machine itself, to be exec'd as the launcher */
	HOST_FD_MEMORY,	     /* control page and window */
	HOST_FD_DOORBELL,    /* firmware to host */
	HOST_FD_END
};

/* Descriptors of the machine when it is exec'd as the launcher. */
enum {
	LAUNCH_FD_MEMORY = 3,
	LAUNCH_FD_DOORBELL, /* to the host */
	LAUNCH_FD_SYSTEM,   /* to the monitor: watchdog armed, shutdown acknowledged */
	LAUNCH_FD_STATUS,   /* why the launch failed; its end says that it did not */
	LAUNCH_FD_END
};

/* How many distinct ranges of an image are remembered; more are merged. */
#define HOST_MAX_RANGES 64

struct host_range {
	uint32_t da;
	uint32_t len;
};

/* What the host knows about the firmware it loaded, kept by the monitor for a later host. */
struct host_layout {
	uint64_t entry;
	uint32_t table_da;
	uint32_t table_len; /* 0: no table */
	uint32_t num_ranges;
	uint32_t reserved;
	struct host_range range[HOST_MAX_RANGES]; /* of the image's segments */
};

/* How a firmware process ended. */
enum host_death_cause {
	HOST_DEATH_NONE = 0,
	HOST_DEATH_SIGNAL = 1,
	HOST_DEATH_EXIT = 2,
	HOST_DEATH_WATCHDOG = 3,
	HOST_DEATH_MONITOR = 4 /* the monitor went away, and the firmware with it */
};

struct host_death {
	uint32_t cause;	 /* enum host_death_cause */
	int32_t signal;	 /* that killed it */
	int32_t status;	 /* that it exited with */
	uint32_t period; /* of the watchdog, ms */
	uint64_t boot;	 /* which boot died */
	struct rproc_host_fault fault;
	char message[RPROC_HOST_MESSAGE_LEN]; /* printable, terminated */
};

enum host_message_type {
	HOST_MSG_HELLO = 1, /* monitor: first message of a connection */
	HOST_MSG_QUERY,	    /* what runs here? Answered by HELLO, then closed */
	HOST_MSG_CLAIM,	    /* let me in. HELLO with descriptors; at EOF firmware stays */
	HOST_MSG_ATTACH,    /* from now on EOF ends firmware and monitor */
	HOST_MSG_START,	    /* run @layout */
	HOST_MSG_STOP,	    /* ask, wait @timeout_ms, kill */
	HOST_MSG_DETACH,    /* from now on EOF leaves the firmware running */
	HOST_MSG_QUIT,	    /* power off */
	HOST_MSG_REPLY
};

/* State of the processor as the monitor knows it. */
enum host_power {
	HOST_POWER_HALTED = 0, /* powered, no firmware process */
	HOST_POWER_RUNNING = 1,
	HOST_POWER_DEAD = 2 /* the firmware died by itself: see @death */
};

/* How a stop went. */
enum host_stop {
	HOST_STOP_IDLE = 0,   /* nothing was running */
	HOST_STOP_ACKED = 1,  /* acknowledged, then reset */
	HOST_STOP_EXITED = 2, /* ended by itself after the request */
	HOST_STOP_FORCED = 3  /* no answer: reset */
};

struct host_message {
	uint32_t magic;
	uint32_t version;
	uint32_t type;
	int32_t error;
	uint32_t power;	     /* enum host_power */
	uint32_t controlled; /* 0: detached */
	int32_t monitor;     /* pid, for people */
	int32_t firmware;    /* pid, for people */
	uint64_t window_len;
	uint64_t boot;
	uint32_t timeout_ms;
	uint32_t stop;	     /* enum host_stop */
	uint64_t elapsed_us; /* of a stop */
	char text[160];	     /* story of @error */
	struct host_layout layout;
	struct host_death death;
};

/* Descriptors beside a HELLO that answers a CLAIM, in this order; the last may be missing. */
enum {
	HELLO_FD_EVENT = 0, /* pipe: struct host_death */
	HELLO_FD_MONITOR,   /* pidfd */
	HELLO_FD_MEMORY,
	HELLO_FD_DOORBELL,
	HELLO_FD_FIRMWARE, /* pidfd; also beside the REPLY to START, alone */
	HELLO_FD_COUNT
};

#endif
