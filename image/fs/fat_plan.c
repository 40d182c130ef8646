/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/size.h"
#include "image/fs/fat_priv.h"

#define BLOCK        4096u
#define FILE_MAX     UINT32_MAX
#define ENTRY        32u
#define LONG_NAME    13u /* characters in one entry */
#define ENTRIES_MAX  65536u
#define RESERVED_MIN 32u
/* From this size on clusters are 4 KiB: FATs stay small, and there are enough for a FAT32. */
#define LARGE        (512 * LKB_MIB)

/* ---- names ---- */

static int check_name(const char *name, struct lkb_error *err)
{
	size_t len = strlen(name);

	for (const char *p = name; *p; p++) {
		if (*p < 0x20 || *p >= 0x7f || strchr("\"*/:<>?\\|", *p))
			return lkb_fail(err, LKB_INPUT, "a name on a FAT has printable ASCII "
					"without \"*/:<>?\\| only");
	}
	if (name[len - 1] == '.' || name[len - 1] == ' ' || name[0] == ' ')
		return lkb_fail(err, LKB_INPUT, "a name on a FAT does not begin with a "
				"space or end in a space or dot");
	return 0;
}

static int by_folded_name(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names that differ in case only are one name on a FAT. */
static int check_twins(const struct lkb_inode *dir, struct lkb_error *err)
{
	lkb_autofree const char **names = NULL;

	if (dir->n_entries == 0)
		return 0;
	names = lkb_alloc_array(dir->n_entries, sizeof(*names));
	for (size_t i = 0; i < dir->n_entries; i++)
		names[i] = dir->entries[i].name;
	qsort(names, dir->n_entries, sizeof(*names), by_folded_name);
	for (size_t i = 1; i < dir->n_entries; i++) {
		if (strcasecmp(names[i - 1], names[i]) == 0)
			return lkb_fail(err, LKB_INPUT, "'%s' and '%s' are one name on a FAT",
					names[i - 1], names[i]);
	}
	return 0;
}

/* ---- the list ---- */

static size_t dir_entries(const struct lkb_inode *dir)
{
	size_t n = 2; /* "." and "..", or the root's label */

	for (size_t i = 0; i < dir->n_entries; i++)
		n += 1 + lkb_div_up(strlen(dir->entries[i].name), LONG_NAME);
	return n;
}

static int check_inode(const struct lkb_inode *inode, struct lkb_error *err)
{
	if (inode->type == LKB_NODE_DIR) {
		if (dir_entries(inode) > ENTRIES_MAX)
			return lkb_fail(err, LKB_INPUT, "too many files for a directory of a FAT");
		return check_twins(inode, err);
	}
	if (inode->type != LKB_NODE_FILE)
		return lkb_fail(err, LKB_INPUT, "a FAT holds files and directories only");
	if (inode->data.len <= FILE_MAX)
		return 0;
	lkb_fail(err, LKB_INPUT, "%s are too much for a file on a FAT",
		 lkb_size_text(inode->data.len).s);
	return lkb_hint(err, "it ends below 4 GiB; a root on a disk may hold more");
}

static size_t add_item(struct fat_list *l, const struct lkb_part *part, const char *path,
		       const struct lkb_inode *inode, size_t parent)
{
	LKB_GROW(l->items, l->n, l->cap);
	l->items[l->n] = (struct fat_item){
		.inode = inode,
		.path = lkb_arena_strdup(&l->arena, path),
		.what = lkb_arena_format(&l->arena, "%s:/%s", part->name, path),
		.parent = parent,
	};
	return l->n++;
}

static bool is_named(const struct lkb_part *part, const char *path)
{
	for (size_t i = 0; part->named && part->named[i]; i++) {
		if (strcmp(part->named[i], path) == 0)
			return true;
	}
	return false;
}

static int add_named(struct fat_list *l, const struct lkb_part *part, struct lkb_error *err)
{
	for (size_t i = 0; part->named && part->named[i]; i++) {
		const char *name = part->named[i];
		const struct lkb_inode *file = NULL;

		for (size_t j = 0; j < part->tree->n_entries; j++) {
			if (strcmp(part->tree->entries[j].name, name) == 0)
				file = part->tree->entries[j].inode;
		}
		if (!file || file->type != LKB_NODE_FILE)
			return lkb_fail(err, LKB_INPUT, "there is no file '/%s'", name);
		if (file->data.len == 0 || file->data.len % BLOCK)
			return lkb_fail(err, LKB_INPUT, "the %llu bytes of '/%s' are no multiple "
					"of %u", (unsigned long long)file->data.len, name, BLOCK);
		l->items[add_item(l, part, name, file, 0)].named = true;
	}
	return 0;
}

#define DEPTH_MAX 257

/* Adds all directories, or all files that are not there yet. A directory's item is found by the
 * order of the directories, which is the same in both passes. */
static int add_all(struct fat_list *l, const struct lkb_part *part, bool dirs, size_t first_dir,
		   struct lkb_error *err)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(part->tree);
	size_t way[DEPTH_MAX + 1] = {0}, next_dir = first_dir;
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0) {
		bool is_dir = item.inode->type == LKB_NODE_DIR;

		if (item.depth > DEPTH_MAX)
			return lkb_fail(err, LKB_INPUT, "'/%s' is too deep", item.path);
		if (dirs && ((item.depth > 0 && check_name(item.name, err) != 0) ||
			     check_inode(item.inode, err) != 0))
			return lkb_context(err, "'/%s'", item.path);
		if (item.depth == 0)
			continue;
		if (is_dir && dirs)
			add_item(l, part, item.path, item.inode, way[item.depth - 1]);
		if (is_dir)
			way[item.depth] = next_dir++;
		else if (!dirs && !is_named(part, item.path))
			add_item(l, part, item.path, item.inode, way[item.depth - 1]);
	}
	return 0;
}

int fat_list_make(const struct lkb_part *part, struct fat_list *ret, struct lkb_error *err)
{
	struct fat_list l = {.items = NULL};
	size_t first_dir;

	add_item(&l, part, "", part->tree, 0);
	if (add_named(&l, part, err) != 0)
		goto fail;
	first_dir = l.n;
	if (add_all(&l, part, true, first_dir, err) != 0 ||
	    add_all(&l, part, false, first_dir, err) != 0)
		goto fail;
	*ret = l;
	return 0;
fail:
	fat_list_clear(&l);
	return -1;
}

void fat_list_clear(struct fat_list *l)
{
	lkb_arena_clear(&l->arena);
	free(l->items);
	*l = (struct fat_list){.items = NULL};
}

/* ---- sizes ---- */

static uint64_t clusters_for(const struct fat_list *l, uint32_t cluster_sectors)
{
	uint64_t sum = 0, cluster = (uint64_t)cluster_sectors * FAT_SECTOR;

	for (size_t i = 0; i < l->n; i++) {
		const struct lkb_inode *inode = l->items[i].inode;
		uint64_t len = inode->type == LKB_NODE_DIR ?
				       (uint64_t)dir_entries(inode) * ENTRY : inode->data.len;

		sum += lkb_div_up(len, cluster);
	}
	return sum;
}

static uint32_t fat_sectors_for(uint64_t clusters)
{
	return (uint32_t)lkb_div_up((clusters + 2) * 4, FAT_SECTOR);
}

struct fat_geometry fat_geometry_of(uint64_t size)
{
	struct fat_geometry g = {
		.sectors = (uint32_t)(size / FAT_SECTOR),
		.cluster_sectors = size < LARGE ? 1 : 8,
	};
	/* Small clusters: the root directory has one sector, then comes the first file. */
	uint32_t before = g.cluster_sectors == 1 ? 1 : 0;

	g.fat_sectors = fat_sectors_for(g.sectors / g.cluster_sectors);
	g.reserved = RESERVED_MIN;
	while ((g.reserved + 2 * g.fat_sectors + before) % 8)
		g.reserved++;
	g.clusters = (g.sectors - g.reserved - 2 * g.fat_sectors) / g.cluster_sectors;
	return g;
}

/* The smallest size whose geometry has so many clusters. */
static uint64_t size_with(uint64_t clusters, uint64_t least, uint32_t cluster_sectors)
{
	uint64_t size;

	if (clusters < FAT_CLUSTERS_MIN)
		clusters = FAT_CLUSTERS_MIN;
	size = lkb_align_up(clusters * cluster_sectors * FAT_SECTOR, BLOCK);
	if (size < least)
		size = least;
	size += lkb_align_up(2ull * fat_sectors_for(clusters) * FAT_SECTOR, BLOCK);
	while (size <= FAT_SIZE_MAX && fat_geometry_of(size).clusters < clusters)
		size += BLOCK;
	return size;
}

uint64_t fat_size_for(const struct fat_list *l)
{
	uint64_t small = clusters_for(l, 1);
	uint64_t size = small < LARGE / FAT_SECTOR ? size_with(small, 0, 1) : LARGE;

	return size < LARGE ? size : size_with(clusters_for(l, 8), LARGE, 8);
}
