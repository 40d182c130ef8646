/* SPDX-License-Identifier: Apache-2.0 */
#include "image/extents.h"

#include <stdlib.h>

#include "base/alloc.h"

void lkb_extents_add(struct lkb_extents *e, const struct lkb_inode *file, uint64_t off,
		     uint64_t len)
{
	struct lkb_extent *last = e->n ? &e->items[e->n - 1] : NULL;

	if (!len)
		return;
	if (last && last->file == file && last->off + last->len == off) {
		last->len += len;
		return;
	}
	LKB_GROW(e->items, e->n, e->cap);
	e->items[e->n] = (struct lkb_extent){file, off, len, e->n};
	e->n++;
}

static int compare_files(const struct lkb_inode *a, const struct lkb_inode *b)
{
	return (uintptr_t)a < (uintptr_t)b ? -1 : (uintptr_t)a > (uintptr_t)b;
}

/* Addresses only serve to find a file again: no order that anybody sees comes from them. */
static int compare(const void *pa, const void *pb)
{
	const struct lkb_extent *a = pa, *b = pb;
	int order = compare_files(a->file, b->file);

	return order ? order : a->number < b->number ? -1 : a->number > b->number;
}

void lkb_extents_sort(struct lkb_extents *e)
{
	if (e->n)
		qsort(e->items, e->n, sizeof(*e->items), compare);
}

const struct lkb_extent *lkb_extents_find(const struct lkb_extents *e,
					  const struct lkb_inode *file, size_t *ret_n)
{
	size_t low = 0, high = e->n, end;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_files(e->items[mid].file, file) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (end = low; end < e->n && e->items[end].file == file; end++)
		continue;
	*ret_n = end - low;
	return e->items + low;
}

void lkb_extents_clear(struct lkb_extents *e)
{
	free(e->items);
	*e = (struct lkb_extents){0};
}
