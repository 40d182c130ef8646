/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_RPI_PRIV_H
#define LKB_BOOTLOADER_RPI_PRIV_H

#include "base/str.h"
#include "bootloader/rpi.h"

/* config.txt, exactly LKB_RPI_CONFIG_TXT_SIZE bytes: what the boot method needs, then the profile's
 * lines, then the spec's. */
int lkb_rpi_config_txt(const struct lkb_rpi_boot_in *in, struct lkb_str *ret,
		       struct lkb_error *err);

/* boot.scr: the chooser in U-Boot's image format, by mkimage; its time is the epoch. The caller
 * frees *ret. */
int lkb_rpi_boot_scr(const struct lkb_rpi_boot_in *in, char **ret, size_t *ret_n,
		     struct lkb_error *err);

#endif
