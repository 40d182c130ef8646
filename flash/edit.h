/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_EDIT_H
#define LKB_FLASH_EDIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * A change to an image's bytes on the way to one target: what is written, read back and compared is
 * the changed image. Offsets and lengths are multiples of 4096, so an edit is about whole blocks of
 * the map; edits of one target do not overlap.
 */
struct lkb_edit {
	uint64_t off, len; /* bytes in the image */
	/* Changes the n bytes at p, which stand `at` bytes behind off and are the image's own. The
	 * range may come in several pieces (whole blocks), in any order, and a piece more than
	 * once. LKB_INPUT if what stands there cannot be changed as it was asked. */
	int (*apply)(void *ctx, uint64_t at, uint8_t *p, size_t n, struct lkb_error *err);
	void *ctx; /* borrowed */
};

#endif
