/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_MBR_H
#define LKB_IMAGE_MBR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The master boot record as bytes: no boot code, a disk signature (PARTUUIDs start with it) and up
 * to four primary partitions. */
#define LKB_MBR_SIZE 512
#define LKB_MBR_SECTOR 512u
#define LKB_MBR_ENTRIES 4
/* What stands before the disk signature. */
#define LKB_MBR_CODE_SIZE 440

struct lkb_mbr_entry {
	uint8_t type; /* 0 = entry not used */
	bool bootable;
	uint32_t start_sectors, size_sectors;
};

struct lkb_mbr {
	uint32_t signature;
	struct lkb_mbr_entry entries[LKB_MBR_ENTRIES];
};

void lkb_mbr_build(const struct lkb_mbr *mbr, uint8_t out[LKB_MBR_SIZE]);

/* False if the bytes are no MBR: signature 55 aa missing, or a boot flag that is neither 0 nor
 * 0x80. Says nothing about whether the entries make sense. */
bool lkb_mbr_parse(const uint8_t in[LKB_MBR_SIZE], struct lkb_mbr *ret);

#endif
