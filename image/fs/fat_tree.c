/* SPDX-License-Identifier: Apache-2.0 */
#include "image/fs/fat.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/size.h"
#include "base/str.h"

#define SECTOR       512u
#define ENTRY        32u
#define LONG_PART    13u /* characters of a long name in one entry */
#define LONG_PARTS   20u
#define DIR_MAX      ((size_t)65536 * ENTRY)
#define ALL_DIRS_MAX (64 * LKB_MIB)
#define NAMES_MAX    10000u
#define DEPTH_MAX    16u
#define CLUSTERS_MAX (16u << 20) /* of all chains together */
#define PIECES_MAX   (256u << 10)
#define WINDOW       65536u
#define LAST_CLUSTER 0x0ffffff8u

enum { READ_ONLY = 1, VOLUME_ID = 8, DIRECTORY = 0x10, LONG_NAME = 0x0f };

struct reader {
	struct lkb_data part; /* as long as the file system says */
	uint64_t fat_at, data_at;
	uint32_t cluster_size, n_clusters, root;
	struct lkb_tree *t;
	unsigned names, steps, pieces;
	uint64_t dir_bytes;
	uint64_t window_at;
	size_t window_len;
	uint8_t *window; /* owned */
};

static int damaged(const char *what, struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT, "its FAT32 is damaged: %s", what);
}

static int read_super(struct reader *r, const struct lkb_data *part, struct lkb_error *err)
{
	uint8_t b[SECTOR];
	uint64_t sectors, fats, before;

	if (part->len < sizeof(b))
		return lkb_fail(err, LKB_INPUT, "it is too small for a FAT32");
	if (lkb_data_read(part, 0, b, sizeof(b), err))
		return -1;
	if (lkb_get_le16(b + 510) != 0xaa55 || lkb_get_le16(b + 11) != SECTOR || !b[13] ||
	    (b[13] & (b[13] - 1)) || !lkb_get_le16(b + 14) || !b[16] || b[16] > 2 ||
	    lkb_get_le16(b + 17) || lkb_get_le16(b + 22))
		return lkb_fail(err, LKB_INPUT, "it is no FAT32 with sectors of 512 bytes");
	sectors = lkb_get_le32(b + 32);
	fats = lkb_get_le32(b + 36);
	before = lkb_get_le16(b + 14) + b[16] * fats;
	if (sectors > part->len / SECTOR || before >= sectors)
		return damaged("it is larger than its partition", err);
	r->part = (struct lkb_data){part->blob, part->off, sectors * SECTOR};
	r->cluster_size = b[13] * SECTOR;
	r->n_clusters = (uint32_t)((sectors - before) / b[13]);
	r->fat_at = (uint64_t)lkb_get_le16(b + 14) * SECTOR;
	r->data_at = before * SECTOR;
	r->root = lkb_get_le32(b + 44);
	if (((uint64_t)r->n_clusters + 2) * 4 > fats * SECTOR)
		return damaged("its table is too short", err);
	return 0;
}

/* What stands in the table for a cluster, which is in range. */
static int next_of(struct reader *r, uint32_t cluster, uint32_t *ret, struct lkb_error *err)
{
	uint64_t at = r->fat_at + (uint64_t)cluster * 4, from = at - at % WINDOW;

	if (r->window_len == 0 || from != r->window_at) {
		uint64_t left = r->part.len - from;

		r->window_len = left < WINDOW ? (size_t)left : WINDOW;
		r->window_at = from;
		if (lkb_data_read(&r->part, from, r->window, r->window_len, err)) {
			r->window_len = 0;
			return -1;
		}
	}
	*ret = lkb_get_le32(r->window + (at - from)) & 0x0fffffffu;
	return 0;
}

/* The pieces of a chain: `size` bytes, or with SIZE_MAX all there is. */
struct chain {
	struct lkb_data *items; /* owned; borrow the blob */
	size_t n, cap;
	uint64_t len;
};

static int add_cluster(struct reader *r, struct chain *c, uint32_t cluster, uint64_t n,
		       struct lkb_error *err)
{
	uint64_t at = r->part.off + r->data_at + (uint64_t)(cluster - 2) * r->cluster_size;
	struct lkb_data *last = c->n ? &c->items[c->n - 1] : NULL;

	c->len += n;
	if (last && last->off + last->len == at) {
		last->len += n;
		return 0;
	}
	if (++r->pieces > PIECES_MAX)
		return lkb_fail(err, LKB_INPUT, "its files are in too many pieces");
	LKB_GROW(c->items, c->n, c->cap);
	c->items[c->n++] = (struct lkb_data){r->part.blob, at, n};
	return 0;
}

static int follow(struct reader *r, uint32_t cluster, uint64_t size, struct chain *c,
		  struct lkb_error *err)
{
	while (c->len < size) {
		uint64_t left = size - c->len;

		if (cluster >= LAST_CLUSTER && size == UINT64_MAX && c->len)
			return 0;
		if (cluster < 2 || cluster - 2 >= r->n_clusters)
			return damaged("a chain leads to a cluster that is not there", err);
		if (++r->steps > CLUSTERS_MAX)
			return lkb_fail(err, LKB_INPUT, "its files have too many clusters");
		if (add_cluster(r, c, cluster, left < r->cluster_size ? left : r->cluster_size,
				err) ||
		    next_of(r, cluster, &cluster, err))
			return -1;
		if (size == UINT64_MAX && c->len > DIR_MAX)
			return damaged("a directory does not end", err);
	}
	return 0;
}

static int read_dir(struct reader *r, uint32_t cluster, uint8_t **ret, size_t *ret_n,
		    struct lkb_error *err)
{
	struct chain c = {0};
	int res = follow(r, cluster, UINT64_MAX, &c, err);
	lkb_autofree uint8_t *bytes = res ? NULL : lkb_alloc((size_t)c.len);
	size_t at = 0;

	for (size_t i = 0; !res && i < c.n; i++) {
		r->dir_bytes += c.items[i].len;
		if (r->dir_bytes > ALL_DIRS_MAX)
			res = lkb_fail(err, LKB_INPUT, "its directories are too large");
		else
			res = lkb_blob_read(c.items[i].blob, c.items[i].off, bytes + at,
					    (size_t)c.items[i].len, err);
		at += (size_t)c.items[i].len;
	}
	free(c.items);
	if (res)
		return -1;
	*ret = LKB_STEAL(bytes);
	*ret_n = at;
	return 0;
}

static char shown(unsigned c)
{
	return c >= 0x20 && c < 0x7f && c != '/' ? (char)c : '?';
}

/* ---- names ---- */

struct name {
	char longer[LONG_PARTS * LONG_PART + 1];
	unsigned next;   /* part that is to come; 0 = there is a whole name */
	uint8_t sum;     /* of the short name that it belongs to */
	bool started;
};

static void take_long(struct name *n, const uint8_t *e)
{
	static const uint8_t places[LONG_PART] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	unsigned part = e[0] & 0x3f;

	if (e[0] & 0x40) {
		memset(n, 0, sizeof(*n));
		n->started = part >= 1 && part <= LONG_PARTS;
		n->next = part;
		n->sum = e[13];
	}
	if (!n->started || part != n->next || e[13] != n->sum) {
		n->started = false;
		return;
	}
	n->next--;
	for (size_t i = 0; i < LONG_PART; i++) {
		uint16_t c = lkb_get_le16(e + places[i]);

		if (!c || c == 0xffff)
			break;
		n->longer[n->next * LONG_PART + i] = shown(c);
	}
}

static uint8_t sum_of(const uint8_t *e)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + e[i]);
	return sum;
}

/* The long name if there is one for this entry, else the short one in the case it asks for. */
static void name_of(const struct name *n, const uint8_t *e, struct lkb_str *ret)
{
	size_t base = 8, ext = 3;

	lkb_str_clear(ret);
	if (n->started && !n->next && n->sum == sum_of(e)) {
		lkb_str_add(ret, n->longer);
		return;
	}
	while (base && e[base - 1] == ' ')
		base--;
	while (ext && e[8 + ext - 1] == ' ')
		ext--;
	for (size_t i = 0; i < base; i++)
		lkb_str_addc(ret, shown(e[12] & 8 ? (unsigned)tolower(e[i]) : e[i]));
	if (ext)
		lkb_str_addc(ret, '.');
	for (size_t i = 8; i < 8 + ext; i++)
		lkb_str_addc(ret, shown(e[12] & 16 ? (unsigned)tolower(e[i]) : e[i]));
}

/* ---- the tree ---- */

static int walk(struct reader *r, uint32_t cluster, const char *path, unsigned depth,
		struct lkb_error *err);

static int add_file(struct reader *r, const char *path, uint32_t cluster, uint32_t size,
		    struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = 0644};
	struct chain c = {0};
	int res = follow(r, cluster, size, &c, err);

	if (!res) {
		lkb_auto(lkb_blob) blob = lkb_blob_new_chain(c.items, c.n);

		res = lkb_tree_add_file(r->t, path, &meta, &(struct lkb_data){blob, 0, size}, NULL,
					err);
	}
	free(c.items);
	return res;
}

static int add_entry(struct reader *r, const char *path, const uint8_t *e, unsigned depth,
		     struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = 0755};
	uint32_t cluster = (uint32_t)lkb_get_le16(e + 20) << 16 | lkb_get_le16(e + 26);

	if (++r->names > NAMES_MAX)
		return lkb_fail(err, LKB_INPUT, "it has more than %u files", NAMES_MAX);
	if (!(e[11] & DIRECTORY))
		return add_file(r, path, cluster, lkb_get_le32(e + 28), err);
	if (depth >= DEPTH_MAX)
		return lkb_fail(err, LKB_INPUT, "'%s' is too deep", path);
	if (lkb_tree_add_dir(r->t, path, &meta, NULL, err))
		return -1;
	return walk(r, cluster, path, depth + 1, err);
}

static int walk(struct reader *r, uint32_t cluster, const char *path, unsigned depth,
		struct lkb_error *err)
{
	lkb_autofree uint8_t *dir = NULL;
	lkb_autostr name = {0};
	struct name longer = {0};
	size_t n;

	if (read_dir(r, cluster, &dir, &n, err))
		return -1;
	for (size_t at = 0; at + ENTRY <= n && dir[at]; at += ENTRY) {
		const uint8_t *e = dir + at;
		lkb_autofree char *below = NULL;

		if (e[0] != 0xe5 && (e[11] & 0x3f) == LONG_NAME) {
			take_long(&longer, e);
			continue;
		}
		if (e[0] != 0xe5 && e[0] != '.' && !(e[11] & VOLUME_ID)) {
			name_of(&longer, e, &name);
			below = lkb_format("%s%s%s", path, *path ? "/" : "", lkb_str_get(&name));
			if (!lkb_tree_name_ok(lkb_str_get(&name)))
				return damaged("a name is none", err);
			if (add_entry(r, below, e, depth, err))
				return -1;
		}
		longer.started = false;
	}
	return 0;
}

int lkb_fat_to_tree(const struct lkb_data *part, struct lkb_tree **ret, struct lkb_error *err)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct reader r = {.t = t};
	int res;

	if (read_super(&r, part, err))
		return -1;
	r.window = lkb_alloc(WINDOW);
	res = walk(&r, r.root, "", 0, err);
	free(r.window);
	if (res)
		return -1;
	*ret = LKB_STEAL(t);
	return 0;
}
