/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_STORE_H
#define LKB_ROOTFS_OCI_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/ext/compress.h"
#include "base/ext/hash.h"
#include "base/str.h"
#include "base/ui.h"
#include "rootfs/oci/platform.h"
#include "rootfs/tree/tree.h"

/*
 * The store: an OCI image layout (image-spec image-layout.md) plus data derived from it.
 *
 *	DIR/oci-layout, DIR/index.json      the index; one named entry a reference
 *	DIR/blobs/sha256/HEX                manifests, configs, layers
 *	DIR/derived/layer-v1/HEX.tar        layers decompressed, named by diff_id
 *	DIR/derived/segment-v1/HEX.zst      compressed parts of initrds, named by what they are of
 *	DIR/derived/KIND/HEX.ok             how the file was left, and when it was last used
 *	DIR/derived/KIND/HEX                other derived data, each with its digest at the end
 *	DIR/tmp/PID-N.tmp                   what is being written
 *	DIR/partial/HEX                     beginnings of blobs that a pull did not get whole
 *	DIR/pkg/                            rootfs/pkg's downloads
 *	DIR/lock                            flock: shared to read the index, exclusive to write
 *	DIR/in-use                          flock: shared while the store is open
 *
 * A blob appears under its name only after its digest was compared. Two processes may use one
 * store; kill -9 leaves at most *.tmp files, which the next open of the store removes when their
 * process is gone.
 *
 * Blobs are removed in one place only, lkb_store_prune() (and by repair), and there the danger is
 * a process that saw a blob and did not copy it again, or copied it and has not named it yet, or
 * resolved an image and reads its layers later. All of them have the store open. So whoever opens
 * the store holds in-use shared until it is closed, and who removes blobs takes it exclusively:
 * then no process is between seeing a blob and naming it, and what index.json does not lead to,
 * nobody needs. The lock dies with its process, so a killed one holds up nobody. Removing goes
 * file by file and changes no document: killed at any point it leaves a store whose names are all
 * complete, with fewer blobs than before that nobody needs. Taking a name away (lkb_store_rm())
 * replaces index.json as publishing does, and harms no reader, as the blobs stay.
 *
 * Derived data may go at any moment: who reads it has it open, who does not find it makes it.
 */
struct lkb_store;

/* Makes the directory where it is missing. A directory that holds other things and is no store is
 * refused (LKB_INPUT). */
int lkb_store_open(const char *dir, struct lkb_store **ret, struct lkb_error *err);
void lkb_store_free(struct lkb_store *s);
LKB_DEFINE_AUTO(lkb_store, lkb_store_free)
const char *lkb_store_dir(const struct lkb_store *s);

/* Where its temporary files are: what stands there goes with its process. Borrowed. */
const char *lkb_store_scratch(const struct lkb_store *s);
/* A private directory there, for what a helper program must read or write as files. */
struct lkb_tmpdir;
int lkb_store_tmpdir(const struct lkb_store *s, struct lkb_tmpdir *ret, struct lkb_error *err);

/* Bounds the plain size of one layer (16 GiB if never called): what unpacks to more is refused. */
void lkb_store_limit_layers(struct lkb_store *s, uint64_t max_plain);

/* From now on an image is resolved only if the policy (rootfs/oci/trust) is content with it: its
 * signatures stand in the layout that the image is in, under the names REPOSITORY:sha256-HEX.sig
 * and REPOSITORY:sha256-HEX. Without a policy nothing is asked. Borrowed. */
struct lkb_policy;
void lkb_store_set_policy(struct lkb_store *s, const struct lkb_policy *p);
const struct lkb_policy *lkb_store_policy(const struct lkb_store *s);

/* Bounds what all derived data together takes (LKB_STORE_MAX_DERIVED if never called): beyond it,
 * what was not used for longest goes. */
#define LKB_STORE_MAX_DERIVED ((uint64_t)8 << 30)
void lkb_store_limit_derived(struct lkb_store *s, uint64_t max);

/* One image (a manifest and its config), resolved for a platform. Owned strings. */
struct lkb_image {
	char *ref;                  /* canonical name it was asked by */
	struct lkb_sha256 manifest; /* digest of the manifest */
	bool has_index;             /* the name stands for an index that somebody published; not
				     * for one that the store keeps single manifests in */
	struct lkb_sha256 index;    /* digest of that index */
	bool index_trusted;         /* the policy, if there is one, is content with that index too,
				     * not with the manifest alone */
	struct lkb_sha256 config;   /* of the config: Docker's image ID */
	uint64_t config_size;
	struct lkb_platform platform;
	int64_t created;            /* seconds, from the config; 0 if absent */
	struct lkb_strv entrypoint, cmd, env;
	bool has_entrypoint, has_cmd;
	char *workdir;              /* "" if absent */
	char *user;
	struct lkb_strv label_keys, label_values; /* in byte order of keys */
	struct lkb_image_layer *layers; /* lowest first */
	size_t n_layers;
	struct lkb_store_input *input; /* borrowed from the store; NULL: it is the store's own */
};

struct lkb_image_layer {
	struct lkb_sha256 digest;  /* of the blob as stored */
	uint64_t size;             /* of the blob as stored */
	struct lkb_sha256 diff_id; /* of the plain tar */
};

void lkb_image_free(struct lkb_image *im);
LKB_DEFINE_AUTO(lkb_image, lkb_image_free)
/* The archive or layout it is read from, or NULL: the store. */
const char *lkb_image_input(const struct lkb_image *im);
/* The value of a label or NULL. */
const char *lkb_image_label(const struct lkb_image *im, const char *key);

/* Images that the archive or layout at path names are used before the store's from now on, in the
 * order of calls. It is not copied: what stands plain in it is read in place, and must not change
 * as long as the store is open; compressed layers are decompressed into derived/ on first use. */
int lkb_store_add_input(struct lkb_store *s, const char *path, struct lkb_ui *ui,
			struct lkb_error *err);

/* Finds a reference in the inputs, then in the store. LKB_INPUT with the hint where to get it if
 * it is not there, if no manifest fits the platform, or if documents are malformed; LKB_TRUST if a
 * digest does not fit, or the policy refuses the image, of which nothing but its digest was looked
 * at then, and the lists of an index that is not signed itself. */
int lkb_store_resolve(struct lkb_store *s, const char *ref, const struct lkb_platform *platform,
		      struct lkb_image **ret, struct lkb_error *err);
/* True if the reference is there for the platform. */
bool lkb_store_has(struct lkb_store *s, const char *ref, const struct lkb_platform *platform);

/* True if it is not there for the platform, or not all of it, and nothing is wrong with what is:
 * the reason to fetch it. */
bool lkb_store_lacks(struct lkb_store *s, const char *ref, const struct lkb_platform *platform);

/* The image as one tree: layers applied in order. Layers are decompressed into derived/ on first
 * use, size, digest and diff_id compared before anything is used. */
int lkb_store_image_tree(struct lkb_store *s, const struct lkb_image *im, struct lkb_ui *ui,
			 struct lkb_tree **ret, struct lkb_error *err);

/* Something that is the same for the same key, and worth keeping. Borrowed. */
struct lkb_derived {
	struct lkb_sha256 key;           /* of all that its bytes depend on */
	const struct lkb_sha256 *layers; /* diff_ids it is made of: without them nobody needs it */
	size_t n_layers;
	/* Writes its bytes. */
	int (*make)(void *ctx, lkb_sink_fn *sink, void *sink_ctx, struct lkb_error *err);
	void *ctx;
};

/* Finds it in the store, or makes it. One that somebody has written to is made anew. The reference
 * in *ret is the caller's, and stays good when the store throws the data away. */
int lkb_store_derive(struct lkb_store *s, const struct lkb_derived *d, struct lkb_data *ret,
		     struct lkb_error *err);

/*
 * Attestations: what builders attach to an image in the same index, as manifests of
 * "vnd.docker.reference.type" attestation-manifest that name the image's. They say something about
 * an image and are no part of it: whether they are there depends on how it came in. Calls fn for
 * each in-toto document about this image, in the order of the index it was resolved by, digests
 * compared; text is NULL for documents above 4 MiB, which are not read, else it has a NUL behind
 * it. None if a policy asks for signatures and the index has none: then nobody vouches for what it
 * lists.
 */
typedef int lkb_attestation_fn(void *ctx, const struct lkb_sha256 *digest, const char *text,
			       size_t len, struct lkb_error *err);
int lkb_store_attestations(const struct lkb_store *s, const struct lkb_image *im,
			   lkb_attestation_fn *fn, void *ctx, struct lkb_error *err);

/* What a producer of images (rootfs/pkg) says about a new one. Borrowed strings. */
struct lkb_image_new {
	const char *ref;
	struct lkb_platform platform;
	int64_t created;
	const struct lkb_strv *entrypoint, *cmd, *env; /* NULL = absent */
	const char *workdir;                           /* NULL = absent */
	const struct lkb_strv *label_keys, *label_values;
};

/* Stores a tree as a one-layer image (PAX tar, zstd), publishes it under its reference beside the
 * same reference's other platforms, and gives its manifest's digest. The same tree gives the same
 * digest. */
int lkb_store_put_tree(struct lkb_store *s, const struct lkb_image_new *im,
		       const struct lkb_inode *root, struct lkb_sha256 *ret_manifest,
		       struct lkb_error *err);

/* Derived data of other kinds: what was computed from the layer or image of that digest and can
 * always be computed again. KIND is a word with its version, "files-v1". False if there is none, or
 * none that is as it was written; nothing fails where it cannot be written. The caller frees *ret,
 * which has a NUL behind it. */
bool lkb_store_derived_read(const struct lkb_store *s, const char *kind,
			    const struct lkb_sha256 *key, size_t max, char **ret, size_t *ret_len);
void lkb_store_derived_write(const struct lkb_store *s, const char *kind,
			     const struct lkb_sha256 *key, const void *p, size_t n);

/* What to import. Borrowed strings. */
struct lkb_import {
	const char *path; /* OCI layout directory, OCI or Docker archive (plain, gzip, zstd, xz), or
			   * "-" = standard input */
	const char *name; /* NULL = every image under the names it has: a reference in
			   * io.containerd.image.name, org.opencontainers.image.ref.name or
			   * RepoTags. Else the one image under this name. */
	const char *const *only; /* the images meant: names as the archive says them or in full,
				  * or digests; none = all */
	size_t n_only;
	struct lkb_ui *ui;
};

/* One name that came in. */
struct lkb_imported {
	char *ref;                /* owned */
	struct lkb_sha256 digest; /* of the manifest or index */
	char *platforms;          /* owned; "linux/amd64,linux/arm64", or "artifact" */
};
struct lkb_imported_list {
	struct lkb_imported *items; /* owned */
	size_t n, cap;
};

/* Either all names come in or none. What fails before all blobs are there and right leaves the
 * store as it was; where it is the names that cannot be written, blobs without a name stay.
 * LKB_INPUT with what the archive holds if an image has no name or several are meant by one;
 * LKB_TRUST if a digest does not fit. */
int lkb_import(struct lkb_store *s, const struct lkb_import *in, struct lkb_imported_list *ret,
	       struct lkb_error *err);
void lkb_imported_clear(struct lkb_imported_list *l);

/* One line of `cache ls`. */
struct lkb_store_entry {
	char *ref;                  /* owned */
	char *artifact; /* owned; type of what is no image (a signature, ...), NULL: an image */
	struct lkb_platform platform;
	struct lkb_sha256 manifest;
	uint64_t bytes; /* config + layers as stored; of all manifests of an artifact */
};
struct lkb_store_list {
	struct lkb_store_entry *items; /* owned; sorted by ref, then platform */
	size_t n;
};
int lkb_store_ls(struct lkb_store *s, struct lkb_store_list *ret, struct lkb_error *err);
void lkb_store_list_clear(struct lkb_store_list *l);

#endif
