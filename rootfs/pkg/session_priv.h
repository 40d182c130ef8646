/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_SESSION_PRIV_H
#define LKB_ROOTFS_PKG_SESSION_PRIV_H

#include "rootfs/pkg/def_priv.h"
#include "rootfs/lock/lock.h"

/* One run for one architecture: the store's folder for packages, locked against a second lkboard,
 * and the lock file. Born LKB_PKG_SESSION_INIT. */
struct lkb_pkg_session {
	const struct lkb_pkg_env *env;
	char *dir;       /* owned; absolute: STORE/pkg */
	char *lock_path; /* owned */
	int guard;       /* flock on DIR/lock */
	struct lkb_lock lock;
	bool lock_changed;
};
#define LKB_PKG_SESSION_INIT { .guard = -1 }

/* env is borrowed until the end. */
int lkb_pkg_session_begin(struct lkb_store *store, const struct lkb_pkg_env *env,
			  struct lkb_pkg_session *ret, struct lkb_error *err);
void lkb_pkg_session_end(struct lkb_pkg_session *s);
#define lkb_autopkgsession \
	__attribute__((cleanup(lkb_pkg_session_end))) struct lkb_pkg_session

/* Writes the lock if it changed. The one in the store keeps itself up to date; one that the user
 * named is only written when the user says so. */
int lkb_pkg_session_save(struct lkb_pkg_session *s, struct lkb_error *err);

/* Asks apt what a definition's packages are; the answer goes into the lock too. */
int lkb_pkg_session_resolve(struct lkb_pkg_session *s, const struct lkb_pkg *p,
			    struct lkb_debs *ret, struct lkb_error *err);
/* The packages in their versions: from the lock where that fits, else from apt. */
int lkb_pkg_session_choose(struct lkb_pkg_session *s, const struct lkb_pkg *p,
			   struct lkb_debs *ret, struct lkb_error *err);
/* Downloads what the store has not got. */
int lkb_pkg_session_fetch(struct lkb_pkg_session *s, const struct lkb_pkg *p,
			  const struct lkb_debs *debs, struct lkb_error *err);

#endif
