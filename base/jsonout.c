/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonout.h"

#include <inttypes.h>

static bool is_flat(const struct lkb_jsonout *j)
{
	return j->flat && j->depth >= j->flat;
}

static void newline(struct lkb_jsonout *j)
{
	lkb_str_addc(&j->text, '\n');
	for (unsigned i = 0; i < j->depth; i++)
		lkb_str_add(&j->text, "    ");
}

static bool needs_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

static void escaped(struct lkb_jsonout *j, unsigned char c)
{
	if (c == '"' || c == '\\')
		lkb_str_addf(&j->text, "\\%c", c);
	else if (c == '\n')
		lkb_str_add(&j->text, "\\n");
	else if (c == '\t')
		lkb_str_add(&j->text, "\\t");
	else
		lkb_str_addf(&j->text, "\\u%04x", c);
}

static void quoted(struct lkb_jsonout *j, const char *text)
{
	lkb_str_addc(&j->text, '"');
	while (*text) {
		size_t n = 0;

		while (text[n] && !needs_escape((unsigned char)text[n]))
			n++;
		lkb_str_addn(&j->text, text, n);
		text += n;
		if (*text)
			escaped(j, (unsigned char)*text++);
	}
	lkb_str_addc(&j->text, '"');
}

/* What stands before every value: comma, place, key. */
static void begin(struct lkb_jsonout *j, const char *key)
{
	if (j->filled)
		lkb_str_addc(&j->text, ',');
	if (j->depth && !is_flat(j))
		newline(j);
	else if (j->filled)
		lkb_str_addc(&j->text, ' ');
	if (key) {
		quoted(j, key);
		lkb_str_add(&j->text, ": ");
	}
	j->filled = true;
}

void lkb_jsonout_open(struct lkb_jsonout *j, const char *key, char bracket)
{
	begin(j, key);
	lkb_str_addc(&j->text, bracket);
	j->depth++;
	j->filled = false;
}

void lkb_jsonout_close(struct lkb_jsonout *j, char bracket)
{
	bool flat = is_flat(j);

	j->depth--;
	if (j->filled && !flat)
		newline(j);
	lkb_str_addc(&j->text, bracket);
	j->filled = true;
}

void lkb_jsonout_string(struct lkb_jsonout *j, const char *key, const char *value)
{
	begin(j, key);
	quoted(j, value);
}

void lkb_jsonout_strings(struct lkb_jsonout *j, const char *key, const char *const *values,
			 size_t n)
{
	lkb_jsonout_open(j, key, '[');
	for (size_t i = 0; i < n; i++)
		lkb_jsonout_string(j, NULL, values[i]);
	lkb_jsonout_close(j, ']');
}

void lkb_jsonout_int(struct lkb_jsonout *j, const char *key, int64_t value)
{
	begin(j, key);
	lkb_str_addf(&j->text, "%" PRId64, value);
}

void lkb_jsonout_uint(struct lkb_jsonout *j, const char *key, uint64_t value)
{
	begin(j, key);
	lkb_str_addf(&j->text, "%" PRIu64, value);
}

void lkb_jsonout_bool(struct lkb_jsonout *j, const char *key, bool value)
{
	begin(j, key);
	lkb_str_add(&j->text, value ? "true" : "false");
}
