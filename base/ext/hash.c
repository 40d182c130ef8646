/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/hash.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

struct lkb_hash {
	EVP_MD_CTX *ctx;
	bool started;
};

/* Fetched once: looking the algorithm up again for each digest costs more than a 4 KiB block. */
static const EVP_MD *sha256_md(void)
{
	static EVP_MD *md;

	if (!md)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	return md ? md : EVP_sha256();
}

static struct lkb_hash *new_hash(const EVP_MD *md)
{
	struct lkb_hash *h = lkb_alloc(sizeof(*h));

	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || !EVP_DigestInit_ex(h->ctx, md, NULL))
		abort(); /* libcrypto without SHA-256: nothing here can work */
	h->started = true;
	return h;
}

struct lkb_hash *lkb_hash_new(void)
{
	return new_hash(sha256_md());
}

struct lkb_hash *lkb_hash_new_sha1(void)
{
	return new_hash(EVP_sha1());
}

void lkb_hash_free(struct lkb_hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

static void start(struct lkb_hash *h)
{
	if (h->started)
		return;
	EVP_DigestInit_ex(h->ctx, NULL, NULL);
	h->started = true;
}

void lkb_hash_add(struct lkb_hash *h, const void *p, size_t n)
{
	start(h);
	EVP_DigestUpdate(h->ctx, p, n);
}

static void finish(struct lkb_hash *h, uint8_t *ret)
{
	start(h);
	EVP_DigestFinal_ex(h->ctx, ret, NULL);
	h->started = false;
}

struct lkb_sha256 lkb_hash_done(struct lkb_hash *h)
{
	struct lkb_sha256 d;

	finish(h, d.b);
	return d;
}

struct lkb_sha256 lkb_hash_peek(const struct lkb_hash *h)
{
	struct lkb_hash *copy = lkb_hash_new();
	struct lkb_sha256 d;

	if (h->started && !EVP_MD_CTX_copy_ex(copy->ctx, h->ctx))
		abort(); /* as for memory: lkb_alloc() */
	finish(copy, d.b);
	lkb_hash_free(copy);
	return d;
}

struct lkb_sha1 lkb_hash_done_sha1(struct lkb_hash *h)
{
	struct lkb_sha1 d;

	finish(h, d.b);
	return d;
}

void lkb_pbkdf2_sha1(const char *passphrase, const void *salt, size_t salt_len, unsigned rounds,
		     void *ret, size_t n)
{
	if (!PKCS5_PBKDF2_HMAC_SHA1(passphrase, -1, salt, (int)salt_len, (int)rounds, (int)n, ret))
		abort(); /* as above */
}

struct lkb_sha256 lkb_sha256(const void *p, size_t n)
{
	lkb_auto(lkb_hash) h = lkb_hash_new();

	lkb_hash_add(h, p, n);
	return lkb_hash_done(h);
}

bool lkb_sha256_equal(const struct lkb_sha256 *a, const struct lkb_sha256 *b)
{
	return !memcmp(a->b, b->b, sizeof(a->b));
}

struct lkb_sha256_text lkb_sha256_text(const struct lkb_sha256 *d)
{
	struct lkb_sha256_text t;

	lkb_hex(d->b, sizeof(d->b), t.s);
	return t;
}

bool lkb_sha256_parse(const char *hex, struct lkb_sha256 *ret)
{
	struct lkb_sha256 d;

	if (strlen(hex) != LKB_SHA256_HEX || !lkb_unhex(hex, d.b, sizeof(d.b)))
		return false;
	*ret = d;
	return true;
}

struct lkb_sha256 lkb_derive(const struct lkb_sha256 *seed, const char *name)
{
	lkb_auto(lkb_hash) h = lkb_hash_new();

	lkb_hash_add(h, "lkboard", 8);
	lkb_hash_add(h, seed->b, sizeof(seed->b));
	lkb_hash_add(h, "", 1);
	lkb_hash_add(h, name, strlen(name));
	return lkb_hash_done(h);
}

struct lkb_uuid lkb_derive_uuid(const struct lkb_sha256 *seed, const char *name)
{
	struct lkb_sha256 d = lkb_derive(seed, name);

	return lkb_uuid_from_digest(d.b);
}

uint32_t lkb_derive_u32(const struct lkb_sha256 *seed, const char *name)
{
	struct lkb_sha256 d = lkb_derive(seed, name);
	uint32_t v = lkb_get_le32(d.b);

	return v ? v : 1;
}
