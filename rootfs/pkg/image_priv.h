/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_IMAGE_PRIV_H
#define LKB_ROOTFS_PKG_IMAGE_PRIV_H

#include "rootfs/pkg/deb_priv.h"
#include "rootfs/pkg/def_priv.h"
#include "rootfs/lock/lock.h"

/* A `local:` file, opened. */
struct lkb_pkg_source {
	struct lkb_blob *blob; /* owned */
	struct lkb_sha256 sha256;
};

/* All that an image is made from. Born {0}. */
struct lkb_pkg_inputs {
	struct lkb_debs debs;         /* sorted by name */
	struct lkb_pkg_source *local; /* owned; one for each of the definition's */
	size_t n_local;
	const char *scratch;          /* borrowed; private and empty: for what depmod reads and
				       * writes; only a kernel needs it */
};

void lkb_pkg_inputs_clear(struct lkb_pkg_inputs *in);
#define lkb_autopkginputs __attribute__((cleanup(lkb_pkg_inputs_clear))) struct lkb_pkg_inputs

/* Opens the local files of a definition. */
int lkb_pkg_inputs_local(const struct lkb_pkg *p, const char *local_dir, const char *arch,
			 struct lkb_pkg_inputs *in, struct lkb_error *err);
/* One digest over definition, packages and local files: two images with the same one are the
 * same image. */
struct lkb_sha256 lkb_pkg_inputs_digest(const struct lkb_pkg *p, const char *arch,
					const struct lkb_pkg_inputs *in);

/* Reads the wanted files of the packages in pkg_dir and makes the image's tree. *ret_created is
 * the newest time in the packages: the image's own. */
int lkb_pkg_tree(const struct lkb_pkg *p, const char *pkg_dir, const struct lkb_pkg_inputs *in,
		 struct lkb_tree **ret, int64_t *ret_created, struct lkb_error *err);

/* The part of it that needs no file: the tree from what was read. debs[i] is what was read of the
 * package names[i]. */
int lkb_pkg_assemble(const struct lkb_pkg *p, const struct lkb_deb_files *debs,
		     const char *const *names, size_t n, const struct lkb_pkg_inputs *in,
		     int64_t mtime, struct lkb_tree **ret, struct lkb_error *err);

#endif
