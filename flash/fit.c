/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/fit.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"
#include "base/size.h"
#include "image/mbr.h"

/* GUID partition table: UEFI specification 2.10, chapter 5.3. */
#define GPT_SIGNATURE "EFI PART"
#define HEADER_MIN 92u
#define ENTRY_MIN 128u
#define ENTRIES_MAX 1024u
#define MBR_SIZE_MAX UINT32_MAX
#define GROWS "data"
#define END_ALIGN LKB_MIB

static bool is_gpt(const uint8_t *p, size_t n, unsigned sector)
{
	return n >= 2 * (size_t)sector && !memcmp(p + sector, GPT_SIGNATURE, 8);
}

unsigned lkb_table_sector(const uint8_t *p, size_t n)
{
	struct lkb_mbr mbr;

	if (is_gpt(p, n, 512))
		return 512;
	if (is_gpt(p, n, 4096))
		return 4096;
	return n >= LKB_MBR_SIZE && lkb_mbr_parse(p, &mbr) ? LKB_MBR_SECTOR : 0;
}

/* The partition of the map that grows: its number, and its start for comparison. */
static const struct lkb_map_partition *growing(const struct lkb_map *map)
{
	const struct lkb_map_partition *last = NULL;

	for (size_t i = 0; map && i < map->n_partitions; i++)
		if (!last || map->partitions[i].start > last->start)
			last = &map->partitions[i];
	return last && !strcmp(last->name, GROWS) ? last : NULL;
}

static void fit_mbr(uint8_t *p, uint64_t size, const struct lkb_map *map)
{
	const struct lkb_map_partition *grows = growing(map);
	uint64_t start, sectors;
	struct lkb_mbr mbr;
	uint8_t *entry;

	if (!grows || !lkb_mbr_parse(p, &mbr) || grows->number < 1 ||
	    grows->number > LKB_MBR_ENTRIES)
		return;
	start = grows->start * LKB_MAP_BLOCK;
	if (mbr.entries[grows->number - 1].start_sectors != start / LKB_MBR_SECTOR || size < start)
		return;
	sectors = (size - size % LKB_MAP_BLOCK - start) / LKB_MBR_SECTOR;
	if (sectors > MBR_SIZE_MAX - start / LKB_MBR_SECTOR)
		sectors = MBR_SIZE_MAX - start / LKB_MBR_SECTOR;
	/* Only this number: the rest of the block is as the image has it. */
	entry = p + 446 + 16 * (grows->number - 1);
	if (sectors > lkb_get_le32(entry + 12))
		lkb_put_le32(entry + 12, (uint32_t)sectors);
}

struct gpt {
	uint8_t *head; /* of the device */
	size_t sector, header_size, table_off, table_size;
	uint32_t n_entries, entry_size;
};

static bool header_is_sound(const uint8_t *h, size_t size)
{
	uint8_t copy[512];
	uint32_t crc = lkb_get_le32(h + 16);

	if (size < HEADER_MIN || size > sizeof(copy))
		return false;
	memcpy(copy, h, size);
	lkb_put_le32(copy + 16, 0);
	return lkb_crc32(0, copy, size) == crc;
}

/* Everything is within the zone, and both checksums are right. */
static bool read_gpt(const struct lkb_zone *head, unsigned sector, struct gpt *ret)
{
	const uint8_t *h = head->bytes + sector;
	struct gpt g = {.head = head->bytes,
			.sector = sector,
			.header_size = lkb_get_le32(h + 12),
			.n_entries = lkb_get_le32(h + 80),
			.entry_size = lkb_get_le32(h + 84)};
	uint64_t table = lkb_get_le64(h + 72);

	if (!header_is_sound(h, g.header_size) || table < 2 || table > head->len / sector ||
	    !g.n_entries || g.n_entries > ENTRIES_MAX || g.entry_size < ENTRY_MIN ||
	    g.entry_size > 4096)
		return false;
	g.table_off = (size_t)table * sector;
	g.table_size = (size_t)g.n_entries * g.entry_size;
	if (g.table_size > head->len - g.table_off ||
	    lkb_crc32(0, head->bytes + g.table_off, g.table_size) != lkb_get_le32(h + 88))
		return false;
	*ret = g;
	return true;
}

static void grow_entry(const struct gpt *g, uint64_t last_usable, const struct lkb_map *map)
{
	const struct lkb_map_partition *grows = growing(map);
	uint64_t unit = END_ALIGN / g->sector, end = (last_usable + 1) / unit * unit;
	uint8_t *entry;

	if (!grows || grows->number < 1 || grows->number > g->n_entries)
		return;
	entry = g->head + g->table_off + (size_t)(grows->number - 1) * g->entry_size;
	if (lkb_get_le64(entry + 32) == grows->start * LKB_MAP_BLOCK / g->sector && end &&
	    end - 1 > lkb_get_le64(entry + 40))
		lkb_put_le64(entry + 40, end - 1);
}

static void put_header(const struct gpt *g, uint8_t *h, uint64_t self, uint64_t other,
		       uint64_t table, uint64_t last_usable)
{
	memmove(h, g->head + g->sector, g->header_size);
	lkb_put_le32(h + 16, 0);
	lkb_put_le64(h + 24, self);
	lkb_put_le64(h + 32, other);
	lkb_put_le64(h + 48, last_usable);
	lkb_put_le64(h + 72, table);
	lkb_put_le32(h + 88, lkb_crc32(0, g->head + g->table_off, g->table_size));
	lkb_put_le32(h + 16, lkb_crc32(0, h, g->header_size));
}

static void put_protection(uint8_t *p, uint64_t sectors)
{
	uint64_t size = sectors - 1;
	struct lkb_mbr mbr;
	bool only = lkb_mbr_parse(p, &mbr) && mbr.entries[0].type == 0xee;

	/* A hybrid one says more than that there is a GPT. */
	for (size_t i = 1; only && i < LKB_MBR_ENTRIES; i++)
		only = !mbr.entries[i].type;
	if (only)
		lkb_put_le32(p + 446 + 12, size > UINT32_MAX ? UINT32_MAX : (uint32_t)size);
}

/* Is the GPT's copy in the zone at the image's end? Other images have something else there. */
static bool has_copy(const struct lkb_zone *tail, uint64_t image_end, unsigned sector)
{
	uint64_t at = image_end - sector;

	return image_end % sector == 0 && at >= tail->off && at - tail->off < tail->len &&
	       !memcmp(tail->bytes + (at - tail->off), GPT_SIGNATURE, 8);
}

static int fit_gpt(struct lkb_zones *z, unsigned sector, uint64_t image_end, uint64_t size,
		   const struct lkb_map *map, struct lkb_error *err)
{
	struct lkb_zone *head = &z->zone[LKB_ZONE_HEAD], *tail = &z->zone[LKB_ZONE_TAIL];
	uint64_t sectors = size / sector, last = sectors - 1, table_sectors, old;
	uint8_t *backup;
	struct gpt g;
	bool copied;

	if (!read_gpt(head, sector, &g)) {
		lkb_fail(err, LKB_INPUT,
			 "the image's GPT is damaged, and cannot be fitted to a disk "
			 "of another size");
		return lkb_hint(err,
				"build or fetch the image again, or take a disk of the image's "
				"size");
	}
	table_sectors = lkb_div_up(g.table_size, sector);
	copied = has_copy(tail, image_end, sector);
	if (table_sectors >= last || (last - table_sectors) * sector < tail->off ||
	    (!copied && image_end > tail->off && (last - table_sectors) * sector < image_end))
		return lkb_fail(err, LKB_INPUT, "the disk is too small for the image's GPT");
	/* The copy at the image's end, if that is so near that it is in the zone. */
	old = (table_sectors + 1) * sector;
	old = image_end > old ? image_end - old : 0;
	for (uint64_t at = old; copied && at < image_end; at++)
		if (at >= tail->off && at - tail->off < tail->len)
			tail->bytes[at - tail->off] = 0;
	grow_entry(&g, last - table_sectors - 1, map);
	backup = tail->bytes + ((last - table_sectors) * sector - tail->off);
	memcpy(backup, head->bytes + g.table_off, g.table_size);
	put_header(&g, backup + table_sectors * sector, last, 1, last - table_sectors,
		   last - table_sectors - 1);
	put_header(&g, head->bytes + sector, 1, last, g.table_off / sector,
		   last - table_sectors - 1);
	put_protection(head->bytes, sectors);
	return 0;
}

int lkb_fit_tables(struct lkb_zones *z, uint64_t image_end, uint64_t size,
		   const struct lkb_map *map, struct lkb_error *err)
{
	const struct lkb_zone *head = &z->zone[LKB_ZONE_HEAD];
	unsigned sector = lkb_table_sector(head->bytes, head->len);

	if (!sector || size <= image_end)
		return 0;
	if (is_gpt(head->bytes, head->len, sector))
		return fit_gpt(z, sector, image_end, size, map, err);
	fit_mbr(head->bytes, size, map);
	return 0;
}
