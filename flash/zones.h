/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_ZONES_H
#define LKB_FLASH_ZONES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "flash/io.h"

/*
 * The first and the last MiB of a device, where partition tables, their second copies and the marks
 * of file systems, RAIDs and volume managers stand. They are written last; until then they hold a
 * stamp: blocks of text that are no sign of anything and differ from each other. That the stamps
 * still stand when all else was written also says that no other address leads there, as it does on
 * a card that has less than it says: so writing the zones cannot harm what was verified.
 */
#define LKB_ZONE_SIZE ((size_t)1 << 20)

struct lkb_zone {
	uint64_t off;
	size_t len;
	uint8_t *bytes; /* owned: what is to stand there; zero where the image says nothing */
};

enum { LKB_ZONE_HEAD, LKB_ZONE_TAIL, LKB_N_ZONES };

/* Born {0}. */
struct lkb_zones {
	struct lkb_zone zone[LKB_N_ZONES]; /* the second may be empty */
	bool is_stamped;                   /* what stood there is gone */
};

/* For a device of that many bytes. */
void lkb_zones_init(struct lkb_zones *z, uint64_t size);
void lkb_zones_clear(struct lkb_zones *z);
/* The zone that holds a byte, or NULL. */
struct lkb_zone *lkb_zone_at(struct lkb_zones *z, uint64_t off);

/* All of these return 0 or an errno, and *ret_off is where it happened. */
/* Puts the stamps there and flushes. */
int lkb_zones_stamp(struct lkb_zones *z, struct lkb_io *io, uint64_t *ret_off);
/* *ret_stand: the stamps are all there, as read from the medium. */
int lkb_zones_check_stamp(const struct lkb_zones *z, struct lkb_io *io, bool *ret_stand,
			  uint64_t *ret_off);
/* Writes what is to stand there: the tail, then the head but its first block, flushes, reads them
 * back, and then the first block, which makes it all valid. *ret_right: everything reads as it was
 * written; if not, the stamp is put back as far as the device lets us, *ret_off is the first
 * difference. */
int lkb_zones_finish(struct lkb_zones *z, struct lkb_io *io, bool *ret_right, uint64_t *ret_off);

#endif
