/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_CMD_CARD_H
#define LKB_CMD_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "bootloader/slot/slot.h"
#include "image/mbr.h"
#include "rootfs/tree/blob.h"

/* What a card image says about itself: read by `run` and `inspect`, hostile until checked. */
struct lkb_card {
	struct lkb_blob *blob; /* holds a reference */
	struct lkb_mbr mbr;
	uint8_t records[2][LKB_ENV_SIZE];
	uint8_t trailers[2][LKB_ENV_SIZE]; /* of p2 and p3 */
};

enum { LKB_CARD_BOOT = 0, LKB_CARD_SLOT_A = 1, LKB_CARD_SLOT_B = 2 };

/* LKB_INPUT if it has no partition table. */
int lkb_card_read(const char *path, struct lkb_card *ret, struct lkb_error *err);
void lkb_card_clear(struct lkb_card *c);
/* True if the file looks like one; nothing else is checked. */
bool lkb_card_like(const struct lkb_blob *blob);

/* The board that the first valid trailer names; NULL if none does. Points into *c. */
const char *lkb_card_board(const struct lkb_card *c);

/* Copies a file of the boot partition (by mcopy) to a file of the host. */
int lkb_card_extract(const struct lkb_card *c, const char *path, const char *name,
		     const char *target, struct lkb_error *err);

#endif
