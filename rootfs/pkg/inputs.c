/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/image_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

/* Raised when the same inputs begin to give another image. */
#define RECIPE "lkboard package image 1"
#define CHUNK ((size_t)256 * 1024)

void lkb_pkg_inputs_clear(struct lkb_pkg_inputs *in)
{
	size_t i;

	for (i = 0; i < in->n_local; i++)
		lkb_blob_unref(in->local[i].blob);
	free(in->local);
	lkb_debs_clear(&in->debs);
	memset(in, 0, sizeof(*in));
}

static int hash_blob(const struct lkb_blob *b, struct lkb_sha256 *ret, struct lkb_error *err)
{
	lkb_auto(lkb_hash) h = lkb_hash_new();
	lkb_autofree char *buf = lkb_alloc(CHUNK);
	uint64_t at, size = lkb_blob_size(b);

	for (at = 0; at < size; at += CHUNK) {
		size_t n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		if (lkb_blob_read(b, at, buf, n, err))
			return -1;
		lkb_hash_add(h, buf, n);
	}
	*ret = lkb_hash_done(h);
	return 0;
}

static int read_local(const struct lkb_pkg_local *l, const char *local_dir, const char *arch,
		      struct lkb_pkg_source *ret, struct lkb_error *err)
{
	lkb_autofree char *path = NULL;

	if (!local_dir) {
		lkb_fail(err, LKB_MISSING, "the programs for the boards were not found");
		return lkb_hint(err, "`make` puts them beside lkboard, `make install` below "
				"PREFIX");
	}
	path = lkb_format("%s/%s/%s", local_dir, arch, l->file);
	if (lkb_blob_open(path, &ret->blob, err) || hash_blob(ret->blob, &ret->sha256, err))
		return lkb_hint(err, "`make ondevice` builds the programs for the boards");
	return 0;
}

static int open_local(const struct lkb_pkg_local *l, const char *local_dir, const char *arch,
		      struct lkb_pkg_source *ret, struct lkb_error *err)
{
	if (!read_local(l, local_dir, arch, ret, err))
		return 0;
	lkb_context(err, "local file '%s'", l->file);
	return lkb_at(err, l->pos.file, l->pos.line, l->pos.column);
}

int lkb_pkg_inputs_local(const struct lkb_pkg *p, const char *local_dir, const char *arch,
			 struct lkb_pkg_inputs *in, struct lkb_error *err)
{
	const struct lkb_pkg_local *l = p->local.items;
	size_t i;

	in->local = lkb_alloc_array(p->local.n + 1, sizeof(*in->local));
	for (i = 0; i < p->local.n; i++, in->n_local = i)
		if (open_local(&l[i], local_dir, arch, &in->local[i], err))
			return -1;
	return 0;
}

static void add_text(struct lkb_hash *h, const char *text)
{
	lkb_hash_add(h, text, strlen(text) + 1);
}

struct lkb_sha256 lkb_pkg_inputs_digest(const struct lkb_pkg *p, const char *arch,
					const struct lkb_pkg_inputs *in)
{
	lkb_auto(lkb_hash) h = lkb_hash_new();
	struct lkb_sha256 text = lkb_sha256(p->text, p->text_len);
	size_t i;

	add_text(h, RECIPE);
	add_text(h, p->name);
	add_text(h, arch);
	lkb_hash_add(h, text.b, sizeof(text.b));
	for (i = 0; i < in->debs.n; i++) {
		add_text(h, in->debs.items[i].name);
		add_text(h, in->debs.items[i].version);
		lkb_hash_add(h, in->debs.items[i].sha256.b, LKB_SHA256_SIZE);
	}
	for (i = 0; i < in->n_local; i++)
		lkb_hash_add(h, in->local[i].sha256.b, LKB_SHA256_SIZE);
	return lkb_hash_done(h);
}
