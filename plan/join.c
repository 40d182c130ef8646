/* SPDX-License-Identifier: Apache-2.0 */
/* The root with what a format puts beside it: archives and ISO images. */
#include "plan/plan_priv.h"

/* What the spec put where the format has something of its own is not lost without a word. */
void lkb_say_replaced(const struct lkb_product *m, const char *path)
{
	lkb_ui_warning(m->plan->in->ui, "the root's '/%s' gives way to what format '%s' has there",
		       path, m->format->name);
}

static void say_all_replaced(const struct lkb_product *m, const struct lkb_inode *own)
{
	const struct lkb_plan *p = m->plan;
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(own);
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0) {
		const struct lkb_inode *there =
			*item.path ? lkb_tree_lookup(p->rootfs.root, item.path, false) : NULL;
		bool both_dirs = there && there->type == LKB_NODE_DIR &&
				 item.inode->type == LKB_NODE_DIR;

		if (there && !both_dirs)
			lkb_say_replaced(m, item.path);
	}
}

int lkb_join_root(const struct lkb_product *m, struct lkb_tree **ret, struct lkb_error *err)
{
	const struct lkb_inode *root = lkb_tree_root(m->plan->rootfs.root);
	lkb_auto(lkb_tree) t = lkb_tree_new();

	say_all_replaced(m, lkb_tree_root(m->data));
	if (lkb_tree_graft(t, "", root, err) ||
	    lkb_tree_graft(t, "", lkb_tree_root(m->data), err) ||
	    lkb_tree_add_dir(t, "", &root->meta, NULL, err))
		return -1;
	*ret = LKB_STEAL(t);
	return 0;
}
