/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_EXPORT_PRIV_H
#define LKB_ROOTFS_OCI_EXPORT_PRIV_H

#include "rootfs/oci/export.h"
#include "rootfs/oci/store_priv.h"

/* An export on its way. `refs` are canonical, sorted, each once. */
struct lkb_exporting {
	struct lkb_store *s;
	const struct lkb_export *e;
	const struct lkb_layout *from; /* what is being read: the store's, or an input's */
	struct lkb_strv refs; /* owned */
	struct lkb_strv digests; /* owned; of the documents that the reference led to */
	struct lkb_strv added;   /* owned; names that are in the index already */
	struct lkb_tree *tree;
	struct lkb_arena arena;
};

/* Adds a file of ours: 0644, root's, of 1970. */
int lkb_export_add(struct lkb_exporting *x, const char *path, const struct lkb_data *data,
		   struct lkb_error *err);
/* Adds a document, whose text is taken over. */
int lkb_export_add_text(struct lkb_exporting *x, const char *path, char *text,
			struct lkb_error *err);
/* All manifests that a reference has in the store, each with its platform; none of an artifact. */
int lkb_export_find(struct lkb_exporting *x, const char *ref, struct lkb_layout_list *ret_tops,
		    struct lkb_layout_list *ret, struct lkb_error *err);

/* The name that an archive gives the image of a reference; the caller frees it. */
char *lkb_export_name(const char *ref);

int lkb_export_docker(struct lkb_exporting *x, struct lkb_error *err);

#endif
