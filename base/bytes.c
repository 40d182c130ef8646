/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <string.h>

bool lkb_is_zero(const void *p, size_t n)
{
	const uint8_t *b = p;
	size_t head = n < 16 ? n : 16, i;

	for (i = 0; i < head; i++)
		if (b[i])
			return false;
	/* The rest equals what stands 16 bytes before it, which is zero. */
	return n <= 16 || !memcmp(b, b + 16, n - 16);
}

void lkb_hex(const void *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * n] = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool lkb_unhex(const char *hex, void *out, size_t n)
{
	uint8_t *b = out;
	size_t i;

	for (i = 0; i < n; i++) {
		int high = digit(hex[2 * i]);
		int low = high < 0 ? -1 : digit(hex[2 * i + 1]);

		if (low < 0)
			return false;
		b[i] = (uint8_t)(high << 4 | low);
	}
	return hex[2 * n] == '\0';
}
