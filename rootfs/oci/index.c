/* SPDX-License-Identifier: Apache-2.0 */
/* Changing index.json: always under the exclusive lock, always by replacing the whole file. */
#include "base/alloc.h"
#include "base/ext/json.h"
#include "base/file.h"
#include "rootfs/oci/upkeep_priv.h"
#include "rootfs/oci/write_priv.h"

static int by_platform(const void *a, const void *b)
{
	const struct lkb_oci_desc *da = a, *db = b;
	int order = lkb_platform_compare(&da->platform, &db->platform);

	return order ? order : strcmp(da->digest_text, db->digest_text);
}

/* An entry of index.json as it is going to be. */
struct entry {
	json_t *json;             /* owned */
	struct lkb_oci_desc desc; /* its strings are an arena's, or the caller's */
	struct lkb_strv names;    /* owned; canonical */
	const char *key;          /* what it is sorted by */
};

struct entries {
	struct entry **items; /* owned, each owned */
	size_t n, cap;
};

static void free_entry(struct entry *e)
{
	json_decref(e->json);
	lkb_strv_clear(&e->names);
	free(e);
}

static void clear_entries(struct entries *l)
{
	for (size_t i = 0; i < l->n; i++)
		free_entry(l->items[i]);
	free(l->items);
}

static struct entry *new_entry(json_t *json, const struct lkb_oci_desc *d, const char *key)
{
	struct entry *e = lkb_alloc(sizeof(*e));

	e->json = json;
	e->desc = *d;
	e->key = key ? key : "";
	return e;
}

static void read_entries(const json_t *doc, const struct lkb_oci_index *index, struct entries *l)
{
	json_t *manifests = json_object_get(doc, "manifests");

	for (size_t i = 0; i < index->n; i++) {
		const struct lkb_oci_desc *d = &index->items[i];

		LKB_GROW(l->items, l->n, l->cap);
		l->items[l->n++] = new_entry(json_incref(json_array_get(manifests, i)), d,
					     d->ref_name);
		lkb_layout_names(d, &l->items[i]->names);
	}
}

/* Adds the manifests that the reference stands for now, without those that an index lists and that
 * were not brought along. What cannot be read cannot be resolved
 * either and gives way, so that building or importing again mends a damaged store. */
static int add_present(const struct lkb_store *s, const struct entries *entries, const char *ref,
		       struct lkb_arena *arena, struct lkb_layout_list *list,
		       struct lkb_error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < entries->n; i++) {
		struct lkb_error fault = {0};
		size_t before = list->n;

		if (!lkb_strv_has(&entries->items[i]->names, ref))
			continue;
		if (lkb_layout_flatten(s->layout, &entries->items[i]->desc, arena, list, &fault)) {
			if (fault.kind != LKB_INPUT && fault.kind != LKB_TRUST)
				return lkb_store_fault(err, &fault);
			list->n = before;
		}
	}
	for (size_t i = 0; i < list->n; i++)
		if (lkb_layout_has(s->layout, &list->items[i]))
			list->items[n++] = list->items[i];
	list->n = n;
	return 0;
}

bool lkb_store_made_index(const struct lkb_oci_index *index, const struct lkb_sha256 *digest)
{
	lkb_autofree char *text = NULL;
	struct lkb_sha256 made;

	for (size_t i = 0; i < index->n; i++)
		if (!index->items[i].has_platform || !index->items[i].verifiable)
			return false;
	text = lkb_store_index_text(index->items, index->n);
	made = lkb_sha256(text, strlen(text));
	return lkb_sha256_equal(&made, digest);
}

/* Stores the index that holds d and what the reference has for other platforms. */
static int join_platforms(const struct lkb_store *s, const struct entries *entries,
			  const char *ref, const struct lkb_oci_desc *d, struct lkb_arena *arena,
			  struct lkb_oci_desc *ret, struct lkb_error *err)
{
	lkb_autolayoutlist list = {0};
	size_t n = 0;

	if (add_present(s, entries, ref, arena, &list, err))
		return -1;
	for (size_t i = 0; i < list.n; i++)
		if (lkb_platform_compare(&list.items[i].platform, &d->platform))
			list.items[n++] = list.items[i];
	list.n = n;
	LKB_GROW(list.items, list.n, list.cap);
	list.items[list.n++] = *d;
	qsort(list.items, list.n, sizeof(*list.items), by_platform);
	return lkb_store_put_index(s, list.items, list.n, arena, ret, err);
}

/* Puts the entry where its name belongs in byte order, so that the file does not depend on the
 * order in which images came. */
static void insert_sorted(struct entries *l, struct entry *e)
{
	size_t i = 0;

	while (i < l->n && strcmp(l->items[i]->key, e->key) <= 0)
		i++;
	LKB_GROW(l->items, l->n, l->cap);
	memmove(&l->items[i + 1], &l->items[i], (l->n - i) * sizeof(*l->items));
	l->items[i] = e;
	l->n++;
}

/* Replaces all entries of the name. Entries that are not ours stay as they are. */
static void replace_entry(struct entries *l, const char *ref, const struct lkb_oci_desc *d)
{
	struct entry *e = new_entry(lkb_oci_entry_json(d, ref), d, ref);
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (lkb_strv_has(&l->items[i]->names, ref))
			free_entry(l->items[i]);
		else
			l->items[n++] = l->items[i];
	}
	l->n = n;
	lkb_strv_add(&e->names, ref);
	insert_sorted(l, e);
}

static int publish_one(const struct lkb_store *s, struct entries *entries,
		       const struct lkb_store_name *name, struct lkb_arena *arena,
		       struct lkb_error *err)
{
	const struct lkb_oci_desc *d = name->desc;
	struct lkb_oci_desc joined;

	/* A name with a digest stands for that very document. */
	if (d->has_platform && !strchr(name->ref, '@')) {
		if (join_platforms(s, entries, name->ref, d, arena, &joined, err))
			return -1;
		d = &joined;
	}
	replace_entry(entries, name->ref, d);
	return 0;
}

static int hint_fewer(struct lkb_error *err)
{
	return lkb_hint(err, "choose fewer images by name, or another store with --store");
}

/* What could not be read again is not written. Keys that are not ours stay as they are. */
static int write_index(const struct lkb_store *s, json_t *doc, const struct entries *entries,
		       const char *path, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;
	json_t *manifests = json_array();

	for (size_t i = 0; i < entries->n; i++)
		lkb_json_append(manifests, json_incref(entries->items[i]->json));
	lkb_json_set(doc, "manifests", manifests);
	text = lkb_json_text(doc);
	if (entries->n > LKB_OCI_MAX_ENTRIES) {
		lkb_fail(err, LKB_INPUT, "the store would have more than %d names",
			 LKB_OCI_MAX_ENTRIES);
		return hint_fewer(err);
	}
	if (strlen(text) > LKB_OCI_MAX_DOC) {
		lkb_fail(err, LKB_INPUT, "'%s' would have more than %zu bytes", path,
			 LKB_OCI_MAX_DOC);
		return hint_fewer(err);
	}
	if (lkb_store_tmp_open(s, &tmp, err) ||
	    lkb_write_full(tmp.fd, text, strlen(text), path, err))
		return -1;
	return lkb_store_tmp_commit(&tmp, path, err);
}

int lkb_store_publish(const struct lkb_store *s, const struct lkb_store_name *names, size_t n,
		      struct lkb_error *err)
{
	__attribute__((cleanup(clear_entries))) struct entries entries = {0};
	lkb_autofree char *path = lkb_format("%s/index.json", s->dir);
	lkb_autofree char *text = NULL;
	lkb_autoarena arena = {0};
	lkb_autojson doc = NULL;
	lkb_autofd lock = -1;
	struct lkb_oci_doc now;
	size_t len;

	if (lkb_store_lock(s, false, &lock, err) ||
	    lkb_read_file(path, LKB_OCI_MAX_DOC, &text, &len, err) ||
	    lkb_json_parse(text, len, path, &doc, err) ||
	    lkb_oci_doc_parse(text, len, path, LKB_OCI_TYPE_INDEX, &arena, &now, err))
		return -1;
	read_entries(doc, &now.index, &entries);
	for (size_t i = 0; i < n; i++)
		if (publish_one(s, &entries, &names[i], &arena, err))
			return -1;
	return write_index(s, doc, &entries, path, err);
}
