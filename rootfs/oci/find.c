/* SPDX-License-Identifier: Apache-2.0 */
/* What a reference stands for in a layout, and which of its platforms. */
#include "base/alloc.h"
#include "rootfs/oci/layout_priv.h"

static void add(struct lkb_layout_list *list, const struct lkb_oci_desc *d)
{
	LKB_GROW(list->items, list->n, list->cap);
	list->items[list->n++] = *d;
}

/* Wherever it came from. Size and media type are the document's own. */
static int by_digest(const struct lkb_layout *l, const char *digest, struct lkb_arena *arena,
		     struct lkb_layout_list *list, struct lkb_error *err)
{
	struct lkb_oci_desc d = { .digest_text = lkb_arena_strdup(arena, digest) };
	struct lkb_oci_doc doc;

	if (!lkb_oci_digest_parse(digest, &d.verifiable, &d.digest) || !d.verifiable)
		return lkb_fail(err, LKB_TRUST, "cannot verify '%s': SHA-256 is the only digest "
				"that is supported", digest);
	if (!lkb_layout_has(l, &d))
		return 0;
	if (lkb_layout_size(l, &d, &d.size, err) || lkb_layout_doc(l, &d, arena, &doc, err))
		return -1;
	d.media_type = doc.media_type;
	d.kind = doc.kind;
	add(list, &d);
	return 0;
}

int lkb_layout_tops(const struct lkb_layout *l, const struct lkb_ref *ref,
		    struct lkb_arena *arena, struct lkb_layout_list *list, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_ref_text(ref);
	struct lkb_oci_index index;

	if (ref->digest)
		return by_digest(l, ref->digest, arena, list, err);
	if (lkb_layout_index(l, arena, &index, err))
		return -1;
	for (size_t i = 0; i < index.n; i++)
		if (lkb_layout_is_named(&index.items[i], text))
			add(list, &index.items[i]);
	return 0;
}

/* Among equals the first one. */
const struct lkb_oci_desc *lkb_layout_best(const struct lkb_layout_list *list,
					   const struct lkb_platform *want)
{
	const struct lkb_oci_desc *best = NULL;
	int best_rank = 0;

	for (size_t i = 0; i < list->n; i++) {
		int rank = lkb_platform_rank(want, &list->items[i].platform);

		if (rank >= 0 && (!best || rank < best_rank)) {
			best = &list->items[i];
			best_rank = rank;
		}
	}
	return best;
}

int lkb_layout_fail_platform(const struct lkb_layout_list *list, const struct lkb_platform *want,
			     struct lkb_error *err)
{
	lkb_autostr there = {0};

	if (!list->n)
		return lkb_fail(err, LKB_INPUT, "nothing in it is an image for a Linux platform");
	lkb_layout_platforms(list, &there);
	return lkb_fail(err, LKB_INPUT, "nothing in it is for %s, only for %s",
			lkb_platform_text(want).s, lkb_str_get(&there));
}
