/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The name service, both ways: what the remote announces and withdraws becomes
 * channels, and the remote is told of ours. Mirrors rpmsg_ns.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/bytes.h"
#include "rpmsg/bus.h"

#define NS_MESSAGE_SIZE 40u
#define NS_ADDR_AT	32u
#define NS_FLAGS_AT	36u
#define NS_DESTROY	1u
/* A remote may announce as fast as it can; whoever reads the log cannot. */
#define NS_LINES 1000u

/* What anybody prints, or makes a file's name of, later. */
static void take_name(char *name, const uint8_t *bytes)
{
	unsigned int i;

	for (i = 0; i < RPROC_RPMSG_NAME_SIZE - 1 && bytes[i]; i++)
		name[i] = bytes[i] < ' ' || bytes[i] == 0x7f ? '?' : (char)bytes[i];
	name[i] = '\0';
}

static bool may_print(struct rpmsg_bus *bus)
{
	bool may;

	pthread_mutex_lock(&bus->lock);
	may = rpmsg_limit(&bus->ns_lines, NS_LINES);
	pthread_mutex_unlock(&bus->lock);
	return may;
}

/* On the thread that receives, with no lock held. */
static void on_message(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *message,
		       void *data)
{
	struct rpmsg_bus *bus = ept->bus;
	const uint8_t *bytes = message->data;
	char name[RPROC_RPMSG_NAME_SIZE];
	bool print = may_print(bus), destroy;
	uint32_t addr;
	uint64_t id;
	int ret;

	(void)data;
	if (message->len != NS_MESSAGE_SIZE) {
		if (print)
			rpmsg_log(bus, RPROC_LOG_ERR, "malformed ns msg (%zu)", message->len);
		return;
	}
	take_name(name, bytes);
	addr = load_le32(bytes + NS_ADDR_AT);
	destroy = load_le32(bytes + NS_FLAGS_AT) & NS_DESTROY;
	if (print)
		rpmsg_log(bus, RPROC_LOG_INFO, "%sing channel %s addr 0x%x",
			  destroy ? "destroy" : "creat", name, addr);
	if (destroy) {
		ret = rpmsg_remove_channel(bus, name, RPROC_RPMSG_ADDR_ANY, addr);
		if (ret && print)
			rpmsg_log(bus, RPROC_LOG_ERR, "rpmsg_destroy_channel failed: %d", ret);
		return;
	}
	ret = rpmsg_add_channel(bus, RPROC_RPMSG_CHANNEL, name, RPROC_RPMSG_ADDR_ANY, addr, print,
				&id);
	if (ret && print)
		rpmsg_log(bus, RPROC_LOG_ERR, "rpmsg_create_channel failed");
}

int rpmsg_ns_start(struct rpmsg_bus *bus)
{
	const struct rproc_rpmsg_ept_options options = {
		.size = sizeof(options),
		.receive = on_message,
		.driver = "rpmsg_ns",
	};
	struct rproc_rpmsg_ept *ept;
	uint64_t id;
	int ret = rpmsg_ept_new("rpmsg_ns", &options, &ept);

	if (ret)
		return ret;
	snprintf(ept->log_name, sizeof(ept->log_name), "rpmsg_ns virtio%d.rpmsg_ns.53.53",
		 bus->virtio);
	ept->dst = RPROC_RPMSG_NS_ADDR;
	pthread_mutex_lock(&bus->lock);
	ret = rpmsg_ept_add(bus, ept, RPROC_RPMSG_NS_ADDR);
	pthread_mutex_unlock(&bus->lock);
	if (ret) {
		rpmsg_ept_put(ept);
		return ret;
	}
	bus->ns = ept;
	return rpmsg_add_channel(bus, RPROC_RPMSG_NS, "rpmsg_ns", RPROC_RPMSG_NS_ADDR,
				 RPROC_RPMSG_NS_ADDR, true, &id);
}

int rpmsg_announce(struct rproc_rpmsg_ept *ept, bool create)
{
	uint8_t message[NS_MESSAGE_SIZE] = { 0 };
	int ret;

	memcpy(message, ept->name, strlen(ept->name));
	store_le32(message + NS_ADDR_AT, ept->addr);
	store_le32(message + NS_FLAGS_AT, create ? 0 : NS_DESTROY);
	ret = rpmsg_send_from(ept, ept->addr, RPROC_RPMSG_NS_ADDR, message, sizeof(message),
			      !ept->options.no_wait);
	if (ret)
		rproc_context_log(ept->bus->context, RPROC_LOG_ERR, ept->log_name,
				  "failed to announce service %d", ret);
	return ret;
}
