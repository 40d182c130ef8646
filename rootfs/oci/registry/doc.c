/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and indexes. */
#include "base/alloc.h"
#include "rootfs/oci/registry/registry_priv.h"

void lkb_registry_doc_clear(struct lkb_registry_doc *d)
{
	free(d->text);
	free(d->media_type);
	free(d->from);
	*d = (struct lkb_registry_doc){0};
}

/* Of a list that has no end. */
#define MAX_PAGES 64

/* Without them a registry may say that it has nothing, or convert what it has. */
static void add_accept(struct lkb_strv *headers)
{
	static const char *const types[] = {
		"application/vnd.oci.image.index.v1+json",
		"application/vnd.oci.image.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.list.v2+json",
		"application/vnd.docker.distribution.manifest.v2+json",
	};
	lkb_autostr line = {0};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(types); i++)
		lkb_str_addf(&line, "%s%s", i ? ", " : "Accept: ", types[i]);
	lkb_strv_add(headers, lkb_str_get(&line));
}

/* A try begins anew. */
static int forget(void *ctx, const struct lkb_net_response *r, struct lkb_error *err)
{
	lkb_str_clear(ctx);
	return 0;
}

static int take(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

struct wanted {
	const struct lkb_repository *repo;
	const char *what;
	const struct lkb_sha256 *digest; /* NULL = any */
	bool in_pages;
};

static int check(const struct wanted *w, const struct lkb_place *at,
		 const struct lkb_sha256 *got, struct lkb_error *err)
{
	if (!w->digest || lkb_sha256_equal(got, w->digest))
		return 0;
	return lkb_fail(err, LKB_TRUST, "'%s' gives something else for 'sha256:%s': its digest is "
			"'sha256:%s'", at->host, lkb_sha256_text(w->digest).s,
			lkb_sha256_text(got).s);
}

/* 1 = *text is what the server has at `to`, a URL of its own or NULL, and *next is where it has
 * more; 0 (and *err), -1 */
static int get_page(struct lkb_registry *r, struct lkb_place *at, const struct wanted *w,
		    const char *to, struct lkb_str *text, struct lkb_net_response *answer,
		    struct lkb_url *next, struct lkb_error *err)
{
	lkb_autostrv accept = {0};
	struct lkb_ask a = { .at = at, .repo = w->repo->path, .what = w->what, .to = to,
			     .accept = &accept, .head = forget, .sink = take, .ctx = text,
			     .max_body = LKB_REGISTRY_MAX_DOC,
			     .next = w->in_pages ? next : NULL };

	add_accept(&accept);
	if (lkb_ask(r, &a, answer, err))
		return -1;
	if (answer->status <= 299)
		return 1;
	lkb_registry_fail(answer, at, w->what, err);
	return answer->status == 404 ? 0 : -1;
}

/* The rest of an index that comes in pages. */
static int get_more(struct lkb_registry *r, struct lkb_place *at, const struct wanted *w,
		    struct lkb_url *next, struct lkb_str *text, struct lkb_error *err)
{
	for (size_t n = 1; next->text; n++) {
		lkb_autourl here = *next;
		lkb_autonetresponse answer = {0};
		lkb_autostr page = {0};

		*next = (struct lkb_url){0};
		if (n == MAX_PAGES)
			return lkb_fail(err, LKB_INPUT, "'%s' has more than the %d pages of '%s' "
					"that are read", at->host, MAX_PAGES, w->what);
		if (get_page(r, at, w, here.text, &page, &answer, next, err) <= 0 ||
		    lkb_page_add(text, &page, w->what, err))
			return -1;
	}
	return 0;
}

/* 1, 0 (and *err), -1 */
static int get_from(struct lkb_registry *r, struct lkb_place *at, const struct wanted *w,
		    struct lkb_registry_doc *ret, struct lkb_error *err)
{
	lkb_autostr text = {0};
	lkb_autonetresponse answer = {0};
	lkb_autourl next = {0};
	struct lkb_sha256 digest;
	const char *type;
	int got = get_page(r, at, w, NULL, &text, &answer, &next, err);

	if (got <= 0)
		return got;
	if (get_more(r, at, w, &next, &text, err))
		return -1;
	digest = lkb_sha256(lkb_str_get(&text), text.len);
	if (check(w, at, &digest, err))
		return -1;
	type = lkb_net_header(&answer, "Content-Type");
	ret->media_type = lkb_strndup(type ? type : "", type ? strcspn(type, "; ") : 0);
	ret->len = text.len;
	ret->text = lkb_str_take(&text);
	ret->digest = digest;
	ret->from = lkb_strdup(at->host);
	return 1;
}

static int get(struct lkb_registry *r, const struct wanted *w, struct lkb_registry_doc *ret,
	       struct lkb_error *err)
{
	const struct lkb_places *places;
	int got = -1;

	if (lkb_places_of(r, w->repo->domain, &places, err))
		return -1;
	for (size_t i = 0; i < places->n; i++) {
		struct lkb_error fault = {0};

		got = get_from(r, &places->items[i], w, ret, &fault);
		if (got <= 0 && err)
			*err = fault;
		if (got > 0 || i + 1 == places->n)
			break;
		lkb_ui_message(lkb_registry_ui(r), "mirror: %s", fault.message);
	}
	return got;
}

int lkb_registry_manifest(struct lkb_registry *r, const struct lkb_repository *repo,
			  const char *reference, struct lkb_registry_doc *ret,
			  struct lkb_error *err)
{
	lkb_autofree char *what = lkb_format("manifests/%s", reference);
	struct lkb_sha256 digest;
	bool by_digest = lkb_starts_with(reference, "sha256:");
	const struct wanted w = { .repo = repo, .what = what,
				  .digest = by_digest ? &digest : NULL };

	if (by_digest && !lkb_sha256_parse(reference + strlen("sha256:"), &digest))
		return lkb_fail(err, LKB_BUG, "'%s' is no digest", reference);
	return get(r, &w, ret, err);
}

int lkb_registry_referrers(struct lkb_registry *r, const struct lkb_repository *repo,
			   const struct lkb_sha256 *digest, struct lkb_registry_doc *ret,
			   struct lkb_error *err)
{
	lkb_autofree char *what = lkb_format("referrers/sha256:%s", lkb_sha256_text(digest).s);
	const struct wanted w = { .repo = repo, .what = what, .in_pages = true };
	lkb_autoregdoc doc = {0};
	int got = get(r, &w, &doc, err);

	/* A page in HTML is no index. */
	if (got > 0 && !lkb_ends_with(doc.media_type, "json"))
		return 0;
	if (got > 0) {
		*ret = doc;
		doc = (struct lkb_registry_doc){0};
	}
	return got;
}
