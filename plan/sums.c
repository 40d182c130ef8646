/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/sums_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

#define KIND "files-v1"
#define RECORD_SIZE (8u + 8u + LKB_SHA1_SIZE + LKB_SHA256_SIZE)
#define RECORDS_MAX 1000000u
#define PIECE ((size_t)256 * 1024)

struct record {
	uint64_t off, len;
	struct lkb_sums sums;
};

/* The files of one layer. */
struct layer {
	struct lkb_sha256 diff_id;
	struct record *items; /* owned; the first n_known are sorted */
	size_t n_known, n, cap;
};

struct lkb_sums_cache {
	const struct lkb_store *store;
	struct layer *layers; /* owned */
	size_t n, cap;
	struct lkb_hash *sha1, *sha256; /* owned */
	uint8_t *buf;                   /* owned */
};

struct lkb_sums_cache *lkb_sums_cache_new(const struct lkb_store *store)
{
	struct lkb_sums_cache *c = lkb_alloc(sizeof(*c));

	c->store = store;
	c->sha1 = lkb_hash_new_sha1();
	c->sha256 = lkb_hash_new();
	c->buf = lkb_alloc(PIECE);
	return c;
}

void lkb_sums_cache_free(struct lkb_sums_cache *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->layers[i].items);
	free(c->layers);
	lkb_hash_free(c->sha1);
	lkb_hash_free(c->sha256);
	free(c->buf);
	free(c);
}

static int compare(const void *pa, const void *pb)
{
	const struct record *a = pa, *b = pb;

	if (a->off != b->off)
		return a->off < b->off ? -1 : 1;
	return a->len < b->len ? -1 : a->len > b->len;
}

static struct record record_read(const uint8_t *p)
{
	struct record r = {.off = lkb_get_le64(p), .len = lkb_get_le64(p + 8)};

	memcpy(r.sums.sha1.b, p + 16, LKB_SHA1_SIZE);
	memcpy(r.sums.sha256.b, p + 16 + LKB_SHA1_SIZE, LKB_SHA256_SIZE);
	return r;
}

static void record_write(const struct record *r, uint8_t *p)
{
	lkb_put_le64(p, r->off);
	lkb_put_le64(p + 8, r->len);
	memcpy(p + 16, r->sums.sha1.b, LKB_SHA1_SIZE);
	memcpy(p + 16 + LKB_SHA1_SIZE, r->sums.sha256.b, LKB_SHA256_SIZE);
}

/* What is kept of the layer; records out of order are none of ours. */
static void load(const struct lkb_sums_cache *c, struct layer *l)
{
	lkb_autofree char *bytes = NULL;
	size_t i, len, n;

	if (!lkb_store_derived_read(c->store, KIND, &l->diff_id, RECORDS_MAX * RECORD_SIZE, &bytes,
				    &len))
		return;
	n = len / RECORD_SIZE;
	l->items = lkb_alloc_array(n + 1, sizeof(*l->items));
	l->cap = n + 1;
	for (i = 0; i < n; i++) {
		l->items[i] = record_read((const uint8_t *)bytes + i * RECORD_SIZE);
		if (i && compare(&l->items[i - 1], &l->items[i]) >= 0)
			return;
	}
	l->n = l->n_known = n;
}

static struct layer *layer_of(struct lkb_sums_cache *c, const struct lkb_sha256 *diff_id)
{
	struct layer *l;
	size_t i;

	for (i = 0; i < c->n; i++)
		if (lkb_sha256_equal(&c->layers[i].diff_id, diff_id))
			return &c->layers[i];
	LKB_GROW(c->layers, c->n, c->cap);
	l = &c->layers[c->n++];
	*l = (struct layer){.diff_id = *diff_id};
	load(c, l);
	return l;
}

static int compute(struct lkb_sums_cache *c, const struct lkb_data *d, struct lkb_sums *ret,
		   struct lkb_error *err)
{
	uint64_t off;

	for (off = 0; off < d->len;) {
		size_t n = d->len - off < PIECE ? (size_t)(d->len - off) : PIECE;

		if (lkb_data_read(d, off, c->buf, n, err))
			return -1;
		lkb_hash_add(c->sha1, c->buf, n);
		lkb_hash_add(c->sha256, c->buf, n);
		off += n;
	}
	ret->sha1 = lkb_hash_done_sha1(c->sha1);
	ret->sha256 = lkb_hash_done(c->sha256);
	return 0;
}

int lkb_sums_of(struct lkb_sums_cache *c, const struct lkb_data *d, struct lkb_sums *ret,
		struct lkb_error *err)
{
	const struct lkb_sha256 *diff_id = d->blob && d->len ? lkb_blob_digest(d->blob) : NULL;
	struct record r = {.off = d->off, .len = d->len}, *known;
	struct layer *l;

	if (!diff_id)
		return compute(c, d, ret, err);
	l = layer_of(c, diff_id);
	known = l->n_known ? bsearch(&r, l->items, l->n_known, sizeof(r), compare) : NULL;
	if (!known) {
		if (compute(c, d, &r.sums, err))
			return -1;
		LKB_GROW(l->items, l->n, l->cap);
		l->items[l->n++] = r;
		known = &r;
	}
	*ret = known->sums;
	return 0;
}

static void save(const struct lkb_sums_cache *c, struct layer *l)
{
	lkb_autofree uint8_t *bytes = NULL;
	size_t i, n = 0;

	if (l->n == l->n_known || l->n > RECORDS_MAX)
		return;
	qsort(l->items, l->n, sizeof(*l->items), compare);
	bytes = lkb_alloc_array(l->n, RECORD_SIZE);
	for (i = 0; i < l->n; i++) {
		/* The same bytes may be a file twice. */
		if (i && !compare(&l->items[i - 1], &l->items[i]))
			continue;
		record_write(&l->items[i], bytes + n++ * RECORD_SIZE);
	}
	lkb_store_derived_write(c->store, KIND, &l->diff_id, bytes, n * RECORD_SIZE);
	l->n_known = l->n;
}

void lkb_sums_cache_save(struct lkb_sums_cache *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		save(c, &c->layers[i]);
}
