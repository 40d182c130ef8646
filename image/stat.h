/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_STAT_H
#define LKB_IMAGE_STAT_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "rootfs/tree/tree.h"

/* What stat(2) will say of a node, in the numbers that file systems for Linux have on disk. */

/* Permissions with the type in front of them. */
static inline uint32_t lkb_stat_mode(const struct lkb_inode *inode)
{
	static const uint32_t types[] = {
		[LKB_NODE_DIR] = S_IFDIR,     [LKB_NODE_FILE] = S_IFREG,
		[LKB_NODE_SYMLINK] = S_IFLNK, [LKB_NODE_CHAR] = S_IFCHR,
		[LKB_NODE_BLOCK] = S_IFBLK,   [LKB_NODE_FIFO] = S_IFIFO,
	};

	return types[inode->type] | (inode->meta.mode & 07777);
}

/* Seconds, at most the build's epoch, at least 0. */
static inline uint64_t lkb_stat_mtime(const struct lkb_inode *inode, int64_t epoch)
{
	int64_t v = inode->meta.mtime < epoch ? inode->meta.mtime : epoch;

	return v < 0 ? 0 : (uint64_t)v;
}

static inline bool lkb_stat_is_device(const struct lkb_inode *inode)
{
	return inode->type == LKB_NODE_CHAR || inode->type == LKB_NODE_BLOCK;
}

/* 12 bits of major, 20 of minor, as Linux packs them (new_encode_dev in linux/kdev_t.h). */
static inline uint32_t lkb_stat_device(const struct lkb_inode *inode)
{
	return (inode->minor & 0xff) | inode->major << 8 | (inode->minor & ~0xffu) << 12;
}

/* LKB_INPUT if the number has no such form. */
static inline int lkb_stat_check_device(const struct lkb_inode *inode, struct lkb_error *err)
{
	if (lkb_stat_is_device(inode) && (inode->major > 0xfff || inode->minor > 0xfffff))
		return lkb_fail(err, LKB_INPUT, "its device number %u:%u is too large",
				inode->major, inode->minor);
	return 0;
}

#endif
