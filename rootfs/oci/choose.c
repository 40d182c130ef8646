/* SPDX-License-Identifier: Apache-2.0 */
/* Which images of an archive are imported, and what they are called. No name gets lost: what has
 * none is refused or said. */
#include "base/alloc.h"
#include "rootfs/oci/import_priv.h"
#include "rootfs/oci/ref.h"

void lkb_chosen_clear(struct lkb_chosen_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].ref);
		free(list->items[i].platforms);
	}
	free(list->items);
	*list = (struct lkb_chosen_list){0};
}

static bool is_image(const struct lkb_oci_desc *d)
{
	return !d->not_for_us && d->kind != LKB_OCI_UNKNOWN;
}

/* What a user may call an entry: its name as it stands there or in full, its digest. */
static bool is_meant(const struct lkb_oci_desc *d, const char *word)
{
	lkb_autofree char *full = NULL;
	lkb_autoref r = {0};

	if (!strcmp(word, d->digest_text) || (d->ref_name && !strcmp(word, d->ref_name)) ||
	    (d->containerd_name && !strcmp(word, d->containerd_name)))
		return true;
	if (lkb_ref_parse(word, &r, NULL))
		return false;
	full = lkb_ref_text(&r);
	return lkb_layout_is_named(d, full);
}

/* Signatures are not meant by themselves where images are chosen: they come along with theirs. */
static bool is_companion(const struct lkb_oci_desc *d)
{
	lkb_autostrv names = {0};
	struct lkb_sha256 digest;
	bool is = false;

	lkb_layout_names(d, &names);
	for (size_t i = 0; i < names.n && !is; i++)
		is = lkb_layout_is_companion(names.items[i], &digest);
	return is;
}

static bool is_chosen(const struct lkb_oci_desc *d, const struct lkb_import *in)
{
	bool meant = !in->n_only && !(in->name && is_companion(d));

	for (size_t i = 0; i < in->n_only && !meant; i++)
		meant = is_meant(d, in->only[i]);
	return meant && is_image(d);
}

/* Says what the archive holds, for whoever has to choose. */
static void add_entry(struct lkb_str *out, const struct lkb_oci_desc *d)
{
	const char *name = d->containerd_name ? d->containerd_name : d->ref_name;

	lkb_str_addf(out, "%s'%.80s' (%s)", out->len ? ", " : "", name ? name : "",
		     d->has_platform ? lkb_platform_text(&d->platform).s : d->digest_text);
}

/* Entries that are chosen, and how many images they are. */
static size_t survey(const struct lkb_oci_index *index, const struct lkb_import *in,
		     const struct lkb_oci_desc **ret_first, struct lkb_str *there)
{
	size_t n = 0;

	for (size_t i = 0; i < index->n; i++) {
		const struct lkb_oci_desc *d = &index->items[i];
		bool again = false;

		if (!is_chosen(d, in))
			continue;
		for (size_t k = 0; k < i && !again; k++)
			again = !strcmp(index->items[k].digest_text, d->digest_text) &&
				is_chosen(&index->items[k], in);
		add_entry(there, d);
		if (!n)
			*ret_first = d;
		n += !again;
	}
	return n;
}

static int check_words(const struct lkb_layout *l, const struct lkb_oci_index *index,
		       const struct lkb_import *in, struct lkb_error *err)
{
	const struct lkb_import all = {0};
	const struct lkb_oci_desc *first;
	lkb_autostr there = {0};

	if (!survey(index, &all, &first, &there))
		return lkb_fail(err, LKB_INPUT, "'%s' holds no image", l->path);
	for (size_t i = 0; i < in->n_only; i++) {
		bool found = false;

		for (size_t k = 0; k < index->n && !found; k++)
			found = is_image(&index->items[k]) &&
				is_meant(&index->items[k], in->only[i]);
		if (!found)
			return lkb_fail(err, LKB_INPUT, "'%s' holds no image '%s', but: %s",
					l->path, in->only[i], lkb_str_get(&there));
	}
	return 0;
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

static int add(struct lkb_chosen_list *list, const char *name, const struct lkb_oci_desc *d,
	       struct lkb_error *err)
{
	lkb_autofree char *ref = NULL;

	if (store_name(name, d, &ref, err))
		return -1;
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].ref, ref) &&
		    !strcmp(list->items[i].desc.digest_text, d->digest_text))
			return 0;
	LKB_GROW(list->items, list->n, list->cap);
	list->items[list->n++] = (struct lkb_chosen){ .ref = LKB_STEAL(ref), .desc = *d };
	return 0;
}

static int choose_as(const struct lkb_layout *l, const struct lkb_oci_index *index,
		     const struct lkb_import *in, struct lkb_chosen_list *list,
		     struct lkb_error *err)
{
	const struct lkb_oci_desc *only = NULL;
	lkb_autostr there = {0};
	size_t n = survey(index, in, &only, &there);

	if (n == 1)
		return add(list, in->name, only, err);
	lkb_fail(err, LKB_INPUT, "'%s' holds %zu images, only one can be called '%s': %s", l->path,
		 n, in->name, lkb_str_get(&there));
	return lkb_hint(err, "say which, by name or digest: 'lkboard cache import --name %.150s "
			     "%.150s IMAGE'", in->name, in->path);
}

/* Refuses an archive none of whose images can be stored under a name of its own. */
static int refuse_unnamed(const struct lkb_layout *l, const struct lkb_oci_index *index,
			  const struct lkb_import *in, struct lkb_error *err)
{
	const struct lkb_oci_desc *first = NULL;
	lkb_autostr there = {0};
	size_t n = survey(index, in, &first, &there);
	const char *path = in->path;

	if (n > 1) {
		lkb_fail(err, LKB_INPUT, "'%s' holds %zu images and none has a full reference for "
			 "a name: %s", l->path, n, lkb_str_get(&there));
		return lkb_hint(err, "give them names one by one: 'lkboard cache import --name "
				     "REGISTRY/NAME:TAG %.200s IMAGE'", path);
	}
	lkb_fail(err, LKB_INPUT, "the image in '%s' has no full reference for a name: %s", l->path,
		 lkb_str_get(&there));
	return lkb_hint(err, "give it one: 'lkboard cache import --name REGISTRY/NAME:TAG %.200s'",
			path);
}

static int choose_named(const struct lkb_layout *l, const struct lkb_oci_index *index,
			const struct lkb_import *in, struct lkb_chosen_list *list,
			struct lkb_error *err)
{
	for (size_t i = 0; i < index->n; i++) {
		lkb_autostrv names = {0};

		if (is_chosen(&index->items[i], in))
			lkb_layout_names(&index->items[i], &names);
		for (size_t k = 0; k < names.n; k++)
			if (add(list, names.items[k], &index->items[i], err))
				return -1;
	}
	if (!list->n)
		return refuse_unnamed(l, index, in, err);
	for (size_t i = 0; i < index->n; i++) {
		const struct lkb_oci_desc *d = &index->items[i];
		lkb_autostrv names = {0};

		lkb_layout_names(d, &names);
		if (is_chosen(d, in) && !names.n)
			lkb_ui_warning(in->ui, "'%s': image '%s' has no full reference for a name "
				       "and was left out", l->path,
				       d->ref_name ? d->ref_name : d->digest_text);
	}
	return 0;
}

/* Digests that signatures of the image may be about: its own, and its manifests' where it is an
 * index. */
static void add_digests(const struct lkb_layout *l, const struct lkb_oci_desc *d,
			struct lkb_strv *ret)
{
	lkb_autolayoutlist manifests = {0};
	lkb_autoarena arena = {0};

	lkb_strv_add(ret, lkb_sha256_text(&d->digest).s);
	if (d->kind != LKB_OCI_INDEX || lkb_layout_flatten(l, d, &arena, &manifests, NULL))
		return;
	for (size_t i = 0; i < manifests.n; i++)
		lkb_strv_add(ret, lkb_sha256_text(&manifests.items[i].digest).s);
}

/* Adds the entry, if it is about one of the digests, beside the image's new name. */
static int add_if_about(const struct lkb_oci_desc *d, const struct lkb_strv *digests,
			const char *image, struct lkb_chosen_list *list, struct lkb_error *err)
{
	lkb_autostrv names = {0};
	lkb_autoref r = {0};

	lkb_layout_names(d, &names);
	if (lkb_ref_parse(image, &r, err))
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		const char *tag = strrchr(names.items[i], ':') + 1;
		lkb_autofree char *name = lkb_format("%s/%s:%s", r.domain, r.path, tag);
		struct lkb_sha256 digest;

		if (lkb_layout_is_companion(names.items[i], &digest) &&
		    lkb_strv_has(digests, lkb_sha256_text(&digest).s) && add(list, name, d, err))
			return -1;
	}
	return 0;
}

/* What speaks about chosen images comes along, and is called as they are. */
static int add_companions(const struct lkb_layout *l, const struct lkb_oci_index *index,
			  struct lkb_chosen_list *list, struct lkb_error *err)
{
	size_t n = list->n;

	for (size_t i = 0; i < n; i++) {
		lkb_autostrv digests = {0};

		add_digests(l, &list->items[i].desc, &digests);
		for (size_t k = 0; k < index->n; k++)
			if (is_image(&index->items[k]) &&
			    add_if_about(&index->items[k], &digests, list->items[i].ref, list,
					 err))
				return -1;
	}
	return 0;
}

int lkb_choose(const struct lkb_layout *l, const struct lkb_oci_index *index,
	       const struct lkb_import *in, struct lkb_chosen_list *ret, struct lkb_error *err)
{
	lkb_autochosen list = {0};

	if (check_words(l, index, in, err))
		return -1;
	if (in->name ? choose_as(l, index, in, &list, err)
		     : choose_named(l, index, in, &list, err))
		return -1;
	if ((in->name || in->n_only) && add_companions(l, index, &list, err))
		return -1;
	*ret = list;
	list = (struct lkb_chosen_list){0};
	return 0;
}

int lkb_chosen_check(const struct lkb_chosen_list *list, const char *path, struct lkb_error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct lkb_chosen *a = &list->items[i];

		for (size_t k = 0; k < i; k++) {
			const struct lkb_chosen *b = &list->items[k];

			if (!strcmp(a->ref, b->ref) &&
			    (a->desc.kind == LKB_OCI_INDEX || b->desc.kind == LKB_OCI_INDEX ||
			     !lkb_platform_compare(&a->desc.platform, &b->desc.platform)))
				return lkb_fail(err, LKB_INPUT, "'%s' holds two images '%s': '%s' "
						"and '%s'", path, a->ref, b->desc.digest_text,
						a->desc.digest_text);
		}
	}
	return 0;
}
