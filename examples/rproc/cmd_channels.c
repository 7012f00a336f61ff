/* SPDX-License-Identifier: BSD-3-Clause */
/* `rproc channels`: which services firmware has announced, and who has them here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rpmsg_list.h"
#include "tool.h"
#include "trouble.h"

static void print_column(const char *text, int width)
{
	int len = (int)strlen(text);

	trouble_print(stdout, text, (size_t)len);
	printf("%*s", width > len ? width - len : 1, "");
}

static void print_address(const struct channel *channel, uint32_t address)
{
	char text[16] = "any";

	if (channel->serial)
		strcpy(text, "-");
	else if (address != RPMSG_ANY)
		snprintf(text, sizeof(text), "%u", address);
	print_column(text, 8);
}

static void print_channel(const struct channel *channel)
{
	print_column(channel_label(channel), 34);
	print_column(channel->processor[0] ? channel->processor : "-", 10);
	print_column(channel->name, 22);
	print_address(channel, channel->src);
	print_address(channel, channel->dst);
	if (channel->endpoint[0] || channel->tty[0])
		printf("dev/%s\n", channel->endpoint[0] ? channel->endpoint : channel->tty);
	else
		puts(channel->driver[0] ? channel->driver : "-");
}

int cmd_channels(const struct invocation *invocation)
{
	struct channel *channels;
	struct mount mount;
	bool all = false;
	size_t count;
	int code, err;

	for (int i = 1; i < invocation->argc; i++) {
		if (strcmp(invocation->argv[i], "-a") && strcmp(invocation->argv[i], "--all"))
			return tool_usage(invocation, "`channels` takes nothing but -a");
		all = true;
	}
	code = mount_open(invocation->mount, &mount);
	if (code)
		return code;
	err = rpmsg_list(&mount, all, &channels, &count);
	if (err) {
		trouble_report("channels", -err, "", "");
		code = TOOL_REFUSED;
		goto out_close;
	}
	for (size_t i = 0; i < count; i++)
		print_channel(&channels[i]);
	if (!count)
		fputs("rproc: no firmware has announced a channel\n", stderr);
	free(channels);
out_close:
	mount_close(&mount);
	return code;
}
