/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "rootfs/oci/store_priv.h"

struct listing {
	struct lkb_store_entry *items;
	size_t n, cap;
};

static void clear(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].ref);
		free(l->items[i].artifact);
	}
	free(l->items);
}

static int by_ref(const void *a, const void *b)
{
	const struct lkb_store_entry *ea = a, *eb = b;
	int order = strcmp(ea->ref, eb->ref);

	return order ? order : lkb_platform_compare(&ea->platform, &eb->platform);
}

static int add(const struct lkb_store *s, const char *ref, const struct lkb_oci_desc *d,
	       struct lkb_arena *arena, struct listing *out, struct lkb_error *err)
{
	struct lkb_store_entry e = { .platform = d->platform, .manifest = d->digest };
	struct lkb_oci_doc doc;

	/* An index may list platforms that were not brought along. */
	if (!lkb_layout_has(s->layout, d))
		return 0;
	if (lkb_layout_doc(s->layout, d, arena, &doc, err))
		return -1;
	e.bytes = doc.manifest.config.size;
	for (size_t i = 0; i < doc.manifest.n_layers; i++)
		e.bytes += doc.manifest.layers[i].size;
	e.ref = lkb_strdup(ref);
	LKB_GROW(out->items, out->n, out->cap);
	out->items[out->n++] = e;
	return 0;
}

static int add_bytes(void *ctx, const struct lkb_oci_desc *d, const struct lkb_sha256 *diff_id,
		     struct lkb_error *err)
{
	uint64_t *bytes = ctx;

	if (d->kind != LKB_OCI_INDEX && d->kind != LKB_OCI_MANIFEST)
		*bytes += d->size;
	return 0;
}

/* One line for all that an artifact's name leads to. */
static int add_artifact(const struct lkb_store *s, const char *ref, const struct lkb_oci_desc *d,
			struct lkb_arena *arena, struct listing *out, struct lkb_error *err)
{
	struct lkb_store_entry e = { .manifest = d->digest };
	struct lkb_layout_visit v = { .from = s->layout, .arena = arena, .blob = add_bytes,
				      .ctx = &e.bytes };
	const char *type = NULL;

	if (!lkb_layout_artifact(s->layout, d, 1, arena, &type))
		return 0;
	if (lkb_layout_visit(&v, d, err))
		return -1;
	e.ref = lkb_strdup(ref);
	e.artifact = lkb_strdup(type);
	LKB_GROW(out->items, out->n, out->cap);
	out->items[out->n++] = e;
	return 0;
}

static int add_all(const struct lkb_store *s, const char *ref, const struct lkb_oci_desc *d,
		   struct lkb_arena *arena, struct listing *out, struct lkb_error *err)
{
	lkb_autolayoutlist list = {0};

	if (lkb_layout_flatten(s->layout, d, arena, &list, err))
		return lkb_context(err, "image '%s'", ref);
	for (size_t i = 0; i < list.n; i++)
		if (add(s, ref, &list.items[i], arena, out, err))
			return lkb_context(err, "image '%s'", ref);
	if (!list.n && add_artifact(s, ref, d, arena, out, err))
		return lkb_context(err, "artifact '%s'", ref);
	return 0;
}

int lkb_store_ls(struct lkb_store *s, struct lkb_store_list *ret, struct lkb_error *err)
{
	__attribute__((cleanup(clear))) struct listing out = {0};
	lkb_autoarena arena = {0};
	struct lkb_oci_index index;
	lkb_autofd lock = -1;

	if (lkb_store_lock(s, true, &lock, err) || lkb_layout_index(s->layout, &arena, &index, err))
		return -1;
	for (size_t i = 0; i < index.n; i++) {
		lkb_autostrv names = {0};

		lkb_layout_names(&index.items[i], &names);
		for (size_t k = 0; k < names.n; k++)
			if (add_all(s, names.items[k], &index.items[i], &arena, &out, err))
				return -1;
	}
	if (out.n)
		qsort(out.items, out.n, sizeof(*out.items), by_ref);
	*ret = (struct lkb_store_list){ .items = out.items, .n = out.n };
	out = (struct listing){0};
	return 0;
}

void lkb_store_list_clear(struct lkb_store_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].ref);
		free(l->items[i].artifact);
	}
	free(l->items);
	*l = (struct lkb_store_list){0};
}
