/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "rootfs/oci/layout_priv.h"

#define INDEX "the index"

int lkb_layout_walk_entry(struct lkb_layout_walk *w, const char *what, struct lkb_error *err)
{
	if (++w->entries > LKB_OCI_MAX_ENTRIES)
		return lkb_fail(err, LKB_INPUT, "%s leads to more than %d entries", what,
				LKB_OCI_MAX_ENTRIES);
	return 0;
}

int lkb_layout_walk_doc(struct lkb_layout_walk *w, const char *what, uint64_t size,
			struct lkb_error *err)
{
	w->bytes += size;
	if (w->bytes > LKB_OCI_MAX_DOCS)
		return lkb_fail(err, LKB_INPUT, "%s leads to more than %llu bytes of documents",
				what, (unsigned long long)LKB_OCI_MAX_DOCS);
	return 0;
}

/* Fills in the platform from the image's config. */
static int platform_of_config(const struct lkb_layout *l, struct lkb_oci_desc *d,
			      struct lkb_layout_walk *w, struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	lkb_autoociconfig config = {0};
	struct lkb_oci_doc doc;

	if (lkb_layout_doc(l, d, &arena, &doc, err) ||
	    lkb_layout_walk_doc(w, INDEX, d->size, err))
		return -1;
	if (doc.kind != LKB_OCI_MANIFEST || doc.manifest.config.kind != LKB_OCI_CONFIG)
		return 0;
	if (lkb_layout_config(l, &doc.manifest.config, &config, err) ||
	    lkb_layout_walk_doc(w, INDEX, doc.manifest.config.size, err))
		return -1;
	d->has_platform = config.has_platform;
	d->platform = config.platform;
	return 0;
}

static int add_manifest(const struct lkb_layout *l, const struct lkb_oci_desc *from,
			struct lkb_layout_list *list, struct lkb_error *err)
{
	struct lkb_oci_desc d = *from;

	if (!d.has_platform && list->may_open && !list->may_open(list->ctx, &d))
		return 0;
	if (!d.has_platform && platform_of_config(l, &d, &list->walk, err))
		return -1;
	if (!d.has_platform)
		return 0;
	LKB_GROW(list->items, list->n, list->cap);
	list->items[list->n++] = d;
	return 0;
}

static int flatten(const struct lkb_layout *l, const struct lkb_oci_desc *d, unsigned depth,
		   struct lkb_arena *arena, struct lkb_layout_list *list, struct lkb_error *err)
{
	struct lkb_oci_doc doc;

	if (lkb_layout_walk_entry(&list->walk, INDEX, err))
		return -1;
	if (d->not_for_us)
		return 0;
	if (d->kind == LKB_OCI_MANIFEST)
		return add_manifest(l, d, list, err);
	if (d->kind == LKB_OCI_SCHEMA1)
		return lkb_oci_fail_schema1(d->digest_text, err);
	if (d->kind != LKB_OCI_INDEX)
		return 0;
	if (depth >= LKB_OCI_MAX_DEPTH)
		return lkb_fail(err, LKB_INPUT, "indexes are nested more than %d deep",
				LKB_OCI_MAX_DEPTH);
	if (lkb_layout_doc(l, d, arena, &doc, err) ||
	    lkb_layout_walk_doc(&list->walk, INDEX, d->size, err))
		return -1;
	for (size_t i = 0; i < doc.index.n; i++) {
		const struct lkb_oci_desc *item = &doc.index.items[i];

		/* An index may list more than was brought along. */
		if (!item->has_platform && item->kind == LKB_OCI_MANIFEST &&
		    !lkb_layout_has(l, item))
			continue;
		if (flatten(l, item, depth + 1, arena, list, err))
			return -1;
	}
	return 0;
}

int lkb_layout_flatten(const struct lkb_layout *l, const struct lkb_oci_desc *d,
		       struct lkb_arena *arena, struct lkb_layout_list *list,
		       struct lkb_error *err)
{
	return flatten(l, d, 0, arena, list, err);
}

void lkb_layout_platforms(const struct lkb_layout_list *list, struct lkb_str *ret)
{
	for (size_t i = 0; i < list->n; i++)
		lkb_str_addf(ret, "%s%s", i ? ", " : "",
			     lkb_platform_text(&list->items[i].platform).s);
}

void lkb_layout_list_clear(struct lkb_layout_list *list)
{
	free(list->items);
	*list = (struct lkb_layout_list){0};
}
