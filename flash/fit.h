/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_FIT_H
#define LKB_FLASH_FIT_H

#include "flash/zones.h"
#include "image/map.h"

/*
 * Partition tables that an image brings, fitted to the device they get onto, which may be larger:
 * the second copy of a GPT stands at the end of the disk, its first one says where that is; and the
 * last partition of an image whose map calls it "data" ends at the device's end. Works on the
 * zones' bytes in memory.
 */

/* What the sectors of an image's partition table have: 512 or 4096; 0 = the first bytes of the
 * image hold no table. */
unsigned lkb_table_sector(const uint8_t *p, size_t n);

/* `size` is the device's, image_end the image's; map may be NULL. A table that is not understood is
 * left as it is. LKB_INPUT for a GPT whose checksums are wrong: its second copy cannot be moved. */
int lkb_fit_tables(struct lkb_zones *z, uint64_t image_end, uint64_t size,
		   const struct lkb_map *map, struct lkb_error *err);

#endif
