/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_SETTINGS_H
#define LKB_FLASH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "bootloader/slot/settings.h"
#include "flash/edit.h"
#include "image/map.h"

/*
 * `flash --set KEY=VALUE`: what one target gets that others do not (docs/formats/settings.md).
 * hostname, ssh-key, wifi-ssid, wifi-psk, wifi-country and wifi-hidden go into the card's
 * settings.env; config.txt=LINE into config.txt. ssh-key and config.txt may be given again. ssh-key
 * and wifi-psk take @FILE. A passphrase is not kept: what is written is the key made of it.
 */
struct lkb_flash_settings {
	struct lkb_settings env;
	struct lkb_strv config_txt; /* lines */
};
void lkb_flash_settings_clear(struct lkb_flash_settings *s);
#define lkb_autoflashsettings \
	__attribute__((cleanup(lkb_flash_settings_clear))) struct lkb_flash_settings

/* How a file named by @FILE is read: lkb_read_file(), or what a test puts in its place. */
typedef int lkb_settings_read_fn(const char *path, size_t max, char **ret, size_t *ret_len,
				 struct lkb_error *err);

/* Reads "KEY=VALUE" strings, in order. LKB_USAGE, with a hint, for a key that is unknown or given
 * twice and for a value that does not fit; LKB_INPUT, with file and line, for what stands in @FILE;
 * what reading it says. No message holds a passphrase. */
int lkb_flash_settings_parse(const struct lkb_strv *sets, lkb_settings_read_fn *read_file,
			     struct lkb_flash_settings *ret, struct lkb_error *err);

/* All keys, as help lists them; NULL at the end. */
extern const char *const lkb_flash_settings_keys[];

/* The edits of one target's image: at most one for config.txt (4 KiB) and one for settings.env
 * (64 KiB), none if nothing is set. Contexts are inside; it can serve several threads at once. */
struct lkb_settings_edits {
	struct lkb_edit edits[2];
	size_t n;
	struct lkb_settings_edits_own *own; /* owned */
};
void lkb_settings_edits_clear(struct lkb_settings_edits *e);
#define lkb_autosettingsedits \
	__attribute__((cleanup(lkb_settings_edits_clear))) struct lkb_settings_edits

/* Where the edits go is in the image's map. LKB_REFUSED if the image has no such file (or there is
 * no map: NULL), LKB_INPUT if the map has it with another size. config.txt's edit is about what
 * stands there, so whether its lines fit is known when it is applied: LKB_INPUT then. It replaces
 * nothing: the lines come behind the image's own, below "[all]". settings.env's edit replaces all
 * that was set before. */
int lkb_settings_edits_make(const struct lkb_flash_settings *s, const struct lkb_map *map,
			    struct lkb_settings_edits *ret, struct lkb_error *err);

#endif
