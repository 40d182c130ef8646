/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_DTB_DTB_H
#define LKB_DTB_DTB_H

#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/* Device trees (libfdt). Every tree is hostile until lkb_dtb_check() has passed: at most 4 MiB,
 * header and structure whole (fdt_check_full), depth at most 64, a property's name at most 255
 * bytes. Bytes behind the tree's own size are allowed and mean nothing. The buffers need no
 * alignment. */
#define LKB_DTB_MAX ((size_t)4 << 20)

int lkb_dtb_check(const void *dtb, size_t n, const char *name, struct lkb_error *err);

/* Applies an overlay to a copy of the base; neither input is changed; all is checked first, so
 * nothing is half applied. Fragments with target-path work on any base; a label (target,
 * __fixups__) on a base without __symbols__ is refused with a hint. Symbols of the overlay join the
 * base's, where it has any. libfdt walks both trees anew for each thing that the overlay holds; an
 * overlay that would take it more than a few seconds is refused. The caller frees *ret. */
int lkb_dtb_overlay(const void *base, size_t base_n, const char *base_name, const void *overlay,
		    size_t overlay_n, const char *overlay_name, void **ret, size_t *ret_n,
		    struct lkb_error *err);

/* The tree as source text, properties as strings, cells or bytes; for `inspect`. A tree whose names
 * are lawful reads back through dtc as the same tree; other characters are shown as \xNN. */
int lkb_dtb_print(const void *dtb, size_t n, const char *name, struct lkb_str *ret,
		  struct lkb_error *err);

#endif
