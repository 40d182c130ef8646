/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/ext/inflate_priv.h"

struct lkb_inflate {
	const struct lkb_inflate_ops *ops; /* NULL: plain */
	void *state;
	lkb_sink_fn *sink;
	void *sink_ctx;
	uint64_t out, max_out;
	uint8_t *buf;
	bool failed; /* a decoder that failed once is not asked again */
};

static const struct lkb_inflate_ops *const all_ops[] = {
	[LKB_PLAIN] = NULL,
	[LKB_GZIP] = &lkb_inflate_gzip,
	[LKB_ZSTD] = &lkb_inflate_zstd,
	[LKB_XZ] = &lkb_inflate_xz,
};

enum lkb_compression lkb_compression_of(const void *p, size_t n)
{
	const uint8_t *b = p;

	if (n >= 3 && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8)
		return LKB_GZIP;
	if (n >= 4 && b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd)
		return LKB_ZSTD;
	/* a skippable frame, which may come first */
	if (n >= 4 && (b[0] & 0xf0) == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18)
		return LKB_ZSTD;
	if (n >= 6 && !memcmp(b, "\xfd" "7zXZ\0", 6))
		return LKB_XZ;
	return LKB_PLAIN;
}

struct lkb_inflate *lkb_inflate_new(enum lkb_compression c, uint64_t max_out, lkb_sink_fn *sink,
				    void *sink_ctx)
{
	struct lkb_inflate *z = lkb_alloc(sizeof(*z));

	z->ops = all_ops[c];
	z->sink = sink;
	z->sink_ctx = sink_ctx;
	z->max_out = max_out;
	if (z->ops) {
		z->buf = lkb_alloc(LKB_INFLATE_BUFFER);
		z->state = z->ops->state_new();
	}
	return z;
}

void lkb_inflate_free(struct lkb_inflate *z)
{
	if (!z)
		return;
	if (z->ops)
		z->ops->state_free(z->state);
	free(z->buf);
	free(z);
}

uint8_t *lkb_inflate_buf(struct lkb_inflate *z)
{
	return z->buf;
}

int lkb_inflate_out(struct lkb_inflate *z, const void *p, size_t n, struct lkb_error *err)
{
	if (!n)
		return 0;
	if (n > z->max_out - z->out)
		return lkb_fail(err, LKB_INPUT,
				"the data is more than %llu bytes when decompressed",
				(unsigned long long)z->max_out);
	z->out += n;
	return z->sink(z->sink_ctx, p, n, err);
}

int lkb_inflate_early_end(const char *format, struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT, "the %s data ends early", format);
}

static int after_failure(struct lkb_error *err)
{
	return lkb_fail(err, LKB_BUG, "a decompressor was used after it had failed");
}

int lkb_inflate_feed(struct lkb_inflate *z, const void *p, size_t n, struct lkb_error *err)
{
	int r;

	if (z->failed)
		return after_failure(err);
	if (!n)
		return 0;
	r = z->ops ? z->ops->feed(z->state, z, p, n, err) : lkb_inflate_out(z, p, n, err);
	z->failed = r < 0;
	return r;
}

int lkb_inflate_end(struct lkb_inflate *z, struct lkb_error *err)
{
	if (z->failed)
		return after_failure(err);
	return z->ops ? z->ops->end(z->state, z, err) : 0;
}

struct buffer {
	char *p;
	size_t n, cap;
};

static int buffer_sink(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct buffer *b = ctx;

	if (n > b->cap - b->n) {
		b->cap = n > b->cap ? b->cap + n : 2 * b->cap;
		b->p = lkb_realloc_array(b->p, b->cap, 1);
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return 0;
}

int lkb_inflate_buffer(const void *p, size_t n, size_t max_out, char **ret, size_t *ret_n,
		       struct lkb_error *err)
{
	struct buffer b = { 0 };
	lkb_auto(lkb_inflate) z =
		lkb_inflate_new(lkb_compression_of(p, n), max_out, buffer_sink, &b);

	if (lkb_inflate_feed(z, p, n, err) < 0 || lkb_inflate_end(z, err) < 0) {
		free(b.p);
		return -1;
	}
	*ret = b.p ? b.p : lkb_alloc(1);
	*ret_n = b.n;
	return 0;
}
