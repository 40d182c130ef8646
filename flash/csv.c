/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/utf8.h"
#include "flash/csv_priv.h"
#include "flash/stations.h"

static void drop_fields(struct lkb_csv *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->fields[i].text);
	c->n = 0;
}

void lkb_csv_clear(struct lkb_csv *c)
{
	drop_fields(c);
	free(LKB_STEAL(c->fields));
	c->cap = 0;
}

static int bad(const struct lkb_csv *c, struct lkb_error *err, const char *what)
{
	lkb_fail(err, LKB_INPUT, "%s", what);
	return lkb_at(err, c->name, c->line, c->column);
}

static bool at_end(const struct lkb_csv *c)
{
	return c->at == c->end;
}

/* LF or CRLF. */
static size_t line_end(const struct lkb_csv *c)
{
	if (!at_end(c) && *c->at == '\n')
		return 1;
	return c->end - c->at >= 2 && c->at[0] == '\r' && c->at[1] == '\n' ? 2 : 0;
}

static void step(struct lkb_csv *c, size_t n)
{
	c->column++;
	if (c->at[n - 1] == '\n') {
		c->line++;
		c->column = 1;
	}
	c->at += n;
}

/* Appends the next character to a field. */
static int take(struct lkb_csv *c, struct lkb_str *text, struct lkb_error *err)
{
	size_t n = lkb_utf8_len(c->at, (size_t)(c->end - c->at));

	if (!n || !*c->at)
		return bad(c, err, "a byte that is no UTF-8 text");
	lkb_str_addn(text, c->at, n);
	step(c, n);
	return 0;
}

static int read_quoted(struct lkb_csv *c, struct lkb_str *text, struct lkb_error *err)
{
	const struct lkb_csv begin = *c;

	step(c, 1);
	for (;;) {
		if (at_end(c))
			return bad(&begin, err, "these quotes have no end");
		if (*c->at != '"') {
			if (take(c, text, err))
				return -1;
			continue;
		}
		step(c, 1);
		if (at_end(c) || *c->at != '"')
			break;
		lkb_str_addc(text, '"');
		step(c, 1);
	}
	if (at_end(c) || *c->at == ',' || line_end(c))
		return 0;
	bad(c, err, "text behind the quotes");
	return lkb_hint(err, "quotes inside of quotes are written twice");
}

static int read_plain(struct lkb_csv *c, struct lkb_str *text, struct lkb_error *err)
{
	while (!at_end(c) && *c->at != ',' && !line_end(c)) {
		if (*c->at == '"') {
			bad(c, err, "quotes in a field that does not begin with them");
			return lkb_hint(err, "put the whole field in quotes, and write those in it "
					     "twice");
		}
		if (take(c, text, err))
			return -1;
	}
	return 0;
}

static int read_field(struct lkb_csv *c, struct lkb_error *err)
{
	struct lkb_csv_field f = {.line = c->line, .column = c->column};
	lkb_autostr text = {0};
	bool quoted = !at_end(c) && *c->at == '"';

	if (c->n == LKB_STATIONS_COLUMNS_MAX)
		return bad(c, err, "too many fields");
	if ((quoted ? read_quoted : read_plain)(c, &text, err))
		return -1;
	f.text = lkb_str_take(&text);
	LKB_GROW(c->fields, c->n, c->cap);
	c->fields[c->n++] = f;
	return 0;
}

static void begin(struct lkb_csv *c)
{
	static const char mark[] = "\xef\xbb\xbf";

	if (c->end - c->at >= 3 && !memcmp(c->at, mark, 3))
		c->at += 3;
	c->line = c->column = 1;
}

int lkb_csv_next(struct lkb_csv *c, struct lkb_error *err)
{
	size_t n;

	drop_fields(c);
	if (!c->line)
		begin(c);
	while ((n = line_end(c)))
		step(c, n);
	if (at_end(c))
		return 0;
	for (;;) {
		if (read_field(c, err))
			return -1;
		if (at_end(c))
			return 1;
		n = line_end(c);
		step(c, n ? n : 1);
		if (n)
			return 1;
	}
}
