/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_ALLOC_H
#define LKB_BASE_ALLOC_H

#include <stddef.h>

/* Allocation that cannot fail: every size is bounded before it gets here, so running out of memory
 * is a state no caller can mend; the process says so on stderr and ends with exit code 70 (its
 * .tmp files are named so that the next run removes them). Sizes multiply with overflow check. */
void *lkb_alloc(size_t size);              /* zeroed */
void *lkb_alloc_array(size_t n, size_t size); /* zeroed */
void *lkb_realloc_array(void *p, size_t n, size_t size);
/* At a multiple of `align`, a power of two, and not zeroed. */
void *lkb_alloc_aligned(size_t align, size_t size);
char *lkb_strdup(const char *s);
char *lkb_strndup(const char *s, size_t n);
void *lkb_memdup(const void *p, size_t n);

/* Makes room for one more element: LKB_GROW(items, n, cap). Doubles; new room is not zeroed. */
#define LKB_GROW(items, n, cap) \
	do { \
		if ((n) >= (cap)) { \
			(cap) = (cap) ? 2 * (cap) : 8; \
			(items) = lkb_realloc_array((items), (cap), sizeof(*(items))); \
		} \
	} while (0)

#endif
