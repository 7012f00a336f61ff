/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rproc, the command-line tool: the commands' names, what help they give, and the
 * options all of them share. Each command is a file of its own (cmd_*.c).
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <librproc/rproc.h>
#include "mount.h"
#include "tool.h"
#include "trouble.h"

#define CHANNEL_HELP \
	"CHANNEL is a service's name, PROCESSOR:SERVICE, or a device of `rproc channels`.\n"
#define SRC_HELP "--src ADDRESS      from this address here, not the channel's own\n"

static const struct command commands[] = {
	{ "list", "list", "one line a processor: device, name, state, firmware", "", cmd_list },
	{ "status", "status [NAME]", "everything there is to say about a processor, or all",
	  "Shows the last failure's story as well, until a start succeeds.\n", cmd_status },
	{ "start", "start NAME [FIRMWARE]", "set the firmware if given, and boot or attach",
	  "FIRMWARE is a name to be searched for, or, if it begins with / or ./ or ../,\n"
	  "a file: then its directory is searched first from now on.\n"
	  "Starts are counted: starting a running processor adds a use, and as many\n"
	  "stops are needed. Returns when the processor runs, or has failed to.\n",
	  cmd_start },
	{ "stop", "stop NAME", "count down; at zero stop the processor",
	  "Works on a processor that is running, attached or crashed.\n", cmd_stop },
	{ "detach", "detach NAME", "count down; at zero leave it running on its own",
	  "`start` attaches to it again.\n", cmd_detach },
	{ "firmware", "firmware NAME [FILE]", "show, or set, what is booted next",
	  "FILE is a name or a path as for `start`. Names are searched for in the\n"
	  "directory that module/firmware_class/parameters/path of the mount names, then\n"
	  "where rprocfs --firmware-path says, then in updates/KERNEL, updates, KERNEL and\n"
	  "the top of /lib/firmware, then among the installed examples. Can be set only\n"
	  "while the processor is offline.\n",
	  cmd_firmware },
	{ "log", "log [-f] NAME | log -k [-f] [NAME]",
	  "the firmware's trace, or the framework's "
	  "lines",
	  "-f, --follow     go on as text is written, across stops and crashes\n"
	  "-k, --framework  what the framework says, of one processor or of all\n",
	  cmd_log },
	{ "crash", "crash NAME [TYPE]", "report a crash: recovery is tried",
	  "TYPE is mmufault, watchdog, fatal (the default) or a number.\n", cmd_crash },
	{ "dump", "dump FILE", "copy the oldest crash dump to FILE and release it",
	  "FILE - is the standard output. The dump is released when the copy is whole.\n",
	  cmd_dump },
	{ "watch", "watch [--until STATE[,STATE...]] [--timeout SECONDS] [NAME]",
	  "a line for every change of state",
	  "Begins with the states there are; what is read after that misses nothing.\n"
	  "--until STATE      end when NAME has been in this state, at once if it is;\n"
	  "                   with several, in all of them, one after the other\n"
	  "--timeout SECONDS  end with exit code 5 after this time\n",
	  cmd_watch },
	{ "check", "check [--json] FIRMWARE", "would this image load? Without a processor",
	  "Exit code 0: it would load; 1: it would be refused, and why; 2: usage.\n"
	  "No board is known, so every address counts as mapped.\n"
	  "--json  the verdict and what was found as one JSON object\n",
	  cmd_check },
	{ "channels", "channels [-a]", "the rpmsg channels there are, and who has them",
	  "A line each: device, processor, service, address here, address there, and the\n"
	  "device file or driver that has it, or - for nobody.\n"
	  "-a, --all  also rpmsg_ctrl, rpmsg_ns and endpoints made by programs\n",
	  cmd_channels },
	{ "ping", "ping [OPTION...] CHANNEL", "send, wait for an answer, tell how long it took",
	  "For a service that answers each message; an echo is best.\n" CHANNEL_HELP
	  "--count N          messages, one after the other; default 5\n"
	  "--size BYTES       of a message; default 16\n"
	  "--timeout SECONDS  for each answer; default 1\n" SRC_HELP
	  "Exit code 5: an answer did not come in time.\n",
	  cmd_ping },
	{ "send", "send [OPTION...] CHANNEL [MESSAGE...]", "send messages",
	  "Each MESSAGE is one; without any the standard input is one.\n" CHANNEL_HELP
	  "--hex              MESSAGEs are hexadecimal digits; so are answers\n"
	  "--reply            wait for an answer to each and print it\n"
	  "--raw              print answers as they are\n"
	  "--timeout SECONDS  for each answer; default 5\n" SRC_HELP,
	  cmd_send },
	{ "recv", "recv [OPTION...] CHANNEL", "print the messages that come, a line each",
	  "Until it is interrupted, or the channel is gone.\n" CHANNEL_HELP
	  "--first TEXT       send this first: many a firmware answers only whom it knows\n"
	  "--count N          end after N messages\n"
	  "--hex, --raw       as hexadecimal digits; as they are, nothing added\n"
	  "--timeout SECONDS  end with exit code 5 if none comes for so long\n" SRC_HELP,
	  cmd_recv },
	{ "console", "console [--timeout SECONDS] CHANNEL",
	  "a terminal on a channel; Ctrl-] leaves",
	  "On its tty if it has one, else each line is a message.\n" CHANNEL_HELP
	  "--timeout SECONDS  once the input has ended, go on until nothing came for so\n"
	  "                   long; default 1\n",
	  cmd_console },
	{ "bench", "bench [OPTION...] CHANNEL",
	  "how fast an echo service is: round trips and throughput",
	  CHANNEL_HELP "--size BYTES       of the messages of the second part; default 64\n"
		       "--timeout SECONDS  for an answer; default 5\n",
	  cmd_bench },
	{ "exec", "exec [--src ADDRESS] CHANNEL PROGRAM [ARGUMENT...]",
	  "run a program with the channel as descriptor 3",
	  "It can be read, written and polled there; the program, or the container it starts,\n"
	  "needs no access to any path. RPROC_ENDPOINT_FD is the number, LISTEN_FDS and\n"
	  "LISTEN_PID say it as sd_listen_fds(3) wants it. No other descriptor above 2 is\n"
	  "passed on. The exit code is the program's.\n" CHANNEL_HELP SRC_HELP,
	  cmd_exec },
};

/* Where summaries begin; a longer synopsis has them on the next line. */
#define COLUMN	     26
#define NUM_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fputs("usage: rproc [--mount DIR] COMMAND [ARGUMENT...]\n\n", out);
	for (size_t i = 0; i < NUM_COMMANDS; i++)
		fprintf(out, "  %-*s%s%s\n", COLUMN, commands[i].synopsis,
			strlen(commands[i].synopsis) < COLUMN ? ""
							      : "\n                            ",
			commands[i].summary);
	fputs("\nA processor is named by its name, remoteprocN, or N.\n"
	      "--mount DIR  where the files are; default " MOUNT_DEFAULT ", else the kernel's "
	      "own, " MOUNT_KERNEL "\n"
	      "`rproc COMMAND --help` says more; so does rproc(1).\n",
	      out);
}

static void print_command_help(const struct command *command)
{
	printf("usage: rproc [--mount DIR] %s\n\n%s.\n%s", command->synopsis, command->summary,
	       command->help);
}

int tool_usage(const struct invocation *invocation, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fputs("rproc: ", stderr);
	trouble_print(stderr, text, strlen(text));
	if (invocation->command)
		fprintf(stderr, "\nusage: rproc [--mount DIR] %s\n", invocation->command->synopsis);
	else
		fputs("\ntry: rproc --help\n", stderr);
	return TOOL_USAGE;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < NUM_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Options before the command. Returns the index of the command's name, or -1: ended, *ret_code. */
static int parse_options(int argc, char **argv, struct invocation *invocation, int *ret_code)
{
	int i;

	*ret_code = TOOL_OK;
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			print_help(stdout);
			return -1;
		} else if (!strcmp(argv[i], "--version")) {
			printf("rproc %s\n", rproc_version());
			return -1;
		} else if (!strncmp(argv[i], "--mount=", 8)) {
			invocation->mount = argv[i] + 8;
		} else if (!strcmp(argv[i], "--mount") && i + 1 < argc) {
			invocation->mount = argv[++i];
		} else {
			*ret_code = !strcmp(argv[i], "--mount")
					    ? tool_usage(invocation, "--mount takes a directory")
					    : tool_usage(invocation, "unknown option %s", argv[i]);
			return -1;
		}
	}
	if (i < argc)
		return i;
	print_help(stderr);
	*ret_code = TOOL_USAGE;
	return -1;
}

static int run(int argc, char **argv)
{
	struct invocation invocation = { 0 };
	int code, first;

	first = parse_options(argc, argv, &invocation, &code);
	if (first < 0)
		return code;
	invocation.command = find_command(argv[first]);
	if (!invocation.command)
		return tool_usage(&invocation, "unknown command %s", argv[first]);
	invocation.argc = argc - first;
	invocation.argv = argv + first;
	for (int i = 1; i < invocation.argc && strcmp(invocation.argv[i], "--"); i++) {
		if (strcmp(invocation.argv[i], "--help"))
			continue;
		print_command_help(invocation.command);
		return TOOL_OK;
	}
	return invocation.command->run(&invocation);
}

int main(int argc, char **argv)
{
	int code = run(argc, argv);

	/* What was lost earlier is not in the buffer any more, only in the stream's memory. */
	if ((fflush(stdout) || ferror(stdout)) && code == TOOL_OK) {
		fputs("rproc: the output could not be written\n", stderr);
		return TOOL_REFUSED;
	}
	return code;
}
