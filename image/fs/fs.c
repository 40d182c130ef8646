/* SPDX-License-Identifier: Apache-2.0 */
#include "image/fs/fs.h"

#include "base/cleanup.h"

static const struct lkb_fs_ops *const file_systems[] = {
	[LKB_FS_FAT32] = &lkb_fs_fat32,
	[LKB_FS_EXT4] = &lkb_fs_ext4,
};

const struct lkb_fs_ops *lkb_fs_find(enum lkb_fs_type type)
{
	return (size_t)type < LKB_ARRAY_SIZE(file_systems) ? file_systems[type] : NULL;
}
