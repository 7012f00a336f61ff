/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rpmsg as a small firmware needs it: the device's side of two vrings, endpoints that are
 * functions, the name service. One thread, no allocation, no libc. Include it beside crt.h;
 * rpmsg_table.c is the resource table that goes with it.
 *
 *	rpmsg_init();			// waits until the host is there
 *	rpmsg_serve("echo", 0x400, on_message);
 *	rpmsg_run();			// until the host asks to stop
 *
 * If the table offers a serial line (virtio id 11) there are no headers, names or addresses:
 * whoever listens gets all bytes that come, and what is sent to anywhere goes out as it is.
 */
#ifndef EXAMPLE_RPMSG_REMOTE_H
#define EXAMPLE_RPMSG_REMOTE_H

#include "crt.h"

#define RPMSG_NS_ADDR	53u
#define RPMSG_HEADER	16u
#define RPMSG_NAME	32u
#define RPMSG_ENDPOINTS 16u
#define RPROC_SERIAL_ID 11u

#define RPMSG_F_NS	  (1u << 0)
#define RPMSG_F_BUFSZ	  (1u << 2)
#define RPMSG_F_EVENT_IDX (1u << 29)

/* What rpmsg_table.c lays out; the host writes into it. */
struct rpmsg_vring_entry {
	uint32_t da, align, num, notifyid, pa;
};
struct rpmsg_table {
	uint32_t version, num, reserved[2];
	uint32_t offset[2];
	uint32_t trace_type, trace_da, trace_len, trace_reserved;
	char trace_name[32];
	uint32_t vdev_type, id, notifyid, dfeatures, gfeatures, config_len;
	uint8_t status, num_of_vrings, vdev_reserved[2];
	struct rpmsg_vring_entry vring[2]; /* 0: to the host, 1: from it */
	uint32_t config[2];		   /* bytes of a buffer from the host, and to it */
};
extern volatile struct rpmsg_table resource_table;

/* One split virtqueue, the device's side. */
struct rpmsg_ring {
	uint16_t num, last_avail, used_idx;
	uint16_t seen_avail; /* the host's index when it was last read */
	uint16_t told;	     /* used_idx when a notification was last thought of */
	volatile uint8_t *desc, *avail, *used;
	uint32_t notifyid;
};
extern struct rpmsg_ring rpmsg_to_host, rpmsg_from_host;

/* A message came to an address of ours. @data stays in the host's buffer: valid during the call. */
typedef void (*rpmsg_handler)(uint32_t src, uint32_t dst, const uint8_t *data, uint32_t len);

/* Wait for the host's DRIVER_OK. 0: it asks to stop instead. */
int rpmsg_init(void);
/* Listen at an address. 0: no room, or taken. */
int rpmsg_listen(uint32_t addr, rpmsg_handler handler);
/* Listen and announce. */
int rpmsg_serve(const char *name, uint32_t addr, rpmsg_handler handler);
/* Tell the host of a service, or that it is gone. */
void rpmsg_announce(const char *name, uint32_t addr, int create);
/* Send; waits for a buffer. 0: too long, or the host asks to stop. */
int rpmsg_send(uint32_t src, uint32_t dst, const void *data, uint32_t len);
/* The payload of a free buffer, its length in *ret_len; 0: there is none now. */
uint8_t *rpmsg_get_buffer(uint32_t *ret_len);
/* Send what was written to it. */
void rpmsg_send_buffer(uint32_t src, uint32_t dst, uint32_t len);
/* Handle what has come; notify the host of what was done. How many messages. */
uint32_t rpmsg_poll(void);
/* Sleep until there is something to do. */
void rpmsg_wait(void);
/* Poll and sleep until the host asks to stop, then stop. */
_Noreturn void rpmsg_run(void);

/* For those who lie: words of a ring. */
uint16_t rpmsg_read16(volatile const uint8_t *at);
void rpmsg_write16(volatile uint8_t *at, uint16_t value);
uint32_t rpmsg_read32(volatile const uint8_t *at);
void rpmsg_write32(volatile uint8_t *at, uint32_t value);
void rpmsg_copy(void *to, const void *from, uint32_t len);
void rpmsg_use(struct rpmsg_ring *ring, uint32_t id, uint32_t len);
/* The next buffer the host made available; -1: none. */
int rpmsg_take(struct rpmsg_ring *ring);
uint8_t *rpmsg_buffer(const struct rpmsg_ring *ring, uint32_t id, uint32_t *ret_len);

#endif
