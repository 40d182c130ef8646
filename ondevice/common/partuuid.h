/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_COMMON_PARTUUID_H
#define LKB_ONDEVICE_COMMON_PARTUUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* A partition as U-Boot's `part uuid` and the kernel name it. In an MBR, by the disk's signature
 * and its number: 8 hex digits, a dash, 2 hex digits. In a GPT, by the GUID of its entry. */
struct lkb_partuuid {
	uint32_t signature;
	unsigned partition; /* in a GPT 0 = the one with the GUID, else another one of its disk */
	bool gpt;
	uint8_t guid[16];   /* as it is printed */
};

/* Reads "PARTUUID=1b2c3d4e-02", "PARTUUID=3a0c7d9e-0000-4000-8000-1b2c3d4e0002". */
bool lkb_partuuid_parse(const char *text, struct lkb_partuuid *ret);
/* In words, for messages: "partition 2 of the disk with signature 1b2c3d4e". The caller frees
 * it. */
char *lkb_partuuid_words(const struct lkb_partuuid *id);

/* Device names without directory: "mmcblk0", "mmcblk0p2". */
struct lkb_partition {
	char disk[64];
	char name[64];
};

/* Looks through the disks that the kernel knows now; `sysfs` and `dev` are "/sys" and "/dev" (a
 * test has others). False if the partition is not there (yet). Of two disks with one signature the
 * first by name is taken; an SD card (mmcblk0) comes before a USB disk (sda). *seen, if not NULL,
 * says in words what was there instead; it is emptied first. */
bool lkb_partuuid_find(const char *sysfs, const char *dev, const struct lkb_partuuid *id,
		       struct lkb_partition *ret, struct lkb_str *seen);

/* Names of a directory, sorted; none of one that cannot be read. */
void lkb_list_names(const char *dir, struct lkb_strv *ret);

#endif
