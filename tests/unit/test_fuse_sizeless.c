/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files as debugfs has them: no size for who stats, one for who reads, a position
 * that writes leave alone, texts that are always new; and what poll says of files
 * that are gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include "fuse_front.h"

static const char *word = "enabled\n";

static void word_show(struct node_open *open, struct node_call *call)
{
	text_printf(&open->text, "%s", word);
	node_call_done(call, 0);
}

static void word_store(struct node_open *open, struct node_call *call)
{
	(void)open;
	word = call->data[0] == 'd' ? "disabled\n" : "enabled\n";
	node_call_done(call, (ssize_t)call->size);
}

static const struct node_ops simple_ops = { .flags = NODE_SIZELESS | NODE_SIMPLE | NODE_FRESH,
					    .gone = -EIO,
					    .show = word_show,
					    .store = word_store };
static const struct node_ops table_ops = { .flags = NODE_SIZELESS | NODE_ENDLESS,
					   .show = word_show };
static const struct node_ops sysfs_ops = { .flags = NODE_STRICT | NODE_PAGED, .show = word_show };

struct fixture {
	struct front front;
	struct tree *tree;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct node *root;

	assert_int_equal(tree_new(&fixture.tree), 0);
	front_init(&fixture.front, fixture.tree);
	root = tree_root(fixture.tree);
	assert_non_null(node_add_file(root, "simple", 0600, &simple_ops, NULL));
	assert_non_null(node_add_file(root, "table", 0400, &table_ops, NULL));
	assert_non_null(node_add_file(root, "sysfs", 0444, &sysfs_ops, NULL));
	word = "enabled\n";
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tree_free(f->tree);
	front_fini(&f->front);
	return 0;
}

static struct node_open *opened(struct fixture *f, const char *name, int flags)
{
	struct node_open *open;

	assert_int_equal(front_open(&f->front, name, flags, &open), 0);
	return open;
}

static uint64_t looked_up(struct fixture *f, const char *name)
{
	struct node *node;
	uint64_t id;

	assert_int_equal(tree_lookup(tree_root(f->tree), name, &node, &id), 0);
	assert_ptr_equal(tree_find(f->tree, id), node);
	return id;
}

static off_t size_of(const struct node_open *open, uint64_t id)
{
	struct stat st;

	tree_stat(open->node, id, &st);
	return st.st_size;
}

static void each_look_up_has_an_inode_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct node_open *open = opened(f, "simple", O_RDONLY);

	assert_int_not_equal(looked_up(f, "simple"), looked_up(f, "simple"));
	assert_int_equal(looked_up(f, "sysfs"), looked_up(f, "sysfs"));
	/* Also when all aliases have been handed out once, a reader keeps his. */
	for (int i = 0; i < 70000; i++)
		assert_int_not_equal(looked_up(f, "simple"), open->id);
	node_release(open);
}

static void who_reads_is_told_a_size_and_nobody_else(void **state)
{
	struct fixture *f = *state;
	struct node_open *reader = opened(f, "simple", O_RDONLY);
	struct node_open *writer = opened(f, "simple", O_WRONLY);

	assert_true(reader->wants_size);
	assert_false(writer->wants_size);
	assert_int_equal(size_of(reader, reader->id), NODE_PAGE);
	assert_int_equal(size_of(writer, writer->id), 0);
	assert_int_equal(size_of(reader, looked_up(f, "simple")), 0);
	node_release(writer);
	node_release(reader);
	reader = opened(f, "sysfs", O_RDONLY);
	assert_false(reader->wants_size);
	assert_int_equal(size_of(reader, looked_up(f, "sysfs")), NODE_PAGE);
	node_release(reader);
}

/* As when somebody opens /proc/self/fd/N: the inode has its size. */
static void the_second_open_of_an_inode_wants_none(void **state)
{
	struct fixture *f = *state;
	struct node_open *first = opened(f, "simple", O_RDONLY), *second;

	assert_int_equal(node_open(first->node, first->id, O_RDWR, &second), 0);
	assert_false(second->wants_size);
	node_release(first);
	assert_int_equal(size_of(second, second->id), NODE_PAGE);
	node_release(second);
}

static void the_end_is_linux_s(void **state)
{
	struct fixture *f = *state;
	struct node_open *open = opened(f, "simple", O_RDONLY);
	struct stat st;

	assert_int_equal(node_stat_end(open, &st), 0);
	assert_int_equal(st.st_size, 0);
	tree_truncate(open->node, 10);
	assert_int_equal(node_stat_end(open, &st), 0);
	assert_int_equal(st.st_size, 10);
	assert_int_equal(size_of(open, looked_up(f, "simple")), 10);
	node_remove(open->node);
	assert_int_equal(node_stat_end(open, &st), -EIO);
	node_release(open);
	open = opened(f, "table", O_RDONLY);
	assert_int_equal(node_stat_end(open, &st), -EINVAL);
	node_release(open);
	open = opened(f, "table", O_RDONLY | O_APPEND);
	assert_int_equal(node_stat_end(open, &st), 0);
	node_release(open);
	open = opened(f, "sysfs", O_RDONLY);
	tree_truncate(open->node, 10);
	assert_int_equal(node_stat_end(open, &st), 0);
	assert_int_equal(st.st_size, NODE_PAGE);
	node_release(open);
}

static void assert_read(struct fixture *f, struct node_open *open, uint64_t offset,
			const char *text)
{
	char buf[64];

	assert_int_equal(front_pread(&f->front, open, buf, sizeof(buf), offset), strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

static ssize_t write_at(struct fixture *f, struct node_open *open, const char *text,
			uint64_t offset)
{
	struct node_call *call = node_call_new(NODE_CALL_STORE, open, front_completed, &f->front);

	assert_non_null(call);
	call->data = text;
	call->size = call->data_size = strlen(text);
	call->offset = offset;
	node_call_hold(call);
	node_call_start(call);
	return front_wait(&f->front, call, NULL);
}

/* Offsets are those of FUSE, which moves the position with each write. */
static void writes_leave_the_position(void **state)
{
	struct fixture *f = *state;
	struct node_open *open = opened(f, "simple", O_RDWR);

	assert_read(f, open, 0, "enabled\n");
	assert_int_equal(write_at(f, open, "disabled", 8), 8);
	assert_read(f, open, 16, "\n");
	assert_read(f, open, 17, "");
	assert_int_equal(write_at(f, open, "enabled", 17), 7);
	assert_read(f, open, 24, "");
	/* A seek, or pread: what was asked for. */
	assert_read(f, open, 3, "bled\n");
	assert_int_equal(write_at(f, open, "disabled", 3), 8);
	assert_read(f, open, 11, "abled\n");
	node_release(open);
}

static void texts_are_new_at_every_read(void **state)
{
	struct fixture *f = *state;
	struct node_open *open = opened(f, "simple", O_RDONLY);
	struct node_open *steady = opened(f, "sysfs", O_RDONLY);
	char buf[3];

	assert_int_equal(front_pread(&f->front, open, buf, 3, 0), 3);
	assert_int_equal(front_pread(&f->front, steady, buf, 3, 0), 3);
	word = "disabled\n";
	assert_read(f, open, 3, "abled\n");
	assert_read(f, steady, 3, "bled\n");
	node_release(steady);
	node_release(open);
}

static void poll_tells_what_linux_does(void **state)
{
	struct fixture *f = *state;
	struct node_open *simple = opened(f, "simple", O_RDONLY);
	struct node_open *sysfs = opened(f, "sysfs", O_RDONLY);

	assert_int_equal(node_poll(simple), NODE_POLL_DEFAULT);
	/* Nobody has read it. */
	assert_int_equal(node_poll(sysfs), NODE_POLL_DEFAULT | POLLERR | POLLPRI);
	assert_read(f, sysfs, 0, "enabled\n");
	assert_int_equal(node_poll(sysfs), NODE_POLL_DEFAULT);
	node_remove(simple->node);
	node_remove(sysfs->node);
	assert_int_equal(node_poll(sysfs), NODE_POLL_DEFAULT | POLLERR | POLLPRI);
	assert_int_equal(node_poll(simple), NODE_POLL_DEFAULT | POLLERR | POLLHUP);
	tree_set_linux_only(f->tree);
	assert_int_equal(node_poll(simple), NODE_POLL_DEFAULT);
	node_release(sysfs);
	node_release(simple);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_look_up_has_an_inode_of_its_own),
		TEST(who_reads_is_told_a_size_and_nobody_else),
		TEST(the_second_open_of_an_inode_wants_none),
		TEST(the_end_is_linux_s),
		TEST(writes_leave_the_position),
		TEST(texts_are_new_at_every_read),
		TEST(poll_tells_what_linux_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
