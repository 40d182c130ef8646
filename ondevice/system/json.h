/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_JSON_H
#define LKB_ONDEVICE_SYSTEM_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* A small JSON reader (RFC 8259) for the files the build writes; depth and number of values are
 * bounded. Numbers stay text: nobody here counts. */
enum lkb_json_type {
	LKB_JSON_NULL,
	LKB_JSON_BOOL,
	LKB_JSON_NUMBER,
	LKB_JSON_STRING,
	LKB_JSON_ARRAY,
	LKB_JSON_OBJECT,
};

struct lkb_json {
	enum lkb_json_type type;
	bool truth;                    /* of a bool */
	const char *key;               /* in an object, else NULL */
	const char *text;              /* of a string or number */
	const struct lkb_json *first;  /* of an array or object */
	const struct lkb_json *next;   /* behind this one in its array or object */
};

/* *ret lives in the arena. A string with a NUL in it is refused. */
int lkb_json_parse(const char *text, size_t len, struct lkb_arena *arena,
		   const struct lkb_json **ret, struct lkb_error *err);

/* The member of an object, NULL if `v` is none or has none. Of two with one key the last. */
const struct lkb_json *lkb_json_get(const struct lkb_json *v, const char *key);
/* A member that is a string; "" if there is none. */
const char *lkb_json_string(const struct lkb_json *v, const char *key);
/* First element of a member that is an array; NULL if there is none. */
const struct lkb_json *lkb_json_items(const struct lkb_json *v, const char *key);

#endif
