/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a firmware for the `host` processor sees: its memory map, the control
 * page it shares with the host, and the services that stand for the core's
 * special instructions and peripherals. Freestanding: needs <stdint.h> only.
 *
 * The entry point is called as
 *
 *   void entry(struct rproc_host_control *control, const struct rproc_host_services *services);
 *
 * with interrupts disabled, on a stack of 256 KiB; returning from it is exit(0).
 */
#ifndef LIBRPROC_HOST_FIRMWARE_H
#define LIBRPROC_HOST_FIRMWARE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Memory: where images, carveouts, vrings and traces live. Physical = device address. */
#define RPROC_HOST_WINDOW_DA UINT32_C(0x10000000)
/* The control page. Outside the window, so that no image can lie on it. */
#define RPROC_HOST_CONTROL_DA	UINT32_C(0x0fff0000)
#define RPROC_HOST_CONTROL_SIZE UINT32_C(0x00010000)

#define RPROC_HOST_MAGIC   UINT32_C(0x54534f48) /* "HOST" */
#define RPROC_HOST_VERSION UINT32_C(1)		/* of this layout; grows at the end of each part */

/* Notify ids that the doorbells know. */
#define RPROC_HOST_VQS	       64
#define RPROC_HOST_MESSAGE_LEN 128

/* What has to be done for the firmware to notice that the bell was rung. */
#define RPROC_HOST_IRQ_ON     0u /* it runs, interrupts enabled: interrupt it */
#define RPROC_HOST_IRQ_OFF    1u /* it runs, interrupts disabled: nothing, it will look */
#define RPROC_HOST_IRQ_ASLEEP 2u /* it sleeps in wait(): wake it */

/*
 * What the launcher saved when the firmware faulted. Written in the firmware
 * process, so the host takes it for text, never for truth.
 */
struct rproc_host_fault {
	uint32_t valid;
	int32_t signal;
	int32_t code;	 /* si_code */
	int32_t syscall; /* number, of a forbidden system call */
	uint64_t pc;
	uint64_t sp;
	uint64_t address; /* that was touched; 0 if the fault has none */
};

/*
 * The control page. Each field has one writer. Words that both sides look at
 * while running are read and written whole (__atomic_* builtins).
 */
struct rproc_host_control {
	/* Written by the host before entry. */
	uint32_t magic;
	uint32_t version;
	uint64_t window_da;
	uint64_t window_len;
	uint64_t services; /* address of struct rproc_host_services in this process */
	uint64_t boot;	   /* which boot of this power-on: 1, 2, ... */
	uint32_t table_da; /* the loaded resource table; len 0: none */
	uint32_t table_len;
	uint32_t irq_mode; /* RPROC_HOST_IRQ_*; written by the services alone */
	uint32_t reserved0[15];

	/* Written by the host at any time. */
	uint32_t shutdown_request;	/* not 0: please stop, then acknowledge */
	uint32_t bell;			/* rung with each kick and shutdown request; only grows */
	uint64_t irq_pending;		/* bit N: notify id N was kicked; set by the host,
					   taken to 0 by whoever dispatches it */
	uint64_t kicks[RPROC_HOST_VQS]; /* kicks of each notify id since entry; only grow */

	/* Written by the firmware. */
	uint64_t vector;	     /* void (*)(uint64_t pending), 0: none */
	uint32_t shutdown_ack;	     /* copy of shutdown_request: I have stopped */
	uint32_t watchdog_period_ms; /* not 0: armed. services->watchdog() writes it */
	uint64_t watchdog_feed;	     /* must change once a period */
	uint64_t notify_pending;     /* bit N: notify id N has news for the host */
	uint64_t notifies[RPROC_HOST_VQS];
	char message[RPROC_HOST_MESSAGE_LEN]; /* last words: services->exit() writes them */

	/* Written by the launcher when the firmware dies. */
	struct rproc_host_fault fault;
};

/*
 * What takes an instruction or a peripheral on other cores. Append only: look at
 * @size before using a member that was added later.
 */
struct rproc_host_services {
	uint64_t size; /* of this struct in bytes */
	/*
	 * Interrupts. A kick calls control->vector with the notify ids that were
	 * kicked since the last call; kicks coalesce (count with control->kicks).
	 * A shutdown request calls it with what is pending, perhaps 0. The vector
	 * runs with interrupts disabled, on a 64 KiB stack of its own; but on the
	 * caller's where it is called out of irq_enable() or wait().
	 */
	void (*irq_enable)(void);
	void (*irq_disable)(void);
	/*
	 * Sleep until an interrupt or for @timeout_us (UINT64_MAX: for ever). With
	 * interrupts disabled it takes them while it sleeps, so that
	 * `irq_disable(); while (!work) wait(...); irq_enable();` loses none. Not from
	 * the vector.
	 */
	void (*wait)(uint64_t timeout_us);
	/* Ring the host: notify id @vqid (below RPROC_HOST_VQS) has news. */
	void (*notify)(uint32_t vqid);
	/* Arm the watchdog with a period, or disarm it with 0. Also starts a new period. */
	void (*watchdog)(uint32_t period_ms);
	/* Answer control->shutdown_request: I am done, take the power away. */
	void (*shutdown_ack)(void);
	/* Nanoseconds of a clock that does not go back, the same as the host's. */
	uint64_t (*clock_ns)(void);
	/* End. A crash ("fatal error") unless the shutdown was acknowledged. */
	void (*exit)(int code, const char *message);
};

#ifdef __cplusplus
}
#endif
#endif
