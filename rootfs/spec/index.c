/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "rootfs/spec/spec_priv.h"

/* Above this many names no nearest one is looked for: it would take long and help nobody. */
#define MAX_FOR_HINT 100

void lkb_spec_names_clear(struct lkb_spec_names *names)
{
	free(names->items);
}

void lkb_spec_names_add(struct lkb_spec_names *names, const struct lkb_objlist *list, size_t size,
			size_t name_offset)
{
	names->items = lkb_realloc_array(names->items, names->n + list->n, sizeof(*names->items));
	for (size_t i = 0; i < list->n; i++) {
		const char *object = (const char *)list->items + i * size;
		const char *name;

		memcpy(&name, object + name_offset, sizeof(name));
		if (!name)
			continue;
		names->items[names->n] = (struct lkb_spec_named){
			name, (const struct lkb_pos *)object, names->n
		};
		names->n++;
	}
}

static int by_name(const void *pa, const void *pb)
{
	const struct lkb_spec_named *a = pa, *b = pb;
	int d = strcmp(a->name, b->name);

	return d ? d : (a->order > b->order) - (a->order < b->order);
}

void lkb_spec_names_sort(struct lkb_spec_names *names)
{
	if (names->n)
		qsort(names->items, names->n, sizeof(*names->items), by_name);
}

const struct lkb_spec_named *lkb_spec_names_find(const struct lkb_spec_names *names,
						 const char *name)
{
	size_t low = 0, high = names->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int d = strcmp(name, names->items[middle].name);

		if (!d)
			return &names->items[middle];
		if (d < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

char *lkb_spec_names_hint(const struct lkb_spec_names *names, const char *word,
			  const char *otherwise)
{
	const char *words[MAX_FOR_HINT], *near = NULL;

	for (size_t i = 0; i < names->n && i < MAX_FOR_HINT; i++)
		words[i] = names->items[i].name;
	if (names->n <= MAX_FOR_HINT)
		near = lkb_did_you_mean(word, words, names->n);
	return near ? lkb_format("did you mean '%s'?", near) : lkb_format("%s", otherwise);
}
