/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver of the host processor: what the core's ops mean for a processor made
 * of a monitor and a firmware process. Knows <librproc/driver.h> on one side and
 * the client on the other; every rule about either is theirs.
 */
#include "host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "death.h"
#include "host_image.h"

#define STORY_LEN 512

static struct rproc_context *context_of(struct host *host)
{
	return rproc_device_context(host->device);
}

/* ---- what the firmware says ----------------------------------------------------------- */

static void report_death(struct host *host, const struct host_death *death)
{
	char story[STORY_LEN];

	host_death_story(death, story, sizeof(story));
	rproc_device_log(host->device, RPROC_LOG_ERR, "%s: %s", rproc_name(host->rproc), story);
	rproc_story(host->rproc, -EIO, "crash", "%s", story);
	rproc_report_crash(host->rproc, host_death_type(death));
}

/* Either the worker ends a watch or its own callback does, never both. */
static void end_watch(_Atomic(struct rproc_watch *) *watch)
{
	rproc_watch_free(atomic_exchange(watch, NULL));
}

/* On the context's thread. */
static void on_event(int fd, void *data)
{
	struct host *const host = data;
	struct host_death death;
	int ret;

	(void)fd;
	ret = host_client_read_death(&host->client, &death);
	/* The end of the pipe stays readable for ever: told once, when it can be unwatched. */
	if (!ret || (ret < 0 && !atomic_load(&host->event_watch)))
		return;
	report_death(host, &death);
	if (ret < 0)
		end_watch(&host->event_watch);
}

/* On the context's thread. */
static void on_doorbell(int fd, void *data)
{
	struct host *const host = data;
	uint64_t pending;

	(void)fd;
	pending = host_client_take_notified(&host->client);
	for (; pending; pending &= pending - 1)
		rproc_vq_interrupt(host->rproc, __builtin_ctzll(pending));
}

static void unwatch(struct host *host)
{
	end_watch(&host->event_watch);
	end_watch(&host->doorbell_watch);
}

static int watch(struct host *host)
{
	struct rproc_watch *event, *doorbell;
	int ret;

	ret = rproc_watch_edge(context_of(host), host->client.doorbell, on_doorbell, host,
			       &doorbell);
	if (ret)
		return rproc_story(host->rproc, ret, "start", "cannot watch the doorbell");
	atomic_store(&host->doorbell_watch, doorbell);
	ret = rproc_watch_fd(context_of(host), host->client.event, on_event, host, &event);
	if (ret) {
		unwatch(host);
		return rproc_story(host->rproc, ret, "start", "cannot watch the firmware");
	}
	atomic_store(&host->event_watch, event);
	return 0;
}

/* ---- power ------------------------------------------------------------------------------ */

static int client_story(struct host *host, int error, const char *stage)
{
	/* To whoever writes to a file of a mount that is the end of the mount. */
	if (error == -ENOTCONN)
		error = -EIO;
	return rproc_story(host->rproc, error, stage, "%s", host->client.story);
}

/* The image's segments: kept free of carveouts, part of every dump. */
static int adopt_layout(struct host *host, const struct host_layout *layout)
{
	unsigned int i;
	int ret;

	for (i = 0; i < layout->num_ranges; i++) {
		const struct host_range *range = &layout->range[i];

		if (!host_window_contains(&host->window, range->da, range->len))
			return rproc_story(
				host->rproc, -EPROTO, "prepare",
				"the monitor says that 0x%x bytes at 0x%x are the image's",
				range->len, range->da);
		host_window_reserve(&host->window, range);
		ret = rproc_coredump_add_segment(host->rproc, range->da, range->len);
		if (ret)
			return ret;
	}
	return 0;
}

/* Become the host of the firmware that runs already. -ENOENT, and no story yet: none does. */
static int connect_running(struct host *host)
{
	int ret;

	ret = host_client_claim(&host->client, &host->identity);
	if (ret)
		return ret == -ENOENT ? ret : client_story(host, ret, "attach");
	/* Until attached our end leaves it running. */
	host->ours = false;
	host->traces_dumped = false;
	host_window_init(&host->window, RPROC_HOST_WINDOW_DA, host->client.window_len);
	ret = adopt_layout(host, &host->client.layout);
	if (ret)
		host_client_power_off(&host->client, false);
	return ret;
}

static int host_unprepare(struct rproc *rproc)
{
	struct host *const host = rproc_priv(rproc);

	unwatch(host);
	host_client_power_off(&host->client, host->ours);
	return 0;
}

/* What runs detached, to be attached to or, where it has crashed, to be stopped. */
static int prepare_running(struct host *host)
{
	const bool crashed = rproc_state(host->rproc) == RPROC_STATE_CRASHED;
	int ret;

	ret = connect_running(host);
	if (ret != -ENOENT)
		return ret;
	if (crashed)
		return 0;
	/* Nobody was told of its end, and each attach to come would find nothing. */
	client_story(host, ret, "attach");
	rproc_report_crash(host->rproc, RPROC_CRASH_FATAL_ERROR);
	return ret;
}

static int host_prepare(struct rproc *rproc)
{
	struct host *const host = rproc_priv(rproc);
	int ret;

	if (rproc_state(rproc) == RPROC_STATE_DETACHED || rproc_state(rproc) == RPROC_STATE_CRASHED)
		return prepare_running(host);
	ret = host_client_power_on(&host->client, &host->identity);
	if (ret)
		return client_story(host, ret, "prepare");
	host->ours = true;
	host->traces_dumped = false;
	host_window_init(&host->window, RPROC_HOST_WINDOW_DA, host->identity.window_len);
	return 0;
}

/* Traces outside of segments and carveouts are worth keeping, too. */
static void dump_traces(struct host *host)
{
	struct rproc_trace_info *trace = NULL;
	size_t count = 0, i;

	if (host->traces_dumped || rproc_get_traces(host->rproc, &trace, &count))
		return;
	host->traces_dumped = true;
	for (i = 0; i < count; i++) {
		if (!trace[i].len || host_window_covers(&host->window, trace[i].da, trace[i].len) ||
		    !host_window_contains(&host->window, trace[i].da, trace[i].len))
			continue;
		rproc_coredump_add_segment(host->rproc, trace[i].da, trace[i].len);
	}
	free(trace);
}

static int host_start(struct rproc *rproc)
{
	struct host *const host = rproc_priv(rproc);
	int ret;

	dump_traces(host);
	ret = host_client_start(&host->client, &host->identity, &host->layout);
	if (ret)
		return client_story(host, ret, "start");
	host->ours = true;
	ret = watch(host);
	if (ret) {
		struct host_stop_result ignored;

		host_client_stop(&host->client, 0, &ignored);
	}
	return ret;
}

static int host_attach(struct rproc *rproc)
{
	struct host *const host = rproc_priv(rproc);
	int ret;

	dump_traces(host);
	ret = watch(host);
	if (ret)
		return ret;
	ret = host_client_attach(&host->client);
	if (ret) {
		unwatch(host);
		return client_story(host, ret, "attach");
	}
	host->ours = true;
	/* It died while nobody looked: attached first, then crashed, as with a late interrupt. */
	if (host->client.power == HOST_POWER_DEAD)
		report_death(host, &host->client.death);
	return 0;
}

static int host_detach(struct rproc *rproc)
{
	struct host *const host = rproc_priv(rproc);
	int ret;

	ret = host_client_detach(&host->client);
	if (ret)
		return client_story(host, ret, "detach");
	unwatch(host);
	host->ours = false;
	return 0;
}

static void log_stop(struct host *host, const struct host_stop_result *result)
{
	const unsigned int timeout = rproc_device_shutdown_timeout_ms(host->device);
	const char *const name = rproc_name(host->rproc);

	switch (result->how) {
	case HOST_STOP_ACKED:
		rproc_device_log(host->device, RPROC_LOG_DEBUG,
				 "%s acknowledged the shutdown after %" PRIu64 " us", name,
				 result->elapsed_us);
		break;
	case HOST_STOP_EXITED:
		rproc_device_log(host->device, RPROC_LOG_DEBUG,
				 "%s ended by itself %" PRIu64 " us after the shutdown request",
				 name, result->elapsed_us);
		break;
	case HOST_STOP_FORCED:
		host->forced_stops++;
		rproc_device_log(
			host->device, RPROC_LOG_WARNING,
			"%s did not acknowledge the shutdown within %u ms, reset (%u so far)", name,
			timeout, host->forced_stops);
		break;
	default:
		break;
	}
}

static int host_stop(struct rproc *rproc)
{
	struct host *const host = rproc_priv(rproc);
	struct host_stop_result result;

	unwatch(host);
	/* It was gone before it was to be stopped. */
	if (!host->client.map)
		return 0;
	/* One that crashed while it was detached. A monitor that cannot be told is reset below. */
	if (!host->ours)
		host_client_attach(&host->client);
	host_client_stop(&host->client, rproc_device_shutdown_timeout_ms(host->device), &result);
	host->ours = true;
	log_stop(host, &result);
	return 0;
}

static void host_kick(struct rproc *rproc, int vqid)
{
	struct host *const host = rproc_priv(rproc);
	bool print = false;
	int ret;

	ret = host_client_kick(&host->client, (unsigned int)vqid);
	if (ret == -ECHRNG)
		print = rproc_kick_failed(rproc, vqid, ret,
					  "host processors have bells for notify ids below %d; use "
					  "fewer vrings",
					  RPROC_HOST_VQS);
	else if (ret)
		print = rproc_kick_failed(
			rproc, vqid, ret,
			"the firmware is awake and its process cannot be signalled: %s; attach "
			"from where that process is visible",
			ret == -EINVAL ? "it is of another PID namespace" : strerror(-ret));
	if (print)
		rproc_log(rproc, RPROC_LOG_ERR, "kick of notify id %d failed: %d", vqid, ret);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void *host_da_to_va(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem)
{
	const struct host *const host = rproc_priv(rproc);
	uint8_t *const window = host_client_window(&host->client);

	if (!window || !host_window_contains(&host->window, da, len))
		return NULL;
	if (ret_is_iomem)
		*ret_is_iomem = false;
	return window + (da - host->window.da);
}

static int provider_alloc(void *priv, size_t len, size_t align, uint32_t da,
			  struct rproc_memory *ret_memory)
{
	struct host *const host = priv;
	char story[STORY_LEN];
	uint32_t at;
	int ret;

	if (!host->client.map)
		return rproc_story(host->rproc, -ENOMEM, "resources", "the processor has no power");
	ret = host_window_alloc(&host->window, len, align, da, &at, story, sizeof(story));
	if (ret)
		return rproc_story(host->rproc, ret, "resources", "%s", story);
	ret = rproc_coredump_add_segment(host->rproc, at, len);
	if (ret) {
		host_window_free(&host->window, at);
		return ret;
	}
	ret_memory->va = (uint8_t *)host_client_window(&host->client) + (at - host->window.da);
	ret_memory->pa = at;
	ret_memory->da = at;
	ret_memory->len = len;
	return 0;
}

static void provider_free(void *priv, const struct rproc_memory *memory)
{
	struct host *const host = priv;

	host_window_free(&host->window, memory->da);
}

/* ---- images --------------------------------------------------------------------------------- */

static int look_at_image(struct host *host, const struct rproc_firmware *fw, uint64_t window_len,
			 const char *stage)
{
	char story[STORY_LEN];
	int ret;

	ret = host_image_layout(fw, window_len, &host->layout, story, sizeof(story));
	if (ret)
		return rproc_story(host->rproc, ret, stage, "%s", story);
	return 0;
}

static int host_sanity_check(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct host *const host = rproc_priv(rproc);
	int ret;

	ret = rproc_elf_sanity_check(rproc, fw);
	if (ret)
		return ret;
	return look_at_image(host, fw, host->identity.window_len, "image");
}

static int host_parse_fw(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct host *const host = rproc_priv(rproc);
	int ret;

	ret = adopt_layout(host, &host->layout);
	if (ret)
		return ret;
	if (host_image_lacks_table(fw)) {
		rproc_device_log(host->device, RPROC_LOG_INFO,
				 "no resource table in the firmware of %s", rproc_name(rproc));
		return 0;
	}
	return rproc_elf_load_rsc_table(rproc, fw);
}

static int host_load(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct host *const host = rproc_priv(rproc);
	uint8_t *const window = host_client_window(&host->client);
	unsigned int i;
	int ret;

	if (!window)
		return rproc_story(rproc, -ENODEV, "load", "the processor has no power");
	/* A recovery comes here first, perhaps with another image than it booted. */
	ret = rproc_elf_sanity_check(rproc, fw);
	if (!ret)
		ret = look_at_image(host, fw, host->client.window_len, "load");
	if (!ret)
		ret = rproc_elf_load_segments(rproc, fw);
	for (i = 0; !ret && i < host->layout.num_ranges; i++) {
		uint8_t *const begin = window + (host->layout.range[i].da - host->window.da);

		__builtin___clear_cache((char *)begin, (char *)begin + host->layout.range[i].len);
	}
	return ret;
}

static int host_get_loaded_rsc_table(struct rproc *rproc, struct rproc_resource_table **ret_table,
				     size_t *ret_size)
{
	struct host *const host = rproc_priv(rproc);
	const struct host_layout *const layout = &host->client.layout;

	*ret_table = NULL;
	*ret_size = 0;
	if (!layout->table_len)
		return 0;
	*ret_table = host_da_to_va(rproc, layout->table_da, layout->table_len, NULL);
	if (!*ret_table)
		return rproc_story(
			rproc, -EINVAL, "attach",
			"the monitor says that the table has 0x%x bytes at 0x%x, which is "
			"not in the window",
			layout->table_len, layout->table_da);
	*ret_size = layout->table_len;
	return 0;
}

const struct rproc_ops host_ops = {
	.prepare = host_prepare,
	.unprepare = host_unprepare,
	.start = host_start,
	.stop = host_stop,
	.attach = host_attach,
	.detach = host_detach,
	.kick = host_kick,
	.da_to_va = host_da_to_va,
	.parse_fw = host_parse_fw,
	.find_loaded_rsc_table = rproc_elf_find_loaded_rsc_table,
	.get_loaded_rsc_table = host_get_loaded_rsc_table,
	.load = host_load,
	.sanity_check = host_sanity_check,
	.get_boot_addr = rproc_elf_get_boot_addr,
};

const struct rproc_memory_provider host_provider = {
	.alloc = provider_alloc,
	.free = provider_free,
};
