/* SPDX-License-Identifier: Apache-2.0 */
/* Changing index.json: always under the exclusive lock, always by replacing the whole file. */
#include "base/alloc.h"
#include "base/ext/json.h"
#include "base/file.h"
#include "rootfs/oci/store_priv.h"
#include "rootfs/oci/write_priv.h"

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
		struct lkb_error fault = {0};
		size_t before = list->n;

		if (!lkb_layout_is_named(&index->items[i], ref))
			continue;
		if (lkb_layout_flatten(s->layout, &index->items[i], arena, list, &fault)) {
			if (fault.kind != LKB_INPUT && fault.kind != LKB_TRUST)
				return lkb_store_fault(err, &fault);
			list->n = before;
		}
	}
	return 0;
}

static char *index_text(const struct lkb_oci_desc *items, size_t n)
{
	json_t *manifests = json_array();
	lkb_autojson doc = lkb_oci_index_json(manifests);

	for (size_t i = 0; i < n; i++)
		lkb_json_append(manifests, lkb_oci_entry_json(&items[i], NULL));
	return lkb_json_text(doc);
}

bool lkb_store_made_index(const struct lkb_oci_index *index, const struct lkb_sha256 *digest)
{
	lkb_autofree char *text = NULL;
	struct lkb_sha256 made;

	for (size_t i = 0; i < index->n; i++)
		if (!index->items[i].has_platform || !index->items[i].verifiable)
			return false;
	text = index_text(index->items, index->n);
	made = lkb_sha256(text, strlen(text));
	return lkb_sha256_equal(&made, digest);
}

/* Stores the index that holds d and what the reference has for other platforms. */
static int join_platforms(const struct lkb_store *s, const struct lkb_oci_index *index,
			  const char *ref, const struct lkb_oci_desc *d, struct lkb_arena *arena,
			  struct lkb_oci_desc *ret, struct lkb_error *err)
{
	lkb_autolayoutlist list = {0};
	lkb_autofree char *text = NULL;
	size_t n = 0;

	if (add_present(s, index, ref, arena, &list, err))
		return -1;
	for (size_t i = 0; i < list.n; i++)
		if (lkb_platform_compare(&list.items[i].platform, &d->platform))
			list.items[n++] = list.items[i];
	list.n = n;
	LKB_GROW(list.items, list.n, list.cap);
	list.items[list.n++] = *d;
	qsort(list.items, list.n, sizeof(*list.items), by_platform);
	text = index_text(list.items, list.n);
	*ret = (struct lkb_oci_desc){ .media_type = LKB_OCI_TYPE_INDEX, .kind = LKB_OCI_INDEX,
				      .verifiable = true, .size = strlen(text) };
	if (lkb_store_put_bytes(s, text, ret->size, &ret->digest, err))
		return -1;
	ret->digest_text = lkb_arena_format(arena, "sha256:%s", lkb_sha256_text(&ret->digest).s);
	return 0;
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

/* Replaces all entries of the name in `doc`, which `index` was read from. Entries and keys that are
 * not ours stay as they are. */
static void replace_entry(const struct lkb_oci_index *index, json_t *doc, const char *ref,
			  const struct lkb_oci_desc *d)
{
	json_t *manifests = json_object_get(doc, "manifests");

	if (!json_is_array(manifests)) {
		manifests = json_array();
		lkb_json_set(doc, "manifests", manifests);
	}
	for (size_t i = index->n; i-- > 0;)
		if (lkb_layout_is_named(&index->items[i], ref))
			json_array_remove(manifests, i);
	insert_sorted(manifests, lkb_oci_entry_json(d, ref));
}

static int publish_one(const struct lkb_store *s, const char *path, json_t *doc,
		       const struct lkb_store_name *name, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_json_text(doc);
	const struct lkb_oci_desc *d = name->desc;
	lkb_autoarena arena = {0};
	struct lkb_oci_doc now;
	struct lkb_oci_desc joined;

	if (lkb_oci_doc_parse(text, strlen(text), path, LKB_OCI_TYPE_INDEX, &arena, &now, err))
		return -1;
	/* A name with a digest stands for that very document. */
	if (d->has_platform && !strchr(name->ref, '@')) {
		if (join_platforms(s, &now.index, name->ref, d, &arena, &joined, err))
			return -1;
		d = &joined;
	}
	replace_entry(&now.index, doc, name->ref, d);
	return 0;
}

int lkb_store_publish(const struct lkb_store *s, const struct lkb_store_name *names, size_t n,
		      struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/index.json", s->dir);
	lkb_autofree char *text = NULL;
	lkb_autojson doc = NULL;
	lkb_autofd lock = -1;
	size_t len;

	if (lkb_store_lock(s, false, &lock, err) ||
	    lkb_read_file(path, LKB_OCI_MAX_DOC, &text, &len, err) ||
	    lkb_json_parse(text, len, path, &doc, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (publish_one(s, path, doc, &names[i], err))
			return -1;
	return write_index(s, doc, err);
}
