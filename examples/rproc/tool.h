/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of the command-line tool share: exit codes, the command
 * table's row, and the commands. Knows nothing of how a command works.
 */
#ifndef RPROC_TOOL_H
#define RPROC_TOOL_H

/* Exit codes; rproc.1 documents them for scripts. */
enum tool_exit {
	TOOL_OK = 0,
	TOOL_REFUSED = 1,      /* asked for and refused: the errno is in the message */
	TOOL_USAGE = 2,	       /* the command line makes no sense */
	TOOL_NO_PROCESSOR = 3, /* no processor or channel of that name */
	TOOL_NO_MOUNT = 4,     /* neither a mount nor a kernel with remoteproc */
	TOOL_TIMEOUT = 5       /* --timeout ran out */
};

struct command;

/* What a command is called with: argv[0] is the command's name. */
struct invocation {
	const struct command *command;
	const char *mount; /* of --mount, or NULL: look for one */
	int argc;
	char **argv;
};

struct command {
	const char *name;
	const char *synopsis;
	const char *summary; /* a line for the list of commands */
	const char *help;    /* more, for `rproc COMMAND --help` */
	int (*run)(const struct invocation *invocation);
};

int cmd_list(const struct invocation *invocation);
int cmd_status(const struct invocation *invocation);
int cmd_start(const struct invocation *invocation);
int cmd_stop(const struct invocation *invocation);
int cmd_detach(const struct invocation *invocation);
int cmd_firmware(const struct invocation *invocation);
int cmd_crash(const struct invocation *invocation);
int cmd_log(const struct invocation *invocation);
int cmd_dump(const struct invocation *invocation);
int cmd_watch(const struct invocation *invocation);
int cmd_check(const struct invocation *invocation);
int cmd_channels(const struct invocation *invocation);
int cmd_ping(const struct invocation *invocation);
int cmd_send(const struct invocation *invocation);
int cmd_recv(const struct invocation *invocation);
int cmd_console(const struct invocation *invocation);
int cmd_bench(const struct invocation *invocation);
int cmd_exec(const struct invocation *invocation);

/* Say what is wrong with the command line and how it is used; returns TOOL_USAGE. */
int tool_usage(const struct invocation *invocation, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
