/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_ARENA_H
#define LKB_BASE_ARENA_H

#include <stddef.h>

#include "base/error.h"

/* Memory that is freed all at once: parse results and trees live in one arena each. Born {0}. */
struct lkb_arena {
	struct lkb_arena_chunk *head; /* owned */
	size_t used;                  /* bytes handed out, for bounds */
};

void lkb_arena_clear(struct lkb_arena *a);
void *lkb_arena_alloc(struct lkb_arena *a, size_t size); /* zeroed, aligned for any type */
void *lkb_arena_array(struct lkb_arena *a, size_t n, size_t size); /* zeroed */
char *lkb_arena_strdup(struct lkb_arena *a, const char *s);
char *lkb_arena_strndup(struct lkb_arena *a, const char *s, size_t n);
void *lkb_arena_memdup(struct lkb_arena *a, const void *p, size_t n);
char *lkb_arena_format(struct lkb_arena *a, const char *fmt, ...) LKB_PRINTF(2, 3);
#define lkb_autoarena __attribute__((cleanup(lkb_arena_clear))) struct lkb_arena

#endif
