/* SPDX-License-Identifier: Apache-2.0 */
/* An archive of Docker's as an OCI layout. */
#include "base/alloc.h"
#include "base/ext/compress.h"
#include "rootfs/oci/docker_priv.h"
#include "rootfs/oci/write_priv.h"

static const char *const layer_types[] = {
	[LKB_PLAIN] = LKB_OCI_TYPE_LAYER,
	[LKB_GZIP] = LKB_OCI_TYPE_LAYER_GZIP,
	[LKB_ZSTD] = LKB_OCI_TYPE_LAYER_ZSTD,
	[LKB_XZ] = NULL, /* OCI has none */
};

static void add_made(struct lkb_layout *l, const struct lkb_sha256 *digest,
		     const struct lkb_data *data, const char *name)
{
	for (size_t i = 0; i < l->n_made; i++)
		if (lkb_sha256_equal(&l->made[i].digest, digest))
			return;
	LKB_GROW(l->made, l->n_made, l->cap_made);
	l->made[l->n_made++] = (struct lkb_layout_made){
		.digest = *digest, .data = *data, .name = name ? lkb_strdup(name) : NULL,
	};
	lkb_blob_ref(data->blob);
}

/* Images share layers: what was hashed once is known by its place. */
static const struct lkb_layout_made *made_of(const struct lkb_layout *l,
					     const struct lkb_data *data)
{
	for (size_t i = 0; i < l->n_made; i++)
		if (l->made[i].data.blob == data->blob && l->made[i].data.off == data->off &&
		    l->made[i].data.len == data->len)
			return &l->made[i];
	return NULL;
}

static int compression(const struct lkb_data *data, enum lkb_compression *ret,
		       struct lkb_error *err)
{
	size_t n = data->len < 8 ? (size_t)data->len : 8;
	char magic[8];

	if (lkb_data_read(data, 0, magic, n, err))
		return -1;
	*ret = lkb_compression_of(magic, n);
	return 0;
}

static int make_layer(struct lkb_layout *l, const char *name, const struct lkb_sha256 *diff_id,
		      struct lkb_oci_desc *ret, struct lkb_error *err)
{
	struct lkb_oci_desc d = { .kind = LKB_OCI_LAYER, .verifiable = true, .digest = *diff_id };
	const struct lkb_layout_made *made;
	enum lkb_compression c = LKB_PLAIN;
	struct lkb_data data;
	int r = lkb_archive_find(l->archive, name, &data, err);

	if (r < 0)
		return -1;
	if (!r)
		return lkb_fail(err, LKB_INPUT, "'%.200s' is not in '%s'", name, l->path);
	if (compression(&data, &c, err))
		return -1;
	if (!layer_types[c])
		return lkb_fail(err, LKB_INPUT, "'%.200s' is compressed by xz, which images do not "
				"use", name);
	made = c == LKB_PLAIN ? NULL : made_of(l, &data);
	if (made)
		d.digest = made->digest;
	else if (c != LKB_PLAIN && lkb_data_sha256(&data, &d.digest, err))
		return -1;
	add_made(l, &d.digest, &data, name);
	d.media_type = layer_types[c];
	d.size = data.len;
	*ret = d;
	return 0;
}

static void make_text(struct lkb_layout *l, char *text, struct lkb_oci_desc *d)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_take(text, strlen(text));
	struct lkb_data data = { .blob = blob, .len = strlen(text) };

	d->digest = lkb_sha256(text, strlen(text));
	d->size = data.len;
	add_made(l, &d->digest, &data, NULL);
}

static int make_image(struct lkb_layout *l, const struct lkb_docker_image *im, json_t *manifests,
		      struct lkb_error *err)
{
	struct lkb_oci_desc *layers = NULL;
	struct lkb_oci_desc config = { .media_type = LKB_OCI_TYPE_CONFIG,
				       .digest = im->config_digest, .size = im->config_data.len };
	struct lkb_oci_desc manifest = { .media_type = LKB_OCI_TYPE_MANIFEST,
					 .has_platform = im->config.has_platform,
					 .platform = im->config.platform };
	lkb_autoarena arena = {0};

	layers = lkb_arena_array(&arena, im->layers.n, sizeof(*layers));
	for (size_t i = 0; i < im->layers.n; i++)
		if (make_layer(l, im->layers.items[i], &im->config.diff_ids[i], &layers[i], err))
			return lkb_context(err, "layer %zu", i + 1);
	add_made(l, &config.digest, &im->config_data, im->config_name);
	make_text(l, lkb_oci_manifest_text(&config, layers, im->layers.n), &manifest);
	for (size_t i = 0; i < im->tags.n; i++)
		lkb_json_append(manifests, lkb_oci_entry_json(&manifest, im->tags.items[i]));
	if (!im->tags.n)
		lkb_json_append(manifests, lkb_oci_entry_json(&manifest, NULL));
	return 0;
}

int lkb_docker_make(const struct lkb_docker *d, struct lkb_layout *l, struct lkb_error *err)
{
	json_t *manifests = json_array();
	lkb_autojson index = lkb_oci_index_json(manifests);

	for (size_t i = 0; i < d->n; i++)
		if (make_image(l, &d->items[i], manifests, err))
			return lkb_context(err, "%s", d->items[i].called);
	l->index = lkb_json_text(index);
	return 0;
}
