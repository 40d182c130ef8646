/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_RPI_H
#define LKB_BOOTLOADER_RPI_H

#include "base/error.h"
#include "board/board.h"
#include "rootfs/tree/tree.h"

/* Boot method "rpi-u-boot": the Pi's firmware starts Debian's stock U-Boot, whose boot script (the
 * chooser, bootloader/chooser.c) starts a slot. */

struct lkb_rpi_boot_in {
	const struct lkb_board *board;
	struct lkb_tree *firmware;   /* root of the firmware image */
	struct lkb_tree *u_boot;     /* root of the U-Boot image */
	struct lkb_tree *dtbs;       /* checked device trees, named as in boot/dtb */
	const char *const *config_txt; /* the spec's lines */
	size_t n_config_txt;
	int64_t epoch;
	const char *dir;             /* private and empty: for what mkimage reads and writes */
};

/* config.txt and settings.env stand on the card with these sizes, whatever they hold, so that
 * `flash --set` can rewrite them in place. settings.env is all zero: nothing is set. */
#define LKB_RPI_CONFIG_TXT_SIZE 4096u
#define LKB_RPI_SETTINGS_SIZE ((size_t)64 << 10)

/* The boot partition as a tree: the profile's firmware files, config.txt (padded to 4 KiB with
 * empty lines), u-boot.bin, the device trees under the firmware's names, boot.scr (by mkimage),
 * settings.env (64 KiB). File data is shared with the input trees. */
int lkb_rpi_boot_tree(const struct lkb_rpi_boot_in *in, struct lkb_tree **ret,
		      struct lkb_error *err);

/* The boot script's text for a board; the caller frees it. */
int lkb_rpi_chooser(const struct lkb_board *board, char **ret, struct lkb_error *err);

#endif
