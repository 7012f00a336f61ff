/* SPDX-License-Identifier: BSD-3-Clause */
/* The verdict as JSON. Addresses and sizes are numbers; rproc.1 lists the keys. */
#include <stdio.h>
#include <string.h>
#include "json.h"
#include "trouble.h"
#include "verdict.h"

static void put_errno(struct json *json, int error)
{
	const char *name = trouble_errno_name(-error);

	json_number(json, "errno", (uint64_t)-error);
	if (name)
		json_string(json, "errno_name", name);
	else
		json_null(json, "errno_name");
}

static void put_verdict(struct json *json, const struct verdict *verdict)
{
	json_open_object(json, "verdict");
	json_bool(json, "loads", !verdict->error);
	if (verdict->error) {
		put_errno(json, verdict->error);
	} else {
		json_number(json, "errno", 0);
		json_null(json, "errno_name");
	}
	json_string(json, "story", verdict->story);
	json_close_object(json);
}

static void put_image(struct json *json, const struct verdict *verdict)
{
	const struct rproc_image_info *info = &verdict->info;
	const char *machine = verdict_machine_name(info->elf_machine);

	json_string(json, "format", info->format);
	if (info->elf_class)
		json_number(json, "class", info->elf_class == 2 ? 64 : 32);
	else
		json_null(json, "class");
	json_number(json, "machine", info->elf_machine);
	if (*machine)
		json_string(json, "machine_name", machine);
	else
		json_null(json, "machine_name");
	json_number(json, "boot_address", info->bootaddr);
}

static void put_segments(struct json *json, const struct verdict *verdict)
{
	struct rproc_image_segment segment;

	json_open_array(json, "segments");
	for (size_t i = 0; !rproc_image_segment(verdict->image, i, &segment); i++) {
		json_open_object(json, NULL);
		json_bool(json, "load", segment.load);
		json_number(json, "type", segment.type);
		json_number(json, "flags", segment.flags);
		json_number(json, "offset", segment.offset);
		json_number(json, "da", segment.da);
		json_number(json, "va", segment.va);
		json_number(json, "filesz", segment.filesz);
		json_number(json, "memsz", segment.memsz);
		json_close_object(json);
	}
	json_close_array(json);
	json_number(json, "bytes_copied", verdict->bytes_copied);
	json_number(json, "bytes_zeroed", verdict->bytes_zeroed);
}

/* "Any address" is null: no number may be mistaken for it. */
static void put_address(struct json *json, const char *key, uint32_t address)
{
	if (address == RPROC_RSC_ADDR_ANY)
		json_null(json, key);
	else
		json_number(json, key, address);
}

static void put_memory(struct json *json, const struct rproc_rsc *rsc)
{
	struct rproc_rsc_carveout entry;

	memcpy(&entry, rsc->payload, sizeof(entry));
	json_text(json, "name", (const char *)entry.name, sizeof(entry.name));
	put_address(json, "da", entry.da);
	put_address(json, "pa", entry.pa);
	json_number(json, "len", entry.len);
	json_number(json, "flags", entry.flags);
}

static void put_trace(struct json *json, const struct rproc_rsc *rsc)
{
	struct rproc_rsc_trace entry;

	memcpy(&entry, rsc->payload, sizeof(entry));
	json_text(json, "name", (const char *)entry.name, sizeof(entry.name));
	put_address(json, "da", entry.da);
	json_number(json, "len", entry.len);
}

static void put_vdev(struct json *json, const struct rproc_rsc *rsc)
{
	const uint8_t *rings = (const uint8_t *)rsc->payload + sizeof(struct rproc_rsc_vdev);
	struct rproc_rsc_vdev entry;

	memcpy(&entry, rsc->payload, sizeof(entry));
	json_number(json, "id", entry.id);
	json_number(json, "notifyid", entry.notifyid);
	json_number(json, "dfeatures", entry.dfeatures);
	json_number(json, "gfeatures", entry.gfeatures);
	json_number(json, "config_len", entry.config_len);
	json_number(json, "status", entry.status);
	json_open_array(json, "vrings");
	for (unsigned int i = 0; i < entry.num_of_vrings; i++) {
		struct rproc_rsc_vdev_vring ring;

		memcpy(&ring, rings + i * sizeof(ring), sizeof(ring));
		json_open_object(json, NULL);
		put_address(json, "da", ring.da);
		json_number(json, "align", ring.align);
		json_number(json, "num", ring.num);
		json_number(json, "notifyid", ring.notifyid);
		json_number(json, "pa", ring.pa);
		json_close_object(json);
	}
	json_close_array(json);
}

static void put_entry(struct json *json, const struct rproc_rsc *rsc)
{
	bool sound = !rproc_rsc_check(rsc, NULL);

	json_open_object(json, NULL);
	json_number(json, "type", rsc->type);
	json_string(json, "type_name", verdict_entry_name(rsc->type));
	json_number(json, "offset", rsc->offset);
	json_bool(json, "valid", sound);
	/* An entry that fails its check may be shorter than its type says. */
	if (sound && (rsc->type == RPROC_RSC_CARVEOUT || rsc->type == RPROC_RSC_DEVMEM))
		put_memory(json, rsc);
	else if (sound && rsc->type == RPROC_RSC_TRACE)
		put_trace(json, rsc);
	else if (sound && rsc->type == RPROC_RSC_VDEV)
		put_vdev(json, rsc);
	json_close_object(json);
}

static void put_table(struct json *json, const struct verdict *verdict)
{
	struct rproc_resource_table table;
	struct rproc_rsc rsc;

	if (verdict->table_kind != VERDICT_TABLE) {
		json_null(json, "table");
		return;
	}
	memcpy(&table, verdict->table, sizeof(table));
	json_open_object(json, "table");
	json_number(json, "da", verdict->table_da);
	json_number(json, "size", verdict->table_size);
	json_number(json, "num", table.num);
	json_open_array(json, "entries");
	for (uint32_t i = 0; i < table.num; i++) {
		if (rproc_resource_table_entry(verdict->table, verdict->table_size, i, &rsc))
			break;
		put_entry(json, &rsc);
	}
	json_close_array(json);
	json_close_object(json);
}

static void put_findings(struct json *json, const struct verdict *verdict)
{
	const struct rproc_report *report = &verdict->report;

	json_open_array(json, "findings");
	for (unsigned int i = 0; i < report->count; i++) {
		const struct rproc_finding *finding = &report->finding[i];

		json_open_object(json, NULL);
		put_errno(json, finding->error);
		json_string(json, "log", finding->log);
		json_string(json, "story", finding->story);
		json_close_object(json);
	}
	json_close_array(json);
	json_number(json, "findings_dropped", report->dropped);
}

void verdict_print_json(const struct verdict *verdict, const char *file)
{
	struct json json = { .out = stdout };

	json_open_object(&json, NULL);
	json_string(&json, "file", file);
	put_verdict(&json, verdict);
	if (verdict->image) {
		put_image(&json, verdict);
		put_segments(&json, verdict);
		put_table(&json, verdict);
	}
	put_findings(&json, verdict);
	json_close_object(&json);
}
