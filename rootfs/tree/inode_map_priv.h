/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_INODE_MAP_PRIV_H
#define LKB_ROOTFS_TREE_INODE_MAP_PRIV_H

#include <stddef.h>

#include "rootfs/tree/tree.h"

/* What a walk remembers of hard-linked inodes, found by address. Nothing ever goes through it in
 * its own order, so addresses cannot reach an artifact. Born {0}. */
struct lkb_inode_map {
	struct lkb_inode_map_slot *slots; /* owned */
	size_t n;
	size_t cap; /* a power of two */
};

struct lkb_inode_map_slot {
	const struct lkb_inode *key; /* NULL: free */
	void *value;
};

void lkb_inode_map_clear(struct lkb_inode_map *m);
struct lkb_inode_map_slot *lkb_inode_map_find(const struct lkb_inode_map *m,
					      const struct lkb_inode *key);
/* The slot of key, made with value NULL if it is new. Valid until the next add. */
struct lkb_inode_map_slot *lkb_inode_map_add(struct lkb_inode_map *m,
					     const struct lkb_inode *key);
#define lkb_autoinodemap __attribute__((cleanup(lkb_inode_map_clear))) struct lkb_inode_map

#endif
