/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Talks to a service of a firmware: boots a board's first processor, waits until the
 * firmware announces SERVICE, sends each line of the standard input as a message and
 * prints what comes back. A service that answers each message is needed, such as
 * "rpmsg-raw" of rpmsg_echo.elf.
 *
 *     send_message BOARD.dtb FIRMWARE_DIR FIRMWARE SERVICE [PLUGIN_DIR [STATE_DIR]]
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <librproc/rpmsg.h>

#define WAIT_MS 5000

/* Open the service once it is there. 0 or a negative errno, which is also explained. */
static int open_service(struct rproc_context *context, struct rproc *rproc, const char *service,
			struct rproc_rpmsg_ept **ret_ept)
{
	struct rproc_rpmsg_channel_info channel;
	char why[512];
	int err;

	err = rproc_rpmsg_wait_channel(rproc, service, WAIT_MS, &channel);
	if (!err)
		err = rproc_rpmsg_open(context, channel.id, NULL, ret_ept);
	if (err) {
		rproc_rpmsg_diagnosis(rproc, why, sizeof(why));
		if (err == -ETIMEDOUT)
			fprintf(stderr, "%s announced no service %s within %d ms\n",
				rproc_name(rproc), service, WAIT_MS);
		else
			fprintf(stderr, "%s: %s\n", service, strerror(-err));
		fputs(why, stderr);
		return err;
	}
	printf("%s: %s, messages of up to %zu bytes\n", service, channel.device,
	       rproc_rpmsg_get_mtu(*ret_ept));
	return 0;
}

/* Without a receive callback messages are queued, and taken one by one. */
static int send_lines(struct rproc_rpmsg_ept *ept)
{
	char line[4096], answer[4096];
	ssize_t len;
	int err;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		err = rproc_rpmsg_send(ept, line, strlen(line));
		if (err)
			return fprintf(stderr, "send: %s\n", strerror(-err)), err;
		len = rproc_rpmsg_recv(ept, answer, sizeof(answer), WAIT_MS, NULL);
		if (len < 0)
			return fprintf(stderr, "receive: %s\n", strerror((int)-len)), (int)len;
		printf("%.*s\n", (int)len, answer);
	}
	return 0;
}

static int run(struct rproc_context *context, char **argv)
{
	struct rproc *rproc = rproc_get_next(context, -1);
	struct rproc_rpmsg_ept *ept;
	char why[512];
	int err;

	err = rproc_set_firmware(rproc, argv[3]);
	if (!err)
		err = rproc_boot(rproc);
	if (err) {
		rproc_last_error(rproc, why, sizeof(why));
		fprintf(stderr, "%s: %s\n", rproc_name(rproc), why);
		goto put_rproc;
	}
	err = open_service(context, rproc, argv[4], &ept);
	if (!err) {
		err = send_lines(ept);
		rproc_rpmsg_destroy_ept(ept);
	}
	rproc_shutdown(rproc);
put_rproc:
	rproc_put(rproc);
	return err;
}

int main(int argc, char **argv)
{
	struct rproc_context_options options = { .size = sizeof(options) };
	struct rproc_context *context;
	char why[512];
	int err;

	if (argc < 5)
		return fprintf(stderr,
			       "usage: %s BOARD.dtb FIRMWARE_DIR FIRMWARE SERVICE "
			       "[PLUGIN_DIR [STATE_DIR]]\n",
			       argv[0]),
		       2;
	options.firmware_path = argv[2];
	options.plugin_path = argc > 5 ? argv[5] : NULL;
	options.state_dir = argc > 6 ? argv[6] : NULL;
	err = rproc_context_new(&options, &context);
	if (err)
		return fprintf(stderr, "no context: %s\n", strerror(-err)), 1;
	err = rproc_context_add_board_file(context, argv[1], false);
	if (err > 0) {
		err = run(context, argv);
	} else {
		rproc_context_last_error(context, why, sizeof(why));
		fprintf(stderr, "%s: no processor: %s\n", argv[1], why);
		err = -1;
	}
	rproc_context_free(context);
	return err ? 1 : 0;
}
