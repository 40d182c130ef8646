/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_STORE_PRIV_H
#define LKB_ROOTFS_OCI_STORE_PRIV_H

#include "rootfs/oci/docs.h"
#include "rootfs/oci/layout_priv.h"
#include "rootfs/oci/store.h"
#include "rootfs/oci/trust/trust.h"

/* Against decompression bombs: one layer's plain tar, unless the caller says less; and what all
 * layers of an image may unpack to, so many bytes and so many for each that is stored. */
#define LKB_STORE_MAX_LAYER ((uint64_t)16 << 30)
#define LKB_STORE_FREE_PLAIN ((uint64_t)1 << 30)
#define LKB_STORE_MAX_RATIO 200
static inline uint64_t lkb_store_plain_budget(uint64_t stored)
{
	return LKB_STORE_FREE_PLAIN + LKB_STORE_MAX_RATIO * stored;
}

/* A layout whose images are used before the store's. */
struct lkb_store_input {
	struct lkb_layout *layout;   /* owned */
	struct lkb_sha256 *verified; /* owned; plain layers that were hashed */
	size_t n_verified, cap_verified;
};
void lkb_store_input_free(struct lkb_store_input *in);
/* A plain layer where it stands, hashed on first use, and a reference to it. */
int lkb_store_input_layer(const struct lkb_store *s, struct lkb_store_input *in,
			  const struct lkb_oci_desc *d, struct lkb_data *ret,
			  struct lkb_error *err);

struct lkb_store {
	char *dir;                 /* owned */
	char *scratch;             /* owned; DIR/tmp */
	struct lkb_layout *layout; /* owned; the same directory */
	struct lkb_store_input **inputs; /* owned, each owned */
	size_t n_inputs, cap_inputs;
	uint64_t max_layer, max_derived;
	int in_use; /* fd; holds DIR/in-use shared as long as the store is open */
	const struct lkb_policy *policy; /* borrowed; NULL: nothing is asked of images */
	struct lkb_store_checked *checked; /* owned; what the policy was found to be content with */
	size_t n_checked, cap_checked;
};

/* A digest in a layout, as an image of the rule's. */
struct lkb_store_checked {
	const struct lkb_layout *layout;
	const struct lkb_policy_rule *rule;
	struct lkb_sha256 digest;
};

/* Hands on a fault that was kept aside. Returns -1. */
static inline int lkb_store_fault(struct lkb_error *err, const struct lkb_error *fault)
{
	if (err)
		*err = *fault;
	return -1;
}

/* Takes the store's lock: shared to read index.json, exclusive to change it. */
int lkb_store_lock(const struct lkb_store *s, bool shared, int *ret_fd, struct lkb_error *err);

/* Waits until nobody else has the store open, and keeps everybody out until lkb_store_together().
 * Whoever waits says so. */
int lkb_store_alone(const struct lkb_store *s, struct lkb_ui *ui, struct lkb_error *err);
void lkb_store_together(const struct lkb_store *s);

/* A file on its way into the store: DIR/tmp/PID-N.tmp, locked as long as its process lives, so
 * that a leftover can be told from work in progress without trusting process numbers. */
struct lkb_store_tmp {
	int fd;
	char *path; /* owned; NULL once it has its name */
	int undo;
};
#define LKB_STORE_TMP_INIT { .fd = -1, .undo = -1 }

int lkb_store_tmp_open(const struct lkb_store *s, struct lkb_store_tmp *ret,
		       struct lkb_error *err);
/* Flushes and renames: from here on the name is there after any crash, with all of the contents. */
int lkb_store_tmp_commit(struct lkb_store_tmp *t, const char *path, struct lkb_error *err);
/* Renames only: what a crash leaves under the name is told to be wrong by whoever reads it. */
int lkb_store_tmp_rename(struct lkb_store_tmp *t, const char *path, struct lkb_error *err);
void lkb_store_tmp_clear(struct lkb_store_tmp *t);
#define lkb_autostoretmp __attribute__((cleanup(lkb_store_tmp_clear))) struct lkb_store_tmp
/* Removes temporaries of processes that are gone. */
void lkb_store_sweep(const struct lkb_store *s);

/* An image of one layer, whose blobs are in the store and which nothing names yet. */
struct lkb_new_image {
	struct lkb_platform platform;
	struct lkb_image_layer layer;
	struct lkb_sha256 config, manifest;
	uint64_t config_size, manifest_size;
};
int lkb_store_put_image(const struct lkb_store *s, const struct lkb_image_new *im,
			const struct lkb_inode *root, struct lkb_new_image *ret,
			struct lkb_error *err);

/* Stores bytes under their digest. */
int lkb_store_put_bytes(const struct lkb_store *s, const void *p, size_t n,
			struct lkb_sha256 *ret, struct lkb_error *err);
/* True if the blob is there with this size; its digest was compared when it got its name. */
bool lkb_store_has_blob(const struct lkb_store *s, const struct lkb_sha256 *digest, uint64_t size);

/* A new directory DIR/tmp/PID-N.tmp, locked like those files. The caller closes *ret_fd and frees
 * *ret_path. */
int lkb_store_tmp_dir(const struct lkb_store *s, int *ret_fd, char **ret_path,
		      struct lkb_error *err);

/* Blobs that come into the store together or not at all (stage.c). */
struct lkb_stage {
	const struct lkb_store *s;
	int fd;     /* of the directory they wait in */
	char *path; /* owned; the same */
	int undo;
	struct lkb_sha256 *digests; /* owned; what waits */
	size_t n, cap;
};
#define LKB_STAGE_INIT { .fd = -1, .undo = -1 }
int lkb_stage_open(const struct lkb_store *s, struct lkb_stage *ret, struct lkb_error *err);
/* Copies a blob, digest compared (LKB_TRUST), unless it waits or is in the store already. */
int lkb_stage_blob(struct lkb_stage *st, const struct lkb_layout *from,
		   const struct lkb_oci_desc *d, struct lkb_ui *ui, struct lkb_error *err);
/* True if it waits or is in the store. */
bool lkb_stage_has(const struct lkb_stage *st, const struct lkb_oci_desc *d);
/* Takes a finished file over, flushed and moved: its digest was compared. */
int lkb_stage_take(struct lkb_stage *st, const struct lkb_sha256 *digest, int fd, const char *path,
		   struct lkb_error *err);
/* Gives all that waits its names. */
int lkb_stage_commit(struct lkb_stage *st, struct lkb_error *err);
void lkb_stage_clear(struct lkb_stage *st);
#define lkb_autostage __attribute__((cleanup(lkb_stage_clear))) struct lkb_stage

/* A name (canonical) and what it is to stand for. Borrowed. */
struct lkb_store_name {
	const char *ref;
	const struct lkb_oci_desc *desc;
};
/*
 * Makes each name stand for its desc, all at once or none. A manifest (desc->has_platform) joins
 * the other platforms that the name already has, in an index of their own, and replaces what was
 * there for its platform; an index replaces whatever the name stood for. All that they lead to
 * is in the store already.
 */
int lkb_store_publish(const struct lkb_store *s, const struct lkb_store_name *names, size_t n,
		      struct lkb_error *err);

/* True for an index as lkb_store_publish() makes it of manifests: it says what the store happens to
 * have, not what anybody published. */
bool lkb_store_made_index(const struct lkb_oci_index *index, const struct lkb_sha256 *digest);

/* Bytes that all layers of an image together may unpack to. */
uint64_t lkb_image_plain_budget(const struct lkb_image *im);
/* The layer's plain tar, verified, and a reference to it: where it stands if it is stored plain,
 * else decompressed into the store on first use. More than max bytes are refused. */
int lkb_store_layer(const struct lkb_store *s, struct lkb_store_input *from,
		    const struct lkb_image_layer *layer, uint64_t max, struct lkb_ui *ui,
		    struct lkb_data *ret, struct lkb_error *err);

/* Opens a layout directory or an archive, "-" = standard input. What cannot be read in place
 * (compressed as a whole, a pipe) is unpacked to a file without a name in the store. */
int lkb_source_open(const struct lkb_store *s, const char *path, struct lkb_ui *ui,
		    struct lkb_layout **ret, struct lkb_error *err);

#endif
