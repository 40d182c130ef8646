/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_LOCK_PRIV_H
#define LKB_ROOTFS_PKG_LOCK_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/ext/hash.h"

/* One Debian package in one version. */
struct lkb_deb {
	char *name, *version; /* owned by the list */
	struct lkb_sha256 sha256;
	uint64_t size;
	bool known; /* sha256 and size are set */
};

struct lkb_debs {
	struct lkb_deb *items; /* owned */
	size_t n, cap;
};

void lkb_debs_clear(struct lkb_debs *d);
/* Appends a copy. */
struct lkb_deb *lkb_debs_add(struct lkb_debs *d, const struct lkb_deb *deb);
struct lkb_deb *lkb_debs_find(const struct lkb_debs *d, const char *name);
void lkb_debs_sort(struct lkb_debs *d);
#define lkb_autodebs __attribute__((cleanup(lkb_debs_clear))) struct lkb_debs

/*
 * The lock: which version of which Debian package goes into which image. A text file, sorted, one
 * line a package of an image:
 *
 *	image arch suite package version sha256 size
 *
 * A package has one version for all images of an architecture and suite: images are laid over
 * each other, and two versions of a C library in one root would not get along.
 */
struct lkb_lock_entry {
	char *image, *arch, *suite; /* owned */
	struct lkb_deb deb;         /* strings owned */
};

struct lkb_pkg_lock {
	struct lkb_lock_entry *items; /* owned */
	size_t n, cap;
};

void lkb_pkg_lock_clear(struct lkb_pkg_lock *l);
#define lkb_autopkglock __attribute__((cleanup(lkb_pkg_lock_clear))) struct lkb_pkg_lock

int lkb_pkg_lock_parse(const char *text, const char *file, struct lkb_pkg_lock *ret,
		       struct lkb_error *err);
/* A file that does not exist is an empty lock. */
int lkb_pkg_lock_load(const char *path, struct lkb_pkg_lock *ret, struct lkb_error *err);
/* The whole text, sorted; the caller frees it. */
char *lkb_pkg_lock_text(struct lkb_pkg_lock *l);
int lkb_pkg_lock_save(struct lkb_pkg_lock *l, const char *path, struct lkb_error *err);

/* What the lock says of one image; *ret stays empty if it says nothing. */
void lkb_pkg_lock_get(const struct lkb_pkg_lock *l, const char *image, const char *arch,
		      const char *suite, struct lkb_debs *ret);
/* Every package of an architecture and suite, each once. */
void lkb_pkg_lock_all(const struct lkb_pkg_lock *l, const char *arch, const char *suite,
		      struct lkb_debs *ret);
/* Replaces what is said of an image; other images get the same versions of shared packages. */
void lkb_pkg_lock_set(struct lkb_pkg_lock *l, const char *image, const char *arch,
		      const char *suite, const struct lkb_debs *debs);

#endif
