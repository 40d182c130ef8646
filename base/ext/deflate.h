/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_DEFLATE_H
#define LKB_BASE_EXT_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/ext/compress.h"

/* What disk images want of zlib beside base/ext/compress.h. */

/* A gzip stream of one member, without name and time, in which stretches of zeros cost next to
 * nothing: a mebibyte of them is deflated once, and its thousand bytes are repeated. The output
 * depends on the level, the bytes, and which of them were given as zeros: not on how bytes, or
 * zeros, that follow each other were cut into calls. level: 1..9. */
struct lkb_gzip;
struct lkb_gzip *lkb_gzip_new(int level, lkb_sink_fn *sink, void *sink_ctx);
int lkb_gzip_feed(struct lkb_gzip *z, const void *p, size_t n, struct lkb_error *err);
void lkb_gzip_zeros(struct lkb_gzip *z, uint64_t n); /* written with what comes next, or the end */
int lkb_gzip_end(struct lkb_gzip *z, struct lkb_error *err);
void lkb_gzip_free(struct lkb_gzip *z);
LKB_DEFINE_AUTO(lkb_gzip, lkb_gzip_free)

/* One buffer as a zlib stream (RFC 1950): how many bytes that can come to at most, and the packing.
 * `room` is at least the bound; the result is how many of them were used. */
size_t lkb_zlib_bound(size_t n);
size_t lkb_zlib_pack(int level, const void *p, size_t n, void *out, size_t room);

#endif
