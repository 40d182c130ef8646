/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_PULL_PRIV_H
#define LKB_ROOTFS_OCI_PULL_PRIV_H

#include "rootfs/oci/pull.h"
#include "rootfs/oci/registry/registry.h"
#include "rootfs/oci/store_priv.h"

/* Blobs that are to be fetched into a stage. Born {0}. */
struct lkb_fetch_list {
	struct lkb_oci_desc *items; /* owned; their strings are the arena's */
	size_t n, cap;
};
void lkb_fetch_list_clear(struct lkb_fetch_list *l);

/* Fetches them, several at once, the largest first. `called` is what progress calls it. */
int lkb_fetch_all(struct lkb_registry *r, const struct lkb_repository *repo,
		  const struct lkb_fetch_list *list, struct lkb_stage *stage, const char *called,
		  struct lkb_error *err);

/* Removes the oldest beginnings of blobs until the rest is within bounds. */
void lkb_partial_sweep(const struct lkb_store *s);

/* The whole pull. */
struct lkb_puller {
	struct lkb_store *s;
	const struct lkb_pull *in;
	struct lkb_ui *ui;
	struct lkb_stage *stage;
	struct lkb_arena *arena;
	struct lkb_store_name *names; /* owned; all that comes in, strings of the arena */
	size_t n_names, cap_names;
};

/* One repository of it. */
struct lkb_puller_repo {
	struct lkb_puller *p;
	struct lkb_repository repo;
	struct lkb_layout_remote remote;
	struct lkb_layout *layout; /* owned */
	struct lkb_fetch_list fetch;
	struct lkb_layout_list chosen; /* manifests that are wanted; empty until that is known */
	bool has_chosen;
	bool unsigned_list; /* the policy is not content with the index itself */
};

/* Takes a document that came in: *ret is its descriptor, of an index or a manifest. */
int lkb_puller_take(struct lkb_puller_repo *q, struct lkb_registry_doc *doc, const char *name,
		    struct lkb_oci_desc *ret, struct lkb_error *err);
/* Stages a document, or puts a blob on q->fetch, unless it is there. */
int lkb_puller_want(struct lkb_puller_repo *q, const struct lkb_oci_desc *d,
		    struct lkb_error *err);
/* Stages the document and all that it leads to, as far as it is wanted; blobs go to q->fetch. */
int lkb_puller_visit(struct lkb_puller_repo *q, const struct lkb_oci_desc *d,
		     struct lkb_error *err);
void lkb_puller_name(struct lkb_puller *p, const char *ref, const struct lkb_oci_desc *d);
/* What signs a digest of the repository. */
int lkb_puller_signatures(struct lkb_puller_repo *q, const struct lkb_sha256 *digest,
			  struct lkb_error *err);
/* What the index (or indexes in it) attests of the images that were chosen. Forgets q->fetch. */
int lkb_puller_attestations(struct lkb_puller_repo *q, const struct lkb_oci_desc *top,
			    struct lkb_error *err);
/* Asks the store's policy about a digest of which nothing has been read yet. What signs it goes
 * into the store now, whatever becomes of the rest: the policy looks there. LKB_TRUST. */
int lkb_puller_judge(struct lkb_puller_repo *q, const struct lkb_ref *ref,
		     const struct lkb_sha256 *digest, struct lkb_error *err);

#endif
