/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_FS_EROFS_H
#define LKB_IMAGE_FS_EROFS_H

#include <stdint.h>

#include "base/error.h"
#include "base/ext/hash.h"
#include "base/ui.h"
#include "image/extents.h"
#include "rootfs/tree/tree.h"

/*
 * A tree as an uncompressed EROFS, format as in Linux fs/erofs/erofs_fs.h: blocks of 4 KiB, inodes
 * first (compact where they can be), the ends of files and directories behind their inodes, whole
 * blocks after all of them, in the order of the tree. No feature that Linux 5.4 does not have, but
 * for the superblock's checksum, which older ones do not look at. The same tree and seed give the
 * same bytes.
 */
struct lkb_erofs_options {
	int64_t epoch;     /* the file system's time, and no file is younger */
	const struct lkb_sha256 *seed; /* what the UUID derives from */
	const char *label; /* at most 15 bytes; NULL = none */
	/* Where contents came to stand is noted here; NULL = nowhere. */
	struct lkb_extents *extents;
	struct lkb_ui *ui; /* one warning, if attributes have no place; may be NULL */
};

/*
 * Bytes of the file system, before the first is written: a multiple of 4096. Reads no file data.
 *
 * LKB_INPUT if something of the tree has no place in it: a symbolic link of 4096 bytes, attributes
 * of more than 64 KiB or 256 KiB together, a device number of more than 12 + 20 bits, 16 TiB.
 */
int lkb_erofs_measure(const struct lkb_inode *root, const struct lkb_erofs_options *o,
		      uint64_t *ret, struct lkb_error *err);

/*
 * Writes it to fd, an empty regular file that `name` calls in messages, from front to back in one
 * pass. Memory is bounded by the number of files, not by what is in them.
 *
 * Kept: types, permissions, owners, hard links, device numbers, times in seconds (clamped to 0 and
 * epoch), attributes of user., trusted. and security., access lists. Other attributes have no place
 * in the format and are warned of.
 *
 * The tree's writer_data is in use meanwhile. Errors are those of lkb_erofs_measure(), and LKB_IO.
 * On failure the file holds something unfinished.
 */
int lkb_erofs_write(const struct lkb_inode *root, const struct lkb_erofs_options *o, int fd,
		    const char *name, struct lkb_error *err);

#endif
