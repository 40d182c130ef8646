/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "base/str.h"
#include "image/fs/ext4_priv.h"

#define JOURNAL_BLOCKS   (4 * LKB_MIB / EXT4_BLOCK)
/* One inode for 32 KiB in a file system that will be written to; growing keeps the ratio. */
#define INODES_A_GROUP   4096u

/* A population of a file system under way. */
struct maker {
	const struct lkb_fs_job *job;
	const struct ext4_plan *plan;
	struct lkb_writer *w;
	ext2_filsys fs;
	struct lkb_str what;  /* name of the current file in the map */
	size_t prefix;        /* length of "PART:" in it */
	uint8_t *buf;         /* owned; for blocks made here */
	size_t buf_blocks;
};

static uint8_t *zeroed(struct maker *m, size_t blocks)
{
	if (blocks > m->buf_blocks) {
		m->buf = lkb_realloc_array(m->buf, blocks, EXT4_BLOCK);
		m->buf_blocks = blocks;
	}
	memset(m->buf, 0, blocks * EXT4_BLOCK);
	return m->buf;
}

static uint64_t offset_of(const struct maker *m, uint64_t block)
{
	return m->job->part->off + block * EXT4_BLOCK;
}

/* Puts n blocks from memory where the plan has them, from block `at` on. */
static int put_blocks(struct maker *m, uint64_t at, const uint8_t *p, uint64_t n,
		      struct lkb_error *err)
{
	while (n > 0) {
		struct ext4_segment s = ext4_segment_at(&m->plan->geo, at, n);

		if (lkb_writer_put(m->w, offset_of(m, s.block), p, (size_t)s.count * EXT4_BLOCK,
				   m->what.s, err) != 0)
			return -1;
		p += (size_t)s.count * EXT4_BLOCK;
		at = s.block + s.count;
		n -= s.count;
	}
	return 0;
}

static int put_file(struct maker *m, const struct ext4_node *node, struct lkb_error *err)
{
	struct lkb_data left = node->inode->data;
	uint64_t at = node->first;

	while (left.len > 0) {
		struct ext4_segment s =
			ext4_segment_at(&m->plan->geo, at, lkb_div_up(left.len, EXT4_BLOCK));
		struct lkb_data piece = left;

		if (piece.len > (uint64_t)s.count * EXT4_BLOCK)
			piece.len = (uint64_t)s.count * EXT4_BLOCK;
		if (lkb_writer_put_data(m->w, offset_of(m, s.block), &piece, m->what.s, err) != 0)
			return -1;
		if (m->job->extents)
			lkb_extents_add(m->job->extents, node->inode, offset_of(m, s.block),
					piece.len);
		left.off += piece.len;
		left.len -= piece.len;
		at = s.block + s.count;
	}
	return 0;
}

static int put_content(struct maker *m, const struct ext4_node *node, struct lkb_error *err)
{
	uint8_t *buf;

	switch (node->inode->type) {
	case LKB_NODE_FILE:
		return put_file(m, node, err);
	case LKB_NODE_DIR:
		buf = zeroed(m, node->blocks);
		if (ext4_dir_encode(m->fs, node, buf, err) != 0)
			return -1;
		return put_blocks(m, node->first, buf, node->blocks, err);
	case LKB_NODE_SYMLINK:
		buf = zeroed(m, 1);
		memcpy(buf, node->inode->target, strlen(node->inode->target));
		return put_blocks(m, node->first, buf, node->blocks, err);
	default:
		return 0;
	}
}

/* Attributes that the inode has no room for. */
static int put_xattrs(struct maker *m, const struct ext4_node *node, uint8_t *body,
		      struct lkb_error *err)
{
	uint8_t *block;
	errcode_t rc;

	if (node->inode->n_xattrs == 0)
		return 0;
	block = zeroed(m, 1);
	ext4_xattr_encode(node->inode, body, block);
	if (!node->has_xattr_block)
		return 0;
	rc = ext2fs_ext_attr_block_csum_set(m->fs, node->ino, node->xattr_block,
					    (struct ext2_ext_attr_header *)(void *)block);
	if (rc != 0)
		return ext4_fail(err, "cannot seal an attribute block", rc);
	return put_blocks(m, node->xattr_block, block, 1, err);
}

static bool has_extents(const struct ext4_node *node)
{
	if (!node->inode)
		return true;
	return node->inode->type == LKB_NODE_FILE || node->inode->type == LKB_NODE_DIR ||
	       (node->inode->type == LKB_NODE_SYMLINK && node->blocks > 0);
}

/* An inode with all that hangs on it, in the order of its blocks. */
static int make_node(struct maker *m, const struct ext4_node *node, struct lkb_error *err)
{
	union {
		struct ext2_inode_large inode;
		uint8_t bytes[EXT4_INODE_SIZE];
	} u = {.bytes = {0}};
	uint8_t *leaves;
	errcode_t rc;

	ext4_inode_fill(node, m->job->epoch, &u.inode);
	if (node->inode &&
	    (put_xattrs(m, node, u.bytes + sizeof(u.inode), err) != 0 ||
	     put_content(m, node, err) != 0))
		return -1;
	if (has_extents(node)) {
		leaves = zeroed(m, node->leaf_blocks);
		if (ext4_inode_extents(m->fs, &m->plan->geo, node, &u.inode, leaves, err) != 0 ||
		    put_blocks(m, node->leaf_first, leaves, node->leaf_blocks, err) != 0)
			return -1;
	} else if (node->inode->type == LKB_NODE_SYMLINK) {
		memcpy(u.inode.i_block, node->inode->target, strlen(node->inode->target));
	}
	rc = ext2fs_write_inode_full(m->fs, node->ino, (struct ext2_inode *)(void *)&u.inode,
				     sizeof(u));
	return rc != 0 ? ext4_fail(err, "cannot write an inode", rc) : 0;
}

static int make_nodes(struct maker *m, struct lkb_error *err)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(m->job->part->tree);
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0) {
		if (!item.first)
			continue;
		m->what.len = m->prefix;
		lkb_str_addf(&m->what, "/%s", item.path);
		if (make_node(m, ext4_node_of(item.inode), err) != 0)
			return lkb_context(err, "'/%s'", item.path);
	}
	if (!m->plan->nodes[m->plan->n_nodes - 1].inode)
		return make_node(m, &m->plan->nodes[m->plan->n_nodes - 1], err);
	return 0;
}

static int plan_of(const struct lkb_fs_job *job, struct ext4_plan *ret, struct lkb_error *err)
{
	const struct lkb_part *p = job->part;

	if (p->read_only)
		return ext4_plan_exact(p->tree, 0, ret, err);
	return ext4_plan_sized(p->tree, JOURNAL_BLOCKS, p->fs_size / EXT4_BLOCK, INODES_A_GROUP,
			       ret, err);
}

static int measure(const struct lkb_fs_job *job, uint64_t *ret, struct lkb_error *err)
{
	const struct lkb_part *p = job->part;
	ext4_autoplan plan = {0};

	if (ext4_plan_exact(p->tree, p->read_only ? 0 : JOURNAL_BLOCKS, &plan, err) != 0)
		return -1;
	*ret = plan.geo.blocks * EXT4_BLOCK;
	/* A file system to be written to has more inodes than it needs now, and may need one more
	 * group for them. */
	if (!p->read_only)
		*ret += (plan.geo.groups + 1) * INODES_A_GROUP * (uint64_t)EXT4_INODE_SIZE +
			ext4_group_head(&plan.geo) * EXT4_BLOCK;
	return 0;
}

static int make(const struct lkb_fs_job *job, struct lkb_writer *w, int fd, struct lkb_error *err)
{
	ext4_autoplan plan = {0};
	struct maker m = {.job = job, .plan = &plan, .w = w};
	int rc;

	if (plan_of(job, &plan, err) != 0)
		return -1;
	if (plan.geo.blocks * EXT4_BLOCK > job->part->fs_size)
		return lkb_fail(err, LKB_BUG, "the tree grew after it was measured");
	if (ext4_super_open(job, &plan, &m.fs, err) != 0)
		return -1;
	lkb_str_addf(&m.what, "%s:", job->part->name);
	m.prefix = m.what.len;
	rc = make_nodes(&m, err);
	if (rc == 0)
		rc = ext4_super_close(job, &plan, m.fs, err);
	if (rc == 0)
		rc = ext4_super_put(job, &plan, m.fs, w, err);
	ext2fs_free(m.fs);
	lkb_str_clear(&m.what);
	free(m.buf);
	return rc;
}

const struct lkb_fs_ops lkb_fs_ext4 = {.name = "ext4", .measure = measure, .write = make};
