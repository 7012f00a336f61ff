/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Telling a service manager how it stands, in systemd's protocol: a datagram to
 * the socket that NOTIFY_SOCKET names, nothing if it names none.
 */
#ifndef RPROCFS_NOTIFY_H
#define RPROCFS_NOTIFY_H

void notify_ready(void);
void notify_stopping(void);

#endif
