/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/readback.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

struct run;

/* Ranges that follow each other, or a part of a long zero range: one transfer. */
struct read {
	struct lkb_xfer x;
	struct run *run;
	size_t first, n; /* ranges; n = 0: a part of `first`, a zero range */
	size_t rest;     /* ranges that are still to be read, each by itself */
	uint8_t *buf;
	struct read *next;
};

struct run {
	struct lkb_io *io;
	const struct lkb_written_list *want;
	struct lkb_bad_list *bad;
	atomic_ullong *done;
	struct lkb_hash *hash;
	struct read *free;
};

void lkb_bad_list_clear(struct lkb_bad_list *l)
{
	free(l->items);
	*l = (struct lkb_bad_list){0};
}

static bool is_all(const uint8_t *p, size_t n, uint8_t value)
{
	return n && p[0] == value && !memcmp(p, p + 1, n - 1);
}

/* Transfers may end in another order than they began. */
static void add_bad(struct lkb_bad_list *l, const struct lkb_bad *bad)
{
	size_t at;

	LKB_GROW(l->items, l->n, l->cap);
	for (at = l->n; at && l->items[at - 1].want.off > bad->want.off; at--)
		l->items[at] = l->items[at - 1];
	l->items[at] = *bad;
	l->n++;
	l->bytes += bad->want.len;
}

static void judge(struct run *run, const struct lkb_written *w, uint64_t off, const uint8_t *p,
		  size_t len, int error)
{
	struct lkb_bad bad = {.want = *w, .error = error};

	bad.want.off = off;
	bad.want.len = len;
	if (!error) {
		if (w->class == LKB_MAP_ZERO && lkb_is_zero(p, len))
			return;
		lkb_hash_add(run->hash, p, len);
		bad.found = lkb_hash_done(run->hash);
		if (w->class == LKB_MAP_DATA && lkb_sha256_equal(&bad.found, &w->digest))
			return;
		bad.is_blank = is_all(p, len, 0) || is_all(p, len, 0xff);
	}
	add_bad(run->bad, &bad);
}

static void ended(struct lkb_xfer *x, int error);

static void begin(struct read *r, uint64_t off, size_t len)
{
	r->x = (struct lkb_xfer){.off = off, .buf = r->buf, .len = len, .done = ended, .ctx = r};
	lkb_io_start(r->run->io, &r->x);
}

/* Where several ranges were read at once and failed, each is read by itself, one by one. */
static void read_next(struct read *r)
{
	const struct lkb_written *w = &r->run->want->items[r->first];

	r->n = 1;
	r->rest--;
	begin(r, w->off, (size_t)w->len);
}

static void ended(struct lkb_xfer *x, int error)
{
	struct read *r = x->ctx;
	struct run *run = r->run;
	const struct lkb_written *w = &run->want->items[r->first];
	size_t at = 0;

	if (error && r->n > 1) {
		r->rest = r->n;
		read_next(r);
		return;
	}
	if (!r->n) {
		judge(run, w, x->off, r->buf, x->len, error);
	} else {
		for (size_t i = 0; i < r->n; i++) {
			judge(run, &w[i], w[i].off, r->buf + at, (size_t)w[i].len, error);
			at += (size_t)w[i].len;
		}
	}
	if (run->done)
		atomic_fetch_add(run->done, x->len);
	if (r->rest) {
		r->first++;
		read_next(r);
		return;
	}
	r->next = run->free;
	run->free = r;
}

static void start_read(struct run *run, uint64_t off, size_t len, size_t first, size_t n)
{
	struct read *r = run->free;

	if (r) {
		run->free = r->next;
	} else {
		r = lkb_alloc(sizeof(*r));
		r->buf = lkb_io_buffer(LKB_IO_MAX);
	}
	r->run = run;
	r->first = first;
	r->n = n;
	r->rest = 0;
	begin(r, off, len);
}

static void read_long(struct run *run, size_t i)
{
	const struct lkb_written *w = &run->want->items[i];

	for (uint64_t at = 0; at < w->len; at += LKB_IO_MAX) {
		uint64_t left = w->len - at;

		lkb_io_room(run->io);
		start_read(run, w->off + at, left < LKB_IO_MAX ? (size_t)left : LKB_IO_MAX, i, 0);
	}
}

void lkb_readback(struct lkb_io *io, const struct lkb_written_list *want, atomic_ullong *done,
		  struct lkb_bad_list *bad)
{
	struct run run = {.io = io, .want = want, .bad = bad, .done = done, .hash = lkb_hash_new()};
	const struct lkb_written *w = want->items;
	size_t i = 0;

	while (i < want->n) {
		uint64_t len = w[i].len;
		size_t n = 1;

		if (len > LKB_IO_MAX) {
			read_long(&run, i++);
			continue;
		}
		while (i + n < want->n && w[i].off + len == w[i + n].off &&
		       len + w[i + n].len <= LKB_IO_MAX)
			len += w[i + n++].len;
		lkb_io_room(io);
		start_read(&run, w[i].off, (size_t)len, i, n);
		i += n;
	}
	lkb_io_drain(io);
	while (run.free) {
		struct read *r = run.free;

		run.free = r->next;
		free(r->buf);
		free(r);
	}
	lkb_hash_free(run.hash);
}
