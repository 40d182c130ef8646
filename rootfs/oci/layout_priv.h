/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_LAYOUT_PRIV_H
#define LKB_ROOTFS_OCI_LAYOUT_PRIV_H

#include "base/arena.h"
#include "base/error.h"
#include "base/ui.h"
#include "rootfs/oci/archive_priv.h"
#include "rootfs/oci/docs.h"
#include "rootfs/oci/ref.h"
#include "rootfs/tree/blob.h"

/*
 * Reading an OCI image layout: the store itself, or one that somebody else wrote, as a directory or
 * as an archive. An archive of Docker's is one too: index, manifests and digests are made of what
 * its manifest.json says, its configs and layers are the blobs. Nothing is unpacked: a blob of an
 * archive is a range of it. No document is returned before size and digest were compared; layers
 * are compared by whoever copies or uses them.
 */
struct lkb_layout {
	char *path;                  /* owned; the directory, or what messages call the archive */
	struct lkb_archive *archive; /* owned; NULL: a directory */
	char *index;                 /* owned; Docker's: index.json as it would be */
	struct lkb_layout_made *made; /* owned; Docker's: blobs that have no name by digest */
	size_t n_made, cap_made;
	const struct lkb_layout_remote *remote; /* borrowed; a registry's repository */
	bool has_docker; /* Docker's, or also Docker's: diff_ids are compared at import */
};

struct lkb_layout_made {
	struct lkb_sha256 digest;
	struct lkb_data data; /* holds a reference */
	char *name;           /* owned; its name in the archive, NULL if it is in none */
};

/* Where documents are not here yet: has() says what can be had, and fetch() adds it to `made`. */
struct lkb_layout_remote {
	bool (*has)(void *ctx, const struct lkb_oci_desc *d);
	int (*fetch)(void *ctx, const struct lkb_oci_desc *d, struct lkb_error *err);
	void *ctx;
};
/* `name` is what messages call it. */
struct lkb_layout *lkb_layout_new_remote(const char *name, const struct lkb_layout_remote *remote);
/* Adds a document, whose digest was compared. Takes text over. */
void lkb_layout_add_doc(struct lkb_layout *l, const struct lkb_sha256 *digest, char *text,
			size_t len);

/* A directory, not looked at. */
struct lkb_layout *lkb_layout_new_dir(const char *dir);
/* An archive in `data`, which stays open as long as the layout lives. LKB_INPUT if it is none, or
 * a kind that is not read; LKB_TRUST if a config of Docker's is not what its name says. `path` is
 * what messages call it. */
int lkb_layout_read_archive(const struct lkb_data *data, const char *path, struct lkb_layout **ret,
			    struct lkb_error *err);
void lkb_layout_free(struct lkb_layout *l);
LKB_DEFINE_AUTO(lkb_layout, lkb_layout_free)

/* DIR/blobs/sha256/HEX; the caller frees it. */
char *lkb_layout_blob_path(const char *dir, const struct lkb_sha256 *digest);

/* Fails unless its file oci-layout says version 1. */
int lkb_layout_check(const struct lkb_layout *l, struct lkb_error *err);

int lkb_layout_index(const struct lkb_layout *l, struct lkb_arena *arena,
		     struct lkb_oci_index *ret, struct lkb_error *err);

int lkb_layout_doc(const struct lkb_layout *l, const struct lkb_oci_desc *d,
		   struct lkb_arena *arena, struct lkb_oci_doc *ret, struct lkb_error *err);
int lkb_layout_config(const struct lkb_layout *l, const struct lkb_oci_desc *d,
		      struct lkb_oci_config *ret, struct lkb_error *err);

/* A whole blob of at most `max` bytes, verified, with a NUL behind it; the caller frees *ret. */
int lkb_layout_text(const struct lkb_layout *l, const struct lkb_oci_desc *d, size_t max,
		    char **ret, size_t *ret_len, struct lkb_error *err);

/* True if there is a file for the blob, whatever is in it. */
bool lkb_layout_has(const struct lkb_layout *l, const struct lkb_oci_desc *d);
/* Opens a blob: SHA-256 is what it is named by, it is there, and its size fits. Its bytes are not
 * compared. The reference in *ret is the caller's. */
int lkb_layout_blob(const struct lkb_layout *l, const struct lkb_oci_desc *d, struct lkb_data *ret,
		    struct lkb_error *err);
/* The size of a blob that is there, where nothing that refers to it says it. */
int lkb_layout_size(const struct lkb_layout *l, const struct lkb_oci_desc *d, uint64_t *ret,
		    struct lkb_error *err);
/* Says in the hint where the blob stands. Returns -1. */
int lkb_layout_hint(const struct lkb_layout *l, const struct lkb_oci_desc *d,
		    struct lkb_error *err);
/* LKB_TRUST: the blob is not what its digest says. Returns -1. */
int lkb_layout_fail_digest(const struct lkb_layout *l, const struct lkb_oci_desc *d,
			   const struct lkb_sha256 *got, struct lkb_error *err);

/* What was looked at under one name: an index may name another one thousands of times. `what` is
 * what messages call the top: "the index". Born {0}. */
struct lkb_layout_walk {
	size_t entries;
	uint64_t bytes; /* of documents */
};
int lkb_layout_walk_entry(struct lkb_layout_walk *w, const char *what, struct lkb_error *err);
int lkb_layout_walk_doc(struct lkb_layout_walk *w, const char *what, uint64_t size,
			struct lkb_error *err);

/* One visit after another to what descriptors lead to. */
struct lkb_layout_visit {
	const struct lkb_layout *from;
	struct lkb_arena *arena;
	struct lkb_ui *ui;
	/* Called for configs, layers, manifests and indexes, each after what it leads to. diff_id
	 * is a layer's if it is known, else NULL. */
	int (*blob)(void *ctx, const struct lkb_oci_desc *d, const struct lkb_sha256 *diff_id,
		    struct lkb_error *err);
	void *ctx;
	struct lkb_layout_walk walk; /* of all visits; born {0} */
	bool artifact;               /* signatures and the like: nothing is asked of what it is */
	size_t n_images;             /* of the last one */
};
/* LKB_INPUT if there is no image for linux, or config and manifest do not fit. */
int lkb_layout_visit(struct lkb_layout_visit *v, const struct lkb_oci_desc *d,
		     struct lkb_error *err);

/* Manifests or indexes: items[i] has a platform if it was flattened. Born {0}. */
struct lkb_layout_list {
	struct lkb_oci_desc *items; /* owned; their strings are the arena's */
	size_t n, cap;
	struct lkb_layout_walk walk;
	/* Asked before a manifest is opened to learn its platform: false = it is left out. NULL:
	 * all may be. */
	bool (*may_open)(void *ctx, const struct lkb_oci_desc *d);
	void *ctx;
};
/* Adds all image manifests at or below d, nested indexes depth-first. What is not for linux, is an
 * attestation, or has an unknown media type is left out; so is a manifest that says no platform
 * and whose config does not either. */
int lkb_layout_flatten(const struct lkb_layout *l, const struct lkb_oci_desc *d,
		       struct lkb_arena *arena, struct lkb_layout_list *list,
		       struct lkb_error *err);
/* "linux/amd64, linux/arm64" */
void lkb_layout_platforms(const struct lkb_layout_list *list, struct lkb_str *ret);
void lkb_layout_list_clear(struct lkb_layout_list *list);
#define lkb_autolayoutlist __attribute__((cleanup(lkb_layout_list_clear))) struct lkb_layout_list

/* Adds what a reference stands for: the entries of that name, or with a digest what that names. */
int lkb_layout_tops(const struct lkb_layout *l, const struct lkb_ref *ref,
		    struct lkb_arena *arena, struct lkb_layout_list *list, struct lkb_error *err);
/* The manifest of a flattened list that fits best; NULL if none does. */
const struct lkb_oci_desc *lkb_layout_best(const struct lkb_layout_list *list,
					   const struct lkb_platform *want);
/* Says for which platforms the list has anything. Returns -1. */
int lkb_layout_fail_platform(const struct lkb_layout_list *list, const struct lkb_platform *want,
			     struct lkb_error *err);

/* True if what they lead to is no image but an artifact (a signature, an attestation, ...); *ret is
 * its type, the arena's: of several, the first one's. */
bool lkb_layout_artifact(const struct lkb_layout *l, const struct lkb_oci_desc *tops, size_t n,
			 struct lkb_arena *arena, const char **ret);
/* LKB_INPUT: an image was meant, and this is an artifact. Returns -1. */
int lkb_layout_fail_artifact(const char *type, struct lkb_error *err);

/*
 * What speaks about an image of digest sha256:HEX stands beside it under names of its repository:
 * REPO:sha256-HEX.sig and .att as cosign stores signatures and attestations, REPO:sha256-HEX as the
 * distribution-spec stores an index of all that refers to it.
 */
void lkb_layout_companions(const struct lkb_ref *repo, const struct lkb_sha256 *digest,
			   struct lkb_strv *ret);
/* True if the reference is such a name; *ret is the digest, which it speaks about. */
bool lkb_layout_is_companion(const char *ref, struct lkb_sha256 *ret);

/* Adds the canonical references an entry of index.json is called by, each once: none if it has no
 * name or one that is no full reference ("v1"). */
void lkb_layout_names(const struct lkb_oci_desc *d, struct lkb_strv *ret);
/* True if `ref` (canonical) is one of them. */
bool lkb_layout_is_named(const struct lkb_oci_desc *d, const char *ref);

#endif
