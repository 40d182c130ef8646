/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_FETCH_PRIV_H
#define LKB_ROOTFS_PKG_FETCH_PRIV_H

#include <stdbool.h>

#include "rootfs/pkg/apt_priv.h"

#define LKB_PKG_HINT_ANEW \
	"`lkboard pkg lock`, or --update-lock for a spec's lock, takes what the mirror has now"

/* The store of .deb files: PKG_DIR/debs/sha256/HEX, each under its name only after its digest was
 * compared. */

/* True if the file is there with the right size. */
bool lkb_deb_stored(const char *pkg_dir, const struct lkb_deb *deb);

/* Opens one, its digest compared again; a damaged file is removed (LKB_TRUST). */
int lkb_deb_open(const char *pkg_dir, const struct lkb_deb *deb, int *ret_fd,
		 struct lkb_error *err);

/* Downloads what is missing. The caller holds the lock of PKG_DIR. */
int lkb_debs_fetch(const char *pkg_dir, const struct lkb_apt *a, const struct lkb_debs *debs,
		   struct lkb_ui *ui, struct lkb_error *err);

#endif
