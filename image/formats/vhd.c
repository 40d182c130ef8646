/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"
#include "image/formats/vdisk_priv.h"

/* Microsoft's "Virtual Hard Disk Image Format Specification". All numbers are big-endian. */

#define FOOTER 512
#define HEADER 1024
#define VERSION 0x00010000
#define FEATURES 2 /* a bit that is always set */
#define NOWHERE UINT64_MAX
#define BLOCK (2 * LKB_MIB)
#define UNUSED UINT32_MAX
#define SIZE_LIMIT (2040 * LKB_GIB)
#define EPOCH_2000 946684800

/* Readers tell by the creator whether a disk is as large as it says or as its cylinders, heads and
 * sectors say, which round down: "win " (Hyper-V and Azure) means the former everywhere. */
#define CREATOR "win "
#define CREATOR_VERSION 0x000a0000
#define CREATOR_HOST "Wi2k"

enum type { FIXED = 2, DYNAMIC = 3 };

struct geometry {
	uint16_t cylinders;
	uint8_t heads, sectors;
};

/* The specification's appendix, "CHS calculation". */
static struct geometry geometry_of(uint64_t size)
{
	uint64_t most = (uint64_t)65535 * 16 * 255, total = size / LKB_VDISK_SECTOR;
	uint64_t sectors = 17, heads, tracks;

	if (total > most)
		total = most;
	tracks = total / sectors;
	heads = lkb_div_up(tracks, 1024);
	if (heads < 4)
		heads = 4;
	if (total >= (uint64_t)65535 * 16 * 63) {
		sectors = 255;
		heads = 16;
	} else if (tracks >= heads * 1024 || heads > 16) {
		sectors = 31;
		heads = 16;
		if (total / sectors >= heads * 1024)
			sectors = 63;
	}
	return (struct geometry){(uint16_t)(total / sectors / heads), (uint8_t)heads,
				 (uint8_t)sectors};
}

/* Of all bytes but the checksum's own, which are still 0. */
static uint32_t checksum(const uint8_t *b, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += b[i];
	return ~sum;
}

static uint32_t timestamp(int64_t epoch)
{
	int64_t t = epoch - EPOCH_2000;

	if (t < 0)
		return 0;
	return t < UINT32_MAX ? (uint32_t)t : UINT32_MAX;
}

static void make_footer(const struct lkb_vdisk_job *j, enum type type, uint8_t b[FOOTER])
{
	struct geometry g = geometry_of(j->size);
	struct lkb_uuid uuid = lkb_derive_uuid(j->in->seed, "vhd");

	memset(b, 0, FOOTER);
	memcpy(b, "conectix", 8);
	lkb_put_be32(b + 8, FEATURES);
	lkb_put_be32(b + 12, VERSION);
	lkb_put_be64(b + 16, type == DYNAMIC ? FOOTER : NOWHERE);
	lkb_put_be32(b + 24, timestamp(j->in->epoch));
	memcpy(b + 28, CREATOR, 4);
	lkb_put_be32(b + 32, CREATOR_VERSION);
	memcpy(b + 36, CREATOR_HOST, 4);
	lkb_put_be64(b + 40, j->size); /* when it was made, and now */
	lkb_put_be64(b + 48, j->size);
	lkb_put_be16(b + 56, g.cylinders);
	b[58] = g.heads;
	b[59] = g.sectors;
	lkb_put_be32(b + 60, type);
	memcpy(b + 68, uuid.b, sizeof(uuid.b));
	lkb_put_be32(b + 64, checksum(b, FOOTER));
}

static int write_fixed(struct lkb_vdisk_job *j, struct lkb_error *err)
{
	uint8_t footer[FOOTER];

	make_footer(j, FIXED, footer);
	if (lkb_vdisk_copy(j, 0, j->size, err))
		return -1;
	return lkb_vdisk_put(j, footer, FOOTER, err);
}

static int put_header(struct lkb_vdisk_job *j, struct lkb_error *err)
{
	uint8_t b[HEADER] = "cxsparse";

	lkb_put_be64(b + 8, NOWHERE);
	lkb_put_be64(b + 16, FOOTER + HEADER);
	lkb_put_be32(b + 24, VERSION);
	lkb_put_be32(b + 28, (uint32_t)lkb_div_up(j->size, BLOCK));
	lkb_put_be32(b + 32, BLOCK);
	lkb_put_be32(b + 36, checksum(b, HEADER));
	return lkb_vdisk_put(j, b, HEADER, err);
}

/* The table of blocks: the sector of each, in whole sectors. */
static int put_table(struct lkb_vdisk_job *j, struct lkb_error *err)
{
	struct lkb_vdisk_walk w = lkb_vdisk_walk(j->in->map, BLOCK, j->size);
	uint64_t len = lkb_align_up(4 * w.end, LKB_VDISK_SECTOR), at = 0;
	uint64_t sector = (FOOTER + HEADER + len) / LKB_VDISK_SECTOR;
	struct lkb_vdisk_run run = {0};
	uint8_t b[LKB_VDISK_SECTOR];

	for (uint64_t i = 0; i < len / 4; i++) {
		uint8_t *entry = b + 4 * i % sizeof(b);

		if (i == at && lkb_vdisk_walk_next(&w, &run))
			at = run.start + run.count;
		lkb_put_be32(entry, i < at && run.is_data ? (uint32_t)sector : UNUSED);
		if (i < at && run.is_data)
			sector += 1 + BLOCK / LKB_VDISK_SECTOR;
		if (entry + 4 == b + sizeof(b) && lkb_vdisk_put(j, b, sizeof(b), err))
			return -1;
	}
	return 0;
}

/* A block starts with a bitmap of its sectors: all are there. */
static int put_blocks(struct lkb_vdisk_job *j, const struct lkb_vdisk_run *run,
		      struct lkb_error *err)
{
	uint8_t bitmap[BLOCK / LKB_VDISK_SECTOR / 8];

	memset(bitmap, 0xff, sizeof(bitmap));
	for (uint64_t i = 0; i < run->count; i++)
		if (lkb_vdisk_put(j, bitmap, sizeof(bitmap), err) ||
		    lkb_vdisk_copy(j, (run->start + i) * BLOCK, BLOCK, err))
			return -1;
	return 0;
}

static int write_dynamic(struct lkb_vdisk_job *j, struct lkb_error *err)
{
	struct lkb_vdisk_walk w = lkb_vdisk_walk(j->in->map, BLOCK, j->size);
	struct lkb_vdisk_run run;
	uint8_t footer[FOOTER];

	make_footer(j, DYNAMIC, footer);
	if (lkb_vdisk_put(j, footer, FOOTER, err) || put_header(j, err) || put_table(j, err))
		return -1;
	while (lkb_vdisk_walk_next(&w, &run))
		if (run.is_data && put_blocks(j, &run, err))
			return -1;
	return lkb_vdisk_put(j, footer, FOOTER, err);
}

const struct lkb_vdisk_ops lkb_vdisk_vhd = {
	.name = "vhd",
	.unit = LKB_MIB,
	.max = SIZE_LIMIT,
	.write = write_fixed,
};

const struct lkb_vdisk_ops lkb_vdisk_dynamic_vhd = {
	.name = "dynamic-vhd",
	.unit = LKB_MIB,
	.max = SIZE_LIMIT,
	.write = write_dynamic,
};
