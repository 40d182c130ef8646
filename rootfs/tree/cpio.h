/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_CPIO_H
#define LKB_ROOTFS_TREE_CPIO_H

#include <stdint.h>

#include "base/ext/compress.h"
#include "base/error.h"
#include "rootfs/tree/tree.h"

/* Writes a tree as a "newc" cpio archive (Linux Documentation/driver-api/early-userspace/
 * buffer-format.rst): inodes numbered from 1 in iterator order, device 0, mtimes clamped to
 * `epoch`, hard links as the kernel wants them (same inode, data with the last name), trailer,
 * padded to 512. A file of 4 GiB or more is refused (LKB_INPUT); extended attributes have no place
 * in newc and are counted in *ret_lost_xattrs (may be NULL). */
int lkb_cpio_write(const struct lkb_inode *root, int64_t epoch, lkb_sink_fn *sink, void *ctx,
		   uint64_t *ret_lost_xattrs, struct lkb_error *err);

/* Which inodes go into an archive of their own; all names of an inode are in the same one. The
 * directories on the way to them, and the root, come along in each: the kernel takes archives one
 * behind the other, and a directory that is there already only gets its attributes again. */
struct lkb_cpio_part {
	bool (*has)(void *ctx, const struct lkb_inode *inode);
	void *ctx;
};

/* Writes that part of the tree as an archive, as lkb_cpio_write() does. */
int lkb_cpio_write_part(const struct lkb_inode *root, int64_t epoch,
			const struct lkb_cpio_part *part, lkb_sink_fn *sink, void *ctx,
			struct lkb_error *err);

/* A digest that is another one whenever lkb_cpio_write_part() would write other bytes: that of the
 * archive with every file's data replaced by what says what is in it. Reads no data of blobs whose
 * digest is known. */
int lkb_cpio_part_digest(const struct lkb_inode *root, int64_t epoch,
			 const struct lkb_cpio_part *part, struct lkb_sha256 *ret,
			 struct lkb_error *err);

#endif
