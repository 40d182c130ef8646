/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/output_priv.h"
#include "rootfs/tree/tar.h"

/* Headers are small: many of them and the files between make one write. */
#define TAR_PIECE ((size_t)256 * 1024)

struct pack {
	const struct lkb_inode *root;
	int64_t epoch;
	lkb_sink_fn *sink;
	void *sink_ctx;
	struct lkb_str buf;
};

static int flush_pack(struct pack *k, struct lkb_error *err)
{
	size_t n = k->buf.len;

	k->buf.len = 0;
	return n ? k->sink(k->sink_ctx, k->buf.s, n, err) : 0;
}

static int gather(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct pack *k = ctx;

	lkb_str_addn(&k->buf, p, n);
	return k->buf.len >= TAR_PIECE ? flush_pack(k, err) : 0;
}

static int make_tar(void *ctx, lkb_sink_fn *sink, void *sink_ctx, struct lkb_error *err)
{
	struct pack *k = ctx;

	k->sink = sink;
	k->sink_ctx = sink_ctx;
	return lkb_tar_write(k->root, k->epoch, gather, k, err) ? -1 : flush_pack(k, err);
}

int lkb_output_tar(struct lkb_output *o, const char *suffix, struct lkb_tree *tree,
		   struct lkb_error *err)
{
	struct pack k = {.root = lkb_tree_root(tree), .epoch = o->plan->epoch};
	int r = lkb_output_stream(o, suffix, make_tar, &k, err);

	lkb_str_clear(&k.buf);
	return r;
}
