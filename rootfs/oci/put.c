/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/ext/json.h"
#include "base/file.h"
#include "rootfs/oci/ref.h"
#include "rootfs/oci/store_priv.h"
#include "rootfs/oci/write_priv.h"
#include "rootfs/tree/tar.h"

enum { LAYER_LEVEL = 3 }; /* of zstd */
#define YEAR_10000 253402300800 /* in seconds from 1970: RFC 3339 has four digits */

/* A layer on its way: tar -> hash (diff_id) -> zstd -> hash (digest) -> file. */
struct layer_out {
	struct lkb_hash *plain_hash, *packed_hash;
	struct lkb_deflate *z;
	struct lkb_store_tmp *tmp;
	uint64_t size;
};

static int take_tar(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct layer_out *o = ctx;

	lkb_hash_add(o->plain_hash, p, n);
	return lkb_deflate_feed(o->z, p, n, err);
}

static int take_packed(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct layer_out *o = ctx;

	lkb_hash_add(o->packed_hash, p, n);
	o->size += n;
	return lkb_write_full(o->tmp->fd, p, n, o->tmp->path, err);
}

static int put_layer(const struct lkb_store *s, const struct lkb_inode *root, int64_t epoch,
		     struct lkb_image_layer *ret, struct lkb_error *err)
{
	lkb_auto(lkb_hash) plain_hash = lkb_hash_new();
	lkb_auto(lkb_hash) packed_hash = lkb_hash_new();
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;
	struct layer_out out = { .plain_hash = plain_hash, .packed_hash = packed_hash,
				 .tmp = &tmp };
	lkb_auto(lkb_deflate) z = lkb_deflate_new(LKB_ZSTD, LAYER_LEVEL, take_packed, &out);
	lkb_autofree char *path = NULL;
	struct lkb_image_layer layer;

	out.z = z;
	if (lkb_store_tmp_open(s, &tmp, err) || lkb_tar_write(root, epoch, take_tar, &out, err) ||
	    lkb_deflate_end(z, err))
		return -1;
	layer.diff_id = lkb_hash_done(plain_hash);
	layer.digest = lkb_hash_done(packed_hash);
	layer.size = out.size;
	path = lkb_layout_blob_path(s->dir, &layer.digest);
	if (!lkb_store_has_blob(s, &layer.digest, layer.size) &&
	    lkb_store_tmp_commit(&tmp, path, err))
		return -1;
	*ret = layer;
	return 0;
}

static int set_labels(json_t *config, const struct lkb_image_new *im, struct lkb_error *err)
{
	json_t *labels;

	if (!im->label_keys || !im->label_keys->n)
		return 0;
	labels = json_object();
	lkb_json_set(config, "Labels", labels);
	for (size_t i = 0; i < im->label_keys->n; i++)
		if (lkb_json_set_string(labels, im->label_keys->items[i],
					im->label_values->items[i], err))
			return -1;
	return 0;
}

static int set_process(json_t *doc, const struct lkb_image_new *im, struct lkb_error *err)
{
	json_t *config = json_object();

	lkb_json_set(doc, "config", config);
	if ((im->entrypoint && lkb_json_set_strings(config, "Entrypoint", im->entrypoint, err)) ||
	    (im->cmd && lkb_json_set_strings(config, "Cmd", im->cmd, err)) ||
	    (im->env && lkb_json_set_strings(config, "Env", im->env, err)) ||
	    (im->workdir && lkb_json_set_string(config, "WorkingDir", im->workdir, err)))
		return -1;
	return set_labels(config, im, err);
}

static int put_doc(const struct lkb_store *s, const json_t *doc, struct lkb_sha256 *ret,
		   uint64_t *ret_size, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_json_text(doc);
	size_t len = strlen(text);

	if (len > LKB_OCI_MAX_DOC)
		return lkb_fail(err, LKB_INPUT, "labels and environment make a document of %zu "
				"bytes, more than the %zu that are read", len, LKB_OCI_MAX_DOC);
	*ret_size = len;
	return lkb_store_put_bytes(s, text, len, ret, err);
}

static json_t *digest_json(const struct lkb_sha256 *digest)
{
	lkb_autofree char *text = lkb_format("sha256:%s", lkb_sha256_text(digest).s);

	return json_string(text);
}

static int put_config(const struct lkb_store *s, const struct lkb_image_new *im,
		      const struct lkb_platform *platform, const struct lkb_sha256 *diff_id,
		      struct lkb_sha256 *ret, uint64_t *ret_size, struct lkb_error *err)
{
	lkb_autojson doc = json_object();
	json_t *rootfs = json_object();
	json_t *diff_ids = json_array();

	lkb_json_set(doc, "rootfs", rootfs);
	lkb_json_set(rootfs, "type", json_string("layers"));
	lkb_json_set(rootfs, "diff_ids", diff_ids);
	lkb_json_append(diff_ids, digest_json(diff_id));
	lkb_json_set(doc, "os", json_string("linux"));
	lkb_json_set(doc, "architecture", json_string(platform->arch));
	if (platform->variant[0])
		lkb_json_set(doc, "variant", json_string(platform->variant));
	lkb_json_set(doc, "created", json_string(lkb_oci_date_text(im->created).s));
	if (set_process(doc, im, err))
		return -1;
	return put_doc(s, doc, ret, ret_size, err);
}

static int put_manifest(const struct lkb_store *s, const struct lkb_sha256 *config,
			uint64_t config_size, const struct lkb_image_layer *layer,
			struct lkb_sha256 *ret, uint64_t *ret_size, struct lkb_error *err)
{
	struct lkb_oci_desc c = { .media_type = LKB_OCI_TYPE_CONFIG, .digest = *config,
				  .size = config_size };
	struct lkb_oci_desc l = { .media_type = LKB_OCI_TYPE_LAYER_ZSTD, .digest = layer->digest,
				  .size = layer->size };
	lkb_autofree char *text = lkb_oci_manifest_text(&c, &l, 1);

	*ret_size = strlen(text);
	return lkb_store_put_bytes(s, text, *ret_size, ret, err);
}

int lkb_store_put_image(const struct lkb_store *s, const struct lkb_image_new *im,
			const struct lkb_inode *root, struct lkb_new_image *ret,
			struct lkb_error *err)
{
	struct lkb_new_image made = {0};
	struct lkb_platform platform;

	if (!lkb_platform_set(&platform, im->platform.arch, im->platform.variant) ||
	    !platform.arch[0])
		return lkb_fail(err, LKB_INPUT, "'%s' is no architecture", im->platform.arch);
	if (im->created < 0 || im->created >= YEAR_10000)
		return lkb_fail(err, LKB_INPUT, "its creation time %lld is not within the years "
				"1970 and 9999", (long long)im->created);
	if (put_layer(s, root, im->created, &made.layer, err) ||
	    put_config(s, im, &platform, &made.layer.diff_id, &made.config, &made.config_size,
		       err) ||
	    put_manifest(s, &made.config, made.config_size, &made.layer, &made.manifest,
			 &made.manifest_size, err))
		return -1;
	made.platform = platform;
	*ret = made;
	return 0;
}

static int put(const struct lkb_store *s, const struct lkb_image_new *im, const char *ref,
	       const struct lkb_inode *root, struct lkb_sha256 *ret, struct lkb_error *err)
{
	struct lkb_oci_desc d = { .media_type = LKB_OCI_TYPE_MANIFEST, .kind = LKB_OCI_MANIFEST,
				  .verifiable = true, .has_platform = true };
	lkb_autofree char *digest_text = NULL;
	struct lkb_new_image made;

	if (lkb_store_put_image(s, im, root, &made, err))
		return -1;
	d.platform = made.platform;
	d.digest = made.manifest;
	d.size = made.manifest_size;
	digest_text = lkb_format("sha256:%s", lkb_sha256_text(&d.digest).s);
	d.digest_text = digest_text;
	if (lkb_store_publish(s, &(struct lkb_store_name){ ref, &d }, 1, err))
		return -1;
	*ret = d.digest;
	return 0;
}

int lkb_store_put_tree(struct lkb_store *s, const struct lkb_image_new *im,
		       const struct lkb_inode *root, struct lkb_sha256 *ret_manifest,
		       struct lkb_error *err)
{
	lkb_autoref r = {0};
	lkb_autofree char *ref = NULL;

	if (lkb_ref_parse(im->ref, &r, err))
		return -1;
	ref = lkb_ref_text(&r);
	if (r.digest)
		return lkb_fail(err, LKB_INPUT, "image '%s': a new image cannot have a digest in "
				"its name", ref);
	if (put(s, im, ref, root, ret_manifest, err))
		return lkb_context(err, "image '%s'", ref);
	return 0;
}
