/* SPDX-License-Identifier: Apache-2.0 */
#include <lzma.h>

#include "base/alloc.h"
#include "base/ext/inflate_priv.h"

/* xz -9 needs 65 MiB; more is asked for only by archives made to hurt. */
#define MEMORY_LIMIT ((uint64_t)128 << 20)

static void *xz_new(void)
{
	lzma_stream *s = lkb_alloc(sizeof(*s));

	*s = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_stream_decoder(s, MEMORY_LIMIT, LZMA_CONCATENATED) != LZMA_OK)
		abort(); /* out of memory; nothing else can fail here */
	return s;
}

static void xz_free(void *state)
{
	lzma_end(state);
	free(state);
}

static const char *fault_text(lzma_ret r)
{
	switch (r) {
	case LZMA_FORMAT_ERROR:
		return "no xz stream where one must be";
	case LZMA_MEMLIMIT_ERROR:
		return "decompressing takes too much memory";
	case LZMA_OPTIONS_ERROR:
		return "it uses something that liblzma does not know";
	default:
		return "damaged";
	}
}

/* One call of the decoder. */
static int xz_step(lzma_stream *s, struct lkb_inflate *z, lzma_action action, lzma_ret *ret,
		   struct lkb_error *err)
{
	s->next_out = lkb_inflate_buf(z);
	s->avail_out = LKB_INFLATE_BUFFER;
	*ret = lzma_code(s, action);
	if (*ret == LZMA_BUF_ERROR)
		return action == LZMA_FINISH ? lkb_inflate_early_end("xz", err) : 0;
	if (*ret != LZMA_OK && *ret != LZMA_STREAM_END)
		return lkb_fail(err, LKB_INPUT, "the xz data is wrong: %s", fault_text(*ret));
	return lkb_inflate_out(z, lkb_inflate_buf(z), LKB_INFLATE_BUFFER - s->avail_out, err);
}

static int xz_feed(void *state, struct lkb_inflate *z, const uint8_t *p, size_t n,
		   struct lkb_error *err)
{
	lzma_stream *s = state;
	lzma_ret r = LZMA_OK;

	s->next_in = p;
	s->avail_in = n;
	do {
		if (xz_step(s, z, LZMA_RUN, &r, err) < 0)
			return -1;
	} while (s->avail_in || !s->avail_out);
	return 0;
}

static int xz_end(void *state, struct lkb_inflate *z, struct lkb_error *err)
{
	lzma_ret r = LZMA_OK;

	while (r != LZMA_STREAM_END)
		if (xz_step(state, z, LZMA_FINISH, &r, err) < 0)
			return -1;
	return 0;
}

const struct lkb_inflate_ops lkb_inflate_xz = { xz_new, xz_free, xz_feed, xz_end };
