/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_PUBKEY_H
#define LKB_BASE_EXT_PUBKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Public keys and signatures by them (OpenSSL EVP). */
struct lkb_pubkey;

#define LKB_PUBKEY_MAX_FILE ((size_t)64 << 10)

/* One key as PEM ("BEGIN PUBLIC KEY", SubjectPublicKeyInfo): EC on P-256 or P-384, Ed25519, or RSA
 * of 2048 to 8192 bits. LKB_INPUT, with what to give instead, for any other kind, a private key,
 * a certificate, two keys in one text, and what is no key. `name` is what messages call it. */
int lkb_pubkey_parse(const char *pem, size_t len, const char *name, struct lkb_pubkey **ret,
		     struct lkb_error *err);
void lkb_pubkey_free(struct lkb_pubkey *k);
LKB_DEFINE_AUTO(lkb_pubkey, lkb_pubkey_free)

/* True if they are one key, in whichever of its ways each was written: points of EC may be
 * compressed, curves spelled out. */
bool lkb_pubkey_equal(const struct lkb_pubkey *a, const struct lkb_pubkey *b);

/* True if the signature over these bytes is by the key: ECDSA (DER) over SHA-256, with P-384 also
 * over SHA-384; RSA PKCS #1 v1.5 over SHA-256; Ed25519 over the bytes themselves. */
bool lkb_pubkey_verify(const struct lkb_pubkey *k, const void *signature, size_t signature_len,
		       const void *message, size_t message_len);

#endif
