/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree/out_priv.h"

#include "base/alloc.h"

#define COPY ((size_t)128 * 1024)

void lkb_out_clear(struct lkb_out *o)
{
	free(o->buf);
	o->buf = NULL;
}

int lkb_out_bytes(struct lkb_out *o, const void *p, size_t n, struct lkb_error *err)
{
	o->pos += n;
	return n ? o->sink(o->ctx, p, n, err) : 0;
}

int lkb_out_align(struct lkb_out *o, size_t align, struct lkb_error *err)
{
	static const char zeros[512];

	return lkb_out_bytes(o, zeros, (size_t)(-o->pos & (align - 1)), err);
}

int lkb_out_data(struct lkb_out *o, const struct lkb_data *d, struct lkb_error *err)
{
	if (!o->buf)
		o->buf = lkb_alloc(COPY);
	for (uint64_t off = 0; off < d->len;) {
		size_t n = d->len - off < COPY ? (size_t)(d->len - off) : COPY;

		if (lkb_data_read(d, off, o->buf, n, err) < 0 ||
		    lkb_out_bytes(o, o->buf, n, err) < 0)
			return -1;
		off += n;
	}
	return 0;
}
