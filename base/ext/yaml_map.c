/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/yaml_priv.h"

/* A pair on its way into a map. The map's own pairs come first, then those of merge keys. */
struct entry {
	struct lkb_yaml_pair pair;
	size_t index;
	bool merged, dropped;
};

struct entries {
	struct entry *items;
	size_t n, cap;
};

static void entries_clear(struct entries *e)
{
	free(e->items);
}

static void add_entry(struct entries *e, const struct lkb_yaml_pair *pair, bool merged)
{
	LKB_GROW(e->items, e->n, e->cap);
	e->items[e->n] = (struct entry){ .pair = *pair, .index = e->n, .merged = merged };
	e->n++;
}

static bool is_merge_key(const struct lkb_yaml_node *key)
{
	return key->plain && !strcmp(key->text, "<<");
}

static int add_merged(struct entries *e, const struct lkb_yaml_node *from, const char *name,
		      struct lkb_error *err)
{
	if (from->type != LKB_YAML_MAP) {
		lkb_fail(err, LKB_INPUT, "'<<' needs a map or a list of maps, not %s",
			 lkb_yaml_kind(from));
		lkb_hint(err, "write '<<: *NAME' for a map that has the anchor '&NAME'");
		return lkb_at(err, name, from->line, from->column);
	}
	for (size_t i = 0; i < from->n; i++)
		add_entry(e, &from->pairs[i], true);
	return 0;
}

static int add_merge_value(struct entries *e, const struct lkb_yaml_node *value, const char *name,
			   struct lkb_error *err)
{
	if (value->type != LKB_YAML_SEQ)
		return add_merged(e, value, name, err);
	for (size_t i = 0; i < value->n; i++)
		if (add_merged(e, value->items[i], name, err))
			return -1;
	return 0;
}

static int by_key(const void *pa, const void *pb)
{
	const struct entry *a = *(const struct entry *const *)pa;
	const struct entry *b = *(const struct entry *const *)pb;
	const struct lkb_yaml_node *ka = a->pair.key, *kb = b->pair.key;
	size_t shorter = ka->text_len < kb->text_len ? ka->text_len : kb->text_len;
	int d = memcmp(ka->text, kb->text, shorter);

	if (!d)
		d = (ka->text_len > kb->text_len) - (ka->text_len < kb->text_len);
	return d ? d : (a->index > b->index) - (a->index < b->index);
}

static bool same_key(const struct entry *a, const struct entry *b)
{
	return a->pair.key->text_len == b->pair.key->text_len &&
	       !memcmp(a->pair.key->text, b->pair.key->text, a->pair.key->text_len);
}

/* Sorted by key, equal keys stand side by side, the earliest first: of those it wins over merged
 * ones, and is what later ones of the map itself repeat. */
static void settle(struct entries *e)
{
	lkb_autofree struct entry **sorted = lkb_alloc_array(e->n, sizeof(*sorted));
	const struct entry *first = NULL;

	for (size_t i = 0; i < e->n; i++)
		sorted[i] = &e->items[i];
	qsort(sorted, e->n, sizeof(*sorted), by_key);
	for (size_t i = 0; i < e->n; i++) {
		if (!first || !same_key(first, sorted[i]))
			first = sorted[i];
		else if (sorted[i]->merged)
			sorted[i]->dropped = true;
		else
			sorted[i]->pair.first = first->pair.key;
	}
}

int lkb_yaml_fill_map(struct lkb_yaml_node *map, struct lkb_yaml_node *const *flat, size_t n,
		      struct lkb_arena *arena, const char *name, struct lkb_error *err)
{
	__attribute__((cleanup(entries_clear))) struct entries e = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct lkb_yaml_pair pair = { .key = flat[2 * i], .value = flat[2 * i + 1] };

		if (pair.key->type != LKB_YAML_SCALAR) {
			lkb_fail(err, LKB_INPUT, "a key must be text, not %s",
				 lkb_yaml_kind(pair.key));
			lkb_hint(err, "text that starts with '[' or '{' needs quotes");
			return lkb_at(err, name, pair.key->line, pair.key->column);
		}
		if (!is_merge_key(pair.key))
			add_entry(&e, &pair, false);
	}
	for (size_t i = 0; i < n; i++)
		if (is_merge_key(flat[2 * i]) &&
		    add_merge_value(&e, flat[2 * i + 1], name, err))
			return -1;
	settle(&e);
	map->pairs = lkb_arena_array(arena, e.n, sizeof(*map->pairs));
	for (size_t i = 0; i < e.n; i++)
		if (!e.items[i].dropped)
			map->pairs[map->n++] = e.items[i].pair;
	return 0;
}
