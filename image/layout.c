/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/size.h"
#include "image/fs/fs.h"
#include "image/image.h"
#include "image/mbr.h"
#include "image/verity.h"

#define BLOCK         LKB_MAP_BLOCK
#define HEADROOM_MAX  1000u

/* What the tables can say. A GPT could say more, but no map can. */
static const struct {
	const char *name, *article;
	uint64_t size_max; /* bytes */
	size_t parts_max;
	uint64_t head, tail; /* bytes of the table itself */
} tables[] = {
	[LKB_TABLE_MBR] = {"MBR", "an", (uint64_t)UINT32_MAX * LKB_MBR_SECTOR, LKB_MBR_ENTRIES,
			   LKB_MBR_SIZE, 0},
	[LKB_TABLE_GPT] = {"GPT", "a", (uint64_t)1 << 51, LKB_DISK_MAX_PARTS, LKB_GPT_HEAD_SIZE,
			   LKB_GPT_TAIL_SIZE},
};

uint32_t lkb_disk_signature(const struct lkb_disk *d)
{
	return lkb_derive_u32(&d->seed, "mbr");
}

struct lkb_uuid lkb_disk_guid(const struct lkb_disk *d)
{
	return lkb_derive_uuid(&d->seed, "gpt");
}

struct lkb_uuid lkb_part_guid(const struct lkb_disk *d, const struct lkb_part *p)
{
	lkb_autofree char *name = lkb_format("%s/partition", p->name);

	return lkb_derive_uuid(&d->seed, name);
}

/* What cannot be a disk whatever its trees hold. */
static int check_disk(const struct lkb_disk *d, struct lkb_error *err)
{
	uint64_t head = lkb_align_up(tables[d->table].head, BLOCK);

	if (d->align < BLOCK || (d->align & (d->align - 1)) || d->first % d->align ||
	    d->first < head)
		return lkb_fail(err, LKB_BUG, "alignment %" PRIu64 ", first partition at %" PRIu64,
				d->align, d->first);
	if (d->n_parts > tables[d->table].parts_max || d->n_raws > LKB_ARRAY_SIZE(d->raws))
		return lkb_fail(err, LKB_BUG, "%zu partitions and %zu raw ranges", d->n_parts,
				d->n_raws);
	if (d->epoch < 0 || d->epoch > UINT32_MAX)
		return lkb_fail(err, LKB_INPUT, "time %" PRId64 " is not between 1970 and 2106",
				d->epoch);
	for (size_t i = 0; i < d->n_raws; i++) {
		const struct lkb_raw *r = &d->raws[i];

		if (r->off < head || r->off % BLOCK || r->len == 0 || r->len % BLOCK ||
		    r->off > d->first || r->len > d->first - r->off)
			return lkb_fail(err, LKB_INPUT,
					"'%s' at byte %" PRIu64 " does not fit before the first "
					"partition at byte %" PRIu64, r->name, r->off, d->first);
		for (size_t j = 0; j < i; j++) {
			const struct lkb_raw *o = &d->raws[j];

			if (r->off < o->off + o->len && o->off < r->off + r->len)
				return lkb_fail(err, LKB_INPUT, "'%s' and '%s' overlap", o->name,
						r->name);
		}
	}
	return 0;
}

static int check_part(const struct lkb_disk *d, size_t i, struct lkb_error *err)
{
	const struct lkb_part *p = &d->parts[i];
	size_t label_max = p->fs == LKB_FS_FAT32 ? 11 : 16;

	if (p->tree && p->fs == LKB_FS_NONE)
		return lkb_fail(err, LKB_BUG, "partition '%s' has a tree but no file system",
				p->name);
	if (p->label && strlen(p->label) > label_max)
		return lkb_fail(err, LKB_INPUT, "label '%s' is longer than %zu bytes", p->label,
				label_max);
	if (p->read_only && p->fs != LKB_FS_EXT4)
		return lkb_fail(err, LKB_BUG, "partition '%s' is read-only but not ext4", p->name);
	if (p->same_size_as > i)
		return lkb_fail(err, LKB_BUG, "partition %zu has the size of partition %" PRIu64,
				i + 1, p->same_size_as);
	if (p->min_size > tables[d->table].size_max || p->headroom_percent > HEADROOM_MAX)
		return lkb_fail(err, LKB_INPUT, "partition '%s' of %s with %u %% headroom is too "
				"large", p->name, lkb_size_text(p->min_size).s,
				p->headroom_percent);
	return 0;
}

/* How large the partition's file system is at least, and the bytes that come with it. */
static int measure(const struct lkb_disk *d, const struct lkb_part *p, uint64_t *ret_fs,
		   uint64_t *ret_all, struct lkb_error *err)
{
	struct lkb_fs_job job = {.part = p, .seed = &d->seed, .epoch = d->epoch};
	uint64_t fs = 0, all = 0;

	if (p->tree) {
		if (lkb_fs_find(p->fs)->measure(&job, &fs, err) != 0)
			return lkb_context(err, "partition '%s'", p->name);
		all = fs;
	}
	if (p->tree && p->read_only)
		all += lkb_verity_blocks(fs / BLOCK) * BLOCK;
	if (p->tail || p->read_only)
		all += BLOCK;
	*ret_fs = fs;
	*ret_all = all;
	return 0;
}

static int place(const struct lkb_disk *d, size_t i, uint64_t off, struct lkb_part *ret,
		 struct lkb_error *err)
{
	struct lkb_part p = d->parts[i];
	uint64_t fs = 0, all = 0, size, size_max = tables[d->table].size_max;

	if (check_part(d, i, err) != 0 || measure(d, &p, &fs, &all, err) != 0)
		return -1;
	if (all > size_max)
		return lkb_fail(err, LKB_INPUT, "partition '%s' with %s is too large for %s %s",
				p.name, lkb_size_text(all).s, tables[d->table].article,
				tables[d->table].name);
	size = all + all / 100 * p.headroom_percent;
	if (size < p.min_size)
		size = p.min_size;
	if (p.same_size_as) {
		const struct lkb_part *o = &d->parts[p.same_size_as - 1];

		if (all > o->size)
			return lkb_fail(err, LKB_INPUT, "partition '%s' needs %s, but has the size "
					"of '%s', %s", p.name, lkb_size_text(all).s, o->name,
					lkb_size_text(o->size).s);
		size = o->size;
	}
	size = lkb_align_up(size, d->align);
	if (size == 0)
		return lkb_fail(err, LKB_INPUT, "partition '%s' has neither content nor a size",
				p.name);
	if (size > size_max - off)
		return lkb_fail(err, LKB_INPUT,
				"partition '%s' of %s at %s ends beyond what %s %s can say",
				p.name, lkb_size_text(size).s, lkb_size_text(off).s,
				tables[d->table].article, tables[d->table].name);
	p.off = off;
	p.size = size;
	p.fs_size = !p.tree ? 0 : p.read_only ? fs : size;
	*ret = p;
	return 0;
}

int lkb_layout(struct lkb_disk *d, struct lkb_error *err)
{
	struct lkb_disk done = *d;
	uint64_t off = d->first;

	if (check_disk(d, err) != 0)
		return -1;
	for (size_t i = 0; i < done.n_parts; i++) {
		if (place(&done, i, off, &done.parts[i], err) != 0)
			return -1;
		off += done.parts[i].size;
	}
	/* Image sizes are what the alignment makes of them; a GPT's end need not be an erase unit
	 * of its own, but whole MiB are what disks of virtual machines are made of. */
	if (tables[d->table].tail)
		off += lkb_align_up(tables[d->table].tail, LKB_MIB);
	done.size = d->unit ? lkb_align_up(off, d->unit) : off;
	*d = done;
	return 0;
}
