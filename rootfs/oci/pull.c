/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reference stands for at its registry, looked at as if it were a layout whose documents
 * come when they are read; so what is chosen and refused is what would be of an archive.
 */
#include "base/alloc.h"
#include "base/file.h"
#include "rootfs/oci/pull_priv.h"
#include "rootfs/oci/trust/trust.h"

#include <sys/mman.h>

/* The registry's word counts where it says one of the types that it was asked for. */
static const char *said_type(const struct lkb_registry_doc *doc)
{
	return lkb_oci_kind_of(doc->media_type) == LKB_OCI_UNKNOWN ? NULL : doc->media_type;
}

int lkb_puller_take(struct lkb_puller_repo *q, struct lkb_registry_doc *doc, const char *name,
		    struct lkb_oci_desc *ret, struct lkb_error *err)
{
	struct lkb_arena *arena = q->p->arena;
	struct lkb_oci_desc d = { .verifiable = true, .digest = doc->digest, .size = doc->len };
	struct lkb_oci_doc parsed;

	if (lkb_oci_doc_parse(doc->text, doc->len, name, said_type(doc), arena, &parsed, err))
		return -1;
	d.media_type = parsed.media_type;
	d.kind = parsed.kind;
	d.digest_text = lkb_arena_format(arena, "sha256:%s", lkb_sha256_text(&d.digest).s);
	lkb_layout_add_doc(q->layout, &d.digest, LKB_STEAL(doc->text), doc->len);
	*ret = d;
	return 0;
}

/* A manifest or an index that something refers to. */
static int fetch_manifest(struct lkb_puller_repo *q, const struct lkb_oci_desc *d,
			  struct lkb_error *err)
{
	lkb_autofree char *name = lkb_format("document '%s'", d->digest_text);
	lkb_autoregdoc doc = {0};
	struct lkb_oci_desc got;

	if (lkb_registry_manifest(q->p->in->registry, &q->repo, d->digest_text, &doc, err) <= 0)
		return -1;
	if (doc.len != d->size)
		return lkb_fail(err, LKB_TRUST, "'%s' has %zu bytes for '%s', not %llu as what "
				"refers to it says", doc.from, doc.len, d->digest_text,
				(unsigned long long)d->size);
	return lkb_puller_take(q, &doc, name, &got, err);
}

static int read_back(int fd, uint64_t size, char **ret, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_alloc(size + 1);

	if (lkb_pread_full(fd, text, size, 0, "a config", err))
		return -1;
	*ret = LKB_STEAL(text);
	return 0;
}

static int fetch_config(struct lkb_puller_repo *q, const struct lkb_oci_desc *d,
			struct lkb_error *err)
{
	lkb_autofd fd = memfd_create("config", MFD_CLOEXEC);
	struct lkb_registry_blob b = { .digest = d->digest, .size = d->size, .fd = fd };
	char *text;

	if (fd < 0)
		return lkb_fail_errno(err, "cannot make a file in memory");
	if (lkb_registry_get_blob(q->p->in->registry, &q->repo, &b, err) ||
	    read_back(fd, d->size, &text, err))
		return -1;
	lkb_layout_add_doc(q->layout, &d->digest, text, d->size);
	return 0;
}

/* What the store has is not asked for again. */
static int fetch_doc(void *ctx, const struct lkb_oci_desc *d, struct lkb_error *err)
{
	struct lkb_puller_repo *q = ctx;
	lkb_autodata data = {0};
	char *text;

	if (d->size > LKB_OCI_MAX_DOC)
		return lkb_fail(err, LKB_INPUT, "document '%s' is %llu bytes large, more than the "
				"%zu that are read", d->digest_text, (unsigned long long)d->size,
				LKB_OCI_MAX_DOC);
	if (lkb_store_has_blob(q->p->s, &d->digest, d->size)) {
		if (lkb_layout_blob(q->p->s->layout, d, &data, err) ||
		    lkb_data_read_all(&data, LKB_OCI_MAX_DOC, &text, NULL, err))
			return -1;
		lkb_layout_add_doc(q->layout, &d->digest, text, d->size);
		return 0;
	}
	if (d->kind == LKB_OCI_CONFIG)
		return fetch_config(q, d, err);
	return fetch_manifest(q, d, err);
}

/* Until it is known what is wanted, all can be looked at. */
static bool has_doc(void *ctx, const struct lkb_oci_desc *d)
{
	const struct lkb_puller_repo *q = ctx;

	for (size_t i = 0; i < q->chosen.n; i++)
		if (lkb_sha256_equal(&q->chosen.items[i].digest, &d->digest))
			return true;
	return !q->has_chosen || d->kind == LKB_OCI_INDEX;
}

static bool is_doc(const struct lkb_oci_desc *d)
{
	return d->kind == LKB_OCI_INDEX || d->kind == LKB_OCI_MANIFEST || d->kind == LKB_OCI_CONFIG;
}

int lkb_puller_want(struct lkb_puller_repo *q, const struct lkb_oci_desc *d, struct lkb_error *err)
{
	if (!d->verifiable)
		return lkb_fail(err, LKB_TRUST, "cannot verify '%s': SHA-256 is the only digest "
				"that is supported", d->digest_text);
	if (is_doc(d))
		return lkb_stage_blob(q->p->stage, q->layout, d, NULL, err);
	if (lkb_stage_has(q->p->stage, d))
		return 0;
	for (size_t i = 0; i < q->fetch.n; i++)
		if (lkb_sha256_equal(&q->fetch.items[i].digest, &d->digest))
			return q->fetch.items[i].size == d->size ? 0 :
			       lkb_fail(err, LKB_TRUST, "'%s' is said to have two sizes",
					d->digest_text);
	LKB_GROW(q->fetch.items, q->fetch.n, q->fetch.cap);
	q->fetch.items[q->fetch.n++] = *d;
	return 0;
}

static int take_blob(void *ctx, const struct lkb_oci_desc *d, const struct lkb_sha256 *diff_id,
		     struct lkb_error *err)
{
	return lkb_puller_want(ctx, d, err);
}

int lkb_puller_visit(struct lkb_puller_repo *q, const struct lkb_oci_desc *d, struct lkb_error *err)
{
	struct lkb_layout_visit v = { .from = q->layout, .arena = q->p->arena, .blob = take_blob,
				      .ctx = q };

	return lkb_layout_visit(&v, d, err);
}

void lkb_puller_name(struct lkb_puller *p, const char *ref, const struct lkb_oci_desc *d)
{
	LKB_GROW(p->names, p->n_names, p->cap_names);
	p->names[p->n_names++] = (struct lkb_store_name){
		.ref = lkb_arena_strdup(p->arena, ref),
		.desc = lkb_arena_memdup(p->arena, d, sizeof(*d)) };
}

static void add_chosen(struct lkb_layout_list *to, const struct lkb_oci_desc *d)
{
	LKB_GROW(to->items, to->n, to->cap);
	to->items[to->n++] = *d;
}

static bool never(void *ctx, const struct lkb_oci_desc *d)
{
	return false;
}

/* Which of the images are wanted. */
static int choose(struct lkb_puller_repo *q, const struct lkb_oci_desc *top, struct lkb_error *err)
{
	const struct lkb_pull *in = q->p->in;
	lkb_autolayoutlist list = { .may_open = q->unsigned_list ? never : NULL };

	if (lkb_layout_flatten(q->layout, top, q->p->arena, &list, err))
		return -1;
	for (size_t i = 0; i < in->n_platforms; i++) {
		const struct lkb_oci_desc *best = lkb_layout_best(&list, &in->platforms[i]);

		if (!best)
			return lkb_layout_fail_platform(&list, &in->platforms[i], err);
		add_chosen(&q->chosen, best);
	}
	for (size_t i = 0; !in->n_platforms && i < list.n; i++)
		add_chosen(&q->chosen, &list.items[i]);
	if (!q->chosen.n)
		return lkb_fail(err, LKB_INPUT, "nothing in it is an image for a Linux platform");
	q->has_chosen = true;
	return 0;
}

/* The name it gets in the store: a digest wins over a tag, as it did at the registry. */
static char *store_name(const struct lkb_ref *ref)
{
	struct lkb_ref name = *ref;

	if (name.digest)
		name.tag = NULL;
	return lkb_ref_text(&name);
}

static int sign(struct lkb_puller_repo *q,
		const struct lkb_oci_desc *top, struct lkb_error *err)
{
	const struct lkb_pull *in = q->p->in;

	if (!in->signatures)
		return 0;
	if (lkb_puller_signatures(q, &top->digest, err))
		return -1;
	for (size_t i = 0; i < q->chosen.n; i++)
		if (!lkb_sha256_equal(&q->chosen.items[i].digest, &top->digest) &&
		    lkb_puller_signatures(q, &q->chosen.items[i].digest, err))
			return -1;
	return 0;
}

/* What the policy is content with is parsed, an index without a signature of its own is read for
 * what it lists, and nothing else is. */
static int judge_top(struct lkb_puller_repo *q, const struct lkb_ref *ref,
		     struct lkb_registry_doc *doc, struct lkb_oci_desc *top, struct lkb_error *err)
{
	const struct lkb_policy *policy = q->p->s->policy;
	struct lkb_error refusal = {0};
	bool refused = policy && lkb_policy_wants_signatures(policy, ref) &&
		       lkb_puller_judge(q, ref, &doc->digest, &refusal);

	if (refused && refusal.kind != LKB_TRUST)
		return lkb_store_fault(err, &refusal);
	if (lkb_puller_take(q, doc, "its manifest", top, err))
		return refused ? lkb_store_fault(err, &refusal) : -1;
	if (refused && top->kind != LKB_OCI_INDEX)
		return lkb_store_fault(err, &refusal);
	q->unsigned_list = refused;
	return 0;
}

static int judge_chosen(struct lkb_puller_repo *q, const struct lkb_ref *ref,
			struct lkb_error *err)
{
	for (size_t i = 0; q->unsigned_list && i < q->chosen.n; i++)
		if (lkb_puller_judge(q, ref, &q->chosen.items[i].digest, err))
			return -1;
	return 0;
}

static int pull_repo(struct lkb_puller_repo *q, const struct lkb_ref *ref, const char *called,
		     struct lkb_imported *ret, struct lkb_error *err)
{
	lkb_autofree char *name = store_name(ref);
	lkb_autoregdoc doc = {0};
	lkb_autostr platforms = {0};
	struct lkb_oci_desc top;

	if (q->p->s->policy && lkb_policy_covers(q->p->s->policy, ref, err))
		return -1;
	if (lkb_registry_manifest(q->p->in->registry, &q->repo,
				  ref->digest ? ref->digest : ref->tag, &doc, err) <= 0 ||
	    judge_top(q, ref, &doc, &top, err) || choose(q, &top, err) ||
	    judge_chosen(q, ref, err) || lkb_puller_visit(q, &top, err))
		return -1;
	for (size_t i = 0; i < q->chosen.n; i++)
		lkb_str_addf(&platforms, "%s%s", i ? "," : "",
			     lkb_platform_text(&q->chosen.items[i].platform).s);
	if (sign(q, &top, err) ||
	    lkb_fetch_all(q->p->in->registry, &q->repo, &q->fetch, q->p->stage, called, err) ||
	    lkb_puller_attestations(q, &top, err))
		return -1;
	if (top.kind == LKB_OCI_MANIFEST)
		top = q->chosen.items[0];
	lkb_puller_name(q->p, name, &top);
	*ret = (struct lkb_imported){ .ref = LKB_STEAL(name), .digest = top.digest,
				      .platforms = lkb_str_take(&platforms) };
	return 0;
}

static int pull_one(struct lkb_puller *p, const char *text, struct lkb_imported *ret,
		    struct lkb_error *err)
{
	lkb_autoref ref = {0};
	lkb_autofree char *called = NULL;
	struct lkb_puller_repo q = { .p = p, .remote = { has_doc, fetch_doc, &q } };
	int failed;

	if (lkb_ref_parse(text, &ref, err))
		return -1;
	if (ref.digest && !lkb_starts_with(ref.digest, "sha256:"))
		return lkb_fail(err, LKB_TRUST, "cannot verify '%s': SHA-256 is the only digest "
				"that is supported", ref.digest);
	called = lkb_ref_text(&ref);
	q.repo = (struct lkb_repository){ ref.domain, ref.path };
	q.layout = lkb_layout_new_remote(ref.domain, &q.remote);
	lkb_ui_step(p->ui, "image '%s': asking '%s'", called, ref.domain);
	failed = pull_repo(&q, &ref, called, ret, err);
	lkb_layout_list_clear(&q.chosen);
	lkb_fetch_list_clear(&q.fetch);
	lkb_layout_free(q.layout);
	return failed ? lkb_context(err, "image '%s'", called) : 0;
}

static int pull_all(struct lkb_puller *p, struct lkb_imported_list *list, struct lkb_error *err)
{
	for (size_t i = 0; i < p->in->n_refs; i++) {
		LKB_GROW(list->items, list->n, list->cap);
		if (pull_one(p, p->in->refs[i], &list->items[list->n], err))
			return -1;
		list->n++;
	}
	if (lkb_stage_commit(p->stage, err))
		return -1;
	return lkb_store_publish(p->s, p->names, p->n_names, err);
}

int lkb_pull(struct lkb_store *s, const struct lkb_pull *in, struct lkb_imported_list *ret,
	     struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	lkb_autostage stage = LKB_STAGE_INIT;
	struct lkb_imported_list list __attribute__((cleanup(lkb_imported_clear))) = {0};
	struct lkb_puller p = { .s = s, .in = in, .stage = &stage, .arena = &arena,
				.ui = lkb_registry_ui(in->registry) };
	int failed;

	lkb_partial_sweep(s);
	if (lkb_stage_open(s, &stage, err))
		return -1;
	failed = pull_all(&p, &list, err);
	free(p.names);
	if (failed)
		return -1;
	*ret = list;
	list = (struct lkb_imported_list){0};
	return 0;
}

int lkb_pull_judge(struct lkb_store *s, struct lkb_registry *r, const struct lkb_ref *ref,
		   const struct lkb_sha256 *digest, struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	lkb_autostage stage = LKB_STAGE_INIT;
	const struct lkb_pull in = { .registry = r };
	struct lkb_puller p = { .s = s, .in = &in, .stage = &stage, .arena = &arena,
				.ui = lkb_registry_ui(r) };
	struct lkb_puller_repo q = { .p = &p, .repo = { ref->domain, ref->path },
				     .remote = { has_doc, fetch_doc, &q } };
	int failed;

	if (!s->policy)
		return 0;
	if (lkb_policy_covers(s->policy, ref, err))
		return -1;
	if (!lkb_policy_wants_signatures(s->policy, ref))
		return 0;
	if (lkb_stage_open(s, &stage, err))
		return -1;
	q.layout = lkb_layout_new_remote(ref->domain, &q.remote);
	failed = lkb_puller_judge(&q, ref, digest, err);
	free(p.names);
	lkb_layout_list_clear(&q.chosen);
	lkb_fetch_list_clear(&q.fetch);
	lkb_layout_free(q.layout);
	return failed;
}
