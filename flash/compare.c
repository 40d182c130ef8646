/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/compare.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "flash/fit.h"
#include "flash/target.h"

#define BLOCK LKB_IO_ALIGN

struct compare {
	const struct lkb_compare *c;
	struct lkb_target target;
	struct lkb_zones zones;
	struct lkb_zones plain; /* the zones as the image has them, with no table fitted */
	struct lkb_body body;
	struct lkb_written_list want; /* the body's and the zones' ranges */
};

static void clear(struct compare *o)
{
	lkb_body_clear(&o->body);
	lkb_zones_clear(&o->zones);
	lkb_zones_clear(&o->plain);
	free(o->want.items);
	lkb_target_close(&o->target);
}

static void add(struct lkb_written_list *l, const struct lkb_written *w)
{
	LKB_GROW(l->items, l->n, l->cap);
	l->items[l->n++] = *w;
}

/* The image's range in a zone that holds a block; NULL if what is there does not matter. */
static const struct lkb_written *range_at(const struct lkb_written_list *l, uint64_t off)
{
	for (size_t i = 0; i < l->n; i++)
		if (off >= l->items[i].off && off - l->items[i].off < l->items[i].len)
			return &l->items[i];
	return NULL;
}

/* Block by block: what the image says, and tables that were fitted. */
static void want_zone(struct compare *o, const struct lkb_zone *zone)
{
	for (size_t at = 0; at < zone->len; at += BLOCK) {
		size_t n = zone->len - at < BLOCK ? zone->len - at : BLOCK;
		const struct lkb_written *w = range_at(&o->body.in_zones, zone->off + at);

		if (w || !lkb_is_zero(zone->bytes + at, n))
			add(&o->want, &(struct lkb_written){LKB_MAP_DATA, zone->off + at, n,
							    lkb_sha256(zone->bytes + at, n),
							    w ? w->name : "gpt"});
	}
}

static void keep_plain(struct compare *o)
{
	for (size_t i = 0; i < LKB_N_ZONES; i++) {
		const struct lkb_zone *z = &o->zones.zone[i];

		o->plain.zone[i] = *z;
		o->plain.zone[i].bytes = z->len ? lkb_memdup(z->bytes, z->len) : NULL;
	}
}

/* The image was put there by somebody who does not fit tables: that is right as well. */
static bool is_plain(struct compare *o, const struct lkb_bad *bad)
{
	const struct lkb_zone *z = lkb_zone_at(&o->plain, bad->want.off);
	struct lkb_sha256 d;

	if (!z || bad->error)
		return false;
	d = lkb_sha256(z->bytes + (bad->want.off - z->off), (size_t)bad->want.len);
	return lkb_sha256_equal(&d, &bad->found) || !range_at(&o->body.in_zones, bad->want.off);
}

static int pour(struct compare *o, struct lkb_hub *hub, struct lkb_error *err)
{
	enum lkb_hub_got got = LKB_HUB_BATCH;
	struct lkb_batch *batch;
	uint64_t from;
	int r = 0;

	while (!r && got == LKB_HUB_BATCH) {
		r = lkb_hub_next(hub, 0, &batch, &got, &from, err);
		if (!r && got == LKB_HUB_BATCH)
			r = lkb_body_batch(&o->body, batch, err);
		lkb_ui_bytes(o->c->ui, "reading the image", o->body.image_end,
			     o->c->image.source->at_least);
	}
	lkb_hub_leave(hub, 0);
	return r;
}

static void read_all(struct compare *o, struct lkb_bad_list *bad, uint64_t *ret_bytes)
{
	struct lkb_bad_list all = {0};

	want_zone(o, &o->zones.zone[LKB_ZONE_HEAD]);
	for (size_t i = 0; i < o->body.written.n; i++)
		add(&o->want, &o->body.written.items[i]);
	want_zone(o, &o->zones.zone[LKB_ZONE_TAIL]);
	*ret_bytes = 0;
	for (size_t i = 0; i < o->want.n; i++)
		*ret_bytes += o->want.items[i].len;
	o->target.io.ops->forget(&o->target.io);
	lkb_readback(&o->target.io, &o->want, NULL, &all);
	for (size_t i = 0; i < all.n; i++) {
		if (is_plain(o, &all.items[i]))
			continue;
		LKB_GROW(bad->items, bad->n, bad->cap);
		bad->items[bad->n++] = all.items[i];
		bad->bytes += all.items[i].want.len;
	}
	lkb_bad_list_clear(&all);
}

static int run(struct compare *o, struct lkb_bad_list *bad, uint64_t *ret_bytes,
	       struct lkb_error *err)
{
	lkb_auto(lkb_hub) hub = NULL;

	if (lkb_hub_start(&o->c->image, 1, 0, &hub, err) || pour(o, hub, err))
		return -1;
	keep_plain(o);
	if (lkb_fit_tables(&o->zones, o->body.image_end, o->c->dev->size, o->c->image.map, err))
		return -1;
	read_all(o, bad, ret_bytes);
	return 0;
}

int lkb_compare_run(const struct lkb_compare *c, struct lkb_bad_list *bad, uint64_t *ret_bytes,
		    struct lkb_error *err)
{
	struct compare o = {.c = c, .target.fd = -1};
	int r;

	if (lkb_target_open(c->dev, false, c->io_kind, &o.target, err))
		return -1;
	lkb_zones_init(&o.zones, c->dev->size);
	o.body = (struct lkb_body){.io = &o.target.io,
				   .name = c->dev->path,
				   .source = c->image.source->name,
				   .size = c->dev->size,
				   .sector = o.target.sector,
				   .zones = &o.zones,
				   .edits = c->edits,
				   .n_edits = c->n_edits,
				   .is_dry = true};
	lkb_body_init(&o.body);
	r = run(&o, bad, ret_bytes, err);
	clear(&o);
	return r;
}
