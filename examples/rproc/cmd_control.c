/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `rproc start`, `stop`, `detach`, `firmware` and `crash`: one write each, and
 * the whole story when it is refused. What is asked is counted by the server, so
 * the answer also says when a count, not the state, is what changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "mount.h"
#include "record.h"
#include "tool.h"
#include "trouble.h"

/* A processor and what is needed to tell a story about it. */
struct target {
	struct mount mount;
	struct processor processor;
	int log; /* the kernel's log from now on, where nobody writes stories; or -1 */
};

static int target_open(const struct invocation *invocation, struct target *target)
{
	int code = mount_open(invocation->mount, &target->mount);

	target->log = -1;
	if (code)
		return code;
	code = mount_resolve(&target->mount, invocation->argv[1], &target->processor);
	if (code) {
		mount_close(&target->mount);
		return code;
	}
	if (!target->mount.own)
		target->log = record_open_log(&target->mount, false);
	if (target->log >= 0)
		lseek(target->log, 0, SEEK_END);
	return TOOL_OK;
}

static void target_close(struct target *target)
{
	if (target->log >= 0)
		close(target->log);
	mount_close(&target->mount);
}

/* The kernel keeps no story; its errors of the last seconds come nearest to one. */
static void story_from_log(struct target *target, char *buf, size_t len)
{
	struct record record;
	size_t have = 0;

	while (target->log >= 0 && record_read(target->log, &record) == 1) {
		int more;

		if (!record_is_ours(&record) || record.level > 4)
			continue;
		more = snprintf(buf + have, len - have, "%s%s", have ? "\n" : "", record.text);
		if (more < 0 || (size_t)more >= len - have)
			break;
		have += (size_t)more;
	}
}

static void get_story(struct target *target, char *buf, size_t len)
{
	buf[0] = '\0';
	if (target->processor.own[0])
		mount_read(&target->mount, target->processor.own, "last_error", buf, len);
	else
		story_from_log(target, buf, len);
}

static void get_state(struct target *target, char *buf, size_t len)
{
	mount_read(&target->mount, target->processor.dir, "state", buf, len);
}

static const char *start_remedy(int error)
{
	switch (error) {
	case ENOENT:
		return "put the file where firmware is searched (`rproc firmware --help` says "
		       "where), or name it by a path: rproc start NAME ./FILE";
	case EINVAL:
		return "ask what is wrong with the image: rproc check FILE";
	case ENOMEM:
		return "compare what the image asks for with the board's memory: rproc check FILE";
	case EINTR:
		return "the start goes on without you: rproc status NAME";
	default:
		return "";
	}
}

static const char *remedy_for(const char *verb, int error, const char *state)
{
	if (error == EACCES || error == EPERM)
		return "run as root, or have the mount made for your group: rprocfs --gid GROUP; "
		       "a processor that is not yours to control has read-only files";
	if (error == ENOTCONN || error == ECONNABORTED)
		return ""; /* trouble_report() knows */
	if (!strcmp(verb, "start"))
		return start_remedy(error);
	if (!strcmp(verb, "stop") && error == EINVAL)
		return !strcmp(state, "offline") || !strcmp(state, "detached")
			       ? "nothing to stop: only a processor that is running, attached or "
				 "crashed can be stopped"
			       : "";
	if (!strcmp(verb, "detach") && error == EINVAL)
		return "only a processor that is attached can be detached (start attaches to one "
		       "that is detached), and only if its driver can";
	if (!strcmp(verb, "firmware") && error == EBUSY)
		return "stop it first: the firmware can be changed only while it is offline";
	return "";
}

/* @verb was refused with @error (positive). */
static int refused(struct target *target, const char *verb, int error, bool with_story)
{
	char what[640], state[32], why[4096] = "";

	get_state(target, state, sizeof(state));
	if (with_story)
		get_story(target, why, sizeof(why));
	/* A processor that was never asked has no story; its state often is one. */
	if (!why[0] && state[0])
		snprintf(why, sizeof(why), "%s is %s", target->processor.name, state);
	snprintf(what, sizeof(what), "%s %s", verb, target->processor.name);
	trouble_report(what, error, why, remedy_for(verb, error, state));
	return TOOL_REFUSED;
}

/*
 * Write @text to the processor's @file. A story is told only if it came as far as
 * the processor: who may not even ask would be told why somebody else was refused.
 */
static int ask(struct target *target, const char *verb, const char *file, const char *text)
{
	int fd = mount_open_file(&target->mount, target->processor.dir, file, O_WRONLY);
	int err;

	if (fd < 0)
		return refused(target, verb, -fd, false);
	err = mount_put(fd, text);
	return err ? refused(target, verb, -err, true) : TOOL_OK;
}

static void say(const struct target *target, const char *text)
{
	trouble_print(stdout, target->processor.name, strlen(target->processor.name));
	putchar(' ');
	trouble_print(stdout, text, strlen(text));
	putchar('\n');
}

/* ---- firmware ------------------------------------------------------------ */

/* Is it meant as a file, not as a name to be searched for? */
static bool is_path(const char *name)
{
	return name[0] == '/' || !strncmp(name, "./", 2) || !strncmp(name, "../", 3);
}

/*
 * The files know names only, searched in directories. A path is split: @ret_dir
 * becomes the first one searched, as an operator would do by hand.
 */
static int split_path(const char *file, char ret_dir[PATH_MAX], char ret_name[PATH_MAX])
{
	char *slash;

	if (!realpath(file, ret_dir)) {
		trouble_report(file, errno, "", "is this the file's name, seen from here?");
		return TOOL_REFUSED;
	}
	slash = strrchr(ret_dir, '/');
	snprintf(ret_name, PATH_MAX, "%s", slash + 1);
	slash[slash == ret_dir] = '\0';
	return TOOL_OK;
}

static int set_search_path(struct target *target, const char *wanted)
{
	static const char dir[] = "module/firmware_class/parameters";
	char old[512];
	int err;

	mount_read(&target->mount, dir, "path", old, sizeof(old));
	if (!strcmp(old, wanted))
		return TOOL_OK;
	err = mount_write(&target->mount, dir, "path", wanted);
	if (err) {
		trouble_report("setting the firmware search path", -err, wanted,
			       "copy the file to /lib/firmware and start it by its name");
		return TOOL_REFUSED;
	}
	fputs("firmware is now searched in ", stdout);
	trouble_print(stdout, wanted, strlen(wanted));
	fputs(" first", stdout);
	if (old[0]) {
		fputs(" (was ", stdout);
		trouble_print(stdout, old, strlen(old));
		putchar(')');
	}
	putchar('\n');
	return TOOL_OK;
}

/* The name goes first: it is what may be refused, and the path is everybody's. */
static int set_firmware(struct target *target, const char *word)
{
	char name[PATH_MAX], path[PATH_MAX] = "", old[PATH_MAX];
	int code;

	snprintf(name, sizeof(name), "%s", word);
	if (is_path(word)) {
		code = split_path(word, path, name);
		if (code)
			return code;
	}
	mount_read(&target->mount, target->processor.dir, "firmware", old, sizeof(old));
	code = ask(target, "firmware", "firmware", name);
	if (code || !path[0])
		return code;
	code = set_search_path(target, path);
	if (code)
		mount_write(&target->mount, target->processor.dir, "firmware", old);
	return code;
}

static void print_line(const char *text)
{
	trouble_print(stdout, text, strlen(text));
	putchar('\n');
}

int cmd_firmware(const struct invocation *invocation)
{
	struct target target;
	char name[4200];
	ssize_t len;
	int code;

	if (invocation->argc != 2 && invocation->argc != 3)
		return tool_usage(invocation, "`firmware` takes a processor, and a file to set");
	code = target_open(invocation, &target);
	if (code)
		return code;
	if (invocation->argc == 3) {
		code = set_firmware(&target, invocation->argv[2]);
	} else {
		len = mount_read(&target.mount, target.processor.dir, "firmware", name,
				 sizeof(name));
		if (len < 0)
			code = refused(&target, "firmware", (int)-len, false);
		else
			print_line(name);
	}
	target_close(&target);
	return code;
}

/* ---- start, stop, detach ---------------------------------------------------- */

static bool counts_only(const char *state)
{
	return !strcmp(state, "running") || !strcmp(state, "attached") || !strcmp(state, "crashed");
}

/* Say what came of it: the new state, or that a use was counted. */
static void report_outcome(struct target *target, const char *verb, const char *before)
{
	unsigned long long power;
	char after[32], text[128];

	get_state(target, after, sizeof(after));
	snprintf(text, sizeof(text), "is %s", after);
	if (!strcmp(verb, "start") && counts_only(before)) {
		snprintf(text, sizeof(text), "was %s already: a use was counted", before);
		if (mount_counter(&target->mount, &target->processor, "power", &power))
			snprintf(text, sizeof(text),
				 "was %s already: used %llu times now, and "
				 "%llu stops end it",
				 before, power, power);
	} else if (strcmp(verb, "start") && counts_only(after)) {
		snprintf(text, sizeof(text),
			 "is still %s: others use it, stop it once more for "
			 "each of them",
			 after);
	}
	say(target, text);
}

/* It was done; what the driver noticed meanwhile may still be why nothing happens. */
static void report_remarks(struct target *target)
{
	char text[4096];
	char *line, *rest = text;

	if (!target->processor.own[0] ||
	    mount_read(&target->mount, target->processor.own, "remarks", text, sizeof(text)) <= 0)
		return;
	while ((line = strsep(&rest, "\n"))) {
		fputs("  remark: ", stdout);
		print_line(line);
	}
}

static int change_state(struct target *target, const char *verb)
{
	char before[32];
	int code;

	get_state(target, before, sizeof(before));
	code = ask(target, verb, "state", verb);
	if (code != TOOL_OK)
		return code;
	report_outcome(target, verb, before);
	if (!strcmp(verb, "start") && !counts_only(before))
		report_remarks(target);
	return TOOL_OK;
}

int cmd_start(const struct invocation *invocation)
{
	struct target target;
	int code;

	if (invocation->argc != 2 && invocation->argc != 3)
		return tool_usage(invocation, "`start` takes a processor, and a firmware to set");
	code = target_open(invocation, &target);
	if (code)
		return code;
	if (invocation->argc == 3)
		code = set_firmware(&target, invocation->argv[2]);
	if (code == TOOL_OK)
		code = change_state(&target, "start");
	target_close(&target);
	return code;
}

static int one_word(const struct invocation *invocation, const char *verb)
{
	struct target target;
	int code;

	if (invocation->argc != 2)
		return tool_usage(invocation, "`%s` takes one processor", verb);
	code = target_open(invocation, &target);
	if (code)
		return code;
	code = change_state(&target, verb);
	target_close(&target);
	return code;
}

int cmd_stop(const struct invocation *invocation)
{
	return one_word(invocation, "stop");
}

int cmd_detach(const struct invocation *invocation)
{
	return one_word(invocation, "detach");
}

/* ---- crash -------------------------------------------------------------------- */

/* The number for a word, as the file wants it; NULL if it is neither word nor number. */
static const char *crash_number(const char *word)
{
	char *end;

	if (!strcmp(word, "mmufault"))
		return "0";
	if (!strcmp(word, "watchdog"))
		return "1";
	if (!strcmp(word, "fatal") || !strcmp(word, "fatal error"))
		return "2";
	if (*word < '0' || *word > '9')
		return NULL;
	strtoul(word, &end, 0);
	return *end ? NULL : word;
}

int cmd_crash(const struct invocation *invocation)
{
	const char *number;
	struct target target;
	char state[32];
	int code, err;

	if (invocation->argc != 2 && invocation->argc != 3)
		return tool_usage(invocation, "`crash` takes a processor and a type");
	number = crash_number(invocation->argc == 3 ? invocation->argv[2] : "fatal");
	if (!number)
		return tool_usage(invocation, "%s is no type of crash", invocation->argv[2]);
	code = target_open(invocation, &target);
	if (code)
		return code;
	get_state(&target, state, sizeof(state));
	err = mount_write(&target.mount, target.processor.debug, "crash", number);
	if (err)
		code = refused(&target, "crash", -err, false);
	else if (!strcmp(state, "offline"))
		say(&target, "is offline: a crash was reported and nothing comes of it");
	else
		say(&target, "was reported as crashed; `rproc watch` shows what becomes of it");
	target_close(&target);
	return code;
}
