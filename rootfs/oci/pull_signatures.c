/* SPDX-License-Identifier: Apache-2.0 */
/* What signs an image, fetched beside it under the names that cosign gives it, so that it can be
 * checked without the registry too. */
#include "base/alloc.h"
#include "rootfs/oci/pull_priv.h"
#include "rootfs/oci/signed_priv.h"
#include "rootfs/oci/trust/trust.h"

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

static int by_referrers(struct lkb_puller_repo *q, const struct lkb_sha256 *digest,
			const char *tag, struct lkb_error *err)
{
	lkb_autoregdoc doc = {0};
	int got = lkb_registry_referrers(q->p->in->registry, &q->repo, digest, &doc, err);

	return got > 0 && keep(q, &doc, tag, err) ? -1 : got;
}

/* True if what was found counts although this was not: a mirror may be all that can be reached. The
 * first such fault is kept. */
static bool may_go_on(int got, const struct lkb_error *fault, struct lkb_error *first)
{
	if (got >= 0)
		return true;
	if (first->kind == LKB_OK)
		*first = *fault;
	return fault->kind == LKB_NET;
}

/* All are looked for; LKB_NET if one of them could not be. */
static int signatures(struct lkb_puller_repo *q, const struct lkb_sha256 *digest,
		      struct lkb_error *err)
{
	lkb_autofree char *index = lkb_format("sha256-%s", lkb_sha256_text(digest).s);
	lkb_autofree char *sig = lkb_format("%s.sig", index);
	struct lkb_error fault = {0}, first = {0};
	int got = by_tag(q, sig, &fault);

	if (!may_go_on(got, &fault, &first))
		return lkb_store_fault(err, &fault);
	got = by_referrers(q, digest, index, &fault);
	if (!may_go_on(got, &fault, &first))
		return lkb_store_fault(err, &fault);
	if (got <= 0 && !may_go_on(by_tag(q, index, &fault), &fault, &first))
		return lkb_store_fault(err, &fault);
	return first.kind == LKB_OK ? 0 : lkb_store_fault(err, &first);
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

/* What signs a digest comes into the store. */
static int publish_signatures(struct lkb_puller_repo *q, size_t before, struct lkb_error *err)
{
	struct lkb_puller *p = q->p;

	if (lkb_fetch_all(p->in->registry, &q->repo, &q->fetch, p->stage, "signatures", err))
		return -1;
	q->fetch.n = 0;
	if (lkb_stage_commit(p->stage, err) ||
	    lkb_store_publish(p->s, p->names + before, p->n_names - before, err))
		return -1;
	p->n_names = before;
	return 0;
}

/* Then one that was not seen must not pass for none. */
static bool is_optional(const struct lkb_policy *policy, const struct lkb_ref *ref)
{
	const struct lkb_policy_rule *rule = lkb_policy_rule(policy, ref);

	return rule && rule->signatures && !strcmp(rule->signatures, "optional");
}

int lkb_puller_judge(struct lkb_puller_repo *q, const struct lkb_ref *ref,
		     const struct lkb_sha256 *digest, struct lkb_error *err)
{
	struct lkb_puller *p = q->p;
	size_t before = p->n_names;
	struct lkb_error fault = {0};
	int failed = lkb_puller_signatures(q, digest, &fault);

	if (failed && (fault.kind != LKB_NET || is_optional(p->s->policy, ref)))
		return lkb_store_fault(err, &fault);
	if (publish_signatures(q, before, err))
		return -1;
	if (lkb_trust_check(p->s->policy, p->s->layout, ref, digest, err))
		return failed ? lkb_store_fault(err, &fault) : -1;
	if (failed)
		lkb_ui_message(p->ui, "not all places of signatures could be asked: %s",
			       fault.message);
	return 0;
}
