/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a token server, as distribution's documentation of its authentication says. */
#include "base/alloc.h"
#include "rootfs/oci/registry/challenge.h"
#include "rootfs/oci/registry/registry_priv.h"
#include "rootfs/oci/registry/retry.h"
#include "rootfs/oci/registry/token.h"

#define MAX_ANSWER ((uint64_t)1 << 20)
enum { TRIES = 3, MAX_SCOPES = 16 };

struct question {
	struct lkb_registry *r;
	const struct lkb_place *at;
	struct lkb_url realm;
	struct lkb_str query; /* service and scopes */
	const struct lkb_credential *credential;
	struct lkb_str form; /* what is sent, and how much of it was */
	size_t sent;
	struct lkb_str answer;
};

static int take(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(&((struct question *)ctx)->answer, p, n);
	return 0;
}

static int give(void *ctx, void *p, size_t n, size_t *ret_n, struct lkb_error *err)
{
	struct question *q = ctx;
	size_t left = q->form.len - q->sent;

	*ret_n = left < n ? left : n;
	memcpy(p, lkb_str_get(&q->form) + q->sent, *ret_n);
	q->sent += *ret_n;
	return 0;
}

static void add_param(struct lkb_str *out, const char *name, const char *value)
{
	lkb_str_addf(out, "%s%s=", out->len ? "&" : "", name);
	lkb_url_escape(out, value);
}

/* A registry that was asked for something says what that takes, not what comes next. */
static void add_scope(struct question *q, const char *scope)
{
	lkb_autofree char *both = lkb_format("%s,push", scope);

	add_param(&q->query, "scope",
		  q->r->push && lkb_ends_with(scope, ":pull") ? both : scope);
}

/* Scopes are separated by blanks, and sent one by one. */
static void make_query(struct question *q, const struct lkb_challenge *c, const char *repo)
{
	const char *service = lkb_challenge_param(c, "service");
	const char *said = lkb_challenge_param(c, "scope");
	lkb_autofree char *usual = lkb_format("repository:%s:pull", repo);
	lkb_autofree char *scopes = lkb_strdup(said && *said ? said : usual);
	char *at = scopes, *scope;

	if (service && *service)
		add_param(&q->query, "service", service);
	for (size_t n = 0; n < MAX_SCOPES && (scope = strsep(&at, " "));)
		if (*scope) {
			add_scope(q, scope);
			n++;
		}
}

static void make_form(struct question *q)
{
	lkb_str_clear(&q->form);
	q->sent = 0;
	lkb_str_add(&q->form, lkb_str_get(&q->query));
	add_param(&q->form, "grant_type", "refresh_token");
	add_param(&q->form, "client_id", "lkboard");
	add_param(&q->form, "refresh_token", q->credential->identity_token);
}

static int ask_once(struct question *q, bool post, struct lkb_net_response *ret,
		    enum lkb_net_fault *fault, struct lkb_error *err)
{
	lkb_autofree char *url = lkb_format("%s%s%s", q->realm.text,
					    strchr(q->realm.text, '?') ? "&" : "?",
					    lkb_str_get(&q->query));
	struct lkb_net_request n = { .method = post ? "POST" : "GET",
				     .url = post ? q->realm.text : url,
				     .ca_file = q->at->ca_file, .sink = take, .ctx = q,
				     .max_body = MAX_ANSWER };
	lkb_autostrv headers = {0};

	if (post) {
		make_form(q);
		lkb_strv_add(&headers, "Content-Type: application/x-www-form-urlencoded");
		n.source = give;
		n.source_size = q->form.len;
	} else {
		n.user = q->credential->user;
		n.password = q->credential->password;
	}
	n.headers = &headers;
	lkb_str_clear(&q->answer);
	return lkb_registry_exchange(q->r, &n, ret, fault, err);
}

static int ask(struct question *q, bool post, struct lkb_net_response *ret, struct lkb_error *err)
{
	for (unsigned n = 1;; n++) {
		lkb_autonetresponse answer = {0};
		enum lkb_net_fault fault = LKB_NET_FATAL;
		int done = ask_once(q, post, &answer, &fault, err);
		bool again = done ? fault == LKB_NET_BROKEN : lkb_retry_is_worth(answer.status);
		uint64_t seconds = 0;

		if (!again || n == TRIES) {
			if (!done)
				*ret = answer;
			answer = (struct lkb_net_response){0};
			return done;
		}
		if (!lkb_retry_after(lkb_net_header(&answer, "Retry-After"),
				     lkb_net_header(&answer, "Date"), &seconds) ||
		    seconds > LKB_RETRY_MAX_S)
			seconds = lkb_retry_backoff_ms(n) / 1000;
		lkb_registry_wait(q->r, seconds * 1000, NULL);
	}
}

static int fail(const struct question *q, const struct lkb_net_response *answer,
		struct lkb_error *err)
{
	const struct lkb_credential *c = q->credential;
	lkb_autostr words = {0};

	lkb_registry_words(lkb_str_get(&answer->text), answer->text.len, &words);
	lkb_fail(err, LKB_NET, "the token server '%.200s' answers %u to %s%.100s%s%.200s%s%s%.300s",
		 q->realm.text, answer->status, c->from ? "'" : "a request without credentials",
		 !c->from ? "" : c->user ? c->user : "the token", c->from ? "' of '" : "",
		 c->from ? c->from : "", c->from ? "'" : "", words.len ? ": " : "",
		 lkb_str_get(&words));
	if (answer->status != 401 && answer->status != 403)
		return -1;
	return lkb_hint(err, "'skopeo login %s' or 'docker login %s' writes credentials, "
			     "--authfile names a file of them", q->at->host, q->at->host);
}

static int talk(struct question *q, struct lkb_token *ret, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_format("the token server '%.200s'", q->realm.text);
	lkb_autonetresponse answer = {0};
	bool post = q->credential->identity_token;

	if (ask(q, post, &answer, err))
		return -1;
	if (post && (answer.status == 404 || answer.status == 405)) {
		lkb_net_response_clear(&answer);
		if (ask(q, false, &answer, err))
			return -1;
	}
	if (answer.status < 200 || answer.status > 299)
		return fail(q, &answer, err);
	return lkb_token_parse(lkb_str_get(&q->answer), q->answer.len, name, ret, err);
}

/* Without TLS only what may be spoken to so, or the host that is spoken to so already. */
static bool may_be_asked(const struct question *q)
{
	lkb_autourl own = {0};

	return lkb_url_is_https(&q->realm) ||
	       (lkb_place_is_plain(q->at) &&
		(lkb_registry_may_be_plain(q->r, &q->realm) ||
		 (!lkb_url_parse(q->at->base, &own, NULL) && !strcmp(own.host, q->realm.host))));
}

static int find_realm(struct question *q, const struct lkb_challenge *c, struct lkb_error *err)
{
	const char *realm = lkb_challenge_param(c, "realm");

	if (lkb_url_parse(realm, &q->realm, NULL))
		return lkb_fail(err, LKB_NET, "'%s' names a token server that is none: '%.200s'",
				q->at->host, realm);
	if (may_be_asked(q))
		return 0;
	lkb_fail(err, LKB_NET, "'%s' names a token server that is not encrypted: '%.200s'",
		 q->at->host, realm);
	if (!lkb_place_is_plain(q->at))
		return -1;
	return lkb_hint(err, "--insecure-registry %.200s allows to show it credentials without TLS",
			q->realm.host);
}

int lkb_token_get(struct lkb_registry *r, const struct lkb_place *at, const char *repo,
		  const struct lkb_challenge *c, const struct lkb_credential *credential,
		  struct lkb_token *ret, struct lkb_error *err)
{
	struct question q = { .r = r, .at = at, .credential = credential };
	int done = find_realm(&q, c, err);

	if (!done) {
		make_query(&q, c, repo);
		done = talk(&q, ret, err);
	}
	lkb_url_clear(&q.realm);
	lkb_str_clear(&q.query);
	lkb_str_clear(&q.form);
	lkb_str_clear(&q.answer);
	return done;
}
