/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "rootfs/oci/export_priv.h"
#include "rootfs/oci/write_priv.h"

/* An image of the archive; references to the same one are its tags. */
struct item {
	struct lkb_image *im; /* owned */
	json_t *tags;         /* owned */
};

struct items {
	struct item *items; /* owned */
	size_t n;
};

static void clear(struct items *l)
{
	for (size_t i = 0; i < l->n; i++) {
		lkb_image_free(l->items[i].im);
		json_decref(l->items[i].tags);
	}
	free(l->items);
}

/* The platform that is asked for, else the only one. */
static int choose(struct lkb_exporting *x, const char *ref, struct lkb_platform *ret,
		  struct lkb_error *err)
{
	lkb_autolayoutlist tops = {0}, all = {0};
	const struct lkb_oci_desc *best;
	lkb_autostr there = {0};
	const char *type;

	if (lkb_export_find(x, ref, &tops, &all, err))
		return -1;
	if (lkb_layout_artifact(x->s->layout, tops.items, tops.n, &x->arena, &type))
		return lkb_layout_fail_artifact(type, err);
	if (x->e->n_platforms) {
		best = lkb_layout_best(&all, x->e->platforms);
		if (!best)
			return lkb_layout_fail_platform(&all, x->e->platforms, err);
		*ret = best->platform;
		return 0;
	}
	lkb_layout_platforms(&all, &there);
	if (all.n > 1) {
		lkb_fail(err, LKB_INPUT, "a Docker archive holds it for one platform, the store "
			 "for %s", lkb_str_get(&there));
		return lkb_hint(err, "choose one with --arch");
	}
	*ret = all.items[0].platform;
	return 0;
}

/* A reference with a digest is no tag. */
static int add_image(struct lkb_exporting *x, const char *ref, struct items *list,
		     struct lkb_error *err)
{
	lkb_autofree char *name = lkb_export_name(ref);
	struct lkb_platform platform = {0};
	lkb_auto(lkb_image) im = NULL;
	struct item *item = NULL;

	if (choose(x, ref, &platform, err))
		return lkb_context(err, "image '%s'", ref);
	if (lkb_store_resolve(x->s, ref, &platform, &im, err))
		return -1;
	for (size_t i = 0; i < list->n && !item; i++)
		if (lkb_sha256_equal(&list->items[i].im->config, &im->config))
			item = &list->items[i];
	if (!item) {
		item = &list->items[list->n++];
		item->im = LKB_STEAL(im);
		item->tags = json_array();
	}
	if (!strchr(name, '@'))
		lkb_json_append(item->tags, json_string(name));
	return 0;
}

static int add_config(struct lkb_exporting *x, const struct lkb_image *im, const char *path,
		      struct lkb_error *err)
{
	lkb_autofree char *name = lkb_format("sha256:%s", lkb_sha256_text(&im->config).s);
	struct lkb_oci_desc d = { .digest_text = name, .verifiable = true, .digest = im->config,
				  .size = im->config_size };
	lkb_autofree char *text = NULL;
	lkb_autodata data = {0};
	struct lkb_sha256 digest;

	if (lkb_layout_blob(x->s->layout, &d, &data, err) ||
	    lkb_data_read_all(&data, LKB_OCI_MAX_DOC, &text, NULL, err))
		return -1;
	digest = lkb_sha256(text, d.size);
	if (!lkb_sha256_equal(&digest, &d.digest))
		return lkb_layout_fail_digest(x->s->layout, &d, &digest, err);
	return lkb_export_add_text(x, path, LKB_STEAL(text), err);
}

/* *left: bytes that the layers of the image may still unpack to. */
static int add_layer(struct lkb_exporting *x, const struct lkb_image_layer *layer, uint64_t *left,
		     json_t *names, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s.tar", lkb_sha256_text(&layer->diff_id).s);
	lkb_autodata data = {0};

	lkb_json_append(names, json_string(path));
	if (lkb_tree_lookup(x->tree, path, false))
		return 0;
	if (lkb_store_layer(x->s, NULL, layer, *left, x->e->ui, &data, err))
		return -1;
	*left -= data.len;
	return lkb_export_add(x, path, &data, err);
}

static int write_image(struct lkb_exporting *x, const struct item *item, json_t *doc,
		       struct lkb_error *err)
{
	lkb_autofree char *config = lkb_format("%s.json", lkb_sha256_text(&item->im->config).s);
	json_t *o = json_object(), *layers = json_array();
	uint64_t left = lkb_image_plain_budget(item->im);

	lkb_json_append(doc, o);
	lkb_json_set(o, "Config", json_string(config));
	lkb_json_set(o, "RepoTags", json_array_size(item->tags) ? json_incref(item->tags)
								: json_null());
	lkb_json_set(o, "Layers", layers);
	lkb_ui_step(x->e->ui, "image '%s': reading", item->im->ref);
	if (add_config(x, item->im, config, err))
		return -1;
	for (size_t i = 0; i < item->im->n_layers; i++)
		if (add_layer(x, &item->im->layers[i], &left, layers, err))
			return -1;
	return 0;
}

int lkb_export_docker(struct lkb_exporting *x, struct lkb_error *err)
{
	__attribute__((cleanup(clear))) struct items list = {0};
	lkb_autojson doc = json_array();

	list.items = lkb_alloc_array(x->refs.n, sizeof(*list.items));
	for (size_t i = 0; i < x->refs.n; i++)
		if (add_image(x, x->refs.items[i], &list, err))
			return -1;
	for (size_t i = 0; i < list.n; i++)
		if (write_image(x, &list.items[i], doc, err))
			return lkb_context(err, "image '%s'", list.items[i].im->ref);
	return lkb_export_add_text(x, "manifest.json", lkb_json_text(doc), err);
}
