/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_LOCK_LOCK_H
#define LKB_ROOTFS_LOCK_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/ext/hash.h"
#include "base/str.h"
#include "rootfs/oci/platform.h"

/*
 * The lock: which image a reference stands for, and which Debian packages an image is made from.
 * lkboard-lock(5) is the format: a text file, sorted, one line a thing:
 *
 *	# lkboard lock 1
 *	image REFERENCE PLATFORM INDEX MANIFEST PACKAGE
 *	deb PACKAGE ARCH SUITE NAME VERSION SHA256 SIZE
 *
 * PACKAGE is a package definition (configs/packages/PACKAGE.yml). A Debian package has one version
 * for all definitions of an architecture and suite: images are laid over each other, and two
 * versions of a C library in one root would not get along.
 *
 * STORE/pkg/packages.lock, which holds nothing but deb lines, has them without the first word:
 * older versions of lkboard read it too.
 */

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

/* Same version, size and digest. */
bool lkb_deb_equal(const struct lkb_deb *a, const struct lkb_deb *b);

struct lkb_lock_image {
	char *ref;                    /* owned; canonical, as a spec means it */
	struct lkb_platform platform; /* that was asked for */
	bool has_index;               /* the reference stands for an index */
	struct lkb_sha256 index;      /* digest of it, if so */
	struct lkb_sha256 manifest;   /* digest of the image itself */
	char *package;                /* owned; the definition that makes it, or NULL */
	unsigned line;                /* in the file it was read from; 0 = none */
};

struct lkb_lock_deb {
	char *package, *arch, *suite; /* owned */
	struct lkb_deb deb;           /* strings owned */
	unsigned line;
};

struct lkb_lock {
	struct lkb_lock_image *images; /* owned */
	size_t n_images, cap_images;
	struct lkb_lock_deb *debs; /* owned */
	size_t n_debs, cap_debs;
};

void lkb_lock_clear(struct lkb_lock *l);
#define lkb_autolock __attribute__((cleanup(lkb_lock_clear))) struct lkb_lock

/* Reads a text; an empty one is an empty lock. Every fault goes to diags, with line and column; -1
 * with the first of them (LKB_INPUT). Time and memory are bounded by the text's length. */
int lkb_lock_parse(const char *text, size_t len, const char *file, struct lkb_lock *ret,
		   struct lkb_diags *diags, struct lkb_error *err);
/* At most 4 MiB. A file that does not exist is an empty lock. */
int lkb_lock_load(const char *path, struct lkb_lock *ret, struct lkb_diags *diags,
		  struct lkb_error *err);
/* True if a text begins as a lock does. */
bool lkb_lock_is_text(const char *text);

/* The whole text, sorted; the caller frees it. */
char *lkb_lock_text(struct lkb_lock *l);
int lkb_lock_save(struct lkb_lock *l, const char *path, struct lkb_error *err);
/* Adds a line for everything that is different, for people:
 *
 *	+ image docker.io/library/redis:7 linux/arm64 sha256:0123456789ab
 *	~ runc 1.1.5-1 -> 1.1.6-1 (bookworm arm64)
 */
void lkb_lock_diff(struct lkb_lock *before, struct lkb_lock *after, struct lkb_str *out);

/* What the lock says of a canonical reference; NULL if nothing. Borrowed. */
const struct lkb_lock_image *lkb_lock_find(const struct lkb_lock *l, const char *ref,
					   const struct lkb_platform *platform);
/* Adds a copy, in place of what the lock says of that reference and platform. */
void lkb_lock_pin(struct lkb_lock *l, const struct lkb_lock_image *im);
/* "docker.io/library/redis@sha256:HEX": what a pinned image is asked for by, its index or its
 * manifest. The caller frees it. */
char *lkb_lock_image_ref(const struct lkb_lock_image *im, bool index);
/* "docker.io/library/redis:7@sha256:HEX": the same with the name it goes by. The caller frees
 * it. */
char *lkb_lock_image_name(const struct lkb_lock_image *im, bool index);

/* The Debian packages of one definition; *ret stays empty if the lock says nothing. */
void lkb_lock_get(const struct lkb_lock *l, const char *package, const char *arch,
		  const char *suite, struct lkb_debs *ret);
/* Every Debian package of an architecture and suite, each once. */
void lkb_lock_all(const struct lkb_lock *l, const char *arch, const char *suite,
		  struct lkb_debs *ret);
/* Replaces what is said of a definition; others get the same versions of what they share. An image
 * that was made from other packages than the lock has now is no longer pinned. */
void lkb_lock_set(struct lkb_lock *l, const char *package, const char *arch, const char *suite,
		  const struct lkb_debs *debs);

/* By reference and platform; by definition, architecture, suite and name. */
void lkb_lock_sort(struct lkb_lock *l);

#endif
