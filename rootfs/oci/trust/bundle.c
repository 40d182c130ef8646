/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sigstore's bundle (protobuf-specs, sigstore_bundle.proto, v0.3) with a DSSE envelope (secure-
 * systems-lab/dsse, protocol.md) around an in-toto statement v1. What makes a bundle verifiable
 * without Sigstore's services is the key of the policy's rule; certificates, time stamps and log
 * entries in it are not looked at, and its hint of a key is no proof.
 */
#include <string.h>

#include "base/base64.h"
#include "base/ext/json.h"
#include "rootfs/oci/trust/trust_priv.h"

#define BUNDLE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define OLD_STATEMENT_TYPE "https://in-toto.io/Statement/v0.1"
#define SIGNATURE_PREDICATE "https://sigstore.dev/cosign/sign/v1"

enum { MAX_SUBJECTS = 1000 };

static int read_base64(const struct lkb_json_at *at, const char *key, struct lkb_str *ret,
		       struct lkb_error *err)
{
	const char *text;

	if (lkb_json_string(at, key, LKB_JSON_REQUIRED, &text, err))
		return -1;
	if (!lkb_base64_decode(text, strlen(text), ret) || !ret->len)
		return lkb_json_fail(at, key, err, "is not in base64");
	return 0;
}

static int read_signatures(const struct lkb_json_at *envelope, struct lkb_bundle *b,
			   struct lkb_error *err)
{
	struct lkb_json_at list, item;

	if (lkb_json_array(envelope, "signatures", LKB_JSON_REQUIRED, LKB_BUNDLE_MAX_SIGNATURES,
			   &list, err))
		return -1;
	for (size_t i = 0; i < lkb_json_count(&list); i++)
		if (lkb_json_item(&list, i, &item, err) ||
		    read_base64(&item, "sig", &b->signatures[b->n_signatures++], err))
			return -1;
	return 0;
}

static int read_bundle(const struct lkb_json_at *root, struct lkb_bundle *b, struct lkb_error *err)
{
	struct lkb_json_at envelope, material;
	const char *type, *payload_type;

	if (lkb_json_string(root, "mediaType", LKB_JSON_REQUIRED, &type, err))
		return -1;
	if (strcmp(type, BUNDLE_TYPE))
		return lkb_json_fail(root, "mediaType", err, "is '%.100s', not '" BUNDLE_TYPE "'",
				     type);
	if (lkb_json_object(root, "verificationMaterial", LKB_JSON_REQUIRED, &material, err))
		return -1;
	b->by_certificate = !lkb_json_has(&material, "publicKey");
	if (lkb_json_object(root, "dsseEnvelope", LKB_JSON_REQUIRED, &envelope, err) ||
	    lkb_json_string(&envelope, "payloadType", LKB_JSON_REQUIRED, &payload_type, err) ||
	    read_base64(&envelope, "payload", &b->payload, err) ||
	    read_signatures(&envelope, b, err))
		return -1;
	b->payload_type = lkb_format("%s", payload_type);
	return 0;
}

int lkb_bundle_parse(const char *text, size_t len, const char *name, struct lkb_bundle *ret,
		     struct lkb_error *err)
{
	__attribute__((cleanup(lkb_bundle_clear))) struct lkb_bundle b = {0};
	lkb_autojson v = NULL;
	struct lkb_json_at root;

	if (lkb_json_parse(text, len, name, &v, err) || lkb_json_root(v, name, &root, err) ||
	    read_bundle(&root, &b, err))
		return -1;
	*ret = b;
	b = (struct lkb_bundle){0};
	return 0;
}

void lkb_bundle_clear(struct lkb_bundle *b)
{
	lkb_str_clear(&b->payload);
	free(b->payload_type);
	for (size_t i = 0; i < b->n_signatures; i++)
		lkb_str_clear(&b->signatures[i]);
	*b = (struct lkb_bundle){0};
}

void lkb_bundle_signed(const struct lkb_bundle *b, struct lkb_str *ret)
{
	lkb_str_addf(ret, "DSSEv1 %zu %s %zu ", strlen(b->payload_type), b->payload_type,
		     b->payload.len);
	lkb_str_addn(ret, b->payload.s, b->payload.len);
}

/* True if the item's digest, in hex, is the one that is looked for. */
static int match_subject(const struct lkb_json_at *subject, const struct lkb_sha256 *digest,
			 bool *ret, struct lkb_error *err)
{
	struct lkb_json_at digests;
	struct lkb_sha256 said;
	const char *hex;

	if (lkb_json_object(subject, "digest", LKB_JSON_REQUIRED, &digests, err) ||
	    lkb_json_string(&digests, "sha256", LKB_JSON_OPTIONAL, &hex, err))
		return -1;
	if (hex && lkb_sha256_parse(hex, &said) && lkb_sha256_equal(&said, digest))
		*ret = true;
	return 0;
}

static int read_statement(const struct lkb_json_at *root, const struct lkb_sha256 *digest,
			  struct lkb_statement *ret, struct lkb_error *err)
{
	struct lkb_statement s = {0};
	struct lkb_json_at subjects, item;
	const char *type, *predicate;

	if (lkb_json_string(root, "_type", LKB_JSON_REQUIRED, &type, err) ||
	    lkb_json_string(root, "predicateType", LKB_JSON_REQUIRED, &predicate, err) ||
	    lkb_json_array(root, "subject", LKB_JSON_REQUIRED, MAX_SUBJECTS, &subjects, err))
		return -1;
	if (strcmp(type, STATEMENT_TYPE) && strcmp(type, OLD_STATEMENT_TYPE))
		return lkb_json_fail(root, "_type", err, "is '%.100s', not '" STATEMENT_TYPE "'",
				     type);
	s.is_signature = !strcmp(predicate, SIGNATURE_PREDICATE);
	for (size_t i = 0; i < lkb_json_count(&subjects); i++)
		if (lkb_json_item(&subjects, i, &item, err) ||
		    match_subject(&item, digest, &s.has_subject, err))
			return -1;
	*ret = s;
	return 0;
}

int lkb_statement_parse(const char *text, size_t len, const char *name,
			const struct lkb_sha256 *digest, struct lkb_statement *ret,
			struct lkb_error *err)
{
	lkb_autojson v = NULL;
	struct lkb_json_at root;

	return lkb_json_parse(text, len, name, &v, err) || lkb_json_root(v, name, &root, err) ||
	       read_statement(&root, digest, ret, err) ? -1 : 0;
}
