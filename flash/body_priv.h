/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_BODY_PRIV_H
#define LKB_FLASH_BODY_PRIV_H

#include "flash/body.h"
#include "flash/hub.h"

/* Comparing pays as long as at least half of what was compared was the same. */
#define LKB_BODY_SCORE_START 4
#define LKB_BODY_SCORE_MAX 8
/* When it does not, one transfer in so many is compared all the same: further on it may. */
#define LKB_BODY_PROBE 32u

/* Starts to write up to LKB_IO_MAX bytes, of which only those that differ where comparing pays.
 * With `batch` they are in it, and a reference is taken; with is_own the buffer is freed when done,
 * also if this fails. */
int lkb_body_data(struct lkb_body *b, uint64_t off, size_t len, uint8_t *bytes,
		  struct lkb_batch *batch, bool is_own, struct lkb_error *err);
/* Starts to make a range zero. */
int lkb_body_zero(struct lkb_body *b, uint64_t off, uint64_t len, struct lkb_error *err);

#endif
