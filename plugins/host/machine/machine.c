/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One program, two lives: the monitor of a processor and, exec'd again by it, the
 * launcher of a firmware. Decides which by its first argument, nothing else.
 */
#include <string.h>
#include <unistd.h>

#include "launcher.h"
#include "monitor.h"

int main(int argc, char **argv)
{
	if (argc > 0 && !strcmp(argv[0], "rproc-launcher"))
		return launcher_main(argc, argv);
	if (argc > 0 && !strcmp(argv[0], "rproc-monitor"))
		return monitor_main(argc, argv);
	return 2;
}
