/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "rootfs/rootfs_priv.h"

struct job {
	struct lkb_tree *t;
	const char *prefix; /* "" or a directory's path with a slash behind it */
	const char *source;
};

static int overlay_at(const struct job *job, const struct lkb_inode *over, struct lkb_error *err);

/* A link to a directory that takes the place of a directory with something in it: that moves to
 * where the link leads. */
static int put_link_over_dir(const struct job *job, const char *path,
			     const struct lkb_inode *link, const struct lkb_inode *dir,
			     struct lkb_error *err)
{
	lkb_autofree char *source = lkb_format("%s", dir->source ? dir->source : job->source);
	lkb_autofree char *prefix = lkb_format("%s/", path);
	const struct job inner = { job->t, prefix, source };
	lkb_auto(lkb_tree) kept = lkb_tree_new();
	int r;

	if (lkb_tree_graft(kept, "", dir, err) < 0 ||
	    lkb_tree_add_symlink(job->t, path, &link->meta, link->target, NULL, err) < 0)
		return -1;
	lkb_tree_set_source(job->t, source);
	r = overlay_at(&inner, lkb_tree_root(kept), err);
	lkb_tree_set_source(job->t, job->source);
	return r < 0 ? lkb_context(err, "'%s' is a directory, and a link to '%s' in '%s'", path,
				   link->target, job->source) : 0;
}

static int put_node(const struct job *job, const char *path, const struct lkb_inode *from,
		    struct lkb_error *err)
{
	struct lkb_inode *there = lkb_tree_lookup(job->t, path, false);
	struct lkb_inode *node = NULL;
	int r = -1;

	switch (from->type) {
	case LKB_NODE_DIR:
		if (there && there->type == LKB_NODE_SYMLINK) {
			there = lkb_tree_lookup(job->t, path, true);
			if (there && there->type == LKB_NODE_DIR)
				return 0;
		}
		r = lkb_tree_add_dir(job->t, path, &from->meta, &node, err);
		break;
	case LKB_NODE_FILE:
		r = lkb_tree_add_file(job->t, path, &from->meta, &from->data, &node, err);
		break;
	case LKB_NODE_SYMLINK:
		if (there && there->type == LKB_NODE_DIR && there->n_entries)
			return put_link_over_dir(job, path, from, there, err);
		r = lkb_tree_add_symlink(job->t, path, &from->meta, from->target, &node, err);
		break;
	case LKB_NODE_CHAR:
	case LKB_NODE_BLOCK:
	case LKB_NODE_FIFO:
		r = lkb_tree_add_special(job->t, path, &from->meta, from->type, from->major,
					 from->minor, &node, err);
		break;
	}
	for (size_t i = 0; r == 0 && i < from->n_xattrs; i++)
		lkb_tree_set_xattr(job->t, node, from->xattrs[i].name, from->xattrs[i].value,
				   from->xattrs[i].len);
	return r;
}

static int overlay_at(const struct job *job, const struct lkb_inode *over, struct lkb_error *err)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(over);
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item)) {
		lkb_autofree char *path = NULL;
		lkb_autofree char *first = NULL;

		if (!*item.path)
			continue;
		path = lkb_format("%s%s", job->prefix, item.path);
		if (item.first) {
			if (put_node(job, path, item.inode, err) < 0)
				return -1;
			continue;
		}
		first = lkb_format("%s%s", job->prefix, item.first_path);
		if (lkb_tree_add_link(job->t, path, first, err) < 0)
			return -1;
	}
	return 0;
}

int lkb_overlay(struct lkb_tree *t, struct lkb_tree *over, const char *source,
		struct lkb_error *err)
{
	const struct job job = { t, "", source };
	int r;

	lkb_tree_set_source(t, source);
	r = overlay_at(&job, lkb_tree_root(over), err);
	lkb_tree_set_source(t, NULL);
	return r;
}
