/* SPDX-License-Identifier: Apache-2.0 */
/* Copies images of a layout or an archive into the store: first all that they lead to, then the
 * names. Which images and which names, choose.c says. */
#include "base/alloc.h"
#include "base/ext/compress.h"
#include "rootfs/oci/import_priv.h"
#include "rootfs/oci/ref.h"

enum { CHUNK = 1 << 20 };

struct import {
	const struct lkb_store *s;
	const struct lkb_layout *from;
	struct lkb_ui *ui;
	struct lkb_stage *stage;
	struct lkb_arena *arena;
	struct checked {
		struct lkb_sha256 digest, diff_id;
	} *checked; /* owned; layers that are what their diff_id says */
	size_t n_checked, cap_checked;
};

static int take_plain(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_hash_add(ctx, p, n);
	return 0;
}

static int hash_plain(const struct lkb_data *data, uint64_t max, struct lkb_sha256 *ret,
		      struct lkb_error *err)
{
	lkb_autofree char *buf = lkb_alloc(CHUNK);
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	lkb_auto(lkb_inflate) z = NULL;

	for (uint64_t off = 0; off < data->len;) {
		size_t n = data->len - off < CHUNK ? (size_t)(data->len - off) : CHUNK;

		if (lkb_data_read(data, off, buf, n, err))
			return -1;
		if (!z)
			z = lkb_inflate_new(lkb_compression_of(buf, n), max, take_plain, hash);
		if (lkb_inflate_feed(z, buf, n, err))
			return -1;
		off += n;
	}
	if (z && lkb_inflate_end(z, err))
		return -1;
	*ret = lkb_hash_done(hash);
	return 0;
}

static bool is_checked(const struct import *im, const struct lkb_oci_desc *d,
		       const struct lkb_sha256 *diff_id)
{
	for (size_t i = 0; i < im->n_checked; i++)
		if (lkb_sha256_equal(&im->checked[i].digest, &d->digest) &&
		    lkb_sha256_equal(&im->checked[i].diff_id, diff_id))
			return true;
	return false;
}

/* Docker's archives say diff_ids first of all, and tools name layers by them: what is wrong with
 * one is said now. A layer that is what its diff_id says was compared when it was copied. Any
 * number of images may refer to one layer. */
static int check_diff_id(struct import *im, const struct lkb_oci_desc *d,
			 const struct lkb_sha256 *diff_id, struct lkb_error *err)
{
	lkb_autodata data = {0};
	struct lkb_sha256 got;
	uint64_t max;

	if (lkb_sha256_equal(&d->digest, diff_id) || is_checked(im, d, diff_id))
		return 0;
	if (lkb_layout_blob(im->from, d, &data, err))
		return -1;
	max = lkb_store_plain_budget(data.len);
	if (hash_plain(&data, max < im->s->max_layer ? max : im->s->max_layer, &got, err))
		return -1;
	if (lkb_sha256_equal(&got, diff_id)) {
		LKB_GROW(im->checked, im->n_checked, im->cap_checked);
		im->checked[im->n_checked++] = (struct checked){ d->digest, *diff_id };
		return 0;
	}
	lkb_fail(err, LKB_TRUST, "it unpacks to 'sha256:%s', the image's config says 'sha256:%s'",
		 lkb_sha256_text(&got).s, lkb_sha256_text(diff_id).s);
	return lkb_layout_hint(im->from, d, err);
}

static int copy_blob(void *ctx, const struct lkb_oci_desc *d, const struct lkb_sha256 *diff_id,
		     struct lkb_error *err)
{
	struct import *im = ctx;

	if (lkb_stage_blob(im->stage, im->from, d, im->ui, err))
		return -1;
	return im->from->has_docker && diff_id ? check_diff_id(im, d, diff_id, err) : 0;
}

/* Those of the manifests that came along; a single manifest says its platform afterwards. */
static int find_platforms(struct import *im, struct lkb_chosen *c, struct lkb_error *err)
{
	lkb_autolayoutlist list = {0};
	lkb_autostr text = {0};
	const char *type;

	if (lkb_layout_flatten(im->from, &c->desc, im->arena, &list, err))
		return -1;
	if (lkb_layout_artifact(im->from, &c->desc, 1, im->arena, &type)) {
		c->platforms = lkb_strdup("artifact");
		c->desc.has_platform = false;
		return 0;
	}
	if (!list.n)
		return lkb_fail(err, LKB_INPUT, "it does not say which Linux platform it is for");
	if (c->desc.kind == LKB_OCI_MANIFEST)
		c->desc = list.items[0];
	else
		c->desc.has_platform = false; /* an index is for those of its manifests */
	for (size_t i = 0; i < list.n; i++)
		if (lkb_layout_has(im->from, &list.items[i]))
			lkb_str_addf(&text, "%s%s", text.len ? "," : "",
				     lkb_platform_text(&list.items[i].platform).s);
	c->platforms = lkb_str_take(&text);
	return 0;
}

static int import_artifact(struct lkb_layout_visit *v, struct lkb_chosen *c, struct lkb_error *err)
{
	v->artifact = true;
	c->desc.has_platform = false;
	c->platforms = lkb_strdup("artifact");
	return lkb_layout_visit(v, &c->desc, err);
}

/* An image that has several names is copied once. */
static int import_one(struct import *im, struct lkb_layout_visit *v, struct lkb_chosen_list *list,
		      size_t i, struct lkb_error *err)
{
	struct lkb_chosen *c = &list->items[i];
	struct lkb_sha256 about;

	for (size_t k = 0; k < i; k++) {
		if (!lkb_sha256_equal(&list->items[k].desc.digest, &c->desc.digest))
			continue;
		c->desc = list->items[k].desc;
		c->platforms = lkb_strdup(list->items[k].platforms);
		return 0;
	}
	lkb_ui_step(im->ui, "image '%s': copying from '%s'", c->ref, im->from->path);
	v->artifact = false;
	if (lkb_layout_is_companion(c->ref, &about))
		return import_artifact(v, c, err);
	return lkb_layout_visit(v, &c->desc, err) || find_platforms(im, c, err) ? -1 : 0;
}

static int import_all(struct import *im, struct lkb_chosen_list *list, struct lkb_error *err)
{
	struct lkb_layout_visit v = { .from = im->from, .arena = im->arena, .ui = im->ui,
				      .blob = copy_blob, .ctx = im };
	struct lkb_store_name *names;

	for (size_t i = 0; i < list->n; i++)
		if (import_one(im, &v, list, i, err))
			return lkb_context(err, "image '%s'", list->items[i].ref);
	if (lkb_chosen_check(list, im->from->path, err))
		return -1;
	names = lkb_arena_array(im->arena, list->n, sizeof(*names));
	for (size_t i = 0; i < list->n; i++)
		names[i] = (struct lkb_store_name){ list->items[i].ref, &list->items[i].desc };
	return lkb_stage_commit(im->stage, err) || lkb_store_publish(im->s, names, list->n, err) ?
	       -1 : 0;
}

static void clear(struct import *im)
{
	free(im->checked);
}

int lkb_import(struct lkb_store *s, const struct lkb_import *in, struct lkb_imported_list *ret,
	       struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	lkb_auto(lkb_layout) from = NULL;
	lkb_autochosen list = {0};
	lkb_autostage stage = LKB_STAGE_INIT;
	__attribute__((cleanup(clear))) struct import im = { .s = s, .ui = in->ui, .stage = &stage,
							     .arena = &arena };
	struct lkb_oci_index index;

	if (lkb_source_open(s, in->path, in->ui, &from, err) ||
	    lkb_layout_index(from, &arena, &index, err) ||
	    lkb_choose(from, &index, in, &list, err) || lkb_stage_open(s, &stage, err))
		return -1;
	im.from = from;
	if (import_all(&im, &list, err))
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		struct lkb_chosen *c = &list.items[i];

		LKB_GROW(ret->items, ret->n, ret->cap);
		ret->items[ret->n++] = (struct lkb_imported){ .ref = LKB_STEAL(c->ref),
			.digest = c->desc.digest, .platforms = LKB_STEAL(c->platforms) };
	}
	return 0;
}

void lkb_imported_clear(struct lkb_imported_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].ref);
		free(l->items[i].platforms);
	}
	free(l->items);
	*l = (struct lkb_imported_list){0};
}
