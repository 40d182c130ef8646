/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_FS_FS_H
#define LKB_IMAGE_FS_FS_H

#include <stdint.h>

#include "base/error.h"
#include "image/image.h"
#include "image/writer.h"

/* A file system to make: one partition of a disk, with what its identity and times come from. */
struct lkb_fs_job {
	const struct lkb_part *part;
	const struct lkb_sha256 *seed;
	int64_t epoch;
	struct lkb_extents *extents; /* where files came to stand is noted here; NULL = nowhere */
};

/* One kind of file system. */
struct lkb_fs_ops {
	const char *name;
	/* Bytes of the smallest file system that holds the partition's tree (of a read-only one: of
	 * the only one). Reads no file data. LKB_INPUT if the tree cannot be held at all. */
	int (*measure)(const struct lkb_fs_job *job, uint64_t *ret, struct lkb_error *err);
	/* Makes it at part->off, part->fs_size bytes long, through the writer. fd is the writer's
	 * file, for helpers that write themselves and are adopted. */
	int (*write)(const struct lkb_fs_job *job, struct lkb_writer *w, int fd,
		     struct lkb_error *err);
};

extern const struct lkb_fs_ops lkb_fs_fat32, lkb_fs_ext4;

/* NULL for LKB_FS_NONE. */
const struct lkb_fs_ops *lkb_fs_find(enum lkb_fs_type type);

#endif
