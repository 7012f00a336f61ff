/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that claims a processor from a monitor that lies, or is of another build: each
 * lie is refused with a story, and nothing of what came with it is kept.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel.h"
#include "host_fixture.h"
#include "state_dir.h"

#define SEALS	  (F_SEAL_SHRINK | F_SEAL_GROW)
#define WHOLE_LEN (RPROC_HOST_CONTROL_SIZE + HOST_TEST_WINDOW)

static struct host_fixture fixture;

/* What the far end does with one caller. */
struct liar {
	int sock; /* listening */
	int seals;
	off_t memory_len;
	unsigned int count;    /* of descriptors */
	unsigned int hang_ups; /* callers that get no answer; then it is gone */
	struct host_message hello;
	pthread_t thread;
};

/* The last caller hears of it when nobody listens any more, as where a process dies. */
static void *hang_up(void *arg)
{
	struct liar *liar = arg;
	struct host_message request;
	int caller;

	while (liar->hang_ups--) {
		caller = accept4(liar->sock, NULL, NULL, SOCK_CLOEXEC);
		host_recv(caller, &request, NULL, NULL, HOST_TEST_MS);
		if (!liar->hang_ups)
			host_close(&liar->sock);
		close(caller);
	}
	return NULL;
}

static void *answer_one(void *arg)
{
	struct liar *liar = arg;
	int fds[HELLO_FD_COUNT], caller = accept4(liar->sock, NULL, NULL, SOCK_CLOEXEC);
	struct host_message request;
	unsigned int i;

	if (host_recv(caller, &request, NULL, NULL, HOST_TEST_MS)) {
		close(caller);
		return NULL;
	}
	for (i = 0; i < HELLO_FD_COUNT; i++)
		fds[i] = i == HELLO_FD_MEMORY
				 ? memfd_create("liar", MFD_CLOEXEC | MFD_ALLOW_SEALING)
				 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!ftruncate(fds[HELLO_FD_MEMORY], liar->memory_len))
		fcntl(fds[HELLO_FD_MEMORY], F_ADD_SEALS, liar->seals);
	host_send(caller, &liar->hello, fds, liar->count);
	for (i = 0; i < HELLO_FD_COUNT; i++)
		close(fds[i]);
	close(caller);
	return NULL;
}

/* One that tells the truth; the test spoils it. */
static struct liar make_liar(void)
{
	struct liar liar = { .seals = SEALS, .memory_len = WHOLE_LEN, .count = HELLO_FD_COUNT };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	host_message_init(&liar.hello, HOST_MSG_HELLO);
	liar.hello.window_len = HOST_TEST_WINDOW;
	liar.hello.power = HOST_POWER_RUNNING;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s.sock", fixture.state_dir, fixture.name);
	liar.sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(liar.sock >= 0);
	unlink(sun.sun_path);
	assert_int_equal(bind(liar.sock, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(liar.sock, 1), 0);
	return liar;
}

static int claim_from(struct liar *liar)
{
	int ret;

	assert_int_equal(
		pthread_create(&liar->thread, NULL, liar->hang_ups ? hang_up : answer_one, liar),
		0);
	ret = host_client_claim(&fixture.client, &fixture.identity);
	pthread_join(liar->thread, NULL);
	host_close(&liar->sock);
	return ret;
}

static void refuses(struct liar *liar, int error, const char *words)
{
	int before = host_fixture_count_fds() - 1; /* the liar's own socket */

	assert_int_equal(claim_from(liar), error);
	if (!strstr(fixture.client.story, words))
		fail_msg("story \"%s\" does not say \"%s\"", fixture.client.story, words);
	assert_null(host_client_window(&fixture.client));
	assert_int_equal(host_fixture_count_fds(), before);
}

/* Memory that may shrink would end us with SIGBUS as soon as we touch it. */
static void memory_that_may_shrink_is_refused(void **state)
{
	struct liar liar = make_liar();

	(void)state;
	liar.seals = F_SEAL_GROW;
	refuses(&liar, -EPROTO, "sealed bytes");
}

static void memory_of_another_size_than_the_window_is_refused(void **state)
{
	static const off_t lens[] = { 0, RPROC_HOST_CONTROL_SIZE, WHOLE_LEN - 1, WHOLE_LEN + 1 };
	struct liar liar;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		liar = make_liar();
		liar.memory_len = lens[i];
		refuses(&liar, -EPROTO, "the memory is not");
	}
	/* With the control page this window has 4096 bytes, if 64 bits are all one counts with. */
	liar = make_liar();
	liar.memory_len = 4096;
	liar.hello.window_len = UINT64_C(4096) - RPROC_HOST_CONTROL_SIZE;
	refuses(&liar, -EPROTO, "the memory is not");
}

static void a_greeting_without_its_descriptors_is_refused(void **state)
{
	struct liar liar = make_liar();

	(void)state;
	liar.count = HELLO_FD_FIRMWARE - 1;
	refuses(&liar, -EPROTO, "lacks descriptors");
}

static void a_refusal_is_told_in_its_words_and_its_descriptors_are_closed(void **state)
{
	struct liar liar = make_liar();

	(void)state;
	liar.hello.error = -EPERM;
	snprintf(liar.hello.text, sizeof(liar.hello.text), "not on a Sunday");
	refuses(&liar, -EPERM, "not on a Sunday");
	liar = make_liar();
	liar.hello.error = -EPERM;
	refuses(&liar, -EPERM, "Operation not permitted");
	/* An error that is none. */
	liar = make_liar();
	liar.hello.error = 1;
	refuses(&liar, -EPROTO, "");
}

static void a_monitor_of_another_version_is_named_as_one(void **state)
{
	struct liar liar = make_liar();
	char words[128];

	(void)state;
	liar.hello.version++;
	refuses(&liar, -EPROTONOSUPPORT, "of another version of librproc, 3 where this is 2");
	/* The one before rang by signals alone, which a sleeping firmware does not hear. */
	liar = make_liar();
	liar.hello.version = 1;
	snprintf(words, sizeof(words),
		 "the monitor (process %d) is of another version of librproc, 1 ", (int)getpid());
	refuses(&liar, -EPROTONOSUPPORT, words);
}

/* And one that only asks what runs there, as a board does when it comes up. */
static void a_running_processor_of_another_version_is_named_as_one(void **state)
{
	struct liar liar = make_liar();
	struct host_message status;

	(void)state;
	liar.hello.version = 1;
	assert_int_equal(pthread_create(&liar.thread, NULL, answer_one, &liar), 0);
	assert_int_equal(host_client_query(&fixture.client, &fixture.identity, &status),
			 -EPROTONOSUPPORT);
	pthread_join(liar.thread, NULL);
	close(liar.sock);
	assert_non_null(strstr(fixture.client.story, "or end that process"));
}

/* The other way round: an older program hears who it is that it cannot talk to. */
static void a_program_of_another_version_is_told_and_harms_nothing(void **state)
{
	struct host_message claim, answer;
	int sock;

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	assert_int_equal(host_client_detach(&fixture.client), 0);
	host_client_power_off(&fixture.client, false);
	sock = host_state_dir_connect(fixture.state_dir, fixture.name, fixture.client.story,
				      sizeof(fixture.client.story));
	assert_true(sock >= 0);
	host_message_init(&claim, HOST_MSG_CLAIM);
	claim.version = 1;
	assert_int_equal(host_send(sock, &claim, NULL, 0), 0);
	assert_true(host_fixture_await_fd(sock));
	assert_int_equal(recv(sock, &answer, sizeof(answer), 0), sizeof(answer));
	assert_int_equal(answer.magic, HOST_PROTOCOL_MAGIC);
	assert_int_equal(answer.version, HOST_PROTOCOL_VERSION);
	assert_int_equal(answer.error, -EPROTONOSUPPORT);
	close(sock);
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), 0);
	assert_int_equal(host_client_attach(&fixture.client), 0);
}

/* It was about to end when it was called, and has ended now: the same as none. */
static void a_monitor_that_hangs_up_and_goes_is_none(void **state)
{
	struct liar liar = make_liar();

	(void)state;
	liar.hang_ups = 1;
	refuses(&liar, -ENOENT, "runs any more");
}

static void a_monitor_that_hangs_up_again_and_again_is_gone(void **state)
{
	struct liar liar = make_liar();

	(void)state;
	liar.hang_ups = 2;
	refuses(&liar, -ENOTCONN, "is gone");
}

static void more_ranges_than_there_are_are_not_looked_at(void **state)
{
	struct liar liar = make_liar();

	(void)state;
	liar.hello.layout.num_ranges = UINT32_MAX;
	assert_int_equal(claim_from(&liar), 0);
	assert_int_equal(fixture.client.layout.num_ranges, HOST_MAX_RANGES);
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), -EBUSY);
	assert_int_equal(host_client_power_on(&fixture.client, &fixture.identity), -EBUSY);
}

static void without_power_there_is_nobody_to_command(void **state)
{
	struct host_layout layout = { 0 };

	(void)state;
	assert_int_equal(host_client_attach(&fixture.client), -ENOTCONN);
	assert_int_equal(host_client_detach(&fixture.client), -ENOTCONN);
	assert_int_equal(host_client_start(&fixture.client, &fixture.identity, &layout), -ENOTCONN);
	assert_non_null(strstr(fixture.client.story, "has no power"));
	host_client_kick(&fixture.client, 0);
	assert_int_equal(host_client_take_notified(&fixture.client), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name)                                                                                   \
	cmocka_unit_test_prestate_setup_teardown(name, host_fixture_setup, host_fixture_teardown, \
						 &fixture)
		T(memory_that_may_shrink_is_refused),
		T(memory_of_another_size_than_the_window_is_refused),
		T(a_greeting_without_its_descriptors_is_refused),
		T(a_refusal_is_told_in_its_words_and_its_descriptors_are_closed),
		T(a_monitor_of_another_version_is_named_as_one),
		T(a_running_processor_of_another_version_is_named_as_one),
		T(a_program_of_another_version_is_told_and_harms_nothing),
		T(a_monitor_that_hangs_up_and_goes_is_none),
		T(a_monitor_that_hangs_up_again_and_again_is_gone),
		T(more_ranges_than_there_are_are_not_looked_at),
		T(without_power_there_is_nobody_to_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
