/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_VERITY_H
#define LKB_IMAGE_VERITY_H

#include <stdint.h>

#include "base/ext/hash.h"

/* dm-verity hash trees (Linux Documentation/admin-guide/device-mapper/verity.rst, version 1,
 * SHA-256, 4096-byte data and hash blocks, empty salt): the leaves are plain digests of the blocks,
 * the same that the image's writer computes anyway. The tree stands one block behind the data:
 * data, superblock (veritysetup's format), tree with its top level first. */
struct lkb_verity {
	uint64_t data_blocks;
	uint64_t hash_start_block; /* of the tree itself: data_blocks + 1 */
	struct lkb_sha256 root;
};

/* Blocks that superblock and tree take behind n data blocks. */
uint64_t lkb_verity_blocks(uint64_t data_blocks);

/* Builds superblock and tree into out, lkb_verity_blocks() * 4096 bytes. */
void lkb_verity_build(const struct lkb_sha256 *leaves, uint64_t data_blocks,
		      const struct lkb_uuid *uuid, uint8_t *out, struct lkb_verity *ret);

#endif
