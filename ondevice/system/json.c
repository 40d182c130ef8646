/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/json.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

#define MAX_DEPTH 32
#define MAX_VALUES 65536

struct reader {
	const char *start, *p, *end;
	struct lkb_arena *arena;
	size_t values;
	struct lkb_error *err;
};

static int fail(struct reader *r, const char *what)
{
	size_t line = 1;
	const char *p;

	for (p = r->start; p < r->p; p++)
		line += *p == '\n';
	return lkb_fail(r->err, LKB_INPUT, "line %zu: %s", line, what);
}

static void skip_blanks(struct reader *r)
{
	while (r->p < r->end && strchr(" \t\r\n", *r->p) && *r->p)
		r->p++;
}

static bool take(struct reader *r, char c)
{
	if (r->p >= r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n))
		return false;
	r->p += n;
	return true;
}

static int read_hex4(struct reader *r, uint32_t *ret)
{
	uint32_t v = 0;
	int i;

	for (i = 0; i < 4; i++, r->p++) {
		static const char digits[] = "0123456789abcdefABCDEF";
		const char *d = r->p < r->end ? memchr(digits, *r->p, 22) : NULL;
		uint32_t n;

		if (!d)
			return fail(r, "\\u wants four hex digits");
		n = (uint32_t)(d - digits);
		v = v << 4 | (n < 16 ? n : n - 6);
	}
	*ret = v;
	return 0;
}

static void add_utf8(struct lkb_str *s, uint32_t c)
{
	if (c < 0x80) {
		lkb_str_addc(s, (char)c);
	} else if (c < 0x800) {
		lkb_str_addc(s, (char)(0xc0 | c >> 6));
		lkb_str_addc(s, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		lkb_str_addc(s, (char)(0xe0 | c >> 12));
		lkb_str_addc(s, (char)(0x80 | (c >> 6 & 0x3f)));
		lkb_str_addc(s, (char)(0x80 | (c & 0x3f)));
	} else {
		lkb_str_addc(s, (char)(0xf0 | c >> 18));
		lkb_str_addc(s, (char)(0x80 | (c >> 12 & 0x3f)));
		lkb_str_addc(s, (char)(0x80 | (c >> 6 & 0x3f)));
		lkb_str_addc(s, (char)(0x80 | (c & 0x3f)));
	}
}

static int read_unicode(struct reader *r, struct lkb_str *s)
{
	uint32_t c, low;

	if (read_hex4(r, &c))
		return -1;
	if (!c)
		return fail(r, "a string holds a NUL");
	if (c >= 0xdc00 && c <= 0xdfff)
		return fail(r, "half a surrogate pair");
	if (c >= 0xd800 && c <= 0xdbff) {
		if (!take_word(r, "\\u"))
			return fail(r, "half a surrogate pair");
		if (read_hex4(r, &low))
			return -1;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(r, "half a surrogate pair");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	add_utf8(s, c);
	return 0;
}

static int read_escape(struct reader *r, struct lkb_str *s)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (take(r, 'u'))
		return read_unicode(r, s);
	at = r->p < r->end ? memchr(names, *r->p, sizeof(names) - 1) : NULL;
	if (!at)
		return fail(r, "unknown escape in a string");
	lkb_str_addc(s, values[at - names]);
	r->p++;
	return 0;
}

static int read_string(struct reader *r, const char **ret)
{
	lkb_autostr s = {0};

	if (!take(r, '"'))
		return fail(r, "a string was expected");
	while (!take(r, '"')) {
		if (r->p >= r->end)
			return fail(r, "the end comes within a string");
		if ((unsigned char)*r->p < 0x20)
			return fail(r, "a control character in a string");
		if (!take(r, '\\'))
			lkb_str_addc(&s, *r->p++);
		else if (read_escape(r, &s))
			return -1;
	}
	*ret = lkb_arena_strndup(r->arena, lkb_str_get(&s), s.len);
	return 0;
}

static size_t take_digits(struct reader *r)
{
	const char *start = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return (size_t)(r->p - start);
}

static int read_number(struct reader *r, struct lkb_json *v)
{
	const char *start = r->p;
	bool leading_zero;
	size_t n;

	take(r, '-');
	leading_zero = r->p < r->end && *r->p == '0';
	n = take_digits(r);
	if (!n || (leading_zero && n > 1))
		return fail(r, "this is no value");
	if (take(r, '.') && !take_digits(r))
		return fail(r, "a digit was expected behind '.'");
	if (take(r, 'e') || take(r, 'E')) {
		if (!take(r, '+'))
			take(r, '-');
		if (!take_digits(r))
			return fail(r, "a digit was expected in the exponent");
	}
	v->type = LKB_JSON_NUMBER;
	v->text = lkb_arena_strndup(r->arena, start, (size_t)(r->p - start));
	return 0;
}

static int read_value(struct reader *r, unsigned depth, struct lkb_json **ret);

static int read_key(struct reader *r, const char **ret)
{
	skip_blanks(r);
	if (read_string(r, ret))
		return -1;
	skip_blanks(r);
	return take(r, ':') ? 0 : fail(r, "':' was expected");
}

/* What stands between the brackets of an array or object. */
static int read_members(struct reader *r, struct lkb_json *v, char close, unsigned depth)
{
	const struct lkb_json **link = &v->first;

	if (depth >= MAX_DEPTH)
		return fail(r, "nested too deeply");
	skip_blanks(r);
	if (take(r, close))
		return 0;
	for (;;) {
		struct lkb_json *member;
		const char *key = NULL;

		if (v->type == LKB_JSON_OBJECT && read_key(r, &key))
			return -1;
		if (read_value(r, depth + 1, &member))
			return -1;
		member->key = key;
		*link = member;
		link = &member->next;
		skip_blanks(r);
		if (take(r, close))
			return 0;
		if (!take(r, ','))
			return fail(r, "',' or a closing bracket was expected");
	}
}

static int read_value(struct reader *r, unsigned depth, struct lkb_json **ret)
{
	struct lkb_json *v;

	if (++r->values > MAX_VALUES)
		return fail(r, "too many values");
	v = lkb_arena_alloc(r->arena, sizeof(*v));
	*ret = v;
	skip_blanks(r);
	if (take(r, '{')) {
		v->type = LKB_JSON_OBJECT;
		return read_members(r, v, '}', depth);
	}
	if (take(r, '[')) {
		v->type = LKB_JSON_ARRAY;
		return read_members(r, v, ']', depth);
	}
	if (r->p < r->end && *r->p == '"') {
		v->type = LKB_JSON_STRING;
		return read_string(r, &v->text);
	}
	if (take_word(r, "null"))
		return 0;
	v->type = LKB_JSON_BOOL;
	v->truth = take_word(r, "true");
	if (v->truth || take_word(r, "false"))
		return 0;
	return read_number(r, v);
}

int lkb_json_parse(const char *text, size_t len, struct lkb_arena *arena,
		   const struct lkb_json **ret, struct lkb_error *err)
{
	struct reader r = {.start = text, .p = text, .end = text + len, .arena = arena, .err = err};
	struct lkb_json *v;

	if (read_value(&r, 0, &v))
		return -1;
	skip_blanks(&r);
	if (r.p != r.end)
		return fail(&r, "something stands behind the end");
	*ret = v;
	return 0;
}

const struct lkb_json *lkb_json_get(const struct lkb_json *v, const char *key)
{
	const struct lkb_json *m, *found = NULL;

	if (!v || v->type != LKB_JSON_OBJECT)
		return NULL;
	for (m = v->first; m; m = m->next)
		if (!strcmp(m->key, key))
			found = m;
	return found;
}

const char *lkb_json_string(const struct lkb_json *v, const char *key)
{
	const struct lkb_json *m = lkb_json_get(v, key);

	return m && m->type == LKB_JSON_STRING ? m->text : "";
}

const struct lkb_json *lkb_json_items(const struct lkb_json *v, const char *key)
{
	const struct lkb_json *m = lkb_json_get(v, key);

	return m && m->type == LKB_JSON_ARRAY ? m->first : NULL;
}
