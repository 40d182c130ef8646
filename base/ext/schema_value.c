/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "base/cleanup.h"
#include "base/ext/schema_priv.h"
#include "base/size.h"
#include "base/str.h"

#define MAX_ID 4294967294 /* the kernel keeps (uid_t)-1 for itself */

/* What a value must be and is not; the key's own hint goes before the type's. */
static bool wrong(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
		  const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
		  const char *hint, const char *which)
{
	lkb_schema_fault(r, path, node, key->hint ? key->hint : hint, "is '%s', which %s",
			 lkb_schema_shown(node->text).s, which);
	return false;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static bool parse_digits(const char *s, int base, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		uint64_t d = (uint64_t)digit_of(*s);

		if (d >= (uint64_t)base || v > (max - d) / (uint64_t)base)
			return false;
		v = v * (uint64_t)base + d;
	}
	*ret = v;
	return true;
}

/* YAML has 1_000 for a thousand. */
static bool drop_underscores(const char *s, char *ret, size_t size)
{
	size_t n = 0;

	if (*s == '_')
		return false;
	for (; *s; s++) {
		if (*s == '_')
			continue;
		if (n + 1 >= size)
			return false;
		ret[n++] = *s;
	}
	ret[n] = '\0';
	return true;
}

/* An integer as YAML writes it: 10, -10, 1_000, 0x0a, 0o12, 012, 0b1010. */
static bool parse_int(const char *s, int64_t *ret)
{
	bool negative = *s == '-';
	char text[72], *digits = text;
	int base = 10;
	uint64_t v;

	if (*s == '-' || *s == '+')
		s++;
	if (!drop_underscores(s, text, sizeof(text)))
		return false;
	if (digits[0] == '0' && digits[1] && strchr("xob", digits[1])) {
		base = digits[1] == 'x' ? 16 : digits[1] == 'o' ? 8 : 2;
		digits += 2;
	} else if (digits[0] == '0' && digits[1]) {
		base = 8;
		digits++;
	}
	if (!parse_digits(digits, base, (uint64_t)INT64_MAX, &v))
		return false;
	*ret = negative ? -(int64_t)v : (int64_t)v;
	return true;
}

static bool out_of_range(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			 const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
			 const char *hint)
{
	if (key->max == INT64_MAX)
		lkb_schema_fault(r, path, node, hint, "is %s, which is less than %lld", node->text,
				 (long long)key->min);
	else
		lkb_schema_fault(r, path, node, hint,
				 "is %s, which is not between %lld and %lld", node->text,
				 (long long)key->min, (long long)key->max);
	return false;
}

static bool read_int(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
		     const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
		     struct lkb_opt_int *field)
{
	bool bounded = key->min || key->max, number;
	lkb_autostr hint = { 0 };
	int64_t v = 0;

	number = parse_int(node->text, &v);
	if (number && node->plain && !v && (key->flags & LKB_KEY_ZERO))
		return true;
	if (number && node->plain && (!bounded || (v >= key->min && v <= key->max))) {
		*field = (struct lkb_opt_int){ .set = true, .v = v };
		return true;
	}
	lkb_schema_hint_number(key, &hint);
	if (!number)
		return wrong(r, key, node, path, hint.s, "is no whole number");
	if (!node->plain) {
		lkb_schema_fault(r, path, node, "write the number without quotes",
				 "is '%s', which is text", node->text);
		return false;
	}
	return out_of_range(r, key, node, path, key->hint ? key->hint : hint.s);
}

static bool read_bool(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
		      const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
		      enum lkb_tristate *field)
{
	static const char *const yes[] = { "true", "yes", "on", "y" };
	static const char *const no[] = { "false", "no", "off", "n" };
	static const char *const exact[] = { "true", "True", "TRUE", "false", "False", "FALSE" };
	const char *hint = "write true or false";

	for (size_t i = 0; node->plain && i < LKB_ARRAY_SIZE(exact); i++) {
		if (!strcmp(node->text, exact[i])) {
			*field = i < 3 ? LKB_YES : LKB_NO;
			return true;
		}
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(yes); i++) {
		if (!strcasecmp(node->text, yes[i]))
			hint = node->plain ? "write true" : "write true, without quotes";
		if (!strcasecmp(node->text, no[i]))
			hint = node->plain ? "write false" : "write false, without quotes";
	}
	return wrong(r, key, node, path, hint, "is neither true nor false");
}

static bool read_mode(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
		      const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
		      struct lkb_opt_int *field)
{
	const char *s = node->text;
	uint64_t v;

	if (lkb_starts_with(s, "0o"))
		s += 2;
	if (!parse_digits(s, 8, 07777, &v))
		return wrong(r, key, node, path, "a mode is written like \"0644\"",
			     "is no octal mode");
	*field = (struct lkb_opt_int){ .set = true, .v = (int64_t)v };
	return true;
}

static bool read_size(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
		      const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
		      struct lkb_opt_int *field)
{
	uint64_t v;

	if (!lkb_size_parse(node->text, &v))
		return wrong(r, key, node, path, "a size is written like 64MiB or 2GiB",
			     "is no size");
	*field = (struct lkb_opt_int){ .set = true, .v = (int64_t)v };
	return true;
}

/* A number, which YAML may write in octal or hex, becomes decimal text; anything that does not
 * start like a number is a name. */
static bool read_id(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
		    const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
		    const char **field)
{
	char c = node->text[0];
	int64_t v;

	if (c != '-' && c != '+' && (c < '0' || c > '9')) {
		*field = node->text;
		return true;
	}
	if (!parse_int(node->text, &v) || v < 0 || v > MAX_ID)
		return wrong(r, key, node, path, "write a number from 0 to 4294967294, or a name",
			     "is neither a name nor a number from 0 to 4294967294");
	*field = lkb_arena_format(r->arena, "%lld", (long long)v);
	return true;
}

static void add_choices(struct lkb_str *s, const char *const *choices)
{
	for (size_t i = 0; choices[i]; i++) {
		if (i)
			lkb_str_add(s, choices[i + 1] ? ", " : " or ");
		lkb_str_add(s, choices[i]);
	}
}

/* The same in another case, the end of one (NET_ADMIN of CAP_NET_ADMIN), or one that looks like
 * it. */
static const char *nearest(const char *word, const char *const *choices, size_t n)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < n; i++) {
		size_t whole = strlen(choices[i]);

		if (!strcasecmp(word, choices[i]) ||
		    (len >= 3 && whole > len && choices[i][whole - len - 1] == '_' &&
		     !strcasecmp(word, choices[i] + whole - len)))
			return choices[i];
	}
	return len > 1 ? lkb_did_you_mean(word, choices, n) : NULL;
}

static bool check_choice(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			 const struct lkb_yaml_node *node, const struct lkb_schema_path *path)
{
	lkb_autostr hint = { 0 };
	const char *near = NULL;
	size_t n = 0;

	for (; key->choices[n]; n++)
		if (!strcmp(node->text, key->choices[n]))
			return true;
	if (lkb_schema_shows(r))
		near = nearest(node->text, key->choices, n);
	if (near)
		lkb_str_addf(&hint, "did you mean '%s'?", near);
	else
		lkb_str_add(&hint, key->hint ? key->hint : "it is one of ");
	if (!near && !key->hint)
		add_choices(&hint, key->choices);
	lkb_schema_fault(r, path, node, hint.s, "is '%s', which is not known",
			 lkb_schema_shown(node->text).s);
	return false;
}

static bool read_string(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
			const char **field)
{
	const char *which;

	if ((key->flags & LKB_KEY_NONEMPTY) && !node->text_len) {
		lkb_schema_fault(r, path, node, lkb_schema_hint_empty(key, !path->key),
				 "is empty");
		return false;
	}
	if (key->choices && !check_choice(r, key, node, path))
		return false;
	which = key->check ? key->check(node->text) : NULL;
	if (which)
		return wrong(r, key, node, path, NULL, which);
	*field = node->text;
	return true;
}

bool lkb_schema_read_scalar(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			    enum lkb_schema_type type, const struct lkb_yaml_node *node,
			    const struct lkb_schema_path *path, void *field)
{
	lkb_autostr hint = { 0 };

	if (node->type != LKB_YAML_SCALAR) {
		lkb_schema_hint_scalar(node, &hint);
		lkb_schema_fault(r, path, node, hint.s, "must be %s, not %s",
				 type == LKB_T_BOOL ? "true or false"
				 : type == LKB_T_INT ? "a number" : "text",
				 lkb_yaml_kind(node));
		return false;
	}
	if (strlen(node->text) != node->text_len) {
		lkb_schema_fault(r, path, node, "remove the '\\0'", "holds a NUL character");
		return false;
	}
	switch (type) {
	case LKB_T_BOOL:
		return read_bool(r, key, node, path, field);
	case LKB_T_INT:
		return read_int(r, key, node, path, field);
	case LKB_T_MODE:
		return read_mode(r, key, node, path, field);
	case LKB_T_SIZE:
		return read_size(r, key, node, path, field);
	case LKB_T_ID:
		return read_id(r, key, node, path, field);
	default:
		return read_string(r, key, node, path, field);
	}
}
