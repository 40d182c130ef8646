/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_READBACK_H
#define LKB_FLASH_READBACK_H

#include "flash/body.h"

/* A range that does not read as it must. A long zero range gives one for each MiB that is wrong. */
struct lkb_bad {
	struct lkb_written want;
	int error;               /* an errno, or 0: it could be read */
	struct lkb_sha256 found; /* of what was read */
	bool is_blank;           /* that was all zero, or all 0xff */
};

/* Born {0}. */
struct lkb_bad_list {
	struct lkb_bad *items; /* owned, in order of offset */
	size_t n, cap;
	uint64_t bytes;
};
void lkb_bad_list_clear(struct lkb_bad_list *l);

/* Reads ranges (in order of offset) and compares them; what differs is appended to *bad. Call
 * io->ops->forget() before, so that it is the medium that is read. `done` may be NULL. */
void lkb_readback(struct lkb_io *io, const struct lkb_written_list *want, atomic_ullong *done,
		  struct lkb_bad_list *bad);

#endif
