/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_FS_EXT4_PRIV_H
#define LKB_IMAGE_FS_EXT4_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ext2fs/ext2fs.h>

#include "base/error.h"
#include "image/fs/fs.h"
#include "image/writer.h"
#include "rootfs/tree/tree.h"

/*
 * How an ext4 file system is made here. ext4_plan.c decides where everything stands, from names and
 * sizes alone: groups one after the other, each with its superblock, descriptors, bitmaps and inode
 * table first; behind these, in the order of the tree, every directory and every file in one piece
 * (cut only where a group's head is in the way). ext4.c then has libext2fs make superblock,
 * descriptors, bitmaps, inodes and all checksums in memory (ext4_io.c), while contents go straight
 * to their blocks in the image; the file system's own blocks follow at the end, each once.
 */
#define EXT4_BLOCK          4096u
#define EXT4_GROUP_BLOCKS   32768u
#define EXT4_INODE_SIZE     256u
#define EXT4_INODES_A_BLOCK (EXT4_BLOCK / EXT4_INODE_SIZE)
#define EXT4_DESCS_A_BLOCK  64u /* of 64 bytes, with the feature 64bit */
#define EXT4_FIRST_INO      11u
#define EXT4_ROOT_INO       2u
#define EXT4_JOURNAL_INO    8u
#define EXT4_LINKS_MAX      65000u
#define EXT4_IN_INODE       4u   /* extents that an inode has room for */
#define EXT4_IN_LEAF        340u /* and a leaf block */
#define EXT4_IBODY_XATTRS   96u  /* bytes behind the 160 used ones */
#define EXT4_LARGE_FILE     0x7fffffffu

/* ---- ext4_plan.c: where everything stands ---- */

struct ext4_geometry {
	uint64_t blocks;
	uint32_t groups;
	uint32_t desc_blocks;  /* in each group */
	uint32_t table_blocks; /* of inodes, in each group */
};

/* A run of blocks in one group. */
struct ext4_segment {
	uint64_t block;
	uint32_t count;
};

/* One inode to be. Content is `blocks` blocks from `first` on, skipping the heads of groups. */
struct ext4_node {
	const struct lkb_inode *inode; /* borrowed; NULL = the journal */
	uint32_t ino, parent;
	uint32_t links;
	uint64_t blocks, first;
	uint64_t xattr_block;          /* 0 = none */
	uint64_t leaf_first;           /* extent blocks, where four extents are not enough */
	uint32_t leaf_blocks;
	bool has_xattr_block;
};

struct ext4_plan {
	struct ext4_geometry geo;
	struct ext4_node *nodes; /* owned; in the order of the tree, the journal last */
	size_t n_nodes;
	uint64_t content_blocks; /* of all nodes, without extent blocks */
	uint64_t end;            /* data blocks from here on are not used */
	bool large_file;         /* some file has 2 GiB or more */
	bool has_xattrs;
};

/* Plans the tree with the journal's blocks behind it (0 = none) into the smallest file system there
 * is. The inodes' writer_data point to their nodes until ext4_plan_clear(). */
int ext4_plan_exact(const struct lkb_inode *tree, uint64_t journal_blocks, struct ext4_plan *ret,
		    struct lkb_error *err);
/* The same into a file system of so many blocks, or fewer where a last group would be too small to
 * exist, with at least inodes_a_group. */
int ext4_plan_sized(const struct lkb_inode *tree, uint64_t journal_blocks, uint64_t blocks,
		    uint32_t inodes_a_group, struct ext4_plan *ret, struct lkb_error *err);
void ext4_plan_clear(struct ext4_plan *p);
#define ext4_autoplan __attribute__((cleanup(ext4_plan_clear))) struct ext4_plan

uint32_t ext4_group_head(const struct ext4_geometry *g);
/* The run of data blocks at `block` (moved behind a group's head if it is in one), at most `count`
 * long. At the end of the file system the count is 0. */
struct ext4_segment ext4_segment_at(const struct ext4_geometry *g, uint64_t block, uint64_t count);
const struct ext4_node *ext4_node_of(const struct lkb_inode *inode);

/* ---- ext4_xattr.c: extended attributes as bytes ---- */

/* What the attributes take: all in the inode, or a block as well. LKB_INPUT if they fit nowhere. */
int ext4_xattr_measure(const struct lkb_inode *inode, bool *ret_block, struct lkb_error *err);
/* Fills the inode's room and, where measure says so, the block (4096 bytes, zeroed, without its
 * checksum). */
void ext4_xattr_encode(const struct lkb_inode *inode, uint8_t body[EXT4_IBODY_XATTRS],
		       uint8_t *block);

/* ---- ext4_dir.c: directories as bytes ---- */

/* Blocks that a directory takes. */
uint64_t ext4_dir_blocks(const struct lkb_inode *dir);
/* All its blocks, zeroed before, with their checksums. */
int ext4_dir_encode(ext2_filsys fs, const struct ext4_node *node, uint8_t *out,
		    struct lkb_error *err);

/* ---- ext4_inode.c: inodes ---- */

/* Sizes, times and owner of an inode into *ret, except for its blocks. */
void ext4_inode_fill(const struct ext4_node *node, int64_t epoch, struct ext2_inode_large *ret);
/* Its extents: into the inode, or into `leaves` (node->leaf_blocks blocks, zeroed) with an index to
 * them in the inode. */
int ext4_inode_extents(ext2_filsys fs, const struct ext4_geometry *g, const struct ext4_node *node,
		       struct ext2_inode_large *inode, uint8_t *leaves, struct lkb_error *err);

/* ---- ext4_io.c: a device in memory for libext2fs ---- */

extern struct struct_io_manager ext4_memory_io;
/* The block's bytes, or NULL if it was never written. Borrowed from the channel. */
const uint8_t *ext4_memory_block(io_channel io, uint64_t block);

/* ---- ext4_super.c: what is the file system's own ---- */

/* The names of its blocks in the map are "PART:[superblock]" and so on. */
int ext4_super_open(const struct lkb_fs_job *job, const struct ext4_plan *plan, ext2_filsys *ret,
		    struct lkb_error *err);
/* Notes what the plan uses in bitmaps and counters, and lets libext2fs write it all to memory. */
int ext4_super_close(const struct lkb_fs_job *job, const struct ext4_plan *plan, ext2_filsys fs,
		     struct lkb_error *err);
/* Puts all of memory into the image. */
int ext4_super_put(const struct lkb_fs_job *job, const struct ext4_plan *plan, ext2_filsys fs,
		   struct lkb_writer *w, struct lkb_error *err);

/* libext2fs's reason in our words. Returns -1. */
int ext4_fail(struct lkb_error *err, const char *what, errcode_t why);

#endif
