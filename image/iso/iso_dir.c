/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/size.h"
#include "image/iso/iso_priv.h"
#include "image/stat.h"

#define RECORD_HEAD   33u
#define RECORD_MAX    254u /* lengths are even */
#define FLAG_DIR      0x02
#define FLAG_CONTINUE 0x80 /* the file goes on in the next record */

void iso_put_both16(uint8_t *p, uint16_t v)
{
	lkb_put_le16(p, v);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

void iso_put_both32(uint8_t *p, uint32_t v)
{
	lkb_put_le32(p, v);
	lkb_put_be32(p + 4, v);
}

/* Years that a byte can count from 1900 on. */
static struct tm date_of(int64_t seconds)
{
	const int64_t last = 5869583999; /* the last second of 2155 */
	time_t t = (time_t)(seconds < 0 ? 0 : seconds > last ? last : seconds);
	struct tm tm;

	gmtime_r(&t, &tm);
	return tm;
}

void iso_put_date(uint8_t out[7], int64_t seconds)
{
	struct tm tm = date_of(seconds);

	out[0] = (uint8_t)tm.tm_year;
	out[1] = (uint8_t)(tm.tm_mon + 1);
	out[2] = (uint8_t)tm.tm_mday;
	out[3] = (uint8_t)tm.tm_hour;
	out[4] = (uint8_t)tm.tm_min;
	out[5] = (uint8_t)tm.tm_sec;
	out[6] = 0; /* from Greenwich */
}

void iso_put_long_date(uint8_t out[17], int64_t seconds)
{
	struct tm tm = date_of(seconds);
	char text[64];

	snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02d00", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	memcpy(out, text, 16);
	out[16] = 0;
}

/* A record's fixed part, with the identifier of n bytes behind it. */
static void put_head(uint8_t *r, const struct iso_node *node, int64_t epoch, uint64_t sector,
		     uint32_t bytes, uint8_t flags, const void *id, size_t n)
{
	iso_put_both32(r + 2, (uint32_t)sector);
	iso_put_both32(r + 10, bytes);
	iso_put_date(r + 18, (int64_t)lkb_stat_mtime(node->inode, epoch));
	r[25] = flags;
	iso_put_both16(r + 28, 1); /* the only volume */
	r[32] = (uint8_t)n;
	memcpy(r + RECORD_HEAD, id, n);
}

void iso_root_record(const struct iso_plan *p, uint8_t out[34])
{
	const struct iso_node *root = &p->nodes[0];

	memset(out, 0, 34);
	out[0] = 34;
	put_head(out, root, p->o->epoch, root->sector, root->record_sectors * ISO_SECTOR, FLAG_DIR,
		 "", 1);
}

/* A directory's areas while they grow. */
struct dir {
	const struct iso_plan *p;
	struct lkb_str *records, *more;
	uint32_t more_sector;
};

/* One record; none crosses a sector's end. */
static void add_record(struct dir *d, const struct iso_node *node, uint64_t sector, uint32_t bytes,
		       uint8_t flags, const void *id, size_t n, const struct iso_susp *susp)
{
	uint8_t head[RECORD_HEAD + 36] = {0};
	lkb_autostr r = {0};

	put_head(head, node, d->p->o->epoch, sector, bytes, flags, id, n);
	lkb_str_addn(&r, head, RECORD_HEAD + n + (n % 2 == 0));
	iso_susp_lay(susp, RECORD_MAX - r.len, &r, d->more, d->more_sector);
	if (r.len % 2)
		lkb_str_addc(&r, '\0');
	r.s[0] = (char)r.len;
	if (d->records->len % ISO_SECTOR + r.len > ISO_SECTOR) {
		while (d->records->len % ISO_SECTOR)
			lkb_str_addc(d->records, '\0');
	}
	lkb_str_addn(d->records, r.s, r.len);
}

static void add_dots(struct dir *d, const struct iso_node *dir)
{
	const struct iso_node *nodes[] = {dir, &d->p->nodes[dir->parent]};
	static const char ids[] = {0, 1};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(nodes); i++) {
		bool first = i == 0 && dir == &d->p->nodes[0];
		struct iso_susp s = {{0}};

		if (first)
			iso_susp_start(&s);
		iso_susp_node(&s, nodes[i], NULL, d->p->o->epoch);
		if (first)
			iso_susp_extensions(&s);
		add_record(d, nodes[i], nodes[i]->sector, nodes[i]->record_sectors * ISO_SECTOR,
			   FLAG_DIR, ids + i, 1, &s);
		iso_susp_clear(&s);
	}
}

/* All records of one name: more than one if the file is larger than an extent can be. */
static void add_entry(struct dir *d, const struct iso_name *name)
{
	const struct lkb_inode *inode = name->entry->inode;
	const struct iso_node *node = iso_node_of(inode);
	uint64_t left = inode->type == LKB_NODE_FILE ? inode->data.len : 0;
	uint64_t sector = node->sector;
	uint8_t flags = inode->type == LKB_NODE_DIR ? FLAG_DIR : 0;
	struct iso_susp s = {{0}};
	char id[40];

	/* The first version of a file, with a dot in any case. */
	snprintf(id, sizeof(id), "%s%s", name->id,
		 flags ? "" : strchr(name->id, '.') ? ";1" : ".;1");
	if (flags)
		left = (uint64_t)node->record_sectors * ISO_SECTOR;
	iso_susp_node(&s, node, name->entry->name, d->p->o->epoch);
	do {
		uint64_t n = left < ISO_EXTENT_MAX ? left : ISO_EXTENT_MAX;

		left -= n;
		add_record(d, node, sector, (uint32_t)n, left ? flags | FLAG_CONTINUE : flags,
			   id, strlen(id), &s);
		sector += n / ISO_SECTOR;
	} while (left > 0);
	iso_susp_clear(&s);
}

static void pad(struct lkb_str *s)
{
	while (s->len % ISO_SECTOR)
		lkb_str_addc(s, '\0');
}

void iso_dir_encode(const struct iso_plan *p, const struct iso_node *dir, struct lkb_str *records,
		    struct lkb_str *more)
{
	struct dir d = {.p = p, .records = records, .more = more,
			.more_sector = dir->sector + dir->record_sectors};
	lkb_autofree struct iso_name *names = iso_names(dir->inode);

	records->len = more->len = 0;
	add_dots(&d, dir);
	for (size_t i = 0; i < dir->inode->n_entries; i++)
		add_entry(&d, &names[i]);
	pad(records);
	pad(more);
}
