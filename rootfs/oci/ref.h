/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_REF_H
#define LKB_ROOTFS_OCI_REF_H

#include <stdbool.h>

#include "base/error.h"

/* An image reference by the rules of distribution/reference: "nginx" is docker.io/library/nginx,
 * "localhost/init:1" has the domain localhost. Born {0}; strings owned. */
struct lkb_ref {
	char *domain; /* "docker.io", "localhost:5000" */
	char *path;   /* "library/nginx" */
	char *tag;    /* "latest" if neither tag nor digest was given; NULL with a digest alone */
	char *digest; /* "sha256:..." (or "sha512:...", which parses but can be verified nowhere) or
		       * NULL */
};

/* LKB_INPUT, with the part that is wrong. */
int lkb_ref_parse(const char *text, struct lkb_ref *ret, struct lkb_error *err);
void lkb_ref_clear(struct lkb_ref *r);
#define lkb_autoref __attribute__((cleanup(lkb_ref_clear))) struct lkb_ref

/* "docker.io/library/nginx:latest", with "@digest" if there is one; the caller frees it. This is
 * the name an image has in the store. */
char *lkb_ref_text(const struct lkb_ref *r);

/* True if the text is a reference that names more than one word: layouts call an image "v1" where
 * they mean a tag, and nobody means docker.io/library/v1 by it. */
bool lkb_ref_is_full(const char *text);

#endif
