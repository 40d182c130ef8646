/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ext/deflate.h"

/* zlib sees the bytes in blocks of this size, however they were fed, and its output leaves in
 * such. */
#define BLOCK ((size_t)256 * 1024)
#define ZEROS ((size_t)1 << 20)
#define ZEROS_PACKED 4096 /* room for them: a thousand bytes and the flush */
#define RAW_DEFLATE (-15)
#define MEMORY 8

struct lkb_gzip {
	lkb_sink_fn *sink;
	void *sink_ctx;
	z_stream raw;
	bool is_flushed; /* whole bytes so far; what comes next does not refer back */
	uint64_t zeros_wait;
	uint32_t crc, size;
	uint8_t *in, *out; /* owned; BLOCK bytes each */
	size_t in_len, out_len;
	uint8_t zeros[ZEROS_PACKED]; /* deflate blocks of a mebibyte, none of them the last */
	size_t zeros_len;
	uLong zeros_crc, zeros_op; /* to add them to a checksum */
};

static void start_raw(z_stream *s, int level)
{
	if (deflateInit2(s, level, Z_DEFLATED, RAW_DEFLATE, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); /* out of memory; nothing else can fail here */
}

/* The best level: it is done once, and its output comes again and again. */
static void pack_zeros(struct lkb_gzip *z)
{
	lkb_autofree uint8_t *zeros = lkb_alloc(ZEROS);
	z_stream s = {.next_in = zeros, .avail_in = ZEROS, .next_out = z->zeros,
		      .avail_out = ZEROS_PACKED};

	start_raw(&s, Z_BEST_COMPRESSION);
	deflate(&s, Z_FULL_FLUSH);
	if (s.avail_in || !s.avail_out)
		abort(); /* no deflate needs four times what it can do with */
	z->zeros_len = ZEROS_PACKED - s.avail_out;
	deflateEnd(&s);
	z->zeros_crc = crc32_z(0, zeros, ZEROS);
	z->zeros_op = crc32_combine_gen((z_off_t)ZEROS);
}

struct lkb_gzip *lkb_gzip_new(int level, lkb_sink_fn *sink, void *sink_ctx)
{
	static const uint8_t header[] = {0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 0, 3 /* Unix */};
	struct lkb_gzip *z = lkb_alloc(sizeof(*z));

	z->sink = sink;
	z->sink_ctx = sink_ctx;
	z->in = lkb_alloc(BLOCK);
	z->out = lkb_alloc(BLOCK);
	start_raw(&z->raw, level);
	pack_zeros(z);
	memcpy(z->out, header, sizeof(header));
	z->out_len = sizeof(header);
	z->is_flushed = true;
	return z;
}

void lkb_gzip_free(struct lkb_gzip *z)
{
	if (!z)
		return;
	deflateEnd(&z->raw);
	free(z->in);
	free(z->out);
	free(z);
}

static int drain(struct lkb_gzip *z, struct lkb_error *err)
{
	size_t n = z->out_len;

	z->out_len = 0;
	return z->sink(z->sink_ctx, z->out, n, err);
}

static int emit(struct lkb_gzip *z, const uint8_t *p, size_t n, struct lkb_error *err)
{
	if (n > BLOCK - z->out_len && drain(z, err))
		return -1;
	memcpy(z->out + z->out_len, p, n);
	z->out_len += n;
	return 0;
}

/* What waits in z->in, and what zlib holds back if `flush` says so. */
static int deflate_block(struct lkb_gzip *z, int flush, struct lkb_error *err)
{
	z->crc = (uint32_t)crc32_z(z->crc, z->in, z->in_len);
	z->size += (uint32_t)z->in_len;
	z->raw.next_in = z->in;
	z->raw.avail_in = (uInt)z->in_len;
	do {
		if (z->out_len == BLOCK && drain(z, err))
			return -1;
		z->raw.next_out = z->out + z->out_len;
		z->raw.avail_out = (uInt)(BLOCK - z->out_len);
		if (deflate(&z->raw, flush) == Z_STREAM_ERROR)
			return lkb_fail(err, LKB_BUG, "gzip: the compressor is in a wrong state");
		z->out_len = BLOCK - z->raw.avail_out;
	} while (!z->raw.avail_out);
	z->in_len = 0;
	z->is_flushed = flush == Z_FULL_FLUSH;
	return 0;
}

/* NULL stands for zeros. */
static int add(struct lkb_gzip *z, const uint8_t *p, uint64_t n, struct lkb_error *err)
{
	while (n) {
		size_t part = n < BLOCK - z->in_len ? (size_t)n : BLOCK - z->in_len;

		if (p)
			memcpy(z->in + z->in_len, p, part);
		else
			memset(z->in + z->in_len, 0, part);
		p = p ? p + part : NULL;
		z->in_len += part;
		n -= part;
		if (z->in_len == BLOCK && deflate_block(z, Z_NO_FLUSH, err))
			return -1;
	}
	return 0;
}

/* The zeros that were told of and not yet written. */
static int settle_zeros(struct lkb_gzip *z, struct lkb_error *err)
{
	uint64_t n = z->zeros_wait;

	z->zeros_wait = 0;
	if (n >= ZEROS && (z->in_len || !z->is_flushed) && deflate_block(z, Z_FULL_FLUSH, err))
		return -1;
	for (; n >= ZEROS; n -= ZEROS) {
		if (emit(z, z->zeros, z->zeros_len, err))
			return -1;
		z->crc = (uint32_t)crc32_combine_op(z->crc, z->zeros_crc, z->zeros_op);
		z->size += (uint32_t)ZEROS;
	}
	return add(z, NULL, n, err);
}

int lkb_gzip_feed(struct lkb_gzip *z, const void *p, size_t n, struct lkb_error *err)
{
	if (!n)
		return 0;
	return settle_zeros(z, err) ? -1 : add(z, p, n, err);
}

void lkb_gzip_zeros(struct lkb_gzip *z, uint64_t n)
{
	z->zeros_wait += n;
}

int lkb_gzip_end(struct lkb_gzip *z, struct lkb_error *err)
{
	uint8_t trailer[8];

	if (settle_zeros(z, err) || deflate_block(z, Z_FINISH, err))
		return -1;
	lkb_put_le32(trailer, z->crc);
	lkb_put_le32(trailer + 4, z->size);
	return emit(z, trailer, sizeof(trailer), err) ? -1 : drain(z, err);
}

size_t lkb_zlib_bound(size_t n)
{
	return compressBound(n);
}

size_t lkb_zlib_pack(int level, const void *p, size_t n, void *out, size_t room)
{
	uLongf used = room;

	if (compress2(out, &used, p, n, level) != Z_OK)
		abort(); /* out of memory, or less room than the header asks for */
	return used;
}
