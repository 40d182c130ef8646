/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_EXPORT_H
#define LKB_ROOTFS_OCI_EXPORT_H

#include "rootfs/oci/store.h"

/* Images of the store, or of its inputs, for others to read. */

enum lkb_export_format {
	LKB_EXPORT_OCI,    /* an OCI layout: oci-layout, index.json, blobs/sha256/HEX */
	LKB_EXPORT_DOCKER, /* manifest.json, HEX.json, DIFF-ID.tar: what `docker load` takes */
};

/* Borrowed. */
struct lkb_export {
	enum lkb_export_format format;
	const char *const *refs;
	size_t n_refs;
	const struct lkb_image *const *images; /* OCI: each from its input or the store */
	size_t n_images;
	const struct lkb_platform *platforms; /* none = all of OCI, the only one of Docker */
	size_t n_platforms;                   /* at most one of Docker */
	bool signatures; /* with what speaks about the images: REPO:sha256-HEX.sig and
			  * REPO:sha256-HEX of each manifest and index that goes out; OCI only */
	struct lkb_ui *ui;
};

/* The images as a tree of files, which lkb_tar_write() makes an archive of: the same for the same
 * images, in whatever order they are named. Every digest was compared (LKB_TRUST). LKB_INPUT if an
 * image is not there, or there are several platforms where one is wanted. */
int lkb_export_tree(struct lkb_store *s, const struct lkb_export *e, struct lkb_tree **ret,
		    struct lkb_error *err);

/* A tree as an image of one layer (PAX tar, zstd), ready to be written as an OCI archive under the
 * name of im->ref. Its blobs are put into the store, where nothing names them: what is made again
 * is found there, and `cache prune` removes them. */
int lkb_export_new(struct lkb_store *s, const struct lkb_image_new *im,
		   const struct lkb_inode *root, struct lkb_tree **ret, struct lkb_error *err);

/* Writes the tree as a directory that is not there yet (LKB_REFUSED), whole or not at all. */
int lkb_export_dir(const struct lkb_tree *t, const char *path, struct lkb_error *err);

#endif
