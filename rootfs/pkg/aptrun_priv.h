/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_APTRUN_PRIV_H
#define LKB_ROOTFS_PKG_APTRUN_PRIV_H

#include "rootfs/pkg/apt_priv.h"

/* What aptroot.c gives to resolve.c. */

/* Runs args (args[0] is one of apt's programs) in the private root. */
int lkb_apt_run(const struct lkb_apt *a, const struct lkb_strv *args, const char *cwd,
		struct lkb_str *ret_out, struct lkb_error *err);
/* Writes a file of the root, unless it holds the text already. */
int lkb_apt_write(const struct lkb_apt *a, const char *name, const char *text,
		  struct lkb_error *err);
/* Makes a failure of apt one of the network or of trust, and says in front what was tried. */
int lkb_apt_net_error(struct lkb_error *err, const char *what);

#endif
