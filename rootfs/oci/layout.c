/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/layout_priv.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/json.h"
#include "base/file.h"
#include "rootfs/oci/ref.h"

char *lkb_layout_blob_path(const char *dir, const struct lkb_sha256 *digest)
{
	return lkb_format("%s/blobs/sha256/%s", dir, lkb_sha256_text(digest).s);
}

struct lkb_layout *lkb_layout_new_dir(const char *dir)
{
	struct lkb_layout *l = lkb_alloc(sizeof(*l));

	l->path = lkb_strdup(dir);
	return l;
}

void lkb_layout_free(struct lkb_layout *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_made; i++) {
		lkb_blob_unref(l->made[i].data.blob);
		free(l->made[i].name);
	}
	free(l->made);
	free(l->index);
	lkb_archive_free(l->archive);
	free(l->path);
	free(l);
}

/* A document that has a name of its own, and what messages call it. The caller frees both. */
static int read_named(const struct lkb_layout *l, const char *name, size_t max, char **ret_called,
		      char **ret, size_t *ret_len, struct lkb_error *err)
{
	lkb_autofree char *called = l->archive ? lkb_format("%s: %s", l->path, name)
					       : lkb_format("%s/%s", l->path, name);

	if (l->archive ? lkb_archive_text(l->archive, name, max, ret, ret_len, err)
		       : lkb_read_file(called, max, ret, ret_len, err))
		return -1;
	*ret_called = LKB_STEAL(called);
	return 0;
}

static bool has_named(const struct lkb_layout *l, const char *name)
{
	lkb_autofree char *path = lkb_format("%s/%s", l->path, name);

	if (l->archive)
		return lkb_archive_has(l->archive, name);
	return !access(path, F_OK) || errno != ENOENT;
}

int lkb_layout_check(const struct lkb_layout *l, struct lkb_error *err)
{
	lkb_autofree char *called = NULL, *text = NULL;
	lkb_autojson v = NULL;
	struct lkb_json_at root;
	const char *version = NULL;
	struct stat st;
	size_t len;

	if (!l->archive && stat(l->path, &st))
		return lkb_fail_errno(err, "cannot open '%s'", l->path);
	if (!has_named(l, "oci-layout"))
		return lkb_fail(err, LKB_INPUT, "'%s' is no OCI layout: it has no file "
				"'oci-layout'", l->path);
	if (read_named(l, "oci-layout", 4096, &called, &text, &len, err) ||
	    lkb_json_parse(text, len, called, &v, err) || lkb_json_root(v, called, &root, err) ||
	    lkb_json_string(&root, "imageLayoutVersion", LKB_JSON_REQUIRED, &version, err))
		return -1;
	if (!lkb_starts_with(version, "1."))
		return lkb_json_fail(&root, "imageLayoutVersion", err, "is '%.40s', not 1.x",
				     version);
	return 0;
}

int lkb_layout_index(const struct lkb_layout *l, struct lkb_arena *arena,
		     struct lkb_oci_index *ret, struct lkb_error *err)
{
	lkb_autofree char *called = NULL, *text = NULL;
	struct lkb_oci_doc doc;
	size_t len;

	if (l->index) {
		text = lkb_strdup(l->index);
		len = strlen(text);
		called = lkb_format("%s: manifest.json", l->path);
	} else if (read_named(l, "index.json", LKB_OCI_MAX_DOC, &called, &text, &len, err)) {
		return -1;
	}
	if (lkb_oci_doc_parse(text, len, called, NULL, arena, &doc, err))
		return -1;
	if (doc.kind != LKB_OCI_INDEX)
		return lkb_fail(err, LKB_INPUT, "%s: the document is no index", called);
	*ret = doc.index;
	return 0;
}

static const struct lkb_layout_made *find_made(const struct lkb_layout *l,
					       const struct lkb_sha256 *digest)
{
	for (size_t i = 0; i < l->n_made; i++)
		if (lkb_sha256_equal(&l->made[i].digest, digest))
			return &l->made[i];
	return NULL;
}

/* 1 = *ret is the blob and a reference to it, 0 = there is none. */
static int find(const struct lkb_layout *l, const struct lkb_sha256 *digest, struct lkb_data *ret,
		struct lkb_error *err)
{
	const struct lkb_layout_made *made = find_made(l, digest);
	lkb_autofree char *path = NULL;
	lkb_auto(lkb_blob) blob = NULL;
	struct stat st;
	int r = 1;

	if (made) {
		*ret = made->data;
	} else if (l->archive) {
		path = lkb_format("blobs/sha256/%s", lkb_sha256_text(digest).s);
		r = lkb_archive_find(l->archive, path, ret, err);
	} else {
		path = lkb_layout_blob_path(l->path, digest);
		if (stat(path, &st))
			return 0;
		if (lkb_blob_open(path, &blob, err))
			return -1;
		*ret = (struct lkb_data){ .blob = blob, .len = lkb_blob_size(blob) };
	}
	if (r > 0)
		lkb_blob_ref(ret->blob);
	return r;
}

bool lkb_layout_has(const struct lkb_layout *l, const struct lkb_oci_desc *d)
{
	lkb_autofree char *path = NULL;
	lkb_autodata data = {0};
	struct stat st;

	if (!d->verifiable)
		return false;
	if (l->archive)
		return find(l, &d->digest, &data, NULL) > 0;
	path = lkb_layout_blob_path(l->path, &d->digest);
	return !stat(path, &st);
}

int lkb_layout_size(const struct lkb_layout *l, const struct lkb_oci_desc *d, uint64_t *ret,
		    struct lkb_error *err)
{
	lkb_autodata data = {0};
	int r = find(l, &d->digest, &data, err);

	if (r > 0)
		*ret = data.len;
	return r > 0 ? 0 : r ? -1 : lkb_fail(err, LKB_INPUT, "blob '%s' is not in '%s'",
					     d->digest_text, l->path);
}

int lkb_layout_hint(const struct lkb_layout *l, const struct lkb_oci_desc *d,
		    struct lkb_error *err)
{
	const struct lkb_layout_made *made = find_made(l, &d->digest);
	lkb_autofree char *path = lkb_layout_blob_path(l->path, &d->digest);

	if (!l->archive)
		return lkb_hint(err, "the file is '%s'", path);
	if (made && made->name)
		return lkb_hint(err, "it is '%.200s' in '%.200s'", made->name, l->path);
	return lkb_hint(err, "it is 'blobs/sha256/%s' in '%.200s'", lkb_sha256_text(&d->digest).s,
			l->path);
}

int lkb_layout_fail_digest(const struct lkb_layout *l, const struct lkb_oci_desc *d,
			   const struct lkb_sha256 *got, struct lkb_error *err)
{
	lkb_fail(err, LKB_TRUST, "blob '%s' holds something else: its digest is 'sha256:%s'",
		 d->digest_text, lkb_sha256_text(got).s);
	return lkb_layout_hint(l, d, err);
}

int lkb_layout_blob(const struct lkb_layout *l, const struct lkb_oci_desc *d, struct lkb_data *ret,
		    struct lkb_error *err)
{
	lkb_autodata data = {0};
	int r;

	if (!d->verifiable)
		return lkb_fail(err, LKB_TRUST, "cannot verify '%s': SHA-256 is the only digest "
				"that is supported", d->digest_text);
	r = find(l, &d->digest, &data, err);
	if (r < 0)
		return -1;
	if (!r)
		return lkb_fail(err, LKB_INPUT, "blob '%s' is not in '%s'", d->digest_text,
				l->path);
	if (data.len != d->size) {
		lkb_fail(err, LKB_TRUST, "blob '%s' has %llu bytes, not %llu as what refers to it "
			 "says", d->digest_text, (unsigned long long)data.len,
			 (unsigned long long)d->size);
		return lkb_layout_hint(l, d, err);
	}
	*ret = data;
	data.blob = NULL;
	return 0;
}

int lkb_layout_text(const struct lkb_layout *l, const struct lkb_oci_desc *d, size_t max,
		    char **ret, size_t *ret_len, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	lkb_autodata data = {0};
	struct lkb_sha256 digest;

	if (d->size > max)
		return lkb_fail(err, LKB_INPUT, "document '%s' is %llu bytes large, more than the "
				"%zu that are read", d->digest_text, (unsigned long long)d->size,
				max);
	if (lkb_layout_blob(l, d, &data, err) ||
	    lkb_data_read_all(&data, max, &text, NULL, err))
		return -1;
	digest = lkb_sha256(text, d->size);
	if (!lkb_sha256_equal(&digest, &d->digest))
		return lkb_layout_fail_digest(l, d, &digest, err);
	*ret_len = d->size;
	*ret = LKB_STEAL(text);
	return 0;
}

int lkb_layout_doc(const struct lkb_layout *l, const struct lkb_oci_desc *d,
		   struct lkb_arena *arena, struct lkb_oci_doc *ret, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_format("document '%s'", d->digest_text);
	lkb_autofree char *text = NULL;
	size_t len;

	if (lkb_layout_text(l, d, LKB_OCI_MAX_DOC, &text, &len, err))
		return -1;
	return lkb_oci_doc_parse(text, len, name, d->media_type, arena, ret, err);
}

int lkb_layout_config(const struct lkb_layout *l, const struct lkb_oci_desc *d,
		      struct lkb_oci_config *ret, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_format("config '%s'", d->digest_text);
	lkb_autofree char *text = NULL;
	size_t len;

	if (d->kind != LKB_OCI_CONFIG)
		return lkb_fail(err, LKB_INPUT, "the manifest is not that of an image: its config "
				"is '%.100s'", d->media_type);
	if (lkb_layout_text(l, d, LKB_OCI_MAX_DOC, &text, &len, err))
		return -1;
	return lkb_oci_config_parse(text, len, name, ret, err);
}

void lkb_layout_names(const struct lkb_oci_desc *d, struct lkb_strv *ret)
{
	const char *names[] = { d->containerd_name, d->ref_name };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++) {
		lkb_autofree char *text = NULL;
		lkb_autoref r = {0};

		if (!names[i] || !lkb_ref_is_full(names[i]) || lkb_ref_parse(names[i], &r, NULL))
			continue;
		text = lkb_ref_text(&r);
		if (!lkb_strv_has(ret, text))
			lkb_strv_add(ret, text);
	}
}

bool lkb_layout_is_named(const struct lkb_oci_desc *d, const char *ref)
{
	lkb_autostrv names = {0};

	lkb_layout_names(d, &names);
	return lkb_strv_has(&names, ref);
}
