/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_PKG_H
#define LKB_ROOTFS_PKG_PKG_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/ext/schema.h"
#include "base/ui.h"
#include "rootfs/lock/lock.h"
#include "rootfs/oci/store.h"

/* Package definitions: configs/packages/NAME.yml says which Debian packages and local files make
 * which OCI image. lkboard-package(5) documents each key. */
struct lkb_pkg;

int lkb_pkg_read(const char *path, struct lkb_pkg **ret, struct lkb_diags *diags,
		 struct lkb_error *err);
void lkb_pkg_free(struct lkb_pkg *p);
LKB_DEFINE_AUTO(lkb_pkg, lkb_pkg_free)
const char *lkb_pkg_name(const struct lkb_pkg *p);
const char *lkb_pkg_image(const struct lkb_pkg *p); /* "localhost/runc:bookworm" */
/* True if the definition can be built for that architecture. */
bool lkb_pkg_has_arch(const struct lkb_pkg *p, const char *arch);
/* True if the image has `local:` files, without which it cannot be made. */
bool lkb_pkg_has_local(const struct lkb_pkg *p);

/* Names of all definitions in configs_dir/packages, sorted. */
int lkb_pkg_names(const char *configs_dir, struct lkb_strv *ret, struct lkb_error *err);
/* The definition that makes image reference `ref` (canonical), or NULL in *ret. */
int lkb_pkg_for_ref(const char *configs_dir, const char *ref, struct lkb_pkg **ret,
		    struct lkb_error *err);

struct lkb_pkg_env {
	const char *configs_dir;
	const char *local_dir;  /* `local:` files are LOCAL_DIR/ARCH/FILE: out/ondevice or
				 * PREFIX/lib/lkboard/ondevice; NULL = there are none */
	const char *arch;       /* "arm64" */
	/* NULL = STORE/pkg/packages.lock, which is kept up to date by every build; a lock that the
	 * user names is written with update_lock alone. */
	const char *lock_path;
	/* What the lock lacks is taken from another, as far as both fit: the store's where the user
	 * names one, else this; may be NULL. */
	const char *spare_lock_path;
	bool locked;            /* refuse what the lock does not pin */
	bool update_lock;       /* resolve anew, unless offline, and write the lock */
	bool offline;
	struct lkb_lock *used;  /* what the images were made from is set here; may be NULL */
	struct lkb_ui *ui;
};

/* Builds one image into the store and gives its manifest digest; an image that is there from the
 * same inputs is not made again. With a lock that pins all packages and the .debs in the store, no
 * network is used. Labels of the image say what it was made from: org.lkboard.package (the
 * definition's name), .debs ("libc6=2.36 runc=1.1.5") and .inputs (a digest over everything). */
int lkb_pkg_build(const struct lkb_pkg *p, struct lkb_store *store, const struct lkb_pkg_env *env,
		  struct lkb_sha256 *ret_manifest, struct lkb_error *err);

/* False if the definition, its local files or the packages in env->lock_path are certainly others
 * than those that an image of lkb_pkg_build() was made from. */
bool lkb_pkg_may_give(const struct lkb_pkg *p, const struct lkb_pkg_env *env,
		      const struct lkb_image *im);

/* True if an image was made by lkb_pkg_build(), not imported under the same name. */
bool lkb_pkg_made(const struct lkb_image *im);
/* The Debian packages it was made from, "libc6=2.36 runc=1.1.5"; NULL if it was not. Borrowed. */
const char *lkb_pkg_debs(const struct lkb_image *im);

/* Resolves the packages of the definitions for env->arch and writes the lock; nothing is built.
 * What the lock says of other images and architectures stays, but a package that several images
 * share gets the new version everywhere. */
int lkb_pkg_lock(const struct lkb_pkg *const *pkgs, size_t n, struct lkb_store *store,
		 const struct lkb_pkg_env *env, struct lkb_error *err);

const struct lkb_schema *lkb_pkg_schema(void);

#endif
