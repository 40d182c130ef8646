/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_FS_FAT_H
#define LKB_IMAGE_FS_FAT_H

#include "base/error.h"
#include "rootfs/tree/tree.h"

/* Reads a FAT32 that somebody else may have made (Microsoft's "FAT: General Overview of On-Disk
 * Format", 1.03). Files refer to the partition's bytes. Names are printable ASCII, '?' for what is
 * not. Hostile input: at most 10,000 names, 16 deep, 16 Mi clusters and 256 Ki pieces together.
 * LKB_INPUT if it is none, is damaged or has more. */
int lkb_fat_to_tree(const struct lkb_data *part, struct lkb_tree **ret, struct lkb_error *err);

#endif
