/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_DOCS_H
#define LKB_ROOTFS_OCI_DOCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ext/hash.h"
#include "base/str.h"
#include "rootfs/oci/platform.h"

/* The JSON documents of an image (OCI image-spec and Docker schema 2), read into structs: pure
 * functions from text, which anybody may have written. Unknown keys are ignored, as the
 * specification wants; what is read is checked. */

#define LKB_OCI_MAX_DOC ((size_t)4 << 20)
#define LKB_OCI_MAX_BLOB ((uint64_t)64 << 30)
#define LKB_OCI_MAX_DOCS ((uint64_t)64 << 20) /* of all documents under one name */
enum {
	LKB_OCI_MAX_LAYERS = 128,
	LKB_OCI_MAX_ENTRIES = 4096, /* of one index; also of all nested ones under one name */
	LKB_OCI_MAX_DEPTH = 8,      /* of nested indexes */
	LKB_OCI_MAX_WORDS = 4096,   /* items of Env, Cmd, Entrypoint; labels */
};

#define LKB_OCI_TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define LKB_OCI_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define LKB_OCI_TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define LKB_OCI_TYPE_EMPTY "application/vnd.oci.empty.v1+json"
#define LKB_OCI_TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"
#define LKB_OCI_TYPE_LAYER_GZIP LKB_OCI_TYPE_LAYER "+gzip"
#define LKB_OCI_TYPE_LAYER_ZSTD LKB_OCI_TYPE_LAYER "+zstd"

#define LKB_OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}" /* what oci-layout says */
#define LKB_OCI_REF_NAME "org.opencontainers.image.ref.name"
#define LKB_OCI_TITLE "org.opencontainers.image.title"
#define LKB_OCI_CONTAINERD_NAME "io.containerd.image.name"
#define LKB_OCI_COSIGN_SIGNATURE "dev.cosignproject.cosign/signature"

enum lkb_oci_kind {
	LKB_OCI_UNKNOWN,
	LKB_OCI_INDEX,
	LKB_OCI_MANIFEST,
	LKB_OCI_CONFIG,
	LKB_OCI_LAYER,
	LKB_OCI_SCHEMA1, /* Docker's first manifest format, which is refused */
};

/* What a media type stands for; parameters behind ';' are ignored. NULL is UNKNOWN. */
enum lkb_oci_kind lkb_oci_kind_of(const char *media_type);

struct lkb_oci_desc {
	const char *media_type;
	enum lkb_oci_kind kind;  /* of the media type */
	const char *digest_text; /* lawful by the grammar, so safe to show */
	bool verifiable;         /* it is SHA-256, and `digest` is set */
	struct lkb_sha256 digest;
	uint64_t size;
	const char *ref_name;    /* annotations; NULL = absent */
	const char *containerd_name;
	const char *title;       /* what a file of an artifact is called */
	const char *signature;   /* cosign's, over the blob, in base64 */
	bool has_platform;
	struct lkb_platform platform; /* in normal form */
	bool not_for_us; /* another system than linux, one with features (os.features, which names
			  * what an image cannot do without), an attestation, an unknown platform */
	const char *attests; /* an attestation: digest of the manifest it is about; else NULL */
	bool trusted; /* the policy is content with it or what leads to it; resolve.c's */
};

struct lkb_oci_index {
	struct lkb_oci_desc *items;
	size_t n;
};

struct lkb_oci_manifest {
	struct lkb_oci_desc config;
	struct lkb_oci_desc *layers; /* lowest first */
	size_t n_layers;
	bool has_subject; /* it belongs to another document */
	struct lkb_oci_desc subject;
	const char *artifact_type; /* as written in it; NULL = absent */
};

/* What a manifest holds that is none of an image: what it says itself, else the media type of its
 * config or of its first layer. NULL if config and layers are those of an image; then it is one. A
 * type with a platform in its config is one too, of layers that nobody here can read. */
const char *lkb_oci_artifact_type(const struct lkb_oci_manifest *m);

/* An index or a manifest. */
struct lkb_oci_doc {
	enum lkb_oci_kind kind; /* LKB_OCI_INDEX or LKB_OCI_MANIFEST */
	const char *media_type; /* as written in it, or the usual one for its shape */
	struct lkb_oci_index index;
	struct lkb_oci_manifest manifest;
};

/* Reads an index or a manifest. media_type is what the descriptor that led here said, or NULL.
 * The kind is told by the type written in the document, else media_type, else the shape; a
 * document that is both (CVE-2021-41190), contradicts its descriptor or is of Docker's schema 1
 * is refused. All memory is the arena's. `name` is what messages call it. */
int lkb_oci_doc_parse(const char *text, size_t len, const char *name, const char *media_type,
		      struct lkb_arena *arena, struct lkb_oci_doc *ret, struct lkb_error *err);

/* Refuses Docker's first manifest format, in words. Returns -1. */
int lkb_oci_fail_schema1(const char *name, struct lkb_error *err);

/* An image's config. Born {0}. */
struct lkb_oci_config {
	bool has_platform;
	struct lkb_platform platform;
	int64_t created;
	struct lkb_strv entrypoint, cmd, env;
	bool has_entrypoint, has_cmd;
	char *workdir, *user; /* "" if absent */
	struct lkb_strv label_keys, label_values;
	struct lkb_sha256 *diff_ids; /* owned */
	size_t n_diff_ids;
};
int lkb_oci_config_parse(const char *text, size_t len, const char *name,
			 struct lkb_oci_config *ret, struct lkb_error *err);
void lkb_oci_config_clear(struct lkb_oci_config *c);
#define lkb_autoociconfig __attribute__((cleanup(lkb_oci_config_clear))) struct lkb_oci_config

/* True if the text is a digest by the grammar (it then holds no '/' and no '.'); *ret_sha256 says
 * if it is one that can be verified, which *ret then holds. */
bool lkb_oci_digest_parse(const char *text, bool *ret_sha256, struct lkb_sha256 *ret);

/* RFC 3339, fractions of a second dropped; years 0001 to 9999. */
bool lkb_oci_date_parse(const char *text, int64_t *ret);
struct lkb_oci_date_text {
	char s[40];
};
struct lkb_oci_date_text lkb_oci_date_text(int64_t seconds);

#endif
