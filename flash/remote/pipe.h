/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_REMOTE_PIPE_H
#define LKB_FLASH_REMOTE_PIPE_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/error.h"

/*
 * What pushes bytes made into what they are read from: a thread of its own writes, and waits
 * while as much is there as the pipe holds, LKB_PIPE_BYTES. The thread's error comes behind the
 * bytes that it wrote before, so that nobody takes what broke off for the end.
 */
#define LKB_PIPE_BYTES ((size_t)1 << 20)
struct lkb_pipe;

/* What the thread does: 0 = that was all. `ctx` is the pipe's from lkb_pipe_start() on, and is
 * freed by free(). */
struct lkb_pipe_ops {
	int (*run)(void *ctx, struct lkb_pipe *p, struct lkb_error *err);
	void (*free)(void *ctx);
};

/* Frees ctx if it fails (LKB_IO). */
int lkb_pipe_start(const struct lkb_pipe_ops *ops, void *ctx, struct lkb_pipe **ret,
		   struct lkb_error *err);

/* The thread's side. Fails (LKB_INTERRUPTED) when nobody reads any more. */
int lkb_pipe_put(struct lkb_pipe *p, const void *bytes, size_t n, struct lkb_error *err);
/* True when nobody reads any more. */
atomic_bool *lkb_pipe_stop(struct lkb_pipe *p);

/* The reader's side, shaped as lkb_source_ops wants it. close() waits for the thread. */
int lkb_pipe_read(void *pipe, void *buf, size_t n, size_t *ret_n, struct lkb_error *err);
void lkb_pipe_close(void *pipe);

#endif
