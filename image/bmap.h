/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_BMAP_H
#define LKB_IMAGE_BMAP_H

#include "image/map.h"

/* A map that somebody else made, as bmaptool writes it (bmap-tools, versions 1.0 to 2.0): which
 * blocks of an image were stored when it was made, and checksums over runs of them. */
struct lkb_bmap_sum {
	uint64_t off, len; /* bytes of the image */
	struct lkb_sha256 digest;
};

struct lkb_bmap {
	/* What is mapped is data, whose digests are not set; what is not is zero: nobody has said
	 * that its contents do not matter. The image's size is rounded up to whole blocks. */
	struct lkb_map *map;
	uint64_t image_size;
	struct lkb_bmap_sum *sums; /* in order; empty where the checksums are no SHA-256 */
	size_t n_sums;
};

/* Hostile input: LKB_INPUT with a line for what is no bmap, has block sizes that are no multiple of
 * 4096, or ranges that overlap, are out of order or behind the end; LKB_TRUST if its own checksum
 * does not fit. Bounds: 64 MiB of text, 2^20 ranges, which make 2^22 of a map. */
int lkb_bmap_parse(const char *text, size_t len, const char *name, struct lkb_bmap **ret,
		   struct lkb_error *err);
void lkb_bmap_free(struct lkb_bmap *b);
LKB_DEFINE_AUTO(lkb_bmap, lkb_bmap_free)

/* True if a text begins as a bmap does. */
bool lkb_bmap_like(const char *text, size_t len);

#define LKB_BMAP_TEXT_MAX ((size_t)64 << 20)

#endif
