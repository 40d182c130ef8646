/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_INFLATE_PRIV_H
#define LKB_BASE_EXT_INFLATE_PRIV_H

#include <stdbool.h>

#include "base/ext/compress.h"

/* One format's decoder. feed() takes all n bytes; a stream that ends inside them is followed by
 * the next one. end() says whether the input may stop here. */
struct lkb_inflate_ops {
	void *(*state_new)(void);
	void (*state_free)(void *state);
	int (*feed)(void *state, struct lkb_inflate *z, const uint8_t *p, size_t n,
		    struct lkb_error *err);
	int (*end)(void *state, struct lkb_inflate *z, struct lkb_error *err);
};

/* isal or zlib, as built */
extern const struct lkb_inflate_ops lkb_inflate_gzip;
extern const struct lkb_inflate_ops lkb_inflate_zstd;
extern const struct lkb_inflate_ops lkb_inflate_xz;

/* Where decoders put what they decode: a buffer of LKB_INFLATE_BUFFER bytes, and the way out. */
#define LKB_INFLATE_BUFFER ((size_t)256 * 1024)
uint8_t *lkb_inflate_buf(struct lkb_inflate *z);
int lkb_inflate_out(struct lkb_inflate *z, const void *p, size_t n, struct lkb_error *err);

/* The fault of an input that stops early. */
int lkb_inflate_early_end(const char *format, struct lkb_error *err);

#endif
