/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_CPIO_WALK_PRIV_H
#define LKB_ROOTFS_TREE_CPIO_WALK_PRIV_H

#include "base/str.h"
#include "rootfs/tree/cpio.h"

/* What goes into one archive, in the order of lkb_tree_iter: the items that belong to it, and
 * before the first of them in a directory all directories on the way there. Born {0}. */
struct lkb_cpio_walk {
	const struct lkb_cpio_part *part; /* NULL: everything */
	struct lkb_tree_iter *it;         /* owned */
	struct lkb_tree_item item;        /* the one that the directories lead to */
	bool is_held;                     /* it was not returned yet */
	struct lkb_cpio_walk_dir {
		const struct lkb_inode *inode;
		size_t path_len;
		bool written;
	} *dirs; /* owned; those above the item, by depth */
	size_t n_dirs, cap_dirs;
	size_t next_dir;     /* of them, the first that may be missing */
	struct lkb_str path; /* of the directory returned last */
};

void lkb_cpio_walk_start(struct lkb_cpio_walk *w, const struct lkb_inode *root,
			 const struct lkb_cpio_part *part);
/* 1 = *ret is the next item, 0 = end. Only path, inode and first of it are set. */
int lkb_cpio_walk_next(struct lkb_cpio_walk *w, struct lkb_tree_item *ret);
void lkb_cpio_walk_clear(struct lkb_cpio_walk *w);
#define lkb_autocpiowalk __attribute__((cleanup(lkb_cpio_walk_clear))) struct lkb_cpio_walk

#endif
