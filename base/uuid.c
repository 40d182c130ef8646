/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include <string.h>

#include "base/bytes.h"

struct lkb_uuid lkb_uuid_from_digest(const uint8_t digest[16])
{
	struct lkb_uuid u;

	memcpy(u.b, digest, sizeof(u.b));
	u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x50);
	u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
	return u;
}

struct lkb_uuid_text lkb_uuid_text(const struct lkb_uuid *u)
{
	static const size_t cuts[] = {4, 6, 8, 10, 16};
	struct lkb_uuid_text t;
	size_t from = 0, at = 0, i;

	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		if (i)
			t.s[at++] = '-';
		lkb_hex(u->b + from, cuts[i] - from, t.s + at);
		at += 2 * (cuts[i] - from);
		from = cuts[i];
	}
	return t;
}
