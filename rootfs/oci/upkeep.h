/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_UPKEEP_H
#define LKB_ROOTFS_OCI_UPKEEP_H

#include "rootfs/oci/store.h"

/* Taking names out of the store, throwing away what nothing needs, and finding what is damaged. */

/* Borrowed. */
struct lkb_store_rm {
	/* Names; digests ("sha256:HEX"), which mean every name that stands for that image or index;
	 * or both ("REPO@sha256:HEX"): the names of that repository. */
	const char *const *refs;
	size_t n_refs;
	const struct lkb_platform *platform; /* take away this one only; NULL = all */
};
/* Takes names away, all or none; *ret says which and what they stood for. Signatures go with the
 * last name of the repository that stands for what they are about. Blobs stay until
 * lkb_store_prune(). LKB_INPUT if one is not there, or not for the platform. */
int lkb_store_rm(struct lkb_store *s, const struct lkb_store_rm *rm, struct lkb_imported_list *ret,
		 struct lkb_error *err);

struct lkb_store_prune {
	bool all_derived; /* derived data that is in use too */
	bool packages;    /* downloaded .debs */
	bool dry_run;     /* only say what would go */
	struct lkb_ui *ui;
};
struct lkb_store_freed {
	uint64_t files, bytes;
};
struct lkb_store_pruned {
	struct lkb_store_freed blobs, derived, packages;
};
/* Removes blobs that no name leads to and derived data that nothing needs. Waits until nobody else
 * uses the store (store.h). LKB_TRUST or LKB_INPUT if a document is damaged, so that nobody knows
 * what it leads to; nothing was removed then. */
int lkb_store_prune(struct lkb_store *s, const struct lkb_store_prune *how,
		    struct lkb_store_pruned *ret, struct lkb_error *err);

/* Something that is wrong. Owned strings. */
struct lkb_store_fault {
	char *what;   /* "image localhost/app:1", "blob sha256:HEX", "derived layer-v1/HEX.tar" */
	char *why;    /* a message */
	bool removed; /* by repair: the name, blob or file is gone */
};
struct lkb_store_verified {
	struct lkb_store_fault *items; /* owned; in byte order of what */
	size_t n, cap;
	uint64_t names, blobs, bytes; /* that were looked at */
};
/* Hashes every blob and all derived data, and follows every name to the end. With repair, what is
 * wrong is removed: damaged files, manifests that are not complete, and names that then stand for
 * nothing; it waits until nobody else uses the store. Faults are no failure. */
int lkb_store_verify(struct lkb_store *s, bool repair, struct lkb_ui *ui,
		     struct lkb_store_verified *ret, struct lkb_error *err);
void lkb_store_verified_clear(struct lkb_store_verified *v);

#endif
