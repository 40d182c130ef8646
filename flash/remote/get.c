/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file from a web server. Everything that was handed on stays handed on: an answer that begins
 * anew is compared with it, by digest, as far as it goes.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/ext/url.h"
#include "base/size.h"
#include "flash/remote/remote_priv.h"
#include "rootfs/oci/registry/retry.h"

enum {
	MAX_HOPS = 5,
	WAIT_STEP_MS = 250,
	RESUME_MS = 100, /* after a break that came behind new bytes */
};

struct get {
	const struct lkb_http_get *in;
	struct lkb_net *net;
	struct lkb_hash *hash; /* of the file's first `at` bytes */
	uint64_t at;
	uint64_t done;            /* handed on; not less than `at` */
	struct lkb_sha256 prefix; /* of those, if at < done */
	bool whole;   /* do not ask for a range: one did not go well */
	bool misled;  /* the answer was another range */
	bool refused; /* by ourselves, whatever the server does */
	bool nothing; /* a page in HTML */
	unsigned in_a_row, all; /* tries; the first: without a byte of progress */
	uint64_t done_before;
};

static int show(const struct get *g)
{
	return lkb_url_shown(g->in->url);
}

/* The answer begins with the file's first byte. */
static void restart(struct get *g)
{
	if (g->at == g->done)
		g->prefix = lkb_hash_peek(g->hash);
	lkb_hash_done(g->hash);
	g->at = 0;
}

#define LOG_IN \
	"'lkboard' logs in nowhere: let another program fetch it, as in 'curl URL | " \
	"lkboard flash - DEVICE'"

/* Answers that are no file. */
static const struct {
	unsigned status;
	bool nothing; /* as good as if there were none */
	const char *text, *hint;
} answers[] = {
	{401, true, "is not given to just anybody", LOG_IN},
	{403, true, "is not given to us", LOG_IN},
	{404, true, "is not there",
	 "is the address right? 'curl -I URL' says what the server says"},
	{410, true, "is not there any more", "is there a newer one?"},
	{0, false, "is not given", "'curl -I URL' says what the server says"},
};

static int fail_answer(const struct get *g, unsigned status, bool *ret_nothing,
		       struct lkb_error *err)
{
	size_t i = 0;

	while (answers[i].status && answers[i].status != status)
		i++;
	*ret_nothing = answers[i].nothing;
	lkb_fail(err, LKB_NET, "'%.*s' %s: the server answers %u", show(g), g->in->url,
		 answers[i].text, status);
	return lkb_hint(err, "%s", answers[i].hint);
}

static int check_kind(struct get *g, const struct lkb_net_response *r, struct lkb_error *err)
{
	const char *type = lkb_net_header(r, "Content-Type");

	if (type && !strncasecmp(type, "text/html", strlen("text/html"))) {
		g->nothing = true;
		lkb_fail(err, LKB_INPUT, "'%.*s' is a web page", show(g), g->in->url);
		return lkb_hint(err, "give the address of the file itself; in a network that wants "
				     "a log-in first, log in");
	}
	if (r->delimited)
		return 0;
	lkb_fail(err, LKB_NET, "the server does not say where '%.*s' ends, so that it could be cut "
		 "off and nobody would know", show(g), g->in->url);
	return lkb_hint(err, "fetch it another way, compare its digest, and give the file");
}

static int on_head(void *ctx, const struct lkb_net_response *r, struct lkb_error *err)
{
	struct get *g = ctx;
	uint64_t start, total;

	g->refused = true;
	if (check_kind(g, r, err) || lkb_http_version_check(g->in->version, g->in->url, r, err))
		return -1;
	if (r->status != 200 && r->status != 206)
		return fail_answer(g, r->status, &g->nothing, err);
	g->refused = false;
	if (r->status == 200)
		restart(g);
	else if (!lkb_net_content_range(lkb_net_header(r, "Content-Range"), &start, &total) ||
		 start != g->at)
		g->misled = true;
	return !g->misled ? 0 : lkb_fail(err, LKB_NET, "the server gives another part of '%.*s' "
					 "than it was asked for", show(g), g->in->url);
}

/* Bytes that were handed on already. */
static int compare(struct get *g, const void *p, size_t n, struct lkb_error *err)
{
	struct lkb_sha256 got;

	lkb_hash_add(g->hash, p, n);
	g->at += n;
	if (g->at < g->done)
		return 0;
	got = lkb_hash_peek(g->hash);
	return lkb_sha256_equal(&got, &g->prefix) ? 0 : lkb_http_version_fail(g->in->url, err);
}

static int on_body(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct get *g = ctx;
	uint64_t known = g->done - g->at;
	size_t again = known < n ? (size_t)known : n;

	g->refused = true;
	if (again && compare(g, p, again, err))
		return -1;
	p = (const char *)p + again;
	n -= again;
	if (n > g->in->max - g->done)
		return lkb_fail(err, LKB_INPUT, "'%.*s' has more than the %s that are read",
				show(g), g->in->url, lkb_size_text(g->in->max).s);
	if (n && g->in->take(g->in->ctx, p, n, err))
		return -1;
	lkb_hash_add(g->hash, p, n);
	g->at += n;
	g->done += n;
	g->refused = false;
	return 0;
}

static int send_one(struct get *g, const char *url, struct lkb_net_response *ret,
		    enum lkb_net_fault *ret_fault, struct lkb_error *err)
{
	lkb_autofree char *if_range = g->at && !g->whole ?
				      lkb_http_version_if_range(g->in->version) : NULL;
	lkb_autostrv headers = {0};
	const struct lkb_net_request q = { .method = "GET", .url = url, .headers = &headers,
					   .ca_file = g->in->ca_file, .head = on_head,
					   .sink = on_body, .max_body = UINT64_MAX, .ctx = g,
					   .stop = g->in->stop };

	if (if_range) {
		lkb_strv_addf(&headers, "Range: bytes=%llu-", (unsigned long long)g->at);
		lkb_strv_add(&headers, if_range);
	}
	return lkb_net_exchange(g->net, &q, ret, ret_fault, err);
}

static bool is_redirect(unsigned status)
{
	return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

static int ask(struct get *g, struct lkb_net_response *ret, enum lkb_net_fault *ret_fault,
	       struct lkb_error *err)
{
	lkb_autourl at = {0};

	if (lkb_url_parse(g->in->url, &at, err))
		return -1;
	for (unsigned hops = 0;; hops++) {
		lkb_autonetresponse answer = {0};
		lkb_autourl next = {0};

		if (send_one(g, at.text, &answer, ret_fault, err))
			return -1;
		if (!is_redirect(answer.status)) {
			*ret = answer;
			answer = (struct lkb_net_response){0};
			return 0;
		}
		g->refused = true;
		if (hops == MAX_HOPS)
			return lkb_fail(err, LKB_NET, "'%.*s' leads through more than %d redirects",
					show(g), g->in->url, MAX_HOPS);
		if (lkb_url_follow(&at, lkb_net_header(&answer, "Location"), &next, err))
			return -1;
		g->refused = false;
		lkb_url_clear(&at);
		at = next;
		next = (struct lkb_url){0};
	}
}

/* Milliseconds to wait before the next try; false: that is too long. */
static bool find_wait(const struct get *g, const struct lkb_net_response *answer, uint64_t *ret)
{
	uint64_t seconds;

	*ret = g->in_a_row ? lkb_retry_backoff_ms(g->in_a_row) : RESUME_MS;
	if (!lkb_retry_after(lkb_net_header(answer, "Retry-After"),
			     lkb_net_header(answer, "Date"), &seconds))
		return true;
	*ret = seconds * 1000;
	return seconds <= LKB_RETRY_MAX_S;
}

static bool is_stopped(const struct get *g)
{
	return g->in->stop && atomic_load(g->in->stop);
}

/* True when it is time for the next try, false if it is no use. */
static bool wait_for_next(struct get *g, const struct lkb_net_response *answer)
{
	uint64_t ms;

	g->in_a_row = g->done > g->done_before ? 0 : g->in_a_row + 1;
	g->done_before = g->done;
	if (g->in_a_row >= LKB_RETRY_TRIES || ++g->all >= LKB_RETRY_ALL ||
	    !find_wait(g, answer, &ms))
		return false;
	while (ms && !is_stopped(g)) {
		uint64_t step = ms < WAIT_STEP_MS ? ms : WAIT_STEP_MS;

		lkb_clock_sleep_ms(step);
		ms -= step;
	}
	return !is_stopped(g);
}

/* A network that is gone for a while is worth a wait once it was there. */
static bool may_try_again(const struct get *g, enum lkb_net_fault fault)
{
	return !g->refused && (fault == LKB_NET_BROKEN || g->misled || g->done);
}

static const struct lkb_net_response no_answer;

/* 1 = again, 2 = it is whole nevertheless, 0, -1 */
static int judge_fault(struct get *g, enum lkb_net_fault fault, struct lkb_error *err)
{
	uint64_t size = lkb_http_version_size(g->in->version);

	g->whole |= g->misled;
	if (g->nothing && !g->done)
		return 0;
	if (!g->refused && size && g->at == size)
		return 2;
	if (may_try_again(g, fault) && wait_for_next(g, &no_answer))
		return 1;
	if (fault == LKB_NET_NO_TLS && !g->refused)
		return lkb_hint(err, "does the server speak TLS at this port?");
	if (fault == LKB_NET_UNTRUSTED && !g->refused)
		return lkb_hint(err, "a certificate of your own goes among the system's, or into "
				     "the file that SSL_CERT_FILE names");
	return g->refused ? -1 : lkb_hint(err, "is the network up?");
}

/* 1 = again, 2 = it is whole, 0, -1 */
static int judge(struct get *g, const struct lkb_net_response *answer, struct lkb_error *err)
{
	uint64_t size = lkb_http_version_size(g->in->version);
	unsigned status = answer->status;
	bool nothing;

	if (status == 416 && g->at && !g->whole) {
		g->whole = true;
		return 1;
	}
	if (status < 300) {
		if (g->at >= g->done && (!size || g->at == size))
			return 2;
		lkb_fail(err, LKB_NET, "'%.*s' ends after %llu bytes of %llu", show(g), g->in->url,
			 (unsigned long long)g->at,
			 (unsigned long long)(size ? size : g->done));
	} else {
		fail_answer(g, status, &nothing, err);
		if (!lkb_retry_is_worth(status))
			return nothing && !g->done ? 0 : -1;
	}
	return wait_for_next(g, answer) ? 1 : -1;
}

static int one_try(struct get *g, struct lkb_error *err)
{
	enum lkb_net_fault fault = LKB_NET_FATAL;
	lkb_autonetresponse answer = {0};

	g->misled = g->refused = false;
	if (ask(g, &answer, &fault, err))
		return judge_fault(g, fault, err);
	return judge(g, &answer, err);
}

int lkb_http_get(const struct lkb_http_get *in, struct lkb_error *err)
{
	lkb_auto(lkb_net) net = lkb_net_new();
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	struct get g = {.in = in, .net = net, .hash = hash};
	struct lkb_sha256 digest;
	int got;

	do {
		struct lkb_error fault = {0};

		got = one_try(&g, &fault);
		if (got <= 0 && err)
			*err = fault;
	} while (got == 1);
	if (got <= 0)
		return got;
	digest = lkb_hash_done(hash);
	return lkb_http_version_digest(in->version, in->url, &digest, err) ? -1 : 1;
}
