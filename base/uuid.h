/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_UUID_H
#define LKB_BASE_UUID_H

#include <stdint.h>

/* A UUID as in RFC 4122, bytes in the order they are printed. */
struct lkb_uuid {
	uint8_t b[16];
};

struct lkb_uuid_text {
	char s[37];
};

/* Stamps version 5 and the RFC variant onto 16 bytes of a digest. */
struct lkb_uuid lkb_uuid_from_digest(const uint8_t digest[16]);
struct lkb_uuid_text lkb_uuid_text(const struct lkb_uuid *u);

#endif
