/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_PUSH_PRIV_H
#define LKB_ROOTFS_OCI_PUSH_PRIV_H

#include "rootfs/oci/push.h"
#include "rootfs/oci/registry/registry.h"
#include "rootfs/oci/store_priv.h"

/* A push on its way. */
struct lkb_pusher {
	const struct lkb_push *in;
	struct lkb_repository repo;
	const char *tag;
	struct lkb_ui *ui;
	struct lkb_arena *arena;
};

/* Sends bytes under their digest, unless the registry has them. `called` is what messages call
 * them. */
int lkb_pusher_blob(struct lkb_pusher *p, const char *called, const struct lkb_sha256 *digest,
		    const struct lkb_data *data, struct lkb_error *err);

int lkb_push_image(struct lkb_store *s, struct lkb_pusher *p, struct lkb_sha256 *ret,
		   struct lkb_error *err);
int lkb_push_artifact(struct lkb_pusher *p, struct lkb_sha256 *ret, struct lkb_error *err);

/* A directory as a tar in a file without a name: sorted, root's, of 1970, modes 0755 and 0644;
 * links stay links. LKB_INPUT for devices and the like. */
int lkb_push_tree(const char *path, struct lkb_data *ret, struct lkb_error *err);

#endif
