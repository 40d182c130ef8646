/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_DEB_PRIV_H
#define LKB_ROOTFS_PKG_DEB_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
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

/* True if a definition's glob, with or without a slash in front, matches an entry's path. */
bool lkb_deb_glob(const char *glob, const char *path);

/* The entry whose contents a file has: its own, or the first name's of a hard link. LKB_INPUT if
 * that was not kept. */
int lkb_deb_first(const struct lkb_deb_files *f, const struct lkb_deb_entry *e,
		  const struct lkb_deb_entry **ret, struct lkb_error *err);

/* Files of packages that become one. */
struct lkb_deb_joining {
	const struct lkb_deb_files *debs;
	size_t n;
	const char *glob; /* which files */
	uint64_t max;     /* bytes */
	bool lines;       /* each is closed with a newline */
	bool once;        /* of files with the same contents only the first is taken */
};

/* Adds them to *out in the order of their paths; LKB_INPUT where there are none, or more than
 * `max` bytes. What *out holds after a failure is undefined. */
int lkb_deb_join(const struct lkb_deb_joining *j, struct lkb_str *out, struct lkb_error *err);

#endif
