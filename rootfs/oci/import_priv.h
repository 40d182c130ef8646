/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_IMPORT_PRIV_H
#define LKB_ROOTFS_OCI_IMPORT_PRIV_H

#include "rootfs/oci/store_priv.h"

/* An image that is to come in, under one of its names. Its strings are the arena's that the index
 * was read into, unless it is said otherwise. */
struct lkb_chosen {
	char *ref; /* owned; the name it gets */
	struct lkb_oci_desc desc;
	char *platforms; /* owned; NULL until they are known */
};

/* Born {0}. */
struct lkb_chosen_list {
	struct lkb_chosen *items; /* owned */
	size_t n, cap;
};

/* Which images of the index are meant, and by which names. LKB_INPUT with what there is to choose
 * from; LKB_TRUST if a name says a digest that is another one. */
int lkb_choose(const struct lkb_layout *l, const struct lkb_oci_index *index,
	       const struct lkb_import *in, struct lkb_chosen_list *ret, struct lkb_error *err);
/* Refuses a name that stands for two images of one platform. */
int lkb_chosen_check(const struct lkb_chosen_list *list, const char *path, struct lkb_error *err);
void lkb_chosen_clear(struct lkb_chosen_list *list);
#define lkb_autochosen __attribute__((cleanup(lkb_chosen_clear))) struct lkb_chosen_list

#endif
