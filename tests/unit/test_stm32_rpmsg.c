/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of rpmsg on an STM32MP15: rings and buffers lie in the reserved memory
 * that the board has for them, and where it has none in the first of the processor's.
 */
#include <errno.h>
#include "stm32_fixture.h"

#define RETRAM	0x38000000u
#define VRING0	0x10040000u
#define BUFFER	0x10042000u
#define BUFFERS 8u /* of each ring, with 512 bytes */

static struct stm32_fixture *booted(const char *board, struct fixture_table *table)
{
	struct stm32_fixture *fix = stm32_new(board);
	struct fixture_image image = stm32_image(table);

	stm32_command(fix, "ack on");
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	return fix;
}

/* A descriptor of a ring at @pa: where the buffer is. */
static uint32_t descriptor(struct stm32_fixture *fix, uint32_t pa, uint32_t index)
{
	return stm32_peek(fix, pa + 16 * index);
}

static void buffers_lie_in_the_memory_that_is_named_for_them(void **state)
{
	struct stm32_fixture *fix = booted("stm32mp157", stm32_table());

	(void)state;
	stm32_expect_log(fix, "<6> rproc-virtio rproc-virtio.0.auto: assigned reserved memory node "
			      "vdev0buffer@10042000\n");
	stm32_expect_log(fix, "<6> virtio_rpmsg_bus virtio0: rpmsg host is online\n");
	for (uint32_t i = 0; i < BUFFERS; i++)
		assert_int_equal(descriptor(fix, VRING0, i), BUFFER + 512 * i);
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	/* assigned anew by each start */
	stm32_forget_log(fix);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	stm32_expect_log(fix, "assigned reserved memory node vdev0buffer@10042000\n");
	stm32_close(fix);
}

static void without_such_memory_they_lie_in_the_first(void **state)
{
	struct stm32_fixture *fix = booted("stm32-nobuffer", stm32_table());

	(void)state;
	stm32_expect_log(fix, "assigned reserved memory node retram@38000000\n");
	assert_int_equal(descriptor(fix, VRING0, 0), RETRAM);
	stm32_close(fix);
}

static struct fixture_table *large_rings(void)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_vdev(table, 7, 0, 1);
	/* 2 x 64 x 512 bytes of buffers, and vdev0buffer has 16384 */
	fixture_table_vring(table, FIXTURE_ANY, 16, 64, 0);
	fixture_table_vring(table, FIXTURE_ANY, 16, 64, 1);
	return table;
}

static void buffers_that_do_not_fit_are_refused(void **state)
{
	struct stm32_fixture *fix = booted("stm32mp157", large_rings());

	(void)state;
	stm32_expect_log(fix, "<3> virtio_rpmsg_bus virtio0: probe with driver virtio_rpmsg_bus "
			      "failed with error -12\n");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_RUNNING);
	stm32_close(fix);
}

static void memory_that_is_no_pool_cannot_be_assigned(void **state)
{
	struct stm32_fixture *fix = stm32_new("stm32-nopool");
	struct fixture_image image = stm32_image(stm32_table());

	(void)state;
	stm32_command(fix, "ack on");
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), -ENODEV);
	stm32_expect_log(fix, "<3> rproc-virtio rproc-virtio.0.auto: Can't associate reserved "
			      "memory\n");
	stm32_expect_story(fix, "compatible with shared-dma-pool");
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_OFFLINE);
	stm32_close(fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers_lie_in_the_memory_that_is_named_for_them),
		cmocka_unit_test(without_such_memory_they_lie_in_the_first),
		cmocka_unit_test(buffers_that_do_not_fit_are_refused),
		cmocka_unit_test(memory_that_is_no_pool_cannot_be_assigned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
