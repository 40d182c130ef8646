/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_DTB_DTB_PRIV_H
#define LKB_DTB_DTB_PRIV_H

#include <stdbool.h>

#include "dtb/dtb.h"

/* A property's value as one string that is closed and not empty, or NULL. */
const char *lkb_dtb_string(const void *fdt, int node, const char *key);

/* Refuses what libfdt 1.6.1 takes on trust when it applies an overlay, and says in plain words what
 * the user can mend. Both trees have passed lkb_dtb_check() and are aligned. */
int lkb_dtb_check_overlay(const void *base, const char *base_name, const void *overlay,
			  const char *overlay_name, struct lkb_error *err);

/* The part of it that is about time: what the overlay holds, times the size of what libfdt walks
 * for each of it. */
int lkb_dtb_check_work(const void *base, const void *overlay, const char *overlay_name,
		       struct lkb_error *err);

/* The part of it that is about __local_fixups__ and __fixups__: every place they say is four bytes
 * inside a property that may be changed. */
int lkb_dtb_check_fixups(const void *overlay, const char *overlay_name, struct lkb_error *err);

#endif
