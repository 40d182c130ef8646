/* SPDX-License-Identifier: Apache-2.0 */
/* A disk image in a registry as a source, and the map that was pushed along. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/str.h"
#include "flash/remote/remote_priv.h"
#include "image/map.h"
#include "rootfs/oci/docs.h"
#include "rootfs/oci/push.h"

void lkb_remote_disk_clear(struct lkb_remote_disk *d)
{
	lkb_ref_clear(&d->ref);
	lkb_registry_doc_clear(&d->manifest);
}

int lkb_remote_disk_find(struct lkb_registry *r, const char *text, struct lkb_remote_disk *ret,
			 struct lkb_error *err)
{
	lkb_autoref ref = {0};
	lkb_autoregdoc doc = {0};
	struct lkb_repository repo;

	if (lkb_ref_parse(text, &ref, err))
		return lkb_hint(err, "a disk image is named as 'lkboard push' says: "
				     "oci:REGISTRY/NAME:TAG, or oci:REGISTRY/NAME@sha256:DIGEST");
	if (ref.digest && !lkb_starts_with(ref.digest, "sha256:"))
		return lkb_fail(err, LKB_TRUST, "cannot verify '%s': SHA-256 is the only digest "
				"that is supported", ref.digest);
	if (!strcmp(ref.domain, "localhost")) {
		lkb_fail(err, LKB_USAGE, "'%s': 'localhost' without a port is no registry", text);
		return lkb_hint(err, "say from where: REGISTRY/%s", ref.path);
	}
	repo = (struct lkb_repository){ref.domain, ref.path};
	if (lkb_registry_manifest(r, &repo, ref.digest ? ref.digest : ref.tag, &doc, err) <= 0)
		return -1;
	*ret = (struct lkb_remote_disk){.registry = r, .ref = ref, .manifest = doc};
	ref = (struct lkb_ref){0};
	doc = (struct lkb_registry_doc){0};
	return 0;
}

/* The layers that are read. Of the arena. */
struct parts {
	const struct lkb_oci_desc *image, *map;
};

static int fail_image(const struct lkb_oci_doc *doc, struct lkb_error *err)
{
	const char *type = doc->kind == LKB_OCI_MANIFEST ? lkb_oci_artifact_type(&doc->manifest)
							 : NULL;

	if (type)
		lkb_fail(err, LKB_INPUT, "it is an artifact of type '%.100s', which holds no disk "
			 "image", type);
	else
		lkb_fail(err, LKB_INPUT, "it is a container image, not a disk image");
	return lkb_hint(err, "'lkboard push FILE.img REF' puts a disk image into a registry");
}

static bool is_image(const struct lkb_oci_desc *d)
{
	size_t n = strlen(LKB_PUSH_TYPE_IMAGE);

	return lkb_starts_with(d->media_type, LKB_PUSH_TYPE_IMAGE) &&
	       (!d->media_type[n] || d->media_type[n] == '+');
}

/* Other people's artifacts say nothing about their files; if there is one, it is meant. */
static int find_parts(const struct lkb_oci_doc *doc, struct parts *ret, struct lkb_error *err)
{
	const struct lkb_oci_manifest *m = &doc->manifest;
	const struct lkb_oci_desc *bmap = NULL;

	if (doc->kind != LKB_OCI_MANIFEST || !lkb_oci_artifact_type(m))
		return fail_image(doc, err);
	for (size_t i = 0; i < m->n_layers; i++) {
		const struct lkb_oci_desc *d = &m->layers[i];

		if (is_image(d) && !ret->image)
			ret->image = d;
		if (!strcmp(d->media_type, LKB_PUSH_TYPE_MAP) && !ret->map)
			ret->map = d;
		if (!strcmp(d->media_type, LKB_PUSH_TYPE_BMAP) && !bmap)
			bmap = d;
	}
	if (!ret->map)
		ret->map = bmap;
	if (!ret->image && m->n_layers == 1 && strcmp(lkb_oci_artifact_type(m), LKB_PUSH_TYPE_DISK))
		ret->image = &m->layers[0];
	if (!ret->image)
		return fail_image(doc, err);
	if (ret->image->verifiable && (!ret->map || ret->map->verifiable))
		return 0;
	return lkb_fail(err, LKB_TRUST, "it cannot be verified: SHA-256 is the only digest that is "
			"supported");
}

/* The image. */

struct blob {
	struct lkb_registry *registry; /* borrowed */
	char *domain, *path;           /* owned */
	struct lkb_sha256 digest;
	uint64_t size;
};

static int hand_on(void *pipe, const void *p, size_t n, struct lkb_error *err)
{
	return lkb_pipe_put(pipe, p, n, err);
}

static int run(void *ctx, struct lkb_pipe *pipe, struct lkb_error *err)
{
	const struct blob *b = ctx;
	const struct lkb_repository repo = {b->domain, b->path};
	struct lkb_registry_blob get = {.digest = b->digest, .size = b->size, .fd = -1,
					.take = hand_on, .take_ctx = pipe,
					.stop = lkb_pipe_stop(pipe)};

	return lkb_registry_get_blob(b->registry, &repo, &get, err);
}

static void keep(void *ctx)
{
}

static const struct lkb_pipe_ops pipe_ops = {run, keep};

static int open_blob(void *what, void **ret, struct lkb_error *err)
{
	struct lkb_pipe *pipe;

	if (lkb_pipe_start(&pipe_ops, what, &pipe, err))
		return -1;
	*ret = pipe;
	return 0;
}

static void free_blob(void *what)
{
	struct blob *b = what;

	free(b->domain);
	free(b->path);
	free(b);
}

static const struct lkb_source_ops ops = {
	.open = open_blob, .read = lkb_pipe_read, .close = lkb_pipe_close, .free = free_blob};

/* The map. */

static int to_text(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static int get_map(const struct lkb_remote_disk *d, const struct lkb_oci_desc *desc,
		   const char *name, struct lkb_remote_map *ret, struct lkb_error *err)
{
	const struct lkb_repository repo = {d->ref.domain, d->ref.path};
	lkb_autostr text = {0};
	struct lkb_registry_blob get = {.digest = desc->digest, .size = desc->size, .fd = -1,
					.take = to_text, .take_ctx = &text};

	if (desc->size > LKB_MAP_TEXT_MAX)
		return lkb_fail(err, LKB_INPUT, "its map has more bytes than are read");
	if (lkb_registry_get_blob(d->registry, &repo, &get, err))
		return lkb_context(err, "its map");
	ret->name = lkb_format("%s (%s)", name, desc->title ? desc->title : desc->digest_text);
	ret->len = text.len;
	ret->text = lkb_str_take(&text);
	return 0;
}

static uint64_t blob_size(void *what)
{
	return ((const struct blob *)what)->size;
}

static int make_source(const struct lkb_remote_disk *d, const struct lkb_oci_desc *desc,
		       const char *name, struct lkb_source *ret, struct lkb_error *err)
{
	struct lkb_source s = {.name = name, .ops = &ops, .again = true, .fd = -1};
	struct blob *b = lkb_alloc(sizeof(*b));

	b->registry = d->registry;
	b->domain = lkb_strdup(d->ref.domain);
	b->path = lkb_strdup(d->ref.path);
	b->digest = desc->digest;
	b->size = desc->size;
	s.what = b;
	if (lkb_remote_look(&s, blob_size, err)) {
		lkb_source_close(&s);
		return -1;
	}
	*ret = s;
	return 0;
}

int lkb_remote_oci(const struct lkb_remote_disk *d, const char *name, struct lkb_source *ret,
		   struct lkb_remote_map *ret_map, struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	lkb_autoremotemap map = {0};
	struct lkb_oci_doc doc;
	struct parts parts = {0};

	if (lkb_oci_doc_parse(d->manifest.text, d->manifest.len, "its manifest", NULL, &arena,
			      &doc, err) ||
	    find_parts(&doc, &parts, err) ||
	    (ret_map && parts.map && get_map(d, parts.map, name, &map, err)) ||
	    make_source(d, parts.image, name, ret, err))
		return -1;
	if (map.name) {
		*ret_map = map;
		map = (struct lkb_remote_map){0};
	}
	return 0;
}
