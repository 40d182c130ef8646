/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_IO_H
#define LKB_FLASH_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

/*
 * Several transfers in flight on one open device or file: by io_uring where the kernel has it, by
 * threads where it does not. One thread owns a queue; done() is called in that thread.
 *
 * Short transfers go on where they stopped, EINTR and EAGAIN are tried again. All else is reported
 * as the errno it is.
 */
#define LKB_IO_DEPTH 4u
/* What every offset, length and buffer is a multiple of, but at the device's end. */
#define LKB_IO_ALIGN 4096u
/* The longest transfer. */
#define LKB_IO_MAX ((size_t)1 << 20)

struct lkb_xfer {
	bool is_write;
	uint64_t off;
	uint8_t *buf; /* borrowed until done() */
	size_t len;   /* not 0 */
	/* error is 0 when all of it was moved, else an errno. Reading past the end is ENODATA. May
	 * start further transfers, and may free x. */
	void (*done)(struct lkb_xfer *x, int error);
	void *ctx;
	/* The queue's own. */
	size_t moved;
	unsigned retries;
	int result;
	struct lkb_xfer *next;
};

struct lkb_io;

/* What moves the bytes. A device that fails on purpose (tests) is one more of these. */
struct lkb_io_ops {
	const char *name; /* what --io calls it */
	int (*start)(struct lkb_io *io, struct lkb_error *err);
	/* Begins to move what is left of x: bytes [moved, len). */
	void (*submit)(struct lkb_io *io, struct lkb_xfer *x);
	/* Waits until one that was submitted has ended; its result is a number of bytes or -errno.
	 */
	struct lkb_xfer *(*reap)(struct lkb_io *io);
	/* Makes what was written durable. 0 or -errno. */
	int (*flush)(struct lkb_io *io);
	/* Makes bytes zero without writing them. 0 or -errno; -EOPNOTSUPP: write zeros. */
	int (*zero)(struct lkb_io *io, uint64_t off, uint64_t len);
	/* From now on, reads come from the medium and not from memory. */
	void (*forget)(struct lkb_io *io);
	void (*stop)(struct lkb_io *io);
};

extern const struct lkb_io_ops lkb_io_uring, lkb_io_threads;

struct lkb_io {
	const struct lkb_io_ops *ops;
	int fd;          /* borrowed */
	unsigned sector; /* what transfers are cut to after a short one; 1 = anything */
	bool is_block;
	void *state; /* the ops' own */
	size_t in_flight;
	struct lkb_xfer *first, *last; /* not submitted yet */
};

/* `kind` is "uring", "threads", or NULL for the first that works. LKB_USAGE for another word,
 * LKB_IO if the kernel does not let us. */
int lkb_io_open(struct lkb_io *io, const char *kind, int fd, unsigned sector, bool is_block,
		struct lkb_error *err);
/* The same over ops of the caller's. */
int lkb_io_open_ops(struct lkb_io *io, const struct lkb_io_ops *ops, void *state,
		    struct lkb_error *err);
/* Nothing may be in flight. */
void lkb_io_close(struct lkb_io *io);

/* Waits until another transfer would start at once; done() of others may be called. */
void lkb_io_room(struct lkb_io *io);
/* Starts it, or does so as soon as there is room. */
void lkb_io_start(struct lkb_io *io, struct lkb_xfer *x);
/* Waits for all, including those that done() starts. */
void lkb_io_drain(struct lkb_io *io);

/* One transfer, waited for, with all others; 0 or an errno. */
int lkb_io_move(struct lkb_io *io, bool is_write, uint64_t off, void *buf, size_t len);

/* A buffer for transfers. free() it. */
void *lkb_io_buffer(size_t len);

#endif
