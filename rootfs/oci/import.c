/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/file.h"
#include "rootfs/oci/ref.h"
#include "rootfs/oci/store_priv.h"

enum { CHUNK = 1 << 20 };

struct import {
	const struct lkb_store *s;
	const char *from; /* the layout's directory */
	struct lkb_ui *ui;
	struct lkb_arena arena;
	struct lkb_layout_walk walk;
};

static void clear(struct import *im)
{
	lkb_arena_clear(&im->arena);
}

/* Copies and hashes in one pass, so that what is stored is what was compared, even if somebody
 * writes to the layout meanwhile. */
static int copy_hashed(const struct import *im, const struct lkb_oci_desc *d, int fd, int out_fd,
		       struct lkb_sha256 *ret, struct lkb_error *err)
{
	lkb_autofree char *buf = lkb_alloc(CHUNK);
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	uint64_t left = d->size;

	while (left) {
		size_t n, want = left < CHUNK ? (size_t)left : CHUNK;

		if (lkb_read_upto(fd, buf, want, &n, d->digest_text, err))
			return -1;
		if (n < want)
			return lkb_fail(err, LKB_TRUST, "blob '%s' became shorter while it was "
					"read", d->digest_text);
		lkb_hash_add(hash, buf, n);
		if (lkb_write_full(out_fd, buf, n, d->digest_text, err))
			return -1;
		left -= n;
		lkb_ui_bytes(im->ui, d->digest_text, d->size - left, d->size);
	}
	*ret = lkb_hash_done(hash);
	return 0;
}

static int copy_blob(const struct import *im, const struct lkb_oci_desc *d, struct lkb_error *err)
{
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;
	lkb_autofree char *path = NULL;
	struct lkb_sha256 digest = {0};
	lkb_autofd fd = -1;

	if (d->verifiable && lkb_store_has_blob(im->s, &d->digest, d->size))
		return 0;
	if (lkb_layout_open(im->from, d, &fd, err) || lkb_store_tmp_open(im->s, &tmp, err) ||
	    copy_hashed(im, d, fd, tmp.fd, &digest, err))
		return -1;
	if (!lkb_sha256_equal(&digest, &d->digest))
		return lkb_fail(err, LKB_TRUST, "blob '%s' holds something else: its digest is "
				"'sha256:%s'", d->digest_text, lkb_sha256_text(&digest).s);
	path = lkb_layout_blob_path(im->s->dir, &d->digest);
	return lkb_store_tmp_commit(&tmp, path, err);
}

/* An image's config is looked at on the way in, so that a broken image is refused now and not when
 * it is used. */
static int check_config(const struct import *im, const struct lkb_oci_manifest *m,
			struct lkb_error *err)
{
	lkb_autoociconfig config = {0};

	if (m->config.kind != LKB_OCI_CONFIG)
		return 0;
	if (lkb_layout_config(im->from, &m->config, &config, err))
		return -1;
	if (config.n_diff_ids != m->n_layers)
		return lkb_fail(err, LKB_INPUT, "the manifest has %zu layers, the config %zu "
				"diff_ids", m->n_layers, config.n_diff_ids);
	return 0;
}

static int copy_manifest(const struct import *im, const struct lkb_oci_desc *d,
			 const struct lkb_oci_manifest *m, struct lkb_error *err)
{
	if (check_config(im, m, err) || copy_blob(im, &m->config, err))
		return -1;
	for (size_t i = 0; i < m->n_layers; i++)
		if (copy_blob(im, &m->layers[i], err))
			return lkb_context(err, "layer %zu", i + 1);
	return copy_blob(im, d, err);
}

static int copy_image(struct import *im, const struct lkb_oci_desc *d, unsigned depth,
		      size_t *n_images, struct lkb_error *err);

/* Copies what the index has for linux. Manifests that were not brought along stay away. */
static int copy_index(struct import *im, const struct lkb_oci_desc *d,
		      const struct lkb_oci_index *index, unsigned depth, size_t *n_images,
		      struct lkb_error *err)
{
	if (depth >= LKB_OCI_MAX_DEPTH)
		return lkb_fail(err, LKB_INPUT, "indexes are nested more than %d deep",
				LKB_OCI_MAX_DEPTH);
	for (size_t i = 0; i < index->n; i++) {
		const struct lkb_oci_desc *item = &index->items[i];

		if (item->not_for_us)
			continue;
		if (item->has_platform && !lkb_layout_has(im->from, item)) {
			lkb_ui_message(im->ui, "the layout has no manifest for %s",
				       lkb_platform_text(&item->platform).s);
			continue;
		}
		if (copy_image(im, item, depth + 1, n_images, err))
			return -1;
	}
	return copy_blob(im, d, err);
}

/* Copies d with all it leads to, what is referred to before what refers to it. */
static int copy_image(struct import *im, const struct lkb_oci_desc *d, unsigned depth,
		      size_t *n_images, struct lkb_error *err)
{
	struct lkb_oci_doc doc;

	if (lkb_layout_walk_entry(&im->walk, "the layout", err))
		return -1;
	if (d->kind == LKB_OCI_SCHEMA1)
		return lkb_oci_fail_schema1(d->digest_text, err);
	if (d->kind != LKB_OCI_INDEX && d->kind != LKB_OCI_MANIFEST)
		return 0;
	if (lkb_layout_doc(im->from, d, &im->arena, &doc, err) ||
	    lkb_layout_walk_doc(&im->walk, "the layout", d->size, err))
		return -1;
	if (doc.kind == LKB_OCI_INDEX)
		return copy_index(im, d, &doc.index, depth, n_images, err);
	if (copy_manifest(im, d, &doc.manifest, err))
		return lkb_context(err, "manifest '%s'", d->digest_text);
	(*n_images)++;
	return 0;
}

/* Publishes an image that is in the store under its canonical name. */
static int publish(struct import *im, const char *ref, const struct lkb_oci_desc *d,
		   struct lkb_error *err)
{
	lkb_autolayoutlist list = {0};

	if (d->kind != LKB_OCI_MANIFEST)
		return lkb_store_publish(im->s, ref, d, err);
	if (lkb_layout_flatten(im->s->dir, d, &im->arena, &list, err))
		return -1;
	if (!list.n)
		return lkb_fail(err, LKB_INPUT, "it does not say which Linux platform it is for");
	return lkb_store_publish(im->s, ref, &list.items[0], err);
}

/* The name an image is stored by: a digest in it must be the image's own, and only stays where
 * there is no tag. */
static int store_name(const char *name, const struct lkb_oci_desc *d, char **ret,
		      struct lkb_error *err)
{
	lkb_autoref r = {0};

	if (lkb_ref_parse(name, &r, err))
		return -1;
	if (r.digest && strcmp(r.digest, d->digest_text))
		return lkb_fail(err, LKB_TRUST, "image '%s' has the digest '%s'", name,
				d->digest_text);
	if (r.tag) {
		free(r.digest);
		r.digest = NULL;
	}
	*ret = lkb_ref_text(&r);
	return 0;
}

static int import_one(struct import *im, const struct lkb_oci_desc *d, const char *name,
		      struct lkb_strv *names, struct lkb_error *err)
{
	lkb_autofree char *ref = NULL;
	size_t n_images = 0;

	if (store_name(name, d, &ref, err))
		return -1;
	lkb_ui_step(im->ui, "image '%s': copying from '%s'", ref, im->from);
	if (copy_image(im, d, 0, &n_images, err))
		return lkb_context(err, "image '%s'", ref);
	if (!n_images)
		return lkb_fail(err, LKB_INPUT, "image '%s': nothing in it is a Linux image", ref);
	if (publish(im, ref, d, err))
		return lkb_context(err, "image '%s'", ref);
	lkb_strv_add(names, ref);
	return 0;
}

static bool is_image(const struct lkb_oci_desc *d)
{
	return !d->not_for_us && d->kind != LKB_OCI_UNKNOWN;
}

/* Says what the layout holds, for whoever has to choose. */
static void add_entry(struct lkb_str *out, const struct lkb_oci_desc *d)
{
	lkb_str_addf(out, "%s'%.80s' (%s)", out->len ? ", " : "", d->ref_name ? d->ref_name : "",
		     d->has_platform ? lkb_platform_text(&d->platform).s : d->digest_text);
}

/* Refuses a layout none of whose images can be stored under a name of its own. */
static int refuse_unnamed(const struct import *im, const struct lkb_oci_index *index,
			  struct lkb_error *err)
{
	lkb_autostr there = {0};
	size_t n = 0;

	for (size_t i = 0; i < index->n; i++) {
		if (!is_image(&index->items[i]))
			continue;
		add_entry(&there, &index->items[i]);
		n++;
	}
	if (!n)
		return lkb_fail(err, LKB_INPUT, "layout '%s' holds no image", im->from);
	if (n > 1) {
		lkb_fail(err, LKB_INPUT, "layout '%s' holds %zu images and none has a full "
			 "reference for a name: %s", im->from, n, lkb_str_get(&there));
		return lkb_hint(err, "copy one with its name first: 'skopeo copy oci:%.80s:NAME "
				     "oci:OTHER:REGISTRY/NAME:TAG'", im->from);
	}
	lkb_fail(err, LKB_INPUT, "the image in '%s' has no full reference for a name: %s",
		 im->from, lkb_str_get(&there));
	return lkb_hint(err, "give it one: 'lkboard cache import --name REGISTRY/NAME:TAG %.200s'",
			im->from);
}

static int import_named(struct import *im, const struct lkb_oci_index *index,
			struct lkb_strv *names, struct lkb_error *err)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct lkb_oci_desc *d = &index->items[i];
		lkb_autofree char *name = is_image(d) ? lkb_layout_name(d) : NULL;

		if (name && import_one(im, d, name, names, err))
			return -1;
	}
	if (!names->n)
		return refuse_unnamed(im, index, err);
	for (size_t i = 0; i < index->n; i++) {
		const struct lkb_oci_desc *d = &index->items[i];
		lkb_autofree char *name = lkb_layout_name(d);

		if (is_image(d) && !name)
			lkb_ui_warning(im->ui, "layout '%s': image '%s' has no full reference for "
				       "a name and was left out", im->from,
				       d->ref_name ? d->ref_name : d->digest_text);
	}
	return 0;
}

static int import_as(struct import *im, const struct lkb_oci_index *index, const char *name,
		     struct lkb_strv *names, struct lkb_error *err)
{
	const struct lkb_oci_desc *only = NULL;
	lkb_autostr there = {0};
	size_t n = 0;

	for (size_t i = 0; i < index->n; i++) {
		if (!is_image(&index->items[i]))
			continue;
		only = &index->items[i];
		add_entry(&there, only);
		n++;
	}
	if (!n)
		return lkb_fail(err, LKB_INPUT, "layout '%s' holds no image", im->from);
	if (n > 1)
		return lkb_fail(err, LKB_INPUT, "layout '%s' holds %zu images, only one can be "
				"called '%s': %s", im->from, n, name, lkb_str_get(&there));
	return import_one(im, only, name, names, err);
}

int lkb_store_import(struct lkb_store *s, const char *layout_dir, const char *name,
		     struct lkb_ui *ui, struct lkb_strv *ret_names, struct lkb_error *err)
{
	__attribute__((cleanup(clear))) struct import im = { .s = s, .from = layout_dir,
							     .ui = ui };
	lkb_autostrv names = {0};
	struct lkb_oci_index index;

	if (lkb_layout_check(layout_dir, err) ||
	    lkb_layout_index(layout_dir, &im.arena, &index, err))
		return -1;
	if (name ? import_as(&im, &index, name, &names, err)
		 : import_named(&im, &index, &names, err))
		return -1;
	for (size_t i = 0; i < names.n; i++)
		lkb_strv_add(ret_names, names.items[i]);
	return 0;
}
