/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_DEB_PRIV_H
#define LKB_ROOTFS_PKG_DEB_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "rootfs/tree/tree.h"

/* One wanted entry of a .deb's data archive. */
struct lkb_deb_entry {
	const char *path; /* normalised: no leading slash, no "." */
	enum lkb_node_type type; /* DIR, FILE or SYMLINK */
	const char *hardlink;    /* FILE: normalised path of the first name, or NULL */
	const char *target;      /* SYMLINK */
	struct lkb_meta meta;
	struct lkb_data data;    /* FILE; borrowed from the files' blob */
};

/* What was read of one .deb. Born {0}. */
struct lkb_deb_files {
	struct lkb_arena arena; /* owns paths and entries */
	struct lkb_deb_entry *items;
	size_t n;
	struct lkb_blob *blob;  /* all contents, in one unlinked temporary file */
	int64_t newest;         /* greatest mtime of all entries, wanted or not */
};

void lkb_deb_files_clear(struct lkb_deb_files *f);
#define lkb_autodebfiles __attribute__((cleanup(lkb_deb_files_clear))) struct lkb_deb_files

typedef bool lkb_deb_want_fn(void *ctx, const char *path);

/* Reads the data archive of a .deb (deb(5), gzip, xz or zstd) and keeps what `want` says. Contents
 * go to an unlinked file in spool_dir. Bounded: 1,000,000 entries, 8 GiB of contents. LKB_INPUT for
 * anything that is no proper .deb, for a path with "..", for a wanted device. */
int lkb_deb_read(int fd, const char *name, const char *spool_dir, lkb_deb_want_fn *want, void *ctx,
		 struct lkb_deb_files *ret, struct lkb_error *err);

#endif
