/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where firmware comes from: names, the path parameter, the list of directories,
 * what each kind of bad candidate answers and that the story names every path
 * tried; buffers and descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core_images.h"
#include "core/internal.h"
#include "recorder.h"

/* Two directories, searched in that order; whichever has "fw.elf" boots. */
struct places {
	char *first, *second;
	struct recorder *rec;
	struct fixture_image image;
};

static struct places open_places(size_t max_size)
{
	struct places at = { .first = scratch_new(), .second = scratch_new() };
	struct recorder_options options = { .firmware = "fw.elf" };
	char *dirs;

	assert_true(asprintf(&dirs, "%s:%s", at.first, at.second) > 0);
	options.firmware_dirs = dirs;
	options.more.max_firmware_size = max_size;
	at.rec = recorder_new(&options);
	at.image = core_image_plain();
	free(dirs);
	return at;
}

static void close_places(struct places *at)
{
	recorder_free(at->rec);
	fixture_image_free(&at->image);
	scratch_free(at->first);
	scratch_free(at->second);
}

static void put(const struct places *at, const char *dir)
{
	scratch_write(dir, "fw.elf", at->image.data, at->image.size);
}

static void assert_boots(struct recorder *rec)
{
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
}

/* ---- names ------------------------------------------------------------------------------- */

static void names_with_a_parent_component_are_refused(void **state)
{
	static const char *const bad[] = { "", "..", "../x", "a/../b", "a/..", "/..", "a//../b" };
	static const char *const good[] = { "a",   "...",   "..a", "a..",     "a/..b", "a/b..",
					    "./a", "a/./b", "/",   "a/.../b", ".",     "/a" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rproc_firmware_name_check(bad[i]), -EINVAL);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(rproc_firmware_name_check(good[i]), 0);
}

static void a_parent_component_is_refused_with_the_kernels_line(void **state)
{
	struct recorder *rec = recorder_new(NULL);

	(void)state;
	assert_int_equal(rproc_set_firmware(rec->rproc, "a/../b"), 0);
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect(rec, "<6> powering up dsp\n"
			     "<4> Firmware load for 'a/../b' refused, path contains '..' "
			     "component\n"
			     "<3> request_firmware failed: -22\n");
	recorder_expect_story(rec, "'a/../b' has a '..' component");
	recorder_free(rec);
}

static void a_name_ends_at_its_first_newline(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	char name[32];

	(void)state;
	assert_int_equal(rproc_set_firmware(rec->rproc, NULL), -EINVAL);
	assert_int_equal(rproc_set_firmware(rec->rproc, ""), -EINVAL);
	assert_int_equal(rproc_set_firmware(rec->rproc, "\nafter"), -EINVAL);
	recorder_expect(rec, "<3> [platform dsp] can't provide empty string for firmware name\n"
			     "<3> [platform dsp] can't provide empty string for firmware name\n");
	assert_int_equal(rproc_firmware_name(rec->rproc, name, sizeof(name)), 12);
	assert_string_equal(name, "rproc-dsp-fw");
	assert_int_equal(rproc_set_firmware(rec->rproc, "one\ntwo\n"), 0);
	assert_int_equal(rproc_firmware_name(rec->rproc, name, sizeof(name)), 3);
	assert_string_equal(name, "one");
	assert_int_equal(rproc_set_firmware(rec->rproc, " any \t%s/name "), 0);
	rproc_firmware_name(rec->rproc, name, 6);
	assert_string_equal(name, " any ");
	recorder_free(rec);
}

/* In the kernel such a name overruns the page that `firmware` is read through. */
static void a_name_of_a_page_is_refused(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	char *name = malloc(5000), back[5000];

	(void)state;
	assert_non_null(name);
	memset(name, 'n', 5000);
	name[4096] = '\0';
	assert_int_equal(rproc_set_firmware(rec->rproc, name), -ENAMETOOLONG);
	recorder_expect_story(rec, "4096 bytes, 4095 are possible");
	name[4095] = '\n';
	assert_int_equal(rproc_set_firmware(rec->rproc, name), 0);
	assert_int_equal(rproc_firmware_name(rec->rproc, back, sizeof(back)), 4095);
	/* No path holds it, so the search ends there. */
	assert_int_equal(rproc_boot(rec->rproc), -ENAMETOOLONG);
	recorder_expect_line(rec, "<3> request_firmware failed: -36");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	free(name);
	recorder_free(rec);
}

/* ---- searching ------------------------------------------------------------------------------ */

static void the_first_directory_that_has_it_wins(void **state)
{
	struct places at = open_places(0);

	(void)state;
	put(&at, at.second);
	assert_boots(at.rec);
	scratch_write(at.first, "fw.elf", "no ELF", 6);
	assert_int_equal(rproc_boot(at.rec->rproc), -EINVAL);
	recorder_expect_line(at.rec, "<3> Image is too small");
	put(&at, at.first);
	scratch_write(at.second, "fw.elf", "no ELF", 6);
	assert_boots(at.rec);
	close_places(&at);
}

static void a_miss_names_every_path_tried(void **state)
{
	struct places at = open_places(0);
	char *parameter = scratch_new();
	char expected[1200];

	(void)state;
	assert_int_equal(rproc_context_set_firmware_path(at.rec->context, parameter), 0);
	assert_int_equal(rproc_boot(at.rec->rproc), -ENOENT);
	snprintf(expected, sizeof(expected), "tried %s/fw.elf, %s/fw.elf, %s/fw.elf.", parameter,
		 at.first, at.second);
	recorder_expect_story(at.rec, expected);
	recorder_expect_story(at.rec, "ENOENT");
	scratch_free(parameter);
	close_places(&at);
}

static void make_directory(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_fifo(const char *path)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void make_empty(const char *path)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

static void make_large(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	assert_int_equal(ftruncate(fd, 100001), 0);
	close(fd);
}

static void make_loop(const char *path)
{
	assert_int_equal(symlink(path, path), 0);
}

static void make_device(const char *path)
{
	assert_int_equal(symlink("/dev/zero", path), 0);
}

static const struct {
	void (*make)(const char *path);
	int error;
	const char *why;
} candidates[] = {
	{ make_directory, -EINVAL, "not a regular file, or empty" },
	{ make_fifo, -EINVAL, "not a regular file, or empty" },
	{ make_device, -EINVAL, "not a regular file, or empty" },
	{ make_empty, -EINVAL, "not a regular file, or empty" },
	{ make_large, -EFBIG, "larger than max_firmware_size" },
	{ make_loop, -ELOOP, "unreadable" },
};

static void a_bad_candidate_does_not_end_the_search_and_the_last_error_counts(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		struct places at = open_places(100000);
		char line[1200];

		candidates[i].make(scratch_path(at.first, "fw.elf"));
		/* Followed by nothing: ENOENT. */
		assert_int_equal(rproc_boot(at.rec->rproc), -ENOENT);
		snprintf(line, sizeof(line), "<4> loading %s/fw.elf failed with error %d", at.first,
			 candidates[i].error);
		recorder_expect_line(at.rec, line);
		recorder_expect_story(at.rec, candidates[i].why);
		/* Followed by a good one: that one. */
		put(&at, at.second);
		assert_boots(at.rec);
		/* In last place: its error. */
		assert_int_equal(unlink(scratch_path(at.second, "fw.elf")), 0);
		candidates[i].make(scratch_path(at.second, "fw.elf"));
		assert_int_equal(rproc_boot(at.rec->rproc), candidates[i].error);
		snprintf(line, sizeof(line),
			 "<4> Direct firmware load for fw.elf failed with error %d",
			 candidates[i].error);
		recorder_expect_line(at.rec, line);
		recorder_expect_state(at.rec, RPROC_STATE_OFFLINE, 0);
		close_places(&at);
	}
}

/* In a child that is not root, for root reads everything. 0: as it should be. */
static int boot_unreadable(void)
{
	struct places at;
	int ret;

	if (!geteuid() && setresuid(65534, 65534, 65534))
		return 1;
	at = open_places(0);
	put(&at, at.second);
	if (chmod(scratch_path(at.second, "fw.elf"), 0))
		return 2;
	ret = rproc_boot(at.rec->rproc);
	recorder_expect_story(at.rec, "fw.elf (unreadable)");
	close_places(&at);
	return ret == -EACCES ? 0 : 3;
}

static void an_unreadable_file_answers_eacces(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (!child)
		_exit(boot_unreadable());
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void names_may_have_directories_and_a_leading_slash(void **state)
{
	struct places at = open_places(0);

	(void)state;
	make_directory(scratch_path(at.second, "vendor"));
	scratch_write(at.second, "vendor/fw.elf", at.image.data, at.image.size);
	assert_int_equal(rproc_set_firmware(at.rec->rproc, "vendor/fw.elf"), 0);
	assert_boots(at.rec);
	assert_int_equal(rproc_set_firmware(at.rec->rproc, "/vendor/fw.elf"), 0);
	assert_boots(at.rec);
	assert_int_equal(rproc_set_firmware(at.rec->rproc, "vendor"), 0);
	assert_int_equal(rproc_boot(at.rec->rproc), -EINVAL);
	close_places(&at);
}

static void empty_entries_of_the_list_are_no_directories(void **state)
{
	static const char *const lists[] = { "", ":", "::" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct recorder_options options = { .firmware_dirs = lists[i] };
		struct recorder *rec = recorder_new(&options);

		assert_int_equal(rproc_set_firmware(rec->rproc, "etc/passwd"), 0);
		assert_int_equal(rproc_boot(rec->rproc), -ENOENT);
		recorder_expect_story(rec, "no directory is set");
		recorder_free(rec);
	}
}

static void a_firmware_that_changes_between_boots_is_read_again(void **state)
{
	struct places at = open_places(0);

	(void)state;
	put(&at, at.first);
	assert_boots(at.rec);
	fixture_set(&at.image, FIXTURE_E_ENTRY, 0, 0x10000010);
	put(&at, at.first);
	assert_boots(at.rec);
	assert_int_equal(rproc_bootaddr(at.rec->rproc), 0x10000010);
	close_places(&at);
}

/* ---- the path parameter -------------------------------------------------------------------- */

static void the_path_parameter_comes_first_and_ends_at_its_newline(void **state)
{
	struct places at = open_places(0);
	char *parameter = scratch_new(), *with_newline, back[256];

	(void)state;
	scratch_write(at.first, "fw.elf", "no ELF", 6);
	put(&at, parameter);
	assert_true(asprintf(&with_newline, "%s\n/elsewhere", parameter) > 0);
	assert_int_equal(rproc_context_set_firmware_path(at.rec->context, with_newline), 0);
	assert_boots(at.rec);
	/* Kept as it was written, with the newline. */
	assert_int_equal(rproc_context_firmware_path(at.rec->context, back, sizeof(back)),
			 strlen(with_newline));
	assert_string_equal(back, with_newline);
	assert_int_equal(rproc_context_set_firmware_path(at.rec->context, ""), 0);
	assert_int_equal(rproc_boot(at.rec->rproc), -EINVAL);
	free(with_newline);
	scratch_free(parameter);
	close_places(&at);
}

static void a_lone_newline_is_not_the_same_as_unset(void **state)
{
	struct places at = open_places(0);
	char *absolute;

	(void)state;
	scratch_write(at.first, "fw.elf", at.image.data, at.image.size);
	assert_true(asprintf(&absolute, "%s/fw.elf", at.first + 1) > 0);
	assert_int_equal(rproc_set_firmware(at.rec->rproc, absolute), 0);
	assert_int_equal(rproc_boot(at.rec->rproc), -ENOENT);
	/* The prefix is empty now, and /NAME is tried. */
	assert_int_equal(rproc_context_set_firmware_path(at.rec->context, "\n"), 0);
	assert_boots(at.rec);
	free(absolute);
	close_places(&at);
}

static void the_path_parameter_holds_255_bytes(void **state)
{
	struct rproc_context_options options = { .size = sizeof(options) };
	struct recorder *rec = recorder_new(NULL);
	struct rproc_context *context;
	char path[257], back[256];

	(void)state;
	memset(path, 'p', sizeof(path));
	path[256] = '\0';
	assert_int_equal(rproc_context_set_firmware_path(rec->context, path), -ENOSPC);
	assert_int_equal(rproc_context_firmware_path(rec->context, back, sizeof(back)), 0);
	options.firmware_path = path;
	assert_int_equal(rproc_context_new(&options, &context), -ENOSPC);
	path[255] = '\0';
	assert_int_equal(rproc_context_set_firmware_path(rec->context, path), 0);
	assert_int_equal(rproc_context_firmware_path(rec->context, back, sizeof(back)), 255);
	assert_string_equal(back, path);
	assert_int_equal(rproc_context_new(&options, &context), 0);
	rproc_context_free(context);
	recorder_free(rec);
}

/* ---- buffers and descriptors --------------------------------------------------------------- */

static void a_buffer_is_copied_and_kept_until_the_next_name(void **state)
{
	struct places at = open_places(0);
	char name[16];

	(void)state;
	assert_int_equal(rproc_set_firmware_buffer(at.rec->rproc, NULL, "x", 1), -EINVAL);
	assert_int_equal(rproc_set_firmware_buffer(at.rec->rproc, "n", NULL, 1), -EINVAL);
	assert_int_equal(rproc_set_firmware_buffer(at.rec->rproc, "n", "x", 0), -EINVAL);
	assert_int_equal(rproc_set_firmware_buffer(at.rec->rproc, "\n", "x", 1), -EINVAL);
	assert_int_equal(
		rproc_set_firmware_buffer(at.rec->rproc, "mine", at.image.data, at.image.size), 0);
	memset(at.image.data, 0, at.image.size);
	rproc_firmware_name(at.rec->rproc, name, sizeof(name));
	assert_string_equal(name, "mine");
	assert_boots(at.rec);
	assert_boots(at.rec);
	assert_int_equal(rproc_set_firmware(at.rec->rproc, "mine"), 0);
	assert_int_equal(rproc_boot(at.rec->rproc), -ENOENT);
	close_places(&at);
}

static void a_descriptor_is_read_whole_at_once(void **state)
{
	struct places at = open_places(0);
	int ends[2], fd;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(rproc_set_firmware_fd(at.rec->rproc, "fd", ends[0]), -EINVAL);
	recorder_expect_story(at.rec, "'fd'");
	assert_int_equal(rproc_set_firmware_fd(at.rec->rproc, "fd", -1), -EBADF);
	assert_int_equal(rproc_set_firmware_fd(at.rec->rproc, NULL, ends[0]), -EINVAL);
	close(ends[0]);
	close(ends[1]);
	put(&at, at.first);
	fd = open(scratch_path(at.first, "fw.elf"), O_RDWR);
	assert_true(fd >= 0);
	/* Wherever the descriptor stands, and it stays there. */
	assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
	assert_int_equal(rproc_set_firmware_fd(at.rec->rproc, "fd", fd), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 7);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(rproc_set_firmware_fd(at.rec->rproc, "empty", fd), -EINVAL);
	close(fd);
	assert_boots(at.rec);
	close_places(&at);
}

/* ---- auto boot ----------------------------------------------------------------------------- */

static void auto_boot_finds_its_firmware_or_says_why_not(void **state)
{
	struct recorder_options options = { .auto_boot = true, .firmware = "fw.elf" };
	struct fixture_image image = core_image_plain();
	char *dir = scratch_new();
	struct recorder *rec;

	(void)state;
	options.firmware_dirs = dir;
	/* recorder_new() would forget what the boot has logged by then. */
	assert_int_equal(recorder_open(&options, &rec), 0);
	recorder_settle(rec);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_expect_line(rec, "<3> request_firmware failed: -2");
	recorder_expect_story(rec, "fw.elf");
	recorder_free(rec);
	scratch_write(dir, "fw.elf", image.data, image.size);
	rec = recorder_new(&options);
	recorder_settle(rec);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
	options.detached = true;
	rec = recorder_new(&options);
	recorder_settle(rec);
	recorder_expect_state(rec, RPROC_STATE_ATTACHED, 1);
	recorder_free(rec);
	fixture_image_free(&image);
	scratch_free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_with_a_parent_component_are_refused),
		cmocka_unit_test(a_parent_component_is_refused_with_the_kernels_line),
		cmocka_unit_test(a_name_of_a_page_is_refused),
		cmocka_unit_test(a_name_ends_at_its_first_newline),
		cmocka_unit_test(a_miss_names_every_path_tried),
		cmocka_unit_test(a_bad_candidate_does_not_end_the_search_and_the_last_error_counts),
		cmocka_unit_test(an_unreadable_file_answers_eacces),
		cmocka_unit_test(empty_entries_of_the_list_are_no_directories),
		cmocka_unit_test(the_path_parameter_holds_255_bytes),
		cmocka_unit_test(a_lone_newline_is_not_the_same_as_unset),
		cmocka_unit_test(the_path_parameter_comes_first_and_ends_at_its_newline),
		cmocka_unit_test(the_first_directory_that_has_it_wins),
		cmocka_unit_test(names_may_have_directories_and_a_leading_slash),
		cmocka_unit_test(a_firmware_that_changes_between_boots_is_read_again),
		cmocka_unit_test(a_buffer_is_copied_and_kept_until_the_next_name),
		cmocka_unit_test(a_descriptor_is_read_whole_at_once),
		cmocka_unit_test(auto_boot_finds_its_firmware_or_says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
