/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ext/deflate.h"
#include "base/size.h"
#include "base/str.h"
#include "image/formats/vdisk_priv.h"

/* VMware's "Virtual Disk Format 5.0", stream-optimized compressed sparse extents. All numbers are
 * little-endian, all places in sectors. In the file: header, descriptor, then for each span of the
 * disk with data its grains and their table, and last the directory of tables, the footer (a header
 * that knows where the directory is) and the marker of the end. */

#define SECTOR LKB_VDISK_SECTOR
#define GRAIN ((size_t)64 * 1024)
#define ENTRIES 512               /* grains in a table */
#define SPAN ((uint64_t)GRAIN * ENTRIES)
#define TABLE (4 * ENTRIES)       /* bytes */
#define MAGIC 0x564d444b
#define VERSION 3
#define FLAGS 0x30001             /* line feeds can be tested, grains are deflated, with markers */
#define DESCRIPTOR_AT 1
#define DESCRIPTOR_SECTORS 20
#define OVERHEAD 128              /* sectors before the first grain */
#define AT_END UINT64_MAX
#define DEFLATE 1
#define NO_PARENT UINT32_MAX

/* Places are sectors in 32 bits, 2 TiB; grains that do not deflate take 130 sectors for 128. */
#define SIZE_LIMIT (2000 * LKB_GIB)

enum marker { END = 0, GRAIN_TABLE = 1, DIRECTORY = 2, FOOTER = 3 };

static int put_header(struct lkb_vdisk_job *j, uint64_t directory, struct lkb_error *err)
{
	uint8_t b[SECTOR] = {0};

	lkb_put_le32(b, MAGIC);
	lkb_put_le32(b + 4, VERSION);
	lkb_put_le32(b + 8, FLAGS);
	lkb_put_le64(b + 12, j->size / SECTOR);
	lkb_put_le64(b + 20, GRAIN / SECTOR);
	lkb_put_le64(b + 28, DESCRIPTOR_AT);
	lkb_put_le64(b + 36, DESCRIPTOR_SECTORS);
	lkb_put_le32(b + 44, ENTRIES);
	lkb_put_le64(b + 56, directory);
	lkb_put_le64(b + 64, OVERHEAD);
	memcpy(b + 73, "\n \r\n", 4); /* what a transfer as text would change */
	lkb_put_le16(b + 77, DEFLATE);
	return lkb_vdisk_put(j, b, SECTOR, err);
}

/* The disk in words. The extent is this file whatever its name: readers do not look for it. */
static int put_descriptor(struct lkb_vdisk_job *j, struct lkb_error *err)
{
	const unsigned heads = 255, sectors = 63;
	uint64_t cylinders = j->size / SECTOR / (heads * sectors);
	uint32_t cid = lkb_derive_u32(j->in->seed, "vmdk");
	lkb_autostr s = {0};

	if (cid == NO_PARENT)
		cid--;
	lkb_str_addf(&s,
		     "# Disk DescriptorFile\nversion=1\n"
		     "CID=%08" PRIx32 "\nparentCID=%08" PRIx32 "\n"
		     "createType=\"streamOptimized\"\n\n"
		     "# Extent description\nRW %" PRIu64 " SPARSE \"disk.vmdk\"\n\n"
		     "# The Disk Data Base\n#DDB\n\nddb.virtualHWVersion = \"4\"\n"
		     "ddb.geometry.cylinders = \"%" PRIu64 "\"\nddb.geometry.heads = \"%u\"\n"
		     "ddb.geometry.sectors = \"%u\"\nddb.adapterType = \"lsilogic\"\n",
		     cid, NO_PARENT, j->size / SECTOR, cylinders, heads, sectors);
	if (lkb_vdisk_put(j, s.s, s.len, err))
		return -1;
	return lkb_vdisk_put_zeros(j, OVERHEAD * SECTOR - j->off, err);
}

static int put_marker(struct lkb_vdisk_job *j, enum marker type, uint64_t sectors,
		      struct lkb_error *err)
{
	uint8_t b[SECTOR] = {0};

	lkb_put_le64(b, sectors);
	lkb_put_le32(b + 12, type);
	return lkb_vdisk_put(j, b, SECTOR, err);
}

/* A table or the directory behind its marker; *ret is its sector. */
static int put_table(struct lkb_vdisk_job *j, enum marker type, const uint8_t *table, size_t len,
		     uint64_t *ret, struct lkb_error *err)
{
	if (put_marker(j, type, len / SECTOR, err))
		return -1;
	*ret = j->off / SECTOR;
	return lkb_vdisk_put(j, table, len, err);
}

struct packer {
	struct lkb_vdisk_job *j;
	uint8_t *grain, *packed; /* owned by write_vmdk() */
	size_t room;             /* of packed */
	uint8_t table[TABLE];    /* the sectors of the grains of a span */
};

/* Reads a grain of the disk, zeros where it has no data. */
static int read_grain(struct packer *p, uint64_t off, struct lkb_error *err)
{
	uint64_t end = off + GRAIN, n;
	uint8_t *to = p->grain;
	bool is_data;

	for (; off < end; to += n) {
		if (lkb_vdisk_next(p->j, &off, end, &is_data, &n, err))
			return -1;
		if (is_data)
			memcpy(to, p->j->piece, (size_t)n);
		else
			memset(to, 0, (size_t)n);
	}
	return 0;
}

/* A grain is its sector on the disk, its length, and a zlib stream, in whole sectors. */
static int put_grain(struct packer *p, uint64_t grain, struct lkb_error *err)
{
	size_t n, len;

	if (read_grain(p, grain * GRAIN, err))
		return -1;
	n = lkb_zlib_pack(LKB_VDISK_LEVEL, p->grain, GRAIN, p->packed + 12, p->room);
	len = lkb_align_up(12 + n, SECTOR);
	lkb_put_le64(p->packed, grain * (GRAIN / SECTOR));
	lkb_put_le32(p->packed + 8, (uint32_t)n);
	memset(p->packed + 12 + n, 0, len - 12 - n);
	lkb_put_le32(p->table + 4 * (grain % ENTRIES), (uint32_t)(p->j->off / SECTOR));
	return lkb_vdisk_put(p->j, p->packed, len, err);
}

/* All grains with data; the sectors of their tables go to the directory. */
static int put_grains(struct packer *p, uint8_t *directory, struct lkb_error *err)
{
	struct lkb_vdisk_walk w = lkb_vdisk_walk(p->j->in->map, GRAIN, p->j->size);
	struct lkb_vdisk_run run;
	uint64_t grain, at, end;

	while (lkb_vdisk_walk_next(&w, &run)) {
		end = (run.start / ENTRIES + 1) * ENTRIES;
		if (run.start + run.count > end)
			w.at = end;
		for (grain = run.start; run.is_data && grain < w.at; grain++)
			if (put_grain(p, grain, err))
				return -1;
		if (w.at % ENTRIES && w.at < w.end)
			continue;
		if (lkb_is_zero(p->table, TABLE))
			continue;
		if (put_table(p->j, GRAIN_TABLE, p->table, TABLE, &at, err))
			return -1;
		lkb_put_le32(directory + 4 * (run.start / ENTRIES), (uint32_t)at);
		memset(p->table, 0, TABLE);
	}
	return 0;
}

static int write_vmdk(struct lkb_vdisk_job *j, struct lkb_error *err)
{
	size_t room = lkb_zlib_bound(GRAIN);
	lkb_autofree uint8_t *grain = lkb_alloc(GRAIN), *packed = lkb_alloc(12 + room + SECTOR);
	size_t len = (size_t)lkb_align_up(4 * lkb_div_up(j->size, SPAN), SECTOR);
	lkb_autofree uint8_t *directory = lkb_alloc(len);
	struct packer p = {.j = j, .grain = grain, .packed = packed, .room = room};
	uint64_t at;

	if (put_header(j, AT_END, err) || put_descriptor(j, err) ||
	    put_grains(&p, directory, err) ||
	    put_table(j, DIRECTORY, directory, len, &at, err) ||
	    put_marker(j, FOOTER, 1, err) || put_header(j, at, err))
		return -1;
	return put_marker(j, END, 0, err);
}

const struct lkb_vdisk_ops lkb_vdisk_vmdk = {
	.name = "vmdk",
	.unit = GRAIN,
	.max = SIZE_LIMIT,
	.write = write_vmdk,
};
