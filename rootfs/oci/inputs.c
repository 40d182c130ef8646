/* SPDX-License-Identifier: Apache-2.0 */
/* Images that are used before the store's, from where they stand. */
#include "base/alloc.h"
#include "rootfs/oci/store_priv.h"

void lkb_store_input_free(struct lkb_store_input *in)
{
	lkb_layout_free(in->layout);
	free(in->verified);
	free(in);
}

static int has_names(const struct lkb_layout *l, struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	lkb_autostrv names = {0};
	struct lkb_oci_index index;

	if (lkb_layout_index(l, &arena, &index, err))
		return -1;
	for (size_t i = 0; i < index.n; i++)
		lkb_layout_names(&index.items[i], &names);
	if (names.n)
		return 0;
	lkb_fail(err, LKB_INPUT, "no image in '%s' has a full reference for a name, so no spec can "
		 "mean it", l->path);
	return lkb_hint(err, "bring it in under one: 'lkboard cache import --name "
			     "REGISTRY/NAME:TAG %.200s'", l->path);
}

int lkb_store_add_input(struct lkb_store *s, const char *path, struct lkb_ui *ui,
			struct lkb_error *err)
{
	lkb_auto(lkb_layout) l = NULL;
	struct lkb_store_input *in;

	if (lkb_source_open(s, path, ui, &l, err) || has_names(l, err))
		return -1;
	in = lkb_alloc(sizeof(*in));
	in->layout = LKB_STEAL(l);
	LKB_GROW(s->inputs, s->n_inputs, s->cap_inputs);
	s->inputs[s->n_inputs++] = in;
	return 0;
}

const char *lkb_image_input(const struct lkb_image *im)
{
	return im->input ? im->input->layout->path : NULL;
}

static bool is_verified(const struct lkb_store_input *in, const struct lkb_sha256 *digest)
{
	for (size_t i = 0; i < in->n_verified; i++)
		if (lkb_sha256_equal(&in->verified[i], digest))
			return true;
	return false;
}

int lkb_store_input_layer(const struct lkb_store *s, struct lkb_store_input *in,
			  const struct lkb_oci_desc *d, struct lkb_data *ret, struct lkb_error *err)
{
	lkb_autodata data = {0};
	struct lkb_sha256 digest;

	if (lkb_layout_blob(in->layout, d, &data, err))
		return -1;
	if (data.len > s->max_layer)
		return lkb_fail(err, LKB_INPUT, "it has more than %llu bytes",
				(unsigned long long)s->max_layer);
	if (!is_verified(in, &d->digest)) {
		if (lkb_data_sha256(&data, &digest, err))
			return -1;
		if (!lkb_sha256_equal(&digest, &d->digest))
			return lkb_layout_fail_digest(in->layout, d, &digest, err);
		LKB_GROW(in->verified, in->n_verified, in->cap_verified);
		in->verified[in->n_verified++] = d->digest;
	}
	*ret = (struct lkb_data){ .blob = lkb_blob_new_part(&data), .len = data.len };
	lkb_blob_set_digest(ret->blob, &d->digest);
	return 0;
}
