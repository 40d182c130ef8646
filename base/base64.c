/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

/* The six bits a character stands for; 64 or more: none. */
static unsigned value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Four characters to n (1 to 3) bytes. */
static bool decode_group(const char *text, size_t n, uint8_t *ret)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		unsigned v = i <= n ? value_of(text[i]) : text[i] == '=' ? 0 : 64;

		if (v >= 64)
			return false;
		bits = bits << 6 | v;
	}
	for (size_t i = 0; i < n; i++)
		ret[i] = (uint8_t)(bits >> (16 - 8 * i));
	return !(bits & ((1u << (24 - 8 * n)) - 1));
}

bool lkb_base64_decode(const char *text, size_t len, struct lkb_str *ret)
{
	lkb_autostr out = {0};

	if (len % 4)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		bool last = i + 4 == len;
		size_t n = last && text[i + 3] == '=' ? (text[i + 2] == '=' ? 1 : 2) : 3;
		uint8_t bytes[3];

		if (!decode_group(text + i, n, bytes))
			return false;
		lkb_str_addn(&out, bytes, n);
	}
	lkb_str_addn(ret, lkb_str_get(&out), out.len);
	return true;
}
