/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "image/fs/ext4_priv.h"

/* libext2fs drops a last group that has fewer blocks behind its head. */
#define LAST_GROUP_MIN 50u
#define BLOCKS_MAX     ((uint64_t)1 << 32)
/* The deepest extent tree made here: an inode's four entries lead to four leaves. */
#define SEGMENTS_MAX   (EXT4_IN_INODE * EXT4_IN_LEAF)

void ext4_plan_clear(struct ext4_plan *p)
{
	for (size_t i = 0; i < p->n_nodes; i++) {
		if (p->nodes[i].inode)
			((struct lkb_inode *)(uintptr_t)p->nodes[i].inode)->writer_data = NULL;
	}
	free(p->nodes);
	*p = (struct ext4_plan){0};
}

const struct ext4_node *ext4_node_of(const struct lkb_inode *inode)
{
	return inode->writer_data;
}

uint32_t ext4_group_head(const struct ext4_geometry *g)
{
	return 1 + g->desc_blocks + 2 + g->table_blocks;
}

struct ext4_segment ext4_segment_at(const struct ext4_geometry *g, uint64_t block, uint64_t count)
{
	uint64_t group = block / EXT4_GROUP_BLOCKS;
	uint64_t data = group * EXT4_GROUP_BLOCKS + ext4_group_head(g);
	uint64_t end = (group + 1) * EXT4_GROUP_BLOCKS;
	struct ext4_segment s;

	if (end > g->blocks)
		end = g->blocks;
	s.block = block < data ? data : block;
	if (s.block >= end)
		count = 0;
	else if (count > end - s.block)
		count = end - s.block;
	s.count = (uint32_t)count;
	return s;
}

/* ---- what there is ---- */

static uint64_t content_of(const struct lkb_inode *inode)
{
	size_t len;

	switch (inode->type) {
	case LKB_NODE_DIR:
		return ext4_dir_blocks(inode);
	case LKB_NODE_FILE:
		return lkb_div_up(inode->data.len, EXT4_BLOCK);
	case LKB_NODE_SYMLINK:
		/* Up to 59 bytes stand in the inode. */
		len = strlen(inode->target);
		return len < EXT2_N_BLOCKS * 4 ? 0 : 1;
	default:
		return 0;
	}
}

static int check_node(const struct lkb_inode *inode, uint64_t blocks, struct lkb_error *err)
{
	if (blocks >= BLOCKS_MAX)
		return lkb_fail(err, LKB_INPUT, "its %s are too much for ext4",
				lkb_size_text(inode->data.len).s);
	if (inode->type == LKB_NODE_SYMLINK && strlen(inode->target) >= EXT4_BLOCK)
		return lkb_fail(err, LKB_INPUT, "its target is longer than ext4 can hold");
	if ((inode->type == LKB_NODE_CHAR || inode->type == LKB_NODE_BLOCK) &&
	    (inode->major > 0xfff || inode->minor > 0xfffff))
		return lkb_fail(err, LKB_INPUT, "its device number %u:%u is too large",
				inode->major, inode->minor);
	return 0;
}

static int count_link(struct ext4_node *node, struct lkb_error *err)
{
	if (node->links == EXT4_LINKS_MAX)
		return lkb_fail(err, LKB_INPUT, "more than %u %s", EXT4_LINKS_MAX,
				node->inode->type == LKB_NODE_DIR ?
					"directories in one directory" : "names for one file");
	node->links++;
	return 0;
}

/* One name of the tree: a new node, or one more link to the one there is. */
static int collect_item(struct ext4_plan *p, const struct lkb_tree_item *item,
			struct ext4_node *parent, struct lkb_error *err)
{
	const struct lkb_inode *inode = item->inode;
	struct ext4_node *node = inode->writer_data;

	if (!item->first)
		return count_link(node, err);
	node = &p->nodes[p->n_nodes];
	*node = (struct ext4_node){
		.inode = inode,
		.ino = parent ? EXT4_FIRST_INO + (uint32_t)p->n_nodes - 1 : EXT4_ROOT_INO,
		.parent = parent ? parent->ino : EXT4_ROOT_INO,
		.links = inode->type == LKB_NODE_DIR ? 2 : 1,
		.blocks = content_of(inode),
	};
	if (check_node(inode, node->blocks, err) != 0 ||
	    ext4_xattr_measure(inode, &node->has_xattr_block, err) != 0)
		return -1;
	if (inode->type == LKB_NODE_DIR && parent && count_link(parent, err) != 0)
		return -1;
	if (inode->type == LKB_NODE_FILE && inode->data.len > EXT4_LARGE_FILE)
		p->large_file = true;
	if (inode->n_xattrs > 0)
		p->has_xattrs = true;
	p->content_blocks += node->blocks + node->has_xattr_block;
	((struct lkb_inode *)(uintptr_t)inode)->writer_data = node;
	p->n_nodes++;
	return 0;
}

#define DEPTH_MAX 257

static int collect_tree(struct ext4_plan *p, const struct lkb_inode *tree, struct lkb_error *err)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(tree);
	struct ext4_node *dirs[DEPTH_MAX + 1] = {NULL}; /* the way from the root to here */
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0) {
		if (item.depth > DEPTH_MAX)
			return lkb_fail(err, LKB_INPUT, "'%s' is too deep", item.path);
		if (collect_item(p, &item, item.depth ? dirs[item.depth - 1] : NULL, err) != 0)
			return lkb_context(err, "'/%s'", item.path);
		dirs[item.depth] = item.inode->writer_data;
	}
	return 0;
}

static int collect(const struct lkb_inode *tree, uint64_t journal_blocks, struct ext4_plan *p,
		   struct lkb_error *err)
{
	struct lkb_tree_stats s = lkb_tree_stats(tree);
	uint64_t n = s.files + s.dirs + s.symlinks + s.specials;

	if (n > UINT32_MAX / 2)
		return lkb_fail(err, LKB_INPUT, "%" PRIu64 " files are too many for ext4", n);
	p->nodes = lkb_alloc_array((size_t)n + 1, sizeof(*p->nodes));
	if (collect_tree(p, tree, err) != 0)
		return -1;
	if (journal_blocks > 0) {
		p->nodes[p->n_nodes++] = (struct ext4_node){
			.ino = EXT4_JOURNAL_INO, .links = 1, .blocks = journal_blocks};
		p->content_blocks += journal_blocks;
	}
	return 0;
}

/* ---- where it stands ---- */

/* Takes n data blocks from *at on; false if the file system ends before. */
static bool take(const struct ext4_geometry *g, uint64_t *at, uint64_t n, uint64_t *ret_first,
		 uint32_t *ret_segments)
{
	uint32_t segments = 0;
	uint64_t block = *at;

	while (n > 0) {
		struct ext4_segment s = ext4_segment_at(g, block, n);

		if (s.count == 0)
			return false;
		if (segments++ == 0)
			*ret_first = s.block;
		block = s.block + s.count;
		n -= s.count;
	}
	*at = block;
	*ret_segments = segments;
	return true;
}

/* A node's place: the block of its attributes, its content, and then its extent blocks, whose
 * number follows from how often the content is cut. */
static bool place_node(const struct ext4_geometry *g, struct ext4_node *node, uint64_t *at)
{
	uint32_t segments = 0, ignored;

	if (node->has_xattr_block && !take(g, at, 1, &node->xattr_block, &ignored))
		return false;
	if (!take(g, at, node->blocks, &node->first, &segments))
		return false;
	node->leaf_blocks = segments <= EXT4_IN_INODE ?
				    0 : (uint32_t)lkb_div_up(segments, EXT4_IN_LEAF);
	return take(g, at, node->leaf_blocks, &node->leaf_first, &ignored);
}

static bool place_all(struct ext4_plan *p)
{
	uint64_t at = 0;

	for (size_t i = 0; i < p->n_nodes; i++) {
		if (!place_node(&p->geo, &p->nodes[i], &at))
			return false;
	}
	p->end = at;
	return true;
}

static uint32_t inodes_needed(const struct ext4_plan *p)
{
	return EXT4_FIRST_INO - 2 + (uint32_t)p->n_nodes; /* the root has a reserved one */
}

static struct ext4_geometry geometry(const struct ext4_plan *p, uint32_t groups,
				     uint32_t inodes_a_group)
{
	uint32_t inodes = (uint32_t)lkb_div_up(inodes_needed(p), groups);

	if (inodes < inodes_a_group)
		inodes = inodes_a_group;
	return (struct ext4_geometry){
		.blocks = (uint64_t)groups * EXT4_GROUP_BLOCKS,
		.groups = groups,
		.desc_blocks = (uint32_t)lkb_div_up(groups, EXT4_DESCS_A_BLOCK),
		.table_blocks = (uint32_t)lkb_div_up(inodes, EXT4_INODES_A_BLOCK),
	};
}

static int check_segments(const struct ext4_plan *p, struct lkb_error *err)
{
	for (size_t i = 0; i < p->n_nodes; i++) {
		if (p->nodes[i].leaf_blocks > EXT4_IN_INODE)
			return lkb_fail(err, LKB_INPUT, "a file of %s needs more than %u extents",
					lkb_size_text(p->nodes[i].blocks * EXT4_BLOCK).s,
					SEGMENTS_MAX);
	}
	return 0;
}

/* Groups that can number the inodes and hold the content, if none is wasted: the first guess. */
static uint32_t least_groups(const struct ext4_plan *p)
{
	uint64_t inodes = lkb_div_up(inodes_needed(p), EXT4_GROUP_BLOCKS);
	uint64_t blocks = lkb_div_up(p->content_blocks, EXT4_GROUP_BLOCKS);
	uint64_t least = inodes > blocks ? inodes : blocks;

	return least ? (uint32_t)least : 1;
}

int ext4_plan_exact(const struct lkb_inode *tree, uint64_t journal_blocks, struct ext4_plan *ret,
		    struct lkb_error *err)
{
	ext4_autoplan p = {0};
	uint64_t least;

	if (collect(tree, journal_blocks, &p, err) != 0)
		return -1;
	if (p.content_blocks > BLOCKS_MAX / 2)
		return lkb_fail(err, LKB_INPUT, "%s of content are too much for ext4",
				lkb_size_text(p.content_blocks * EXT4_BLOCK).s);
	for (uint32_t groups = least_groups(&p);; groups++) {
		p.geo = geometry(&p, groups, 0);
		if (place_all(&p))
			break;
	}
	/* The last group need not be whole, but must exist. */
	least = (uint64_t)(p.geo.groups - 1) * EXT4_GROUP_BLOCKS + ext4_group_head(&p.geo) +
		LAST_GROUP_MIN;
	if (least > p.geo.blocks)
		return lkb_fail(err, LKB_INPUT, "too many files for ext4");
	p.geo.blocks = p.end > least ? p.end : least;
	if (check_segments(&p, err) != 0)
		return -1;
	*ret = p;
	p = (struct ext4_plan){0};
	return 0;
}

int ext4_plan_sized(const struct lkb_inode *tree, uint64_t journal_blocks, uint64_t blocks,
		    uint32_t inodes_a_group, struct ext4_plan *ret, struct lkb_error *err)
{
	ext4_autoplan p = {0};
	uint32_t groups = (uint32_t)lkb_div_up(blocks, EXT4_GROUP_BLOCKS);
	uint64_t rest = blocks % EXT4_GROUP_BLOCKS;

	if (collect(tree, journal_blocks, &p, err) != 0)
		return -1;
	p.geo = geometry(&p, groups, inodes_a_group);
	p.geo.blocks = blocks;
	if (groups > 1 && rest > 0 && rest < ext4_group_head(&p.geo) + LAST_GROUP_MIN) {
		p.geo = geometry(&p, groups - 1, inodes_a_group);
		p.geo.blocks = blocks - rest;
	}
	if (!place_all(&p))
		return lkb_fail(err, LKB_INPUT, "%s of content do not fit into a file system of %s",
				lkb_size_text(p.content_blocks * EXT4_BLOCK).s,
				lkb_size_text(blocks * EXT4_BLOCK).s);
	if (check_segments(&p, err) != 0)
		return -1;
	*ret = p;
	p = (struct ext4_plan){0};
	return 0;
}
