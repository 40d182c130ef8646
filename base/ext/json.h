/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_JSON_H
#define LKB_BASE_EXT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/*
 * A thin layer over jansson: bounded parsing, reading with messages that name the document and the
 * key, and writing that gives the same bytes for the same value.
 */

/* Bounds on a document somebody else wrote: its text, and the values in it (a value of three bytes
 * of text takes hundreds of bytes of memory). */
#define LKB_JSON_MAX ((size_t)4 << 20)
#define LKB_JSON_MAX_VALUES 250000

/* Parses one document; `name` is what messages call it. LKB_INPUT with a line for text that is no
 * JSON, has a key twice in one object, is not UTF-8, or is beyond the bounds. */
int lkb_json_parse(const char *text, size_t len, const char *name, json_t **ret,
		   struct lkb_error *err);

static inline void lkb_cleanup_json(json_t **v)
{
	json_decref(*v);
}
#define lkb_autojson __attribute__((cleanup(lkb_cleanup_json))) json_t *

/*
 * Reading. A cursor is a value and the way that led to it, so that a message can say
 * "index.json: 'manifests[3].size' is no number". Cursors live on the stack; the one a child was
 * made from must outlive it. All borrow from the document.
 *
 * null counts as absent. A missing key is an error with LKB_JSON_REQUIRED; else the result is
 * neutral: a NULL string, 0, a cursor whose value is NULL.
 */
struct lkb_json_at {
	const json_t *value; /* NULL = absent */
	const char *doc;     /* the root's: name of the document */
	const struct lkb_json_at *up; /* NULL at the root */
	const char *key;     /* in the object `up`; NULL if `up` is an array */
	size_t index;        /* in the array `up` */
};

enum lkb_json_need { LKB_JSON_OPTIONAL, LKB_JSON_REQUIRED };

/* Fails unless the document is an object. */
int lkb_json_root(const json_t *v, const char *doc, struct lkb_json_at *ret, struct lkb_error *err);

int lkb_json_string(const struct lkb_json_at *obj, const char *key, enum lkb_json_need need,
		    const char **ret, struct lkb_error *err);
/* 0..max; max must be below 2^63. */
int lkb_json_u64(const struct lkb_json_at *obj, const char *key, enum lkb_json_need need,
		 uint64_t max, uint64_t *ret, struct lkb_error *err);
int lkb_json_object(const struct lkb_json_at *obj, const char *key, enum lkb_json_need need,
		    struct lkb_json_at *ret, struct lkb_error *err);
/* More than max_n items are an error. */
int lkb_json_array(const struct lkb_json_at *obj, const char *key, enum lkb_json_need need,
		   size_t max_n, struct lkb_json_at *ret, struct lkb_error *err);
/* An array of strings, appended to *list; *ret_has (may be NULL) says if the key was there. */
int lkb_json_strings(const struct lkb_json_at *obj, const char *key, size_t max_n,
		     struct lkb_strv *list, bool *ret_has, struct lkb_error *err);

size_t lkb_json_count(const struct lkb_json_at *array); /* 0 if absent */
/* The i-th item, which must be an object. */
int lkb_json_item(const struct lkb_json_at *array, size_t i, struct lkb_json_at *ret,
		  struct lkb_error *err);
/* True if the key is there and not null. */
bool lkb_json_has(const struct lkb_json_at *obj, const char *key);

/* LKB_INPUT "DOC: 'PATH.KEY' WHAT"; key NULL = the value itself. Returns -1. */
int lkb_json_fail(const struct lkb_json_at *at, const char *key, struct lkb_error *err,
		  const char *what, ...) LKB_PRINTF(4, 5);

/*
 * Writing. Values are put together with jansson's own functions; these two fail where text is not
 * UTF-8 (LKB_INPUT), which JSON cannot hold.
 */
int lkb_json_set_string(json_t *obj, const char *key, const char *text, struct lkb_error *err);
int lkb_json_set_strings(json_t *obj, const char *key, const struct lkb_strv *list,
			 struct lkb_error *err);
/* Text that may be none, as a file's name: if it is not UTF-8, bytes from 0x80 on become %XX. */
json_t *lkb_json_name(const char *name);
/* Puts a value whose reference is taken over into an object or at the end of an array. */
void lkb_json_set(json_t *obj, const char *key, json_t *value);
void lkb_json_append(json_t *array, json_t *value);

/* The document's text with sorted keys: compact, or indented by two with a newline at the end for
 * people to read. The caller frees it. */
char *lkb_json_text(const json_t *v);
char *lkb_json_text_indented(const json_t *v);

#endif
