/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the way from a fresh process to a running firmware: map its memory at the
 * device addresses, give up everything else, jump. Knows nothing of images: the
 * segments are in the memory already.
 */
#include "launcher.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"

#define BOOT_STACK_BYTES (256 * 1024)

typedef void (*firmware_entry)(struct rproc_host_control *control,
			       const struct rproc_host_services *services);

static _Noreturn void give_up(int error, const char *stage)
{
	struct launch_failure failure = { .error = error };
	ssize_t written;

	snprintf(failure.stage, sizeof(failure.stage), "%s", stage);
	written = write(LAUNCH_FD_STATUS, &failure, sizeof(failure));
	_exit(written == sizeof(failure) ? 1 : 2);
}

/*
 * Readable, writable and executable as a whole, as a microcontroller's memory
 * is: the host writes code through its own mapping, and a carveout may share a
 * page with anything.
 */
static void map_at(uint32_t da, uint64_t len, off_t offset, int prot, const char *stage)
{
	void *const want = (void *)(uintptr_t)da;
	void *got;

	got = mmap(want, len, prot, MAP_SHARED | MAP_FIXED_NOREPLACE, LAUNCH_FD_MEMORY, offset);
	if (got == MAP_FAILED)
		give_up(errno, stage);
	/* A kernel that does not know NOREPLACE takes the address for a hint. */
	if (got != want)
		give_up(EEXIST, stage);
}

static void limit(int resource, rlim_t value)
{
	const struct rlimit both = { .rlim_cur = value, .rlim_max = value };

	if (setrlimit(resource, &both) && errno != EPERM)
		give_up(errno, "lowering a resource limit");
}

/*
 * A program may have itself favoured over others; a firmware that spins would then take the
 * machine. What makes it humbler is kept, and so are the CPUs it may run on.
 */
static void drop_priority(void)
{
	const struct sched_param none = { 0 };
	int policy = sched_getscheduler(0);

	if ((policy == SCHED_FIFO || policy == SCHED_RR) &&
	    sched_setscheduler(0, SCHED_OTHER, &none))
		give_up(errno, "giving up real-time scheduling");
	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) < 0 && !errno && setpriority(PRIO_PROCESS, 0, 0))
		give_up(errno, "giving up priority");
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	int cap;

	/* To shrink the bounding set takes a privilege; without it there is none to lose. */
	for (cap = 0; !prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); cap++)
		;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	memset(none, 0, sizeof(none));
	if (syscall(SYS_capset, &header, none))
		give_up(errno, "dropping capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		give_up(errno, "setting no_new_privs");
}

/* Everything but the two bells and the status pipe. */
static void drop_descriptors(void)
{
	close(0);
	close(1);
	close(2);
	close(LAUNCH_FD_MEMORY);
	host_close_from(LAUNCH_FD_END);
}

int launcher_main(int argc, char **argv)
{
	struct rproc_host_control *const control =
		(struct rproc_host_control *)(uintptr_t)RPROC_HOST_CONTROL_DA;
	uint64_t window_len, entry;
	char comm[16];
	int ret;

	if (argc != 5)
		return 2;
	window_len = strtoull(argv[2], NULL, 10);
	entry = strtoull(argv[3], NULL, 10);
	/* A reset line: no firmware without its monitor. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		give_up(errno, "tying the firmware to its monitor");
	if (getppid() != (pid_t)strtol(argv[4], NULL, 10))
		give_up(ESRCH, "tying the firmware to its monitor");
	snprintf(comm, sizeof(comm), "fw:%s", argv[1]);
	prctl(PR_SET_NAME, comm, 0, 0, 0);

	map_at(RPROC_HOST_CONTROL_DA, RPROC_HOST_CONTROL_SIZE, 0, PROT_READ | PROT_WRITE,
	       "mapping the control page at 0x0fff0000");
	map_at(RPROC_HOST_WINDOW_DA, window_len, RPROC_HOST_CONTROL_SIZE,
	       PROT_READ | PROT_WRITE | PROT_EXEC, "mapping the window at 0x10000000");
	drop_descriptors();
	ret = services_init(control);
	if (!ret)
		ret = fault_init(control);
	if (ret)
		give_up(-ret, "installing the interrupt handlers");

	drop_priority();
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NOFILE, LAUNCH_FD_END);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_MEMLOCK, 0);
	/* Queued signals are counted per user: firmware would use up everybody's. */
	limit(RLIMIT_SIGPENDING, 0);
	limit(RLIMIT_STACK, BOOT_STACK_BYTES);
	drop_capabilities();
	/* Where cores go to a program, no limit prevents them; this does. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		give_up(errno, "forbidding core dumps");
	ret = seccomp_enter();
	if (ret)
		give_up(-ret, "installing the system call filter");
	close(LAUNCH_FD_STATUS);

	((firmware_entry)(uintptr_t)entry)(control, services_table());
	services_table()->exit(0, NULL);
	return 0;
}
