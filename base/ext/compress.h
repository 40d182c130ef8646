/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_COMPRESS_H
#define LKB_BASE_EXT_COMPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Streaming compression. The format of an input is told by its first bytes. */
enum lkb_compression { LKB_PLAIN, LKB_GZIP, LKB_ZSTD, LKB_XZ };

/* By magic number; LKB_PLAIN if none fits. n may be any size. */
enum lkb_compression lkb_compression_of(const void *p, size_t n);

/* How many bytes a file of `bytes` bytes gives, at least, as far as its format says it without
 * being unpacked: zstd in its first frame, xz in its last index, which may lie. 0 = nothing is
 * known. */
uint64_t lkb_unpacked_at_least(int fd, uint64_t bytes, enum lkb_compression c);

/* A sink for bytes; returns 0 or -1 with *err set. */
typedef int lkb_sink_fn(void *ctx, const void *p, size_t n, struct lkb_error *err);

/* A decompressor that is fed: output goes to the sink as it comes. gzip may have several members,
 * zstd several and skippable frames, xz several streams: all are read to the end of the input; a
 * stream that ends early fails in lkb_inflate_end(), as does trailing garbage.
 * gzip uses ISA-L, or zlib when built with -DLKB_WITHOUT_ISAL. Output beyond max_out bytes fails
 * (LKB_INPUT): a bomb is stopped, not stored. */
struct lkb_inflate;
struct lkb_inflate *lkb_inflate_new(enum lkb_compression c, uint64_t max_out, lkb_sink_fn *sink,
				    void *sink_ctx);
int lkb_inflate_feed(struct lkb_inflate *z, const void *p, size_t n, struct lkb_error *err);
int lkb_inflate_end(struct lkb_inflate *z, struct lkb_error *err);
void lkb_inflate_free(struct lkb_inflate *z);
LKB_DEFINE_AUTO(lkb_inflate, lkb_inflate_free)

/* The same, in one call, from memory to a new buffer that the caller frees. */
int lkb_inflate_buffer(const void *p, size_t n, size_t max_out, char **ret, size_t *ret_n,
		       struct lkb_error *err);

/* A compressor that is fed. The output depends on the input bytes alone (not on how they were cut
 * into feeds, nor on the number of threads): gzip has no name and no time; zstd always uses the
 * multi-threaded frame layout with a fixed job size and a checksum. level: 1..9 (gzip), 1..19
 * (zstd); xz is not written, only read. */
struct lkb_deflate;
struct lkb_deflate *lkb_deflate_new(enum lkb_compression c, int level, lkb_sink_fn *sink,
				    void *sink_ctx);
/* zstd in jobs of that many bytes, 1 MiB or more: small ones take a third less processor time where
 * the level is low, for half a percent more output. Other sizes give other bytes. */
struct lkb_deflate *lkb_deflate_new_jobs(int level, size_t job_size, lkb_sink_fn *sink,
					 void *sink_ctx);
int lkb_deflate_feed(struct lkb_deflate *z, const void *p, size_t n, struct lkb_error *err);
int lkb_deflate_end(struct lkb_deflate *z, struct lkb_error *err);
void lkb_deflate_free(struct lkb_deflate *z);
LKB_DEFINE_AUTO(lkb_deflate, lkb_deflate_free)

#endif
