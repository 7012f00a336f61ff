/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host processor's node in a device tree, and what firmware gets that asks
 * for memory and vrings: through the public API, with trees written here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <librproc/driver.h>

#include "channel.h"
#include "dtb_writer.h"
#include "host_fixture.h"

#define VDEV_ID 42

extern const struct rproc_plugin rproc_plugin_host;

static char state_dir[64], name[16];
static struct rproc_context *context;
static int told; /* eventfd: a vring's callback ran */
static atomic_uint rung[2];
static struct rproc_vdev *the_vdev;

static void on_vring(struct rproc_vdev *vdev, unsigned int index, void *data)
{
	uint64_t one = 1;

	(void)vdev;
	(void)data;
	atomic_fetch_add(&rung[index], 1);
	assert_int_equal(write(told, &one, sizeof(one)), sizeof(one));
}

static int vdev_start(struct rproc_vdev *vdev, void *data)
{
	(void)data;
	the_vdev = vdev;
	rproc_vdev_set_callback(vdev, 0, on_vring, NULL);
	rproc_vdev_set_callback(vdev, 1, on_vring, NULL);
	return 0;
}

static void vdev_stop(struct rproc_vdev *vdev, bool crashed, void *data)
{
	(void)vdev;
	(void)crashed;
	(void)data;
	the_vdev = NULL;
}

static const struct rproc_vdev_driver vdev_driver = {
	.id = VDEV_ID,
	.name = "test",
	.start = vdev_start,
	.stop = vdev_stop,
};

static void new_context(void)
{
	const struct rproc_context_options options = {
		.size = sizeof(options),
		.firmware_dirs = HOST_TEST_FIRMWARE_DIR,
		.state_dir = state_dir,
		.plugin_path = "/nonexistent",
	};

	assert_int_equal(rproc_context_new(&options, &context), 0);
	assert_int_equal(rproc_context_add_plugin(context, &rproc_plugin_host), 0);
	assert_int_equal(rproc_context_add_vdev_driver(context, &vdev_driver, NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	snprintf(state_dir, sizeof(state_dir), "/tmp/host-test.XXXXXX");
	assert_non_null(mkdtemp(state_dir));
	snprintf(name, sizeof(name), "b%x", (unsigned int)getpid());
	told = eventfd(0, EFD_CLOEXEC);
	assert_true(told >= 0);
	atomic_store(&rung[0], 0);
	atomic_store(&rung[1], 0);
	new_context();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rproc_context_free(context);
	close(told);
	assert_true(host_fixture_await_no_processes(name));
	assert_int_equal(rmdir(state_dir), 0);
	return 0;
}

static void property_u32(struct dtb_writer *writer, const char *property, uint32_t value)
{
	const uint8_t cell[4] = { value >> 24, value >> 16 & 0xff, value >> 8 & 0xff,
				  value & 0xff };

	dtb_property(writer, property, cell, sizeof(cell));
}

/* A board with one host processor; what add_board answered. */
static int add(const char *node, const char *firmware, const uint32_t *memory_size, bool auto_boot)
{
	struct dtb_writer writer = { 0 };
	size_t len;
	void *dtb;
	int ret;

	dtb_begin_node(&writer, "");
	dtb_begin_node(&writer, node);
	dtb_property(&writer, "compatible", "librproc,host", sizeof("librproc,host"));
	if (firmware)
		dtb_property(&writer, "firmware-name", firmware, strlen(firmware) + 1);
	if (memory_size)
		property_u32(&writer, "memory-size", *memory_size);
	if (auto_boot)
		dtb_property(&writer, "librproc,auto-boot", NULL, 0);
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	ret = rproc_context_add_board(context, dtb, len, false);
	free(dtb);
	return ret;
}

static void expect_context_story(const char *text)
{
	char story[1024];

	rproc_context_last_error(context, story, sizeof(story));
	if (!strstr(story, text))
		fail_msg("no \"%s\" in the story \"%s\"", text, story);
}

static struct rproc *get(void)
{
	struct rproc *rproc = rproc_get_by_name(context, name);

	assert_non_null(rproc);
	return rproc;
}

static void await_trace(struct rproc *rproc, const char *text, char *copy, size_t len)
{
	const int64_t deadline = host_now_ms() + HOST_TEST_MS;
	struct pollfd never = { .fd = -1 };

	do {
		memset(copy, 0, len);
		rproc_trace_read(rproc, 0, copy, len - 1, 0);
		if (strstr(copy, text))
			return;
		poll(&never, 1, 1);
	} while (host_now_ms() < deadline);
	fail_msg("no \"%s\" in the trace, but \"%s\"", text, copy);
}

static void a_memory_size_that_is_none_is_refused(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 0x1000, 0x10001, 0xe0010000, 0xffffffff };
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(add(name, "hello.elf", &sizes[i], false), -EINVAL);
		expect_context_story("a multiple of 0x10000 bytes, at most 0xe0000000");
	}
}

static void a_name_that_is_no_file_name_is_refused(void **state)
{
	char longer[100];

	(void)state;
	memset(longer, 'n', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(add(longer, "hello.elf", NULL, false), -ENAMETOOLONG);
}

static void without_a_firmware_name_it_asks_for_the_kernels(void **state)
{
	char firmware[64], want[64];
	struct rproc *rproc;

	(void)state;
	assert_int_equal(add(name, NULL, NULL, false), 1);
	rproc = get();
	rproc_firmware_name(rproc, firmware, sizeof(firmware));
	snprintf(want, sizeof(want), "rproc-%s-fw", name);
	assert_string_equal(firmware, want);
	rproc_put(rproc);
}

static void a_large_memory_and_a_small_one_boot(void **state)
{
	static const uint32_t sizes[] = { 0x20000, 128u << 20, 0xe0000000 };
	struct rproc *rproc;
	unsigned int i;
	char copy[64];

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(add(name, "hello.elf", &sizes[i], false), 1);
		rproc = get();
		assert_int_equal(rproc_boot(rproc), 0);
		await_trace(rproc, "hello", copy, sizeof(copy));
		assert_int_equal(rproc_shutdown(rproc), 0);
		rproc_put(rproc);
		rproc_context_free(context);
		new_context();
	}
}

static void auto_boot_boots(void **state)
{
	struct rproc *rproc;
	struct rproc_event event = { 0 };

	(void)state;
	assert_int_equal(add(name, "hello.elf", NULL, true), 1);
	while (event.new_state != RPROC_STATE_RUNNING) {
		if (!rproc_event_read(context, &event))
			assert_true(host_fixture_await_fd(rproc_event_fd(context)));
	}
	rproc = get();
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

/* ---- what a table asks for ----------------------------------------------------------- */

static void check_carveouts(struct rproc *rproc, uint32_t *ret_pool)
{
	struct rproc_carveout_info *info;
	size_t count, i;

	*ret_pool = 0;
	assert_int_equal(rproc_get_carveouts(rproc, &info, &count), 0);
	assert_int_equal(count, 3);
	for (i = 0; i < count; i++) {
		/* Above the image (its last byte is the top of the stack), all apart. */
		assert_in_range(info[i].da, 0x10013000, 0x10ffffff);
		assert_int_equal(info[i].pa, info[i].da);
		if (!strcmp(info[i].name, "pool"))
			*ret_pool = info[i].da;
	}
	free(info);
	assert_int_not_equal(*ret_pool, 0);
}

static void ring(unsigned int index)
{
	const unsigned int before = atomic_load(&rung[index]);
	uint64_t value;

	assert_non_null(the_vdev);
	rproc_vdev_kick(the_vdev, index);
	while (atomic_load(&rung[index]) == before) {
		assert_true(host_fixture_await_fd(told));
		assert_int_equal(read(told, &value, sizeof(value)), sizeof(value));
	}
}

static void firmware_gets_memory_and_rings(void **state)
{
	struct rproc *rproc;
	char copy[256], want[64];
	uint32_t pool;
	int i;

	(void)state;
	assert_int_equal(add(name, "rings.elf", NULL, false), 1);
	rproc = get();
	assert_int_equal(rproc_boot(rproc), 0);
	check_carveouts(rproc, &pool);
	snprintf(want, sizeof(want), "rings: pool at %u, ids 0 and 1, clean\n", pool);
	await_trace(rproc, want, copy, sizeof(copy));
	for (i = 0; i < 100; i++)
		ring((unsigned int)i % 2);
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_null(the_vdev);
	rproc_put(rproc);
}

/* The next host must find everything where the firmware still uses it. */
static void memory_and_rings_are_where_they_were_after_attach(void **state)
{
	struct rproc *rproc;
	uint32_t pool, again, word = 0;
	const void *va;
	char copy[256];

	(void)state;
	assert_int_equal(add(name, "rings.elf", NULL, false), 1);
	rproc = get();
	assert_int_equal(rproc_boot(rproc), 0);
	check_carveouts(rproc, &pool);
	await_trace(rproc, ", clean\n", copy, sizeof(copy));
	ring(0);
	assert_int_equal(rproc_detach(rproc), 0);
	rproc_put(rproc);
	rproc_context_free(context);

	new_context();
	assert_int_equal(add(name, "rings.elf", NULL, false), 1);
	rproc = get();
	assert_int_equal(rproc_state(rproc), RPROC_STATE_DETACHED);
	assert_int_equal(rproc_boot(rproc), 0);
	check_carveouts(rproc, &again);
	assert_int_equal(again, pool);
	/* Attaching wiped nothing. */
	va = rproc_da_to_va(rproc, pool, sizeof(word), NULL);
	assert_non_null(va);
	memcpy(&word, va, sizeof(word));
	assert_int_equal(word, 0x600dcafe);
	ring(0);
	ring(1);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_memory_size_that_is_none_is_refused),
		T(a_name_that_is_no_file_name_is_refused),
		T(without_a_firmware_name_it_asks_for_the_kernels),
		T(a_large_memory_and_a_small_one_boot),
		T(auto_boot_boots),
		T(firmware_gets_memory_and_rings),
		T(memory_and_rings_are_where_they_were_after_attach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
