/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/ext/yaml_priv.h"

/* What a file may start with: UTF-8 with or without its mark; UTF-16 with one, as some editors
 * write it. */

/* One unit of UTF-16 at `at`. */
static unsigned unit_at(const unsigned char *at, bool big)
{
	return big ? (unsigned)(at[0] << 8 | at[1]) : (unsigned)(at[1] << 8 | at[0]);
}

static bool is_high(unsigned unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(unsigned unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

static char *put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* `len` bytes without the mark; `to` has room for three bytes a unit. */
static int from_utf16(const unsigned char *s, size_t len, bool big, char *to, size_t *ret_len,
		      const char *name, struct lkb_error *err)
{
	unsigned line = 1, column = 1;
	char *start = to;

	for (size_t i = 0; i < len; i += 2) {
		unsigned c = len - i >= 2 ? unit_at(s + i, big) : 0xdc00;
		unsigned next = len - i >= 4 ? unit_at(s + i + 2, big) : 0;

		if (is_low(c) || (is_high(c) && !is_low(next))) {
			lkb_fail(err, LKB_INPUT, "the text is not UTF-16: half a character");
			lkb_hint(err, "save the file as UTF-8");
			return lkb_at(err, name, line, column);
		}
		if (is_high(c)) {
			c = 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00);
			i += 2;
		}
		to = put_utf8(to, c);
		column = c == '\n' ? 1 : column + 1;
		line += c == '\n';
	}
	*ret_len = (size_t)(to - start);
	return 0;
}

int lkb_yaml_decode(const char **text, size_t *len, const char *name, struct lkb_arena *arena,
		    struct lkb_error *err)
{
	const unsigned char *s = (const unsigned char *)*text;
	size_t n = 0;
	char *to;

	if (*len >= 3 && !memcmp(s, "\xef\xbb\xbf", 3)) {
		*text += 3;
		*len -= 3;
	}
	if (*len < 2 || (memcmp(s, "\xff\xfe", 2) && memcmp(s, "\xfe\xff", 2)))
		return 0;
	to = lkb_arena_array(arena, *len / 2 + 1, 3);
	if (from_utf16(s + 2, *len - 2, s[0] == 0xfe, to, &n, name, err))
		return -1;
	*text = to;
	*len = n;
	return 0;
}
