/* SPDX-License-Identifier: Apache-2.0 */
/* What a body starts and does not wait for. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "flash/body_priv.h"

#define BLOCK LKB_IO_ALIGN
/* Blocks that are the same between two that differ: fewer are written along. */
#define GAP_MAX (4 * (size_t)BLOCK)

/* A range on its way: read, compared and written, or written. */
struct lkb_op {
	struct lkb_xfer x;
	struct lkb_body *body;
	struct lkb_batch *batch; /* a reference, or NULL */
	uint8_t *want;           /* NULL = zeros */
	uint8_t *got;            /* what was read, or NULL */
	uint64_t off;
	size_t len;
	bool is_own;      /* `want` is freed with it */
	unsigned pending; /* runs that are being written */
	struct lkb_op *before, *after; /* in the order in which they were started */
	bool is_bad;      /* one of them failed */
	struct lkb_op *next;
};

/* One run of blocks that differ. */
struct run {
	struct lkb_xfer x;
	struct lkb_op *op;
};

static uint8_t *take_buffer(struct lkb_body *b)
{
	return b->buffers.n ? b->buffers.items[--b->buffers.n] : lkb_io_buffer(LKB_IO_MAX);
}

static void give_buffer(struct lkb_body *b, uint8_t *buf)
{
	LKB_GROW(b->buffers.items, b->buffers.n, b->buffers.cap);
	b->buffers.items[b->buffers.n++] = buf;
}

static void link_op(struct lkb_op *op)
{
	struct lkb_body *b = op->body;

	op->before = b->newest;
	if (b->newest)
		b->newest->after = op;
	else
		b->oldest = op;
	b->newest = op;
	b->n_live += op->len;
}

static void unlink_op(struct lkb_op *op)
{
	struct lkb_body *b = op->body;

	*(op->before ? &op->before->after : &b->oldest) = op->after;
	*(op->after ? &op->after->before : &b->newest) = op->before;
	b->n_live -= op->len;
}

uint64_t lkb_body_settled(const struct lkb_body *b)
{
	return b->oldest ? b->oldest->off : b->image_end;
}

static void end_op(struct lkb_op *op)
{
	unlink_op(op);
	if (op->got)
		give_buffer(op->body, op->got);
	if (op->batch)
		lkb_batch_release(op->batch);
	if (op->is_own)
		free(op->want);
	free(op);
}

/* Kept with its bytes until somebody looks for the sector that is to blame. */
static void fail_op(struct lkb_op *op)
{
	op->next = op->body->failed;
	op->body->failed = op;
}

static void written(struct lkb_xfer *x, int error)
{
	struct lkb_op *op = x->ctx;

	if (!error) {
		op->body->n_written += op->len;
		end_op(op);
	} else {
		fail_op(op);
	}
}

static void write_all(struct lkb_op *op)
{
	op->x = (struct lkb_xfer){.is_write = true,
				  .off = op->off,
				  .buf = op->want ? op->want : op->body->zeros,
				  .len = op->len,
				  .done = written,
				  .ctx = op};
	lkb_io_start(op->body->io, &op->x);
}

static void run_written(struct lkb_xfer *x, int error)
{
	struct run *run = x->ctx;
	struct lkb_op *op = run->op;

	if (error)
		op->is_bad = true;
	else
		op->body->n_written += x->len;
	free(run);
	if (--op->pending)
		return;
	if (op->is_bad)
		fail_op(op);
	else
		end_op(op);
}

static size_t block_len(const struct lkb_op *op, size_t at)
{
	return op->len - at < BLOCK ? op->len - at : BLOCK;
}

static bool differs(const struct lkb_op *op, size_t at)
{
	return memcmp(op->got + at, op->want + at, block_len(op, at)) != 0;
}

static void write_run(struct lkb_op *op, size_t from, size_t to)
{
	struct run *run = lkb_alloc(sizeof(*run));

	run->op = op;
	run->x = (struct lkb_xfer){.is_write = true,
				   .off = op->off + from,
				   .buf = op->want + from,
				   .len = to - from,
				   .done = run_written,
				   .ctx = run};
	op->pending++;
	lkb_io_start(op->body->io, &run->x);
}

/* Only what differs. There is one such block at least. */
static void write_differing(struct lkb_op *op)
{
	size_t at = 0, from, to;

	op->pending = 1; /* not done before all are started */
	while (at < op->len) {
		if (!differs(op, at)) {
			op->body->n_same += block_len(op, at);
			at += BLOCK;
			continue;
		}
		from = at;
		to = at + block_len(op, at);
		for (at = to; at < op->len && at - to < GAP_MAX; at += BLOCK)
			if (differs(op, at))
				to = at + block_len(op, at);
		at = to;
		write_run(op, from, to);
	}
	if (!--op->pending)
		end_op(op);
}

static void score(struct lkb_body *b, bool same)
{
	int most = LKB_BODY_SCORE_MAX;

	if (same && b->score < LKB_BODY_SCORE_START)
		b->score = LKB_BODY_SCORE_START;
	else if (same && b->score < most)
		b->score++;
	else if (!same && b->score)
		b->score--;
}

static void compared(struct lkb_xfer *x, int error)
{
	struct lkb_op *op = x->ctx;
	bool same = !error && !memcmp(op->got, op->want, op->len);

	score(op->body, same);
	if (same) {
		op->body->n_same += op->len;
		end_op(op);
	} else if (error) {
		write_all(op); /* a sector that cannot be read may come back when it is written */
	} else {
		write_differing(op);
	}
}

static void zero_seen(struct lkb_xfer *x, int error)
{
	struct lkb_op *op = x->ctx;
	struct lkb_body *b = op->body;

	if (!error && lkb_is_zero(op->got, op->len)) {
		b->n_same += op->len;
		end_op(op);
	} else if (!error && !b->io->ops->zero(b->io, op->off, op->len)) {
		b->n_written += op->len;
		end_op(op);
	} else {
		write_all(op);
	}
}

static void read_first(struct lkb_op *op, void (*done)(struct lkb_xfer *, int))
{
	op->got = take_buffer(op->body);
	op->x = (struct lkb_xfer){
		.off = op->off, .buf = op->got, .len = op->len, .done = done, .ctx = op};
	lkb_io_start(op->body->io, &op->x);
}

static bool compares(struct lkb_body *b, uint64_t off)
{
	if (b->only)
		return false;
	if (off < b->compare_until || b->score > 0)
		return true;
	if (++b->since_probe < LKB_BODY_PROBE)
		return false;
	b->since_probe = 0;
	return true;
}

static struct lkb_op *new_op(struct lkb_body *b, uint64_t off, size_t len)
{
	struct lkb_op *op = lkb_alloc(sizeof(*op));

	op->body = b;
	op->off = off;
	op->len = len;
	link_op(op);
	return op;
}

int lkb_fail_device(struct lkb_error *err, const char *name, bool is_write, uint64_t off, int error)
{
	/* Not lkb_fail_errno(): what it says about full file systems is not about devices. */
	lkb_fail(err, LKB_IO, "'%s' cannot be %s at byte %llu: %s", name,
		 is_write ? "written" : "read", (unsigned long long)off, strerror(error));
	if (error == ENODATA || error == ENOSPC)
		return lkb_hint(err, "it is smaller than it says, or was changed meanwhile");
	if (error == ENODEV || error == ENXIO || error == ENOMEDIUM)
		return lkb_hint(err, "it is gone; put it back and give --resume");
	return lkb_hint(err, "try another reader or port, and then another card");
}

/* Block by block, to find the one that is to blame; if each can be written, it was a passing thing.
 */
static int narrow(struct lkb_op *op, struct lkb_error *err)
{
	struct lkb_body *b = op->body;

	for (size_t at = 0; at < op->len; at += BLOCK) {
		uint8_t *p = op->want ? op->want + at : b->zeros;
		int error = lkb_io_move(b->io, true, op->off + at, p, block_len(op, at));

		if (error)
			return lkb_fail_device(err, b->name, true, op->off + at, error);
		b->n_written += block_len(op, at);
	}
	return 0;
}

static int look_at_failed(struct lkb_body *b, struct lkb_error *err)
{
	int r = 0;

	if (!b->failed)
		return 0;
	lkb_io_drain(b->io);
	while (b->failed) {
		struct lkb_op *op = b->failed;

		b->failed = op->next;
		r = r ? r : narrow(op, err);
		end_op(op);
	}
	return r;
}

int lkb_body_data(struct lkb_body *b, uint64_t off, size_t len, uint8_t *bytes,
		  struct lkb_batch *batch, bool is_own, struct lkb_error *err)
{
	struct lkb_op *op;

	if (b->is_dry) {
		if (is_own)
			free(bytes);
		return 0;
	}
	op = new_op(b, off, len);
	op->want = bytes;
	op->is_own = is_own;
	op->batch = batch;
	if (batch)
		atomic_fetch_add(&batch->refs, 1);
	lkb_io_room(b->io);
	if (compares(b, off))
		read_first(op, compared);
	else
		write_all(op);
	return look_at_failed(b, err);
}

int lkb_body_zero(struct lkb_body *b, uint64_t off, uint64_t len, struct lkb_error *err)
{
	while (len && !b->is_dry) {
		size_t take = len < LKB_IO_MAX ? (size_t)len : LKB_IO_MAX;

		lkb_io_room(b->io);
		read_first(new_op(b, off, take), zero_seen);
		if (look_at_failed(b, err))
			return -1;
		off += take;
		len -= take;
	}
	return 0;
}

int lkb_body_drain(struct lkb_body *b, struct lkb_error *err)
{
	lkb_io_drain(b->io);
	return look_at_failed(b, err);
}

void lkb_body_forget(struct lkb_body *b)
{
	while (b->failed) {
		struct lkb_op *op = b->failed;

		b->failed = op->next;
		end_op(op);
	}
}

void lkb_body_clear(struct lkb_body *b)
{
	if (b->io)
		lkb_io_drain(b->io);
	lkb_body_forget(b);
	while (b->buffers.n)
		free(b->buffers.items[--b->buffers.n]);
	free(b->buffers.items);
	free(b->zeros);
	free(b->written.items);
	free(b->in_zones.items);
	b->zeros = NULL;
}
