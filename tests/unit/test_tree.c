/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tree of the mount without FUSE: ids, names, aliases, opens, snapshots,
 * calls that are answered later, by others, or not at all.
 */
#include "fuse_front.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file whose text is in priv, and whose stores wait for the test. */
struct item {
	const char *text;
	struct node_call *stored; /* the last store; the test answers it */
	char data[8192];
	size_t size;
	unsigned int shows, cancels;
};

static void item_show(struct node_open *open, struct node_call *call)
{
	struct item *item = open->node->priv;

	item->shows++;
	text_printf(&open->text, "%s", item->text);
	node_call_done(call, 0);
}

static void item_cancel(struct node_call *call)
{
	struct item *item = call->priv;

	item->cancels++;
	node_call_done(call, -EINTR);
}

static void item_store(struct node_open *open, struct node_call *call)
{
	struct item *item = open->node->priv;

	item->stored = call;
	item->size = call->size;
	memcpy(item->data, call->data, call->size);
	call->priv = item;
	call->cancel = item_cancel;
	node_call_hold(call);
	open->node->pending++;
}

/* What the session does when the answer goes out. */
static void answer(struct item *item, struct node *node, ssize_t result)
{
	node->pending--;
	node_call_done(item->stored, result);
	node_call_put(item->stored);
	item->stored = NULL;
}

static unsigned int item_poll(struct node_open *open)
{
	return node_poll_notified(open);
}

static const struct node_ops item_ops = {
	.flags = NODE_STRICT | NODE_PAGED,
	.show = item_show,
	.store = item_store,
	.poll = item_poll,
};
static const struct node_ops nothing_ops = { .gone = -EIO, .unreadable = -EINVAL };
static const struct node_ops bare_ops = { .flags = NODE_STRICT };

struct fixture {
	struct tree *tree;
	struct front front;
	struct item item;
	struct node *node;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(tree_new(&f->tree), 0);
	front_init(&f->front, f->tree);
	f->item.text = "one two three\n";
	f->node = node_add_file(node_add_dir(tree_root(f->tree), "dir", 0755, NULL, NULL), "item",
				0644, &item_ops, &f->item);
	assert_non_null(f->node);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tree_free(f->tree);
	front_fini(&f->front);
	free(f);
	return 0;
}

/* ---- names and ids --------------------------------------------------------------------- */

static void ids_are_the_same_in_every_run(void **state)
{
	struct fixture *f = *state;
	struct tree *other;
	struct node *dir;

	assert_int_equal(tree_new(&other), 0);
	node_add_dir(tree_root(other), "first", 0755, NULL, NULL);
	dir = node_add_dir(tree_root(other), "dir", 0700, NULL, NULL);
	assert_int_equal(node_add_file(dir, "item", 0600, &bare_ops, NULL)->id, f->node->id);
	assert_int_equal(tree_root(other)->id, TREE_ROOT_ID);
	tree_free(other);
}

static void ids_are_found_and_differ(void **state)
{
	struct fixture *f = *state;
	struct node *dir = node_add_dir(tree_root(f->tree), "many", 0755, NULL, NULL);
	char name[32];

	for (int i = 0; i < 20000; i++) {
		struct node *node;

		snprintf(name, sizeof(name), "n%d", i);
		node = node_add_file(dir, name, 0644, &bare_ops, NULL);
		assert_ptr_equal(tree_find(f->tree, node->id), node);
		assert_true(node->id > TREE_ROOT_ID && node->id < UINT64_C(1) << TREE_ID_BITS);
	}
	for (int i = 0; i < 20000; i += 2) {
		snprintf(name, sizeof(name), "n%d", i);
		node_remove(node_child(dir, name));
	}
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(!node_child(dir, name), i % 2 == 0);
	}
}

static void a_name_that_is_there_is_given_back(void **state)
{
	struct fixture *f = *state;
	struct node *dir = f->node->parent;

	assert_ptr_equal(node_add_file(dir, "item", 0600, &bare_ops, NULL), f->node);
	assert_int_equal(f->node->mode, 0644);
	assert_null(node_add_file(NULL, "item", 0600, &bare_ops, NULL));
	assert_null(node_add_dir(NULL, "item", 0600, NULL, NULL));
	assert_null(node_add_link(NULL, "item", "x"));
}

static void links_and_directories_say_what_they_are(void **state)
{
	struct fixture *f = *state;
	struct node *dir = f->node->parent;
	struct stat st;

	node_add_dir(dir, "sub", 0700, NULL, NULL);
	tree_stat(dir, dir->id, &st);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(st.st_nlink, 3);
	assert_int_equal(st.st_size, 0);
	tree_stat(node_add_link(dir, "link", "../%s", "x"), 0, &st);
	assert_int_equal(st.st_mode, S_IFLNK | 0777);
	tree_stat(f->node, f->node->id, &st);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(st.st_size, 4096);
	assert_int_equal(st.st_ino, f->node->id);
	assert_string_equal(node_child(dir, "link")->target, "../x");
}

static void only_lasting_directories_and_links_may_be_remembered(void **state)
{
	struct fixture *f = *state;
	struct node *dir = f->node->parent, *gone, *below;

	gone = node_add_dir(dir, "gone", 0755, NULL, NULL);
	gone->vanishing = true;
	below = node_add_dir(gone, "below", 0755, NULL, NULL);
	assert_true(tree_entry_timeout(dir) == 1.0);
	assert_true(tree_entry_timeout(f->node) == 0.0);
	assert_true(tree_attr_timeout(f->node) == 1.0);
	assert_true(tree_entry_timeout(gone) == 0.0 && tree_attr_timeout(gone) == 0.0);
	assert_true(tree_entry_timeout(below) == 0.0);
}

/* ---- opening ------------------------------------------------------------------------------- */

static void strict_nodes_forbid_root_too(void **state)
{
	struct fixture *f = *state;
	struct node_open *open;

	f->node->mode = 0444;
	assert_int_equal(front_open(&f->front, "dir/item", O_WRONLY, &open), -EACCES);
	assert_int_equal(front_open(&f->front, "dir/item", O_RDWR, &open), -EACCES);
	f->node->mode = 0200;
	assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY, &open), -EACCES);
	f->node->mode = 0644;
	assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY | O_DIRECT, &open), -EINVAL);
	assert_int_equal(front_open(&f->front, "dir", O_RDONLY, &open), -EISDIR);
	node_add_file(f->node->parent, "lax", 0000, &nothing_ops, NULL);
	assert_int_equal(front_open(&f->front, "dir/lax", O_RDWR, &open), 0);
	node_release(open);
}

static void what_has_no_operation_answers_as_its_model(void **state)
{
	struct fixture *f = *state;

	node_add_file(f->node->parent, "bare", 0644, &bare_ops, NULL);
	node_add_file(f->node->parent, "nothing", 0600, &nothing_ops, NULL);
	assert_string_equal(front_text(&f->front, "dir/bare"), "EIO");
	assert_int_equal(front_store(&f->front, "dir/bare", "x"), -EIO);
	assert_string_equal(front_text(&f->front, "dir/nothing"), "EINVAL");
}

static void a_handle_is_of_one_incarnation(void **state)
{
	struct fixture *f = *state;
	struct node *dir = f->node->parent;
	struct node_open *old, *open;
	uint64_t id = f->node->id, handle;
	char buf[64];

	assert_int_equal(front_open(&f->front, "dir/item", O_RDWR, &old), 0);
	handle = old->handle;
	old->waiter = &id; /* somebody polls it */
	node_remove(f->node);
	assert_int_equal(f->front.woken, 1);
	f->node = node_add_file(dir, "item", 0644, &item_ops, &f->item);
	assert_int_equal(f->node->id, id);
	assert_ptr_equal(tree_open(f->tree, handle), old);
	assert_int_equal(front_pread(&f->front, old, buf, sizeof(buf), 0), -ENODEV);
	assert_int_equal(front_write(&f->front, old, "x", 1), -ENODEV);
	assert_int_equal(node_poll(old), NODE_POLL_DEFAULT | POLLERR | POLLPRI);
	assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY, &open), 0);
	assert_true(open->handle >> 32 != handle >> 32);
	node_release(old);
	assert_null(tree_open(f->tree, handle));
	assert_int_equal(front_pread(&f->front, open, buf, sizeof(buf), 0), 14);
	node_release(open);
}

static void many_opens_at_once(void **state)
{
	struct fixture *f = *state;
	struct node_open *opens[1000];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 1000; i++)
			assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY, &opens[i]), 0);
		for (int i = 0; i < 1000; i++)
			assert_ptr_equal(tree_open(f->tree, opens[i]->handle), opens[i]);
		for (int i = 0; i < 1000; i++)
			node_release(opens[i]);
	}
	assert_null(f->node->opens);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void small_steps_see_one_text(void **state)
{
	struct fixture *f = *state;
	struct node_open *open;
	char buf[64];

	assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY, &open), 0);
	assert_int_equal(front_pread(&f->front, open, buf, 4, 0), 4);
	f->item.text = "something else\n";
	assert_int_equal(front_pread(&f->front, open, buf, 64, 4), 10);
	assert_memory_equal(buf, "two three\n", 10);
	assert_int_equal(front_pread(&f->front, open, buf, 64, 14), 0);
	assert_int_equal(f->item.shows, 1);
	/* From the start again, or from anywhere else: a new one. */
	assert_int_equal(front_pread(&f->front, open, buf, 64, 0), 15);
	f->item.text = "a third\n";
	assert_int_equal(front_pread(&f->front, open, buf, 64, 2), 6);
	assert_memory_equal(buf, "third\n", 6);
	assert_int_equal(front_pread(&f->front, open, buf, 64, 100), 0);
	node_release(open);
}

static void a_reused_slot_shows_nothing_of_the_last_one(void **state)
{
	struct fixture *f = *state;
	struct node_open *open;
	char buf[64];

	assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY, &open), 0);
	assert_int_equal(front_pread(&f->front, open, buf, 4, 0), 4);
	node_release(open);
	f->item.text = "new\n";
	assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY, &open), 0);
	assert_int_equal(front_pread(&f->front, open, buf, 64, 4), 0);
	assert_int_equal(front_pread(&f->front, open, buf, 64, 0), 4);
	assert_memory_equal(buf, "new\n", 4);
	node_release(open);
}

static void each_open_is_told_of_a_change_once(void **state)
{
	struct fixture *f = *state;
	struct node_open *a, *b;
	char buf[64];
	int token;

	assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY, &a), 0);
	assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY, &b), 0);
	/* What has not been read yet is new. */
	assert_true(node_poll(a) & POLLPRI);
	front_pread(&f->front, a, buf, 64, 0);
	front_pread(&f->front, b, buf, 64, 0);
	assert_int_equal(node_poll(a), NODE_POLL_DEFAULT);
	a->waiter = b->waiter = &token;
	node_notify(f->node);
	assert_int_equal(f->front.woken, 2);
	assert_true(node_poll(a) & POLLPRI && node_poll(a) & POLLERR);
	front_pread(&f->front, a, buf, 64, 0);
	assert_false(node_poll(a) & POLLPRI);
	assert_true(node_poll(b) & POLLPRI);
	node_release(a);
	node_release(b);
}

/* ---- stores -------------------------------------------------------------------------------- */

static void a_store_takes_a_page_at_most(void **state)
{
	struct fixture *f = *state;
	struct node_open *open;
	struct node_call *call;
	char data[6000];

	memset(data, 'A', sizeof(data));
	assert_int_equal(front_open(&f->front, "dir/item", O_WRONLY, &open), 0);
	call = front_start_write(&f->front, open, data, sizeof(data));
	assert_int_equal(f->item.size, 4096);
	answer(&f->item, f->node, 4096);
	assert_int_equal(front_wait(&f->front, call, NULL), 4096);
	node_release(open);
}

static void *answer_from_afar(void *data)
{
	struct item *item = data;

	node_call_done(item->stored, 5);
	node_call_put(item->stored);
	return NULL;
}

static void a_store_is_answered_by_another_thread(void **state)
{
	struct fixture *f = *state;
	struct node_open *open;
	struct node_call *call;
	pthread_t thread;

	assert_int_equal(front_open(&f->front, "dir/item", O_WRONLY, &open), 0);
	call = front_start_write(&f->front, open, "start", 5);
	assert_false(front_take(&f->front, call, NULL, &(ssize_t){ 0 }));
	assert_int_equal(pthread_create(&thread, NULL, answer_from_afar, &f->item), 0);
	assert_int_equal(front_wait(&f->front, call, NULL), 5);
	pthread_join(thread, NULL);
	f->node->pending--;
	node_release(open);
}

static void a_cancelled_store_is_answered_once(void **state)
{
	struct fixture *f = *state;
	struct node_open *open;
	struct node_call *call;

	assert_int_equal(front_open(&f->front, "dir/item", O_WRONLY, &open), 0);
	call = front_start_write(&f->front, open, "start", 5);
	call->cancel(call);
	assert_int_equal(f->item.cancels, 1);
	assert_int_equal(front_wait(&f->front, call, NULL), -EINTR);
	node_release(open);
	/* The work went on; its answer comes to nobody and harms nobody. */
	answer(&f->item, f->node, 5);
	assert_null(f->front.done);
}

static void pending_stores_give_others_aliases(void **state)
{
	struct fixture *f = *state;
	struct node *dir = f->node->parent, *node;
	struct node_open *open, *other;
	struct node_call *call;
	uint64_t id, alias, again;

	assert_int_equal(tree_lookup(dir, "item", &node, &id), 0);
	assert_int_equal(id, f->node->id);
	assert_int_equal(node_open(f->node, id, O_WRONLY, &open), 0);
	call = front_start_write(&f->front, open, "start", 5);
	assert_int_equal(tree_lookup(dir, "item", &node, &alias), 0);
	assert_int_equal(tree_lookup(dir, "item", &node, &again), 0);
	assert_true(alias != id && again != id && alias != again);
	assert_ptr_equal(tree_find(f->tree, alias), f->node);
	assert_ptr_equal(tree_find(f->tree, again), f->node);
	/* Readers do not mind; a writer that came by the old id must look again. */
	assert_int_equal(node_open(f->node, id, O_RDONLY, &other), 0);
	node_release(other);
	assert_int_equal(node_open(f->node, id, O_WRONLY, &other), -ESTALE);
	/* Unless he cannot. */
	assert_int_equal(node_open(f->node, 0, O_WRONLY, &other), 0);
	node_release(other);
	assert_int_equal(node_open(f->node, alias, O_WRONLY, &other), 0);
	node_release(other);
	answer(&f->item, f->node, 5);
	front_wait(&f->front, call, NULL);
	/* Who was sent back gets an alias even if the store is over by now. */
	assert_int_equal(tree_lookup(dir, "item", &node, &alias), 0);
	assert_int_not_equal(alias, id);
	assert_int_equal(node_open(f->node, id, O_RDONLY, &other), -ESTALE);
	f->node->alias_until = 1; /* long past */
	assert_int_equal(tree_lookup(dir, "item", &node, &alias), 0);
	assert_int_equal(alias, id);
	node_release(open);
}

/* What sendfile(2) makes the kernel read. */
static void fill_cache(struct fixture *f, struct node_open *reader)
{
	struct node_call *call = node_call_new(NODE_CALL_READ, reader, front_completed, &f->front);

	assert_non_null(call);
	call->size = NODE_PAGE;
	call->cached = true;
	node_call_hold(call);
	node_call_start(call);
	assert_true(front_wait(&f->front, call, NULL) >= 0);
}

static void readers_beside_writers_get_aliases(void **state)
{
	struct fixture *f = *state;
	struct node *dir = f->node->parent, *node;
	struct node_open *reader, *writer, *late;
	struct node_call *call;
	char buf[NODE_PAGE];
	uint64_t id;

	/* A writer alone, or with a reader who is gone, is nothing special. */
	assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY, &reader), 0);
	front_pread(&f->front, reader, buf, 100, 0);
	node_release(reader);
	assert_int_equal(front_open(&f->front, "dir/item", O_WRONLY, &writer), 0);
	call = front_start_write(&f->front, writer, "x", 1);
	answer(&f->item, f->node, 1);
	front_wait(&f->front, call, NULL);
	assert_int_equal(tree_lookup(dir, "item", &node, &id), 0);
	assert_int_equal(id, f->node->id);
	/* One who reads meanwhile is; so is one who filled the kernel's cache. */
	for (int cached = 0; cached < 2; cached++) {
		f->node->alias_until = f->node->cached_until = 0;
		assert_int_equal(front_open(&f->front, "dir/item", O_RDONLY, &reader), 0);
		if (cached) {
			fill_cache(f, reader);
			node_release(reader);
		}
		call = front_start_write(&f->front, writer, "x", 1);
		answer(&f->item, f->node, 1);
		front_wait(&f->front, call, NULL);
		assert_int_equal(tree_lookup(dir, "item", &node, &id), 0);
		assert_int_not_equal(id, f->node->id);
		assert_int_equal(node_open(f->node, f->node->id, O_RDONLY, &late), -ESTALE);
		assert_int_equal(node_open(f->node, id, O_RDONLY, &late), 0);
		node_release(late);
		if (!cached)
			node_release(reader);
	}
	node_release(writer);
}

static void aliases_run_out_of_numbers_not_of_sense(void **state)
{
	struct fixture *f = *state;
	struct node *node;
	uint64_t id;

	f->node->pending = 1;
	for (int i = 0; i < 70000; i++) {
		assert_int_equal(tree_lookup(f->node->parent, "item", &node, &id), 0);
		assert_true(id != f->node->id);
		assert_ptr_equal(tree_find(f->tree, id), f->node);
	}
	f->node->pending = 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(ids_are_the_same_in_every_run),
		TEST(ids_are_found_and_differ),
		TEST(a_name_that_is_there_is_given_back),
		TEST(links_and_directories_say_what_they_are),
		TEST(only_lasting_directories_and_links_may_be_remembered),
		TEST(strict_nodes_forbid_root_too),
		TEST(what_has_no_operation_answers_as_its_model),
		TEST(a_handle_is_of_one_incarnation),
		TEST(many_opens_at_once),
		TEST(small_steps_see_one_text),
		TEST(a_reused_slot_shows_nothing_of_the_last_one),
		TEST(each_open_is_told_of_a_change_once),
		TEST(a_store_takes_a_page_at_most),
		TEST(a_store_is_answered_by_another_thread),
		TEST(a_cancelled_store_is_answered_once),
		TEST(pending_stores_give_others_aliases),
		TEST(readers_beside_writers_get_aliases),
		TEST(aliases_run_out_of_numbers_not_of_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
