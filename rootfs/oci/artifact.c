/* SPDX-License-Identifier: Apache-2.0 */
/* What a layout holds beside images: artifacts, and what some of them say about images. */
#include "base/alloc.h"
#include "rootfs/oci/layout_priv.h"

static const char *const suffixes[] = { "", ".att", ".sig" };

static bool find_type(const struct lkb_layout *l, const struct lkb_oci_desc *d, unsigned depth,
		      struct lkb_layout_walk *walk, struct lkb_arena *arena, const char **ret)
{
	struct lkb_oci_doc doc;

	if (lkb_layout_walk_entry(walk, "", NULL) ||
	    (d->kind != LKB_OCI_INDEX && d->kind != LKB_OCI_MANIFEST) ||
	    depth >= LKB_OCI_MAX_DEPTH || lkb_layout_walk_doc(walk, "", d->size, NULL) ||
	    lkb_layout_doc(l, d, arena, &doc, NULL))
		return false;
	if (doc.kind == LKB_OCI_MANIFEST) {
		*ret = lkb_oci_artifact_type(&doc.manifest);
		return *ret;
	}
	for (size_t i = 0; i < doc.index.n; i++)
		if (!doc.index.items[i].has_platform &&
		    find_type(l, &doc.index.items[i], depth + 1, walk, arena, ret))
			return true;
	return false;
}

bool lkb_layout_artifact(const struct lkb_layout *l, const struct lkb_oci_desc *tops, size_t n,
			 struct lkb_arena *arena, const char **ret)
{
	lkb_autolayoutlist images = {0};
	struct lkb_layout_walk walk = {0};

	for (size_t i = 0; i < n; i++)
		if (lkb_layout_flatten(l, &tops[i], arena, &images, NULL))
			return false;
	for (size_t i = 0; i < n && !images.n; i++)
		if (find_type(l, &tops[i], 0, &walk, arena, ret))
			return true;
	return false;
}

int lkb_layout_fail_artifact(const char *type, struct lkb_error *err)
{
	lkb_fail(err, LKB_INPUT, "it is no image but an artifact of type '%.100s'", type);
	return lkb_hint(err, "'lkboard cache ls' says which names are images");
}

void lkb_layout_companions(const struct lkb_ref *repo, const struct lkb_sha256 *digest,
			   struct lkb_strv *ret)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(suffixes); i++)
		lkb_strv_addf(ret, "%s/%s:sha256-%s%s", repo->domain, repo->path,
			      lkb_sha256_text(digest).s, suffixes[i]);
}

bool lkb_layout_is_companion(const char *ref, struct lkb_sha256 *ret)
{
	lkb_autofree char *hex = NULL;
	lkb_autoref r = {0};

	if (lkb_ref_parse(ref, &r, NULL) || !r.tag || !lkb_starts_with(r.tag, "sha256-"))
		return false;
	hex = lkb_strdup(r.tag + strlen("sha256-"));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(suffixes); i++) {
		size_t len = strlen(hex), end = strlen(suffixes[i]);

		if (len != LKB_SHA256_HEX + end || strcmp(hex + LKB_SHA256_HEX, suffixes[i]))
			continue;
		hex[LKB_SHA256_HEX] = '\0';
		return lkb_sha256_parse(hex, ret);
	}
	return false;
}
