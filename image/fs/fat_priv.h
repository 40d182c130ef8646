/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_FS_FAT_PRIV_H
#define LKB_IMAGE_FS_FAT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "image/fs/fs.h"
#include "rootfs/tree/tree.h"

/*
 * A FAT32 is made by mtools: mformat with a geometry computed here, then the files, in an order
 * decided here. What mtools made is read back (fat_read.c) to learn which cluster belongs to
 * which file; everything else in the partition is free.
 */
#define FAT_SECTOR       512u
#define FAT_CLUSTERS_MIN 65536u      /* fewer than 65525 would make it a FAT16 */
#define FAT_CLUSTERS_MAX 0x0ffffff0u
#define FAT_SIZE_MAX     ((uint64_t)FAT_CLUSTERS_MAX * 4096) /* clusters of large ones are 4 KiB */
#define FAT_ROOT_CLUSTER 2u

struct fat_geometry {
	uint32_t sectors;
	uint32_t reserved, fat_sectors; /* there are two FATs */
	uint32_t cluster_sectors;       /* 1 or 8 */
	uint32_t clusters;
};

/* One file or directory, in the order in which mtools gets them. */
struct fat_item {
	const struct lkb_inode *inode; /* borrowed */
	const char *path;              /* in the arena; "" = the root, which is item 0 */
	const char *what;              /* "PART:/path": its name in the map */
	size_t parent;                 /* item */
	bool named;
	/* filled in by fat_read() */
	uint32_t first, clusters;
	bool contiguous;
};

struct fat_list {
	struct lkb_arena arena;
	struct fat_item *items; /* owned */
	size_t n, cap;
};

/* ---- fat_plan.c: pure ---- */

/* The list of a tree: the root, the named files (they come first and so stand aligned and in one
 * piece), directories, other files. LKB_INPUT for what a FAT cannot hold. */
int fat_list_make(const struct lkb_part *part, struct fat_list *ret, struct lkb_error *err);
void fat_list_clear(struct fat_list *l);
/* Bytes of the smallest FAT32 that holds the list; more than FAT_SIZE_MAX if there is none. */
uint64_t fat_size_for(const struct fat_list *l);
/* The geometry of a FAT32 of so many bytes. The first file's data starts at a multiple of 4096. */
struct fat_geometry fat_geometry_of(uint64_t size);

/* ---- fat_read.c: what mtools made ---- */

struct fat_view {
	struct fat_geometry geo;
	uint64_t off;       /* of the file system in the image */
	const struct fat_list *list;
	uint32_t *owners;   /* owned; item + 1 for each cluster, 0 = free */
	const char *head;   /* what the blocks before the clusters are called; borrowed */
};

/* Reads the file allocation table at off and follows every item of the list, whose read fields are
 * filled in; where files stand is added to *extents. LKB_IO if the file system is
 * not what was asked for. */
int fat_read(int fd, uint64_t off, const struct fat_geometry *geo, struct fat_list *list,
	     const char *head, struct lkb_extents *extents, struct fat_view *ret,
	     struct lkb_error *err);
void fat_view_clear(struct fat_view *v);
/* An lkb_class_fn over a fat_view. */
enum lkb_map_class fat_class_of(void *view, uint64_t block, const char **ret_name);
/* Byte offset of a cluster in the image. */
uint64_t fat_cluster_off(const struct fat_view *v, uint32_t cluster);

#endif
