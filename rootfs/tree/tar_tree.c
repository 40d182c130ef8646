/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of an archive become nodes of a tree. */
#include "rootfs/tree/tar_priv.h"
#include "rootfs/tree/tree_priv.h"

void lkb_tar_clean_path(const char *prefix, const char *path, struct lkb_str *ret)
{
	struct lkb_name name;
	size_t bottom;

	ret->len = 0;
	lkb_str_add(ret, prefix);
	bottom = ret->len;
	while (lkb_name_next(&path, &name)) {
		if (name.len != 2 || memcmp(name.s, "..", 2) != 0) {
			lkb_str_addc(ret, '/');
			lkb_str_addn(ret, name.s, name.len);
			continue;
		}
		while (ret->len > bottom && ret->s[--ret->len] != '/')
			;
		ret->s[ret->len] = '\0';
	}
}

static bool is_host_label(const char *name)
{
	return !strcmp(name, "security.selinux") || lkb_starts_with(name, "trusted.overlay.");
}

static int add_node(struct lkb_tree *t, const char *path, const struct lkb_tar_entry *e,
		    struct lkb_inode **ret, struct lkb_error *err)
{
	switch (e->type) {
	case '0':
		return lkb_tree_add_file(t, path, &e->meta, &e->data, ret, err);
	case '2':
		return lkb_tree_add_symlink(t, path, &e->meta, e->linkpath, ret, err);
	case '3':
		return lkb_tree_add_special(t, path, &e->meta, LKB_NODE_CHAR, e->major, e->minor,
					    ret, err);
	case '4':
		return lkb_tree_add_special(t, path, &e->meta, LKB_NODE_BLOCK, e->major, e->minor,
					    ret, err);
	case '5':
		return lkb_tree_add_dir(t, path, &e->meta, ret, err);
	case '6':
		return lkb_tree_add_special(t, path, &e->meta, LKB_NODE_FIFO, 0, 0, ret, err);
	default:
		return lkb_fail(err, LKB_BUG, "entry type '%c' was let through", e->type);
	}
}

/* A further name: whatever else the entry says is about the inode, which has its own. */
static int add_link(struct lkb_tree *t, const char *prefix, const char *path,
		    const struct lkb_tar_entry *e, struct lkb_error *err)
{
	lkb_autostr target = { 0 };

	lkb_tar_clean_path(prefix, e->linkpath, &target);
	return lkb_tree_add_link(t, path, lkb_str_get(&target), err);
}

int lkb_tar_add_entry(struct lkb_tree *t, const char *prefix, const struct lkb_tar_entry *e,
		      bool host_labels, struct lkb_error *err)
{
	lkb_autostr path = { 0 };
	struct lkb_inode *inode;

	lkb_tar_clean_path(prefix, e->path, &path);
	if (e->type == '1')
		return add_link(t, prefix, lkb_str_get(&path), e, err);
	if (add_node(t, lkb_str_get(&path), e, &inode, err) < 0)
		return -1;
	for (size_t i = 0; i < e->n_xattrs; i++)
		if (host_labels || !is_host_label(e->xattrs[i].name))
			lkb_tree_set_xattr(t, inode, e->xattrs[i].name, e->xattrs[i].value,
					   e->xattrs[i].len);
	return 0;
}

int lkb_tar_to_tree(const struct lkb_data *data, struct lkb_tree *t, const char *prefix,
		    struct lkb_error *err)
{
	lkb_auto(lkb_tar) tar = lkb_tar_new(data);
	struct lkb_tar_entry e;
	int r;

	lkb_tar_set_scratch(tar, t->scratch);
	while ((r = lkb_tar_next(tar, &e, err)) > 0)
		if (lkb_tar_add_entry(t, prefix, &e, true, err) < 0)
			return lkb_context(err, "tar archive '%s'", lkb_blob_name(data->blob));
	return r;
}
