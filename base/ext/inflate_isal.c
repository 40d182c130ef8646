/* SPDX-License-Identifier: Apache-2.0 */
/* gzip by ISA-L: more than twice as fast as zlib. */
#ifndef LKB_WITHOUT_ISAL

#include <isa-l/igzip_lib.h>

#include "base/alloc.h"
#include "base/ext/inflate_priv.h"

/* Inputs are given to ISA-L in parts, as its counters have 32 bits. */
#define PART ((size_t)1 << 30)

struct gzip {
	struct inflate_state s;
	bool in_member;
	bool any_member;
};

static void *gzip_new(void)
{
	return lkb_alloc(sizeof(struct gzip));
}

static const char *fault_text(int r)
{
	switch (r) {
	case ISAL_INVALID_WRAPPER:
		return "no gzip header where one must be";
	case ISAL_UNSUPPORTED_METHOD:
		return "a compression method that is not deflate";
	case ISAL_INCORRECT_CHECKSUM:
		return "the checksum does not fit";
	default:
		return "damaged deflate data";
	}
}

static void begin_member(struct gzip *g)
{
	uint8_t *next_in = g->s.next_in;
	uint32_t avail_in = g->s.avail_in;

	isal_inflate_init(&g->s);
	g->s.crc_flag = ISAL_GZIP;
	g->s.next_in = next_in;
	g->s.avail_in = avail_in;
	g->in_member = g->any_member = true;
}

static int gzip_step(struct gzip *g, struct lkb_inflate *z, struct lkb_error *err)
{
	uint32_t avail_in = g->s.avail_in;
	int r;

	if (!g->in_member)
		begin_member(g);
	g->s.next_out = lkb_inflate_buf(z);
	g->s.avail_out = (uint32_t)LKB_INFLATE_BUFFER;
	r = isal_inflate(&g->s);
	if (r < 0)
		return lkb_fail(err, LKB_INPUT, "the gzip data is wrong: %s", fault_text(r));
	if (g->s.block_state == ISAL_BLOCK_FINISH)
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

		g->s.next_in = (uint8_t *)p;
		g->s.avail_in = (uint32_t)part;
		/* A full output buffer means that more may wait inside. */
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

const struct lkb_inflate_ops lkb_inflate_gzip = { gzip_new, free, gzip_feed, gzip_end };

#endif
