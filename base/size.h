/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_SIZE_H
#define LKB_BASE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#define LKB_KIB ((uint64_t)1 << 10)
#define LKB_MIB ((uint64_t)1 << 20)
#define LKB_GIB ((uint64_t)1 << 30)

/* Rounds up to a power of two `align`. The caller has bounded v below 2^63. */
static inline uint64_t lkb_align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

static inline uint64_t lkb_div_up(uint64_t v, uint64_t by)
{
	return v / by + (v % by != 0);
}

/* "64", "64K", "64KiB", "64 MiB", "2G" (powers of 1024). False if it is no size or above 2^62. */
bool lkb_size_parse(const char *text, uint64_t *ret);

/* "64.0 MiB" and the like, for people. Returns buf. */
struct lkb_size_text {
	char s[32];
};
struct lkb_size_text lkb_size_text(uint64_t bytes);

/* Decimal without sign, nothing else around it, no overflow. */
bool lkb_u64_parse(const char *text, uint64_t *ret);

#endif
