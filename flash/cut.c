/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/cut.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"

#define BLOCK LKB_MAP_BLOCK
/* Without a map, shorter runs of zeros are data: a transfer of their own would take longer. */
#define ZERO_RUN_MIN ((size_t)64 << 10)

static int given_up(struct lkb_error *err)
{
	return lkb_fail(err, LKB_INTERRUPTED, "nobody wants the rest of the image");
}

static void hand_over(struct lkb_cut *c)
{
	struct lkb_batch *b = c->batch;

	if (!b)
		return;
	c->batch = NULL;
	b->seq = c->seq++;
	c->ops->put(c->ctx, b);
}

/* Makes sure that there is a batch with room for an item of that many bytes. */
static int make_room(struct lkb_cut *c, size_t len, struct lkb_error *err)
{
	if (c->batch && (c->batch->n == LKB_BATCH_ITEMS || LKB_BATCH_BYTES - c->batch->used < len))
		hand_over(c);
	if (c->batch)
		return 0;
	c->batch = c->ops->get(c->ctx);
	return c->batch ? 0 : given_up(err);
}

static struct lkb_item *last_item(const struct lkb_cut *c)
{
	return c->batch && c->batch->n ? &c->batch->items[c->batch->n - 1] : NULL;
}

static int add_zero(struct lkb_cut *c, uint64_t off, uint64_t len, const char *name,
		    struct lkb_error *err)
{
	struct lkb_item *last = last_item(c);

	if (!len)
		return 0;
	if (last && last->class == LKB_MAP_ZERO && last->off + last->len == off &&
	    !strcmp(last->name, name)) {
		last->len += len;
		return 0;
	}
	if (make_room(c, 0, err))
		return -1;
	c->batch->items[c->batch->n++] =
		(struct lkb_item){.class = LKB_MAP_ZERO, .off = off, .len = len, .name = name};
	return 0;
}

/* By the map. */

static uint64_t range_off(const struct lkb_map_range *r)
{
	return r->start * BLOCK;
}

static uint64_t range_end(const struct lkb_map_range *r)
{
	return (r->start + r->count) * BLOCK;
}

static int begin_range(struct lkb_cut *c, const struct lkb_map_range *r, struct lkb_error *err)
{
	size_t len = (size_t)(r->count * BLOCK);

	if (r->class == LKB_MAP_ZERO)
		return add_zero(c, range_off(r), len, r->name, err);
	if (r->class == LKB_MAP_FREE)
		return 0;
	if (make_room(c, len, err))
		return -1;
	c->batch->items[c->batch->n++] = (struct lkb_item){.class = LKB_MAP_DATA,
							   .is_promised = !c->bmap,
							   .off = range_off(r),
							   .len = len,
							   .at = c->batch->used,
							   .digest = r->digest,
							   .name = r->name};
	c->batch->used += len;
	return 0;
}

/* The sum that is open is over all bytes from its offset to here. */
static int end_sum(struct lkb_cut *c, struct lkb_error *err)
{
	const struct lkb_bmap_sum *s = &c->bmap->sums[c->sum++];
	struct lkb_sha256 is = lkb_hash_done(c->hash);

	if (lkb_sha256_equal(&is, &s->digest))
		return 0;
	lkb_fail(err, LKB_INPUT,
		 "'%s' is damaged, or its bmap is another image's: bytes %" PRIu64 " to %" PRIu64
		 " do not have the checksum that it says",
		 c->name, s->off, s->off + s->len);
	return lkb_hint(err, "fetch image and bmap again");
}

/* Bytes that came at c->pos, also those of a hole (NULL), go into the bmap's checksums. */
static int add_sums(struct lkb_cut *c, const uint8_t *p, uint64_t n, struct lkb_error *err)
{
	static const uint8_t zeros[BLOCK];
	uint64_t pos = c->pos, end = pos + n;

	while (c->bmap && c->sum < c->bmap->n_sums && pos < end) {
		const struct lkb_bmap_sum *s = &c->bmap->sums[c->sum];
		uint64_t from = pos > s->off ? pos : s->off, to = s->off + s->len;

		to = to < end ? to : end;
		if (from >= end)
			return 0;
		while (pos < from || pos < to) {
			uint64_t take = (pos < from ? from : to) - pos;

			if (!p && take > BLOCK)
				take = BLOCK;
			if (pos >= from)
				lkb_hash_add(c->hash, p ? p : zeros, (size_t)take);
			p = p ? p + take : NULL;
			pos += take;
		}
		if (pos == s->off + s->len && end_sum(c, err))
			return -1;
	}
	return 0;
}

static int too_long(const struct lkb_cut *c, uint64_t size, struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT,
			"'%s' is longer than the %" PRIu64 " bytes that its map says",
			c->name, size);
}

/* A zero range counts in 64 bits; begin_range() takes what a range of the map can be. */
static int by_map(struct lkb_cut *c, const uint8_t *p, uint64_t n, struct lkb_error *err)
{
	while (n) {
		const struct lkb_map_range *r;
		uint64_t take;

		if (c->range == c->map->n_ranges)
			return too_long(c, c->map->size, err);
		r = &c->map->ranges[c->range];
		if (c->pos == range_off(r) && begin_range(c, r, err))
			return -1;
		take = range_end(r) - c->pos;
		if (take > n)
			take = n;
		if (r->class == LKB_MAP_DATA) {
			uint8_t *to = c->batch->bytes + last_item(c)->at + (c->pos - range_off(r));

			if (p)
				memcpy(to, p, (size_t)take);
			else
				memset(to, 0, (size_t)take);
			if (add_sums(c, p, take, err))
				return -1;
		}
		p = p ? p + take : NULL;
		n -= take;
		c->pos += take;
		c->range += c->pos == range_end(r);
	}
	return 0;
}

uint64_t lkb_cut_idle(const struct lkb_cut *c)
{
	uint64_t end = c->pos;

	if (!c->map)
		return 0;
	for (size_t i = c->range; i < c->map->n_ranges; i++) {
		if (c->map->ranges[i].class == LKB_MAP_DATA)
			break;
		end = range_end(&c->map->ranges[i]);
	}
	return end - c->pos;
}

/* Without one: a batch is filled with what comes, and looked at when it is full. */

static int begin_piece(struct lkb_cut *c, struct lkb_error *err)
{
	if (c->batch && (c->batch->n == LKB_BATCH_ITEMS || c->batch->used == LKB_BATCH_BYTES))
		hand_over(c);
	if (c->batch)
		return 0;
	c->batch = c->ops->get(c->ctx);
	return c->batch ? 0 : given_up(err);
}

/* How many zero blocks there are at p. */
static size_t zero_blocks(const uint8_t *p, size_t n_blocks)
{
	size_t n = 0;

	while (n < n_blocks && lkb_is_zero(p + n * BLOCK, BLOCK))
		n++;
	return n;
}

/* Turns the batch's bytes, which stand in the image from `off` on, into items. */
static void find_zeros(struct lkb_batch *b, uint64_t off)
{
	size_t n = b->used / BLOCK, i = 0, data = 0;

	while (i <= n) {
		size_t zeros = i < n ? zero_blocks(b->bytes + i * BLOCK, n - i) : 0;
		bool cuts = zeros * BLOCK >= ZERO_RUN_MIN;

		if ((cuts || i == n) && i > data)
			b->items[b->n++] = (struct lkb_item){.class = LKB_MAP_DATA,
							     .off = off + data * BLOCK,
							     .len = (i - data) * BLOCK,
							     .at = data * BLOCK,
							     .name = ""};
		if (cuts) {
			b->items[b->n++] = (struct lkb_item){.class = LKB_MAP_ZERO,
							     .off = off + i * BLOCK,
							     .len = zeros * BLOCK,
							     .name = ""};
			data = i + zeros;
		}
		i += zeros ? zeros : 1;
	}
}

static void end_piece(struct lkb_cut *c)
{
	if (!c->batch || !c->batch->used)
		return;
	find_zeros(c->batch, c->pos - c->batch->used);
	hand_over(c);
}

static int by_zeros(struct lkb_cut *c, const uint8_t *p, size_t n, struct lkb_error *err)
{
	while (n) {
		size_t take;

		if (begin_piece(c, err))
			return -1;
		take = LKB_BATCH_BYTES - c->batch->used;
		if (take > n)
			take = n;
		memcpy(c->batch->bytes + c->batch->used, p, take);
		c->batch->used += take;
		c->pos += take;
		p += take;
		n -= take;
		if (c->batch->used == LKB_BATCH_BYTES)
			end_piece(c);
	}
	return 0;
}

/* A hole in the file, which makes the same batches as zeros that were written. What is shorter than
 * a batch, or does not begin with one, is filled in. */
static int skip_zeros(struct lkb_cut *c, uint64_t n, struct lkb_error *err)
{
	static const uint8_t zeros[64 << 10];

	while (n) {
		uint64_t to_end = LKB_BATCH_BYTES - c->pos % LKB_BATCH_BYTES;
		uint64_t take = n < sizeof(zeros) ? n : sizeof(zeros);

		if (n >= LKB_BATCH_BYTES && to_end == LKB_BATCH_BYTES) {
			if (add_zero(c, c->pos, to_end, "", err))
				return -1;
			hand_over(c);
			c->pos += to_end;
			n -= to_end;
			continue;
		}
		if (take > to_end)
			take = to_end;
		if (by_zeros(c, zeros, (size_t)take, err))
			return -1;
		n -= take;
	}
	return 0;
}

int lkb_cut_bytes(struct lkb_cut *c, const void *p, size_t n, struct lkb_error *err)
{
	return c->map ? by_map(c, p, n, err) : by_zeros(c, p, n, err);
}

int lkb_cut_skip(struct lkb_cut *c, uint64_t n, struct lkb_error *err)
{
	return c->map ? by_map(c, NULL, n, err) : skip_zeros(c, n, err);
}

static int check_length(const struct lkb_cut *c, struct lkb_error *err)
{
	uint64_t size = !c->map ? c->pos : c->bmap ? c->bmap->image_size : c->map->size;

	if (c->pos > size)
		return too_long(c, size, err);
	if (c->pos < size)
		return lkb_fail(err, LKB_INPUT,
				"'%s' ends after %" PRIu64 " of the %" PRIu64
				" bytes that its map says",
				c->name, c->pos, size);
	return 0;
}

int lkb_cut_end(struct lkb_cut *c, struct lkb_error *err)
{
	/* A foreign image may end within a block; a map always counts whole ones. */
	uint64_t missing = c->map ? c->map->size - c->pos : 0;

	if (check_length(c, err))
		return -1;
	if (missing && lkb_cut_skip(c, missing, err))
		return -1;
	if (!c->pos)
		return lkb_fail(err, LKB_INPUT, "'%s' is empty", c->name);
	if (c->map) {
		if (c->batch)
			c->batch->pad = (size_t)missing;
		hand_over(c);
		return 0;
	}
	if (c->batch && c->batch->used % BLOCK) {
		size_t pad = BLOCK - c->batch->used % BLOCK;

		memset(c->batch->bytes + c->batch->used, 0, pad);
		c->batch->used += pad;
		c->batch->pad = pad;
		c->pos += pad;
	}
	end_piece(c);
	return 0;
}

int lkb_batch_check(struct lkb_batch *b, struct lkb_hash *hash, const char *source,
		    struct lkb_error *err)
{
	for (size_t i = 0; i < b->n; i++) {
		struct lkb_item *item = &b->items[i];
		struct lkb_sha256 digest;

		if (item->class != LKB_MAP_DATA)
			continue;
		lkb_hash_add(hash, b->bytes + item->at, (size_t)item->len);
		digest = lkb_hash_done(hash);
		if (item->is_promised && !lkb_sha256_equal(&digest, &item->digest)) {
			lkb_fail(err, LKB_INPUT,
				 "'%s' is damaged, or its map is another image's: bytes %" PRIu64
				 " to %" PRIu64 " (%s) are not what the map says",
				 source, item->off, item->off + item->len,
				 *item->name ? item->name : "no name");
			return lkb_hint(err, "fetch image and map again, or build them again");
		}
		item->digest = digest;
	}
	b->is_checked = true;
	return 0;
}
