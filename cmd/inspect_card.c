/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "cmd/card.h"
#include "cmd/inspect.h"
#include "image/map.h"

/* The values of a block, whose CRC says only that somebody computed one. */
json_t *lkb_inspect_env(const uint8_t block[LKB_ENV_SIZE])
{
	const char *p = (const char *)block + 4, *end = (const char *)block + LKB_ENV_SIZE;
	json_t *o = json_object();

	if (!lkb_env_valid(block, LKB_ENV_SIZE)) {
		json_object_set_new(o, "valid", json_false());
		return o;
	}
	while (p < end && *p) {
		size_t n = strnlen(p, (size_t)(end - p));
		const char *equals = memchr(p, '=', n);
		json_t *key;

		if (equals && n < (size_t)(end - p)) {
			key = lkb_inspect_string(p, (size_t)(equals - p), false);
			equals++;
			json_object_set_new(o, json_string_value(key),
					    lkb_inspect_string(equals, (size_t)(p + n - equals),
							       false));
			json_decref(key);
		}
		p += n + 1;
	}
	return o;
}

static json_t *partitions_json(const struct lkb_mbr *mbr)
{
	json_t *list = json_array();
	int i;

	for (i = 0; i < LKB_MBR_ENTRIES; i++) {
		const struct lkb_mbr_entry *e = &mbr->entries[i];

		if (e->type)
			json_array_append_new(
				list,
				json_pack("{s:i, s:o, s:I, s:I, s:b}", "number", i + 1, "type",
					  json_sprintf("0x%02x", e->type), "offset",
					  (json_int_t)e->start_sectors * LKB_MBR_SECTOR, "size",
					  (json_int_t)e->size_sectors * LKB_MBR_SECTOR, "bootable",
					  e->bootable));
	}
	return list;
}

static json_t *both_json(const uint8_t blocks[2][LKB_ENV_SIZE])
{
	return json_pack("[o, o]", lkb_inspect_env(blocks[0]), lkb_inspect_env(blocks[1]));
}

static int describe_card(const char *path, struct lkb_blob *blob, json_t **ret,
			 struct lkb_error *err)
{
	struct lkb_card card __attribute__((cleanup(lkb_card_clear))) = {0};
	struct lkb_record record;
	const char *board;
	int chosen;

	if (lkb_card_read(path, &card, err))
		return -1;
	board = lkb_card_board(&card);
	if (!board)
		return lkb_fail(err, LKB_INPUT, "'%s' has no slot that lkboard made", path);
	chosen = lkb_record_choose(card.records[0], card.records[1], &record);
	*ret = json_pack(
		"{s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "kind", "card image", "board",
		lkb_inspect_string(board, strlen(board), false), "size",
		(json_int_t)lkb_blob_size(blob), "signature",
		json_sprintf("%08x", card.mbr.signature), "record in force",
		chosen < 0 ? json_string("none") : json_integer(chosen), "partitions",
		partitions_json(&card.mbr), "records",
		both_json(card.records), "slots", both_json(card.trailers));
	return *ret ? 0 : lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
}

const struct lkb_inspect_kind lkb_inspect_card = {"card image", lkb_card_like, describe_card};

/* A state record or slot trailer cut out of a card. */

static bool is_record(const struct lkb_blob *blob)
{
	uint8_t block[LKB_ENV_SIZE];

	return lkb_blob_size(blob) == sizeof(block) &&
	       !lkb_blob_read(blob, 0, block, sizeof(block), NULL) &&
	       lkb_env_valid(block, sizeof(block));
}

static int describe_record(const char *path, struct lkb_blob *blob, json_t **ret,
			   struct lkb_error *err)
{
	uint8_t block[LKB_ENV_SIZE];

	if (lkb_blob_read(blob, 0, block, sizeof(block), err))
		return -1;
	*ret = json_pack("{s:s, s:[o]}", "kind", "state record or slot trailer", "values",
			 lkb_inspect_env(block));
	return *ret ? 0 : lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
}

const struct lkb_inspect_kind lkb_inspect_record = {"record", is_record, describe_record};

/* A map. */

static bool is_map(const struct lkb_blob *blob)
{
	char head[12];

	return lkb_blob_size(blob) > sizeof(head) &&
	       !lkb_blob_read(blob, 0, head, sizeof(head), NULL) &&
	       !memcmp(head, "lkboard-map ", sizeof(head));
}

static json_t *map_partitions_json(const struct lkb_map *map)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < map->n_partitions; i++) {
		const struct lkb_map_partition *p = &map->partitions[i];

		json_array_append_new(
			list,
			json_pack("{s:i, s:o, s:I, s:I}", "number", (int)p->number, "name",
				  lkb_inspect_string(p->name, strlen(p->name), false), "offset",
				  (json_int_t)(p->start * LKB_MAP_BLOCK), "size",
				  (json_int_t)(p->count * LKB_MAP_BLOCK)));
	}
	return list;
}

static int describe_map(const char *path, struct lkb_blob *blob, json_t **ret,
			struct lkb_error *err)
{
	lkb_auto(lkb_map) map = NULL;

	if (lkb_map_read(path, &map, err))
		return -1;
	*ret = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "kind", "map", "size", (json_int_t)map->size,
		"ranges", (json_int_t)map->n_ranges, "data bytes",
		(json_int_t)(lkb_map_count(map, LKB_MAP_DATA) * LKB_MAP_BLOCK), "zero bytes",
		(json_int_t)(lkb_map_count(map, LKB_MAP_ZERO) * LKB_MAP_BLOCK), "free bytes",
		(json_int_t)(lkb_map_count(map, LKB_MAP_FREE) * LKB_MAP_BLOCK), "partitions",
		map_partitions_json(map));
	return *ret ? 0 : lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
}

const struct lkb_inspect_kind lkb_inspect_map = {"map", is_map, describe_map};
