/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request until it is answered: redirects by hand, so that nothing that was meant for the
 * registry goes to anybody else; logging in when asked to; trying again where that may help.
 */
#include "rootfs/oci/registry/registry_priv.h"
#include "rootfs/oci/registry/retry.h"

enum {
	MAX_HOPS = 5,
	WAIT_STEP_MS = 250,
	RESUME_MS = 100, /* after a break that came behind new bytes */
};

bool lkb_place_is_plain(const struct lkb_place *p)
{
	return p->is_plain || lkb_starts_with(p->base, "http://");
}

void lkb_registry_wait(struct lkb_registry *r, uint64_t ms, const atomic_bool *stop)
{
	while (ms && !(stop && atomic_load(stop))) {
		uint64_t step = ms < WAIT_STEP_MS ? ms : WAIT_STEP_MS;

		r->sleep_ms(step);
		ms -= step;
	}
}

/* The request's own URL. */
static int make_url(const struct lkb_ask *a, bool plain, struct lkb_url *ret, struct lkb_error *err)
{
	const struct lkb_place *p = a->at;
	const char *rest = plain ? strstr(p->base, "://") : p->base;
	lkb_autofree char *text = lkb_format("%s%s/v2/%s/%s%s%s", plain ? "http" : "", rest,
					     a->repo, a->what, p->query ? "?" : "",
					     p->query ? p->query : "");

	return lkb_url_parse(text, ret, err);
}

/* One try: what goes out, and how it went. */
struct attempt {
	struct lkb_registry *r;
	const struct lkb_ask *a;
	const struct lkb_shown *shown;
	enum lkb_net_fault fault;
	bool plain;   /* without TLS, because the place speaks none */
	bool foreign; /* the answer came from where a redirect led to */
};

static int send_one(struct attempt *t, const struct lkb_url *to, struct lkb_net_response *ret,
		    struct lkb_error *err)
{
	const struct lkb_ask *a = t->a;
	lkb_autostrv headers = {0};
	struct lkb_net_request q = { .method = a->method ? a->method : "GET", .url = to->text,
				     .headers = &headers, .source = a->source,
				     .source_size = a->source_size, .head = a->head,
				     .sink = a->sink, .ctx = a->ctx, .max_body = a->max_body,
				     .stop = a->stop };

	for (size_t i = 0; a->accept && i < a->accept->n; i++)
		lkb_strv_add(&headers, a->accept->items[i]);
	if (a->before && a->before(a->ctx, &headers, err))
		return -1;
	if (!t->foreign) {
		if (t->shown->bearer)
			lkb_strv_addf(&headers, "Authorization: Bearer %s", t->shown->bearer);
		q.user = t->shown->user;
		q.password = t->shown->password;
		q.ca_file = a->at->ca_file;
		q.cert_file = a->at->cert_file;
		q.key_file = a->at->key_file;
	}
	return lkb_registry_exchange(t->r, &q, ret, &t->fault, err);
}

/* What is sent is sent again where the answer says that it shall be, and not made a GET. */
static bool is_redirect(const struct lkb_ask *a, unsigned status)
{
	return status == 307 || status == 308 ||
	       (!a->source && (status == 301 || status == 302 || status == 303));
}

/* An answer that is none to be followed. */
static int take(const struct attempt *t, const struct lkb_url *from,
		struct lkb_net_response *answer, struct lkb_net_response *ret,
		struct lkb_error *err)
{
	lkb_autofree char *next = t->a->next ? lkb_page_next(answer) : NULL;
	bool good = answer->status >= 200 && answer->status < 300;

	if (good && t->a->location &&
	    lkb_url_follow(from, lkb_net_header(answer, "Location"), t->a->location, err))
		return -1;
	if (good && next && lkb_url_follow(from, next, t->a->next, err))
		return -1;
	*ret = *answer;
	*answer = (struct lkb_net_response){0};
	return 0;
}

static int attempt(struct attempt *t, struct lkb_net_response *ret, struct lkb_error *err)
{
	lkb_autourl own = {0}, at = {0};

	t->plain = t->a->at->is_plain;
	if (make_url(t->a, t->plain, &own, err) ||
	    (t->a->to ? lkb_url_parse(t->a->to, &at, err) : make_url(t->a, t->plain, &at, err)))
		return -1;
	for (unsigned hops = 0;; hops++) {
		lkb_autonetresponse answer = {0};
		lkb_autourl next = {0};

		t->foreign = !lkb_url_same_origin(&own, &at);
		if (send_one(t, &at, &answer, err))
			return -1;
		if (!is_redirect(t->a, answer.status))
			return take(t, &at, &answer, ret, err);
		if (hops == MAX_HOPS)
			return lkb_fail(err, LKB_NET, "'%.*s' leads through more than %d "
					"redirects", lkb_url_shown(own.text), own.text, MAX_HOPS);
		if (lkb_url_follow(&at, lkb_net_header(&answer, "Location"), &next, err))
			return -1;
		lkb_url_clear(&at);
		at = next;
		next = (struct lkb_url){0};
	}
}

/* Warning: 299 - "text" */
static void say_warnings(struct lkb_registry *r, const struct lkb_place *at,
			 const struct lkb_net_response *answer)
{
	const char *text = lkb_net_header(answer, "Warning");
	bool known;

	if (!text || !lkb_starts_with(text, "299 "))
		return;
	pthread_mutex_lock(&r->mutex);
	known = lkb_strv_has(&r->said, text);
	if (!known)
		lkb_strv_add(&r->said, text);
	pthread_mutex_unlock(&r->mutex);
	if (!known)
		lkb_ui_warning(lkb_registry_ui(r), "'%s' says: %.300s", at->host, text + 4);
}

/* State of all tries. */
struct tries {
	unsigned in_a_row; /* without a byte of progress */
	unsigned all;
	bool answered; /* what is shown now was got in answer to a refusal */
	uint64_t done; /* before the last one */
};

/* Milliseconds to wait before the next try; false: that is too long. */
static bool find_wait(const struct tries *n, const struct lkb_net_response *answer, uint64_t *ret)
{
	uint64_t seconds;

	*ret = n->in_a_row ? lkb_retry_backoff_ms(n->in_a_row) : RESUME_MS;
	if (!lkb_retry_after(lkb_net_header(answer, "Retry-After"),
			     lkb_net_header(answer, "Date"), &seconds))
		return true;
	*ret = seconds * 1000;
	return seconds <= LKB_RETRY_MAX_S;
}

/* 1 = try again, after a while; 0 = it is no use. */
static int wait_for_next(struct lkb_registry *r, const struct lkb_ask *a, struct tries *n,
			 const struct lkb_net_response *answer)
{
	unsigned most = a->at->is_mirror ? LKB_RETRY_MIRROR_TRIES : LKB_RETRY_TRIES;
	uint64_t done = a->done ? a->done(a->ctx) : 0, ms;

	n->in_a_row = done > n->done ? 0 : n->in_a_row + 1;
	n->done = done;
	if (n->in_a_row >= most || ++n->all >= LKB_RETRY_ALL || !find_wait(n, answer, &ms) ||
	    (a->stop && atomic_load(a->stop)))
		return 0;
	if (answer->status)
		lkb_ui_detail(lkb_registry_ui(r), "'%s' answers %u, once more in %llu ms",
			      a->at->host, answer->status, (unsigned long long)ms);
	else
		lkb_ui_detail(lkb_registry_ui(r), "'%s': the connection broke off, once more in "
			      "%llu ms", a->at->host, (unsigned long long)ms);
	lkb_registry_wait(r, ms, a->stop);
	/* Who said anything but 401 had let us in; a token may be too old when we come again. */
	n->answered = false;
	return 1;
}

/* An answer came. 1 = ask again, 0 = it is the one, -1. */
static int judge(struct lkb_registry *r, struct attempt *t, struct tries *n,
		 const struct lkb_net_response *answer, struct lkb_error *err)
{
	const struct lkb_ask *a = t->a;

	say_warnings(r, a->at, answer);
	if (answer->status == 401 && !t->foreign) {
		if (n->answered)
			return lkb_pass_fail(r, a->at, a->repo, answer, err);
		n->answered = true;
		return lkb_pass_renew(r, a->at, a->repo, answer, t->shown, err) ? -1 : 1;
	}
	if (lkb_retry_is_worth(answer->status)) {
		if (a->broken)
			*a->broken = true;
		else if (wait_for_next(r, a, n, answer))
			return 1;
		return lkb_registry_fail(answer, a->at, a->what, err);
	}
	if (answer->status == 403 && !t->foreign)
		return lkb_pass_fail(r, a->at, a->repo, answer, err);
	if (answer->status < 200 || answer->status == 401 || answer->status == 403 ||
	    answer->status >= 500 || (answer->status >= 300 && answer->status < 400))
		return lkb_registry_fail(answer, a->at, a->what, err);
	return 0;
}

/* None came. 1 = ask again, -1. */
static int judge_fault(struct lkb_registry *r, struct attempt *t, struct tries *n,
		       struct lkb_error *err)
{
	const struct lkb_net_response none = {0};

	if (t->fault == LKB_NET_NO_TLS && t->a->at->may_be_plain && !t->foreign && !t->plain) {
		t->a->at->is_plain = true;
		return 1;
	}
	if (t->fault == LKB_NET_NO_TLS && !t->foreign && !lkb_place_is_plain(t->a->at))
		return lkb_hint(err, "--insecure-registry %s allows to speak to it without TLS",
				t->a->at->host);
	if (t->fault != LKB_NET_BROKEN)
		return -1;
	if (t->a->broken) {
		*t->a->broken = true;
		return -1;
	}
	return wait_for_next(r, t->a, n, &none) ? 1 : -1;
}

int lkb_ask(struct lkb_registry *r, const struct lkb_ask *a, struct lkb_net_response *ret,
	    struct lkb_error *err)
{
	struct tries n = { .done = a->done ? a->done(a->ctx) : 0 };
	int again;

	do {
		struct lkb_shown shown __attribute__((cleanup(lkb_shown_clear))) = {0};
		lkb_autonetresponse answer = {0};
		struct attempt t = { .r = r, .a = a, .shown = &shown, .fault = LKB_NET_FATAL };

		lkb_pass_show(r, a->at, a->repo, &shown);
		if (attempt(&t, &answer, err)) {
			again = judge_fault(r, &t, &n, err);
			continue;
		}
		again = judge(r, &t, &n, &answer, err);
		if (!again) {
			*ret = answer;
			answer = (struct lkb_net_response){0};
		}
	} while (again > 0);
	return again;
}
