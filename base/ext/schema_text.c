/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "base/ext/schema_priv.h"
#include "base/str.h"

static void add_step(const struct lkb_schema_path *path, struct lkb_str *ret)
{
	if (!path->key)
		lkb_str_addf(ret, "[%zu]", path->index);
	else
		lkb_str_addf(ret, "%s%s", ret->len ? "." : "", lkb_schema_shown(path->key).s);
}

void lkb_schema_path_text(const struct lkb_schema_path *path, struct lkb_str *ret)
{
	if (!path->up)
		return;
	lkb_schema_path_text(path->up, ret);
	add_step(path, ret);
}

void lkb_schema_subject(const struct lkb_schema_path *path, struct lkb_str *ret)
{
	const struct lkb_schema_path *key = path;
	lkb_autostr object = { 0 };

	if (!path->up) {
		lkb_str_add(ret, "the file");
		return;
	}
	while (!key->key && key->up)
		key = key->up;
	lkb_str_addf(ret, "'%s", lkb_schema_shown(key->key).s);
	if (key != path)
		add_step(path, ret);
	lkb_str_add(ret, "'");
	lkb_schema_path_text(key->up, &object);
	if (object.len)
		lkb_str_addf(ret, " of %s", object.s);
}

static void add(struct lkb_diags *diags, enum lkb_severity severity, const struct lkb_pos *pos,
		const char *hint, const char *message)
{
	struct lkb_error what = { 0 };

	lkb_fail(&what, LKB_INPUT, "%s", message);
	if (hint)
		lkb_hint(&what, "%s", hint);
	lkb_at(&what, pos->file, pos->line, pos->column);
	lkb_diags_add(diags, severity, &what);
}

void lkb_schema_error(struct lkb_diags *diags, const struct lkb_pos *pos, const char *hint,
		      const char *fmt, ...)
{
	lkb_autostr message = { 0 };
	va_list ap;

	va_start(ap, fmt);
	lkb_str_vaddf(&message, fmt, ap);
	va_end(ap);
	add(diags, LKB_SEVERITY_ERROR, pos, hint, lkb_str_get(&message));
}

void lkb_schema_warning(struct lkb_diags *diags, const struct lkb_pos *pos, const char *hint,
			const char *fmt, ...)
{
	lkb_autostr message = { 0 };
	va_list ap;

	va_start(ap, fmt);
	lkb_str_vaddf(&message, fmt, ap);
	va_end(ap);
	add(diags, LKB_SEVERITY_WARNING, pos, hint, lkb_str_get(&message));
}

void lkb_schema_fault(struct lkb_schema_reader *r, const struct lkb_schema_path *path,
		      const struct lkb_yaml_node *node, const char *hint, const char *fmt, ...)
{
	struct lkb_pos pos = { .file = r->file, .line = node->line, .column = node->column };
	lkb_autostr message = { 0 };
	va_list ap;

	if (!lkb_schema_shows(r)) {
		lkb_diags_add(r->diags, LKB_SEVERITY_ERROR, &(struct lkb_error){ 0 });
		return;
	}
	lkb_schema_subject(path, &message);
	lkb_str_add(&message, " ");
	va_start(ap, fmt);
	lkb_str_vaddf(&message, fmt, ap);
	va_end(ap);
	add(r->diags, LKB_SEVERITY_ERROR, &pos, hint, lkb_str_get(&message));
}

/* Bytes of the character at s that may be shown as they are; 0 for control characters, of which
 * U+0080 to U+009F take two bytes. */
static size_t printable(const unsigned char *s)
{
	size_t n = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;

	if (*s < 0x20 || *s == 0x7f || (*s >= 0x80 && *s < 0xc2) ||
	    (*s == 0xc2 && s[1] < 0xa0))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

struct lkb_shown lkb_schema_shown(const char *text)
{
	const size_t room = sizeof(((struct lkb_shown *)0)->s) - sizeof("\\x00...");
	const unsigned char *s = (const unsigned char *)text;
	struct lkb_shown ret = { { 0 } };
	size_t at = 0;

	while (*s) {
		size_t n = printable(s);

		if (at + n > room) {
			memcpy(ret.s + at, "...", sizeof("..."));
			break;
		}
		if (n)
			memcpy(ret.s + at, s, n);
		else if (*s == '\n')
			memcpy(ret.s + at, "\\n", 2);
		else
			snprintf(ret.s + at, sizeof(ret.s) - at, "\\x%02x", *s);
		at += strlen(ret.s + at);
		s += n ? n : 1;
	}
	return ret;
}
