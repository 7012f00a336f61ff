/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the launcher: one process that becomes the firmware. */
#ifndef RPROC_HOST_LAUNCHER_H
#define RPROC_HOST_LAUNCHER_H

#include "host_firmware.h"

/* machine.c -> launcher.c: argv is {name, window length, entry, pid of the monitor}. */
int launcher_main(int argc, char **argv);

/* What a failed launch says through LAUNCH_FD_STATUS. */
struct launch_failure {
	int32_t error; /* positive errno */
	char stage[60];
};

/* services.c */
/* Install interrupts and the service table; interrupts are disabled. 0 or -errno. */
int services_init(struct rproc_host_control *control);
const struct rproc_host_services *services_table(void);

/* fault.c */
/* Catch what kills a processor, note where, die of it. On the stack that services_init() made. */
int fault_init(struct rproc_host_control *control);

/* seccomp.c */
/* From now on only what services and faults need; anything else is SIGSYS. 0 or -errno. */
int seccomp_enter(void);

#endif
