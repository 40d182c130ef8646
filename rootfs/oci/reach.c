/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "rootfs/oci/upkeep_priv.h"

/* Where the digest is or belongs. */
static size_t place(const struct lkb_digest_set *set, const struct lkb_sha256 *digest)
{
	size_t from = 0, to = set->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (memcmp(set->items[middle].b, digest->b, LKB_SHA256_SIZE) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

bool lkb_digest_set_has(const struct lkb_digest_set *set, const struct lkb_sha256 *digest)
{
	size_t at = place(set, digest);

	return at < set->n && lkb_sha256_equal(&set->items[at], digest);
}

bool lkb_digest_set_add(struct lkb_digest_set *set, const struct lkb_sha256 *digest)
{
	size_t at = place(set, digest);

	if (at < set->n && lkb_sha256_equal(&set->items[at], digest))
		return false;
	LKB_GROW(set->items, set->n, set->cap);
	memmove(set->items + at + 1, set->items + at, (set->n - at) * sizeof(*set->items));
	set->items[at] = *digest;
	set->n++;
	return true;
}

void lkb_digest_set_clear(struct lkb_digest_set *set)
{
	free(set->items);
	*set = (struct lkb_digest_set){0};
}

void lkb_reach_clear(struct lkb_reach *r)
{
	lkb_digest_set_clear(&r->blobs);
	lkb_digest_set_clear(&r->layers);
}

/* One name on its way down. */
struct walk {
	struct lkb_reach *r;
	const char *name;
	struct lkb_arena *arena;
	struct lkb_layout_walk bounds;
};

static int tell(const struct walk *w, const struct lkb_oci_desc *doc, bool is_part,
		const struct lkb_error *why, struct lkb_error *err)
{
	/* A disk that cannot be read is no fault of what is on it. */
	if (why->kind == LKB_IO)
		return lkb_store_fault(err, why);
	return w->r->fault(w->r->ctx, w->name, doc, is_part, why, err);
}

static int reach(struct walk *w, const struct lkb_oci_desc *d, unsigned depth,
		 struct lkb_error *err);

/* A blob that the manifest needs. */
static int reach_part(struct walk *w, const struct lkb_oci_desc *doc, const struct lkb_oci_desc *d,
		      struct lkb_error *err)
{
	struct lkb_error why = {0};
	lkb_autodata data = {0};

	if (d->verifiable)
		lkb_digest_set_add(&w->r->blobs, &d->digest);
	return lkb_layout_blob(w->r->s->layout, d, &data, &why) ? tell(w, doc, true, &why, err) : 0;
}

static int reach_config(struct walk *w, const struct lkb_oci_desc *doc,
			const struct lkb_oci_manifest *m, struct lkb_error *err)
{
	lkb_autoociconfig config = {0};
	struct lkb_error why = {0};

	if (m->config.kind != LKB_OCI_CONFIG || lkb_oci_artifact_type(m))
		return 0;
	/* That it is missing was said. */
	if (!lkb_layout_has(w->r->s->layout, &m->config))
		return 0;
	if (lkb_layout_config(w->r->s->layout, &m->config, &config, &why))
		return tell(w, doc, true, &why, err);
	for (size_t i = 0; i < config.n_diff_ids; i++)
		lkb_digest_set_add(&w->r->layers, &config.diff_ids[i]);
	if (config.n_diff_ids == m->n_layers)
		return 0;
	lkb_fail(&why, LKB_INPUT, "the manifest has %zu layers, the config %zu diff_ids",
		 m->n_layers, config.n_diff_ids);
	return tell(w, doc, true, &why, err);
}

static int reach_manifest(struct walk *w, const struct lkb_oci_desc *d,
			  const struct lkb_oci_manifest *m, struct lkb_error *err)
{
	if (reach_part(w, d, &m->config, err) || reach_config(w, d, m, err))
		return -1;
	for (size_t i = 0; i < m->n_layers; i++)
		if (reach_part(w, d, &m->layers[i], err))
			return -1;
	return 0;
}

static int reach_index(struct walk *w, const struct lkb_oci_desc *d,
		       const struct lkb_oci_index *index, unsigned depth, struct lkb_error *err)
{
	struct lkb_error why = {0};
	size_t n = 0;

	for (size_t i = 0; i < index->n; i++) {
		if (!lkb_layout_has(w->r->s->layout, &index->items[i]))
			continue;
		n += !index->items[i].attests; /* which is nothing without its image */
		if (reach(w, &index->items[i], depth + 1, err))
			return -1;
	}
	if (n || !index->n)
		return 0;
	lkb_fail(&why, LKB_INPUT, "nothing of what the index lists is there");
	return tell(w, d, true, &why, err);
}

static int reach(struct walk *w, const struct lkb_oci_desc *d, unsigned depth,
		 struct lkb_error *err)
{
	struct lkb_error why = {0};
	struct lkb_oci_doc doc;

	if (d->kind != LKB_OCI_INDEX && d->kind != LKB_OCI_MANIFEST)
		return reach_part(w, d, d, err);
	if (d->verifiable)
		lkb_digest_set_add(&w->r->blobs, &d->digest);
	if (depth >= LKB_OCI_MAX_DEPTH)
		lkb_fail(&why, LKB_INPUT, "indexes are nested more than %d deep",
			 LKB_OCI_MAX_DEPTH);
	else if (!lkb_layout_walk_entry(&w->bounds, "the index", &why) &&
		 !lkb_layout_doc(w->r->s->layout, d, w->arena, &doc, &why))
		lkb_layout_walk_doc(&w->bounds, "the index", d->size, &why);
	if (why.kind != LKB_OK)
		return tell(w, d, false, &why, err);
	return doc.kind == LKB_OCI_INDEX ? reach_index(w, d, &doc.index, depth, err)
					 : reach_manifest(w, d, &doc.manifest, err);
}

char *lkb_reach_name(const struct lkb_oci_desc *d)
{
	lkb_autostrv names = {0};
	lkb_autostr text = {0};

	lkb_layout_names(d, &names);
	for (size_t i = 0; i < names.n; i++)
		lkb_str_addf(&text, "%s%s", i ? " " : "", names.items[i]);
	if (!names.n)
		lkb_str_add(&text, d->digest_text);
	return lkb_str_take(&text);
}

int lkb_reach_all(struct lkb_reach *r, struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	struct lkb_oci_index index;
	lkb_autofd lock = -1;

	lkb_digest_set_clear(&r->blobs);
	lkb_digest_set_clear(&r->layers);
	if (lkb_store_lock(r->s, true, &lock, err) ||
	    lkb_layout_index(r->s->layout, &arena, &index, err))
		return -1;
	r->names = index.n;
	for (size_t i = 0; i < index.n; i++) {
		lkb_autofree char *name = lkb_reach_name(&index.items[i]);
		lkb_autoarena own = {0};
		struct walk w = { .r = r, .name = name, .arena = &own };

		if (reach(&w, &index.items[i], 0, err))
			return -1;
	}
	return 0;
}
