/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_FS_SQUASHFS_H
#define LKB_IMAGE_FS_SQUASHFS_H

#include <stdint.h>

#include "base/error.h"
#include "base/ui.h"
#include "rootfs/tree/tree.h"

/*
 * A tree as a squashfs 4.0 file system, through libsquashfs: zstd, blocks of 128 KiB, identical
 * files stored once, an export table (overlayfs asks for one). The same tree gives the same bytes,
 * with any number of threads. How large it becomes is known when it was written.
 */
struct lkb_squashfs_options {
	int64_t epoch;    /* the file system's time, and no file is younger */
	unsigned threads; /* that compress; 0 and 1 mean the caller's own and one more */
	struct lkb_ui *ui; /* one warning, if attributes have no place; may be NULL */
};

/*
 * Writes the tree below `root` to fd, an empty regular file open for reading and writing (identical
 * blocks are compared where they were written), which `name` calls in messages. *ret_size (may be
 * NULL) is how long the file became: a multiple of 4096.
 *
 * Kept: types, permissions, owners, hard links, device numbers, times in seconds (clamped to 0 and
 * epoch), attributes of user., trusted. and security. Others (access lists among them) have no
 * place in the format and are warned of.
 *
 * The tree's writer_data is in use meanwhile. Memory is bounded by the number of files and blocks,
 * and by about 2 MiB a thread, not by what is in them.
 *
 * LKB_INPUT if a device number has more than 12 + 20 bits, or if there are more than 65,536 owners;
 * LKB_IO. On failure the file holds something unfinished.
 */
int lkb_squashfs_write(const struct lkb_inode *root, const struct lkb_squashfs_options *o, int fd,
		       const char *name, uint64_t *ret_size, struct lkb_error *err);

#endif
