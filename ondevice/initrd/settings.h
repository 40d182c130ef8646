/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_INITRD_SETTINGS_H
#define LKB_ONDEVICE_INITRD_SETTINGS_H

#include "base/str.h"
#include "bootloader/slot/settings.h"
#include "ondevice/common/partuuid.h"
#include "ondevice/initrd/fat.h"

/*
 * What was set when this card was written (settings.env on its first partition) becomes part of the
 * root that is mounted at `new_root`: files of a small tmpfs are mounted, read-only, over
 * /etc/hostname, /root/.ssh/authorized_keys (behind the keys that the image has) and
 * /etc/wpa_supplicant/wpa_supplicant.conf (in its place). The build made sure that a root for cards
 * has these. `root` is the slot's partition; of disks with a GPT nothing is read. No fault ends the
 * boot: it is said, and what it is about is not set.
 */
void lkb_settings_apply(const struct lkb_partuuid *root, const char *new_root);

/* Reads settings.env from the first partition's bytes. *ret is {0} before and stays so where
 * nothing is set. What is wrong with single values is said. LKB_INPUT if all of it is damaged. */
int lkb_settings_read(const struct lkb_fat_disk *disk, struct lkb_settings *ret,
		      struct lkb_error *err);

/* The files' texts, from checked settings. The image's own keys, NULL if it has none, come first.
 * wpa_supplicant.conf(5) has the WLAN's name in hex: it may hold any character. */
void lkb_settings_authorized_keys(const struct lkb_settings *s, const char *own,
				  struct lkb_str *ret);
void lkb_settings_wpa_conf(const struct lkb_settings *s, struct lkb_str *ret);

#endif
