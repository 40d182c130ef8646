/* SPDX-License-Identifier: Apache-2.0 */
#include <zstd.h>

#include "base/alloc.h"
#include "base/ext/inflate_priv.h"

struct zstd {
	ZSTD_DCtx *d;
	bool any_frame;
	bool in_frame;
};

static void *zstd_new(void)
{
	struct zstd *s = lkb_alloc(sizeof(*s));

	s->d = ZSTD_createDCtx();
	if (!s->d)
		abort(); /* out of memory; nothing else can fail here */
	return s;
}

static void zstd_free(void *state)
{
	struct zstd *s = state;

	ZSTD_freeDCtx(s->d);
	free(s);
}

static int zstd_feed(void *state, struct lkb_inflate *z, const uint8_t *p, size_t n,
		     struct lkb_error *err)
{
	struct zstd *s = state;
	ZSTD_inBuffer in = { p, n, 0 };
	bool full = false;

	/* A full output buffer means that more may wait inside. */
	while (in.pos < in.size || full) {
		ZSTD_outBuffer out = { lkb_inflate_buf(z), LKB_INFLATE_BUFFER, 0 };
		size_t r = ZSTD_decompressStream(s->d, &out, &in);

		if (ZSTD_isError(r))
			return lkb_fail(err, LKB_INPUT, "the zstd data is wrong: %s",
					ZSTD_getErrorName(r));
		s->any_frame = true;
		s->in_frame = r != 0;
		full = s->in_frame && out.pos == out.size;
		if (lkb_inflate_out(z, out.dst, out.pos, err) < 0)
			return -1;
	}
	return 0;
}

static int zstd_end(void *state, struct lkb_inflate *z, struct lkb_error *err)
{
	const struct zstd *s = state;

	return s->any_frame && !s->in_frame ? 0 : lkb_inflate_early_end("zstd", err);
}

const struct lkb_inflate_ops lkb_inflate_zstd = { zstd_new, zstd_free, zstd_feed, zstd_end };
