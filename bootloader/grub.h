/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_GRUB_H
#define LKB_BOOTLOADER_GRUB_H

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "rootfs/tree/tree.h"

/*
 * GRUB for a PC's BIOS, from a disk with an MBR: the first sector's code (boot.img) loads the
 * sector that it names, that one (diskboot.img, the start of core.img) loads the rest, and core.img
 * has all it needs in itself, a configuration too: it starts /kernel with /initrd.img of the first
 * partition, a FAT. No file of GRUB's is on that partition.
 */
#define LKB_GRUB_CODE_SIZE 440 /* of an MBR */

struct lkb_grub_in {
	struct lkb_tree *image;  /* boot.img, kernel.img, ... as Debian's grub-pc-bin has them */
	const char *cmdline;
	uint32_t core_sector;    /* where core.img will stand */
	const char *dir;         /* private and empty: for what grub-mkimage reads and writes */
};

/* Runs grub-mkimage. *ret_core is born {0}. LKB_INPUT for a command line that GRUB does not hand on
 * as it is, and for an image that is not what it should be. */
int lkb_grub_make(const struct lkb_grub_in *in, uint8_t ret_code[LKB_GRUB_CODE_SIZE],
		  struct lkb_str *ret_core, struct lkb_error *err);

/* The configuration; what lkb_grub_make() has in core.img. Runs of white space become one space. */
int lkb_grub_config(const char *cmdline, struct lkb_str *ret, struct lkb_error *err);

/* LKB_INPUT, with a hint, for a kernel that is no bzImage. */
int lkb_grub_check_kernel(const struct lkb_data *kernel, struct lkb_error *err);

#endif
