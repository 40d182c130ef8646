/* SPDX-License-Identifier: Apache-2.0 */
/* Adding to a tree and removing from it, one node at a time. */
#include "rootfs/tree/tree_priv.h"

#define NOTHING_BELOW ((struct lkb_below){ 0 })

static int root_in_the_way(const char *path, struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT, "path '%.300s': the root of a tree can only be a directory",
			path);
}

/* Puts a finished inode at the path. */
static int put(struct lkb_tree *t, const char *path, struct lkb_inode *inode,
	       struct lkb_inode **ret, struct lkb_error *err)
{
	struct lkb_place at;

	if (lkb_tree_place(t, path, true, NOTHING_BELOW, &at, err) < 0)
		return -1;
	if (!at.dir)
		return root_in_the_way(path, err);
	lkb_dir_put(t, at.dir, at.name, inode);
	if (ret)
		*ret = inode;
	return 0;
}

int lkb_tree_add_dir(struct lkb_tree *t, const char *path, const struct lkb_meta *m,
		     struct lkb_inode **ret, struct lkb_error *err)
{
	struct lkb_inode *dir = t->root;
	struct lkb_place at;

	if (lkb_tree_place(t, path, true, NOTHING_BELOW, &at, err) < 0)
		return -1;
	if (at.dir) {
		struct lkb_dirent *e = lkb_dir_find(at.dir, at.name, NULL);

		dir = e && e->inode->type == LKB_NODE_DIR ? e->inode : NULL;
	}
	if (dir) {
		lkb_dir_replace_meta(t, dir, m);
	} else {
		dir = lkb_inode_new(t, LKB_NODE_DIR, m);
		lkb_dir_put(t, at.dir, at.name, dir);
	}
	if (ret)
		*ret = dir;
	return 0;
}

int lkb_tree_add_file(struct lkb_tree *t, const char *path, const struct lkb_meta *m,
		      const struct lkb_data *d, struct lkb_inode **ret, struct lkb_error *err)
{
	struct lkb_inode *inode;

	if (d && d->blob && (d->off > lkb_blob_size(d->blob) ||
			     d->len > lkb_blob_size(d->blob) - d->off))
		return lkb_fail(err, LKB_INPUT,
				"file '%.300s': its data lies behind the end of '%s'", path,
				lkb_blob_name(d->blob));
	inode = lkb_inode_new(t, LKB_NODE_FILE, m);
	/* Before the place is taken: *d may belong to the node that is replaced. */
	if (d && d->blob && d->len) {
		inode->data = *d;
		lkb_blob_ref(d->blob);
	}
	if (put(t, path, inode, ret, err) == 0)
		return 0;
	lkb_inode_release(inode);
	return -1;
}

int lkb_tree_add_text(struct lkb_tree *t, const char *path, const struct lkb_meta *m,
		      const void *p, size_t n, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(p, n);

	return lkb_tree_add_file(t, path, m, &(struct lkb_data){ blob, 0, n }, NULL, err);
}

int lkb_tree_add_symlink(struct lkb_tree *t, const char *path, const struct lkb_meta *m,
			 const char *target, struct lkb_inode **ret, struct lkb_error *err)
{
	struct lkb_inode *inode;
	size_t len = strnlen(target, LKB_TREE_MAX_PATH);

	if (!len)
		return lkb_fail(err, LKB_INPUT, "symbolic link '%.300s' has no target", path);
	if (len >= LKB_TREE_MAX_PATH)
		return lkb_fail(err, LKB_INPUT,
				"the target of symbolic link '%.300s' is longer than %d bytes",
				path, LKB_TREE_MAX_PATH - 1);
	inode = lkb_inode_new(t, LKB_NODE_SYMLINK, m);
	inode->target = lkb_arena_strndup(&t->arena, target, len);
	return put(t, path, inode, ret, err);
}

int lkb_tree_add_special(struct lkb_tree *t, const char *path, const struct lkb_meta *m,
			 enum lkb_node_type type, uint32_t major, uint32_t minor,
			 struct lkb_inode **ret, struct lkb_error *err)
{
	struct lkb_inode *inode;

	if (type != LKB_NODE_CHAR && type != LKB_NODE_BLOCK && type != LKB_NODE_FIFO)
		return lkb_fail(err, LKB_BUG, "'%.300s' is no device and no FIFO", path);
	inode = lkb_inode_new(t, type, m);
	if (type != LKB_NODE_FIFO) {
		inode->major = major;
		inode->minor = minor;
	}
	return put(t, path, inode, ret, err);
}

int lkb_tree_add_link(struct lkb_tree *t, const char *path, const char *target,
		      struct lkb_error *err)
{
	struct lkb_inode *inode = lkb_tree_lookup(t, target, false);

	if (!inode)
		return lkb_fail(err, LKB_INPUT,
				"hard link '%.300s' leads to '%.300s', which is not there",
				path, target);
	if (inode->type == LKB_NODE_DIR)
		return lkb_fail(err, LKB_INPUT, "hard link '%.300s' leads to directory '%.300s'",
				path, target);
	return put(t, path, inode, NULL, err);
}

bool lkb_tree_remove(struct lkb_tree *t, const char *path)
{
	struct lkb_place at;

	if (lkb_tree_place(t, path, false, NOTHING_BELOW, &at, NULL) < 0 || !at.dir)
		return false;
	return lkb_dir_remove(at.dir, at.name);
}
