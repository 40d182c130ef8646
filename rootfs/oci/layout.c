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

int lkb_layout_check(const char *dir, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/oci-layout", dir);
	lkb_autofree char *text = NULL;
	lkb_autojson v = NULL;
	struct lkb_json_at root;
	const char *version = NULL;
	struct stat st;
	size_t len;

	if (stat(dir, &st))
		return lkb_fail_errno(err, "cannot open '%s'", dir);
	if (!S_ISDIR(st.st_mode)) {
		lkb_fail(err, LKB_INPUT, "'%s' is a file; an OCI layout is a directory", dir);
		return lkb_hint(err, "skopeo makes one of an archive: 'skopeo copy "
				     "docker-archive:%.150s oci:DIR', or oci-archive:", dir);
	}
	if (access(path, F_OK) && errno == ENOENT)
		return lkb_fail(err, LKB_INPUT, "'%s' is no OCI layout: it has no file "
				"'oci-layout'", dir);
	if (lkb_read_file(path, 4096, &text, &len, err) ||
	    lkb_json_parse(text, len, path, &v, err) || lkb_json_root(v, path, &root, err) ||
	    lkb_json_string(&root, "imageLayoutVersion", LKB_JSON_REQUIRED, &version, err))
		return -1;
	if (!lkb_starts_with(version, "1."))
		return lkb_json_fail(&root, "imageLayoutVersion", err, "is '%.40s', not 1.x",
				     version);
	return 0;
}

int lkb_layout_index(const char *dir, struct lkb_arena *arena, struct lkb_oci_index *ret,
		     struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/index.json", dir);
	lkb_autofree char *text = NULL;
	struct lkb_oci_doc doc;
	size_t len;

	if (lkb_read_file(path, LKB_OCI_MAX_DOC, &text, &len, err) ||
	    lkb_oci_doc_parse(text, len, path, NULL, arena, &doc, err))
		return -1;
	if (doc.kind != LKB_OCI_INDEX)
		return lkb_fail(err, LKB_INPUT, "%s: the document is no index", path);
	*ret = doc.index;
	return 0;
}

bool lkb_layout_has(const char *dir, const struct lkb_oci_desc *d)
{
	lkb_autofree char *path = lkb_layout_blob_path(dir, &d->digest);
	struct stat st;

	return d->verifiable && !stat(path, &st);
}

int lkb_layout_open(const char *dir, const struct lkb_oci_desc *d, int *ret_fd,
		    struct lkb_error *err)
{
	lkb_autofree char *path = NULL;
	lkb_autofd fd = -1;
	uint64_t size = 0;

	if (!d->verifiable)
		return lkb_fail(err, LKB_TRUST, "cannot verify '%s': SHA-256 is the only digest "
				"that is supported", d->digest_text);
	if (!lkb_layout_has(dir, d))
		return lkb_fail(err, LKB_INPUT, "blob '%s' is not in '%s'", d->digest_text, dir);
	path = lkb_layout_blob_path(dir, &d->digest);
	if (lkb_open_read(path, &fd, &size, err))
		return -1;
	if (size != d->size) {
		lkb_fail(err, LKB_TRUST, "blob '%s' has %llu bytes, not %llu as what refers to it "
			 "says", d->digest_text, (unsigned long long)size,
			 (unsigned long long)d->size);
		return lkb_hint(err, "the file is '%s'", path);
	}
	*ret_fd = lkb_steal_fd(&fd);
	return 0;
}

/* A whole document, verified, with a NUL behind it; the caller frees *ret. */
static int read_doc(const char *dir, const struct lkb_oci_desc *d, char **ret, size_t *ret_len,
		    struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	lkb_autofd fd = -1;
	struct lkb_sha256 digest;

	if (d->size > LKB_OCI_MAX_DOC)
		return lkb_fail(err, LKB_INPUT, "document '%s' is %llu bytes large, more than the "
				"%zu that are read", d->digest_text, (unsigned long long)d->size,
				LKB_OCI_MAX_DOC);
	if (lkb_layout_open(dir, d, &fd, err))
		return -1;
	text = lkb_alloc(d->size + 1);
	if (lkb_pread_full(fd, text, d->size, 0, d->digest_text, err))
		return -1;
	digest = lkb_sha256(text, d->size);
	if (!lkb_sha256_equal(&digest, &d->digest)) {
		lkb_autofree char *path = lkb_layout_blob_path(dir, &d->digest);

		lkb_fail(err, LKB_TRUST, "blob '%s' holds something else: its digest is "
			 "'sha256:%s'", d->digest_text, lkb_sha256_text(&digest).s);
		return lkb_hint(err, "the file is '%s'", path);
	}
	*ret_len = d->size;
	*ret = LKB_STEAL(text);
	return 0;
}

int lkb_layout_doc(const char *dir, const struct lkb_oci_desc *d, struct lkb_arena *arena,
		   struct lkb_oci_doc *ret, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_format("document '%s'", d->digest_text);
	lkb_autofree char *text = NULL;
	size_t len;

	if (read_doc(dir, d, &text, &len, err))
		return -1;
	return lkb_oci_doc_parse(text, len, name, d->media_type, arena, ret, err);
}

int lkb_layout_config(const char *dir, const struct lkb_oci_desc *d, struct lkb_oci_config *ret,
		      struct lkb_error *err)
{
	lkb_autofree char *name = lkb_format("config '%s'", d->digest_text);
	lkb_autofree char *text = NULL;
	size_t len;

	if (d->kind != LKB_OCI_CONFIG)
		return lkb_fail(err, LKB_INPUT, "the manifest is not that of an image: its config "
				"is '%.100s'", d->media_type);
	if (read_doc(dir, d, &text, &len, err))
		return -1;
	return lkb_oci_config_parse(text, len, name, ret, err);
}

char *lkb_layout_name(const struct lkb_oci_desc *d)
{
	const char *names[] = { d->containerd_name, d->ref_name };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++) {
		lkb_autoref r = {0};

		if (names[i] && lkb_ref_is_full(names[i]) && !lkb_ref_parse(names[i], &r, NULL))
			return lkb_ref_text(&r);
	}
	return NULL;
}
