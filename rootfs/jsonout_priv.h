/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_JSONOUT_PRIV_H
#define LKB_ROOTFS_JSONOUT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Writes JSON in the order of the calls, indented by four, no newline at the end. jansson cannot
 * hold the numbers above 2^63 that an unlimited rlimit is. Born {0}; text is UTF-8 already (it was
 * read by libyaml or jansson). `key` is NULL inside arrays and for the outermost value. */
struct lkb_jsonout {
	struct lkb_str text; /* owned: lkb_str_take() or lkb_str_clear() */
	unsigned depth;
	bool filled;         /* the innermost open value has something in it */
};

void lkb_jsonout_open(struct lkb_jsonout *j, const char *key, char bracket); /* '{' or '[' */
void lkb_jsonout_close(struct lkb_jsonout *j, char bracket);                 /* '}' or ']' */
void lkb_jsonout_string(struct lkb_jsonout *j, const char *key, const char *value);
void lkb_jsonout_strings(struct lkb_jsonout *j, const char *key, const char *const *values,
			 size_t n);
void lkb_jsonout_int(struct lkb_jsonout *j, const char *key, int64_t value);
void lkb_jsonout_uint(struct lkb_jsonout *j, const char *key, uint64_t value);
void lkb_jsonout_bool(struct lkb_jsonout *j, const char *key, bool value);

#endif
