/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/initrd/fat.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

#define BOOT_SIZE 512
#define SECTOR_MAX 4096u
#define ENTRY_SIZE 32u
#define NAME_SIZE 11
#define DIRECTORY_MAX (65536u * ENTRY_SIZE) /* what the specification allows */
#define CLUSTER_MASK 0x0fffffffu
#define CLUSTER_BAD 0x0ffffff7u

enum { DELETED = 0xe5, VOLUME_ID = 0x08, DIRECTORY = 0x10 };

struct fat {
	const struct lkb_fat_disk *disk;
	uint32_t sector, cluster; /* bytes */
	uint64_t table, data;     /* bytes into the partition: the first FAT, cluster 2 */
	uint32_t clusters;        /* valid ones are 2 .. clusters + 1 */
	uint32_t root;
};

static bool power_of_two(uint32_t v, uint32_t min, uint32_t max)
{
	return v >= min && v <= max && !(v & (v - 1));
}

/* False for anything that is no FAT32 of the partition's size. */
static bool parse_boot(const struct lkb_fat_disk *disk, const uint8_t *b, struct fat *ret)
{
	uint32_t sector = lkb_get_le16(b + 11), per_cluster = b[13], n_tables = b[16];
	uint64_t reserved = lkb_get_le16(b + 14), total = lkb_get_le32(b + 32);
	uint64_t table_size = lkb_get_le32(b + 36), data;
	struct fat f = {.disk = disk, .root = lkb_get_le32(b + 44)};

	if (lkb_get_le16(b + 510) != 0xaa55 || !power_of_two(sector, BOOT_SIZE, SECTOR_MAX) ||
	    !power_of_two(per_cluster, 1, 128))
		return false;
	/* FAT12 and FAT16 have their sizes elsewhere, and a root directory of its own. */
	if (lkb_get_le16(b + 17) || lkb_get_le16(b + 22) || !reserved || !n_tables || !table_size)
		return false;
	data = reserved + n_tables * table_size;
	if (total > disk->size / sector || data >= total)
		return false;
	f.sector = sector;
	f.cluster = sector * per_cluster;
	f.table = reserved * sector;
	f.data = data * sector;
	total = (total - data) / per_cluster;
	if (total > CLUSTER_BAD - 2 || total + 2 > table_size * sector / 4)
		return false;
	f.clusters = (uint32_t)total;
	*ret = f;
	return true;
}

static bool is_cluster(const struct fat *f, uint32_t n)
{
	return n >= 2 && n - 2 < f->clusters;
}

static int read_at(const struct fat *f, uint64_t off, void *buf, size_t n, struct lkb_error *err)
{
	return f->disk->read(f->disk->ctx, off, buf, n, err);
}

static uint64_t place_of(const struct fat *f, uint32_t cluster)
{
	return f->data + (uint64_t)(cluster - 2) * f->cluster;
}

/* The cluster behind this one; 0 = it was the last. */
static int next_cluster(const struct fat *f, uint32_t *cluster, struct lkb_error *err)
{
	uint8_t entry[4];
	uint32_t next;

	if (read_at(f, f->table + (uint64_t)*cluster * 4, entry, sizeof(entry), err))
		return -1;
	next = lkb_get_le32(entry) & CLUSTER_MASK;
	if (next > CLUSTER_BAD)
		next = 0;
	else if (!is_cluster(f, next))
		return lkb_fail(err, LKB_INPUT, "a chain of clusters of the FAT is broken");
	*cluster = next;
	return 0;
}

/* Of a sector of the root directory: 1 = the file is in it, 0 = it is not, -1 = nor is it in a
 * later one. */
static int look_in(const uint8_t *sector, size_t n, const char *short_name, uint8_t *ret_entry)
{
	size_t at;

	for (at = 0; at < n; at += ENTRY_SIZE) {
		const uint8_t *e = sector + at;

		if (!e[0])
			return -1;
		/* Parts of long names have VOLUME_ID set. */
		if (e[0] == DELETED || e[11] & (VOLUME_ID | DIRECTORY) ||
		    memcmp(e, short_name, NAME_SIZE) != 0)
			continue;
		memcpy(ret_entry, e, ENTRY_SIZE);
		return 1;
	}
	return 0;
}

static int find(const struct fat *f, const char *short_name, uint8_t *ret_entry,
		struct lkb_error *err)
{
	uint32_t cluster = f->root, seen = 0, at;
	uint8_t sector[SECTOR_MAX];

	while (cluster && seen < DIRECTORY_MAX) {
		for (at = 0; at < f->cluster; at += f->sector) {
			int found;

			if (read_at(f, place_of(f, cluster) + at, sector, f->sector, err))
				return -1;
			found = look_in(sector, f->sector, short_name, ret_entry);
			if (found)
				return found > 0;
		}
		seen += f->cluster;
		if (next_cluster(f, &cluster, err))
			return -1;
	}
	return 0;
}

static int read_chain(const struct fat *f, uint32_t cluster, uint8_t *buf, size_t n,
		      struct lkb_error *err)
{
	while (n) {
		size_t piece = n < f->cluster ? n : f->cluster;

		if (!is_cluster(f, cluster))
			return lkb_fail(err, LKB_INPUT, "it ends before its end");
		if (read_at(f, place_of(f, cluster), buf, piece, err))
			return -1;
		buf += piece;
		n -= piece;
		if (n && next_cluster(f, &cluster, err))
			return -1;
	}
	return 0;
}

int lkb_fat_read_file(const struct lkb_fat_disk *disk, const char *short_name, uint8_t *buf,
		      size_t n, struct lkb_error *err)
{
	uint8_t boot[BOOT_SIZE], entry[ENTRY_SIZE];
	struct fat f;
	uint32_t size, first;
	int found;

	if (disk->size < sizeof(boot))
		return 0;
	if (disk->read(disk->ctx, 0, boot, sizeof(boot), err))
		return -1;
	if (!parse_boot(disk, boot, &f) || !is_cluster(&f, f.root))
		return 0;
	found = find(&f, short_name, entry, err);
	if (found <= 0)
		return found;
	size = lkb_get_le32(entry + 28);
	first = (uint32_t)lkb_get_le16(entry + 20) << 16 | lkb_get_le16(entry + 26);
	if (size != n)
		return lkb_fail(err, LKB_INPUT, "it has %u bytes, not %zu", size, n);
	return read_chain(&f, first & CLUSTER_MASK, buf, n, err) ? -1 : 1;
}
