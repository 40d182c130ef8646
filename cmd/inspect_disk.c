/* SPDX-License-Identifier: Apache-2.0 */
/* Disks with a GPT, and with an MBR that a BIOS starts. Cards are in inspect_card.c. */
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "cmd/card.h"
#include "cmd/inspect.h"
#include "image/gpt.h"

#define SECTOR ((uint64_t)LKB_MBR_SECTOR)

/* A partition of either table, and where what is found in them goes. */
struct part {
	int number;
	uint64_t start_sectors, size_sectors;
	json_t *row; /* owned until it is added */
};

struct disk {
	struct lkb_blob *blob;
	json_t *partitions, *files, *programs, *slots; /* owned */
};

static bool read_mbr(const struct lkb_blob *blob, uint8_t sector[LKB_MBR_SIZE], struct lkb_mbr *ret)
{
	return lkb_blob_size(blob) >= 2 * SECTOR &&
	       !lkb_blob_read(blob, 0, sector, LKB_MBR_SIZE, NULL) && lkb_mbr_parse(sector, ret);
}

/* The Pi's ROM has no use for a GPT or for code in the first sector. */
static bool is_disk(const struct lkb_blob *blob)
{
	uint8_t sector[LKB_MBR_SIZE];
	struct lkb_mbr mbr;

	return read_mbr(blob, sector, &mbr) &&
	       (lkb_gpt_is_protected(&mbr) || !lkb_is_zero(sector, LKB_MBR_CODE_SIZE));
}

/* The values of a slot's trailer, if the partition ends in one. */
static void add_slot(struct disk *d, const struct part *p, const struct lkb_data *data)
{
	uint8_t block[LKB_ENV_SIZE];
	json_t *row, *values;

	if (data->len < sizeof(block) ||
	    lkb_data_read(data, data->len - sizeof(block), block, sizeof(block), NULL) ||
	    !lkb_env_valid(block, LKB_ENV_SIZE))
		return;
	row = json_pack("{s:i}", "partition", p->number);
	values = lkb_inspect_env(block);
	json_object_update(row, values);
	json_decref(values);
	json_array_append_new(d->slots, row);
}

static int add_part(struct disk *d, struct part *p, struct lkb_error *err)
{
	uint64_t sectors = lkb_blob_size(d->blob) / SECTOR;
	struct lkb_data data = {d->blob, p->start_sectors * SECTOR, p->size_sectors * SECTOR};
	const char *holds;

	json_array_append_new(d->partitions, p->row);
	if (!p->size_sectors || p->start_sectors > sectors ||
	    p->size_sectors > sectors - p->start_sectors) {
		json_object_set_new(p->row, "holds", json_string("nothing: it is not on the disk"));
		return 0;
	}
	holds = lkb_inspect_system(&data);
	if (holds)
		json_object_set_new(p->row, "holds", json_string(holds));
	add_slot(d, p, &data);
	if (!holds || strcmp(holds, "FAT32") != 0)
		return 0;
	return lkb_inspect_fat(&data, "partition", p->number, d->files, d->programs, err);
}

static json_t *offset_json(uint64_t sectors)
{
	return json_integer(sectors > INT64_MAX / SECTOR ? -1 : (json_int_t)(sectors * SECTOR));
}

static const char *gpt_type(const struct lkb_gpt_found *e)
{
	if (lkb_gpt_is_esp(&e->type))
		return "EFI system";
	return !strcmp(lkb_uuid_text(&e->type).s, "0fc63daf-8483-4772-8e79-3d69d8477de4") ?
	       "Linux" : "another";
}

static int add_gpt(struct disk *d, const struct lkb_gpt_table *table, struct lkb_error *err)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct lkb_gpt_found *e = &table->entries[i];
		struct part p = {
			.number = (int)e->number, .start_sectors = e->start_sectors,
			.size_sectors = e->size_sectors,
		};

		p.row = json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:b}", "number", p.number,
				  "type", gpt_type(e), "type_id", lkb_uuid_text(&e->type).s, "id",
				  lkb_uuid_text(&e->guid).s, "name", e->name, "offset",
				  offset_json(e->start_sectors), "size",
				  offset_json(e->size_sectors), "bootable",
				  (int)(e->attributes >> 2 & 1));
		if (add_part(d, &p, err))
			return -1;
	}
	return 0;
}

static int add_mbr(struct disk *d, const struct lkb_mbr *mbr, struct lkb_error *err)
{
	for (int i = 0; i < LKB_MBR_ENTRIES; i++) {
		const struct lkb_mbr_entry *e = &mbr->entries[i];
		struct part p = {.number = i + 1, .start_sectors = e->start_sectors,
				 .size_sectors = e->size_sectors};

		if (!e->type)
			continue;
		p.row = json_pack("{s:i, s:o, s:o, s:o, s:b}", "number", p.number, "type",
				  json_sprintf("0x%02x", e->type), "offset",
				  offset_json(e->start_sectors), "size",
				  offset_json(e->size_sectors), "bootable", e->bootable);
		if (add_part(d, &p, err))
			return -1;
	}
	return 0;
}

static void disk_clear(struct disk *d)
{
	json_decref(d->partitions);
	json_decref(d->files);
	json_decref(d->programs);
	json_decref(d->slots);
}

/* What was found behind what is known of the whole. */
static void finish(struct disk *d, json_t *o)
{
	json_object_set(o, "partitions", d->partitions);
	if (json_array_size(d->files))
		json_object_set(o, "files", d->files);
	if (json_array_size(d->programs))
		json_object_set(o, "EFI programs", d->programs);
	if (json_array_size(d->slots))
		json_object_set(o, "slots", d->slots);
}

static int find_all(struct disk *d, const uint8_t *sector, const struct lkb_mbr *mbr, json_t **ret,
		    struct lkb_error *err)
{
	struct lkb_gpt_table table;
	json_int_t size = (json_int_t)lkb_blob_size(d->blob);

	if (lkb_gpt_is_protected(mbr)) {
		if (lkb_gpt_read(d->blob, &table, err) || add_gpt(d, &table, err))
			return -1;
		*ret = json_pack("{s:s, s:I, s:s, s:s, s:s}", "kind", "disk image", "size", size,
				 "table", "GPT", "id", lkb_uuid_text(&table.guid).s,
				 "table at the end", table.backup_good ? "the same" : "damaged");
	} else {
		if (add_mbr(d, mbr, err))
			return -1;
		*ret = json_pack("{s:s, s:I, s:s, s:o, s:b}", "kind", "disk image", "size", size,
				 "table", "MBR", "id", json_sprintf("%08x", mbr->signature),
				 "boot code", !lkb_is_zero(sector, LKB_MBR_CODE_SIZE));
	}
	return 0;
}

static int describe_disk(const char *path, struct lkb_blob *blob, json_t **ret,
			 struct lkb_error *err)
{
	struct disk d __attribute__((cleanup(disk_clear))) = {
		.blob = blob, .partitions = json_array(), .files = json_array(),
		.programs = json_array(), .slots = json_array(),
	};
	uint8_t sector[LKB_MBR_SIZE];
	struct lkb_mbr mbr;
	json_t *o = NULL;

	if (!read_mbr(blob, sector, &mbr))
		return lkb_fail(err, LKB_INPUT, "'%s' has no partition table", path);
	if (find_all(&d, sector, &mbr, &o, err))
		return lkb_context(err, "'%s'", path);
	if (!o)
		return lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
	finish(&d, o);
	*ret = o;
	return 0;
}

const struct lkb_inspect_kind lkb_inspect_disk = {"disk image", is_disk, describe_disk};
