/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_RPI_H
#define LKB_BOOTLOADER_RPI_H

#include "base/error.h"
#include "board/board.h"
#include "rootfs/tree/tree.h"

/* Boot method "rpi-u-boot": the Pi's firmware starts Debian's stock U-Boot, whose boot script
 * starts a slot (the chooser, bootloader/chooser.c), or what is on the same partition (the loader,
 * bootloader/rpi_ram.c). */

/* What the loader starts. */
struct lkb_rpi_ram {
	struct lkb_data kernel;  /* a gzip-compressed Image */
	struct lkb_data initrd;  /* the whole root */
	const char *cmdline_txt;
};

struct lkb_rpi_boot_in {
	const struct lkb_board *board;
	struct lkb_tree *firmware;   /* root of the firmware image */
	struct lkb_tree *u_boot;     /* root of the U-Boot image */
	struct lkb_tree *dtbs;       /* checked device trees, named as in boot/dtb */
	const char *const *config_txt; /* the spec's lines */
	size_t n_config_txt;
	const struct lkb_rpi_ram *ram; /* NULL = slots are started */
	int64_t epoch;
	const char *dir;             /* private and empty: for what mkimage reads and writes */
};

/* config.txt and settings.env stand on the card with these sizes, whatever they hold, so that
 * `flash --set` can rewrite them in place. settings.env is all zero: nothing is set. */
#define LKB_RPI_CONFIG_TXT_SIZE 4096u
#define LKB_RPI_SETTINGS_SIZE ((size_t)64 << 10)

/* The boot partition as a tree: the profile's firmware files, config.txt (padded to 4 KiB with
 * empty lines), u-boot.bin, the device trees under the firmware's names, boot.scr (by mkimage),
 * settings.env (64 KiB). With in->ram, config.txt is as long as it is, and instead of settings.env
 * there are cmdline.txt, kernel.gz, initrd.img, and all device trees in dtb/. File data is shared
 * with the input. */
int lkb_rpi_boot_tree(const struct lkb_rpi_boot_in *in, struct lkb_tree **ret,
		      struct lkb_error *err);

/* cmdline.txt: the kernel's whole command line for a board and a spec's own, backslashes doubled,
 * and a newline. LKB_INPUT if it is no line. The caller frees *ret. */
int lkb_rpi_cmdline_txt(const struct lkb_board *board, const char *own, char **ret,
			struct lkb_error *err);

/* The boot script's text for a board; the caller frees it. */
int lkb_rpi_chooser(const struct lkb_board *board, char **ret, struct lkb_error *err);
int lkb_rpi_loader(const struct lkb_board *board, char **ret, struct lkb_error *err);

#endif
