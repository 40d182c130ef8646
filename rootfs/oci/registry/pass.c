/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown to whom, and how it is got: tokens for one repository at one place, or a user's
 * password. */
#include <strings.h>

#include "base/alloc.h"
#include "rootfs/oci/registry/challenge.h"
#include "rootfs/oci/registry/registry_priv.h"
#include "rootfs/oci/registry/token.h"

void lkb_shown_clear(struct lkb_shown *s)
{
	free(s->bearer);
	free(s->user);
	free(s->password);
	*s = (struct lkb_shown){0};
}

static struct lkb_pass *find(struct lkb_registry *r, const struct lkb_place *at, const char *repo)
{
	for (size_t i = 0; i < r->n_passes; i++)
		if (r->passes[i]->at == at && !strcmp(r->passes[i]->repo, repo))
			return r->passes[i];
	return NULL;
}

void lkb_pass_show(struct lkb_registry *r, const struct lkb_place *at, const char *repo,
		   struct lkb_shown *ret)
{
	const struct lkb_pass *p;

	pthread_mutex_lock(&r->pass_mutex);
	p = find(r, at, repo);
	if (p) {
		ret->generation = p->generation;
		if (p->token && r->now_ms() < p->until_ms)
			ret->bearer = lkb_strdup(p->token);
		if (p->is_basic) {
			ret->user = lkb_strdup(p->credential.user);
			ret->password = lkb_strdup(p->credential.password);
		}
	}
	pthread_mutex_unlock(&r->pass_mutex);
}

static int need_credential(struct lkb_registry *r, struct lkb_pass *p, struct lkb_error *err)
{
	if (p->has_credential)
		return 0;
	if (lkb_auth_find(&r->auth_places, p->at->host, p->repo, &p->credential, err) < 0)
		return -1;
	if (p->credential.from)
		lkb_ui_detail(lkb_registry_ui(r), "'%s': credentials of '%s'", p->at->host,
			      p->credential.from);
	p->has_credential = true;
	return 0;
}

static int hint_login(const struct lkb_place *at, struct lkb_error *err)
{
	return lkb_hint(err, "'skopeo login %s' or 'docker login %s' writes credentials, "
			     "--authfile names a file of them", at->host, at->host);
}

static int fail(const struct lkb_registry *r, const struct lkb_pass *p,
		const struct lkb_place *at, const char *repo,
		const struct lkb_net_response *refusal, struct lkb_error *err)
{
	const char *act = r->push ? "take" : "give", *whom = r->push ? "from" : "to";
	lkb_autostr words = {0};

	lkb_registry_words(lkb_str_get(&refusal->text), refusal->text.len, &words);
	if (p && p->credential.from)
		lkb_fail(err, LKB_NET, "'%s' does not %s '%s' %s '%.100s' of '%.200s' (%u)%s%s",
			 at->host, act, repo, whom,
			 p->credential.user ? p->credential.user : "the token",
			 p->credential.from, refusal->status, words.len ? ": " : "",
			 lkb_str_get(&words));
	else
		lkb_fail(err, LKB_NET, "'%s' does not %s '%s' %s just anybody (%u)%s%s%s",
			 at->host, act, repo, whom, refusal->status,
			 r->push ? "" : ", or has no such thing", words.len ? ": " : "",
			 lkb_str_get(&words));
	return hint_login(at, err);
}

int lkb_pass_fail(struct lkb_registry *r, const struct lkb_place *at, const char *repo,
		  const struct lkb_net_response *refusal, struct lkb_error *err)
{
	pthread_mutex_lock(&r->pass_mutex);
	fail(r, find(r, at, repo), at, repo, refusal, err);
	pthread_mutex_unlock(&r->pass_mutex);
	return -1;
}

static void take_token(struct lkb_registry *r, struct lkb_pass *p, char *token, uint64_t seconds)
{
	free(p->token);
	p->token = token;
	/* A bit earlier than the server thinks: the way there takes time. */
	p->until_ms = r->now_ms() + seconds * 1000 - seconds * 50;
	p->is_basic = false;
	p->generation++;
}

static int renew_bearer(struct lkb_registry *r, struct lkb_pass *p, const struct lkb_challenge *c,
			struct lkb_error *err)
{
	struct lkb_token token;

	if (p->credential.registry_token && !p->token) {
		take_token(r, p, lkb_strdup(p->credential.registry_token), 86400);
		return 0;
	}
	if (lkb_token_get(r, p->at, p->repo, c, &p->credential, &token, err))
		return -1;
	take_token(r, p, token.text, token.expires_s);
	return 0;
}

static int renew_basic(const struct lkb_registry *r, struct lkb_pass *p,
		       const struct lkb_net_response *refusal, struct lkb_error *err)
{
	if (!p->credential.user || p->is_basic)
		return fail(r, p, p->at, p->repo, refusal, err);
	free(p->token);
	p->token = NULL;
	p->is_basic = true;
	p->generation++;
	return 0;
}

static int renew(struct lkb_registry *r, struct lkb_pass *p,
		 const struct lkb_net_response *refusal, struct lkb_error *err)
{
	lkb_autochallenges list = {0};
	const struct lkb_challenge *bearer;

	for (size_t i = 0; i < refusal->n_headers; i++)
		if (!strcasecmp(refusal->headers[i].name, "WWW-Authenticate"))
			lkb_challenges_add(&list, refusal->headers[i].value);
	bearer = lkb_challenges_find(&list, "Bearer");
	if (need_credential(r, p, err))
		return -1;
	if (bearer && lkb_challenge_param(bearer, "realm"))
		return renew_bearer(r, p, bearer, err);
	if (lkb_challenges_find(&list, "Basic"))
		return renew_basic(r, p, refusal, err);
	return lkb_fail(err, LKB_NET, "'%s' wants a login and offers no way that is known: %.100s",
			p->at->host, list.n ? list.items[0].scheme : "none");
}

static struct lkb_pass *find_or_add(struct lkb_registry *r, const struct lkb_place *at,
				    const char *repo)
{
	struct lkb_pass *p = find(r, at, repo);

	if (p)
		return p;
	p = lkb_alloc(sizeof(*p));
	p->at = at;
	p->repo = lkb_strdup(repo);
	LKB_GROW(r->passes, r->n_passes, r->cap_passes);
	r->passes[r->n_passes++] = p;
	return p;
}

int lkb_pass_renew(struct lkb_registry *r, const struct lkb_place *at, const char *repo,
		   const struct lkb_net_response *refusal, const struct lkb_shown *shown,
		   struct lkb_error *err)
{
	struct lkb_pass *p;
	int done = 0;

	pthread_mutex_lock(&r->pass_mutex);
	p = find_or_add(r, at, repo);
	/* Somebody else may have got a new one meanwhile. */
	if (p->generation == shown->generation)
		done = renew(r, p, refusal, err);
	pthread_mutex_unlock(&r->pass_mutex);
	return done;
}
