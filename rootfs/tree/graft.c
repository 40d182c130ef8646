/* SPDX-License-Identifier: Apache-2.0 */
/* Grafting goes in two steps: a copy that belongs to no directory yet, then its nodes are hung in.
 * So a node can be grafted into its own tree, and a graft that does not fit changes nothing. */
#include "rootfs/tree/inode_map_priv.h"
#include "rootfs/tree/tree_priv.h"

struct copy {
	struct lkb_tree *t;
	struct lkb_inode_map links; /* hard-linked original -> its copy */
	const char *from_source;    /* the last foreign source, as they come in runs, ... */
	const char *our_source;     /* ... and our copy of it */
	struct lkb_below below;     /* the copy's own root */
};

static const char *copy_source(struct copy *c, const char *source)
{
	if (c->t->source || !source)
		return c->t->source;
	if (source != c->from_source) {
		c->from_source = source;
		c->our_source = lkb_arena_strdup(&c->t->arena, source);
	}
	return c->our_source;
}

static struct lkb_inode *copy_node(struct copy *c, const struct lkb_inode *from)
{
	struct lkb_inode *to = lkb_inode_new(c->t, from->type, &from->meta);

	to->source = copy_source(c, from->source);
	for (size_t i = 0; i < from->n_xattrs; i++)
		lkb_tree_set_xattr(c->t, to, from->xattrs[i].name, from->xattrs[i].value,
				   from->xattrs[i].len);
	to->data = from->data;
	lkb_blob_ref(to->data.blob);
	if (from->target)
		to->target = lkb_arena_strdup(&c->t->arena, from->target);
	to->major = from->major;
	to->minor = from->minor;
	return to;
}

static struct lkb_inode *copy_tree(struct copy *c, const struct lkb_inode *from, size_t depth,
				   size_t path_len)
{
	struct lkb_inode_map_slot *slot;
	struct lkb_inode *to;

	if (depth > c->below.depth)
		c->below.depth = depth;
	if (path_len > c->below.path_len)
		c->below.path_len = path_len;
	if (from->nlink > 1) {
		slot = lkb_inode_map_add(&c->links, from);
		if (!slot->value)
			slot->value = copy_node(c, from);
		return slot->value;
	}
	to = copy_node(c, from);
	for (size_t i = 0; i < from->n_entries; i++) {
		const struct lkb_dirent *e = &from->entries[i];
		struct lkb_name name = { e->name, strlen(e->name) };

		lkb_dir_put(c->t, to, name,
			    copy_tree(c, e->inode, depth + 1, path_len + 1 + name.len));
	}
	return to;
}

/* Hangs all that is in `from` into `to`; `from` is empty afterwards. */
static void merge_dir(struct lkb_tree *t, struct lkb_inode *to, struct lkb_inode *from)
{
	to->meta = from->meta;
	to->xattrs = from->xattrs;
	to->n_xattrs = from->n_xattrs;
	to->source = from->source;
	for (size_t i = 0; i < from->n_entries; i++) {
		struct lkb_dirent *e = &from->entries[i];
		struct lkb_name name = { e->name, strlen(e->name) };
		struct lkb_dirent *there = lkb_dir_find(to, name, NULL);

		if (there && there->inode->type == LKB_NODE_DIR &&
		    e->inode->type == LKB_NODE_DIR) {
			merge_dir(t, there->inode, e->inode);
			continue;
		}
		lkb_dir_put(t, to, name, e->inode);
		if (e->inode->type != LKB_NODE_DIR)
			e->inode->nlink--; /* the name it had in the copy */
	}
	from->n_entries = 0;
	lkb_inode_release(from);
}

static int hang(struct copy *c, const char *path, struct lkb_inode *node, struct lkb_error *err)
{
	struct lkb_dirent *there;
	struct lkb_place at;

	if (lkb_tree_place(c->t, path, true, c->below, &at, err) < 0)
		return -1;
	if (!at.dir) {
		if (node->type != LKB_NODE_DIR)
			return lkb_fail(err, LKB_INPUT, "path '%.300s': the root of a tree can "
					"only be a directory", path);
		merge_dir(c->t, c->t->root, node);
		return 0;
	}
	there = lkb_dir_find(at.dir, at.name, NULL);
	if (there && there->inode->type == LKB_NODE_DIR && node->type == LKB_NODE_DIR)
		merge_dir(c->t, there->inode, node);
	else
		lkb_dir_put(c->t, at.dir, at.name, node);
	return 0;
}

int lkb_tree_graft(struct lkb_tree *t, const char *path, const struct lkb_inode *from,
		   struct lkb_error *err)
{
	struct copy c = { .t = t };
	struct lkb_inode *node = copy_tree(&c, from, 0, 0);
	int r = hang(&c, path, node, err);

	if (r < 0)
		lkb_inode_release(node);
	lkb_inode_map_clear(&c.links);
	return r;
}
