/* SPDX-License-Identifier: Apache-2.0 */
/* All that an image or an index leads to, what is referred to before what refers to it. */
#include "rootfs/oci/layout_priv.h"

static int visit(struct lkb_layout_visit *v, const struct lkb_oci_desc *d, unsigned depth,
		 struct lkb_error *err);

/* An image's config is looked at, so that a broken image is refused now and not when it is used. */
static int read_config(const struct lkb_layout_visit *v, const struct lkb_oci_manifest *m,
		       struct lkb_oci_config *config, struct lkb_error *err)
{
	if (v->artifact || m->config.kind != LKB_OCI_CONFIG)
		return 0;
	if (lkb_layout_config(v->from, &m->config, config, err))
		return -1;
	if (config->n_diff_ids != m->n_layers)
		return lkb_fail(err, LKB_INPUT, "the manifest has %zu layers, the config %zu "
				"diff_ids", m->n_layers, config->n_diff_ids);
	return 0;
}

static int visit_manifest(struct lkb_layout_visit *v, const struct lkb_oci_desc *d,
			  const struct lkb_oci_manifest *m, struct lkb_error *err)
{
	lkb_autoociconfig config = {0};

	if (read_config(v, m, &config, err) || v->blob(v->ctx, &m->config, NULL, err))
		return -1;
	for (size_t i = 0; i < m->n_layers; i++)
		if (v->blob(v->ctx, &m->layers[i], config.n_diff_ids ? &config.diff_ids[i] : NULL,
			    err))
			return lkb_context(err, "layer %zu", i + 1);
	if (v->blob(v->ctx, d, NULL, err))
		return -1;
	v->n_images++;
	return 0;
}

/* An attestation comes along if it is there as a whole: an image is none the worse without. */
static int visit_attestation(struct lkb_layout_visit *v, const struct lkb_oci_desc *d,
			     struct lkb_error *err)
{
	struct lkb_oci_doc doc;
	bool whole = true;

	if (d->kind != LKB_OCI_MANIFEST || !lkb_layout_has(v->from, d))
		return 0;
	if (lkb_layout_walk_entry(&v->walk, "the layout", err) ||
	    lkb_layout_doc(v->from, d, v->arena, &doc, err) ||
	    lkb_layout_walk_doc(&v->walk, "the layout", d->size, err))
		return -1;
	if (doc.kind != LKB_OCI_MANIFEST || !lkb_layout_has(v->from, &doc.manifest.config))
		return 0;
	for (size_t i = 0; i < doc.manifest.n_layers; i++)
		whole = whole && lkb_layout_has(v->from, &doc.manifest.layers[i]);
	if (!whole)
		return 0;
	if (v->blob(v->ctx, &doc.manifest.config, NULL, err))
		return -1;
	for (size_t i = 0; i < doc.manifest.n_layers; i++)
		if (v->blob(v->ctx, &doc.manifest.layers[i], NULL, err))
			return -1;
	return v->blob(v->ctx, d, NULL, err);
}

/* What the index has for linux. Manifests that were not brought along stay away. */
static int visit_index(struct lkb_layout_visit *v, const struct lkb_oci_desc *d,
		       const struct lkb_oci_index *index, unsigned depth, struct lkb_error *err)
{
	if (depth >= LKB_OCI_MAX_DEPTH)
		return lkb_fail(err, LKB_INPUT, "indexes are nested more than %d deep",
				LKB_OCI_MAX_DEPTH);
	for (size_t i = 0; i < index->n; i++) {
		const struct lkb_oci_desc *item = &index->items[i];

		if (!v->artifact && item->attests && visit_attestation(v, item, err))
			return lkb_context(err, "attestation '%s'", item->digest_text);
		if (v->artifact ? !lkb_layout_has(v->from, item) : item->not_for_us)
			continue;
		if (item->has_platform && !lkb_layout_has(v->from, item)) {
			lkb_ui_message(v->ui, "'%s' has no manifest for %s", v->from->path,
				       lkb_platform_text(&item->platform).s);
			continue;
		}
		if (visit(v, item, depth + 1, err))
			return -1;
	}
	return v->blob(v->ctx, d, NULL, err);
}

static int visit(struct lkb_layout_visit *v, const struct lkb_oci_desc *d, unsigned depth,
		 struct lkb_error *err)
{
	struct lkb_oci_doc doc;

	if (lkb_layout_walk_entry(&v->walk, "the layout", err))
		return -1;
	if (d->kind == LKB_OCI_SCHEMA1)
		return lkb_oci_fail_schema1(d->digest_text, err);
	if (d->kind != LKB_OCI_INDEX && d->kind != LKB_OCI_MANIFEST)
		return 0;
	if (lkb_layout_doc(v->from, d, v->arena, &doc, err) ||
	    lkb_layout_walk_doc(&v->walk, "the layout", d->size, err))
		return -1;
	if (doc.kind == LKB_OCI_INDEX)
		return visit_index(v, d, &doc.index, depth, err);
	if (visit_manifest(v, d, &doc.manifest, err))
		return lkb_context(err, "manifest '%s'", d->digest_text);
	return 0;
}

int lkb_layout_visit(struct lkb_layout_visit *v, const struct lkb_oci_desc *d,
		     struct lkb_error *err)
{
	v->n_images = 0;
	if (visit(v, d, 0, err))
		return -1;
	if (!v->n_images && !v->artifact)
		return lkb_fail(err, LKB_INPUT, "nothing in it is a Linux image");
	return 0;
}
