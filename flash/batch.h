/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_BATCH_H
#define LKB_FLASH_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ext/hash.h"
#include "image/map.h"

/*
 * An image on its way from one source to several targets: batches of up to 1 MiB, each a few items
 * (ranges of the image, in order). How an image is cut into batches depends on its bytes and its
 * map alone, so that batch number k of one stream is that of any other.
 */
#define LKB_BATCH_BYTES ((size_t)1 << 20)
#define LKB_BATCH_ITEMS 256u

struct lkb_item {
	enum lkb_map_class class; /* data or zero; what is free never gets here */
	bool is_promised;         /* the map says what the digest is */
	uint64_t off, len;        /* bytes in the image, multiples of 4096; data: at most 1 MiB */
	size_t at;                /* data: where its bytes are in the batch */
	struct lkb_sha256 digest; /* data */
	const char *name;         /* whose bytes; borrowed from the map, or "" */
};

struct lkb_pool;

struct lkb_batch {
	uint8_t *bytes; /* LKB_BATCH_BYTES, aligned for transfers */
	size_t used;
	struct lkb_item items[LKB_BATCH_ITEMS];
	size_t n;
	uint64_t seq;    /* counted from 0 */
	size_t pad;      /* bytes of the last item behind the image's end, zero here */
	bool is_checked; /* digests are there, and are those the map promises */
	/* The pool's own. */
	struct lkb_pool *pool;
	atomic_uint refs;
	struct lkb_batch *next;
};

#endif
