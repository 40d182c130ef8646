/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_BASE64_H
#define LKB_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Base64 of RFC 4648 section 4, strictly: padded, no blanks or line ends, no bits that are dropped;
 * so that a value has one text. Appends what it stands for; false, with nothing appended, if it is
 * none. */
bool lkb_base64_decode(const char *text, size_t len, struct lkb_str *ret);

#endif
