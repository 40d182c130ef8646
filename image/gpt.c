/* SPDX-License-Identifier: Apache-2.0 */
#include "image/gpt.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"

#define SECTOR       LKB_MBR_SECTOR
#define PROTECTIVE   0xeeu
#define HEADER_SIZE  92u
#define ENTRY_SIZE   128u
#define TABLE_SIZE   (LKB_GPT_ENTRIES * ENTRY_SIZE)
#define HEAD_SECTORS (LKB_GPT_HEAD_SIZE / SECTOR)
#define TAIL_SECTORS (LKB_GPT_TAIL_SIZE / SECTOR)
#define LEGACY_BOOT  4u

/* In the order in which they are printed. */
static const struct lkb_uuid types[] = {
	/* 0fc63daf-8483-4772-8e79-3d69d8477de4 */
	[LKB_GPT_LINUX] = {{0x0f, 0xc6, 0x3d, 0xaf, 0x84, 0x83, 0x47, 0x72, 0x8e, 0x79, 0x3d, 0x69,
			    0xd8, 0x47, 0x7d, 0xe4}},
	/* c12a7328-f81f-11d2-ba4b-00a0c93ec93b */
	[LKB_GPT_ESP] = {{0xc1, 0x2a, 0x73, 0x28, 0xf8, 0x1f, 0x11, 0xd2, 0xba, 0x4b, 0x00, 0xa0,
			  0xc9, 0x3e, 0xc9, 0x3b}},
};

/* The first three fields of a GUID are little-endian numbers. */
static void put_guid(uint8_t *p, const struct lkb_uuid *u)
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

	for (size_t i = 0; i < sizeof(order); i++)
		p[i] = u->b[order[i]];
}

static int check_name(const char *name, struct lkb_error *err)
{
	if (strlen(name) > LKB_GPT_NAME_MAX)
		return lkb_fail(err, LKB_INPUT, "partition name '%s' is longer than %u characters",
				name, LKB_GPT_NAME_MAX);
	for (const char *c = name; *c; c++)
		if (*c < 0x20 || *c >= 0x7f)
			return lkb_fail(err, LKB_INPUT,
					"partition name '%s' is no printable ASCII", name);
	return 0;
}

static int check_entry(const struct lkb_gpt *g, size_t i, struct lkb_error *err)
{
	const struct lkb_gpt_entry *e = &g->entries[i];
	uint64_t end = g->sectors - TAIL_SECTORS;

	if (check_name(e->name, err) != 0)
		return -1;
	if (!e->size_sectors || e->start_sectors < HEAD_SECTORS || e->start_sectors > end ||
	    e->size_sectors > end - e->start_sectors)
		return lkb_fail(err, LKB_INPUT,
				"partition '%s', %" PRIu64 " sectors from sector %" PRIu64
				", is not within sectors %u to %" PRIu64, e->name,
				e->size_sectors, e->start_sectors, HEAD_SECTORS, end - 1);
	for (size_t j = 0; j < i; j++) {
		const struct lkb_gpt_entry *o = &g->entries[j];

		if (e->start_sectors < o->start_sectors + o->size_sectors &&
		    o->start_sectors < e->start_sectors + e->size_sectors)
			return lkb_fail(err, LKB_INPUT, "partitions '%s' and '%s' overlap",
					o->name, e->name);
	}
	return 0;
}

static int check(const struct lkb_gpt *g, struct lkb_error *err)
{
	if (g->sectors < HEAD_SECTORS + TAIL_SECTORS)
		return lkb_fail(err, LKB_INPUT, "a disk of %" PRIu64
				" sectors has no room for a GPT", g->sectors);
	if (g->n_entries > LKB_GPT_ENTRIES)
		return lkb_fail(err, LKB_INPUT, "%zu partitions are more than a GPT has (%u)",
				g->n_entries, LKB_GPT_ENTRIES);
	for (size_t i = 0; i < g->n_entries; i++)
		if (check_entry(g, i, err) != 0)
			return -1;
	return 0;
}

static void put_protection(uint8_t *p, uint64_t sectors)
{
	uint32_t size = sectors - 1 > UINT32_MAX ? UINT32_MAX : (uint32_t)(sectors - 1);
	struct lkb_mbr mbr = {
		.entries[0] = {.type = PROTECTIVE, .start_sectors = 1, .size_sectors = size},
	};

	lkb_mbr_build(&mbr, p);
}

static void put_entries(uint8_t *table, const struct lkb_gpt *g)
{
	for (size_t i = 0; i < g->n_entries; i++) {
		const struct lkb_gpt_entry *e = &g->entries[i];
		uint8_t *p = table + i * ENTRY_SIZE;

		put_guid(p, &types[e->type]);
		put_guid(p + 16, &e->guid);
		lkb_put_le64(p + 32, e->start_sectors);
		lkb_put_le64(p + 40, e->start_sectors + e->size_sectors - 1);
		lkb_put_le64(p + 48, e->legacy_boot ? LEGACY_BOOT : 0);
		for (size_t c = 0; e->name[c]; c++)
			lkb_put_le16(p + 56 + 2 * c, (uint8_t)e->name[c]);
	}
}

/* A header in sector `self`, with the other one in `other` and the entries from `table` on. */
static void put_header(uint8_t *p, const struct lkb_gpt *g, uint64_t self, uint64_t other,
		       uint64_t table, uint32_t table_crc)
{
	memcpy(p, "EFI PART", 8);
	lkb_put_le32(p + 8, 0x00010000);
	lkb_put_le32(p + 12, HEADER_SIZE);
	lkb_put_le64(p + 24, self);
	lkb_put_le64(p + 32, other);
	lkb_put_le64(p + 40, HEAD_SECTORS);
	lkb_put_le64(p + 48, g->sectors - TAIL_SECTORS - 1);
	put_guid(p + 56, &g->guid);
	lkb_put_le64(p + 72, table);
	lkb_put_le32(p + 80, LKB_GPT_ENTRIES);
	lkb_put_le32(p + 84, ENTRY_SIZE);
	lkb_put_le32(p + 88, table_crc);
	lkb_put_le32(p + 16, lkb_crc32(0, p, HEADER_SIZE));
}

int lkb_gpt_build(const struct lkb_gpt *g, uint8_t head[LKB_GPT_HEAD_SIZE],
		  uint8_t tail[LKB_GPT_TAIL_SIZE], struct lkb_error *err)
{
	uint8_t *table = head + 2 * SECTOR;
	uint64_t last = g->sectors - 1;
	uint32_t crc;

	if (check(g, err) != 0)
		return -1;
	memset(head, 0, LKB_GPT_HEAD_SIZE);
	memset(tail, 0, LKB_GPT_TAIL_SIZE);
	put_protection(head, g->sectors);
	put_entries(table, g);
	crc = lkb_crc32(0, table, TABLE_SIZE);
	put_header(head + SECTOR, g, 1, last, 2, crc);
	memcpy(tail, table, TABLE_SIZE);
	put_header(tail + TABLE_SIZE, g, last, 1, last - TABLE_SIZE / SECTOR, crc);
	return 0;
}

bool lkb_gpt_is_protected(const struct lkb_mbr *mbr)
{
	for (size_t i = 1; i < LKB_MBR_ENTRIES; i++)
		if (mbr->entries[i].type)
			return false;
	return mbr->entries[0].type == PROTECTIVE;
}
