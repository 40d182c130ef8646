/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_KERNEL_PRIV_H
#define LKB_ROOTFS_PKG_KERNEL_PRIV_H

#include "base/str.h"
#include "rootfs/pkg/deb_priv.h"
#include "rootfs/pkg/def_priv.h"

/* Names of the modules that a module needs: `depends=` of its .modinfo section. */
int lkb_modinfo_depends(const struct lkb_data *ko, struct lkb_strv *ret, struct lkb_error *err);

/* The modules of a kernel package. Paths are those below lib/modules/VERSION/. */
struct lkb_module {
	const char *path;  /* "kernel/fs/ext4/ext4.ko"; borrowed from the .deb's entries */
	char *name;        /* owned; as the kernel has it, with '_' for '-' */
	struct lkb_data data;
	bool selected;
};

struct lkb_modules {
	char *version;            /* owned */
	struct lkb_module *items; /* owned; sorted by path */
	size_t n, cap;
	struct lkb_strv builtin;  /* names */
	struct lkb_data order, builtin_list, builtin_info; /* files of the package */
};

void lkb_modules_clear(struct lkb_modules *m);
#define lkb_automodules __attribute__((cleanup(lkb_modules_clear))) struct lkb_modules

/* Collects what stands below lib/modules/ in all packages. Exactly one version must be there. */
int lkb_modules_collect(const struct lkb_deb_files *debs, size_t n, struct lkb_modules *ret,
			struct lkb_error *err);
/* Marks what names and globs ask for, and what that needs. LKB_INPUT for a name that is neither a
 * module nor built in. */
int lkb_modules_select(struct lkb_modules *m, const struct lkb_strlist *wanted,
		       struct lkb_error *err);
/* Adds lib/modules/VERSION/ with the selected modules and depmod's files to the tree. */
int lkb_modules_write(const struct lkb_modules *m, const char *scratch, struct lkb_tree *t,
		      int64_t mtime, struct lkb_error *err);

/* True for what lkb_ucode_build() wants to see of a package. */
bool lkb_ucode_wants(const struct lkb_pkg_ucode *u, const char *path);
/* Microcode as an archive to go before an initrd: kernel/x86/microcode/VENDOR.bin of each vendor,
 * at multiples of 16. *ret is born {0} and filled. */
int lkb_ucode_build(const struct lkb_pkg_ucode *u, const struct lkb_deb_files *debs, size_t n,
		    int64_t mtime, struct lkb_str *ret, struct lkb_error *err);

/* True for what lkb_kernel_build() wants to see of a package. */
bool lkb_kernel_wants(const struct lkb_pkg_kernel *k, const char *path);
/* Adds /kernel, /kernel.tar and, where there is microcode, /ucode.cpio to the tree. `scratch` is a
 * private and empty directory. */
int lkb_kernel_build(const struct lkb_pkg_kernel *k, const struct lkb_deb_files *debs, size_t n,
		     const char *scratch, struct lkb_tree *t, int64_t mtime,
		     struct lkb_error *err);

#endif
