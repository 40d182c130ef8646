/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/export_priv.h"

#include "base/alloc.h"
#include "rootfs/oci/write_priv.h"

int lkb_export_add(struct lkb_exporting *x, const char *path, const struct lkb_data *data,
		   struct lkb_error *err)
{
	const struct lkb_meta m = { .mode = 0644 };

	return lkb_tree_add_file(x->tree, path, &m, data, NULL, err);
}

int lkb_export_add_text(struct lkb_exporting *x, const char *path, char *text,
			struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_take(text, strlen(text));
	struct lkb_data data = { .blob = blob, .len = lkb_blob_size(blob) };

	return lkb_export_add(x, path, &data, err);
}

int lkb_export_find(struct lkb_exporting *x, const char *ref, struct lkb_layout_list *ret_tops,
		    struct lkb_layout_list *ret, struct lkb_error *err)
{
	const struct lkb_layout *l = x->s->layout;
	lkb_autolayoutlist all = {0};
	lkb_autoref r = {0};
	const char *type;

	if (lkb_ref_parse(ref, &r, err) || lkb_layout_tops(l, &r, &x->arena, ret_tops, err))
		return -1;
	for (size_t i = 0; i < ret_tops->n; i++)
		if (lkb_layout_flatten(l, &ret_tops->items[i], &x->arena, &all, err))
			return -1;
	/* An index may list platforms that were not brought along. */
	for (size_t i = 0; i < all.n; i++) {
		if (!lkb_layout_has(l, &all.items[i]))
			continue;
		LKB_GROW(ret->items, ret->n, ret->cap);
		ret->items[ret->n++] = all.items[i];
	}
	if (ret->n || lkb_layout_artifact(l, ret_tops->items, ret_tops->n, &x->arena, &type))
		return 0;
	lkb_fail(err, LKB_INPUT, "it is not in the store '%s'", x->s->dir);
	return lkb_hint(err, "'lkboard cache ls' lists what is");
}

/* Small documents are kept, so that an archive of many images needs few open files. */
static int load(const struct lkb_oci_desc *d, struct lkb_data *data, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t n;

	if (d->kind == LKB_OCI_LAYER || data->len > LKB_OCI_MAX_DOC)
		return 0;
	if (lkb_data_read_all(data, LKB_OCI_MAX_DOC, &text, &n, err))
		return -1;
	lkb_blob_unref(data->blob);
	*data = (struct lkb_data){ .blob = lkb_blob_new_take(LKB_STEAL(text), n), .len = n };
	return 0;
}

static int add_blob(void *ctx, const struct lkb_oci_desc *d, const struct lkb_sha256 *diff_id,
		    struct lkb_error *err)
{
	struct lkb_exporting *x = ctx;
	lkb_autofree char *path = lkb_format("blobs/sha256/%s", lkb_sha256_text(&d->digest).s);
	lkb_autodata data = {0};
	struct lkb_sha256 digest;

	if (d->kind == LKB_OCI_INDEX || d->kind == LKB_OCI_MANIFEST)
		lkb_strv_add(&x->digests, lkb_sha256_text(&d->digest).s);
	if (lkb_tree_lookup(x->tree, path, false))
		return 0;
	if (lkb_layout_blob(x->from, d, &data, err) || load(d, &data, err) ||
	    lkb_data_sha256(&data, &digest, err))
		return -1;
	if (!lkb_sha256_equal(&digest, &d->digest))
		return lkb_layout_fail_digest(x->from, d, &digest, err);
	return lkb_export_add(x, path, &data, err);
}

/* True for one manifest, also where the store keeps it in an index of its own: an archive of the
 * manifest alone leaves other platforms of the name alone where it comes in. */
static bool is_single(struct lkb_exporting *x, const struct lkb_layout_list *tops,
		      const struct lkb_layout_list *all)
{
	const struct lkb_oci_desc *top = tops->items;
	struct lkb_oci_doc doc;

	if (tops->n != 1 || all->n != 1)
		return false;
	return top->kind == LKB_OCI_MANIFEST ||
	       (!lkb_layout_doc(x->s->layout, top, &x->arena, &doc, NULL) && doc.index.n == 1 &&
		lkb_store_made_index(&doc.index, &top->digest));
}

/* What an image is called for whoever reads it: a digest only stays where there is no tag, since
 * few readers take both. */
char *lkb_export_name(const char *ref)
{
	lkb_autoref r = {0};

	if (lkb_ref_parse(ref, &r, NULL))
		return lkb_strdup(ref);
	if (r.tag) {
		free(r.digest);
		r.digest = NULL;
	}
	return lkb_ref_text(&r);
}

/* The same where it stands for an index: a lock may pin two of them for two platforms, and whoever
 * reads the archive cannot give both the one tag. */
static char *index_name(const struct lkb_exporting *x, const char *ref)
{
	lkb_autofree char *name = lkb_export_name(ref);
	size_t n = strlen(name);
	bool is_shared = false;
	lkb_autoref r = {0};

	for (size_t i = 0; i < x->refs.n; i++) {
		const char *other = x->refs.items[i];

		is_shared |= strcmp(other, ref) && !strncmp(other, name, n) &&
			     (!other[n] || other[n] == '@');
	}
	if (!is_shared || lkb_ref_parse(ref, &r, NULL) || !r.digest)
		return LKB_STEAL(name);
	free(r.tag);
	r.tag = NULL;
	return lkb_ref_text(&r);
}

static int add_entries(struct lkb_layout_visit *v, const struct lkb_oci_desc *items, size_t n,
		       const char *name, json_t *manifests, struct lkb_error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (lkb_layout_visit(v, &items[i], err))
			return -1;
		lkb_json_append(manifests, lkb_oci_export_json(&items[i], name));
	}
	return 0;
}

static int add_platforms(struct lkb_exporting *x, const char *name, struct lkb_layout_visit *v,
			 const struct lkb_layout_list *all, json_t *manifests,
			 struct lkb_error *err)
{
	for (size_t i = 0; i < x->e->n_platforms; i++) {
		const struct lkb_platform *want = &x->e->platforms[i];
		const struct lkb_oci_desc *best = lkb_layout_best(all, want);

		if (!best)
			return lkb_layout_fail_platform(all, want, err);
		if (add_entries(v, best, 1, name, manifests, err))
			return -1;
	}
	return 0;
}

static int add_ref(struct lkb_exporting *x, const char *ref, struct lkb_layout_visit *v,
		   json_t *manifests, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_export_name(ref), *of_index = NULL;
	lkb_autolayoutlist tops = {0}, all = {0};

	if (lkb_strv_has(&x->added, ref))
		return 0;
	if (lkb_export_find(x, ref, &tops, &all, err))
		return -1;
	lkb_ui_step(x->e->ui, "image '%s': reading", ref);
	lkb_strv_add(&x->added, ref);
	if (x->e->n_platforms && all.n)
		return add_platforms(x, name, v, &all, manifests, err);
	if (is_single(x, &tops, &all))
		return add_entries(v, all.items, 1, name, manifests, err);
	of_index = index_name(x, ref);
	return add_entries(v, tops.items, tops.n, of_index, manifests, err);
}

/* What the store has under the names that speak about the documents of `ref`. */
static int add_signatures(struct lkb_exporting *x, const char *ref, struct lkb_layout_visit *v,
			  json_t *manifests, struct lkb_error *err)
{
	lkb_autostrv names = {0};
	lkb_autoref r = {0};

	if (lkb_ref_parse(ref, &r, err))
		return -1;
	lkb_strv_sort(&x->digests);
	for (size_t i = 0; i < x->digests.n; i++) {
		struct lkb_sha256 digest;

		lkb_sha256_parse(x->digests.items[i], &digest);
		lkb_layout_companions(&r, &digest, &names);
	}
	for (size_t i = 0; i < names.n; i++) {
		lkb_autolayoutlist tops = {0};
		lkb_autoref name = {0};

		if (lkb_ref_parse(names.items[i], &name, err) ||
		    lkb_layout_tops(x->s->layout, &name, &x->arena, &tops, err))
			return -1;
		if (tops.n && add_ref(x, names.items[i], v, manifests, err))
			return lkb_context(err, "signature '%s'", names.items[i]);
	}
	return 0;
}

static int add_with_signatures(struct lkb_exporting *x, const char *ref,
			       struct lkb_layout_visit *v, json_t *manifests,
			       struct lkb_error *err)
{
	lkb_strv_clear(&x->digests);
	if (add_ref(x, ref, v, manifests, err))
		return -1;
	return x->e->signatures ? add_signatures(x, ref, v, manifests, err) : 0;
}

/* Two platforms that are asked for may be served by one image. */
static bool is_added(const struct lkb_exporting *x, size_t n)
{
	const struct lkb_image *im = x->e->images[n];

	for (size_t i = 0; i < n; i++)
		if (!strcmp(x->e->images[i]->ref, im->ref) &&
		    lkb_sha256_equal(&x->e->images[i]->manifest, &im->manifest))
			return true;
	return false;
}

static int add_image(struct lkb_exporting *x, const struct lkb_image *im,
		     struct lkb_layout_visit *v, json_t *manifests, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_export_name(im->ref);
	lkb_autolayoutlist tops = {0};
	lkb_autoref r = {0};

	v->from = x->from = im->input ? im->input->layout : x->s->layout;
	if (lkb_ref_parse(im->ref, &r, err))
		return -1;
	free(r.digest);
	r.digest = lkb_format("sha256:%s", lkb_sha256_text(&im->manifest).s);
	if (lkb_layout_tops(x->from, &r, &x->arena, &tops, err))
		return -1;
	if (!tops.n)
		return lkb_fail(err, LKB_INPUT, "'%s' is not in '%s' any more", r.digest,
				x->from->path);
	lkb_ui_step(x->e->ui, "image '%s': reading", im->ref);
	tops.items[0].has_platform = true;
	tops.items[0].platform = im->platform;
	return add_entries(v, tops.items, 1, name, manifests, err);
}

static int export_oci(struct lkb_exporting *x, struct lkb_error *err)
{
	json_t *manifests = json_array();
	lkb_autojson index = lkb_oci_index_json(manifests);
	struct lkb_layout_visit v = { .from = x->from, .arena = &x->arena, .ui = x->e->ui,
				      .blob = add_blob, .ctx = x };

	for (size_t i = 0; i < x->refs.n; i++)
		if (add_with_signatures(x, x->refs.items[i], &v, manifests, err))
			return lkb_context(err, "image '%s'", x->refs.items[i]);
	for (size_t i = 0; i < x->e->n_images; i++)
		if (!is_added(x, i) && add_image(x, x->e->images[i], &v, manifests, err))
			return lkb_context(err, "image '%s'", x->e->images[i]->ref);
	if (lkb_export_add_text(x, "index.json", lkb_json_text(index), err))
		return -1;
	return lkb_export_add_text(x, "oci-layout", lkb_strdup(LKB_OCI_LAYOUT), err);
}

static int add_refs(struct lkb_exporting *x, struct lkb_error *err)
{
	for (size_t i = 0; i < x->e->n_refs; i++) {
		lkb_autofree char *text = NULL;
		lkb_autoref r = {0};

		if (lkb_ref_parse(x->e->refs[i], &r, err))
			return -1;
		text = lkb_ref_text(&r);
		if (!lkb_strv_has(&x->refs, text))
			lkb_strv_add(&x->refs, text);
	}
	lkb_strv_sort(&x->refs);
	return 0;
}

static void clear(struct lkb_exporting *x)
{
	lkb_strv_clear(&x->refs);
	lkb_strv_clear(&x->digests);
	lkb_strv_clear(&x->added);
	lkb_tree_free(x->tree);
	lkb_arena_clear(&x->arena);
}

int lkb_export_tree(struct lkb_store *s, const struct lkb_export *e, struct lkb_tree **ret,
		    struct lkb_error *err)
{
	static int (*const formats[])(struct lkb_exporting *x, struct lkb_error *err) = {
		[LKB_EXPORT_OCI] = export_oci,
		[LKB_EXPORT_DOCKER] = lkb_export_docker,
	};
	__attribute__((cleanup(clear))) struct lkb_exporting x = { .s = s, .e = e,
								   .from = s->layout,
								   .tree = lkb_tree_new() };
	lkb_autofd lock = -1;

	if (add_refs(&x, err) || lkb_store_lock(s, true, &lock, err) || formats[e->format](&x, err))
		return -1;
	*ret = LKB_STEAL(x.tree);
	return 0;
}
