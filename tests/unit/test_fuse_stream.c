/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Record streams: every open has its own place, readers wait, are told when
 * they were too slow, and can be cancelled.
 */
#include "fuse_front.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "stream.h"

#define KEPT 8

struct fixture {
	struct tree *tree;
	struct front front;
	struct stream *stream;
	struct node *node;
	atomic_uint kicks;
};

static void kick(void *data)
{
	atomic_fetch_add(&((struct fixture *)data)->kicks, 1);
}

static void idle(void *data)
{
	struct fixture *f = data;

	stream_wake(f->stream, f->node);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(tree_new(&f->tree), 0);
	assert_int_equal(stream_new(KEPT, kick, f, &f->stream), 0);
	front_init(&f->front, f->tree);
	f->front.idle = idle;
	f->front.data = f;
	f->node = node_add_file(tree_root(f->tree), "log", 0444, &stream_ops, f->stream);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tree_free(f->tree);
	stream_free(f->stream);
	front_fini(&f->front);
	free(f);
	return 0;
}

static void format(struct text *text, uint64_t number, void *data)
{
	text_printf(text, "%llu %s\n", (unsigned long long)number, (const char *)data);
}

static void append(struct fixture *f, const char *text)
{
	stream_append(f->stream, format, (void *)text);
}

static struct node_open *open_log(struct fixture *f)
{
	struct node_open *open;

	assert_int_equal(front_open(&f->front, "log", O_RDONLY, &open), 0);
	return open;
}

/* The next record, or the errno's name. */
static const char *next(struct fixture *f, struct node_open *open, size_t size)
{
	static char buf[256];
	ssize_t n;

	n = front_wait(&f->front, front_start_read(&f->front, open, size, 0, true), buf);
	if (n < 0)
		return strerrorname_np((int)-n);
	buf[n] = '\0';
	return buf;
}

static void each_open_reads_all_that_is_kept(void **state)
{
	struct fixture *f = *state;
	struct node_open *a, *b;

	append(f, "one");
	/* Nobody has it open, so nobody is to be woken. */
	assert_int_equal(atomic_load(&f->kicks), 0);
	a = open_log(f);
	append(f, "two");
	b = open_log(f);
	assert_string_equal(next(f, a, 100), "0 one\n");
	assert_string_equal(next(f, a, 100), "1 two\n");
	assert_string_equal(next(f, a, 100), "EAGAIN");
	assert_string_equal(next(f, b, 100), "0 one\n");
	assert_int_equal(atomic_load(&f->kicks), 1);
	node_release(a);
	append(f, "three");
	assert_int_equal(atomic_load(&f->kicks), 2);
	node_release(b);
	append(f, "four");
	assert_int_equal(atomic_load(&f->kicks), 2);
}

static void a_record_that_does_not_fit_is_not_cut(void **state)
{
	struct fixture *f = *state;
	struct node_open *open = open_log(f);

	append(f, "one");
	assert_string_equal(next(f, open, 5), "EINVAL");
	assert_string_equal(next(f, open, 6), "0 one\n");
	node_release(open);
}

static void who_is_too_slow_is_told_once(void **state)
{
	struct fixture *f = *state;
	struct node_open *open = open_log(f);

	for (int i = 0; i < KEPT + 3; i++)
		append(f, "x");
	assert_true(node_poll(open) & POLLERR);
	assert_string_equal(next(f, open, 100), "EPIPE");
	assert_string_equal(next(f, open, 100), "3 x\n");
	node_release(open);
	/* A new open begins with the oldest and has missed nothing. */
	open = open_log(f);
	assert_string_equal(next(f, open, 100), "3 x\n");
	node_release(open);
}

static void *append_from_afar(void *data)
{
	append(data, "later");
	return NULL;
}

static void a_reader_waits_for_the_next_record(void **state)
{
	struct fixture *f = *state;
	struct node_open *open = open_log(f);
	struct node_call *call = front_start_read(&f->front, open, 100, 0, false);
	pthread_t thread;
	char buf[100];

	assert_false(front_take(&f->front, call, buf, &(ssize_t){ 0 }));
	assert_int_equal(pthread_create(&thread, NULL, append_from_afar, f), 0);
	assert_int_equal(front_wait(&f->front, call, buf), 8);
	assert_memory_equal(buf, "0 later\n", 8);
	pthread_join(thread, NULL);
	node_release(open);
}

static void a_waiting_reader_can_be_cancelled(void **state)
{
	struct fixture *f = *state;
	struct node_open *open = open_log(f);
	struct node_call *calls[3];
	char buf[100];

	for (int i = 0; i < 3; i++)
		calls[i] = front_start_read(&f->front, open, 100, 0, false);
	calls[1]->cancel(calls[1]);
	assert_int_equal(front_wait(&f->front, calls[1], buf), -EINTR);
	append(f, "a");
	append(f, "b");
	/* Two readers of one position: each record goes to one of them. */
	assert_int_equal(front_wait(&f->front, calls[0], buf), 4);
	assert_int_equal(front_wait(&f->front, calls[2], buf), 4);
	node_release(open);
}

static void polls_are_woken_by_a_record_and_only_by_that(void **state)
{
	struct fixture *f = *state;
	struct node_open *open = open_log(f);
	int token;

	assert_int_equal(node_poll(open), 0);
	open->waiter = &token;
	idle(f);
	assert_int_equal(f->front.woken, 0);
	append(f, "one");
	idle(f);
	assert_int_equal(f->front.woken, 1);
	assert_int_equal(node_poll(open), POLLIN | POLLRDNORM);
	next(f, open, 100);
	assert_int_equal(node_poll(open), 0);
	node_release(open);
}

static void *append_many(void *data)
{
	for (int i = 0; i < 1000; i++)
		append(data, "x");
	return NULL;
}

/* Four writers race one reader: what is read is in order, and nothing is read twice. */
static void records_stand_in_the_order_of_their_numbers(void **state)
{
	struct fixture *f = *state;
	struct node_open *open = open_log(f);
	unsigned long long number, last = 0;
	bool first = true;
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, append_many, f), 0);
	do {
		const char *record = next(f, open, 100);

		if (sscanf(record, "%llu x", &number) != 1) {
			assert_true(!strcmp(record, "EPIPE") || !strcmp(record, "EAGAIN"));
			continue;
		}
		assert_true(first || number > last);
		first = false;
		last = number;
	} while (first || last < 3999);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(stream_next(f->stream), 4000);
	node_release(open);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_open_reads_all_that_is_kept),
		TEST(a_record_that_does_not_fit_is_not_cut),
		TEST(who_is_too_slow_is_told_once),
		TEST(a_reader_waits_for_the_next_record),
		TEST(a_waiting_reader_can_be_cancelled),
		TEST(polls_are_woken_by_a_record_and_only_by_that),
		TEST(records_stand_in_the_order_of_their_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
