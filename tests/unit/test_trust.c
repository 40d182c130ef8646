/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: the documents around them, and how they are counted. Keys are made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/cleanup.h"
#include "rootfs/oci/trust/trust_priv.h"

#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TYPE "cosign container image signature"
#define PAYLOAD(type, digest) \
	"{\"critical\":{\"identity\":{\"docker-reference\":\"a.io/x:1\"},\"image\":{" \
	"\"docker-manifest-digest\":\"" digest "\"},\"type\":\"" type "\"},\"optional\":null}"

/* Keys */

static EVP_PKEY *keys[3];

static int make_keys(void **state)
{
	keys[0] = EVP_EC_gen("P-256");
	keys[1] = EVP_EC_gen("P-384");
	keys[2] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return keys[0] && keys[1] && keys[2] ? 0 : -1;
}

static int free_keys(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(keys); i++)
		EVP_PKEY_free(keys[i]);
	return 0;
}

static struct lkb_pubkey *public_of(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct lkb_pubkey *k = NULL;
	struct lkb_error err = {0};
	char *pem;
	long len;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	len = BIO_get_mem_data(bio, &pem);
	if (lkb_pubkey_parse(pem, (size_t)len, "key", &k, &err))
		fail_msg("%s", err.message);
	BIO_free(bio);
	return k;
}

/* The signature in base64; the caller frees it. */
static char *sign(EVP_PKEY *key, const char *message, size_t message_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool own = EVP_PKEY_is_a(key, "ED25519");
	unsigned char bytes[256];
	size_t len = sizeof(bytes);
	char *text = calloc(1, 400);

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, own ? NULL : EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, bytes, &len, (const unsigned char *)message,
					message_len), 1);
	EVP_MD_CTX_free(ctx);
	EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
	return text;
}

static void a_signature_is_by_one_key(void **state)
{
	static const char message[] = "message";

	for (size_t i = 0; i < LKB_ARRAY_SIZE(keys); i++) {
		lkb_autofree char *text = sign(keys[i], message, 7);
		unsigned char bytes[300];
		/* EVP_DecodeBlock counts padding */
		size_t len = (size_t)EVP_DecodeBlock(bytes, (unsigned char *)text,
						     (int)strlen(text));

		for (const char *p = text + strlen(text); p[-1] == '='; p--)
			len--;
		for (size_t k = 0; k < LKB_ARRAY_SIZE(keys); k++) {
			lkb_auto(lkb_pubkey) key = public_of(keys[k]);

			assert_int_equal(lkb_pubkey_verify(key, bytes, len, message, 7), i == k);
			assert_false(lkb_pubkey_verify(key, bytes, len, message, 6));
			assert_false(lkb_pubkey_verify(key, bytes, len - 1, message, 7));
			assert_false(lkb_pubkey_verify(key, bytes, 0, message, 7));
		}
	}
}

/* Documents */

static void a_payload_says_a_digest(void **state)
{
	static const char text[] = PAYLOAD(TYPE, "sha256:" ONES);
	struct lkb_simplesigning s = {0};

	assert_int_equal(lkb_simplesigning_parse(text, strlen(text), "p", &s, NULL), 0);
	assert_string_equal(lkb_sha256_text(&s.digest).s, ONES);
	assert_string_equal(s.repository, "a.io/x");
	free(s.repository);
}

static void other_payloads_are_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"", "p: malformed JSON in line 1: '[' or '{' expected near end of file"},
		{"[]", "p: the document is no object"},
		{"{}", "p: 'critical' is missing"},
		{"{\"critical\":{},\"critical\":{}}",
		 "p: malformed JSON in line 1: duplicate object key near '\"critical\"'"},
		{PAYLOAD("x", "sha256:" ONES), "p: 'critical.type' is 'x', not '" TYPE "'"},
		{PAYLOAD(TYPE, "sha256:1"),
		 "p: 'critical.image.docker-manifest-digest' is no SHA-256 digest: 'sha256:1'"},
		{PAYLOAD(TYPE, "sha512:" ONES ONES),
		 "p: 'critical.image.docker-manifest-digest' is no SHA-256 digest: 'sha512:" ONES
		 "11111111111111111111111111111'"},
		{PAYLOAD(TYPE, "sha256:" ONES) "x", "p: malformed JSON in line 1: end of file "
		 "expected near 'x'"},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		struct lkb_simplesigning s;
		struct lkb_error err = {0};

		assert_int_equal(lkb_simplesigning_parse(rows[i].text, strlen(rows[i].text), "p",
							 &s, &err), -1);
		assert_string_equal(err.message, rows[i].message);
	}
}

static void what_is_signed_of_an_envelope(void **state)
{
	struct lkb_bundle b = { .payload_type = (char *)"http://example.com/HelloWorld" };
	lkb_autostr out = {0};

	lkb_str_add(&b.payload, "hello world"); /* the example of DSSE's protocol.md */
	lkb_bundle_signed(&b, &out);
	assert_string_equal(out.s, "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
	lkb_str_clear(&b.payload);
}

#define BUNDLE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define BUNDLE(type, material, rest) \
	"{\"mediaType\":\"" type "\",\"verificationMaterial\":" material "," rest "}"
#define KEY "{\"publicKey\":{\"hint\":\"\"}}"
#define ENVELOPE(payload, signatures) \
	"\"dsseEnvelope\":{\"payload\":\"" payload "\",\"payloadType\":\"t\",\"signatures\":[" \
	signatures "]}"

static void bundles_are_read_strictly(void **state)
{
	static const struct {
		const char *text, *message; /* NULL: it is one */
	} rows[] = {
		{BUNDLE(BUNDLE_TYPE, KEY, ENVELOPE("Zg==", "{\"sig\":\"Zg==\"}")), NULL},
		{BUNDLE("x", KEY, ENVELOPE("Zg==", "")),
		 "b: 'mediaType' is 'x', not '" BUNDLE_TYPE "'"},
		{BUNDLE(BUNDLE_TYPE, KEY, ENVELOPE("Zg=", "")),
		 "b: 'dsseEnvelope.payload' is not in base64"},
		{BUNDLE(BUNDLE_TYPE, KEY, ENVELOPE("", "")),
		 "b: 'dsseEnvelope.payload' is not in base64"},
		{BUNDLE(BUNDLE_TYPE, KEY, ENVELOPE("Zg==", "{\"sig\":\"Zg==\\n\"}")),
		 "b: 'dsseEnvelope.signatures[0].sig' is not in base64"},
		{BUNDLE(BUNDLE_TYPE, KEY, ENVELOPE("Zg==", "{},{},{},{},{},{},{},{},{}")),
		 "b: 'dsseEnvelope.signatures' has 9 items, more than 8"},
		{BUNDLE(BUNDLE_TYPE, KEY, "\"messageSignature\":{}"),
		 "b: 'dsseEnvelope' is missing"},
		{"{\"mediaType\":\"" BUNDLE_TYPE "\"}", "b: 'verificationMaterial' is missing"},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		struct lkb_bundle b = {0};
		struct lkb_error err = {0};

		assert_int_equal(lkb_bundle_parse(rows[i].text, strlen(rows[i].text), "b", &b,
						  &err), rows[i].message ? -1 : 0);
		assert_string_equal(err.message, rows[i].message ? rows[i].message : "");
		lkb_bundle_clear(&b);
	}
}

#define STATEMENT(subjects, predicate) \
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[" subjects "]," \
	"\"predicateType\":\"" predicate "\"}"
#define SUBJECT(hex) "{\"name\":\"\",\"digest\":{\"sha256\":\"" hex "\"}}"
#define COSIGN "https://sigstore.dev/cosign/sign/v1"

static void a_statement_is_a_signature_by_its_predicate_and_subject(void **state)
{
	static const struct {
		const char *text;
		bool is_signature, has_subject;
	} rows[] = {
		{STATEMENT(SUBJECT(ONES), COSIGN), true, true},
		{STATEMENT(SUBJECT(ZERO) "," SUBJECT(ONES), COSIGN), true, true},
		{STATEMENT(SUBJECT(ZERO), COSIGN), true, false},
		{STATEMENT("", COSIGN), true, false},
		{STATEMENT("{\"digest\":{\"sha512\":\"" ONES "\"}}", COSIGN), true, false},
		{STATEMENT(SUBJECT(ONES), COSIGN "x"), false, true},
	};
	struct lkb_sha256 ones;

	assert_true(lkb_sha256_parse(ONES, &ones));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		struct lkb_statement s;

		assert_int_equal(lkb_statement_parse(rows[i].text, strlen(rows[i].text), "s",
						     &ones, &s, NULL), 0);
		assert_int_equal(s.is_signature, rows[i].is_signature);
		assert_int_equal(s.has_subject, rows[i].has_subject);
	}
}

/* Counting */

struct court {
	struct lkb_policy policy;
	struct lkb_policy_rule rule;
	struct lkb_pubkey *pubkeys[2];
	const char *names[2];
	struct lkb_ref ref;
	struct lkb_tally t;
};

static void open_court(struct court *c, int threshold, const char *signatures)
{
	struct lkb_sha256 ones;

	*c = (struct court){ .names = { "a.pub", "b.pub" } };
	for (size_t i = 0; i < 2; i++)
		c->pubkeys[i] = public_of(keys[i]);
	c->rule = (struct lkb_policy_rule){
		.pos = { .file = "p.yml", .line = 2, .column = 3 }, .prefix = "a.io",
		.signatures = signatures, .keys = { .set = true, .n = 2, .items = c->names },
		.threshold = { true, threshold }, .pubkeys = c->pubkeys,
	};
	assert_int_equal(lkb_ref_parse("a.io/x:1", &c->ref, NULL), 0);
	assert_true(lkb_sha256_parse(ONES, &ones));
	lkb_tally_init(&c->t, &c->policy, &c->rule, &c->ref, &ones);
}

static void add(struct court *c, EVP_PKEY *key, const char *payload)
{
	lkb_autofree char *signature = sign(key, payload, strlen(payload));

	lkb_tally_simple(&c->t, "signature", payload, strlen(payload), signature);
}

/* The end of the message, "" if the rule is fulfilled. */
static void close_court(struct court *c, const char *expected)
{
	struct lkb_error err = {0};

	assert_int_equal(lkb_tally_result(&c->t, &err), *expected ? -1 : 0);
	assert_int_equal(err.kind, *expected ? LKB_TRUST : LKB_OK);
	assert_string_equal(err.message, expected);
	for (size_t i = 0; i < 2; i++)
		lkb_pubkey_free(c->pubkeys[i]);
	lkb_ref_clear(&c->ref);
}

static void different_keys_are_counted(void **state)
{
	static const char good[] = PAYLOAD(TYPE, "sha256:" ONES);
	struct court c;

	open_court(&c, 2, NULL);
	add(&c, keys[0], good);
	assert_false(lkb_tally_done(&c.t));
	add(&c, keys[0], good);
	assert_false(lkb_tally_done(&c.t));
	add(&c, keys[2], good);
	assert_false(lkb_tally_done(&c.t));
	add(&c, keys[1], good);
	assert_true(lkb_tally_done(&c.t));
	close_court(&c, "");

	open_court(&c, 2, NULL);
	add(&c, keys[0], good);
	close_court(&c, "'sha256:" ONES "' is signed by 1 ('a.pub') of the 2 keys that the policy "
		    "wants for 'a.io'");
}

static void the_worst_fault_is_told(void **state)
{
	static const char good[] = PAYLOAD(TYPE, "sha256:" ONES);
	static const char other[] = PAYLOAD(TYPE, "sha256:" ZERO);
	struct court c;

	open_court(&c, 1, NULL);
	lkb_tally_simple(&c.t, "first", good, strlen(good), "?");
	lkb_tally_simple(&c.t, "second", good, strlen(good), NULL);
	close_court(&c, "'sha256:" ONES "' has no good signature of those that the policy wants "
		    "for 'a.io': first is not in base64");

	open_court(&c, 1, NULL);
	add(&c, keys[0], other);
	add(&c, keys[2], good);
	close_court(&c, "'sha256:" ONES "' has no good signature of those that the policy wants "
		    "for 'a.io': signature is for 'sha256:" ZERO "'");
}

static void optional_signatures_may_be_absent_but_not_bad(void **state)
{
	static const char good[] = PAYLOAD(TYPE, "sha256:" ONES);
	struct court c;

	open_court(&c, 1, "optional");
	close_court(&c, "");
	open_court(&c, 1, "optional");
	add(&c, keys[2], good);
	close_court(&c, "'sha256:" ONES "' has no good signature of those that the policy wants "
		    "for 'a.io': signature is by none of the rule's keys");
}

/* What is signed is not JSON: nobody may have looked at it before its signature. */
static void nothing_is_parsed_before_a_key_fits(void **state)
{
	struct court c;

	open_court(&c, 1, NULL);
	add(&c, keys[2], "{");
	close_court(&c, "'sha256:" ONES "' has no good signature of those that the policy wants "
		    "for 'a.io': signature is by none of the rule's keys");
	open_court(&c, 1, NULL);
	add(&c, keys[0], "{");
	close_court(&c, "'sha256:" ONES "' has no good signature of those that the policy wants "
		    "for 'a.io': signature: malformed JSON in line 1: string or '}' expected near "
		    "end of file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_is_by_one_key),
		cmocka_unit_test(a_payload_says_a_digest),
		cmocka_unit_test(other_payloads_are_refused),
		cmocka_unit_test(what_is_signed_of_an_envelope),
		cmocka_unit_test(bundles_are_read_strictly),
		cmocka_unit_test(a_statement_is_a_signature_by_its_predicate_and_subject),
		cmocka_unit_test(different_keys_are_counted),
		cmocka_unit_test(the_worst_fault_is_told),
		cmocka_unit_test(optional_signatures_may_be_absent_but_not_bad),
		cmocka_unit_test(nothing_is_parsed_before_a_key_fits),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
