/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mailboxes of the STM32MP15: notifications both ways, shutdown and detach with
 * and without an answer, with interrupts and polled. The test plays the firmware by
 * writing the registers of the mailbox's other side.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "core/internal.h"
#include "stm32_fixture.h"

#define IPCC_SEND_M4 0x4c001018u /* XSCR of processor 1 */
#define IPCC_BUSY_A7 0x4c00100cu /* XTOYSR of processor 0: what the host has sent */
#define IPCC_BUSY_M4 0x4c00101cu
#define CHANNEL(n)   (1u << (n))
#define SEND(n)	     (1u << (16 + (n)))
#define SHUTDOWN_MS  40

/* A driver for the rpmsg vdev: counts what comes, and can be asked to kick. */
struct listener {
	struct rproc_vdev *vdev;
	atomic_uint notified[2];
	int fd;
};

static void on_notified(struct rproc_vdev *vdev, unsigned int index, void *data)
{
	struct listener *listener = data;

	(void)vdev;
	atomic_fetch_add(&listener->notified[index], 1);
	eventfd_write(listener->fd, 1);
}

static int listener_start(struct rproc_vdev *vdev, void *data)
{
	struct listener *listener = data;

	listener->vdev = vdev;
	rproc_vdev_set_callback(vdev, 0, on_notified, listener);
	rproc_vdev_set_callback(vdev, 1, on_notified, listener);
	return 0;
}

static void listener_stop(struct rproc_vdev *vdev, bool crashed, void *data)
{
	(void)crashed;
	(void)data;
	rproc_vdev_set_callback(vdev, 0, NULL, NULL);
	rproc_vdev_set_callback(vdev, 1, NULL, NULL);
}

static const struct rproc_vdev_driver listener_driver = {
	.id = 7, .name = "listener", .start = listener_start, .stop = listener_stop
};

static struct stm32_fixture *running(const char *board, unsigned int shutdown_ms,
				     struct listener *listener)
{
	struct fixture_image image = stm32_image(stm32_table());
	struct stm32_fixture *fix;

	assert_int_equal(stm32_open(board, shutdown_ms, &fix), 0);
	if (listener) {
		*listener = (struct listener){ .fd = eventfd(0, EFD_CLOEXEC) };
		assert_int_equal(
			rproc_context_add_vdev_driver(fix->context, &listener_driver, listener), 0);
	}
	stm32_use(fix, &image);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	return fix;
}

static void stop_and_close(struct stm32_fixture *fix, struct listener *listener)
{
	stm32_command(fix, "ack on");
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	stm32_close(fix);
	if (listener)
		close(listener->fd);
}

static void wait_notified(struct listener *listener, unsigned int index, unsigned int count)
{
	eventfd_t ignored;

	while (atomic_load(&listener->notified[index]) < count) {
		stm32_wait_readable(listener->fd);
		eventfd_read(listener->fd, &ignored);
	}
	assert_int_equal(atomic_load(&listener->notified[index]), count);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- notifications -------------------------------------------------------------------- */

static void each_message_reaches_its_vring_once(const char *board)
{
	struct listener listener;
	struct stm32_fixture *fix = running(board, 0, &listener);
	unsigned int i;

	for (i = 1; i <= 50; i++) {
		stm32_command(fix, "poke 0x%x 0x%x", IPCC_SEND_M4, SEND(0));
		wait_notified(&listener, 0, i);
		/* the host has freed the channel */
		assert_int_equal(stm32_peek(fix, IPCC_BUSY_M4), 0);
	}
	stm32_command(fix, "poke 0x%x 0x%x", IPCC_SEND_M4, SEND(1));
	wait_notified(&listener, 1, 1);
	assert_int_equal(atomic_load(&listener.notified[0]), 50);
	stop_and_close(fix, &listener);
}

static void a_message_reaches_its_vring(void **state)
{
	(void)state;
	each_message_reaches_its_vring_once("stm32mp157");
}

static void a_message_is_found_without_interrupts(void **state)
{
	(void)state;
	each_message_reaches_its_vring_once("stm32-polled");
}

static void a_kick_occupies_the_channel_of_its_vring(void **state)
{
	struct listener listener;
	struct stm32_fixture *fix = running("stm32mp157", 0, &listener);

	(void)state;
	rproc_vdev_kick(listener.vdev, 1);
	assert_int_equal(stm32_peek(fix, IPCC_BUSY_A7), CHANNEL(1));
	rproc_vdev_kick(listener.vdev, 0);
	assert_int_equal(stm32_peek(fix, IPCC_BUSY_A7), CHANNEL(0) | CHANNEL(1));
	stm32_command(fix, "poke 0x%x 0x%x", IPCC_SEND_M4, CHANNEL(0) | CHANNEL(1));
	assert_int_equal(stm32_peek(fix, IPCC_BUSY_A7), 0);
	stop_and_close(fix, &listener);
}

/* Until the host has sent again on channel 1: the firmware sees the channel occupied. */
static void wait_sent(struct stm32_fixture *fix)
{
	int64_t deadline = now_ms() + STM32_WAIT_MS;

	while (stm32_peek(fix, IPCC_BUSY_A7) != CHANNEL(1))
		assert_true(now_ms() < deadline);
}

static void kicks_while_the_channel_is_occupied_become_one(const char *board)
{
	struct listener listener;
	struct stm32_fixture *fix = running(board, 0, &listener);
	unsigned int i;

	for (i = 0; i < 5; i++)
		rproc_vdev_kick(listener.vdev, 1);
	wait_sent(fix);
	stm32_command(fix, "poke 0x%x 0x%x", IPCC_SEND_M4, CHANNEL(1));
	/* the four that waited are sent as one, once the channel is free */
	wait_sent(fix);
	stm32_command(fix, "poke 0x%x 0x%x", IPCC_SEND_M4, CHANNEL(1));
	assert_int_equal(stm32_peek(fix, IPCC_BUSY_A7), 0);
	/* and the next is the first again */
	rproc_vdev_kick(listener.vdev, 1);
	wait_sent(fix);
	stop_and_close(fix, &listener);
}

static void kicks_are_merged(void **state)
{
	(void)state;
	kicks_while_the_channel_is_occupied_become_one("stm32mp157");
}

static void kicks_are_merged_without_interrupts(void **state)
{
	(void)state;
	kicks_while_the_channel_is_occupied_become_one("stm32-polled");
}

/* As Linux: one is sent, twenty wait, and then the controller takes no more. */
static void kicks_that_nobody_takes_are_told(void **state)
{
	struct listener listener;
	struct stm32_fixture *fix = running("stm32mp157", 0, &listener);
	unsigned int i;

	(void)state;
	for (i = 0; i < 1 + 20; i++)
		rproc_vdev_kick(listener.vdev, 1);
	stm32_expect_no_log(fix, "stm32_rproc_kick");
	rproc_vdev_kick(listener.vdev, 1);
	rproc_vdev_kick(listener.vdev, 1);
	stm32_expect_log(fix, "<3> remoteproc remoteproc0: stm32_rproc_kick: failed (vq1, "
			      "err:-105)\n");
	stm32_expect_story(fix, "kick: vring 1 of vdev 0 (notify id 1): IPCC channel 1 (vq1) is "
				"occupied and 20 kicks wait");
	stm32_expect_story(fix, "; 2 so far (ENOBUFS)");
	/* The other channel knows nothing of it, and once it is free all is well again. */
	stm32_forget_log(fix);
	rproc_vdev_kick(listener.vdev, 0);
	stm32_command(fix, "poke 0x%x 0x%x", IPCC_SEND_M4, CHANNEL(0) | CHANNEL(1));
	wait_sent(fix);
	for (i = 0; i < 20; i++)
		rproc_vdev_kick(listener.vdev, 1);
	stm32_expect_story(fix, "; 2 so far (ENOBUFS)");
	stm32_expect_no_log(fix, "stm32_rproc_kick");
	stop_and_close(fix, &listener);
}

static void nothing(void *arg)
{
	(void)arg;
}

/* Until the loop has seen what was pending: a second call comes in a round of its own. */
static void let_the_loop_turn(struct stm32_fixture *fix)
{
	rproc_loop_call(fix->context->loop, nothing, NULL);
	rproc_loop_call(fix->context->loop, nothing, NULL);
}

static void a_message_to_a_stopped_processor_is_dropped(void **state)
{
	struct listener listener;
	struct stm32_fixture *fix = running("stm32mp157", 0, &listener);

	(void)state;
	stm32_command(fix, "ack on");
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	stm32_command(fix, "ack off");
	stm32_command(fix, "poke 0x%x 0x%x", IPCC_SEND_M4, SEND(0));
	let_the_loop_turn(fix);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	stm32_command(fix, "poke 0x%x 0x%x", IPCC_SEND_M4, SEND(1));
	wait_notified(&listener, 1, 1);
	assert_int_equal(atomic_load(&listener.notified[0]), 0);
	stop_and_close(fix, &listener);
}

/* ---- shutdown and detach --------------------------------------------------------------------- */

static void a_shutdown_without_answer_waits_and_stops_all_the_same(const char *board)
{
	struct stm32_fixture *fix = running(board, SHUTDOWN_MS, NULL);
	int64_t begun = now_ms();

	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	assert_true(now_ms() - begun >= SHUTDOWN_MS);
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_OFFLINE);
	stm32_expect_log(fix, "<4> remoteproc remoteproc0: warning: remote FW shutdown without "
			      "ack\n");
	stm32_expect_story(fix, "channel 2 still occupied after 40 ms: the firmware never cleared "
				"XSCR bit 2");
	/* the next boot is as any other, and an answer in time leaves no story */
	stm32_forget_log(fix);
	stm32_command(fix, "ack on");
	assert_int_equal(rproc_boot(fix->rproc), 0);
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	stm32_expect_no_log(fix, "without ack");
	stm32_close(fix);
}

static void a_shutdown_may_stay_without_answer(void **state)
{
	(void)state;
	a_shutdown_without_answer_waits_and_stops_all_the_same("stm32mp157");
}

static void a_shutdown_may_stay_without_answer_and_interrupts(void **state)
{
	(void)state;
	a_shutdown_without_answer_waits_and_stops_all_the_same("stm32-polled");
}

static void an_answer_ends_the_wait_at_once(void **state)
{
	struct stm32_fixture *fix = running("stm32mp157", STM32_WAIT_MS, NULL);
	int64_t begun = now_ms();

	(void)state;
	stm32_command(fix, "ack on");
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	assert_true(now_ms() - begun < STM32_WAIT_MS / 2);
	stm32_close(fix);
}

static struct stm32_fixture *attached(const char *board)
{
	struct stm32_fixture *fix = stm32_new_unprobed(board, SHUTDOWN_MS);

	stm32_bootloader(fix, stm32_table());
	assert_int_equal(stm32_probe_board(fix, board), 0);
	assert_int_equal(rproc_boot(fix->rproc), 0);
	return fix;
}

static void a_detach_without_answer_waits_two_fifths(void **state)
{
	struct stm32_fixture *fix = attached("stm32mp157");
	int64_t begun = now_ms();

	(void)state;
	assert_int_equal(rproc_detach(fix->rproc), 0);
	assert_true(now_ms() - begun >= SHUTDOWN_MS * 2 / 5);
	assert_int_equal(rproc_state(fix->rproc), RPROC_STATE_DETACHED);
	stm32_expect_log(fix, "<4> remoteproc remoteproc0: warning: remote FW detach without "
			      "ack\n");
	stm32_expect_story(fix, "channel 3 still occupied after 16 ms");
	stm32_close(fix);
}

static void a_firmware_that_is_not_told_of_a_detach_is_mentioned(void **state)
{
	struct stm32_fixture *fix = attached("stm32-nodetach");

	(void)state;
	stm32_expect_log(fix,
			 "<3> stm32-rproc 10000000.m4: mbox_request_channel_byname() could not "
			 "locate channel named \"detach\"\n");
	stm32_expect_log(fix, "<4> remoteproc remoteproc0: cannot get detach mbox\n");
	assert_int_equal(rproc_detach(fix->rproc), 0);
	stm32_expect_story(fix, "mbox-names has no \"detach\"");
	stm32_expect_no_log(fix, "without ack");
	stm32_close(fix);
}

static void a_processor_without_mailboxes_starts_and_stops(void **state)
{
	struct stm32_fixture *fix = running("stm32-bare", 0, NULL);

	(void)state;
	stm32_expect_log(fix, "cannot get vq0 mbox");
	stm32_expect_log(fix, "cannot get shutdown mbox");
	assert_int_equal(rproc_shutdown(fix->rproc), 0);
	stm32_expect_no_log(fix, "without ack");
	stm32_close(fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_reaches_its_vring),
		cmocka_unit_test(a_message_is_found_without_interrupts),
		cmocka_unit_test(a_kick_occupies_the_channel_of_its_vring),
		cmocka_unit_test(kicks_are_merged),
		cmocka_unit_test(kicks_are_merged_without_interrupts),
		cmocka_unit_test(kicks_that_nobody_takes_are_told),
		cmocka_unit_test(a_message_to_a_stopped_processor_is_dropped),
		cmocka_unit_test(a_shutdown_may_stay_without_answer),
		cmocka_unit_test(a_shutdown_may_stay_without_answer_and_interrupts),
		cmocka_unit_test(an_answer_ends_the_wait_at_once),
		cmocka_unit_test(a_detach_without_answer_waits_two_fifths),
		cmocka_unit_test(a_firmware_that_is_not_told_of_a_detach_is_mentioned),
		cmocka_unit_test(a_processor_without_mailboxes_starts_and_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
