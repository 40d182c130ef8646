/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a tree, of its inodes and of the entries in a directory. */
#include "rootfs/tree/tree.h"

#include "base/alloc.h"
#include "rootfs/tree/tree_priv.h"

struct lkb_tree *lkb_tree_new(void)
{
	struct lkb_tree *t = lkb_alloc(sizeof(*t));

	t->root = lkb_inode_new(t, LKB_NODE_DIR, &(struct lkb_meta){ .mode = 0755 });
	return t;
}

void lkb_tree_free(struct lkb_tree *t)
{
	if (!t)
		return;
	lkb_inode_release(t->root);
	lkb_arena_clear(&t->arena);
	free(t->scratch);
	free(t);
}

struct lkb_inode *lkb_tree_root(struct lkb_tree *t)
{
	return t->root;
}

void lkb_tree_set_source(struct lkb_tree *t, const char *source)
{
	t->source = source ? lkb_arena_strdup(&t->arena, source) : NULL;
}

void lkb_tree_set_scratch(struct lkb_tree *t, const char *dir)
{
	/* Not in the arena: what a tree takes must not depend on where the store is. */
	free(t->scratch);
	t->scratch = dir ? lkb_strdup(dir) : NULL;
}

void lkb_tree_set_default_mtime(struct lkb_tree *t, int64_t mtime)
{
	t->default_mtime = mtime;
}

static void set_meta(struct lkb_inode *inode, const struct lkb_meta *m)
{
	inode->meta = *m;
	inode->meta.mode &= 07777;
}

struct lkb_inode *lkb_inode_new(struct lkb_tree *t, enum lkb_node_type type,
				const struct lkb_meta *m)
{
	struct lkb_inode *inode = lkb_arena_alloc(&t->arena, sizeof(*inode));

	inode->type = type;
	inode->nlink = type == LKB_NODE_DIR;
	inode->source = t->source;
	set_meta(inode, m);
	return inode;
}

static void drop_name(struct lkb_inode *inode)
{
	if (inode->type != LKB_NODE_DIR && --inode->nlink)
		return;
	lkb_inode_release(inode);
}

void lkb_inode_release(struct lkb_inode *inode)
{
	for (size_t i = 0; i < inode->n_entries; i++)
		drop_name(inode->entries[i].inode);
	free(inode->entries);
	inode->entries = NULL;
	inode->n_entries = inode->cap_entries = 0;
	lkb_blob_unref(inode->data.blob);
	inode->data = (struct lkb_data){ 0 };
}

static int compare_name(struct lkb_name a, const char *b)
{
	int c = strncmp(a.s, b, a.len);

	return c ? c : -(b[a.len] != '\0');
}

struct lkb_dirent *lkb_dir_find(const struct lkb_inode *dir, struct lkb_name name,
				size_t *ret_pos)
{
	size_t low = 0, high = dir->n_entries;
	struct lkb_dirent *found = NULL;

	/* Most producers are sorted: the name is often the last one or comes behind it. */
	if (high && compare_name(name, dir->entries[high - 1].name) > 0)
		low = high;
	while (low < high && !found) {
		size_t mid = low + (high - low) / 2;
		int c = compare_name(name, dir->entries[mid].name);

		if (c == 0) {
			found = &dir->entries[mid];
			low = mid;
		} else if (c < 0) {
			high = mid;
		} else {
			low = mid + 1;
		}
	}
	if (ret_pos)
		*ret_pos = low;
	return found;
}

void lkb_dir_put(struct lkb_tree *t, struct lkb_inode *dir, struct lkb_name name,
		 struct lkb_inode *inode)
{
	size_t pos;
	struct lkb_dirent *e = lkb_dir_find(dir, name, &pos);

	/* Counted before the old one goes: it may be the same inode, or hold it. */
	if (inode->type != LKB_NODE_DIR)
		inode->nlink++;
	if (e) {
		struct lkb_inode *old = e->inode;

		e->inode = inode;
		drop_name(old);
		return;
	}
	LKB_GROW(dir->entries, dir->n_entries, dir->cap_entries);
	memmove(dir->entries + pos + 1, dir->entries + pos,
		(dir->n_entries - pos) * sizeof(*dir->entries));
	dir->entries[pos] = (struct lkb_dirent){
		.name = lkb_arena_strndup(&t->arena, name.s, name.len),
		.inode = inode,
	};
	dir->n_entries++;
}

bool lkb_dir_remove(struct lkb_inode *dir, struct lkb_name name)
{
	size_t pos;
	struct lkb_dirent *e = lkb_dir_find(dir, name, &pos);

	if (!e)
		return false;
	drop_name(e->inode);
	dir->n_entries--;
	memmove(e, e + 1, (dir->n_entries - pos) * sizeof(*e));
	return true;
}

void lkb_dir_replace_meta(struct lkb_tree *t, struct lkb_inode *dir, const struct lkb_meta *m)
{
	set_meta(dir, m);
	dir->xattrs = NULL;
	dir->n_xattrs = 0;
	dir->source = t->source;
}

/* Room for one more. There is room for a power of two of them, so a full array is told by its
 * number; what the arena lost to smaller ones is less than what is in use. */
static void make_xattr_room(struct lkb_tree *t, struct lkb_inode *inode)
{
	size_t n = inode->n_xattrs;
	struct lkb_xattr *grown;

	if (n & (n - 1))
		return;
	grown = lkb_arena_array(&t->arena, n ? 2 * n : 1, sizeof(*grown));
	if (n)
		memcpy(grown, inode->xattrs, n * sizeof(*grown));
	inode->xattrs = grown;
}

void lkb_tree_set_xattr(struct lkb_tree *t, struct lkb_inode *inode, const char *name,
			const void *value, size_t len)
{
	struct lkb_xattr x = { .value = lkb_arena_memdup(&t->arena, value, len), .len = len };
	size_t pos = 0;

	while (pos < inode->n_xattrs && strcmp(inode->xattrs[pos].name, name) < 0)
		pos++;
	if (pos < inode->n_xattrs && !strcmp(inode->xattrs[pos].name, name)) {
		inode->xattrs[pos].value = x.value;
		inode->xattrs[pos].len = len;
		return;
	}
	x.name = lkb_arena_strdup(&t->arena, name);
	make_xattr_room(t, inode);
	memmove(inode->xattrs + pos + 1, inode->xattrs + pos,
		(inode->n_xattrs - pos) * sizeof(x));
	inode->xattrs[pos] = x;
	inode->n_xattrs++;
}
