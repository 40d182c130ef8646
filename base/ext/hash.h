/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_HASH_H
#define LKB_BASE_EXT_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/uuid.h"

#define LKB_SHA256_SIZE 32
#define LKB_SHA256_HEX 64

struct lkb_sha256 {
	uint8_t b[LKB_SHA256_SIZE];
};

struct lkb_sha256_text {
	char s[LKB_SHA256_HEX + 1];
};

/* A running SHA-256 (OpenSSL EVP). lkb_hash_done() gives the digest and starts anew, so that one
 * state serves many inputs without allocation. */
struct lkb_hash;
struct lkb_hash *lkb_hash_new(void);
void lkb_hash_free(struct lkb_hash *h);
LKB_DEFINE_AUTO(lkb_hash, lkb_hash_free)
void lkb_hash_add(struct lkb_hash *h, const void *p, size_t n);
struct lkb_sha256 lkb_hash_done(struct lkb_hash *h);
/* The digest so far; more may be added. */
struct lkb_sha256 lkb_hash_peek(const struct lkb_hash *h);

/* SHA-1 is nobody's proof of anything here: SPDX wants it beside the SHA-256 of a file. */
#define LKB_SHA1_SIZE 20
struct lkb_sha1 {
	uint8_t b[LKB_SHA1_SIZE];
};
/* A running SHA-1, fed and freed like the other, and what ends it. */
struct lkb_hash *lkb_hash_new_sha1(void);
struct lkb_sha1 lkb_hash_done_sha1(struct lkb_hash *h);

/* PBKDF2 with HMAC-SHA-1 (RFC 8018, 5.2): n bytes of key from a passphrase. */
void lkb_pbkdf2_sha1(const char *passphrase, const void *salt, size_t salt_len, unsigned rounds,
		     void *ret, size_t n);

/* The digest of one buffer. */
struct lkb_sha256 lkb_sha256(const void *p, size_t n);

bool lkb_sha256_equal(const struct lkb_sha256 *a, const struct lkb_sha256 *b);
struct lkb_sha256_text lkb_sha256_text(const struct lkb_sha256 *d); /* 64 hex digits */
/* Reads 64 lower-case hex digits; false if it is anything else. */
bool lkb_sha256_parse(const char *hex, struct lkb_sha256 *ret);

/* Derived identity: SHA-256 over "lkboard\0" seed "\0" name, so every UUID, serial and signature of
 * an image follows from its inputs and never from chance. */
struct lkb_sha256 lkb_derive(const struct lkb_sha256 *seed, const char *name);
struct lkb_uuid lkb_derive_uuid(const struct lkb_sha256 *seed, const char *name);
uint32_t lkb_derive_u32(const struct lkb_sha256 *seed, const char *name); /* never 0 */

#endif
