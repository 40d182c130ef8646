/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/pubkey.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/alloc.h"

enum { MIN_RSA = 2048, MAX_RSA = 8192 };

struct lkb_pubkey {
	EVP_PKEY *key; /* owned */
	const EVP_MD *(*digests[2])(void); /* any of them; both NULL: the algorithm has its own */
};

void lkb_pubkey_free(struct lkb_pubkey *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}

bool lkb_pubkey_equal(const struct lkb_pubkey *a, const struct lkb_pubkey *b)
{
	bool equal = EVP_PKEY_eq(a->key, b->key) == 1;

	ERR_clear_error();
	return equal;
}

static bool on_curve(EVP_PKEY *key, const char *name)
{
	char curve[40] = "";

	return EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
	       !strcmp(curve, name);
}

static bool choose_digests(struct lkb_pubkey *k)
{
	if (EVP_PKEY_is_a(k->key, "EC")) {
		k->digests[0] = EVP_sha256;
		if (on_curve(k->key, "prime256v1"))
			return true;
		k->digests[1] = EVP_sha384;
		return on_curve(k->key, "secp384r1");
	}
	if (EVP_PKEY_is_a(k->key, "RSA")) {
		k->digests[0] = EVP_sha256;
		return EVP_PKEY_get_bits(k->key) >= MIN_RSA && EVP_PKEY_get_bits(k->key) <= MAX_RSA;
	}
	return EVP_PKEY_is_a(k->key, "ED25519");
}

/* Texts that people give instead of a public key, by the line they begin with. */
static int refuse_other(const char *pem, size_t len, const char *name, struct lkb_error *err)
{
	if (memmem(pem, len, "PRIVATE KEY-----", 16)) {
		lkb_fail(err, LKB_INPUT, "'%s' is a private key", name);
		return lkb_hint(err, "give the public one, such as cosign.pub, and keep this one "
				     "to yourself");
	}
	if (memmem(pem, len, "BEGIN CERTIFICATE-----", 22)) {
		lkb_fail(err, LKB_INPUT, "'%s' is a certificate", name);
		return lkb_hint(err, "take the key out of it: 'openssl x509 -pubkey -noout -in "
				     "%.200s'", name);
	}
	lkb_fail(err, LKB_INPUT, "'%s' is no public key", name);
	return lkb_hint(err, "it is a text that begins with '-----BEGIN PUBLIC KEY-----'");
}

static int check(struct lkb_pubkey *k, const char *name, struct lkb_error *err)
{
	if (choose_digests(k))
		return 0;
	lkb_fail(err, LKB_INPUT, "'%s' is a key of a kind that is not supported: %s, %d bits", name,
		 EVP_PKEY_get0_type_name(k->key), EVP_PKEY_get_bits(k->key));
	return lkb_hint(err, "use ECDSA on P-256 or P-384, Ed25519, or RSA of %d to %d bits",
			MIN_RSA, MAX_RSA);
}

static EVP_PKEY *read_pem(const char *pem, size_t len)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static size_t count_blocks(const char *pem, size_t len)
{
	const char *end = pem + len;
	size_t n = 0;

	while ((pem = memmem(pem, (size_t)(end - pem), "-----BEGIN ", 11))) {
		pem += 11;
		n++;
	}
	return n;
}

int lkb_pubkey_parse(const char *pem, size_t len, const char *name, struct lkb_pubkey **ret,
		     struct lkb_error *err)
{
	lkb_auto(lkb_pubkey) k = lkb_alloc(sizeof(*k));

	if (len > LKB_PUBKEY_MAX_FILE || memchr(pem, '\0', len))
		return refuse_other("", 0, name, err);
	if (count_blocks(pem, len) > 1) {
		lkb_fail(err, LKB_INPUT, "'%s' holds more than one key", name);
		return lkb_hint(err, "give each key a file of its own");
	}
	k->key = read_pem(pem, len);
	if (!k->key)
		return refuse_other(pem, len, name, err);
	if (check(k, name, err))
		return -1;
	*ret = LKB_STEAL(k);
	return 0;
}

static bool verify_by(const struct lkb_pubkey *k, const EVP_MD *digest, const void *signature,
		      size_t signature_len, const void *message, size_t message_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, digest, NULL, k->key) == 1 &&
		    EVP_DigestVerify(ctx, signature, signature_len, message, message_len) == 1;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

bool lkb_pubkey_verify(const struct lkb_pubkey *k, const void *signature, size_t signature_len,
		       const void *message, size_t message_len)
{
	if (!k->digests[0])
		return verify_by(k, NULL, signature, signature_len, message, message_len);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(k->digests) && k->digests[i]; i++)
		if (verify_by(k, k->digests[i](), signature, signature_len, message, message_len))
			return true;
	return false;
}
