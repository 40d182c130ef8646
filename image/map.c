/* SPDX-License-Identifier: Apache-2.0 */
#include "image/map.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "image/map_priv.h"

void lkb_map_free(struct lkb_map *m)
{
	if (!m)
		return;
	free(m->partitions);
	free(m->named);
	free(m->ranges);
	lkb_arena_clear(&m->arena);
	free(m);
}

int lkb_map_read(const char *path, struct lkb_map **ret, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t len;

	if (lkb_read_file(path, LKB_MAP_TEXT_MAX, &text, &len, err) != 0)
		return -1;
	return lkb_map_parse(text, len, path, ret, err);
}

uint64_t lkb_map_count(const struct lkb_map *m, enum lkb_map_class class)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->n_ranges; i++) {
		if (m->ranges[i].class == class)
			sum += m->ranges[i].count;
	}
	return sum;
}

void lkb_map_list_add(struct lkb_map_list *l, struct lkb_arena *arena,
		      const struct lkb_map_range *r, const char *name)
{
	bool same = l->n > 0 && strcmp(l->items[l->n - 1].name, name) == 0;

	LKB_GROW(l->items, l->n, l->cap);
	l->items[l->n] = *r;
	l->items[l->n].name = same ? l->items[l->n - 1].name : lkb_arena_strdup(arena, name);
	l->n++;
}

void lkb_map_list_clear(struct lkb_map_list *l)
{
	free(l->items);
	*l = (struct lkb_map_list){0};
}

static int by_start(const void *a, const void *b)
{
	const struct lkb_map_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Adds a range to the end of `out`, as part of the last one where they are one. */
static void append(struct lkb_map_list *out, const struct lkb_map_range *r)
{
	struct lkb_map_range *last = out->n > 0 ? &out->items[out->n - 1] : NULL;

	if (last && r->class != LKB_MAP_DATA && last->class == r->class &&
	    strcmp(last->name, r->name) == 0) {
		last->count += r->count;
		return;
	}
	LKB_GROW(out->items, out->n, out->cap);
	out->items[out->n++] = *r;
}

static void append_gap(struct lkb_map_list *out, uint64_t start, uint64_t end)
{
	if (start < end)
		append(out, &(struct lkb_map_range){.class = LKB_MAP_FREE,
						    .start = start,
						    .count = end - start,
						    .name = ""});
}

void lkb_map_list_close(struct lkb_map_list *l, struct lkb_map *m)
{
	struct lkb_map_list out = {0};
	uint64_t next = 0;

	if (l->n > 0)
		qsort(l->items, l->n, sizeof(*l->items), by_start);
	for (size_t i = 0; i < l->n; i++) {
		append_gap(&out, next, l->items[i].start);
		append(&out, &l->items[i]);
		next = l->items[i].start + l->items[i].count;
	}
	append_gap(&out, next, m->size / LKB_MAP_BLOCK);
	m->ranges = out.items;
	m->n_ranges = out.n;
	lkb_map_list_clear(l);
}

/* Appends a name with what could break a line or its fields escaped. */
static void add_name(struct lkb_str *s, const char *name)
{
	for (const char *p = name; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '%' || c < 0x21 || c >= 0x7f)
			lkb_str_addf(s, "%%%02x", c);
		else
			lkb_str_addc(s, (char)c);
	}
}

static void add_named_line_end(struct lkb_str *s, const char *name)
{
	if (*name) {
		lkb_str_addc(s, ' ');
		add_name(s, name);
	}
	lkb_str_addc(s, '\n');
}

static void add_range(struct lkb_str *s, const struct lkb_map_range *r)
{
	static const char *const words[] = {
		[LKB_MAP_DATA] = "data",
		[LKB_MAP_ZERO] = "zero",
		[LKB_MAP_FREE] = "free",
	};

	lkb_str_addf(s, "%s %" PRIu64 " %" PRIu64, words[r->class], r->start, r->count);
	if (r->class == LKB_MAP_DATA)
		lkb_str_addf(s, " %s", lkb_sha256_text(&r->digest).s);
	add_named_line_end(s, r->name);
}

void lkb_map_format(const struct lkb_map *m, struct lkb_str *ret)
{
	size_t start = ret->len;
	struct lkb_sha256 end;

	lkb_str_addf(ret, LKB_MAP_MAGIC "\nsize %" PRIu64 "\nblock %u\n", m->size, LKB_MAP_BLOCK);
	for (size_t i = 0; i < m->n_partitions; i++) {
		const struct lkb_map_partition *p = &m->partitions[i];

		lkb_str_addf(ret, "partition %u %" PRIu64 " %" PRIu64, p->number, p->start,
			     p->count);
		add_named_line_end(ret, p->name);
	}
	for (size_t i = 0; i < m->n_named; i++) {
		lkb_str_add(ret, "named ");
		add_name(ret, m->named[i].name);
		lkb_str_addf(ret, " %" PRIu64 " %" PRIu64 "\n", m->named[i].off, m->named[i].len);
	}
	for (size_t i = 0; i < m->n_ranges; i++)
		add_range(ret, &m->ranges[i]);
	end = lkb_sha256(ret->s + start, ret->len - start);
	lkb_str_addf(ret, "end %s\n", lkb_sha256_text(&end).s);
}
