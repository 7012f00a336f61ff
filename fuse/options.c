/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the command line. Owns the words of --help; paths come out absolute,
 * since a daemon leaves the directory it was started in.
 */
#include "options.h"
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <librproc/rproc.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "board.h"

#define EXIT_USAGE 2

enum {
	OPT_LIVE = 256,
	OPT_HW,
	OPT_BARE,
	OPT_STATE_DIR,
	OPT_UID,
	OPT_GID,
	OPT_MODE,
	OPT_MAINLINE,
	OPT_LOG_LEVEL
};

static const struct option long_options[] = {
	{ "board", required_argument, NULL, 'b' },
	{ "dtb", required_argument, NULL, 'd' },
	{ "live", no_argument, NULL, OPT_LIVE },
	{ "hw", required_argument, NULL, OPT_HW },
	{ "bare", no_argument, NULL, OPT_BARE },
	{ "firmware-path", required_argument, NULL, 'F' },
	{ "plugin-path", required_argument, NULL, 'P' },
	{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
	{ "start", required_argument, NULL, 's' },
	{ "uid", required_argument, NULL, OPT_UID },
	{ "gid", required_argument, NULL, OPT_GID },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "mainline", no_argument, NULL, OPT_MAINLINE },
	{ "foreground", no_argument, NULL, 'f' },
	{ "debug", no_argument, NULL, 'D' },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help_text[] =
	"usage: rprocfs [OPTION...] [MOUNTPOINT]\n"
	"\n"
	"Mount remote processors as the files Linux shows for its own. MOUNTPOINT "
	"is\n" OPTIONS_DEFAULT_MOUNTPOINT " unless given; rprocfs returns when the mount answers.\n"
	"\n"
	"Which processors:\n"
	"  -b, --board NAME            a built-in board (default: the first of: %s)\n"
	"  -d, --dtb FILE              a flattened device tree\n"
	"      --live                  this machine's own device tree\n"
	"      --hw devmem|uio|model   where registers and memories are: physical (default),\n"
	"                              UIO, or a machine that a plugin models\n"
	"      --bare                  with --hw model: switch the machine on, load no drivers\n"
	"  -P, --plugin-path DIR[:DIR] where plugins are\n"
	"  -s, --start NAME[=FIRMWARE] start a processor once mounted; may be repeated\n"
	"\n"
	"Firmware:\n"
	"  -F, --firmware-path DIR[:DIR]\n"
	"                              look here first, then in the kernel's directories\n"
	"                              and in %s\n"
	"\n"
	"Who may do what:\n"
	"      --uid USER              owner of the files\n"
	"      --gid GROUP             group of the files, which may then start and stop\n"
	"      --mode MODE             octal mode of state, firmware, recovery, coredump\n"
	"      --mainline              only what mainline Linux has among the mirrored files\n"
	"\n"
	"The program:\n"
	"  -f, --foreground            stay in the foreground, log to standard error\n"
	"  -D, --debug                 the same with every request, log level 7\n"
	"      --log-level N           drop lines above level N (3 errors ... 7 debug)\n"
	"      --state-dir DIR         where locks and detached processors are kept\n"
	"  -h, --help                  this text\n"
	"  -V, --version               the version\n";

/* ---- values ------------------------------------------------------------------------ */

static int bad_value(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "rprocfs: --%s %s: %s\n", option, value, wanted);
	return -EINVAL;
}

static int number(const char *text, int base, unsigned long max, unsigned long *ret_value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*ret_value = strtoul(text, &end, base);
	return *end || errno || *ret_value > max ? -EINVAL : 0;
}

static int set_uid(struct options *options, const char *text)
{
	const struct passwd *user = getpwnam(text);
	unsigned long value;

	if (user)
		value = user->pw_uid;
	else if (number(text, 10, UINT32_MAX - 1, &value))
		return bad_value("uid", text, "there is no such user");
	options->fs.uid = (uid_t)value;
	return 0;
}

static int set_gid(struct options *options, const char *text)
{
	const struct group *group = getgrnam(text);
	unsigned long value;

	if (group)
		value = group->gr_gid;
	else if (number(text, 10, UINT32_MAX - 1, &value))
		return bad_value("gid", text, "there is no such group");
	options->fs.gid = (gid_t)value;
	options->fs.have_gid = true;
	return 0;
}

static int set_mode(struct options *options, const char *text)
{
	unsigned long value;

	if (number(text, 8, 0777, &value) || value & 0111 || (value & 0600) != 0600)
		return bad_value("mode", text,
				 "an octal mode like 0660 is wanted, with 0600 and no x bits");
	options->fs.mode = (mode_t)value;
	return 0;
}

static int set_log_level(struct options *options, const char *text)
{
	unsigned long value;

	if (number(text, 10, 7, &value) || value < 1)
		return bad_value("log-level", text, "a number from 1 to 7 is wanted");
	options->log_level = (int)value;
	return 0;
}

/* Append @len bytes of a path to *@list, from the root if it is not. */
static int append_path(char **list, const char *path, size_t len)
{
	bool relative = len && *path != '/';
	char *cwd = relative ? getcwd(NULL, 0) : NULL;
	char *longer;
	int n;

	if (relative && !cwd)
		return -errno;
	n = asprintf(&longer, "%s%s%s%s%.*s", *list ? *list : "", *list ? ":" : "", cwd ? cwd : "",
		     cwd ? "/" : "", (int)len, path);
	free(cwd);
	if (n < 0)
		return -ENOMEM;
	free(*list);
	*list = longer;
	return 0;
}

/* A path, or a list of paths: a daemon has another working directory. */
static int set_path(char **field, const char *text)
{
	char *list = NULL;
	int err = 0;

	for (const char *path = text; !err && path; path = strchr(path, ':')) {
		path += path != text;
		err = append_path(&list, path, strcspn(path, ":"));
	}
	if (err) {
		fprintf(stderr, "rprocfs: %s: cannot be found from here: %s\n", text,
			strerror(-err));
		free(list);
		return err == -ENOMEM ? err : -EINVAL;
	}
	free(*field);
	*field = list;
	return 0;
}

static int add_start(struct options *options, char *text)
{
	char **starts = realloc(options->starts, (options->num_starts + 1) * sizeof(char *));

	if (!starts)
		return -ENOMEM;
	starts[options->num_starts++] = text;
	options->starts = starts;
	return 0;
}

static int set_hw(struct options *options, const char *text)
{
	if (strcmp(text, "devmem") && strcmp(text, "uio") && strcmp(text, "model"))
		return bad_value("hw", text, "devmem, uio or model is wanted");
	options->hw = text;
	return 0;
}

/* ---- the whole line ------------------------------------------------------------------- */

static int set_option(struct options *options, int option, char *value)
{
	switch (option) {
	case 'b':
		options->board = value;
		return 0;
	case 'd':
		return set_path(&options->dtb, value);
	case OPT_LIVE:
		options->live = true;
		return 0;
	case OPT_HW:
		return set_hw(options, value);
	case OPT_BARE:
		options->bare = true;
		return 0;
	case 'F':
		return set_path(&options->firmware_dirs, value);
	case 'P':
		return set_path(&options->plugin_path, value);
	case OPT_STATE_DIR:
		return set_path(&options->state_dir, value);
	case 's':
		return add_start(options, value);
	case OPT_UID:
		return set_uid(options, value);
	case OPT_GID:
		return set_gid(options, value);
	case OPT_MODE:
		return set_mode(options, value);
	case OPT_MAINLINE:
		options->fs.mainline = true;
		return 0;
	case 'D':
		options->debug = true;
		options->log_level = RPROC_LOG_DEBUG;
		/* fall through */
	case 'f':
		options->foreground = true;
		return 0;
	case OPT_LOG_LEVEL:
		return set_log_level(options, value);
	default:
		return -EINVAL; /* getopt has said why */
	}
}

/*
 * The kernel's directories, and last the one with the installed examples. Not for who
 * wants Linux as it is: the last directory decides which error a search ends with.
 */
static int complete_firmware_dirs(struct options *options)
{
	struct utsname host;
	char *all;
	int n;

	if (uname(&host))
		return -errno;
	n = asprintf(&all,
		     "%s%s/lib/firmware/updates/%s:/lib/firmware/updates:/lib/firmware/%s:"
		     "/lib/firmware%s",
		     options->firmware_dirs ? options->firmware_dirs : "",
		     options->firmware_dirs ? ":" : "", host.release, host.release,
		     options->fs.mainline ? "" : ":" RPROCFS_FIRMWARE_DIR);
	if (n < 0)
		return -ENOMEM;
	free(options->firmware_dirs);
	options->firmware_dirs = all;
	return 0;
}

static int check_together(struct options *options)
{
	int boards = !!options->board + !!options->dtb + options->live;

	if (boards > 1) {
		fprintf(stderr, "rprocfs: --board, --dtb and --live exclude each other\n");
		return -EINVAL;
	}
	if (options->bare && (!options->hw || strcmp(options->hw, "model"))) {
		fprintf(stderr, "rprocfs: --bare needs --hw model\n");
		return -EINVAL;
	}
	if (options->bare && (options->live || options->num_starts)) {
		fprintf(stderr, "rprocfs: --bare excludes --live and --start\n");
		return -EINVAL;
	}
	if (!boards)
		options->board = board_default();
	if (options->board && !board_known(options->board)) {
		fprintf(stderr, "rprocfs: no board is named %s; there are: %s\n", options->board,
			board_names());
		return -EINVAL;
	}
	return complete_firmware_dirs(options);
}

static void print_help(void)
{
	printf(help_text, board_names(), RPROCFS_FIRMWARE_DIR);
}

int options_parse(struct options *options, int argc, char **argv, int *ret_code)
{
	int option, err = 0;

	*options = (struct options){ .mountpoint = OPTIONS_DEFAULT_MOUNTPOINT,
				     .log_level = RPROC_LOG_INFO,
				     .fs.uid = geteuid(),
				     .fs.gid = getegid() };
	*ret_code = EXIT_USAGE;
	while (!err &&
	       (option = getopt_long(argc, argv, "b:d:F:P:s:fDhV", long_options, NULL)) >= 0) {
		if (option == 'h' || option == 'V') {
			*ret_code = EXIT_SUCCESS;
			if (option == 'h')
				print_help();
			else
				printf("rprocfs %s\n", rproc_version());
			return -ECANCELED;
		}
		err = set_option(options, option, optarg);
	}
	if (!err && argc - optind > 1) {
		fprintf(stderr, "rprocfs: one mount point, please: %s\n", argv[optind + 1]);
		err = -EINVAL;
	}
	if (!err && optind < argc)
		options->mountpoint = argv[optind];
	if (!err)
		err = check_together(options);
	if (err == -ENOMEM) {
		fprintf(stderr, "rprocfs: %s\n", strerror(ENOMEM));
		*ret_code = EXIT_FAILURE;
	} else if (err) {
		fprintf(stderr, "Try: rprocfs --help\n");
	}
	return err;
}

void options_fini(struct options *options)
{
	free(options->dtb);
	free(options->firmware_dirs);
	free(options->plugin_path);
	free(options->state_dir);
	free(options->starts);
}
