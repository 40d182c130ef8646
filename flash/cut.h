/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_CUT_H
#define LKB_FLASH_CUT_H

#include "base/error.h"
#include "flash/batch.h"
#include "image/bmap.h"

/*
 * Cuts an image's bytes, as they come, into batches.
 *
 * By lkboard's own map: its data and zero ranges. By one made from a .bmap (flash/bmap.h): the
 * same; what it leaves out is a zero range. Without any: everything is data, but for runs of 64 KiB
 * or more that are zero.
 */
struct lkb_cut_ops {
	/* An empty batch to be filled; NULL = whoever wants batches has given up. */
	struct lkb_batch *(*get)(void *ctx);
	/* A filled one, which is the receiver's now. */
	void (*put)(void *ctx, struct lkb_batch *b);
	/* False: get() would return NULL. NULL = true. */
	bool (*is_wanted)(void *ctx);
};

struct lkb_cut {
	const struct lkb_map *map;   /* borrowed; NULL = none */
	const struct lkb_bmap *bmap; /* where the map comes from one; borrowed, or NULL */
	const char *name;          /* of the source, for messages; borrowed */
	const struct lkb_cut_ops *ops;
	void *ctx;
	struct lkb_hash *hash; /* with a bmap: one to compute its sums with; borrowed */
	/* Its own, born {0}. */
	uint64_t pos; /* bytes of the image that came */
	size_t range; /* of the map: the first that has not ended */
	struct lkb_batch *batch;
	uint64_t seq;
	size_t sum;   /* of the bmap: the first that has not ended */
};

/* The next bytes. LKB_INPUT if the image is longer than its map, LKB_INTERRUPTED if nobody wants
 * more of it. */
int lkb_cut_bytes(struct lkb_cut *c, const void *p, size_t n, struct lkb_error *err);
/* The next n bytes are zero, or the map says that nobody wants them (lkb_cut_idle()). */
int lkb_cut_skip(struct lkb_cut *c, uint64_t n, struct lkb_error *err);
/* How many of the next bytes are in no data range of the map; 0 without a map. */
uint64_t lkb_cut_idle(const struct lkb_cut *c);
/* The image has ended. LKB_INPUT if it is shorter than its map, or empty. */
int lkb_cut_end(struct lkb_cut *c, struct lkb_error *err);

/* Computes the digests of a batch's items; those that the map promises are compared. LKB_INPUT
 * names the range that differs. `source` is what messages call the image. */
int lkb_batch_check(struct lkb_batch *b, struct lkb_hash *hash, const char *source,
		    struct lkb_error *err);

#endif
