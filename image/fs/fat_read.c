/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "image/fs/fat_priv.h"

/* mtools appends: the entries of a directory are in the order in which its files were copied. So
 * names need not be read, only counted; sizes are compared to be sure. */

#define BLOCK       4096u
#define ENTRY       32u
#define LABEL       0x08u /* set for the volume label and for the parts of long names */
#define DIRECTORY   0x10u
#define CLUSTER_END 0x0ffffff8u
#define CLUSTER_MAX (8 * FAT_SECTOR)

/* Reading one directory, entry by entry. */
struct cursor {
	uint32_t cluster;
	uint32_t entry; /* in the cluster */
};

struct reader {
	int fd;
	const char *name;
	struct fat_view *view;
	uint8_t *fat; /* owned */
	struct cursor *cursors; /* owned; of each item that is a directory */
	struct lkb_extents *extents; /* borrowed */
	uint8_t cluster[CLUSTER_MAX];
	uint32_t cluster_number; /* what is in `cluster`; 0 = nothing */
};

uint64_t fat_cluster_off(const struct fat_view *v, uint32_t cluster)
{
	const struct fat_geometry *g = &v->geo;
	uint64_t first = g->reserved + 2 * (uint64_t)g->fat_sectors;

	return v->off + (first + (uint64_t)(cluster - 2) * g->cluster_sectors) * FAT_SECTOR;
}

static bool is_cluster(const struct reader *r, uint32_t n)
{
	return n >= 2 && n - 2 < r->view->geo.clusters;
}

static uint32_t next_cluster(const struct reader *r, uint32_t n)
{
	return lkb_get_le32(r->fat + (size_t)n * 4) & 0x0fffffff;
}

static int check_boot_sector(const struct reader *r, struct lkb_error *err)
{
	const struct fat_geometry *g = &r->view->geo;
	uint8_t b[FAT_SECTOR];

	if (lkb_pread_full(r->fd, b, sizeof(b), r->view->off, r->name, err) != 0)
		return -1;
	if (lkb_get_le16(b + 11) != FAT_SECTOR || b[13] != g->cluster_sectors ||
	    lkb_get_le16(b + 14) != g->reserved || b[16] != 2 ||
	    lkb_get_le32(b + 32) != g->sectors || lkb_get_le32(b + 36) != g->fat_sectors ||
	    lkb_get_le32(b + 44) != FAT_ROOT_CLUSTER)
		return lkb_fail(err, LKB_IO, "mformat made another FAT32 than it was asked for");
	return 0;
}

/* Notes where one more cluster of a file stands; the last one is not full. */
static void note_extent(struct reader *r, const struct fat_item *item, uint32_t cluster)
{
	uint64_t size = (uint64_t)r->view->geo.cluster_sectors * FAT_SECTOR;
	uint64_t before = (item->clusters - 1) * size, len = item->inode->data.len;

	if (item->inode->type != LKB_NODE_FILE || len <= before)
		return;
	lkb_extents_add(r->extents, item->inode, fat_cluster_off(r->view, cluster),
			len - before < size ? len - before : size);
}

/* Gives the chain of clusters that starts at item->first to the item. */
static int follow(struct reader *r, size_t i, struct lkb_error *err)
{
	struct fat_item *item = &r->view->list->items[i];
	uint32_t at = item->first;

	item->contiguous = true;
	while (at < CLUSTER_END) {
		uint32_t next;

		if (!is_cluster(r, at) || r->view->owners[at - 2] != 0)
			return lkb_fail(err, LKB_IO, "'%s' has a bad cluster %u", item->what, at);
		r->view->owners[at - 2] = (uint32_t)i + 1;
		item->clusters++;
		note_extent(r, item, at);
		next = next_cluster(r, at);
		if (next < CLUSTER_END && next != at + 1)
			item->contiguous = false;
		at = next;
	}
	return 0;
}

/* The next entry of a directory that is a file or a directory of ours. */
static int next_entry(struct reader *r, struct cursor *c, uint8_t ret[ENTRY], struct lkb_error *err)
{
	uint32_t size = r->view->geo.cluster_sectors * FAT_SECTOR;

	for (;;) {
		const uint8_t *e;

		if (c->entry == size / ENTRY)
			*c = (struct cursor){.cluster = next_cluster(r, c->cluster)};
		if (!is_cluster(r, c->cluster))
			return lkb_fail(err, LKB_IO, "mtools left a file out");
		if (r->cluster_number != c->cluster &&
		    lkb_pread_full(r->fd, r->cluster, size,
				   fat_cluster_off(r->view, c->cluster), r->name, err) != 0)
			return -1;
		r->cluster_number = c->cluster;
		e = r->cluster + c->entry++ * ENTRY;
		if (e[0] == 0)
			return lkb_fail(err, LKB_IO, "mtools left a file out");
		if (e[0] == '.' || e[0] == 0xe5 || (e[11] & LABEL))
			continue;
		memcpy(ret, e, ENTRY);
		return 0;
	}
}

static int read_item(struct reader *r, size_t i, struct lkb_error *err)
{
	struct fat_item *item = &r->view->list->items[i];
	bool is_dir = item->inode->type == LKB_NODE_DIR;
	uint8_t e[ENTRY] = {0};

	if (next_entry(r, &r->cursors[item->parent], e, err) != 0)
		return -1;
	if (is_dir != !!(e[11] & DIRECTORY) ||
	    (!is_dir && lkb_get_le32(e + 28) != item->inode->data.len))
		return lkb_fail(err, LKB_IO, "mtools did not copy it as it is");
	item->first = (uint32_t)lkb_get_le16(e + 20) << 16 | lkb_get_le16(e + 26);
	if (item->first == 0 && !is_dir)
		return 0;
	r->cursors[i].cluster = item->first;
	return follow(r, i, err);
}

static int read_all(struct reader *r, struct lkb_error *err)
{
	const struct fat_geometry *g = &r->view->geo;
	struct fat_item *items = r->view->list->items;
	size_t fat_size = (size_t)g->fat_sectors * FAT_SECTOR;

	if (check_boot_sector(r, err) != 0)
		return -1;
	r->fat = lkb_alloc(fat_size);
	if (lkb_pread_full(r->fd, r->fat, fat_size,
			   r->view->off + (uint64_t)g->reserved * FAT_SECTOR, r->name, err) != 0)
		return -1;
	items[0].first = r->cursors[0].cluster = FAT_ROOT_CLUSTER;
	if (follow(r, 0, err) != 0)
		return -1;
	for (size_t i = 1; i < r->view->list->n; i++) {
		if (read_item(r, i, err) != 0)
			return lkb_context(err, "'/%s'", items[i].path);
	}
	return 0;
}

int fat_read(int fd, uint64_t off, const struct fat_geometry *geo, struct fat_list *list,
	     const char *head, struct lkb_extents *extents, struct fat_view *ret,
	     struct lkb_error *err)
{
	struct fat_view view = {
		.geo = *geo,
		.off = off,
		.list = list,
		.owners = lkb_alloc_array(geo->clusters, sizeof(*view.owners)),
		.head = head,
	};
	struct reader r = {
		.fd = fd,
		.name = "image",
		.view = &view,
		.extents = extents,
		.cursors = lkb_alloc_array(list->n, sizeof(*r.cursors)),
	};
	int rc = read_all(&r, err);

	free(r.fat);
	free(r.cursors);
	if (rc != 0)
		fat_view_clear(&view);
	else
		*ret = view;
	return rc;
}

void fat_view_clear(struct fat_view *v)
{
	free(v->owners);
	*v = (struct fat_view){0};
}

enum lkb_map_class fat_class_of(void *ctx, uint64_t block, const char **ret_name)
{
	const struct fat_view *v = ctx;
	uint64_t cluster = (uint64_t)v->geo.cluster_sectors * FAT_SECTOR;
	uint64_t data = fat_cluster_off(v, 2), at = block * BLOCK;

	if (at < data) {
		*ret_name = v->head;
		return LKB_MAP_ZERO;
	}
	for (uint64_t off = at; off < at + BLOCK; off += cluster) {
		uint64_t i = (off - data) / cluster;

		if (i < v->geo.clusters && v->owners[i] != 0) {
			*ret_name = v->list->items[v->owners[i] - 1].what;
			return LKB_MAP_ZERO;
		}
	}
	*ret_name = "";
	return LKB_MAP_FREE;
}
