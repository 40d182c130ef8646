/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base64.h"
#include "rootfs/oci/trust/trust_priv.h"

/* The later, the nearer to a signature that counts, and the more worth saying. */
enum rank { NO_FAULT, UNREADABLE, NO_KEY, SIGNED_WRONG, NOT_ALL };

void lkb_tally_init(struct lkb_tally *t, const struct lkb_policy *p,
		    const struct lkb_policy_rule *rule, const struct lkb_ref *ref,
		    const struct lkb_sha256 *digest)
{
	*t = (struct lkb_tally){ .policy = p, .rule = rule, .ref = ref, .digest = *digest };
}

static void keep(struct lkb_tally *t, enum rank rank, const struct lkb_error *fault)
{
	if ((int)rank <= t->rank)
		return;
	t->rank = rank;
	t->fault = *fault;
}

void lkb_tally_fault(struct lkb_tally *t, const struct lkb_error *fault)
{
	t->n_seen++;
	keep(t, UNREADABLE, fault);
}

void lkb_tally_limit(struct lkb_tally *t, size_t max, const char *what)
{
	struct lkb_error fault = {0};

	lkb_fail(&fault, LKB_TRUST, "only the first %zu %s were looked at", max, what);
	keep(t, NOT_ALL, &fault);
}

static void unreadable(struct lkb_tally *t, const char *name, const char *what)
{
	struct lkb_error fault = {0};

	lkb_fail(&fault, LKB_TRUST, "%s %s", name, what);
	keep(t, UNREADABLE, &fault);
}

/* The keys of the rule that made the signature; counts none of them. */
static size_t find_signers(const struct lkb_tally *t, const struct lkb_str *signature,
			   const void *message, size_t len, bool *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < t->rule->keys.n && i < LKB_TRUST_MAX_KEYS; i++) {
		const struct lkb_pubkey *key = t->rule->pubkeys[i];

		if (!key || !lkb_pubkey_verify(key, lkb_str_get(signature), signature->len,
					       message, len))
			continue;
		ret[i] = true;
		n++;
	}
	return n;
}

static void count(struct lkb_tally *t, const bool *signers)
{
	for (size_t i = 0; i < LKB_TRUST_MAX_KEYS; i++)
		t->good[i] |= signers[i];
}

static void no_key(struct lkb_tally *t, const char *name)
{
	struct lkb_error fault = {0};

	lkb_fail(&fault, LKB_TRUST, "%s is by none of the rule's keys", name);
	keep(t, NO_KEY, &fault);
}

static int check_simple(const struct lkb_tally *t, const char *name, const char *payload,
			size_t len, struct lkb_error *err)
{
	lkb_autofree char *repository = lkb_format("%s/%s", t->ref->domain, t->ref->path);
	bool named = t->rule->identity && !strcmp(t->rule->identity, "repository");
	lkb_autofree char *said = NULL;
	struct lkb_simplesigning s = {0};

	if (lkb_simplesigning_parse(payload, len, name, &s, err))
		return -1;
	said = s.repository;
	if (!lkb_sha256_equal(&s.digest, &t->digest))
		return lkb_fail(err, LKB_TRUST, "%s is for 'sha256:%s'", name,
				lkb_sha256_text(&s.digest).s);
	if (named && (!said || strcmp(said, repository)))
		return lkb_fail(err, LKB_TRUST, "%s is for the repository '%.255s'", name,
				said ? said : "");
	return 0;
}

void lkb_tally_simple(struct lkb_tally *t, const char *name, const char *payload, size_t len,
		      const char *signature)
{
	bool signers[LKB_TRUST_MAX_KEYS] = {0};
	struct lkb_error fault = {0};
	lkb_autostr bytes = {0};

	t->n_seen++;
	if (!signature)
		unreadable(t, name, "has no annotation 'dev.cosignproject.cosign/signature'");
	else if (!lkb_base64_decode(signature, strlen(signature), &bytes) || !bytes.len)
		unreadable(t, name, "is not in base64");
	else if (!find_signers(t, &bytes, payload, len, signers))
		no_key(t, name);
	else if (check_simple(t, name, payload, len, &fault))
		keep(t, SIGNED_WRONG, &fault);
	else
		count(t, signers);
}

static int check_statement(const struct lkb_tally *t, const char *name,
			   const struct lkb_bundle *b, struct lkb_error *err)
{
	struct lkb_statement s = {0};

	if (strcmp(b->payload_type, "application/vnd.in-toto+json"))
		return lkb_fail(err, LKB_TRUST, "%s has the payload type '%.100s', which is no "
				"in-toto statement", name, b->payload_type);
	if (lkb_statement_parse(lkb_str_get(&b->payload), b->payload.len, name, &t->digest, &s,
				err))
		return -1;
	if (!s.is_signature)
		return lkb_fail(err, LKB_TRUST, "%s is an attestation, not a signature", name);
	if (!s.has_subject)
		return lkb_fail(err, LKB_TRUST, "%s is for something else than this digest", name);
	if (t->rule->identity && !strcmp(t->rule->identity, "repository"))
		return lkb_fail(err, LKB_TRUST, "%s does not say a repository, as the rule's "
				"'identity' wants", name);
	return 0;
}

void lkb_tally_bundle(struct lkb_tally *t, const char *name, const char *text, size_t len)
{
	__attribute__((cleanup(lkb_bundle_clear))) struct lkb_bundle b = {0};
	bool signers[LKB_TRUST_MAX_KEYS] = {0};
	struct lkb_error fault = {0};
	lkb_autostr bytes = {0};
	size_t n = 0;

	if (lkb_bundle_parse(text, len, name, &b, &fault)) {
		lkb_tally_fault(t, &fault);
		return;
	}
	if (b.by_certificate) {
		unreadable(t, name, "is made with a certificate, not with a key");
		return;
	}
	t->n_seen++;
	lkb_bundle_signed(&b, &bytes);
	for (size_t i = 0; i < b.n_signatures; i++)
		n += find_signers(t, &b.signatures[i], bytes.s, bytes.len, signers);
	if (!n)
		no_key(t, name);
	else if (check_statement(t, name, &b, &fault))
		keep(t, SIGNED_WRONG, &fault);
	else
		count(t, signers);
}

static size_t wanted(const struct lkb_tally *t)
{
	return t->rule->threshold.set ? (size_t)t->rule->threshold.v : 1;
}

static size_t count_good(const struct lkb_tally *t)
{
	size_t n = 0;

	for (size_t i = 0; i < LKB_TRUST_MAX_KEYS; i++)
		n += t->good[i];
	return n;
}

bool lkb_tally_done(const struct lkb_tally *t)
{
	return count_good(t) >= wanted(t);
}

static int hint(const struct lkb_tally *t, struct lkb_error *err)
{
	const struct lkb_pos *pos = &t->rule->pos;

	if (t->n_seen)
		return lkb_hint(err, "the rule is at %.200s:%u:%u; use an image that is signed as "
				     "it wants, or change it if you know better", pos->file,
				pos->line, pos->column);
	return lkb_hint(err, "sign it: 'cosign sign --key cosign.key %.100s/%.100s@sha256:%s', and "
			     "bring the signature in with the image; or change the rule at "
			     "%.100s:%u:%u", t->ref->domain, t->ref->path,
			lkb_sha256_text(&t->digest).s, pos->file, pos->line, pos->column);
}

int lkb_tally_result(const struct lkb_tally *t, struct lkb_error *err)
{
	bool optional = t->rule->signatures && !strcmp(t->rule->signatures, "optional");
	const char *why = t->rank ? t->fault.message : "";
	lkb_autostr names = {0};

	if (lkb_tally_done(t) || (optional && !t->n_seen))
		return 0;
	for (size_t i = 0; i < t->rule->keys.n && i < LKB_TRUST_MAX_KEYS; i++)
		if (t->good[i])
			lkb_str_addf(&names, "%s'%.60s'", names.len ? ", " : "",
				     t->rule->keys.items[i]);
	if (!names.len)
		lkb_fail(err, LKB_TRUST, "'sha256:%s' %s that the policy wants for '%s'%s%.400s",
			 lkb_sha256_text(&t->digest).s, t->n_seen ? "has no good signature of those"
			 : "has no signature", t->rule->prefix, *why ? ": " : "", why);
	else
		lkb_fail(err, LKB_TRUST, "'sha256:%s' is signed by %zu (%.200s) of the %zu keys "
			 "that the policy wants for '%s'%s%.400s", lkb_sha256_text(&t->digest).s,
			 count_good(t), names.s, wanted(t), t->rule->prefix, *why ? ": " : "",
			 why);
	return hint(t, err);
}
