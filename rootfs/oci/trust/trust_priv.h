/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_TRUST_TRUST_PRIV_H
#define LKB_ROOTFS_OCI_TRUST_TRUST_PRIV_H

#include "rootfs/oci/trust/trust.h"

/* policy.c: checks of single values for the table: NULL, or what is wrong as the end of "which
 * ...". */
const char *lkb_policy_bad_prefix(const char *v);
const char *lkb_policy_bad_bind(const char *v);

/* asks.c: true if the policy's list names the value, by the rules of its kind. */
bool lkb_ask_allowed(enum lkb_ask_kind kind, const struct lkb_strlist *allowed, const char *value);

/* simplesigning.c: what a payload says. `repository` is what it was signed as, without a tag, in
 * full; NULL if it names none. */
struct lkb_simplesigning {
	struct lkb_sha256 digest;
	char *repository; /* owned */
};
/* LKB_TRUST for anything but a payload of cosign's. */
int lkb_simplesigning_parse(const char *text, size_t len, const char *name,
			    struct lkb_simplesigning *ret, struct lkb_error *err);

/* bundle.c: the envelope of a bundle; nothing of it is trusted. Born {0}. */
#define LKB_BUNDLE_MAX_SIGNATURES 8
struct lkb_bundle {
	struct lkb_str payload;
	char *payload_type; /* owned */
	bool by_certificate; /* it does not even claim to be made with a key of somebody's */
	struct lkb_str signatures[LKB_BUNDLE_MAX_SIGNATURES];
	size_t n_signatures;
};
int lkb_bundle_parse(const char *text, size_t len, const char *name, struct lkb_bundle *ret,
		     struct lkb_error *err);
void lkb_bundle_clear(struct lkb_bundle *b);
/* The bytes that are signed: DSSE's pre-authentication encoding. */
void lkb_bundle_signed(const struct lkb_bundle *b, struct lkb_str *ret);

/* What a payload of in-toto's says. */
struct lkb_statement {
	bool is_signature; /* its predicate is cosign's signature */
	bool has_subject;  /* one of its subjects has the digest that was asked for */
};
int lkb_statement_parse(const char *text, size_t len, const char *name,
			const struct lkb_sha256 *digest, struct lkb_statement *ret,
			struct lkb_error *err);

#endif
