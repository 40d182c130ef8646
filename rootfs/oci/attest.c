/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "rootfs/oci/store_priv.h"

#define TYPE_IN_TOTO "application/vnd.in-toto+json"

struct search {
	const struct lkb_layout *from;
	struct lkb_arena *arena;
	const char *about; /* digest of the image's manifest */
	lkb_attestation_fn *fn;
	void *ctx;
	struct lkb_layout_walk walk;
};

static int read_documents(const struct search *q, const struct lkb_oci_manifest *m,
			  struct lkb_error *err)
{
	for (size_t i = 0; i < m->n_layers; i++) {
		const struct lkb_oci_desc *d = &m->layers[i];
		lkb_autofree char *text = NULL;
		size_t len = 0;

		if (strcmp(d->media_type, TYPE_IN_TOTO) || !lkb_layout_has(q->from, d))
			continue;
		if ((d->size <= LKB_OCI_MAX_DOC &&
		     lkb_layout_text(q->from, d, LKB_OCI_MAX_DOC, &text, &len, err)) ||
		    q->fn(q->ctx, &d->digest, text, len, err))
			return -1;
	}
	return 0;
}

static int look_into(struct search *q, const struct lkb_oci_desc *d, unsigned depth,
		     struct lkb_error *err)
{
	bool meant = d->attests && !strcmp(d->attests, q->about);
	struct lkb_oci_doc doc;

	if (lkb_layout_walk_entry(&q->walk, "the index", err))
		return -1;
	if ((d->kind != LKB_OCI_INDEX && !meant) || depth >= LKB_OCI_MAX_DEPTH ||
	    !lkb_layout_has(q->from, d))
		return 0;
	if (lkb_layout_doc(q->from, d, q->arena, &doc, err) ||
	    lkb_layout_walk_doc(&q->walk, "the index", d->size, err))
		return -1;
	if (doc.kind == LKB_OCI_MANIFEST)
		return read_documents(q, &doc.manifest, err);
	for (size_t i = 0; i < doc.index.n; i++)
		if (look_into(q, &doc.index.items[i], depth + 1, err))
			return -1;
	return 0;
}

int lkb_store_attestations(const struct lkb_store *s, const struct lkb_image *im,
			   lkb_attestation_fn *fn, void *ctx, struct lkb_error *err)
{
	lkb_autofree char *about = lkb_format("sha256:%s", lkb_sha256_text(&im->manifest).s);
	lkb_autoarena arena = {0};
	lkb_autolayoutlist tops = {0};
	struct search q = { .from = im->input ? im->input->layout : s->layout, .arena = &arena,
			    .about = about, .fn = fn, .ctx = ctx };
	lkb_autofd lock = -1;
	lkb_autoref ref = {0};

	if (!im->has_index || !im->index_trusted)
		return 0;
	if (lkb_ref_parse(im->ref, &ref, err) ||
	    (!im->input && lkb_store_lock(s, true, &lock, err)))
		return -1;
	/* What a lock pins has a name that may stand for something else, or for nothing. */
	free(ref.digest);
	ref.digest = lkb_format("sha256:%s", lkb_sha256_text(&im->index).s);
	if (lkb_layout_tops(q.from, &ref, &arena, &tops, err))
		return -1;
	for (size_t i = 0; i < tops.n; i++)
		if (look_into(&q, &tops.items[i], 0, err))
			return lkb_context(err, "attestations of image '%s'", im->ref);
	return 0;
}
