/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/size.h"
#include "image/fs/ext4_priv.h"

static uint16_t mode_of(const struct lkb_inode *inode)
{
	static const uint16_t types[] = {
		[LKB_NODE_DIR] = LINUX_S_IFDIR,     [LKB_NODE_FILE] = LINUX_S_IFREG,
		[LKB_NODE_SYMLINK] = LINUX_S_IFLNK, [LKB_NODE_CHAR] = LINUX_S_IFCHR,
		[LKB_NODE_BLOCK] = LINUX_S_IFBLK,   [LKB_NODE_FIFO] = LINUX_S_IFIFO,
	};

	return (uint16_t)(types[inode->type] | (inode->meta.mode & 07777));
}

static uint64_t size_of(const struct ext4_node *node)
{
	if (!node->inode || node->inode->type == LKB_NODE_DIR)
		return node->blocks * EXT4_BLOCK;
	if (node->inode->type == LKB_NODE_FILE)
		return node->inode->data.len;
	if (node->inode->type == LKB_NODE_SYMLINK)
		return strlen(node->inode->target);
	return 0;
}

/* Seconds beyond 2038 have two more bits in the extra field. */
static void set_time(uint32_t *seconds, uint32_t *extra, int64_t t)
{
	*seconds = (uint32_t)t;
	*extra = (uint32_t)((t - (int32_t)(uint32_t)t) >> 32) & 3;
}

static void set_device(struct ext2_inode_large *out, const struct lkb_inode *inode)
{
	uint32_t major = inode->major, minor = inode->minor;

	if (major < 256 && minor < 256)
		out->i_block[0] = major << 8 | minor;
	else
		out->i_block[1] = (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static void fill_from_tree(const struct lkb_inode *inode, int64_t epoch,
			   struct ext2_inode_large *out)
{
	int64_t mtime = inode->meta.mtime;

	if (mtime > epoch)
		mtime = epoch;
	if (mtime < 0)
		mtime = 0;
	out->i_mode = mode_of(inode);
	out->i_uid = (uint16_t)inode->meta.uid;
	out->osd2.linux2.l_i_uid_high = (uint16_t)(inode->meta.uid >> 16);
	out->i_gid = (uint16_t)inode->meta.gid;
	out->osd2.linux2.l_i_gid_high = (uint16_t)(inode->meta.gid >> 16);
	set_time(&out->i_mtime, &out->i_mtime_extra, mtime);
	if (inode->type == LKB_NODE_CHAR || inode->type == LKB_NODE_BLOCK)
		set_device(out, inode);
}

void ext4_inode_fill(const struct ext4_node *node, int64_t epoch, struct ext2_inode_large *ret)
{
	uint64_t blocks = node->blocks + node->leaf_blocks + node->has_xattr_block;
	uint64_t sectors = blocks * (EXT4_BLOCK / 512), size = size_of(node);

	*ret = (struct ext2_inode_large){
		.i_links_count = (uint16_t)node->links,
		.i_size = (uint32_t)size,
		.i_size_high = (uint32_t)(size >> 32),
		.i_blocks = (uint32_t)sectors,
		.i_file_acl = (uint32_t)node->xattr_block,
		.i_extra_isize = sizeof(*ret) - EXT2_GOOD_OLD_INODE_SIZE,
	};
	ret->osd2.linux2.l_i_blocks_hi = (uint16_t)(sectors >> 32);
	ret->osd2.linux2.l_i_file_acl_high = (uint16_t)(node->xattr_block >> 32);
	set_time(&ret->i_atime, &ret->i_atime_extra, epoch);
	set_time(&ret->i_ctime, &ret->i_ctime_extra, epoch);
	set_time(&ret->i_mtime, &ret->i_mtime_extra, epoch);
	set_time(&ret->i_crtime, &ret->i_crtime_extra, epoch);
	if (node->inode)
		fill_from_tree(node->inode, epoch, ret);
	else
		ret->i_mode = LINUX_S_IFREG | 0600;
}

static struct ext3_extent_header *start_node(void *at, uint16_t max, uint16_t depth)
{
	struct ext3_extent_header *h = at;

	h->eh_magic = ext2fs_cpu_to_le16(EXT3_EXT_MAGIC);
	h->eh_max = ext2fs_cpu_to_le16(max);
	h->eh_depth = ext2fs_cpu_to_le16(depth);
	return h;
}

static uint16_t count_entry(struct ext3_extent_header *h)
{
	uint16_t n = ext2fs_le16_to_cpu(h->eh_entries);

	h->eh_entries = ext2fs_cpu_to_le16((uint16_t)(n + 1));
	return n;
}

static void add_extent(struct ext3_extent_header *h, uint64_t logical, struct ext4_segment s)
{
	struct ext3_extent *e = EXT_FIRST_EXTENT(h) + count_entry(h);

	e->ee_block = ext2fs_cpu_to_le32((uint32_t)logical);
	e->ee_len = ext2fs_cpu_to_le16((uint16_t)s.count);
	e->ee_start = ext2fs_cpu_to_le32((uint32_t)s.block);
	e->ee_start_hi = ext2fs_cpu_to_le16((uint16_t)(s.block >> 32));
}

static void add_index(struct ext3_extent_header *h, uint64_t logical, uint64_t leaf)
{
	struct ext3_extent_idx *i = EXT_FIRST_INDEX(h) + count_entry(h);

	i->ei_block = ext2fs_cpu_to_le32((uint32_t)logical);
	i->ei_leaf = ext2fs_cpu_to_le32((uint32_t)leaf);
	i->ei_leaf_hi = ext2fs_cpu_to_le16((uint16_t)(leaf >> 32));
}

/* The node's segments, one a call; count 0 at the end. */
struct walk {
	uint64_t logical, block;
};

static struct ext4_segment next_segment(const struct ext4_geometry *g,
					const struct ext4_node *node, struct walk *w,
					uint64_t *ret_logical)
{
	uint64_t from = w->logical ? w->block : node->first;
	struct ext4_segment s = ext4_segment_at(g, from, node->blocks - w->logical);

	*ret_logical = w->logical;
	w->logical += s.count;
	w->block = s.block + s.count;
	return s;
}

static int fill_leaf(ext2_filsys fs, const struct ext4_geometry *g, const struct ext4_node *node,
		     struct walk *w, uint8_t *leaf, struct lkb_error *err)
{
	struct ext3_extent_header *h = start_node(leaf, EXT4_IN_LEAF, 0);
	uint64_t logical;
	errcode_t rc;

	for (unsigned i = 0; i < EXT4_IN_LEAF && w->logical < node->blocks; i++) {
		struct ext4_segment s = next_segment(g, node, w, &logical);

		add_extent(h, logical, s);
	}
	rc = ext2fs_extent_block_csum_set(fs, node->ino, h);
	return rc != 0 ? ext4_fail(err, "cannot seal an extent block", rc) : 0;
}

int ext4_inode_extents(ext2_filsys fs, const struct ext4_geometry *g, const struct ext4_node *node,
		       struct ext2_inode_large *inode, uint8_t *leaves, struct lkb_error *err)
{
	struct ext3_extent_header *root =
		start_node(inode->i_block, EXT4_IN_INODE, node->leaf_blocks > 0);
	uint64_t logical, leaf = node->leaf_first;
	struct walk w = {0};

	inode->i_flags |= EXT4_EXTENTS_FL;
	for (uint32_t i = 0; i < node->leaf_blocks; i++) {
		leaf = ext4_segment_at(g, leaf, 1).block;
		add_index(root, w.logical, leaf++);
		if (fill_leaf(fs, g, node, &w, leaves + (size_t)i * EXT4_BLOCK, err) != 0)
			return -1;
	}
	while (w.logical < node->blocks) {
		struct ext4_segment s = next_segment(g, node, &w, &logical);

		add_extent(root, logical, s);
	}
	return 0;
}
