/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>

/* How many bytes follow a first byte, and what the second one may be; the rest are 80..bf. */
static const struct {
	uint8_t first, last, more, low, high;
} rows[] = {
	{0x00, 0x7f, 0, 0, 0}, {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
	{0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
	{0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

size_t lkb_utf8_len(const void *p, size_t n)
{
	const uint8_t *b = p;
	size_t i, k;

	for (i = 0; n && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (b[0] < rows[i].first || b[0] > rows[i].last)
			continue;
		if (n <= rows[i].more ||
		    (rows[i].more && (b[1] < rows[i].low || b[1] > rows[i].high)))
			return 0;
		for (k = 2; k <= rows[i].more; k++)
			if ((b[k] & 0xc0) != 0x80)
				return 0;
		return (size_t)rows[i].more + 1;
	}
	return 0;
}

/* C1 is U+0080 to U+009F: c2 80 to c2 9f. Those that turn a line around (Unicode's annex 9: U+061C,
 * 200E, 200F, 202A to 202E, 2066 to 2069) or end it (2028, 2029) are controls too. */
static bool is_control(const uint8_t *b, size_t len)
{
	if (len == 1)
		return b[0] < 0x20 || b[0] == 0x7f;
	if (len == 2)
		return (b[0] == 0xc2 && b[1] < 0xa0) || (b[0] == 0xd8 && b[1] == 0x9c);
	if (len != 3 || b[0] != 0xe2)
		return false;
	return (b[1] == 0x80 && (b[2] == 0x8e || b[2] == 0x8f || (b[2] >= 0xa8 && b[2] <= 0xae))) ||
	       (b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9);
}

void lkb_utf8_show(struct lkb_str *out, const void *p, size_t n, bool lines)
{
	const uint8_t *b = p, *end = b + n;

	while (b < end) {
		size_t len = lkb_utf8_len(b, (size_t)(end - b)), i;

		if (len && (!is_control(b, len) || (lines && (*b == '\t' || *b == '\n')))) {
			lkb_str_addn(out, b, len);
			b += len;
			continue;
		}
		for (i = 0; i < (len ? len : 1); i++)
			lkb_str_addf(out, "\\x%02x", *b++);
	}
}
