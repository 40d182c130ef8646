/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/lock/lock.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void lkb_debs_clear(struct lkb_debs *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free(d->items[i].name);
		free(d->items[i].version);
	}
	free(d->items);
	memset(d, 0, sizeof(*d));
}

struct lkb_deb *lkb_debs_add(struct lkb_debs *d, const struct lkb_deb *deb)
{
	struct lkb_deb *copy;

	LKB_GROW(d->items, d->n, d->cap);
	copy = &d->items[d->n++];
	*copy = *deb;
	copy->name = lkb_strdup(deb->name);
	copy->version = lkb_strdup(deb->version);
	return copy;
}

struct lkb_deb *lkb_debs_find(const struct lkb_debs *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (!strcmp(d->items[i].name, name))
			return &d->items[i];
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct lkb_deb *)a)->name, ((const struct lkb_deb *)b)->name);
}

void lkb_debs_sort(struct lkb_debs *d)
{
	if (d->n)
		qsort(d->items, d->n, sizeof(*d->items), compare);
}

bool lkb_deb_equal(const struct lkb_deb *a, const struct lkb_deb *b)
{
	return !strcmp(a->version, b->version) && a->size == b->size &&
	       lkb_sha256_equal(&a->sha256, &b->sha256);
}
