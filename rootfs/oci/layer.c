/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers as plain tars. A derived tar is named by the digest of its contents (diff_id), so it can
 * always be proved right by hashing it, even if its record is lost (derived_priv.h).
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/file.h"
#include "base/size.h"
#include "rootfs/oci/derived_priv.h"

enum { CHUNK = 1 << 20 };

static bool is_plain(const struct lkb_image_layer *layer)
{
	return lkb_sha256_equal(&layer->digest, &layer->diff_id);
}

/* 1 = *ret_fd is the plain tar: the derived one, or the blob itself; 0 = there is none that is
 * right, -1 = failed. */
static int open_plain(const struct lkb_store *s, const struct lkb_image_layer *layer, int *ret_fd,
		      struct lkb_error *err)
{
	const struct lkb_sha256 *diff_id = &layer->diff_id;
	lkb_autofree char *path = is_plain(layer) ? lkb_layout_blob_path(s->dir, diff_id)
						  : lkb_derived_path(s, LKB_DERIVED_LAYER,
								     diff_id);
	lkb_autofree char *record_path = lkb_derived_record_path(s, LKB_DERIVED_LAYER, diff_id);
	lkb_autoderivedrecord record = {0};
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct lkb_sha256 digest;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	if (!lkb_derived_record_read(record_path, &record) ||
	    !lkb_derived_record_fits(s, record_path, &record, fd, &st)) {
		if (lkb_derived_hash(fd, path, &digest, err))
			return -1;
		if (!lkb_sha256_equal(&digest, diff_id))
			return 0;
		lkb_derived_record_write(s, record_path, fd, &record);
	}
	lkb_derived_used(record_path);
	*ret_fd = lkb_steal_fd(&fd);
	return 1;
}

struct unpack {
	struct lkb_hash *plain_hash;
	int fd;
	const char *name;
	uint64_t done;
	uint64_t max; /* bytes that may come */
	uint64_t max_layer; /* whatever is left to it */
};

static int too_large(uint64_t max, uint64_t max_layer, struct lkb_error *err)
{
	lkb_fail(err, LKB_INPUT, "it unpacks to more than the %llu bytes that are left to it",
		 (unsigned long long)max);
	return lkb_hint(err, "a layer may unpack to %s, all layers of an image to %s and %d times "
			     "what is stored", lkb_size_text(max_layer).s,
			lkb_size_text(LKB_STORE_FREE_PLAIN).s, LKB_STORE_MAX_RATIO);
}

static int take_plain(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct unpack *u = ctx;

	if (n > u->max - u->done)
		return too_large(u->max, u->max_layer, err);
	lkb_hash_add(u->plain_hash, p, n);
	u->done += n;
	return lkb_write_full(u->fd, p, n, u->name, err);
}

/* Feeds the blob through the hash (NULL: none) and the decompressor. A fault of the stream is kept
 * in *fault and the rest is hashed all the same: if the blob was damaged, that is what the user has
 * to know. */
static int feed_blob(const struct lkb_data *blob, struct unpack *u, struct lkb_hash *hash,
		     struct lkb_ui *ui, struct lkb_error *fault, struct lkb_error *err)
{
	lkb_autofree char *buf = lkb_alloc(CHUNK);
	lkb_auto(lkb_inflate) z = NULL;
	uint64_t done = 0;
	size_t n;

	do {
		n = blob->len - done < CHUNK ? (size_t)(blob->len - done) : CHUNK;
		if (lkb_data_read(blob, done, buf, n, err))
			return -1;
		if (hash)
			lkb_hash_add(hash, buf, n);
		if (!z)
			z = lkb_inflate_new(lkb_compression_of(buf, n), UINT64_MAX, take_plain, u);
		if (fault->kind == LKB_OK)
			lkb_inflate_feed(z, buf, n, fault);
		if (fault->kind == LKB_IO || (!hash && fault->kind != LKB_OK))
			break; /* the disk is full, or nobody wants the rest */
		done += n;
		lkb_ui_bytes(ui, u->name, done, blob->len);
	} while (done < blob->len);
	if (fault->kind == LKB_OK)
		lkb_inflate_end(z, fault);
	return 0;
}

/* What the store has was compared when it got its name, and what it unpacks to always is: the blob
 * is read once more only if that is wrong, to say why. */
static int find_digest(const struct lkb_data *blob, struct lkb_hash *hash, bool is_right,
		       const struct lkb_image_layer *layer, struct lkb_sha256 *ret,
		       struct lkb_error *err)
{
	if (hash)
		*ret = lkb_hash_done(hash);
	else if (is_right)
		*ret = layer->digest;
	else
		return lkb_data_sha256(blob, ret, err);
	return 0;
}

static int wrong_digest(const struct lkb_store *s, const struct lkb_layout *from,
			const struct lkb_oci_desc *d, const struct lkb_sha256 *digest,
			struct lkb_error *err)
{
	lkb_autofree char *path = lkb_layout_blob_path(s->dir, &d->digest);

	lkb_fail(err, LKB_TRUST, "the blob holds something else: its digest is 'sha256:%s'",
		 lkb_sha256_text(digest).s);
	if (from != s->layout)
		return lkb_layout_hint(from, d, err);
	return lkb_hint(err, "remove '%s', then import or build the image again", path);
}

static int compare(const struct lkb_image_layer *layer, const struct lkb_sha256 *diff_id,
		   const struct lkb_error *fault, struct lkb_error *err)
{
	if (fault->kind != LKB_OK)
		return lkb_store_fault(err, fault);
	if (!lkb_sha256_equal(diff_id, &layer->diff_id))
		return lkb_fail(err, LKB_TRUST, "it unpacks to 'sha256:%s', the image's config "
				"says 'sha256:%s'", lkb_sha256_text(diff_id).s,
				lkb_sha256_text(&layer->diff_id).s);
	return 0;
}

static int unpack(const struct lkb_store *s, const struct lkb_layout *from,
		  const struct lkb_image_layer *layer, const struct lkb_oci_desc *d, uint64_t max,
		  struct lkb_ui *ui, int *ret_fd, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_derived_path(s, LKB_DERIVED_LAYER, &layer->diff_id);
	lkb_autofree char *record = lkb_derived_record_path(s, LKB_DERIVED_LAYER,
							    &layer->diff_id);
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;
	lkb_auto(lkb_hash) plain_hash = lkb_hash_new();
	lkb_auto(lkb_hash) hash = from == s->layout ? NULL : lkb_hash_new();
	struct lkb_error fault = {0};
	struct lkb_sha256 digest = {0}, diff_id;
	bool is_right;
	struct unpack u = { .plain_hash = plain_hash, .name = d->digest_text, .max = max,
			    .max_layer = s->max_layer };
	lkb_autodata blob = {0};

	if (lkb_layout_blob(from, d, &blob, err) || lkb_store_tmp_open(s, &tmp, err))
		return -1;
	u.fd = tmp.fd;
	if (feed_blob(&blob, &u, hash, ui, &fault, err))
		return -1;
	diff_id = lkb_hash_done(plain_hash);
	is_right = fault.kind == LKB_OK && lkb_sha256_equal(&diff_id, &layer->diff_id);
	if (find_digest(&blob, hash, is_right, layer, &digest, err))
		return -1;
	if (fault.kind != LKB_IO && !lkb_sha256_equal(&digest, &layer->digest))
		return wrong_digest(s, from, d, &digest, err);
	if (compare(layer, &diff_id, &fault, err) || lkb_store_tmp_rename(&tmp, path, err))
		return -1;
	lkb_derived_record_write(s, record, tmp.fd, &(struct lkb_derived_record){0});
	lkb_derived_trim(s);
	*ret_fd = lkb_steal_fd(&tmp.fd);
	return 0;
}

/* The layer whatever its size: what is made here is bounded. */
static int find_plain(const struct lkb_store *s, struct lkb_store_input *from,
		      const struct lkb_image_layer *layer, const struct lkb_oci_desc *d,
		      uint64_t max, struct lkb_ui *ui, struct lkb_data *ret, struct lkb_error *err)
{
	lkb_autofd fd = -1;
	struct stat st;
	int there;

	if (from && is_plain(layer))
		return lkb_store_input_layer(s, from, d, ret, err);
	there = open_plain(s, layer, &fd, err);
	if (there < 0 || (!there && unpack(s, from ? from->layout : s->layout, layer, d, max, ui,
					   &fd, err)))
		return -1;
	if (fstat(fd, &st))
		return lkb_fail_errno(err, "cannot look at it");
	*ret = (struct lkb_data){ .len = (uint64_t)st.st_size };
	ret->blob = lkb_blob_new_fd(lkb_steal_fd(&fd), ret->len, d->digest_text);
	lkb_blob_set_digest(ret->blob, &layer->diff_id);
	return 0;
}

int lkb_store_layer(const struct lkb_store *s, struct lkb_store_input *from,
		    const struct lkb_image_layer *layer, uint64_t max, struct lkb_ui *ui,
		    struct lkb_data *ret, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_format("sha256:%s", lkb_sha256_text(&layer->digest).s);
	const struct lkb_oci_desc d = { .digest_text = name, .verifiable = true,
					.digest = layer->digest, .size = layer->size };
	lkb_autodata data = {0};

	max = max < s->max_layer ? max : s->max_layer;
	if (find_plain(s, from, layer, &d, max, ui, &data, err))
		return lkb_context(err, "layer '%s'", name);
	if (data.len > max) {
		too_large(max, s->max_layer, err);
		return lkb_context(err, "layer '%s'", name);
	}
	*ret = data;
	data = (struct lkb_data){0};
	return 0;
}
