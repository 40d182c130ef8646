/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_OUT_PRIV_H
#define LKB_ROOTFS_TREE_OUT_PRIV_H

#include "base/ext/compress.h"
#include "rootfs/tree/blob.h"

/* An archive on its way into a sink. Born {.sink, .ctx}. */
struct lkb_out {
	lkb_sink_fn *sink;
	void *ctx;
	uint64_t pos;
	char *buf; /* owned; for file data */
};

void lkb_out_clear(struct lkb_out *o);
int lkb_out_bytes(struct lkb_out *o, const void *p, size_t n, struct lkb_error *err);
/* Zeros up to a multiple of align, which is at most 512. */
int lkb_out_align(struct lkb_out *o, size_t align, struct lkb_error *err);
int lkb_out_data(struct lkb_out *o, const struct lkb_data *d, struct lkb_error *err);
#define lkb_autoout __attribute__((cleanup(lkb_out_clear))) struct lkb_out

#endif
