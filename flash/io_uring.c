/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <liburing.h>
#include <string.h>

#include "base/alloc.h"
#include "flash/io_priv.h"

static int start(struct lkb_io *io, struct lkb_error *err)
{
	struct io_uring *ring = lkb_alloc(sizeof(*ring));
	int r = io_uring_queue_init(LKB_IO_DEPTH, ring, 0);

	if (r < 0) {
		free(ring);
		errno = -r;
		lkb_fail_errno(err, "io_uring");
		return lkb_hint(err, "--io threads does without it");
	}
	io->state = ring;
	return 0;
}

/* There is always a free entry: no more are in flight than the ring has. */
static void submit(struct lkb_io *io, struct lkb_xfer *x)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(io->state);
	unsigned len = (unsigned)(x->len - x->moved);

	if (x->is_write)
		io_uring_prep_write(sqe, io->fd, x->buf + x->moved, len, x->off + x->moved);
	else
		io_uring_prep_read(sqe, io->fd, x->buf + x->moved, len, x->off + x->moved);
	io_uring_sqe_set_data(sqe, x);
	/* By a kernel thread at once: tried without waiting first, a transfer that a cgroup holds
	 * back is charged twice, and one of a MiB gains nothing. */
	io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	io_uring_submit(io->state); /* what is not taken now is offered again by reap() */
}

static struct lkb_xfer *reap(struct lkb_io *io)
{
	struct io_uring_cqe *cqe;
	struct lkb_xfer *x;

	while (io_uring_peek_cqe(io->state, &cqe))
		io_uring_submit_and_wait(io->state, 1);
	x = io_uring_cqe_get_data(cqe);
	x->result = cqe->res;
	io_uring_cqe_seen(io->state, cqe);
	return x;
}

static void stop(struct lkb_io *io)
{
	io_uring_queue_exit(io->state);
	free(io->state);
}

const struct lkb_io_ops lkb_io_uring = {
	.name = "uring",
	.start = start,
	.submit = submit,
	.reap = reap,
	.flush = lkb_io_file_flush,
	.zero = lkb_io_file_zero,
	.forget = lkb_io_file_forget,
	.stop = stop,
};
