/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_DEF_PRIV_H
#define LKB_ROOTFS_PKG_DEF_PRIV_H

#include "rootfs/pkg/pkg.h"

/* A package definition as structs, one field a key (def.c has the table). */

struct lkb_pkg_keep {
	struct lkb_pos pos;
	const char *path;    /* glob over the paths in the .debs */
	const char *to;      /* NULL = the same path; a slash at the end: into that directory */
	const char *package; /* glob over package names; NULL = any */
	struct lkb_opt_int mode;
};

struct lkb_pkg_concat {
	struct lkb_pos pos;
	const char *path; /* where the one file goes */
	const char *from; /* glob over the paths in the .debs */
	struct lkb_opt_int mode;
};

struct lkb_pkg_local {
	struct lkb_pos pos;
	const char *file, *to;
	struct lkb_opt_int mode;
};

struct lkb_pkg_file {
	struct lkb_pos pos;
	const char *path, *contents, *symlink;
	enum lkb_tristate directory;
	struct lkb_opt_int mode;
};

struct lkb_pkg_links {
	struct lkb_pos pos;
	const char *target;
	struct lkb_strlist paths;
};

/* Globs over the paths in the .debs; NULL = none. */
struct lkb_pkg_ucode {
	struct lkb_pos pos;
	const char *amd, *intel;
};

struct lkb_pkg_kernel {
	struct lkb_pos pos;
	const char *image;
	struct lkb_strlist dtbs, modules;
	struct lkb_pkg_ucode ucode;
};

struct lkb_pkg {
	struct lkb_arena arena; /* owns everything below */
	const char *name;       /* the file's, without .yml */
	const char *file;       /* as it was opened, for messages */
	const char *text;       /* the whole file: part of what an image is made from */
	size_t text_len;
	const char *image;
	struct lkb_strlist architectures;
	const char *suite; /* never NULL after reading */
	struct lkb_strlist components, packages, take;
	struct lkb_objlist keep;  /* struct lkb_pkg_keep */
	struct lkb_objlist concat; /* struct lkb_pkg_concat */
	struct lkb_pkg_kernel kernel;
	struct lkb_objlist local; /* struct lkb_pkg_local */
	struct lkb_objlist files; /* struct lkb_pkg_file */
	struct lkb_objlist links; /* struct lkb_pkg_links */
	struct lkb_strlist entrypoint, cmd, env;
	const char *workdir;
	struct lkb_strmap labels;
};

/* lkb_pkg_read() on text; for tests and fuzzing. `file` is what messages call it; the package's
 * name is its stem. */
int lkb_pkg_parse(const char *text, size_t len, const char *file, struct lkb_pkg **ret,
		  struct lkb_diags *diags, struct lkb_error *err);

/* The components to ask apt for; "main" where the definition names none. */
void lkb_pkg_components(const struct lkb_pkg *p, struct lkb_strv *ret);
/* True if the `take` globs (all, where there are none) let a Debian package through. */
bool lkb_pkg_takes(const struct lkb_pkg *p, const char *deb_name);

#endif
