/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "cmd/cmd.h"

static const struct lkb_opt *by_letter(const struct lkb_opt *rows, size_t n, char letter)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rows[i].letter && rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

static const struct lkb_opt *by_name(const struct lkb_opt *rows, size_t n, const char *name,
				     size_t len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(rows[i].name) == len && !memcmp(rows[i].name, name, len))
			return &rows[i];
	return NULL;
}

/* The option that stands before the command, or NULL. */
static const struct lkb_opt *global(const char *text, const char *name)
{
	const struct lkb_opt *rows = lkb_global_options;
	size_t n = lkb_n_global_options;

	if (text[1] == '-')
		return by_name(rows, n, name, strlen(name));
	return name[1] ? NULL : by_letter(rows, n, *name);
}

static int unknown(const struct lkb_opt *rows, size_t n, const char *text, const char *name,
		   struct lkb_error *err)
{
	const char **names = lkb_alloc_array(n, sizeof(*names));
	lkb_autofree char *bare = lkb_strndup(name, strcspn(name, "="));
	const struct lkb_opt *before = rows == lkb_global_options ? NULL : global(text, bare);
	const char *near;
	size_t i;

	for (i = 0; i < n; i++)
		names[i] = rows[i].name;
	near = lkb_did_you_mean(bare, names, n);
	free(names);
	lkb_fail(err, LKB_USAGE, "unknown option '%s'", text);
	if (before)
		return lkb_hint(err, "it stands before the command: lkboard --%s%s%s COMMAND",
				before->name, before->arg ? " " : "",
				before->arg ? before->arg : "");
	if (near)
		lkb_hint(err, "did you mean '--%s'?", near);
	return lkb_hint(err, "--help lists the options");
}

static int set(const struct lkb_opt *row, void *options, const char *value, struct lkb_error *err)
{
	void *field = (char *)options + row->offset;
	uint64_t number;

	switch (row->type) {
	case LKB_OPT_FLAG:
		*(bool *)field = true;
		return 0;
	case LKB_OPT_STRING:
		*(const char **)field = value;
		return 0;
	case LKB_OPT_LIST:
		lkb_strv_add(field, value);
		return 0;
	case LKB_OPT_UINT:
		if (!lkb_u64_parse(value, &number) || number > 1000000)
			return lkb_fail(err, LKB_USAGE, "'--%s %s': not a number from 0 to 1000000",
					row->name, value);
		*(unsigned *)field = (unsigned)number;
		return 0;
	}
	return lkb_fail(err, LKB_BUG, "option '--%s' has no type", row->name);
}

struct scan {
	const struct lkb_opt *rows;
	size_t n_rows;
	void *options;
	char **args;
	size_t n, at;
};

/* The value of an option: what follows "=" or the letter, else the next argument. */
static int take(struct scan *s, const struct lkb_opt *row, const char *attached,
		struct lkb_error *err)
{
	if (row->type == LKB_OPT_FLAG) {
		if (attached)
			return lkb_fail(err, LKB_USAGE, "'--%s' takes no value", row->name);
		return set(row, s->options, NULL, err);
	}
	if (attached)
		return set(row, s->options, attached, err);
	if (s->at >= s->n)
		return lkb_fail(err, LKB_USAGE, "'--%s' needs a value: %s", row->name, row->arg);
	return set(row, s->options, s->args[s->at++], err);
}

static int long_option(struct scan *s, const char *arg, struct lkb_error *err)
{
	const char *name = arg + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct lkb_opt *row = by_name(s->rows, s->n_rows, name, len);

	if (!row)
		return unknown(s->rows, s->n_rows, arg, name, err);
	return take(s, row, equals ? equals + 1 : NULL, err);
}

static int short_options(struct scan *s, const char *arg, struct lkb_error *err)
{
	const char *p;

	for (p = arg + 1; *p; p++) {
		const struct lkb_opt *row = by_letter(s->rows, s->n_rows, *p);

		if (!row)
			return unknown(s->rows, s->n_rows, arg, arg + 1, err);
		if (row->type != LKB_OPT_FLAG)
			return take(s, row, p[1] ? p + 1 : NULL, err);
		if (take(s, row, NULL, err))
			return -1;
	}
	return 0;
}

int lkb_opt_parse(const struct lkb_opt *rows, size_t n_rows, void *options, char **args, size_t n,
		  bool stop_at_operand, size_t *ret_n, struct lkb_error *err)
{
	struct scan s = {rows, n_rows, options, args, n, 0};
	size_t kept = 0;
	bool only_operands = false;

	while (s.at < n) {
		char *arg = args[s.at++];

		if (!only_operands && !strcmp(arg, "--")) {
			only_operands = true;
		} else if (only_operands || arg[0] != '-' || !arg[1]) {
			args[kept++] = arg;
			only_operands |= stop_at_operand;
		} else if ((arg[1] == '-' ? long_option : short_options)(&s, arg, err)) {
			return -1;
		}
	}
	*ret_n = kept;
	return 0;
}

void lkb_opt_clear(const struct lkb_opt *rows, size_t n_rows, void *options)
{
	size_t i;

	for (i = 0; i < n_rows; i++)
		if (rows[i].type == LKB_OPT_LIST)
			lkb_strv_clear((struct lkb_strv *)((char *)options + rows[i].offset));
}
