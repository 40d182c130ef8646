/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_SLOT_SETTING_CHECKS_PRIV_H
#define LKB_BOOTLOADER_SLOT_SETTING_CHECKS_PRIV_H

#include "base/error.h"

/* The checks of lkb_setting_rows: LKB_INPUT, with a hint, for a value that does not fit. */
int lkb_setting_check_hostname(const char *value, struct lkb_error *err); /* RFC 1123 */
int lkb_setting_check_ssh_key(const char *value, struct lkb_error *err);  /* without options */
int lkb_setting_check_ssid(const char *value, struct lkb_error *err);
int lkb_setting_check_psk(const char *value, struct lkb_error *err);
int lkb_setting_check_country(const char *value, struct lkb_error *err); /* ISO 3166-1 alpha-2 */
int lkb_setting_check_yes(const char *value, struct lkb_error *err);

#endif
