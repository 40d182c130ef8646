/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/signed_priv.h"

#include "base/cleanup.h"

struct look {
	const struct lkb_layout *l;
	struct lkb_tally *t;
	size_t n_documents, n_signatures;
};

static bool is_for(const struct lkb_oci_desc *d, const struct lkb_sha256 *digest)
{
	const char *names[] = { d->ref_name, d->containerd_name };
	lkb_autofree char *tag = lkb_format("sha256-%s", lkb_sha256_text(digest).s);

	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++) {
		const char *colon = names[i] ? strrchr(names[i], ':') : NULL;
		const char *said = colon ? colon + 1 : names[i];

		if (said && lkb_starts_with(said, tag) &&
		    (!said[strlen(tag)] || !strcmp(said + strlen(tag), ".sig")))
			return true;
	}
	return false;
}

static bool too_many(struct look *k, size_t *n, size_t max, const char *what)
{
	if (++*n <= max)
		return false;
	lkb_tally_limit(k->t, max, what);
	return true;
}

static void look_at_layer(struct look *k, const struct lkb_oci_desc *d)
{
	bool is_bundle = !strcmp(d->media_type, LKB_OCI_TYPE_BUNDLE);
	lkb_autofree char *name = lkb_format("signature '%s'", d->digest_text);
	lkb_autofree char *text = NULL;
	struct lkb_error fault = {0};
	size_t len;

	if (!is_bundle && strcmp(d->media_type, LKB_OCI_TYPE_SIMPLESIGNING))
		return;
	if (lkb_layout_text(k->l, d, LKB_TRUST_MAX_PAYLOAD, &text, &len, &fault))
		lkb_tally_fault(k->t, &fault);
	else if (is_bundle)
		lkb_tally_bundle(k->t, name, text, len);
	else
		lkb_tally_simple(k->t, name, text, len, d->signature);
}

static void look_at_manifest(struct look *k, const struct lkb_oci_desc *d,
			     const struct lkb_oci_manifest *m)
{
	struct lkb_error fault = {0};

	if (m->has_subject && (!m->subject.verifiable ||
			       !lkb_sha256_equal(&m->subject.digest, &k->t->digest))) {
		lkb_fail(&fault, LKB_TRUST, "document '%s' belongs to '%s'", d->digest_text,
			 m->subject.digest_text);
		lkb_tally_fault(k->t, &fault);
		return;
	}
	for (size_t i = 0; i < m->n_layers && !lkb_tally_done(k->t); i++) {
		if (too_many(k, &k->n_signatures, LKB_TRUST_MAX_SIGNATURES, "signatures"))
			return;
		look_at_layer(k, &m->layers[i]);
	}
}

/* A list may be at the top only. */
static void look_at(struct look *k, const struct lkb_oci_desc *d, bool top)
{
	lkb_autoarena arena = {0};
	struct lkb_error fault = {0};
	struct lkb_oci_doc doc;

	if (lkb_tally_done(k->t) || (!top && d->kind != LKB_OCI_MANIFEST))
		return;
	if (k->n_documents > LKB_TRUST_MAX_REFERRERS ||
	    too_many(k, &k->n_documents, LKB_TRUST_MAX_REFERRERS, "documents with signatures"))
		return;
	if (lkb_layout_doc(k->l, d, &arena, &doc, &fault)) {
		lkb_tally_fault(k->t, &fault);
	} else if (doc.kind == LKB_OCI_MANIFEST) {
		look_at_manifest(k, d, &doc.manifest);
	} else {
		for (size_t i = 0; i < doc.index.n; i++)
			look_at(k, &doc.index.items[i], false);
	}
}

void lkb_signed_count(const struct lkb_layout *l, const struct lkb_oci_index *index,
		      struct lkb_tally *t)
{
	struct look k = { .l = l, .t = t };

	for (size_t i = 0; i < index->n; i++)
		if (is_for(&index->items[i], &t->digest))
			look_at(&k, &index->items[i], true);
}

int lkb_trust_check(const struct lkb_policy *p, const struct lkb_layout *l,
		    const struct lkb_ref *ref, const struct lkb_sha256 *digest,
		    struct lkb_error *err)
{
	const struct lkb_policy_rule *rule = lkb_policy_rule(p, ref);
	lkb_autoarena arena = {0};
	struct lkb_oci_index index;
	struct lkb_tally t;

	if (lkb_policy_covers(p, ref, err))
		return -1;
	if (!lkb_policy_wants_signatures(p, ref))
		return 0;
	if (lkb_layout_index(l, &arena, &index, err))
		return -1;
	lkb_tally_init(&t, p, rule, ref, digest);
	lkb_signed_count(l, &index, &t);
	return lkb_tally_result(&t, err);
}
