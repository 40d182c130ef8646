/* SPDX-License-Identifier: Apache-2.0 */
/* Changing index.json: always under the exclusive lock, always by replacing the whole file. */
#include "base/alloc.h"
#include "base/ext/json.h"
#include "base/file.h"
#include "rootfs/oci/store_priv.h"

static json_t *desc_json(const struct lkb_oci_desc *d)
{
	json_t *o = json_object();

	lkb_json_set(o, "mediaType", json_string(d->media_type));
	lkb_json_set(o, "digest", json_string(d->digest_text));
	lkb_json_set(o, "size", json_integer((json_int_t)d->size));
	return o;
}

static json_t *platform_json(const struct lkb_platform *p)
{
	json_t *o = json_object();

	lkb_json_set(o, "os", json_string("linux"));
	lkb_json_set(o, "architecture", json_string(p->arch));
	if (p->variant[0])
		lkb_json_set(o, "variant", json_string(p->variant));
	return o;
}

static json_t *index_json(json_t *manifests)
{
	json_t *o = json_object();

	lkb_json_set(o, "schemaVersion", json_integer(2));
	lkb_json_set(o, "mediaType", json_string(LKB_OCI_TYPE_INDEX));
	lkb_json_set(o, "manifests", manifests);
	return o;
}

static int by_platform(const void *a, const void *b)
{
	const struct lkb_oci_desc *da = a, *db = b;
	int order = lkb_platform_compare(&da->platform, &db->platform);

	return order ? order : strcmp(da->digest_text, db->digest_text);
}

/* Adds the manifests that the reference stands for now. What cannot be read cannot be resolved
 * either and gives way, so that building or importing again mends a damaged store. */
static int add_present(const struct lkb_store *s, const struct lkb_oci_index *index,
		       const char *ref, struct lkb_arena *arena, struct lkb_layout_list *list,
		       struct lkb_error *err)
{
	for (size_t i = 0; i < index->n; i++) {
		lkb_autofree char *name = lkb_layout_name(&index->items[i]);
		struct lkb_error fault = {0};
		size_t before = list->n;

		if (!name || strcmp(name, ref))
			continue;
		if (lkb_layout_flatten(s->dir, &index->items[i], arena, list, &fault)) {
			if (fault.kind != LKB_INPUT && fault.kind != LKB_TRUST)
				return lkb_store_fault(err, &fault);
			list->n = before;
		}
	}
	return 0;
}

/* Stores the index that holds d and what the reference has for other platforms. */
static int join_platforms(const struct lkb_store *s, const struct lkb_oci_index *index,
			  const char *ref, const struct lkb_oci_desc *d, struct lkb_arena *arena,
			  struct lkb_oci_desc *ret, struct lkb_error *err)
{
	lkb_autolayoutlist list = {0};
	lkb_autojson doc = NULL;
	lkb_autofree char *text = NULL;
	json_t *manifests = json_array();
	size_t n = 0;

	doc = index_json(manifests);
	if (add_present(s, index, ref, arena, &list, err))
		return -1;
	for (size_t i = 0; i < list.n; i++)
		if (lkb_platform_compare(&list.items[i].platform, &d->platform))
			list.items[n++] = list.items[i];
	list.n = n;
	LKB_GROW(list.items, list.n, list.cap);
	list.items[list.n++] = *d;
	qsort(list.items, list.n, sizeof(*list.items), by_platform);
	for (size_t i = 0; i < list.n; i++) {
		json_t *o = desc_json(&list.items[i]);

		lkb_json_set(o, "platform", platform_json(&list.items[i].platform));
		lkb_json_append(manifests, o);
	}
	text = lkb_json_text(doc);
	*ret = (struct lkb_oci_desc){ .media_type = LKB_OCI_TYPE_INDEX, .kind = LKB_OCI_INDEX,
				      .verifiable = true, .size = strlen(text) };
	if (lkb_store_put_bytes(s, text, ret->size, &ret->digest, err))
		return -1;
	ret->digest_text = lkb_arena_format(arena, "sha256:%s", lkb_sha256_text(&ret->digest).s);
	return 0;
}

/* The entry of index.json that names d; the caller holds the reference. */
static json_t *named_entry(const struct lkb_oci_desc *d, const char *ref)
{
	json_t *notes = json_object();
	json_t *entry = desc_json(d);

	lkb_json_set(notes, LKB_OCI_REF_NAME, json_string(ref));
	lkb_json_set(entry, "annotations", notes);
	return entry;
}

static const char *sort_key(const json_t *entry)
{
	const char *name = json_string_value(json_object_get(
		json_object_get(entry, "annotations"), LKB_OCI_REF_NAME));

	return name ? name : "";
}

/* Puts the entry where its name belongs in byte order, so that the file does not depend on the
 * order in which images came. */
static void insert_sorted(json_t *manifests, json_t *entry)
{
	size_t i = 0;

	while (i < json_array_size(manifests) &&
	       strcmp(sort_key(json_array_get(manifests, i)), sort_key(entry)) <= 0)
		i++;
	if (json_array_insert_new(manifests, i, entry))
		abort();
}

static int write_index(const struct lkb_store *s, const json_t *doc, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/index.json", s->dir);
	lkb_autofree char *text = lkb_json_text(doc);
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;

	if (lkb_store_tmp_open(s, &tmp, err) ||
	    lkb_write_full(tmp.fd, text, strlen(text), path, err))
		return -1;
	return lkb_store_tmp_commit(&tmp, path, err);
}

/* Replaces all entries of the name. Entries and keys that are not ours stay as they are. */
static int replace_entry(const struct lkb_store *s, const struct lkb_oci_index *index, json_t *doc,
			 const char *ref, const struct lkb_oci_desc *d, struct lkb_error *err)
{
	json_t *manifests = json_object_get(doc, "manifests");

	if (!json_is_array(manifests)) {
		manifests = json_array();
		lkb_json_set(doc, "manifests", manifests);
	}
	for (size_t i = index->n; i-- > 0;) {
		lkb_autofree char *name = lkb_layout_name(&index->items[i]);

		if (name && !strcmp(name, ref))
			json_array_remove(manifests, i);
	}
	insert_sorted(manifests, named_entry(d, ref));
	return write_index(s, doc, err);
}

int lkb_store_publish(const struct lkb_store *s, const char *ref, const struct lkb_oci_desc *d,
		      struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/index.json", s->dir);
	lkb_autofree char *text = NULL;
	lkb_autoarena arena = {0};
	lkb_autojson doc = NULL;
	lkb_autofd lock = -1;
	struct lkb_oci_doc now;
	struct lkb_oci_desc joined;
	size_t len;

	if (lkb_store_lock(s, false, &lock, err) ||
	    lkb_read_file(path, LKB_OCI_MAX_DOC, &text, &len, err) ||
	    lkb_oci_doc_parse(text, len, path, LKB_OCI_TYPE_INDEX, &arena, &now, err) ||
	    lkb_json_parse(text, len, path, &doc, err))
		return -1;
	/* A name with a digest stands for that very document. */
	if (d->has_platform && !strchr(ref, '@')) {
		if (join_platforms(s, &now.index, ref, d, &arena, &joined, err))
			return -1;
		d = &joined;
	}
	return replace_entry(s, &now.index, doc, ref, d, err);
}
