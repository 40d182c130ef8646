/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree/cpio_walk_priv.h"

#include "base/alloc.h"

void lkb_cpio_walk_start(struct lkb_cpio_walk *w, const struct lkb_inode *root,
			 const struct lkb_cpio_part *part)
{
	w->part = part;
	w->it = lkb_tree_iter_new(root);
}

void lkb_cpio_walk_clear(struct lkb_cpio_walk *w)
{
	if (w->it)
		lkb_tree_iter_free(w->it);
	free(w->dirs);
	lkb_str_clear(&w->path);
	*w = (struct lkb_cpio_walk){ 0 };
}

/* Notes a directory as one that what follows may be in. */
static void push_dir(struct lkb_cpio_walk *w, const struct lkb_tree_item *item, bool written)
{
	w->n_dirs = item->depth;
	LKB_GROW(w->dirs, w->n_dirs, w->cap_dirs);
	w->dirs[w->n_dirs++] = (struct lkb_cpio_walk_dir){ item->inode, strlen(item->path),
							   written };
}

/* Goes on to the next item that belongs to the archive; false at the end. */
static bool find_item(struct lkb_cpio_walk *w)
{
	while (lkb_tree_iter_next(w->it, &w->item) > 0) {
		const struct lkb_inode *inode = w->item.inode;
		bool wanted = !w->part || w->part->has(w->part->ctx, inode);

		if (inode->type == LKB_NODE_DIR)
			push_dir(w, &w->item, wanted);
		if (wanted)
			return true;
	}
	return false;
}

/* The first directory above the item that the archive does not have yet; false if it has all. */
static bool find_dir(struct lkb_cpio_walk *w, struct lkb_tree_item *ret)
{
	for (; w->next_dir < w->item.depth; w->next_dir++) {
		struct lkb_cpio_walk_dir *dir = &w->dirs[w->next_dir];

		if (dir->written)
			continue;
		dir->written = true;
		lkb_str_clear(&w->path);
		lkb_str_addn(&w->path, w->item.path, dir->path_len);
		*ret = (struct lkb_tree_item){ .path = lkb_str_get(&w->path),
					       .inode = dir->inode, .first = true };
		return true;
	}
	return false;
}

int lkb_cpio_walk_next(struct lkb_cpio_walk *w, struct lkb_tree_item *ret)
{
	if (!w->is_held) {
		if (!find_item(w))
			return 0;
		w->is_held = true;
		w->next_dir = 0;
	}
	if (find_dir(w, ret))
		return 1;
	w->is_held = false;
	*ret = w->item;
	return 1;
}
