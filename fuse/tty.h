/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A terminal in the mount: dev/ttyRPMSGN, a link to a pseudo terminal whose other end
 * is here. Knows bytes; what carries them to the firmware is its user's. All on the
 * tree's thread.
 */
#ifndef RPROCFS_TTY_H
#define RPROCFS_TTY_H

#include <stddef.h>
#include <sys/types.h>

struct node;
struct rprocfs;
struct tty;

struct tty_carrier {
	/* Bytes taken, at least 1; -EAGAIN: tty_can_send() will be called; else they are lost. */
	ssize_t (*send)(void *data, const char *bytes, size_t len);
	/* tty_receive() took less than there was; there is room again. */
	void (*room)(void *data);
};

/*
 * The next free ttyRPMSGN, as a device below @parent. -ENOSPC: there are 32; what pty(7)
 * says: no pseudo terminals here.
 */
int tty_new(struct rprocfs *fs, struct node *parent, const struct tty_carrier *carrier, void *data,
	    struct tty **ret_tty);
/* Hang up whoever has it open. */
void tty_free(struct tty *tty);
/* From the firmware. Returns the bytes that found room. */
size_t tty_receive(struct tty *tty, const char *bytes, size_t len);
void tty_can_send(struct tty *tty);
/* Serve those that can be read or written. */
void ttys_ready(struct rprocfs *fs);

#endif
