/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_RPI_PRIV_H
#define LKB_BOOTLOADER_RPI_PRIV_H

#include "base/str.h"
#include "bootloader/rpi.h"

/* config.txt: what the boot method needs, then the profile's lines, then the spec's; exactly
 * LKB_RPI_CONFIG_TXT_SIZE bytes for a card with slots, at most so many without. */
int lkb_rpi_config_txt(const struct lkb_rpi_boot_in *in, struct lkb_str *ret,
		       struct lkb_error *err);

/* boot.scr: the chooser or the loader in U-Boot's image format, by mkimage; its time is the epoch.
 * The caller frees *ret. */
int lkb_rpi_boot_scr(const struct lkb_rpi_boot_in *in, char **ret, size_t *ret_n,
		     struct lkb_error *err);

/* Adds what the loader starts: kernel.gz, initrd.img, dtb/ and cmdline.txt. */
int lkb_rpi_add_ram(const struct lkb_rpi_boot_in *in, struct lkb_tree *t, struct lkb_error *err);

#endif
