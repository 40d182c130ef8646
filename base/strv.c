/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

void lkb_strv_clear(struct lkb_strv *v)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		free(v->items[i]);
	free(v->items);
	memset(v, 0, sizeof(*v));
}

static void add_taken(struct lkb_strv *v, char *text)
{
	LKB_GROW(v->items, v->n + 1, v->cap);
	v->items[v->n++] = text;
	v->items[v->n] = NULL;
}

void lkb_strv_add(struct lkb_strv *v, const char *text)
{
	add_taken(v, lkb_strdup(text));
}

void lkb_strv_addf(struct lkb_strv *v, const char *fmt, ...)
{
	struct lkb_str s = {0};
	va_list ap;

	va_start(ap, fmt);
	lkb_str_vaddf(&s, fmt, ap);
	va_end(ap);
	add_taken(v, lkb_str_take(&s));
}

bool lkb_strv_has(const struct lkb_strv *v, const char *text)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (!strcmp(v->items[i], text))
			return true;
	return false;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void lkb_strv_sort(struct lkb_strv *v)
{
	if (v->n > 1)
		qsort(v->items, v->n, sizeof(*v->items), by_bytes);
}
