/* SPDX-License-Identifier: Apache-2.0 */
/* Files as an artifact (image-spec manifest.md, "Guidelines for Artifact Usage"). */
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/path.h"
#include "rootfs/oci/push_priv.h"
#include "rootfs/oci/write_priv.h"

#define CREATED "org.opencontainers.image.created"
#define BUILD ".build.json"
#define EMPTY "{}" /* the config of what needs none */
#define YEAR_10000 253402300800 /* in seconds from 1970: RFC 3339 has four digits */

enum { MAX_PARTS = 8, MAGIC = 16 };

/* A layer. */
struct part {
	char *title; /* owned */
	const char *media_type;
	struct lkb_data data; /* holds a reference */
	struct lkb_sha256 digest;
};

struct artifact {
	const char *type;
	struct part parts[MAX_PARTS];
	size_t n;
	bool has_created;
	uint64_t created;
};

static void clear(struct artifact *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->parts[i].title);
		lkb_data_cleanup(&a->parts[i].data);
	}
}

static int add_file(struct artifact *a, const char *path, const char *type, struct lkb_error *err)
{
	struct part *part = &a->parts[a->n];
	lkb_auto(lkb_blob) blob = NULL;

	if (lkb_blob_open(path, &blob, err))
		return -1;
	part->title = lkb_strdup(lkb_path_basename(path));
	part->media_type = type;
	part->data.len = lkb_blob_size(blob);
	part->data.blob = LKB_STEAL(blob);
	a->n++;
	return 0;
}

static int make_file(struct lkb_pusher *p, struct artifact *a, struct lkb_error *err)
{
	a->type = LKB_PUSH_TYPE_FILE;
	return add_file(a, p->in->from, "application/octet-stream", err);
}

/* "my-rpi3" of "dir/my-rpi3.img.zst", with its directory. */
static char *disk_stem(const char *path)
{
	const char *end = path + strlen(path) - strlen(".img");

	while (end > path && strncmp(end, ".img", 4) != 0)
		end--;
	return lkb_strndup(path, (size_t)(end - path));
}

/* By its first bytes, whatever it is called. */
static int find_disk_type(const struct lkb_data *data, const char **ret, struct lkb_error *err)
{
	static const char *const types[] = {
		[LKB_PLAIN] = LKB_PUSH_TYPE_IMAGE,
		[LKB_GZIP] = LKB_PUSH_TYPE_IMAGE "+gzip",
		[LKB_ZSTD] = LKB_PUSH_TYPE_IMAGE "+zstd",
		[LKB_XZ] = LKB_PUSH_TYPE_IMAGE "+xz",
	};
	size_t n = data->len < MAGIC ? (size_t)data->len : MAGIC;
	char magic[MAGIC];

	if (lkb_data_read(data, 0, magic, n, err))
		return -1;
	*ret = types[lkb_compression_of(magic, n)];
	return 0;
}

/* When it says it was built: the only time that is the same for the same build. */
static int read_epoch(struct artifact *a, const struct lkb_data *data, const char *name,
		      struct lkb_error *err)
{
	lkb_autojson doc = NULL;
	lkb_autofree char *text = NULL;
	struct lkb_json_at root;
	size_t len;

	if (lkb_data_read_all(data, LKB_JSON_MAX, &text, &len, err) ||
	    lkb_json_parse(text, len, name, &doc, err) || lkb_json_root(doc, name, &root, err) ||
	    lkb_json_u64(&root, "epoch", LKB_JSON_OPTIONAL, YEAR_10000 - 1, &a->created, err))
		return -1;
	a->has_created = lkb_json_has(&root, "epoch");
	return 0;
}

static int make_disk(struct lkb_pusher *p, struct artifact *a, struct lkb_error *err)
{
	static const struct {
		const char *suffix, *type;
	} beside[] = {
		{ ".map", LKB_PUSH_TYPE_MAP },
		{ ".bmap", LKB_PUSH_TYPE_BMAP },
		{ BUILD, LKB_PUSH_TYPE "build.v1+json" },
		{ ".sbom.spdx.json", "application/spdx+json" },
	};
	lkb_autofree char *stem = disk_stem(p->in->from);

	a->type = LKB_PUSH_TYPE_DISK;
	if (add_file(a, p->in->from, NULL, err) ||
	    find_disk_type(&a->parts[0].data, &a->parts[0].media_type, err))
		return -1;
	for (size_t i = 0; i < LKB_ARRAY_SIZE(beside); i++) {
		lkb_autofree char *path = lkb_format("%s%s", stem, beside[i].suffix);

		if (access(path, F_OK))
			continue;
		if (add_file(a, path, beside[i].type, err))
			return -1;
		if (!strcmp(beside[i].suffix, BUILD) &&
		    read_epoch(a, &a->parts[a->n - 1].data, path, err))
			return -1;
	}
	return 0;
}

static int make_tree(struct lkb_pusher *p, struct artifact *a, struct lkb_error *err)
{
	struct part *part = &a->parts[0];
	lkb_autofree char *real = realpath(p->in->from, NULL);

	if (!real)
		return lkb_fail_errno(err, "cannot look at '%s'", p->in->from);
	if (lkb_push_tree(p->in->from, &part->data, err))
		return -1;
	a->type = LKB_PUSH_TYPE "netboot.v1";
	part->title = lkb_format("%s.tar", lkb_path_basename(real));
	part->media_type = LKB_PUSH_TYPE "netboot.tree.v1.tar";
	a->n = 1;
	return 0;
}

static json_t *part_json(const struct part *part, struct lkb_error *err)
{
	const struct lkb_oci_desc d = { .media_type = part->media_type, .digest = part->digest,
					.size = part->data.len };
	json_t *o = lkb_oci_desc_json(&d), *notes = json_object();

	lkb_json_set(o, "annotations", notes);
	if (!lkb_json_set_string(notes, LKB_OCI_TITLE, part->title, err))
		return o;
	json_decref(o);
	return NULL;
}

static int make_manifest(const struct artifact *a, char **ret, struct lkb_error *err)
{
	const struct lkb_oci_desc c = { .media_type = LKB_OCI_TYPE_EMPTY,
					.digest = lkb_sha256(EMPTY, strlen(EMPTY)),
					.size = strlen(EMPTY) };
	lkb_autojson doc = json_object();
	json_t *layers = json_array();

	lkb_json_set(doc, "schemaVersion", json_integer(2));
	lkb_json_set(doc, "mediaType", json_string(LKB_OCI_TYPE_MANIFEST));
	lkb_json_set(doc, "artifactType", json_string(a->type));
	lkb_json_set(doc, "config", lkb_oci_desc_json(&c));
	lkb_json_set(doc, "layers", layers);
	for (size_t i = 0; i < a->n; i++) {
		json_t *part = part_json(&a->parts[i], err);

		if (!part)
			return -1;
		lkb_json_append(layers, part);
	}
	if (a->has_created) {
		json_t *notes = json_object();

		lkb_json_set(notes, CREATED,
			     json_string(lkb_oci_date_text((int64_t)a->created).s));
		lkb_json_set(doc, "annotations", notes);
	}
	*ret = lkb_json_text(doc);
	return 0;
}

/* All files are read before anything is sent. */
static int hash_all(struct lkb_pusher *p, struct artifact *a, struct lkb_error *err)
{
	for (size_t i = 0; i < a->n; i++) {
		lkb_ui_step(p->ui, "'%s': reading", a->parts[i].title);
		if (lkb_data_sha256(&a->parts[i].data, &a->parts[i].digest, err))
			return -1;
	}
	return 0;
}

static int send_config(struct lkb_pusher *p, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(EMPTY, strlen(EMPTY));
	const struct lkb_data data = { .blob = blob, .len = strlen(EMPTY) };
	const struct lkb_sha256 digest = lkb_sha256(EMPTY, strlen(EMPTY));

	return lkb_pusher_blob(p, "the empty config", &digest, &data, err);
}

static int send_all(struct lkb_pusher *p, struct artifact *a, struct lkb_sha256 *ret,
		    struct lkb_error *err)
{
	lkb_autofree char *text = NULL;

	if (hash_all(p, a, err) || make_manifest(a, &text, err) || send_config(p, err))
		return -1;
	for (size_t i = 0; i < a->n; i++)
		if (lkb_pusher_blob(p, a->parts[i].title, &a->parts[i].digest, &a->parts[i].data,
				    err))
			return -1;
	if (lkb_registry_put_manifest(p->in->registry, &p->repo, p->tag, LKB_OCI_TYPE_MANIFEST,
				      text, strlen(text), err))
		return -1;
	*ret = lkb_sha256(text, strlen(text));
	return 0;
}

int lkb_push_artifact(struct lkb_pusher *p, struct lkb_sha256 *ret, struct lkb_error *err)
{
	static int (*const makers[])(struct lkb_pusher *p, struct artifact *a,
				     struct lkb_error *err) = {
		[LKB_PUSH_TREE] = make_tree,
		[LKB_PUSH_DISK] = make_disk,
		[LKB_PUSH_FILE] = make_file,
	};
	__attribute__((cleanup(clear))) struct artifact a = {0};

	return makers[p->in->kind](p, &a, err) || send_all(p, &a, ret, err) ? -1 : 0;
}
