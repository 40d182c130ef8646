/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_UTF8_H
#define LKB_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* The length of the UTF-8 character (Unicode 15, table 3-7) that p starts with; 0 if it is none:
 * overlong, a surrogate, above U+10FFFF, or cut off by n. */
size_t lkb_utf8_len(const void *p, size_t n);

/* Appends what somebody else wrote so that a terminal and a JSON document take it: characters as
 * they are, and "\xNN" for bytes that are no UTF-8 and for control characters (C0, DEL, C1, those
 * that turn a line around or end it), which could steer a terminal or deceive its reader. A
 * backslash stays as it is. With `lines`, tab and newline stay too. */
void lkb_utf8_show(struct lkb_str *out, const void *p, size_t n, bool lines);

#endif
