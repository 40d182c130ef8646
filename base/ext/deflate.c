/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/ext/compress.h"

/* Compressors see the input in blocks of this size, however it was fed: none of them promises that
 * its output does not depend on the cuts. */
#define BLOCK ((size_t)256 * 1024)

/* A frame by one thread and a frame by several differ; so do frames of different job sizes. Both
 * are fixed, and how many workers there are then makes no difference to the output. */
#define ZSTD_WORKERS 2
#define ZSTD_JOB (8 << 20)

#define GZIP_WRAPPER (15 + 16)
#define GZIP_MEMORY 8
#define GZIP_OS_UNIX 3

struct lkb_deflate {
	enum lkb_compression format;
	lkb_sink_fn *sink;
	void *sink_ctx;
	uint8_t *in; /* BLOCK bytes */
	size_t in_len;
	uint8_t *out; /* BLOCK bytes */
	z_stream gzip;
	gz_header gzip_header;
	ZSTD_CCtx *zstd;
};

static void gzip_init(struct lkb_deflate *z, int level)
{
	z->gzip_header.os = GZIP_OS_UNIX;
	if (deflateInit2(&z->gzip, level, Z_DEFLATED, GZIP_WRAPPER, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflateSetHeader(&z->gzip, &z->gzip_header) != Z_OK)
		abort(); /* out of memory; nothing else can fail here */
}

static void zstd_init(struct lkb_deflate *z, int level, size_t job_size)
{
	const struct {
		ZSTD_cParameter key;
		int value;
	} params[] = {
		{ ZSTD_c_checksumFlag, 1 },
		{ ZSTD_c_nbWorkers, ZSTD_WORKERS },
		{ ZSTD_c_jobSize, (int)job_size },
	};

	z->zstd = ZSTD_createCCtx();
	if (!z->zstd || ZSTD_isError(ZSTD_CCtx_setParameter(z->zstd, ZSTD_c_compressionLevel,
							     level)))
		abort(); /* as above */
	for (size_t i = 0; i < LKB_ARRAY_SIZE(params); i++)
		if (ZSTD_isError(ZSTD_CCtx_setParameter(z->zstd, params[i].key, params[i].value)))
			abort(); /* a libzstd without threads would make other bytes */
}

static struct lkb_deflate *deflate_new(enum lkb_compression c, int level, size_t job_size,
				       lkb_sink_fn *sink, void *sink_ctx)
{
	struct lkb_deflate *z = lkb_alloc(sizeof(*z));

	z->format = c;
	z->sink = sink;
	z->sink_ctx = sink_ctx;
	z->in = lkb_alloc(BLOCK);
	z->out = lkb_alloc(BLOCK);
	if (c == LKB_GZIP)
		gzip_init(z, level);
	else if (c == LKB_ZSTD)
		zstd_init(z, level, job_size);
	return z;
}

struct lkb_deflate *lkb_deflate_new(enum lkb_compression c, int level, lkb_sink_fn *sink,
				    void *sink_ctx)
{
	return deflate_new(c, level, ZSTD_JOB, sink, sink_ctx);
}

struct lkb_deflate *lkb_deflate_new_jobs(int level, size_t job_size, lkb_sink_fn *sink,
					 void *sink_ctx)
{
	return deflate_new(LKB_ZSTD, level, job_size, sink, sink_ctx);
}

void lkb_deflate_free(struct lkb_deflate *z)
{
	if (!z)
		return;
	if (z->format == LKB_GZIP)
		deflateEnd(&z->gzip);
	ZSTD_freeCCtx(z->zstd);
	free(z->in);
	free(z->out);
	free(z);
}

static int gzip_block(struct lkb_deflate *z, bool last, struct lkb_error *err)
{
	int r;

	z->gzip.next_in = z->in;
	z->gzip.avail_in = (uInt)z->in_len;
	do {
		z->gzip.next_out = z->out;
		z->gzip.avail_out = (uInt)BLOCK;
		r = deflate(&z->gzip, last ? Z_FINISH : Z_NO_FLUSH);
		if (r == Z_STREAM_ERROR)
			return lkb_fail(err, LKB_BUG, "gzip: the compressor is in a wrong state");
		if (z->sink(z->sink_ctx, z->out, BLOCK - z->gzip.avail_out, err) < 0)
			return -1;
	} while (last ? r != Z_STREAM_END : !z->gzip.avail_out);
	return 0;
}

static int zstd_block(struct lkb_deflate *z, bool last, struct lkb_error *err)
{
	ZSTD_EndDirective directive = last ? ZSTD_e_end : ZSTD_e_continue;
	ZSTD_inBuffer in = { z->in, z->in_len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { z->out, BLOCK, 0 };

		left = ZSTD_compressStream2(z->zstd, &out, &in, directive);
		if (ZSTD_isError(left))
			return lkb_fail(err, LKB_BUG, "zstd: %s", ZSTD_getErrorName(left));
		if (out.pos && z->sink(z->sink_ctx, z->out, out.pos, err) < 0)
			return -1;
	} while (last ? left : in.pos < in.size);
	return 0;
}

static int block(struct lkb_deflate *z, bool last, struct lkb_error *err)
{
	int r = -1;

	switch (z->format) {
	case LKB_PLAIN:
		r = z->in_len ? z->sink(z->sink_ctx, z->in, z->in_len, err) : 0;
		break;
	case LKB_GZIP:
		r = gzip_block(z, last, err);
		break;
	case LKB_ZSTD:
		r = zstd_block(z, last, err);
		break;
	case LKB_XZ:
		return lkb_fail(err, LKB_BUG, "lkboard does not write xz");
	}
	z->in_len = 0;
	return r;
}

int lkb_deflate_feed(struct lkb_deflate *z, const void *p, size_t n, struct lkb_error *err)
{
	const uint8_t *b = p;

	while (n) {
		size_t part = n < BLOCK - z->in_len ? n : BLOCK - z->in_len;

		/* Only when more is there is a full block sure not to be the last one. */
		if (!part) {
			if (block(z, false, err) < 0)
				return -1;
			continue;
		}
		memcpy(z->in + z->in_len, b, part);
		z->in_len += part;
		b += part;
		n -= part;
	}
	return 0;
}

int lkb_deflate_end(struct lkb_deflate *z, struct lkb_error *err)
{
	return block(z, true, err);
}
