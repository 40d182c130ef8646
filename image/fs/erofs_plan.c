/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "image/fs/erofs_priv.h"
#include "image/stat.h"

#define BLOCKS_MAX ((uint64_t)UINT32_MAX)

void erofs_plan_clear(struct erofs_plan *p)
{
	for (size_t i = 0; i < p->n_nodes; i++)
		((struct lkb_inode *)(uintptr_t)p->nodes[i].inode)->writer_data = NULL;
	free(p->nodes);
	free(p->by_place);
	*p = (struct erofs_plan){0};
}

/* ---- what there is ---- */

static uint64_t content_of(const struct lkb_inode *inode)
{
	switch (inode->type) {
	case LKB_NODE_DIR:
		return erofs_dir_measure(inode);
	case LKB_NODE_FILE:
		return inode->data.len;
	case LKB_NODE_SYMLINK:
		return strlen(inode->target);
	default:
		return 0;
	}
}

static int check_node(const struct erofs_node *node, struct lkb_error *err)
{
	/* Linux reads a target into a page, with a NUL behind it. */
	if (node->inode->type == LKB_NODE_SYMLINK && node->size >= EROFS_BLOCK)
		return lkb_fail(err, LKB_INPUT, "its target is longer than EROFS can hold");
	if (node->size / EROFS_BLOCK >= BLOCKS_MAX)
		return lkb_fail(err, LKB_INPUT, "its %s are too much for EROFS",
				lkb_size_text(node->size).s);
	return lkb_stat_check_device(node->inode, err);
}

static int collect_item(struct erofs_plan *p, const struct lkb_tree_item *item,
			struct erofs_node *parent, struct lkb_error *err)
{
	const struct lkb_inode *inode = item->inode;
	struct erofs_node *node = inode->writer_data;

	if (!item->first) {
		node->links++;
		return 0;
	}
	node = &p->nodes[p->n_nodes++];
	*node = (struct erofs_node){
		.inode = inode,
		.number = (uint32_t)p->n_nodes,
		.parent = parent ? (uint32_t)(parent - p->nodes) : 0,
		.links = inode->type == LKB_NODE_DIR ? 2 : 1,
		.size = content_of(inode),
	};
	((struct lkb_inode *)(uintptr_t)inode)->writer_data = node;
	if (parent && inode->type == LKB_NODE_DIR)
		parent->links++;
	if (check_node(node, err) != 0)
		return -1;
	return erofs_xattr_measure(inode, &node->xattr_size, &p->lost_xattrs, err);
}

#define DEPTH_MAX 257

static int collect(struct erofs_plan *p, const struct lkb_inode *root, struct lkb_error *err)
{
	struct lkb_tree_stats s = lkb_tree_stats(root);
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(root);
	struct erofs_node *way[DEPTH_MAX + 1] = {NULL};
	struct lkb_tree_item item;

	p->nodes = lkb_alloc_array(s.files + s.dirs + s.symlinks + s.specials, sizeof(*p->nodes));
	while (lkb_tree_iter_next(it, &item) > 0) {
		if (item.depth > DEPTH_MAX)
			return lkb_fail(err, LKB_INPUT, "'/%s' is too deep", item.path);
		if (collect_item(p, &item, item.depth ? way[item.depth - 1] : NULL, err) != 0)
			return lkb_context(err, "'/%s'", item.path);
		way[item.depth] = item.inode->writer_data;
	}
	return 0;
}

/* Once all names are counted: what a compact inode has no room for makes it an extended one, and
 * what fits into one block with its inode stands behind it. */
static void choose_form(struct erofs_node *n, int64_t epoch)
{
	const struct lkb_meta *m = &n->inode->meta;

	n->is_extended = m->uid > UINT16_MAX || m->gid > UINT16_MAX || n->links > UINT16_MAX ||
			 n->size > UINT32_MAX ||
			 lkb_stat_mtime(n->inode, epoch) != (uint64_t)(epoch < 0 ? 0 : epoch);
	n->has_tail = n->size % EROFS_BLOCK != 0 &&
		      erofs_head(n) + n->size % EROFS_BLOCK <= EROFS_BLOCK;
}

/* ---- where it stands ---- */

/* Blocks of inodes that have room left. What is behind an inode must not leave its block, so each
 * goes where least room is lost; the oldest of many gives way. */
#define BINS 64

struct bins {
	struct {
		uint64_t block;
		uint32_t used;
	} bins[BINS];
	size_t n, oldest;
	uint64_t next; /* block that no inode is in yet */
};

static void add_bin(struct bins *b, uint64_t block, uint32_t used)
{
	size_t i = b->n < BINS ? b->n++ : b->oldest++ % BINS;

	b->bins[i].block = block;
	b->bins[i].used = used;
}

static uint64_t place_inode(struct bins *b, uint32_t size)
{
	uint64_t at = b->next * EROFS_BLOCK;
	size_t best = BINS;

	size = (uint32_t)lkb_align_up(size, EROFS_SLOT);
	for (size_t i = 0; i < b->n; i++) {
		if (size <= EROFS_BLOCK - b->bins[i].used &&
		    (best == BINS || b->bins[i].used > b->bins[best].used))
			best = i;
	}
	if (best < BINS) {
		at = b->bins[best].block * EROFS_BLOCK + b->bins[best].used;
		b->bins[best].used += size;
		return at;
	}
	b->next += lkb_div_up(size, EROFS_BLOCK);
	if (size % EROFS_BLOCK)
		add_bin(b, b->next - 1, size % EROFS_BLOCK);
	return at;
}

static int by_place(const void *pa, const void *pb)
{
	const struct erofs_node *a = *(struct erofs_node *const *)pa;
	const struct erofs_node *b = *(struct erofs_node *const *)pb;

	return a->at < b->at ? -1 : a->at > b->at;
}

static int place(struct erofs_plan *p, struct lkb_error *err)
{
	struct bins bins = {.next = 1}; /* block 0 is the superblock's */

	for (size_t i = 0; i < p->n_nodes; i++)
		p->nodes[i].at = place_inode(&bins, erofs_head(&p->nodes[i]) +
							    erofs_tail(&p->nodes[i]));
	p->blocks = bins.next;
	for (size_t i = 0; i < p->n_nodes; i++) {
		struct erofs_node *n = &p->nodes[i];
		uint64_t blocks = (n->size - erofs_tail(n) + EROFS_BLOCK - 1) / EROFS_BLOCK;

		n->first = blocks ? p->blocks : 0;
		p->blocks += blocks;
		if (p->blocks > BLOCKS_MAX)
			return lkb_fail(err, LKB_INPUT, "%s are too much for EROFS",
					lkb_size_text(p->blocks * EROFS_BLOCK).s);
	}
	return 0;
}

int erofs_plan(const struct lkb_inode *root, int64_t epoch, struct erofs_plan *ret,
	       struct lkb_error *err)
{
	erofs_autoplan p = {0};

	if (collect(&p, root, err) != 0)
		return -1;
	for (size_t i = 0; i < p.n_nodes; i++)
		choose_form(&p.nodes[i], epoch);
	if (place(&p, err) != 0)
		return -1;
	p.by_place = lkb_alloc_array(p.n_nodes, sizeof(struct erofs_node *));
	for (size_t i = 0; i < p.n_nodes; i++)
		p.by_place[i] = &p.nodes[i];
	qsort(p.by_place, p.n_nodes, sizeof(struct erofs_node *), by_place);
	*ret = p;
	p = (struct erofs_plan){0};
	return 0;
}
