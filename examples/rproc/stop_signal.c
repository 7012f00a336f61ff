/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals to end, as a flag and as a descriptor. */
#include "stop_signal.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>

static volatile sig_atomic_t came;
static int fd = -1;

bool stop_signal_came(void)
{
	return came;
}

int stop_signal_fd(void)
{
	return fd;
}

static void stop(int signal)
{
	int saved = errno;

	(void)signal;
	came = 1;
	if (fd >= 0)
		eventfd_write(fd, 1);
	errno = saved;
}

void stop_signal_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = stop };

	if (fd < 0)
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}
