/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Long traces: read in pieces, by a reader that is held up in the middle of one while
 * the processor is stopped and started again behind it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core_images.h"
#include "recorder.h"

#define DA    0x40000000u
#define PIECE ((size_t)64 * 1024)
#define LEN   (8 * PIECE)
#define HOLE  (3 * PIECE) /* a piece that nobody can read until he is let go */

/* The trace's memory: a new one each boot, full of that boot's letter, gone when it ends. */
static char *text;
static char letter;
static int arrived[2], go_on[2];

static void *find_text(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem)
{
	struct recorder *rec = *(struct recorder **)rproc_priv(rproc);

	(void)ret_is_iomem;
	if (da >= RECORDER_RAM && len <= RECORDER_RAM_LEN &&
	    da - RECORDER_RAM <= RECORDER_RAM_LEN - len)
		return rec->ram + (da - RECORDER_RAM);
	return text && da >= DA && da - DA <= LEN - len ? text + (da - DA) : NULL;
}

static void bring_text(struct recorder *rec)
{
	(void)rec;
	text = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(text, MAP_FAILED);
	memset(text, letter, LEN);
}

static int take_text_away(struct recorder *rec, enum recorder_op op)
{
	(void)rec;
	if (op == REC_UNPREPARE && text) {
		munmap(text, LEN);
		text = NULL;
	}
	return 0;
}

static struct recorder *boot_with_text(void)
{
	const struct recorder_options options = { .no_journal = true, .da_to_va = find_text };
	struct recorder *rec = recorder_new(&options);
	struct fixture_table *table = fixture_table_new(false);
	struct fixture_image image;

	fixture_table_trace(table, DA, LEN, "long");
	image = core_image_with(table);
	recorder_use_image(rec, &image);
	rec->prepare = bring_text;
	rec->hook = take_text_away;
	letter = 'x';
	assert_int_equal(rproc_boot(rec->rproc), 0);
	return rec;
}

/* ---- where pieces meet ----------------------------------------------------------------- */

static char mark(size_t at)
{
	return (char)('a' + at % 23);
}

/* Bytes of the text that begin at @offset, all of which must be right. */
static void expect_text(struct recorder *rec, size_t offset, size_t len, size_t wanted)
{
	static char buf[LEN];
	ssize_t n = rproc_trace_read(rec->rproc, 0, buf, len, offset);
	size_t i;

	assert_int_equal(n, wanted);
	for (i = 0; i < wanted; i++)
		if (buf[i] != mark(offset + i))
			fail_msg("byte %zu is '%c'", offset + i, buf[i]);
}

static void pieces_are_one_text(void **state)
{
	struct recorder *rec = boot_with_text();
	size_t i, border, end;

	(void)state;
	for (i = 0; i < LEN; i++)
		text[i] = mark(i);
	expect_text(rec, 0, LEN, LEN);
	for (border = 0; border <= LEN; border += PIECE) {
		for (i = border ? border - 1 : 0; i <= border + 1 && i <= LEN; i++) {
			end = i + 2 < LEN ? i + 2 : LEN;
			expect_text(rec, i, 0, 0);
			expect_text(rec, i, 2, end - i);
			expect_text(rec, 0, i, i);
			expect_text(rec, i, LEN, LEN - i);
			if (i == LEN)
				continue;
			text[i] = '\0';
			expect_text(rec, 0, LEN, i);
			expect_text(rec, i, LEN, 0);
			expect_text(rec, LEN, LEN, 0);
			text[i] = mark(i);
		}
	}
	recorder_free(rec);
}

/* ---- while it is read ------------------------------------------------------------------- */

/* The reader has come to the hole: say so, and stay until told. */
static void on_fault(int number, siginfo_t *info, void *context)
{
	char *hole = text + HOLE;
	char byte = 0;

	(void)context;
	if (!text || (char *)info->si_addr < hole || (char *)info->si_addr >= hole + PIECE) {
		signal(number, SIG_DFL); /* any other is a defect: it comes again */
		return;
	}
	if (write(arrived[1], &byte, 1) != 1 || read(go_on[0], &byte, 1) != 1)
		_exit(1);
	mprotect(hole, PIECE, PROT_READ | PROT_WRITE);
}

struct reader {
	struct rproc *rproc;
	char *buf;
	ssize_t n;
};

static void *read_all(void *data)
{
	struct reader *reader = data;

	reader->n = rproc_trace_read(reader->rproc, 0, reader->buf, LEN, 0);
	return NULL;
}

static void a_reader_holds_up_nobody_but_the_end_of_the_memory(void **state)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO }, old;
	struct recorder *rec = boot_with_text();
	struct reader reader = { .rproc = rec->rproc, .buf = malloc(LEN) };
	struct rproc_trace_info *info;
	pthread_t thread;
	char byte, buf[8];
	size_t count;

	(void)state;
	assert_non_null(reader.buf);
	assert_int_equal(pipe(arrived) | pipe(go_on), 0);
	assert_int_equal(sigaction(SIGSEGV, &action, &old), 0);
	assert_int_equal(mprotect(text + HOLE, PIECE, PROT_NONE), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_all, &reader), 0);
	assert_int_equal(read(arrived[0], &byte, 1), 1);
	/* It does not hold the lock that all of these take. */
	assert_int_equal(rproc_trace_read(rec->rproc, 0, buf, sizeof(buf), PIECE), sizeof(buf));
	assert_memory_equal(buf, "xxxxxxxx", 8);
	assert_int_equal(rproc_get_traces(rec->rproc, &info, &count), 0);
	free(info);
	letter = 'y';
	assert_true(rproc_request(rec->rproc, RPROC_REQUEST_SHUTDOWN, NULL, NULL, NULL) > 0);
	assert_true(rproc_request(rec->rproc, RPROC_REQUEST_BOOT, NULL, NULL, NULL) > 0);
	recorder_wait_state(rec, RPROC_STATE_OFFLINE);
	assert_int_equal(rproc_last_error(rec->rproc, buf, sizeof(buf)), 0);
	assert_int_equal(recorder_calls(rec, REC_UNPREPARE), 0);
	assert_int_equal(write(go_on[1], &byte, 1), 1);
	pthread_join(thread, NULL);
	recorder_settle(rec);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	/* As many pieces as it got of the boot that it began to read, nothing of the other. */
	assert_in_range(reader.n, 4 * PIECE, LEN);
	assert_int_equal(reader.n % (ssize_t)PIECE, 0);
	for (count = 0; count < (size_t)reader.n; count++)
		assert_true(reader.buf[count] == 'x');
	assert_int_equal(rproc_trace_read(rec->rproc, 0, buf, sizeof(buf), 0), sizeof(buf));
	assert_memory_equal(buf, "yyyyyyyy", 8);
	recorder_free(rec);
	sigaction(SIGSEGV, &old, NULL);
	close(arrived[0]);
	close(arrived[1]);
	close(go_on[0]);
	close(go_on[1]);
	free(reader.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_one_text),
		cmocka_unit_test(a_reader_holds_up_nobody_but_the_end_of_the_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
