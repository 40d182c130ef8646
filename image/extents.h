/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_EXTENTS_H
#define LKB_IMAGE_EXTENTS_H

#include <stddef.h>
#include <stdint.h>

#include "rootfs/tree/tree.h"

/* Where the contents of files came to stand in a disk image. Files without contents have none. */
struct lkb_extent {
	const struct lkb_inode *file; /* borrowed */
	uint64_t off, len;            /* bytes of the image; they follow each other in the file */
	size_t number;                /* of its addition */
};

struct lkb_extents {
	struct lkb_extent *items; /* owned */
	size_t n, cap;
};

/* The next len bytes of a file stand at off. What follows the file's extent before is one with it.
 * The extents of a file come one after the other, and no others between them. */
void lkb_extents_add(struct lkb_extents *e, const struct lkb_inode *file, uint64_t off,
		     uint64_t len);
/* Once before lkb_extents_find(). */
void lkb_extents_sort(struct lkb_extents *e);
/* The extents of a file, in its order; *ret_n is 0 if it has none. */
const struct lkb_extent *lkb_extents_find(const struct lkb_extents *e,
					  const struct lkb_inode *file, size_t *ret_n);
void lkb_extents_clear(struct lkb_extents *e);

#endif
