/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_PLATFORM_H
#define LKB_ROOTFS_OCI_PLATFORM_H

#include <stdbool.h>

/* The processor side of an OCI platform (the system is always linux); variant "" = none. */
struct lkb_platform {
	char arch[16]; /* "arm64", "amd64" */
	char variant[16];
};

struct lkb_platform_text {
	char s[40];
};

/* Fills *ret from the words of a document, a user or a kernel, in normal form: x86_64 is amd64,
 * aarch64 is arm64, arm64/v8 is arm64, armhf is arm/v7, capitals are small letters. False if a word
 * is too long or not of [A-Za-z0-9._-]. variant may be NULL. */
bool lkb_platform_set(struct lkb_platform *ret, const char *arch, const char *variant);

/* How well an image made for `have` runs on `want`: 0 = made for it, higher = for an older variant
 * of the same architecture, -1 = not at all. Both in normal form. The rules are containerd's: amd64
 * v1 to vN, arm v5 to v8, arm64 v8.k and v9.k, and what else has a number in its variant (power9,
 * rva22u64) by that. Unlike containerd, lkboard takes no 32-bit image for a 64-bit board: a kernel
 * must fit exactly. */
int lkb_platform_rank(const struct lkb_platform *want, const struct lkb_platform *have);

/* Sorts by architecture, then variant. */
int lkb_platform_compare(const struct lkb_platform *a, const struct lkb_platform *b);

/* "linux/arm64", "linux/arm/v7" */
struct lkb_platform_text lkb_platform_text(const struct lkb_platform *p);

#endif
