/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_UPKEEP_PRIV_H
#define LKB_ROOTFS_OCI_UPKEEP_PRIV_H

#include "base/ext/json.h"
#include "rootfs/oci/derived_priv.h"
#include "rootfs/oci/upkeep.h"

/* Digests, each once, sorted. Born {0}. */
struct lkb_digest_set {
	struct lkb_sha256 *items; /* owned */
	size_t n, cap;
};
bool lkb_digest_set_has(const struct lkb_digest_set *set, const struct lkb_sha256 *digest);
/* True if it is new. */
bool lkb_digest_set_add(struct lkb_digest_set *set, const struct lkb_sha256 *digest);
void lkb_digest_set_clear(struct lkb_digest_set *set);

/*
 * All that index.json leads to, whatever it is for. An index may list more than was brought along;
 * all else that is missing or malformed is a fault, and what is behind it is not known.
 */
struct lkb_reach {
	const struct lkb_store *s;
	struct lkb_digest_set blobs;  /* that are needed */
	struct lkb_digest_set layers; /* diff_ids of images */
	uint64_t names;
	/* A document that cannot be read (doc), or one that lacks a part (then doc is what lacks
	 * it, and is_part true). -1 ends the walk. */
	int (*fault)(void *ctx, const char *name, const struct lkb_oci_desc *doc, bool is_part,
		     const struct lkb_error *why, struct lkb_error *err);
	void *ctx;
};
int lkb_reach_all(struct lkb_reach *r, struct lkb_error *err);
void lkb_reach_clear(struct lkb_reach *r);
#define lkb_autoreach __attribute__((cleanup(lkb_reach_clear))) struct lkb_reach

/* index.json while it is changed: the lock is held. Born { .lock = -1 }. */
struct lkb_index_edit {
	int lock;
	json_t *doc; /* owned */
};
int lkb_index_edit_begin(const struct lkb_store *s, struct lkb_index_edit *ret,
			 struct lkb_error *err);
/* What the document says now; items are those of its `manifests`, in order. */
int lkb_index_edit_read(const struct lkb_index_edit *e, struct lkb_arena *arena,
			struct lkb_oci_index *ret, struct lkb_error *err);
/* Takes the name away from all entries; those that have no other one go. */
void lkb_index_edit_remove(struct lkb_index_edit *e, const struct lkb_oci_index *index,
			   const char *ref);
/* Removes the entries that lkb_reach_name() calls so. */
void lkb_index_edit_drop(struct lkb_index_edit *e, const struct lkb_oci_index *index,
			 const char *name);
void lkb_index_edit_add(struct lkb_index_edit *e, const struct lkb_oci_desc *d, const char *ref);
int lkb_index_edit_write(const struct lkb_store *s, const struct lkb_index_edit *e,
			 struct lkb_error *err);
void lkb_index_edit_clear(struct lkb_index_edit *e);
#define lkb_autoindexedit __attribute__((cleanup(lkb_index_edit_clear))) struct lkb_index_edit

/* The text of an index of these manifests, each with its platform; the caller frees it. */
char *lkb_store_index_text(const struct lkb_oci_desc *items, size_t n);
/* Stores an index of manifests, which have platforms. */
int lkb_store_put_index(const struct lkb_store *s, const struct lkb_oci_desc *items, size_t n,
			struct lkb_arena *arena, struct lkb_oci_desc *ret, struct lkb_error *err);

/* What messages call an entry: its names, or its digest; the caller frees it. */
char *lkb_reach_name(const struct lkb_oci_desc *d);

/* The names in a directory, sorted; none if it is not there. */
void lkb_store_names(const char *dir, struct lkb_strv *ret);

#endif
