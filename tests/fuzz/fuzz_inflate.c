/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed data from nowhere. The first byte says into how small pieces the rest is cut; whole
 * and in pieces must come to the same. */
#include <stdlib.h>
#include <string.h>

#include "base/ext/compress.h"
#include "base/str.h"

#define MAX_OUT ((uint64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int to_str(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static int inflate_cut(enum lkb_compression c, const uint8_t *p, size_t n, size_t cut,
		       struct lkb_str *ret)
{
	lkb_auto(lkb_inflate) z = lkb_inflate_new(c, MAX_OUT, to_str, ret);

	for (size_t off = 0; off < n; off += cut)
		if (lkb_inflate_feed(z, p + off, cut < n - off ? cut : n - off, NULL) < 0)
			return -1;
	return lkb_inflate_end(z, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const enum lkb_compression all[] = { LKB_GZIP, LKB_ZSTD, LKB_XZ };
	lkb_autostr whole = { 0 };
	lkb_autostr cut = { 0 };
	enum lkb_compression c;

	if (!n)
		return 0;
	c = lkb_compression_of(p + 1, n - 1);
	if (c == LKB_PLAIN)
		c = all[p[0] % 3];
	if (inflate_cut(c, p + 1, n - 1, n, &whole) < 0) {
		inflate_cut(c, p + 1, n - 1, p[0] + 1u, &cut);
		return 0;
	}
	if (inflate_cut(c, p + 1, n - 1, p[0] + 1u, &cut) < 0 || whole.len != cut.len ||
	    memcmp(lkb_str_get(&whole), lkb_str_get(&cut), whole.len) != 0)
		abort();
	return 0;
}
