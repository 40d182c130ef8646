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

#endif
