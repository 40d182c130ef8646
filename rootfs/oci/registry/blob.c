/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One blob into a file or a function. What broke off goes on where it stopped, if the server can;
 * the bytes are hashed as they come. Never more than the blob's size is taken, whatever the server
 * sends.
 */
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/size.h"
#include "rootfs/oci/registry/registry_priv.h"

enum { PIECE = 1 << 20, MAX_ROUNDS = 4 };

struct get {
	struct lkb_registry_blob *b;
	const struct lkb_place *at;
	struct lkb_hash *hash;
	uint64_t have; /* in the file, and hashed */
	uint64_t skip; /* of this answer: was taken from another one, and cannot be given back */
	bool patched;  /* not all of it came in one answer */
	bool whole;    /* do not ask for a range: one did not go well */
	bool misled;   /* the answer was another range */
	bool spoilt;   /* what was taken is not the blob, and cannot be given back */
};

static int reset(struct get *g, struct lkb_error *err)
{
	if (g->b->take)
		return 0;
	lkb_hash_done(g->hash);
	g->have = 0;
	g->patched = false;
	if (ftruncate(g->b->fd, 0))
		return lkb_fail_errno(err, "cannot empty the file of a blob");
	return 0;
}

/* Hashes what an earlier try left. */
static int take_up(struct get *g, struct lkb_error *err)
{
	lkb_autofree char *buf = lkb_alloc(PIECE);
	uint64_t have = g->b->have;

	if (have > g->b->size)
		return reset(g, err);
	while (g->have < have) {
		size_t n = have - g->have < PIECE ? (size_t)(have - g->have) : PIECE;

		if (lkb_pread_full(g->b->fd, buf, n, g->have, "a part of a blob", err))
			return -1;
		lkb_hash_add(g->hash, buf, n);
		g->have += n;
	}
	g->patched = have > 0;
	return 0;
}

static int before(void *ctx, struct lkb_strv *headers, struct lkb_error *err)
{
	const struct get *g = ctx;

	if (g->have && !g->whole)
		lkb_strv_addf(headers, "Range: bytes=%llu-", (unsigned long long)g->have);
	return 0;
}

static int head(void *ctx, const struct lkb_net_response *r, struct lkb_error *err)
{
	struct get *g = ctx;
	uint64_t start, length;
	const char *text = lkb_net_header(r, "Content-Length");

	g->skip = 0;
	if (r->status == 206) {
		if (lkb_net_content_range(lkb_net_header(r, "Content-Range"), &start, &length) &&
		    start == g->have) {
			g->patched = g->have > 0;
			return 0;
		}
		g->misled = true;
		return lkb_fail(err, LKB_NET, "'%s' gives another range of 'sha256:%s' than it was "
				"asked for", g->at->host, lkb_sha256_text(&g->b->digest).s);
	}
	if (g->have && reset(g, err))
		return -1;
	g->skip = g->have;
	if (text && lkb_u64_parse(text, &length) && length > g->b->size)
		return lkb_fail(err, LKB_TRUST, "'%s' has %llu bytes for 'sha256:%s', not %llu",
				g->at->host, (unsigned long long)length,
				lkb_sha256_text(&g->b->digest).s,
				(unsigned long long)g->b->size);
	return 0;
}

static int take(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct get *g = ctx;
	struct lkb_registry_blob *b = g->b;
	size_t skip = g->skip < n ? (size_t)g->skip : n;

	if (b->stop && atomic_load(b->stop))
		return lkb_fail(err, LKB_NET, "given up");
	g->skip -= skip;
	p = (const char *)p + skip;
	n -= skip;
	if (n > b->size - g->have)
		return lkb_fail(err, LKB_TRUST, "'%s' has more than %llu bytes for 'sha256:%s'",
				g->at->host, (unsigned long long)b->size,
				lkb_sha256_text(&b->digest).s);
	if (b->take ? b->take(b->take_ctx, p, n, err) :
		      lkb_pwrite_full(b->fd, p, n, g->have, "a part of a blob", err))
		return -1;
	lkb_hash_add(g->hash, p, n);
	g->have += n;
	if (b->progress)
		b->progress(b->ctx, g->have);
	return 0;
}

static uint64_t done(void *ctx)
{
	return ((const struct get *)ctx)->have;
}

/* Everything is there: 1 = it is the blob, 0 = it is not, but once more in one piece it may be. */
static int compare(struct get *g, struct lkb_error *err)
{
	struct lkb_sha256 got = lkb_hash_done(g->hash);

	if (lkb_sha256_equal(&got, &g->b->digest))
		return 1;
	g->spoilt = g->b->take;
	if (g->patched && !g->whole && !g->spoilt) {
		g->whole = true;
		return reset(g, err);
	}
	lkb_fail(err, LKB_TRUST, "'%s' gives something else for 'sha256:%s': its digest is "
		 "'sha256:%s'", g->at->host, lkb_sha256_text(&g->b->digest).s,
		 lkb_sha256_text(&got).s);
	reset(g, NULL);
	return -1;
}

/* One answer. 1 = done, 0 = ask for the rest, -1; *ret_short: there is no rest. */
static int round_of(struct lkb_registry *r, struct get *g, const struct lkb_ask *a,
		    bool *ret_short, struct lkb_error *err)
{
	lkb_autonetresponse answer = {0};
	uint64_t had = g->have;

	if (g->have == g->b->size)
		return compare(g, err);
	g->misled = false;
	if (lkb_ask(r, a, &answer, err)) {
		if (!g->misled)
			return -1;
		g->whole = true;
		return reset(g, err);
	}
	if (answer.status == 416 && g->have && !g->whole) {
		g->whole = true;
		return reset(g, err);
	}
	if (answer.status > 299)
		return lkb_registry_fail(&answer, g->at, a->what, err);
	if (g->have == g->b->size)
		return compare(g, err);
	*ret_short = g->have <= had || g->whole;
	return 0;
}

static int get_from(struct lkb_registry *r, struct lkb_place *at,
		    const struct lkb_repository *repo, struct get *g, struct lkb_error *err)
{
	lkb_autofree char *what = lkb_format("blobs/sha256:%s",
					     lkb_sha256_text(&g->b->digest).s);
	const struct lkb_ask a = { .at = at, .repo = repo->path, .what = what, .before = before,
				   .head = head, .sink = take, .done = done, .ctx = g,
				   .max_body = UINT64_MAX, .stop = g->b->stop };
	bool is_short = false;
	int got = 0;

	g->at = at;
	g->whole = false;
	for (unsigned n = 0; !got && !is_short && n < MAX_ROUNDS; n++)
		got = round_of(r, g, &a, &is_short, err);
	if (got)
		return got < 0 ? -1 : 0;
	return lkb_fail(err, LKB_TRUST, "'%s' has only %llu bytes for 'sha256:%s', not %llu",
			at->host, (unsigned long long)g->have, lkb_sha256_text(&g->b->digest).s,
			(unsigned long long)g->b->size);
}

static int get_any(struct lkb_registry *r, const struct lkb_repository *repo, struct get *g,
		   struct lkb_error *err)
{
	const struct lkb_places *places;

	if (lkb_places_of(r, repo->domain, &places, err) || take_up(g, err))
		return -1;
	for (size_t i = 0;; i++) {
		struct lkb_error fault = {0};

		if (!get_from(r, &places->items[i], repo, g, &fault))
			return 0;
		/* What does not fit is not worth keeping. */
		if (fault.kind == LKB_TRUST)
			reset(g, NULL);
		if (i + 1 == places->n || fault.kind == LKB_IO || g->spoilt ||
		    (g->b->stop && atomic_load(g->b->stop))) {
			if (err)
				*err = fault;
			return -1;
		}
		lkb_ui_message(lkb_registry_ui(r), "mirror: %s", fault.message);
	}
}

int lkb_registry_get_blob(struct lkb_registry *r, const struct lkb_repository *repo,
			  struct lkb_registry_blob *b, struct lkb_error *err)
{
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	struct get g = { .b = b, .hash = hash };
	int failed = get_any(r, repo, &g, err);

	b->have = g.have;
	return failed;
}
