/* SPDX-License-Identifier: Apache-2.0 */
/* What signs an image, fetched beside it under the names that cosign gives it, so that it can be
 * checked without the registry too. */
#include "base/alloc.h"
#include "rootfs/oci/pull_priv.h"
#include "rootfs/oci/signed_priv.h"

/* Stages a document under a name. An index of nothing is left out. */
static int keep(struct lkb_puller_repo *q, struct lkb_registry_doc *doc, const char *tag,
		struct lkb_error *err)
{
	const struct lkb_ref ref = { .domain = (char *)q->repo.domain,
				     .path = (char *)q->repo.path, .tag = (char *)tag };
	lkb_autofree char *name = lkb_ref_text(&ref);
	struct lkb_oci_desc top;
	struct lkb_oci_doc parsed;

	if (lkb_puller_take(q, doc, name, &top, err) ||
	    lkb_layout_doc(q->layout, &top, q->p->arena, &parsed, err))
		return -1;
	if (parsed.kind == LKB_OCI_INDEX && !parsed.index.n)
		return 0;
	if (lkb_puller_visit(q, &top, err))
		return lkb_context(err, "'%s'", name);
	lkb_puller_name(q->p, name, &top);
	return 0;
}

/* 1, 0 = there is none, -1 */
static int by_tag(struct lkb_puller_repo *q, const char *tag, struct lkb_error *err)
{
	lkb_autoregdoc doc = {0};
	int got = lkb_registry_manifest(q->p->in->registry, &q->repo, tag, &doc, err);

	return got > 0 && keep(q, &doc, tag, err) ? -1 : got;
}

static int signatures(struct lkb_puller_repo *q, const struct lkb_sha256 *digest,
		      struct lkb_error *err)
{
	lkb_autofree char *index = lkb_format("sha256-%s", lkb_sha256_text(digest).s);
	lkb_autofree char *sig = lkb_format("%s.sig", index);
	lkb_autoregdoc doc = {0};
	int got;

	if (by_tag(q, sig, err) < 0)
		return -1;
	got = lkb_registry_referrers(q->p->in->registry, &q->repo, digest, &doc, err);
	if (got > 0)
		return keep(q, &doc, index, err);
	return by_tag(q, index, err) < 0 ? -1 : 0;
}

int lkb_puller_signatures(struct lkb_puller_repo *q, const struct lkb_sha256 *digest,
			  struct lkb_error *err)
{
	bool had = q->has_chosen;
	int failed;

	/* All of them are wanted. */
	q->has_chosen = false;
	failed = signatures(q, digest, err);
	q->has_chosen = had;
	return failed;
}

int lkb_puller_judge(struct lkb_puller_repo *q, const struct lkb_ref *ref,
		     const struct lkb_sha256 *digest, struct lkb_error *err)
{
	struct lkb_puller *p = q->p;
	size_t before = p->n_names;

	if (lkb_puller_signatures(q, digest, err) ||
	    lkb_fetch_all(p->in->registry, &q->repo, &q->fetch, p->stage, "signatures", err))
		return -1;
	q->fetch.n = 0;
	if (lkb_stage_commit(p->stage, err) ||
	    lkb_store_publish(p->s, p->names + before, p->n_names - before, err))
		return -1;
	p->n_names = before;
	return lkb_trust_check(p->s->policy, p->s->layout, ref, digest, err);
}
