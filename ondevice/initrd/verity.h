/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_INITRD_VERITY_H
#define LKB_ONDEVICE_INITRD_VERITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A slot: the file system, then veritysetup's superblock of one block, then the hash tree, all on
 * one partition. SHA-256 over blocks of 4096 bytes, no salt. */
struct lkb_verity_table {
	const char *device; /* "/dev/mmcblk0p2" */
	uint64_t data_blocks;
	const char *root_hash;
};

/* The parameters of a dm-verity target (kernel: admin-guide/device-mapper/verity.rst). */
int lkb_verity_params(const struct lkb_verity_table *t, char *buf, size_t size,
		      struct lkb_error *err);

/* Sets the mapping up by the device mapper's ioctls. A block whose hash does not fit is never
 * handed out: its reader gets EIO. *ret is the node of the checked device; the caller frees it. */
int lkb_verity_open(const struct lkb_verity_table *t, char **ret, struct lkb_error *err);

#endif
