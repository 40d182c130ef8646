/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/body_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"

#define BLOCK LKB_IO_ALIGN

void lkb_body_init(struct lkb_body *b)
{
	b->score = LKB_BODY_SCORE_START;
	b->zeros = lkb_io_buffer(LKB_IO_MAX);
	memset(b->zeros, 0, LKB_IO_MAX);
}

static void note(struct lkb_written_list *l, const struct lkb_written *w)
{
	LKB_GROW(l->items, l->n, l->cap);
	l->items[l->n++] = *w;
}

static void note_written(struct lkb_body *b, const struct lkb_written *w)
{
	if (!b->only)
		note(&b->written, w);
	if (b->done)
		atomic_fetch_add(b->done, w->len);
}

/* True if the item is among those that are wanted. */
static bool is_wanted(const struct lkb_body *b, const struct lkb_item *item)
{
	for (size_t i = 0; b->only && i < b->only->n; i++) {
		const struct lkb_written *w = &b->only->items[i];

		if (w->off < item->off + item->len && item->off < w->off + w->len)
			return true;
	}
	return !b->only;
}

static const struct lkb_edit *edit_at(const struct lkb_body *b, uint64_t off)
{
	for (size_t i = 0; i < b->n_edits; i++)
		if (off >= b->edits[i].off && off - b->edits[i].off < b->edits[i].len)
			return &b->edits[i];
	return NULL;
}

/* The first byte behind `pos` at which another zone or edit begins or ends; `end` if none does. */
static uint64_t next_border(const struct lkb_body *b, uint64_t pos, uint64_t end)
{
	uint64_t borders[2 * LKB_N_ZONES];

	for (size_t i = 0; i < LKB_N_ZONES; i++) {
		borders[2 * i] = b->zones->zone[i].off;
		borders[2 * i + 1] = b->zones->zone[i].off + b->zones->zone[i].len;
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(borders); i++)
		if (borders[i] > pos && borders[i] < end)
			end = borders[i];
	for (size_t i = 0; i < b->n_edits; i++) {
		uint64_t from = b->edits[i].off, to = from + b->edits[i].len;

		if (from > pos && from < end)
			end = from;
		if (to > pos && to < end)
			end = to;
	}
	return end;
}

/* Nothing but writing it is to be done with it. */
static bool is_plain(const struct lkb_body *b, const struct lkb_item *item, size_t pad)
{
	return !pad && !lkb_zone_at(b->zones, item->off) && !edit_at(b, item->off) &&
	       next_border(b, item->off, item->off + item->len) == item->off + item->len;
}

/* The image ends within a block: what the target holds behind it stays, up to its sector's end.
 * *len becomes what is to be written. */
static int keep_behind(struct lkb_body *b, uint64_t off, uint8_t *buf, size_t *len, size_t pad,
		       struct lkb_error *err)
{
	size_t keep = *len - pad, whole = (size_t)lkb_align_up(keep, b->sector);
	lkb_autofree uint8_t *there = lkb_io_buffer(BLOCK);
	size_t block = keep - keep % BLOCK, n = whole - block;
	int error;

	*len = whole;
	if (whole == keep)
		return 0;
	error = lkb_io_move(b->io, false, off + block, there, n);
	if (error)
		return lkb_fail_device(err, b->name, false, off + block, error);
	memcpy(buf + keep, there + (keep - block), whole - keep);
	return 0;
}

/* A piece of an item that is in one zone or none and in one edit or none; bytes NULL = zero. */
static int take_piece(struct lkb_body *b, const struct lkb_item *item, const uint8_t *bytes,
		      uint64_t pos, size_t len, size_t pad, struct lkb_error *err)
{
	struct lkb_zone *zone = lkb_zone_at(b->zones, pos);
	const struct lkb_edit *edit = edit_at(b, pos);
	struct lkb_written w = {item->class, pos, len, {{0}}, item->name};
	lkb_autofree uint8_t *buf = NULL;

	if (!zone && !edit && !pad && !bytes) {
		note_written(b, &w);
		return lkb_body_zero(b, pos, len, err);
	}
	buf = lkb_io_buffer(len);
	if (bytes)
		memcpy(buf, bytes, len);
	else
		memset(buf, 0, len);
	if (edit && edit->apply(edit->ctx, pos - edit->off, buf, len, err))
		return lkb_context(err, "'%s'", b->source);
	if (zone) {
		memcpy(zone->bytes + (pos - zone->off), buf, len);
		if (!b->only)
			note(&b->in_zones, &w);
		return 0;
	}
	if (pad && keep_behind(b, pos, buf, &len, pad, err))
		return -1;
	w.class = LKB_MAP_DATA;
	w.len = len;
	w.digest = lkb_sha256(buf, len);
	note_written(b, &w);
	return lkb_body_data(b, pos, len, LKB_STEAL(buf), NULL, true, err);
}

static int take_pieces(struct lkb_body *b, const struct lkb_item *item, const uint8_t *bytes,
		       size_t pad, struct lkb_error *err)
{
	uint64_t pos = item->off, end = item->off + item->len;

	/* The last block may reach behind a device of an odd number of sectors. */
	if (end > b->size) {
		pad -= (size_t)(end - b->size);
		end = b->size;
	}
	while (pos < end) {
		uint64_t to = next_border(b, pos, end);
		bool is_last;

		/* What is copied is copied in pieces that fit a transfer. */
		if (to - pos > LKB_IO_MAX &&
		    (bytes || pad || edit_at(b, pos) || lkb_zone_at(b->zones, pos)))
			to = pos + LKB_IO_MAX;
		is_last = to == end;
		if (take_piece(b, item, bytes ? bytes + (pos - item->off) : NULL, pos,
			       (size_t)(to - pos), is_last ? pad : 0, err))
			return -1;
		pos = to;
	}
	return 0;
}

/* Data items that follow each other on the target as they do in the batch: one transfer. */
struct span {
	uint64_t off;
	size_t at, len;
};

static int write_span(struct lkb_body *b, struct lkb_batch *batch, struct span *s,
		      struct lkb_error *err)
{
	struct span now = *s;

	*s = (struct span){0};
	return now.len ? lkb_body_data(b, now.off, now.len, batch->bytes + now.at, batch, false,
				       err)
		       : 0;
}

/* Nothing is written: what lies behind the device's end reads as something else. Of a long range
 * that much is enough to say so. */
static int note_beyond(struct lkb_body *b, const struct lkb_item *item)
{
	uint64_t most = (item->off < b->size ? b->size - item->off : 0) + LKB_IO_MAX;

	b->image_end = item->off + item->len;
	note_written(b, &(struct lkb_written){item->class, item->off,
					      item->len < most ? item->len : most, item->digest,
					      item->name});
	return 0;
}

static int too_small(const struct lkb_body *b, struct lkb_error *err)
{
	lkb_fail(err, LKB_REFUSED,
		 "'%s' is too small: it has %" PRIu64 " bytes, and '%s' goes on beyond them",
		 b->name, b->size, b->source);
	return lkb_hint(err, "take a larger card");
}

static int take_item(struct lkb_body *b, struct lkb_batch *batch, const struct lkb_item *item,
		     size_t pad, struct span *span, struct lkb_error *err)
{
	bool is_data = item->class == LKB_MAP_DATA;
	uint64_t end = item->off + item->len - pad;

	if (end > b->size)
		return b->is_dry ? note_beyond(b, item) : too_small(b, err);
	if (end > b->image_end)
		b->image_end = end;
	if (!is_wanted(b, item))
		return 0;
	if (!is_plain(b, item, pad))
		return write_span(b, batch, span, err) ||
				       take_pieces(b, item,
						   is_data ? batch->bytes + item->at : NULL, pad,
						   err)
			       ? -1
			       : 0;
	note_written(b, &(struct lkb_written){item->class, item->off, item->len, item->digest,
					      item->name});
	if (!is_data)
		return lkb_body_zero(b, item->off, item->len, err);
	if (span->len && (span->off + span->len != item->off || span->at + span->len != item->at) &&
	    write_span(b, batch, span, err))
		return -1;
	if (!span->len)
		*span = (struct span){item->off, item->at, 0};
	span->len += (size_t)item->len;
	return 0;
}

int lkb_body_batch(struct lkb_body *b, struct lkb_batch *batch, struct lkb_error *err)
{
	struct span span = {0};
	int r = 0;

	for (size_t i = 0; i < batch->n && !r; i++)
		r = take_item(b, batch, &batch->items[i], i + 1 == batch->n ? batch->pad : 0, &span,
			      err);
	if (!r)
		r = write_span(b, batch, &span, err);
	lkb_batch_release(batch);
	return r;
}
