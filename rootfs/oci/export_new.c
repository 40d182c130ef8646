/* SPDX-License-Identifier: Apache-2.0 */
/* A tree as an OCI archive of one image. */
#include "base/alloc.h"
#include "rootfs/oci/export_priv.h"
#include "rootfs/oci/write_priv.h"

static int add_blob(struct lkb_exporting *x, const struct lkb_sha256 *digest, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_layout_blob_path(x->s->dir, digest);
	lkb_autofree char *name = lkb_format("blobs/sha256/%s", lkb_sha256_text(digest).s);
	lkb_auto(lkb_blob) blob = NULL;

	if (lkb_blob_open(path, &blob, err))
		return -1;
	return lkb_export_add(x, name, &(struct lkb_data){ blob, 0, lkb_blob_size(blob) }, err);
}

static int add_index(struct lkb_exporting *x, const struct lkb_new_image *made, const char *ref,
		     struct lkb_error *err)
{
	lkb_autofree char *digest = lkb_format("sha256:%s", lkb_sha256_text(&made->manifest).s);
	const struct lkb_oci_desc d = {
		.media_type = LKB_OCI_TYPE_MANIFEST, .kind = LKB_OCI_MANIFEST,
		.digest = made->manifest, .digest_text = digest, .size = made->manifest_size,
		.has_platform = true, .platform = made->platform,
	};
	json_t *manifests = json_array();
	lkb_autojson index = lkb_oci_index_json(manifests);
	lkb_autofree char *name = NULL, *full = NULL;
	lkb_autoref r = {0};

	if (lkb_ref_parse(ref, &r, err))
		return -1;
	full = lkb_ref_text(&r);
	name = lkb_export_name(full);
	lkb_json_append(manifests, lkb_oci_export_json(&d, name));
	if (lkb_export_add_text(x, "index.json", lkb_json_text(index), err))
		return -1;
	return lkb_export_add_text(x, "oci-layout", lkb_strdup(LKB_OCI_LAYOUT), err);
}

int lkb_export_new(struct lkb_store *s, const struct lkb_image_new *im,
		   const struct lkb_inode *root, struct lkb_tree **ret, struct lkb_error *err)
{
	lkb_auto(lkb_tree) tree = lkb_tree_new();
	struct lkb_exporting x = { .s = s, .from = s->layout, .tree = tree };
	struct lkb_new_image made;

	if (lkb_store_put_image(s, im, root, &made, err) ||
	    add_blob(&x, &made.layer.digest, err) || add_blob(&x, &made.config, err) ||
	    add_blob(&x, &made.manifest, err) || add_index(&x, &made, im->ref, err))
		return lkb_context(err, "image '%s'", im->ref);
	*ret = LKB_STEAL(tree);
	return 0;
}
