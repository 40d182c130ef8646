/* SPDX-License-Identifier: Apache-2.0 */
#include "image/verity.h"

#include <string.h>

#include "base/bytes.h"
#include "base/size.h"

#define BLOCK          4096u
#define HASHES_A_BLOCK (BLOCK / LKB_SHA256_SIZE)
#define LEVELS_MAX     10 /* 128^10 is more than 2^64 blocks */

/* How many hash blocks each level has, the one over the data first. A single data block has no
 * tree: its digest is the root. */
static unsigned count_levels(uint64_t data_blocks, uint64_t counts[LEVELS_MAX])
{
	unsigned levels = 0;

	for (uint64_t n = data_blocks; n > 1; n = counts[levels++])
		counts[levels] = lkb_div_up(n, HASHES_A_BLOCK);
	return levels;
}

uint64_t lkb_verity_blocks(uint64_t data_blocks)
{
	uint64_t counts[LEVELS_MAX];
	unsigned levels = count_levels(data_blocks, counts);
	uint64_t sum = 1;

	for (unsigned i = 0; i < levels; i++)
		sum += counts[i];
	return sum;
}

/* struct verity_sb of cryptsetup's lib/verity/verity.c, as on disk. */
static void put_superblock(uint8_t *p, uint64_t data_blocks, const struct lkb_uuid *uuid)
{
	memcpy(p, "verity\0\0", 8);
	lkb_put_le32(p + 8, 1);  /* version of the superblock */
	lkb_put_le32(p + 12, 1); /* hash type: salt in front, digests packed */
	memcpy(p + 16, uuid->b, sizeof(uuid->b));
	memcpy(p + 32, "sha256", 6);
	lkb_put_le32(p + 64, BLOCK); /* data */
	lkb_put_le32(p + 68, BLOCK); /* hashes */
	lkb_put_le64(p + 72, data_blocks);
}

/* A level over n blocks: their digests, one after the other. */
static void hash_blocks(struct lkb_hash *hash, const uint8_t *blocks, uint64_t n, uint8_t *level)
{
	for (uint64_t i = 0; i < n; i++) {
		lkb_hash_add(hash, blocks + i * BLOCK, BLOCK);

		struct lkb_sha256 digest = lkb_hash_done(hash);

		memcpy(level + i * LKB_SHA256_SIZE, digest.b, LKB_SHA256_SIZE);
	}
}

void lkb_verity_build(const struct lkb_sha256 *leaves, uint64_t data_blocks,
		      const struct lkb_uuid *uuid, uint8_t *out, struct lkb_verity *ret)
{
	uint64_t counts[LEVELS_MAX], size = lkb_verity_blocks(data_blocks) * BLOCK;
	unsigned levels = count_levels(data_blocks, counts);
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	uint8_t *level = out + size; /* the lowest stands last: filled from the end */
	struct lkb_sha256 root = leaves[0];

	memset(out, 0, size);
	put_superblock(out, data_blocks, uuid);
	for (unsigned i = 0; i < levels; i++) {
		const uint8_t *below = level;

		level -= counts[i] * BLOCK;
		if (i == 0)
			memcpy(level, leaves, data_blocks * sizeof(*leaves));
		else
			hash_blocks(hash, below, counts[i - 1], level);
	}
	if (levels > 0)
		root = lkb_sha256(level, BLOCK);
	*ret = (struct lkb_verity){
		.data_blocks = data_blocks,
		.hash_start_block = data_blocks + 1,
		.root = root,
	};
}
