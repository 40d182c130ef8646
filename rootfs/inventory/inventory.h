/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_INVENTORY_INVENTORY_H
#define LKB_ROOTFS_INVENTORY_INVENTORY_H

#include "base/arena.h"
#include "base/str.h"
#include "rootfs/tree/tree.h"

/*
 * Which packages an image says it holds: the databases of dpkg and apk in its tree, and the
 * packages that an attestation lists. All of it is somebody's text. What is no package is left out
 * and counted, and fails nothing: an image with a damaged database is an image all the same.
 */

enum lkb_package_kind {
	LKB_PACKAGE_DEB,
	LKB_PACKAGE_APK,
	LKB_PACKAGE_OTHER, /* of an attestation: its purl says what it is */
};
#define LKB_PACKAGE_KINDS 3

/* Strings are in the inventory's arena, printable ASCII; "" = not known. */
struct lkb_package {
	enum lkb_package_kind kind;
	const char *name, *version;
	const char *arch;    /* as the distribution calls it: "arm64", "aarch64", "all" */
	const char *source;  /* what it was built from, where that has another name */
	const char *licence; /* as it is written there, which need not be SPDX's words */
	const char *purl;    /* of LKB_PACKAGE_OTHER; else "" */
};

/* Born {0}. */
struct lkb_inventory {
	struct lkb_arena arena;
	struct lkb_package *items; /* owned */
	size_t n, cap;
	size_t n_of[LKB_PACKAGE_KINDS]; /* that were added */
	size_t skipped;            /* records that are no packages, or too many */
	const char *distro;        /* ID of etc/os-release; NULL = not known */
	const char *release;       /* its VERSION_ID; NULL = not known */
};
void lkb_inventory_clear(struct lkb_inventory *v);
#define lkb_autoinventory __attribute__((cleanup(lkb_inventory_clear))) struct lkb_inventory

#define LKB_INVENTORY_MAX 100000u            /* packages */
#define LKB_INVENTORY_TEXT ((size_t)64 << 20) /* bytes of one database; larger ones are left out */

/* Reads what the tree of an image has: etc/os-release, var/lib/dpkg/status, each file of
 * var/lib/dpkg/status.d (as distroless images have), lib/apk/db/installed or the same below usr/.
 * Sorted; what is there twice is there once. Fails by LKB_IO alone. */
int lkb_inventory_scan(struct lkb_tree *t, struct lkb_inventory *ret, struct lkb_error *err);

/* The parts of it, which add to *v. Text need not end in NUL. */
void lkb_inventory_dpkg(const char *text, size_t len, struct lkb_inventory *v);
void lkb_inventory_apk(const char *text, size_t len, struct lkb_inventory *v);
void lkb_inventory_os_release(const char *text, size_t len, struct lkb_inventory *v);
/* "libc6=2.36-9 runc=1.1.5": what the label of an image that lkboard made says. */
void lkb_inventory_debs(const char *list, struct lkb_inventory *v);
/* An in-toto statement (JSON) whose predicate is an SPDX document: its packages that have a purl,
 * but none of dpkg or apk where their own database was read. */
void lkb_inventory_attestation(const char *text, size_t len, struct lkb_inventory *v);
/* By kind, name, version, architecture; each package once. */
void lkb_inventory_sort(struct lkb_inventory *v);

/* An inventory as text, to be kept, and back; false if the text is none that was written here. */
void lkb_inventory_format(const struct lkb_inventory *v, struct lkb_str *ret);
bool lkb_inventory_parse(const char *text, size_t len, struct lkb_inventory *ret);

/* Appends the package URL (github.com/package-url/purl-spec):
 * "pkg:deb/debian/libc6@2.36-9?arch=arm64&distro=debian-12&upstream=glibc". */
void lkb_inventory_purl(const struct lkb_inventory *v, const struct lkb_package *p,
			struct lkb_str *ret);
/* Appends text with all but letters, digits and ".-_~" as %XX, and what `keep` has. */
void lkb_purl_escape(const char *text, const char *keep, struct lkb_str *ret);

/* True if a licence is an expression of identifiers of the SPDX licence list, as far as they are
 * known here: the ones that distributions use much. Only such a text may stand in an SPDX document
 * as a licence. */
bool lkb_licence_is_spdx(const char *text);

#endif
