/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void lkb_diags_clear(struct lkb_diags *d)
{
	free(d->items);
	memset(d, 0, sizeof(*d));
}

void lkb_diags_add(struct lkb_diags *d, enum lkb_severity severity, const struct lkb_error *what)
{
	if (severity == LKB_SEVERITY_ERROR)
		d->n_errors++;
	if (d->n >= LKB_DIAG_MAX) {
		d->dropped++;
		return;
	}
	LKB_GROW(d->items, d->n, d->cap);
	d->items[d->n].severity = severity;
	d->items[d->n].what = *what;
	d->n++;
}

/* The place of a file in the list: files are shown in the order in which they were read. */
static size_t file_rank(const struct lkb_diag *items, size_t n, const char *file)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(items[i].what.file, file))
			return i;
	return n;
}

static int compare(const struct lkb_diag *a, const struct lkb_diag *b)
{
	if (a->what.line != b->what.line)
		return a->what.line < b->what.line ? -1 : 1;
	if (a->what.column != b->what.column)
		return a->what.column < b->what.column ? -1 : 1;
	return strcmp(a->what.message, b->what.message);
}

/* Insertion sort: stable, and the list is short by construction. */
void lkb_diags_sort(struct lkb_diags *d)
{
	size_t *rank = lkb_alloc_array(d->n + 1, sizeof(*rank));
	struct lkb_diag *moving;
	size_t i, j, moving_rank;

	for (i = 0; i < d->n; i++)
		rank[i] = file_rank(d->items, d->n, d->items[i].what.file);
	moving = lkb_alloc(sizeof(*moving));
	for (i = 1; i < d->n; i++) {
		*moving = d->items[i];
		moving_rank = rank[i];
		for (j = i; j > 0; j--) {
			if (rank[j - 1] < moving_rank ||
			    (rank[j - 1] == moving_rank && compare(&d->items[j - 1], moving) <= 0))
				break;
			d->items[j] = d->items[j - 1];
			rank[j] = rank[j - 1];
		}
		d->items[j] = *moving;
		rank[j] = moving_rank;
	}
	free(moving);
	free(rank);
}

int lkb_diags_result(const struct lkb_diags *d, struct lkb_error *err)
{
	size_t i;

	if (!d->n_errors)
		return 0;
	for (i = 0; i < d->n; i++) {
		size_t used;

		if (d->items[i].severity != LKB_SEVERITY_ERROR)
			continue;
		if (!err)
			return -1;
		*err = d->items[i].what;
		used = strlen(err->message);
		if (d->n_errors > 1)
			snprintf(err->message + used, sizeof(err->message) - used,
				 " (and %zu more)", d->n_errors - 1);
		return -1;
	}
	return lkb_fail(err, LKB_INPUT, "%zu errors", d->n_errors);
}
