/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_COMMON_PARTUUID_H
#define LKB_ONDEVICE_COMMON_PARTUUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* A partition named by the signature of its disk's MBR and its number, as U-Boot's `part uuid`
 * and the kernel write it: 8 hex digits, a dash, 2 hex digits. */
struct lkb_partuuid {
	uint32_t signature;
	unsigned partition;
};

/* Reads "PARTUUID=1b2c3d4e-02". */
bool lkb_partuuid_parse(const char *text, struct lkb_partuuid *ret);

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
