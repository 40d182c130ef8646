/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/io.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

/* How often a transfer is tried again that was interrupted or cut before its first sector, and one
 * that failed: a reader may hiccup. */
#define RETRIES_MAX  4096
#define ATTEMPTS_MAX 3

static const struct lkb_io_ops *const kinds[] = {&lkb_io_uring, &lkb_io_threads};

int lkb_io_open_ops(struct lkb_io *io, const struct lkb_io_ops *ops, void *state,
		    struct lkb_error *err)
{
	*io = (struct lkb_io){.ops = ops, .fd = -1, .sector = 1, .state = state};
	return ops->start(io, err);
}

int lkb_io_open(struct lkb_io *io, const char *kind, int fd, unsigned sector, bool is_block,
		struct lkb_error *err)
{
	struct lkb_error first = {0};
	bool known = false;

	for (size_t i = 0; i < LKB_ARRAY_SIZE(kinds); i++) {
		if (kind && strcmp(kind, kinds[i]->name))
			continue;
		known = true;
		*io = (struct lkb_io){
			.ops = kinds[i], .fd = fd, .sector = sector, .is_block = is_block};
		if (!kinds[i]->start(io, first.message[0] ? NULL : &first))
			return 0;
	}
	if (err)
		*err = first;
	if (known)
		return -1;
	lkb_fail(err, LKB_USAGE, "'--io %s': no such kind", kind);
	return lkb_hint(err, "one of uring, threads; without --io the better one is taken");
}

void lkb_io_close(struct lkb_io *io)
{
	if (io->ops)
		io->ops->stop(io);
	io->ops = NULL;
}

static void push(struct lkb_io *io, struct lkb_xfer *x)
{
	x->next = NULL;
	if (io->last)
		io->last->next = x;
	else
		io->first = x;
	io->last = x;
}

static void pump(struct lkb_io *io)
{
	while (io->first && io->in_flight < LKB_IO_DEPTH) {
		struct lkb_xfer *x = io->first;

		io->first = x->next;
		if (!io->first)
			io->last = NULL;
		io->in_flight++;
		io->ops->submit(io, x);
	}
}

/* What became of a part of x: -1 = it goes on, else the errno to report. */
static int judge(const struct lkb_io *io, struct lkb_xfer *x)
{
	bool again = x->result == -EINTR || x->result == -EAGAIN;
	size_t moved;

	if (x->result < 0 && !again)
		return x->result == -EIO && ++x->attempts < ATTEMPTS_MAX ? -1 : -x->result;
	if (!x->result)
		return x->is_write ? EIO : ENODATA;
	moved = again ? 0 : (size_t)x->result;
	if (moved < x->len - x->moved)
		moved -= moved % io->sector; /* a sector that was cut is moved anew */
	x->moved += moved;
	if (x->moved == x->len)
		return 0;
	if (moved)
		x->retries = 0;
	return x->retries++ < RETRIES_MAX ? -1 : EIO;
}

static void reap_one(struct lkb_io *io)
{
	struct lkb_xfer *x = io->ops->reap(io);
	int error = judge(io, x);

	io->in_flight--;
	if (error < 0) {
		io->in_flight++;
		io->ops->submit(io, x);
	} else {
		x->done(x, error);
	}
	pump(io);
}

void lkb_io_room(struct lkb_io *io)
{
	pump(io);
	while (io->in_flight >= LKB_IO_DEPTH)
		reap_one(io);
}

void lkb_io_start(struct lkb_io *io, struct lkb_xfer *x)
{
	x->moved = 0;
	x->retries = x->attempts = 0;
	push(io, x);
	pump(io);
}

void lkb_io_drain(struct lkb_io *io)
{
	pump(io);
	while (io->in_flight)
		reap_one(io);
}

static void note(struct lkb_xfer *x, int error)
{
	*(int *)x->ctx = error;
}

int lkb_io_move(struct lkb_io *io, bool is_write, uint64_t off, void *buf, size_t len)
{
	int error = -1;
	struct lkb_xfer x = {.is_write = is_write,
			     .off = off,
			     .buf = buf,
			     .len = len,
			     .done = note,
			     .ctx = &error};

	lkb_io_start(io, &x);
	lkb_io_drain(io);
	return error;
}

void *lkb_io_buffer(size_t len)
{
	return lkb_alloc_aligned(LKB_IO_ALIGN, len);
}
