/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_HUB_H
#define LKB_FLASH_HUB_H

#include "base/cleanup.h"
#include "base/error.h"
#include "flash/batch.h"
#include "flash/source.h"

/*
 * One source, read and unpacked once by a thread of its own, and several readers, each a thread
 * that gets every batch. Memory is bounded: batches come from a pool, and the source waits while
 * all are in use. A reader that holds back the others for long is let go and must open a hub of its
 * own, where the source can be opened again. When no reader is left the source is read no further.
 */
struct lkb_hub;

struct lkb_flash_image {
	const struct lkb_source *source;
	const struct lkb_map *map;   /* NULL = none */
	const struct lkb_bmap *bmap; /* the map is this one's; NULL = it is lkboard's own */
};

/* Readers have the numbers 0..n_readers-1. Batches before from_seq are left out. All of *image is
 * borrowed until lkb_hub_free(). */
int lkb_hub_start(const struct lkb_flash_image *image, size_t n_readers, uint64_t from_seq,
		  struct lkb_hub **ret, struct lkb_error *err);

enum lkb_hub_got { LKB_HUB_END, LKB_HUB_BATCH, LKB_HUB_LET_GO };

/* True if the next lkb_hub_next() would wait for the source. Whoever still holds batches then gives
 * them back first: there may be no others. */
bool lkb_hub_waits(struct lkb_hub *h, size_t reader);

/* The reader's next batch, its digests compared with the map's; *ret is the caller's until
 * lkb_batch_release(). LKB_HUB_END: the source came to its end and is as it should be.
 * LKB_HUB_LET_GO: this reader is too slow, *ret_seq is the batch it should go on with. Fails with
 * what is wrong with the source, for every reader. */
int lkb_hub_next(struct lkb_hub *h, size_t reader, struct lkb_batch **ret,
		 enum lkb_hub_got *ret_got, uint64_t *ret_seq, struct lkb_error *err);
void lkb_batch_release(struct lkb_batch *b);

/* This reader wants no more: nobody waits for it. */
void lkb_hub_leave(struct lkb_hub *h, size_t reader);

/* Where the time went, in milliseconds. */
struct lkb_hub_times {
	uint64_t read, unpack; /* the source */
	uint64_t waited;       /* for readers */
};
struct lkb_hub_times lkb_hub_times(struct lkb_hub *h);

/* All readers have left or come to the end, and all batches were released. */
void lkb_hub_free(struct lkb_hub *h);
LKB_DEFINE_AUTO(lkb_hub, lkb_hub_free)

#endif
