/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_JSONOUT_H
#define LKB_BASE_JSONOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Writes JSON in the order of the calls, indented by four, no newline at the end: for documents
 * that are too large to be held as values, and for numbers above 2^63, which jansson cannot hold.
 * Whoever writes much takes the text out of it from time to time (text.len = 0). Born {0}; text is
 * UTF-8 already. `key` is NULL inside arrays and for the outermost value. */
struct lkb_jsonout {
	struct lkb_str text; /* owned: lkb_str_take() or lkb_str_clear() */
	unsigned depth;
	unsigned flat; /* what stands inside of so many brackets is not broken into lines; 0 = all
			* is */
	bool filled;   /* the innermost open value has something in it */
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
