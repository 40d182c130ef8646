/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_LAYOUT_PRIV_H
#define LKB_ROOTFS_OCI_LAYOUT_PRIV_H

#include "base/arena.h"
#include "base/error.h"
#include "rootfs/oci/docs.h"

/* Reading an OCI image layout: the store itself, or one that somebody else wrote. No blob's
 * contents are returned before size and digest were compared. */

/* DIR/blobs/sha256/HEX; the caller frees it. */
char *lkb_layout_blob_path(const char *dir, const struct lkb_sha256 *digest);

/* Fails unless DIR/oci-layout says version 1. */
int lkb_layout_check(const char *dir, struct lkb_error *err);

int lkb_layout_index(const char *dir, struct lkb_arena *arena, struct lkb_oci_index *ret,
		     struct lkb_error *err);

int lkb_layout_doc(const char *dir, const struct lkb_oci_desc *d, struct lkb_arena *arena,
		   struct lkb_oci_doc *ret, struct lkb_error *err);
int lkb_layout_config(const char *dir, const struct lkb_oci_desc *d, struct lkb_oci_config *ret,
		      struct lkb_error *err);

/* True if there is a file for the blob, whatever is in it. */
bool lkb_layout_has(const char *dir, const struct lkb_oci_desc *d);
/* Opens a blob: SHA-256 is what it is named by, it is there, and its size fits. */
int lkb_layout_open(const char *dir, const struct lkb_oci_desc *d, int *ret_fd,
		    struct lkb_error *err);

/* What was looked at under one name: an index may name another one thousands of times. `what` is
 * what messages call the top: "the index". Born {0}. */
struct lkb_layout_walk {
	size_t entries;
	uint64_t bytes; /* of documents */
};
int lkb_layout_walk_entry(struct lkb_layout_walk *w, const char *what, struct lkb_error *err);
int lkb_layout_walk_doc(struct lkb_layout_walk *w, const char *what, uint64_t size,
			struct lkb_error *err);

/* Image manifests, each with its platform. Born {0}. */
struct lkb_layout_list {
	struct lkb_oci_desc *items; /* owned; their strings are the arena's */
	size_t n, cap;
	struct lkb_layout_walk walk;
};
/* Adds all image manifests at or below d, nested indexes depth-first. What is not for linux, is an
 * attestation, or has an unknown media type is left out; so is a manifest that says no platform
 * and whose config does not either. */
int lkb_layout_flatten(const char *dir, const struct lkb_oci_desc *d, struct lkb_arena *arena,
		       struct lkb_layout_list *list, struct lkb_error *err);
void lkb_layout_list_clear(struct lkb_layout_list *list);
#define lkb_autolayoutlist __attribute__((cleanup(lkb_layout_list_clear))) struct lkb_layout_list

/* The canonical reference an entry of index.json is called by, or NULL if it has no name or one
 * that is no full reference ("v1"). The caller frees it. */
char *lkb_layout_name(const struct lkb_oci_desc *d);

#endif
