/* SPDX-License-Identifier: Apache-2.0 */
/* What an index attests of the images that were chosen: fetched whole, or not at all. An image is
 * none the worse without, so what is wrong with an attestation is said, and fails nothing. */
#include <string.h>

#include "base/alloc.h"
#include "rootfs/oci/pull_priv.h"

/* Of one reference. */
#define BYTES_MAX LKB_OCI_MAX_DOCS
#define ATTESTATIONS_MAX 128

struct search {
	struct lkb_puller_repo *q;
	struct lkb_layout_walk walk;
	uint64_t bytes;
	size_t n;
};

static bool is_about_chosen(const struct lkb_puller_repo *q, const struct lkb_oci_desc *d)
{
	for (size_t i = 0; d->attests && i < q->chosen.n; i++)
		if (!strcmp(d->attests, q->chosen.items[i].digest_text))
			return true;
	return false;
}

static int check_size(struct search *s, const struct lkb_oci_manifest *m, struct lkb_error *err)
{
	uint64_t sum = s->bytes + m->config.size;

	for (size_t i = 0; i < m->n_layers; i++)
		sum += m->layers[i].size;
	if (sum > BYTES_MAX)
		return lkb_fail(err, LKB_INPUT, "all of them have %llu bytes, more than the %llu "
				"that are fetched", (unsigned long long)sum,
				(unsigned long long)BYTES_MAX);
	s->bytes = sum;
	return 0;
}

/* The manifest comes last: where it is, all of it is. */
static int fetch(struct search *s, const struct lkb_oci_desc *d, struct lkb_error *err)
{
	struct lkb_puller_repo *q = s->q;
	struct lkb_puller *p = q->p;
	struct lkb_oci_doc doc;

	if (s->n++ >= ATTESTATIONS_MAX)
		return lkb_fail(err, LKB_INPUT, "there are more than %d", ATTESTATIONS_MAX);
	if (lkb_layout_doc(q->layout, d, p->arena, &doc, err))
		return -1;
	if (doc.kind != LKB_OCI_MANIFEST)
		return lkb_fail(err, LKB_INPUT, "it is no manifest");
	if (check_size(s, &doc.manifest, err) || lkb_puller_want(q, &doc.manifest.config, err))
		return -1;
	for (size_t i = 0; i < doc.manifest.n_layers; i++)
		if (lkb_puller_want(q, &doc.manifest.layers[i], err))
			return -1;
	if (lkb_fetch_all(p->in->registry, &q->repo, &q->fetch, p->stage, "attestation", err))
		return -1;
	return lkb_stage_blob(p->stage, q->layout, d, NULL, err);
}

static int try_to_fetch(struct search *s, const struct lkb_oci_desc *d, struct lkb_error *err)
{
	struct lkb_puller_repo *q = s->q;
	struct lkb_error fault = {0};
	int failed;

	if (s->n > ATTESTATIONS_MAX) /* which was said */
		return 0;
	q->fetch.n = 0;
	failed = fetch(s, d, &fault);
	q->fetch.n = 0;
	if (!failed)
		return 0;
	if (fault.kind != LKB_INPUT && fault.kind != LKB_NET && fault.kind != LKB_TRUST)
		return lkb_store_fault(err, &fault);
	lkb_ui_warning(q->p->ui, "attestation '%s' did not come along: %s", d->digest_text,
		       fault.message);
	return 0;
}

static int look_into(struct search *s, const struct lkb_oci_desc *d, unsigned depth,
		     struct lkb_error *err)
{
	struct lkb_puller_repo *q = s->q;
	struct lkb_oci_doc doc;

	if (lkb_layout_walk_entry(&s->walk, "the index", err))
		return -1;
	if (is_about_chosen(q, d))
		return try_to_fetch(s, d, err);
	if (d->kind != LKB_OCI_INDEX || d->not_for_us || depth >= LKB_OCI_MAX_DEPTH)
		return 0;
	if (lkb_layout_doc(q->layout, d, q->p->arena, &doc, err) ||
	    lkb_layout_walk_doc(&s->walk, "the index", d->size, err))
		return -1;
	for (size_t i = 0; doc.kind == LKB_OCI_INDEX && i < doc.index.n; i++)
		if (look_into(s, &doc.index.items[i], depth + 1, err))
			return -1;
	return 0;
}

int lkb_puller_attestations(struct lkb_puller_repo *q, const struct lkb_oci_desc *top,
			    struct lkb_error *err)
{
	struct search s = { .q = q };

	/* Nobody signed what such a list says about an image. */
	if (q->unsigned_list)
		return 0;
	return look_into(&s, top, 0, err);
}
