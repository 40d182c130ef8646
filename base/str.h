/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_STR_H
#define LKB_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A growing string, always NUL-terminated once something was added. Born {0}. */
struct lkb_str {
	char *s; /* owned; NULL while empty */
	size_t len;
	size_t cap;
};

void lkb_str_clear(struct lkb_str *s);
void lkb_str_add(struct lkb_str *s, const char *text);
void lkb_str_addn(struct lkb_str *s, const void *bytes, size_t n);
void lkb_str_addc(struct lkb_str *s, char c);
void lkb_str_addf(struct lkb_str *s, const char *fmt, ...) LKB_PRINTF(2, 3);
void lkb_str_vaddf(struct lkb_str *s, const char *fmt, va_list ap);
/* The text, "" if empty; borrowed. */
const char *lkb_str_get(const struct lkb_str *s);
/* Hands the text over to the caller, who frees it; *s is empty afterwards. Never NULL. */
char *lkb_str_take(struct lkb_str *s);
#define lkb_autostr __attribute__((cleanup(lkb_str_clear))) struct lkb_str

/* A list of strings, for argv among others: items[n] is NULL once one was added. Born {0}. */
struct lkb_strv {
	char **items; /* owned, each owned */
	size_t n;
	size_t cap;
};

void lkb_strv_clear(struct lkb_strv *v);
void lkb_strv_add(struct lkb_strv *v, const char *text);
void lkb_strv_addf(struct lkb_strv *v, const char *fmt, ...) LKB_PRINTF(2, 3);
bool lkb_strv_has(const struct lkb_strv *v, const char *text);
void lkb_strv_sort(struct lkb_strv *v); /* by bytes */
#define lkb_autostrv __attribute__((cleanup(lkb_strv_clear))) struct lkb_strv

/* Returns a new string; the caller frees it. */
char *lkb_format(const char *fmt, ...) LKB_PRINTF(1, 2);

bool lkb_starts_with(const char *s, const char *prefix);
bool lkb_ends_with(const char *s, const char *suffix);

/* The candidate nearest to `word` by edit distance (insert, delete, change, swap), if near enough
 * to be worth a "did you mean"; else NULL. Borrowed from candidates. */
const char *lkb_did_you_mean(const char *word, const char *const *candidates, size_t n);

#endif
