/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/str.h"
#include "rootfs/tree/inode_map_priv.h"
#include "rootfs/tree/tree_priv.h"

struct level {
	const struct lkb_inode *dir;
	size_t next;     /* entry to come */
	size_t path_len; /* of the directory */
};

struct lkb_tree_iter {
	const struct lkb_inode *from; /* until the root was given out */
	struct level levels[LKB_TREE_MAX_DEPTH + 1];
	size_t n_levels;
	struct lkb_str path;
	struct lkb_inode_map firsts; /* hard-linked inode -> its first path */
	struct lkb_arena paths;
};

struct lkb_tree_iter *lkb_tree_iter_new(const struct lkb_inode *from)
{
	struct lkb_tree_iter *it = lkb_alloc(sizeof(*it));

	it->from = from;
	lkb_str_add(&it->path, "");
	return it;
}

void lkb_tree_iter_free(struct lkb_tree_iter *it)
{
	if (!it)
		return;
	lkb_str_clear(&it->path);
	lkb_inode_map_clear(&it->firsts);
	lkb_arena_clear(&it->paths);
	free(it);
}

static void enter(struct lkb_tree_iter *it, const struct lkb_inode *dir)
{
	it->levels[it->n_levels++] = (struct level){ .dir = dir, .path_len = it->path.len };
}

static void cut_path(struct lkb_tree_iter *it, size_t len)
{
	it->path.len = len;
	if (it->path.s)
		it->path.s[len] = '\0';
}

/* Says whether this is the first name of the inode. */
static void tell_first(struct lkb_tree_iter *it, struct lkb_tree_item *item)
{
	struct lkb_inode_map_slot *slot;

	item->first = true;
	item->first_path = item->path;
	if (item->inode->nlink < 2)
		return;
	slot = lkb_inode_map_add(&it->firsts, item->inode);
	if (slot->value) {
		item->first = false;
		item->first_path = slot->value;
	} else {
		slot->value = lkb_arena_strdup(&it->paths, item->path);
	}
}

int lkb_tree_iter_next(struct lkb_tree_iter *it, struct lkb_tree_item *ret)
{
	struct lkb_tree_item item = { 0 };
	const struct lkb_dirent *e;
	struct level *top;

	if (it->from) {
		item.inode = it->from;
		it->from = NULL;
		item.path = item.name = lkb_str_get(&it->path);
		tell_first(it, &item);
		if (item.inode->type == LKB_NODE_DIR)
			enter(it, item.inode);
		*ret = item;
		return 1;
	}
	while (it->n_levels && it->levels[it->n_levels - 1].next ==
			       it->levels[it->n_levels - 1].dir->n_entries)
		it->n_levels--;
	if (!it->n_levels)
		return 0;
	top = &it->levels[it->n_levels - 1];
	e = &top->dir->entries[top->next++];
	cut_path(it, top->path_len);
	if (it->path.len)
		lkb_str_addc(&it->path, '/');
	item.depth = it->n_levels;
	item.inode = e->inode;
	item.name = e->name;
	lkb_str_add(&it->path, e->name);
	item.path = lkb_str_get(&it->path);
	tell_first(it, &item);
	if (e->inode->type == LKB_NODE_DIR)
		enter(it, e->inode);
	*ret = item;
	return 1;
}

static void count(struct lkb_tree_stats *s, const struct lkb_tree_item *item)
{
	if (!item->first) {
		s->links++;
		return;
	}
	switch (item->inode->type) {
	case LKB_NODE_DIR:
		s->dirs++;
		break;
	case LKB_NODE_FILE:
		s->files++;
		s->bytes += item->inode->data.len;
		break;
	case LKB_NODE_SYMLINK:
		s->symlinks++;
		break;
	case LKB_NODE_CHAR:
	case LKB_NODE_BLOCK:
	case LKB_NODE_FIFO:
		s->specials++;
		break;
	}
}

struct lkb_tree_stats lkb_tree_stats(const struct lkb_inode *from)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(from);
	struct lkb_tree_stats s = { 0 };
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0)
		count(&s, &item);
	return s;
}
