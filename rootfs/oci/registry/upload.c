/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs and manifests to a registry. A blob goes in one piece, to where the registry says; what
 * broke off is begun anew, for few registries can say how much of it they kept. Its own server is
 * meant, never a mirror.
 */
#include "base/alloc.h"
#include "rootfs/oci/registry/registry_priv.h"
#include "rootfs/oci/registry/retry.h"

/* Of what nobody reads: some servers say something where nothing is to be said. */
#define MAX_ANSWER ((uint64_t)1 << 20)

static int own_place(struct lkb_registry *r, const char *domain, struct lkb_place **ret,
		     struct lkb_error *err)
{
	const struct lkb_places *places;

	if (lkb_places_of(r, domain, &places, err))
		return -1;
	*ret = &places->items[places->n - 1];
	return 0;
}

/* One blob. */
struct put {
	struct lkb_registry *r;
	struct lkb_place *at;
	const char *repo;
	const struct lkb_registry_upload *u;
	struct lkb_hash *hash;
	uint64_t sent;
	bool broken; /* once more may help */
};

static int rewind_blob(void *ctx, struct lkb_strv *headers, struct lkb_error *err)
{
	struct put *p = ctx;

	lkb_hash_done(p->hash);
	p->sent = 0;
	lkb_strv_add(headers, "Content-Type: application/octet-stream");
	return 0;
}

/* The last piece is held back from what has become something else. */
static int give_blob(void *ctx, void *buf, size_t n, size_t *ret_n, struct lkb_error *err)
{
	struct put *p = ctx;
	uint64_t left = p->u->size - p->sent;
	struct lkb_sha256 got;

	n = left < n ? (size_t)left : n;
	*ret_n = n;
	if (!n)
		return 0;
	if (p->u->read(p->u->ctx, p->sent, buf, n, err))
		return -1;
	lkb_hash_add(p->hash, buf, n);
	p->sent += n;
	if (p->sent == p->u->size) {
		got = lkb_hash_done(p->hash);
		if (!lkb_sha256_equal(&got, &p->u->digest))
			return lkb_fail(err, LKB_TRUST, "what was to be sent as 'sha256:%s' has "
					"the digest 'sha256:%s'",
					lkb_sha256_text(&p->u->digest).s, lkb_sha256_text(&got).s);
	}
	if (p->u->progress)
		p->u->progress(p->u->ctx, p->sent);
	return 0;
}

/* A request without a body says so: some servers want its length. */
static int give_nothing(void *ctx, void *buf, size_t n, size_t *ret_n, struct lkb_error *err)
{
	*ret_n = 0;
	return 0;
}

/* 1, 0, -1 */
static int has_blob(struct put *p, struct lkb_error *err)
{
	lkb_autofree char *what = lkb_format("blobs/sha256:%s",
					     lkb_sha256_text(&p->u->digest).s);
	const struct lkb_ask a = { .at = p->at, .method = "HEAD", .repo = p->repo, .what = what };
	lkb_autonetresponse answer = {0};

	if (lkb_ask(p->r, &a, &answer, err))
		return -1;
	return answer.status < 300;
}

/* Where the registry wants the blob. */
static int begin(struct put *p, struct lkb_url *ret, struct lkb_error *err)
{
	const struct lkb_ask a = { .at = p->at, .method = "POST", .repo = p->repo,
				   .what = "blobs/uploads/", .source = give_nothing,
				   .location = ret, .max_body = MAX_ANSWER };
	lkb_autonetresponse answer = {0};

	if (lkb_ask(p->r, &a, &answer, err))
		return -1;
	return answer.status < 300 ? 0 : lkb_registry_fail(&answer, p->at, a.what, err);
}

static int send_blob(struct put *p, const struct lkb_url *to, struct lkb_error *err)
{
	lkb_autofree char *digest = lkb_format("sha256:%s", lkb_sha256_text(&p->u->digest).s);
	lkb_autofree char *what = lkb_format("blobs/uploads/?digest=%s", digest);
	lkb_autostr url = {0};
	struct lkb_ask a = { .at = p->at, .method = "PUT", .repo = p->repo, .what = what,
			     .before = rewind_blob, .source = give_blob,
			     .source_size = p->u->size, .ctx = p, .broken = &p->broken,
			     .max_body = MAX_ANSWER };
	lkb_autonetresponse answer = {0};

	lkb_str_addf(&url, "%s%sdigest=", to->text, strchr(to->text, '?') ? "&" : "?");
	lkb_url_escape(&url, digest);
	a.to = lkb_str_get(&url);
	if (lkb_ask(p->r, &a, &answer, err))
		return -1;
	if (answer.status < 300)
		return 0;
	/* The upload is not known any more, or has another end than its beginning. */
	p->broken = answer.status == 404 || answer.status == 416;
	return lkb_registry_fail(&answer, p->at, what, err);
}

/* 1, 0, -1: p->broken says if that may pass. */
static int put_once(struct put *p, struct lkb_error *err)
{
	lkb_autourl to = {0};
	int has;

	p->broken = false;
	has = has_blob(p, err);
	if (has)
		return has < 0 ? -1 : 0;
	return begin(p, &to, err) || send_blob(p, &to, err) ? -1 : 1;
}

int lkb_registry_put_blob(struct lkb_registry *r, const struct lkb_repository *repo,
			  const struct lkb_registry_upload *u, struct lkb_error *err)
{
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	struct put p = { .r = r, .repo = repo->path, .u = u, .hash = hash };

	if (own_place(r, repo->domain, &p.at, err))
		return -1;
	for (unsigned n = 1;; n++) {
		struct lkb_error fault = {0};
		int done = put_once(&p, &fault);

		/* What got through before the connection broke off counts as sent. */
		if (done >= 0)
			return n > 1 ? 1 : done;
		if (!p.broken || n == LKB_RETRY_TRIES) {
			if (err)
				*err = fault;
			return -1;
		}
		lkb_ui_message(lkb_registry_ui(r), "once more: %s", fault.message);
		lkb_registry_wait(r, lkb_retry_backoff_ms(n), NULL);
	}
}

/* A document. */
struct put_doc {
	const char *media_type, *text;
	size_t len, sent;
};

static int rewind_doc(void *ctx, struct lkb_strv *headers, struct lkb_error *err)
{
	struct put_doc *d = ctx;

	d->sent = 0;
	/* No parameters: who wrote the document may have written anything there. */
	lkb_strv_addf(headers, "Content-Type: %.*s", (int)strcspn(d->media_type, "; "),
		      d->media_type);
	return 0;
}

static int give_doc(void *ctx, void *buf, size_t n, size_t *ret_n, struct lkb_error *err)
{
	struct put_doc *d = ctx;
	size_t left = d->len - d->sent;

	*ret_n = left < n ? left : n;
	memcpy(buf, d->text + d->sent, *ret_n);
	d->sent += *ret_n;
	return 0;
}

/* What the registry calls it, if it says that, is what it is. */
static int check_digest(const struct lkb_net_response *answer, const struct lkb_place *at,
			const struct put_doc *d, struct lkb_error *err)
{
	const char *said = lkb_net_header(answer, "Docker-Content-Digest");
	struct lkb_sha256 digest = lkb_sha256(d->text, d->len);

	if (!said || !lkb_starts_with(said, "sha256:") ||
	    !strcmp(said + strlen("sha256:"), lkb_sha256_text(&digest).s))
		return 0;
	return lkb_fail(err, LKB_TRUST, "'%s' calls what was sent as 'sha256:%s' '%.100s'",
			at->host, lkb_sha256_text(&digest).s, said);
}

int lkb_registry_put_manifest(struct lkb_registry *r, const struct lkb_repository *repo,
			      const char *reference, const char *media_type, const char *text,
			      size_t len, struct lkb_error *err)
{
	lkb_autofree char *what = lkb_format("manifests/%s", reference);
	struct put_doc d = { .media_type = media_type, .text = text, .len = len };
	struct lkb_ask a = { .method = "PUT", .repo = repo->path, .what = what,
			     .before = rewind_doc, .source = give_doc, .source_size = len,
			     .ctx = &d, .max_body = MAX_ANSWER };
	lkb_autonetresponse answer = {0};

	if (own_place(r, repo->domain, &a.at, err) || lkb_ask(r, &a, &answer, err))
		return -1;
	if (answer.status > 299)
		return lkb_registry_fail(&answer, a.at, what, err);
	return check_digest(&answer, a.at, &d, err);
}
