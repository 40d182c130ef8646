/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_PLAN_SUMS_PRIV_H
#define LKB_PLAN_SUMS_PRIV_H

#include "base/ext/hash.h"
#include "rootfs/oci/store.h"

/*
 * The digests of files. Those of a layer's files are kept in the store, derived/files-v1/DIFF_ID,
 * so that a second build reads no file for them: records of 68 bytes, sorted, each a file's place
 * in the plain tar (offset and length, 64 bits little-endian), its SHA-1 and its SHA-256.
 */
struct lkb_sums {
	struct lkb_sha1 sha1;
	struct lkb_sha256 sha256;
};

struct lkb_sums_cache;
struct lkb_sums_cache *lkb_sums_cache_new(const struct lkb_store *store);
int lkb_sums_of(struct lkb_sums_cache *c, const struct lkb_data *d, struct lkb_sums *ret,
		struct lkb_error *err);
/* Keeps what was not known yet. */
void lkb_sums_cache_save(struct lkb_sums_cache *c);
void lkb_sums_cache_free(struct lkb_sums_cache *c);
LKB_DEFINE_AUTO(lkb_sums_cache, lkb_sums_cache_free)

#endif
