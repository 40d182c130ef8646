/* SPDX-License-Identifier: Apache-2.0 */
/* gzip by zlib, for machines that ISA-L is not made for. */
#ifdef LKB_WITHOUT_ISAL

#include <zlib.h>

#include "base/alloc.h"
#include "base/ext/inflate_priv.h"

#define PART ((size_t)1 << 30) /* zlib's counters have 32 bits */
#define GZIP_WRAPPER (15 + 16)

struct gzip {
	z_stream s;
	bool in_member;
	bool any_member;
};

static void *gzip_new(void)
{
	struct gzip *g = lkb_alloc(sizeof(*g));

	if (inflateInit2(&g->s, GZIP_WRAPPER) != Z_OK)
		abort(); /* out of memory; nothing else can fail here */
	return g;
}

static void gzip_free(void *state)
{
	struct gzip *g = state;

	inflateEnd(&g->s);
	free(g);
}

static int gzip_step(struct gzip *g, struct lkb_inflate *z, struct lkb_error *err)
{
	uInt avail_in = g->s.avail_in;
	int r;

	if (!g->in_member)
		inflateReset(&g->s);
	g->in_member = g->any_member = true;
	g->s.next_out = lkb_inflate_buf(z);
	g->s.avail_out = (uInt)LKB_INFLATE_BUFFER;
	r = inflate(&g->s, Z_NO_FLUSH);
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return lkb_fail(err, LKB_INPUT, "the gzip data is wrong: %s",
				g->s.msg ? g->s.msg : "damaged");
	if (r == Z_STREAM_END)
		g->in_member = false;
	/* The caller's loop is only as sure to end as this. */
	if (avail_in && g->s.avail_in == avail_in && g->s.avail_out == LKB_INFLATE_BUFFER)
		return lkb_fail(err, LKB_INPUT, "the gzip data is wrong: it leads nowhere");
	return lkb_inflate_out(z, lkb_inflate_buf(z), LKB_INFLATE_BUFFER - g->s.avail_out, err);
}

static int gzip_feed(void *state, struct lkb_inflate *z, const uint8_t *p, size_t n,
		     struct lkb_error *err)
{
	struct gzip *g = state;

	while (n) {
		size_t part = n < PART ? n : PART;

		g->s.next_in = (Bytef *)p;
		g->s.avail_in = (uInt)part;
		do {
			if (gzip_step(g, z, err) < 0)
				return -1;
		} while (g->s.avail_in || (g->in_member && !g->s.avail_out));
		p += part;
		n -= part;
	}
	return 0;
}

static int gzip_end(void *state, struct lkb_inflate *z, struct lkb_error *err)
{
	const struct gzip *g = state;

	return g->any_member && !g->in_member ? 0 : lkb_inflate_early_end("gzip", err);
}

const struct lkb_inflate_ops lkb_inflate_gzip = { gzip_new, gzip_free, gzip_feed, gzip_end };

#endif
