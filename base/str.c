/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void lkb_str_clear(struct lkb_str *s)
{
	free(s->s);
	memset(s, 0, sizeof(*s));
}

static void make_room(struct lkb_str *s, size_t more)
{
	size_t cap = s->cap ? s->cap : 64;

	if (more < s->cap - s->len)
		return;
	while (cap - s->len <= more && cap <= SIZE_MAX / 2)
		cap = 2 * cap;
	s->s = lkb_realloc_array(s->s, cap, 1);
	s->cap = cap;
}

void lkb_str_addn(struct lkb_str *s, const void *bytes, size_t n)
{
	make_room(s, n);
	if (n)
		memcpy(s->s + s->len, bytes, n);
	s->len += n;
	s->s[s->len] = '\0';
}

void lkb_str_add(struct lkb_str *s, const char *text)
{
	lkb_str_addn(s, text, strlen(text));
}

void lkb_str_addc(struct lkb_str *s, char c)
{
	lkb_str_addn(s, &c, 1);
}

void lkb_str_vaddf(struct lkb_str *s, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return;
	make_room(s, (size_t)n);
	vsnprintf(s->s + s->len, (size_t)n + 1, fmt, ap);
	s->len += (size_t)n;
}

void lkb_str_addf(struct lkb_str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	lkb_str_vaddf(s, fmt, ap);
	va_end(ap);
}

const char *lkb_str_get(const struct lkb_str *s)
{
	return s->s ? s->s : "";
}

char *lkb_str_take(struct lkb_str *s)
{
	char *text = s->s ? s->s : lkb_strdup("");

	memset(s, 0, sizeof(*s));
	return text;
}

char *lkb_format(const char *fmt, ...)
{
	struct lkb_str s = {0};
	va_list ap;

	va_start(ap, fmt);
	lkb_str_vaddf(&s, fmt, ap);
	va_end(ap);
	return lkb_str_take(&s);
}

bool lkb_starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool lkb_ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !memcmp(s + n - m, suffix, m);
}

#define WORD_MAX 64

/* Optimal string alignment: insert, delete, change, and swap of neighbours cost 1 each. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t n = strlen(a), m = strlen(b), i, j;

	for (j = 0; j <= m; j++)
		rows[0][j] = j;
	for (i = 1; i <= n; i++) {
		size_t *now = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		now[0] = i;
		for (j = 1; j <= m; j++) {
			size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < best)
				best = up2[j - 2] + 1;
			now[j] = best;
		}
	}
	return rows[n % 3][m];
}

const char *lkb_did_you_mean(const char *word, const char *const *candidates, size_t n)
{
	size_t best = SIZE_MAX, len = strlen(word), i;
	const char *found = NULL;

	if (!len || len > WORD_MAX)
		return NULL;
	for (i = 0; i < n; i++) {
		size_t d;

		if (strlen(candidates[i]) > WORD_MAX)
			continue;
		d = edit_distance(word, candidates[i]);
		if (d < best) {
			best = d;
			found = candidates[i];
		}
	}
	return best <= (len + 2) / 3 ? found : NULL;
}
