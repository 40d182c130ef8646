/* SPDX-License-Identifier: Apache-2.0 */
/* Taking entries out of index.json, and putting smaller ones in their place. */
#include "base/alloc.h"
#include "base/file.h"
#include "rootfs/oci/upkeep_priv.h"
#include "rootfs/oci/write_priv.h"

char *lkb_store_index_text(const struct lkb_oci_desc *items, size_t n)
{
	json_t *manifests = json_array();
	lkb_autojson doc = lkb_oci_index_json(manifests);

	for (size_t i = 0; i < n; i++)
		lkb_json_append(manifests, lkb_oci_entry_json(&items[i], NULL));
	return lkb_json_text(doc);
}

int lkb_store_put_index(const struct lkb_store *s, const struct lkb_oci_desc *items, size_t n,
			struct lkb_arena *arena, struct lkb_oci_desc *ret, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_store_index_text(items, n);
	struct lkb_oci_desc d = { .media_type = LKB_OCI_TYPE_INDEX, .kind = LKB_OCI_INDEX,
				  .verifiable = true, .size = strlen(text) };

	if (lkb_store_put_bytes(s, text, d.size, &d.digest, err))
		return -1;
	d.digest_text = lkb_arena_format(arena, "sha256:%s", lkb_sha256_text(&d.digest).s);
	*ret = d;
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

int lkb_index_edit_begin(const struct lkb_store *s, struct lkb_index_edit *ret,
			 struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/index.json", s->dir);
	lkb_autofree char *text = NULL;
	size_t len;

	if (lkb_store_lock(s, false, &ret->lock, err) ||
	    lkb_read_file(path, LKB_OCI_MAX_DOC, &text, &len, err))
		return -1;
	return lkb_json_parse(text, len, path, &ret->doc, err);
}

void lkb_index_edit_clear(struct lkb_index_edit *e)
{
	if (e->lock >= 0)
		close(e->lock);
	json_decref(e->doc);
	*e = (struct lkb_index_edit){ .lock = -1 };
}

int lkb_index_edit_read(const struct lkb_index_edit *e, struct lkb_arena *arena,
			struct lkb_oci_index *ret, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_json_text(e->doc);
	struct lkb_oci_doc now;

	if (lkb_oci_doc_parse(text, strlen(text), "index.json", LKB_OCI_TYPE_INDEX, arena, &now,
			      err))
		return -1;
	*ret = now.index;
	return 0;
}

int lkb_index_edit_write(const struct lkb_store *s, const struct lkb_index_edit *e,
			 struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/index.json", s->dir);
	lkb_autofree char *text = lkb_json_text(e->doc);
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;

	if (lkb_store_tmp_open(s, &tmp, err) ||
	    lkb_write_full(tmp.fd, text, strlen(text), path, err))
		return -1;
	return lkb_store_tmp_commit(&tmp, path, err);
}

/* Takes an annotation away that means the name. */
static void forget_name(json_t *entry, const char *key, const char *value, const char *ref)
{
	lkb_autofree char *text = NULL;
	lkb_autoref r = {0};

	if (!value || lkb_ref_parse(value, &r, NULL))
		return;
	text = lkb_ref_text(&r);
	if (!strcmp(text, ref))
		json_object_del(json_object_get(entry, "annotations"), key);
}

void lkb_index_edit_remove(struct lkb_index_edit *e, const struct lkb_oci_index *index,
			   const char *ref)
{
	json_t *manifests = json_object_get(e->doc, "manifests");

	for (size_t i = index->n; i-- > 0;) {
		const struct lkb_oci_desc *d = &index->items[i];
		json_t *entry = json_array_get(manifests, i);
		lkb_autostrv names = {0};

		lkb_layout_names(d, &names);
		if (!lkb_strv_has(&names, ref))
			continue;
		if (names.n == 1) {
			json_array_remove(manifests, i);
			continue;
		}
		forget_name(entry, LKB_OCI_REF_NAME, d->ref_name, ref);
		forget_name(entry, LKB_OCI_CONTAINERD_NAME, d->containerd_name, ref);
	}
}

void lkb_index_edit_drop(struct lkb_index_edit *e, const struct lkb_oci_index *index,
			 const char *name)
{
	json_t *manifests = json_object_get(e->doc, "manifests");

	for (size_t i = index->n; i-- > 0;) {
		lkb_autofree char *own = lkb_reach_name(&index->items[i]);

		if (!strcmp(own, name))
			json_array_remove(manifests, i);
	}
}

void lkb_index_edit_add(struct lkb_index_edit *e, const struct lkb_oci_desc *d, const char *ref)
{
	json_t *manifests = json_object_get(e->doc, "manifests");

	if (!json_is_array(manifests)) {
		manifests = json_array();
		lkb_json_set(e->doc, "manifests", manifests);
	}
	insert_sorted(manifests, lkb_oci_entry_json(d, ref));
}
