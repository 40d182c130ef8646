/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/ext/hash.h"
#include "image/map.h"

/* bmaptool's file, version 2.0. What is not mapped stays as it is on the target, so ranges that
 * must read as zero are mapped like data. */

#define ZERO_SUM "0000000000000000000000000000000000000000000000000000000000000000"

/* The digest of n zero blocks; the last one is kept because lengths repeat. */
struct zero_digest {
	uint64_t count;
	struct lkb_sha256 digest;
};

static const struct lkb_sha256 *digest_of(const struct lkb_map_range *r, struct lkb_hash *hash,
					  struct zero_digest *zero)
{
	static const uint8_t zeros[LKB_MAP_BLOCK];

	if (r->class == LKB_MAP_DATA)
		return &r->digest;
	if (zero->count != r->count) {
		for (uint64_t i = 0; i < r->count; i++)
			lkb_hash_add(hash, zeros, sizeof(zeros));
		*zero = (struct zero_digest){r->count, lkb_hash_done(hash)};
	}
	return &zero->digest;
}

static void add_ranges(const struct lkb_map *m, struct lkb_str *ret)
{
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	struct zero_digest zero = {0};

	for (size_t i = 0; i < m->n_ranges; i++) {
		const struct lkb_map_range *r = &m->ranges[i];

		if (r->class == LKB_MAP_FREE)
			continue;
		lkb_str_addf(ret,
			     "        <Range chksum=\"%s\"> %" PRIu64 "-%" PRIu64 " </Range>\n",
			     lkb_sha256_text(digest_of(r, hash, &zero)).s, r->start,
			     r->start + r->count - 1);
	}
}

void lkb_map_format_bmap(const struct lkb_map *m, struct lkb_str *ret)
{
	uint64_t mapped = lkb_map_count(m, LKB_MAP_DATA) + lkb_map_count(m, LKB_MAP_ZERO);
	size_t start = ret->len, sum_at;
	struct lkb_sha256 sum;

	lkb_str_addf(ret,
		     "<?xml version=\"1.0\" ?>\n"
		     "<bmap version=\"2.0\">\n"
		     "    <ImageSize> %" PRIu64 " </ImageSize>\n"
		     "    <BlockSize> %u </BlockSize>\n"
		     "    <BlocksCount> %" PRIu64 " </BlocksCount>\n"
		     "    <MappedBlocksCount> %" PRIu64 " </MappedBlocksCount>\n"
		     "    <ChecksumType> sha256 </ChecksumType>\n"
		     "    <BmapFileChecksum> ",
		     m->size, LKB_MAP_BLOCK, m->size / LKB_MAP_BLOCK, mapped);
	sum_at = ret->len;
	lkb_str_add(ret, ZERO_SUM " </BmapFileChecksum>\n    <BlockMap>\n");
	add_ranges(m, ret);
	lkb_str_add(ret, "    </BlockMap>\n</bmap>\n");
	/* The file's own digest is taken with zeros in its place. */
	sum = lkb_sha256(ret->s + start, ret->len - start);
	memcpy(ret->s + sum_at, lkb_sha256_text(&sum).s, LKB_SHA256_HEX);
}
