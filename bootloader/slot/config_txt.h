/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_SLOT_CONFIG_TXT_H
#define LKB_BOOTLOADER_SLOT_CONFIG_TXT_H

#include "base/error.h"

/* What the boot of a Pi's card stands on: the first lines of its config.txt. NULL at the end. */
extern const char *const lkb_config_txt_fixed[];

/* A line that a board profile, a spec or `flash --set` puts into config.txt. LKB_INPUT if the
 * firmware would not read all of it (98 characters: Raspberry Pi documentation, "config.txt", file
 * format), if it has anything but printable ASCII, or if it changes a fixed line. `whose` is for
 * the message. */
int lkb_config_txt_check(const char *line, const char *whose, struct lkb_error *err);

#endif
