/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_INITRD_FAT_H
#define LKB_ONDEVICE_INITRD_FAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * One file of a FAT32's root directory (Microsoft, "FAT File System Specification", 1.03), for a
 * system that has no driver for it yet and for a file system that any PC may have written to or
 * damaged: nothing is mounted, at most 2 MiB of directory are looked through, and every number is
 * held against the partition's size.
 */
struct lkb_fat_disk {
	int (*read)(void *ctx, uint64_t off, void *buf, size_t n, struct lkb_error *err);
	void *ctx;
	uint64_t size; /* bytes */
};

/* Reads the file with that short name, 11 bytes as a directory has it ("SETTINGSENV"). It has
 * exactly n bytes, which is what *buf takes. 1 = read, 0 = there is none (or this is no FAT32),
 * -1 = LKB_INPUT if it cannot be what is looked for, or what reading says. */
int lkb_fat_read_file(const struct lkb_fat_disk *disk, const char *short_name, uint8_t *buf,
		      size_t n, struct lkb_error *err);

#endif
