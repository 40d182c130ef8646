/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/docker_priv.h"

#include "base/alloc.h"
#include "base/ext/json.h"
#include "base/path.h"
#include "rootfs/oci/ref.h"

enum { MAX_IMAGES = 256 };

void lkb_docker_clear(struct lkb_docker *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->items[i].called);
		free(d->items[i].config_name);
		lkb_strv_clear(&d->items[i].tags);
		lkb_strv_clear(&d->items[i].layers);
		lkb_oci_config_clear(&d->items[i].config);
	}
	free(d->items);
	*d = (struct lkb_docker){0};
}

/* Most tools name a config by its digest: HEX.json, blobs/sha256/HEX, sha256:HEX. */
static bool digest_of_name(const char *name, struct lkb_sha256 *ret)
{
	lkb_autofree char *hex = lkb_strdup(lkb_path_basename(name));
	const char *start = lkb_starts_with(hex, "sha256:") ? hex + 7 : hex;

	if (lkb_ends_with(hex, ".json"))
		hex[strlen(hex) - 5] = '\0';
	return lkb_sha256_parse(start, ret);
}

static int read_config(const struct lkb_archive *a, const char *path, struct lkb_layout_walk *walk,
		       struct lkb_docker_image *im, struct lkb_error *err)
{
	lkb_autofree char *called = lkb_format("%s: %s", path, im->config_name);
	lkb_autofree char *text = NULL;
	struct lkb_sha256 named;
	size_t len;

	if (lkb_archive_text(a, im->config_name, LKB_OCI_MAX_DOC, &text, &len, err) ||
	    lkb_layout_walk_doc(walk, "manifest.json", len, err) ||
	    lkb_archive_find(a, im->config_name, &im->config_data, err) < 0)
		return -1;
	im->config_digest = lkb_sha256(text, len);
	if (digest_of_name(im->config_name, &named) &&
	    !lkb_sha256_equal(&named, &im->config_digest))
		return lkb_fail(err, LKB_TRUST, "config '%.200s' in '%s' holds something else: its "
				"digest is 'sha256:%s'", im->config_name, path,
				lkb_sha256_text(&im->config_digest).s);
	if (lkb_oci_config_parse(text, len, called, &im->config, err))
		return -1;
	if (im->config.n_diff_ids != im->layers.n)
		return lkb_fail(err, LKB_INPUT, "manifest.json has %zu layers, the config %zu "
				"diff_ids", im->layers.n, im->config.n_diff_ids);
	return 0;
}

static int read_image(const struct lkb_archive *a, const char *path, const struct lkb_json_at *at,
		      struct lkb_layout_walk *walk, struct lkb_docker_image *im,
		      struct lkb_error *err)
{
	const char *config = NULL;

	if (lkb_json_string(at, "Config", LKB_JSON_REQUIRED, &config, err) ||
	    lkb_json_strings(at, "RepoTags", LKB_OCI_MAX_ENTRIES, &im->tags, NULL, err) ||
	    lkb_json_strings(at, "Layers", LKB_OCI_MAX_LAYERS, &im->layers, NULL, err))
		return -1;
	im->config_name = lkb_strdup(config);
	im->called = im->tags.n ? lkb_format("image '%.200s'", im->tags.items[0])
				: lkb_format("image %zu", at->index + 1);
	if (read_config(a, path, walk, im, err))
		return lkb_context(err, "%s", im->called);
	return 0;
}

int lkb_docker_read(const struct lkb_archive *a, const char *path, struct lkb_docker *ret,
		    struct lkb_error *err)
{
	lkb_autofree char *called = lkb_format("%s: manifest.json", path);
	lkb_autofree char *text = NULL;
	lkb_autojson v = NULL;
	lkb_autodocker d = {0};
	struct lkb_layout_walk walk = {0};
	struct lkb_json_at root = { .doc = called }, item;
	size_t len, n_tags = 0;

	if (lkb_archive_text(a, "manifest.json", LKB_OCI_MAX_DOC, &text, &len, err) ||
	    lkb_json_parse(text, len, called, &v, err))
		return -1;
	if (!json_is_array(v))
		return lkb_fail(err, LKB_INPUT, "%s: the document is no list of images", called);
	if (json_array_size(v) > MAX_IMAGES)
		return lkb_fail(err, LKB_INPUT, "%s: %zu images are more than the %d that are read",
				called, json_array_size(v), MAX_IMAGES);
	root.value = v;
	d.items = lkb_alloc_array(json_array_size(v) + 1, sizeof(*d.items));
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (lkb_json_item(&root, i, &item, err) ||
		    read_image(a, path, &item, &walk, &d.items[d.n++], err))
			return -1;
		n_tags += d.items[i].tags.n;
		if (n_tags > LKB_OCI_MAX_ENTRIES)
			return lkb_fail(err, LKB_INPUT, "%s: it has more than the %d tags that "
					"are read", called, LKB_OCI_MAX_ENTRIES);
	}
	*ret = d;
	d = (struct lkb_docker){0};
	return 0;
}

/* The names of index.json, sorted: there may be thousands, and as many tags to look for. */
struct named {
	char *ref; /* owned; canonical */
	const struct lkb_oci_desc *desc;
};

struct names {
	struct named *items; /* owned */
	size_t n, cap;
	uint64_t bytes; /* of documents that were looked at */
};

static void clear_names(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i].ref);
	free(names->items);
}

/* Entries of one name stay in the order of the index. */
static int by_ref(const void *pa, const void *pb)
{
	const struct named *a = pa, *b = pb;
	int order = strcmp(a->ref, b->ref);

	return order ? order : (a->desc > b->desc) - (a->desc < b->desc);
}

static void list_names(const struct lkb_oci_index *index, struct names *ret)
{
	for (size_t i = 0; i < index->n; i++) {
		lkb_autostrv refs = {0};

		lkb_layout_names(&index->items[i], &refs);
		for (size_t k = 0; k < refs.n; k++) {
			LKB_GROW(ret->items, ret->n, ret->cap);
			ret->items[ret->n++] = (struct named){ LKB_STEAL(refs.items[k]),
							       &index->items[i] };
		}
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), by_ref);
}

/* The first one of that name, or where it would be. */
static size_t find_name(const struct names *names, const char *ref)
{
	size_t low = 0, high = names->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(names->items[mid].ref, ref) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* One config that a name of index.json leads to is the one that manifest.json means. */
static int index_has(const struct lkb_layout *l, struct names *names, const char *ref,
		     const struct lkb_docker_image *im, bool *ret_named, struct lkb_error *err)
{
	lkb_autolayoutlist list = { .walk.bytes = names->bytes };
	lkb_autoarena arena = {0};
	struct lkb_oci_doc doc;

	for (size_t i = find_name(names, ref);
	     i < names->n && !strcmp(names->items[i].ref, ref); i++) {
		*ret_named = true;
		if (lkb_layout_flatten(l, names->items[i].desc, &arena, &list, err))
			return -1;
	}
	for (size_t i = 0; i < list.n; i++) {
		if (!lkb_layout_has(l, &list.items[i]))
			continue;
		if (lkb_layout_doc(l, &list.items[i], &arena, &doc, err) ||
		    lkb_layout_walk_doc(&list.walk, "index.json", list.items[i].size, err))
			return -1;
		names->bytes = list.walk.bytes;
		if (lkb_sha256_equal(&doc.manifest.config.digest, &im->config_digest))
			return 0;
	}
	if (!*ret_named)
		return 0;
	return lkb_fail(err, LKB_INPUT, "index.json and manifest.json have different images for "
			"'%s'", ref);
}

static int image_in_index(const struct lkb_docker_image *im, const struct lkb_layout *l,
			  struct names *names, bool *ret, struct lkb_error *err)
{
	for (size_t i = 0; i < im->tags.n; i++) {
		lkb_autofree char *ref = NULL;
		lkb_autoref r = {0};
		bool named = false;

		if (!lkb_ref_is_full(im->tags.items[i]) ||
		    lkb_ref_parse(im->tags.items[i], &r, NULL))
			continue;
		ref = lkb_ref_text(&r);
		if (index_has(l, names, ref, im, &named, err))
			return -1;
		*ret &= named;
	}
	return 0;
}

int lkb_docker_in_index(const struct lkb_docker *d, const struct lkb_layout *l, bool *ret,
			struct lkb_error *err)
{
	__attribute__((cleanup(clear_names))) struct names names = {0};
	lkb_autoarena arena = {0};
	struct lkb_oci_index index;
	bool all = true;

	if (lkb_layout_check(l, err) || lkb_layout_index(l, &arena, &index, err))
		return -1;
	list_names(&index, &names);
	for (size_t i = 0; i < d->n; i++)
		if (image_in_index(&d->items[i], l, &names, &all, err))
			return lkb_context(err, "'%s'", l->path);
	*ret = all;
	return 0;
}

int lkb_docker_fail_legacy(const struct lkb_archive *a, const char *path, struct lkb_error *err)
{
	lkb_autofree char *called = lkb_format("%s: repositories", path);
	lkb_autofree char *text = NULL;
	lkb_autostr names = {0};
	lkb_autojson v = NULL;
	const char *name, *tag;
	json_t *tags, *id;
	size_t len, n = 0;

	if (lkb_archive_text(a, "repositories", LKB_OCI_MAX_DOC, &text, &len, err) ||
	    lkb_json_parse(text, len, called, &v, err))
		return -1;
	json_object_foreach(v, name, tags)
		json_object_foreach(tags, tag, id)
			if (n++ < 8)
				lkb_str_addf(&names, "%s'%.60s:%.40s'", n > 1 ? ", " : "", name,
					     tag);
	lkb_fail(err, LKB_INPUT, "'%s' was saved by a Docker before 1.10 and has no digests to "
		 "compare; the names it has: %s%s", path, n ? lkb_str_get(&names) : "none",
		 n > 8 ? ", ..." : "");
	return lkb_hint(err, "load it into a Docker that still reads it and save it again, or pull "
			     "the image anew");
}
