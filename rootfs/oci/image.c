/* SPDX-License-Identifier: Apache-2.0 */
#include "base/size.h"
#include "rootfs/oci/store_priv.h"
#include "rootfs/tree/tar.h"

void lkb_image_free(struct lkb_image *im)
{
	if (!im)
		return;
	free(im->ref);
	lkb_strv_clear(&im->entrypoint);
	lkb_strv_clear(&im->cmd);
	lkb_strv_clear(&im->env);
	free(im->workdir);
	free(im->user);
	lkb_strv_clear(&im->label_keys);
	lkb_strv_clear(&im->label_values);
	free(im->layers);
	free(im);
}

const char *lkb_image_label(const struct lkb_image *im, const char *key)
{
	for (size_t i = 0; i < im->label_keys.n; i++)
		if (!strcmp(im->label_keys.items[i], key))
			return im->label_values.items[i];
	return NULL;
}

/* Sizes are bounded by the manifest's reader. */
uint64_t lkb_image_plain_budget(const struct lkb_image *im)
{
	uint64_t stored = 0;

	for (size_t i = 0; i < im->n_layers; i++)
		stored += im->layers[i].size;
	return lkb_store_plain_budget(stored);
}

static int apply(const struct lkb_store *s, const struct lkb_image *im, size_t i, uint64_t *left,
		 struct lkb_ui *ui, struct lkb_tree *t, struct lkb_error *err)
{
	lkb_autodata data = {0};

	lkb_ui_step(ui, "image '%s': layer %zu of %zu", im->ref, i + 1, im->n_layers);
	lkb_ui_detail(ui, "layer sha256:%s, %s", lkb_sha256_text(&im->layers[i].digest).s,
		      lkb_size_text(im->layers[i].size).s);
	if (lkb_store_layer(s, im->input, &im->layers[i], *left, ui, &data, err))
		return -1;
	*left -= data.len;
	return lkb_tar_apply_layer(&data, t, err);
}

int lkb_store_image_tree(struct lkb_store *s, const struct lkb_image *im, struct lkb_ui *ui,
			 struct lkb_tree **ret, struct lkb_error *err)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	uint64_t left = lkb_image_plain_budget(im);

	lkb_tree_set_source(t, im->ref);
	lkb_tree_set_scratch(t, lkb_store_scratch(s));
	lkb_tree_set_default_mtime(t, im->created);
	for (size_t i = 0; i < im->n_layers; i++)
		if (apply(s, im, i, &left, ui, t, err))
			return lkb_context(err, "image '%s'", im->ref);
	*ret = LKB_STEAL(t);
	return 0;
}
