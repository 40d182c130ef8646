/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_FS_SQUASHFS_PRIV_H
#define LKB_IMAGE_FS_SQUASHFS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqfs/block_processor.h>
#include <sqfs/block_writer.h>
#include <sqfs/dir_writer.h>
#include <sqfs/frag_table.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/meta_writer.h>
#include <sqfs/super.h>
#include <sqfs/xattr_writer.h>

#include "image/fs/squashfs.h"

/* The kernel's default. A page fault unpacks a block: larger ones pack better and make boards with
 * little memory wait. */
#define SQUASHFS_BLOCK 131072u
#define SQUASHFS_LEVEL 6u

/* The image for libsquashfs, with our own words for what failed. */
struct squashfs_file {
	sqfs_file_t base; /* first: libsquashfs has a pointer to it */
	int fd;           /* borrowed */
	const char *name;
	uint64_t size;
	bool failed;
	struct lkb_error err;
};

void squashfs_file_init(struct squashfs_file *f, int fd, const char *name);

struct squashfs_node {
	const struct lkb_inode *inode;
	sqfs_inode_generic_t *made; /* owned; of files, as the block processor fills it in */
	uint64_t ref;               /* where the inode stands, once it does */
	uint32_t number;            /* from 1, in the order of the tree */
	uint32_t parent;
	uint32_t links;
	bool is_put;
};

/* A file system under way. */
struct squashfs {
	const struct lkb_squashfs_options *o;
	struct squashfs_file file;
	struct squashfs_node *nodes; /* owned; in the order of the tree */
	size_t n_nodes;
	uint64_t lost_xattrs;
	sqfs_super_t super;
	sqfs_compressor_t *compressor, *uncompressor;
	sqfs_frag_table_t *fragments;
	sqfs_id_table_t *ids;
	sqfs_xattr_writer_t *xattrs;
	sqfs_block_writer_t *blocks;
	sqfs_block_processor_t *processor;
	sqfs_meta_writer_t *inodes, *dirs;
	sqfs_dir_writer_t *dir_writer;
};

/* libsquashfs's reason in our words. Returns -1. */
int squashfs_fail(struct squashfs *m, const char *what, int rc, struct lkb_error *err);

/* All inodes and directories, once the files' blocks are written. */
int squashfs_put_inodes(struct squashfs *m, struct lkb_error *err);

#endif
